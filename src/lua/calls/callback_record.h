// What a state knows of its callbacks: shared by callback.cpp, which makes and frees them, and callback_run.cpp, which
// runs them. Who else asks, asks callback.h.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "call/backend.h"
#include "lua/calls/callback_data.h"
#include "lua/state/held.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct CallbackRecord;

// Callbacks for C calls that are in no call (callback_scope.h), of one function type; the one that has been for longest
// comes first.
struct IdleCallbacks {
  CallbackRecord* first = nullptr;
  CallbackRecord* last = nullptr;
  size_t count = 0;
};

struct CallbackRecord {
  CallbackRecord() { ++held.callbacks; }
  ~CallbackRecord() {
    slot.reset();
    if (data != nullptr) give_back_entry_data(data);
    --held.callbacks;
  }
  CallbackRecord(const CallbackRecord&) = delete;
  CallbackRecord& operator=(const CallbackRecord&) = delete;
  State* st = nullptr;
  TypeInfo* fn = nullptr;
  TypeInfo* result = nullptr;
  std::vector<TypeInfo*> params;
  std::unique_ptr<call::Callback> slot;
  uint64_t id = 0;
  int function = LUA_NOREF;       // registry reference of the Lua function; once freed: of what C's callers are told
  std::string made_at;            // "FILE:LINE" of the Lua code that made it
  int kept_result = LUA_NOREF;    // what the last returned pointer points into
  int on_error = LUA_NOREF;       // value or handler function
  int error_handler = LUA_NOREF;  // the message handler that tells the latter; callback_error.h
  EntryData* data = nullptr;      // what C's callers see of it
  bool scalar = false;            // arguments and result need neither allocation nor anything that raises
  bool was_scalar = false;        // the same when its code was made
  bool references = false;        // such arguments among them, which may be NULL
  bool freed = false;
  // Of a callback for C calls:
  IdleCallbacks* list = nullptr;                    // where it is while it is in none; null: it is another's
  CallbackRecord* next = nullptr;                   // there, or in CallScope
  bool pinned = false;                              // what it needs of Lua is being made
  int ended_message = LUA_NOREF;                    // of what C's callers are told between calls
  std::unique_ptr<call::CallbackObject[]> objects;  // null: its pointer arguments are new objects in each call of it
};

// Ids are the process's, so that what other threads leave for a state is never taken for another's.
inline uint64_t next_callback_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

// Who is told of an error in a callback while its frames are there (callback_error.cpp). Ints but `slot` are references
// into the registry.
struct ErrorHandling {
  int handler = 0;                       // the message handler of callbacks
  int pcall = 0, xpcall = 0;             // Lua's functions when the module was loaded
  int slot = 0;                          // where the frame of xpcall has its handler; 0: not known
  const CallbackRecord* told = nullptr;  // whose handler of ffi.onerror was called last, its result not taken yet
  bool told_failed = false;              // it raised
  int told_result = 0;
};

struct Coroutine {
  lua_State* L = nullptr;
  int reference = LUA_NOREF;
};

// All callbacks of a state. `by_address`: id of the live callback there, 0 for a freed one.
struct CallbackTable {
  std::unordered_map<uint64_t, std::unique_ptr<CallbackRecord>> records;
  std::unordered_map<const void*, uint64_t> by_address;
  // Freed callbacks that still hold their slots, so that a call of one can be told; oldest first.
  std::deque<uint64_t> freed;
  std::map<std::pair<TypeId, bool>, IdleCallbacks> idle;  // by function type and whether the callbacks have objects
  size_t idle_count = 0;
  std::unordered_map<TypeId, TypeInfo*> ended;  // by pointer type: what CallbackRecord::objects are after the call
  size_t passed = 0;                            // made in passing, for as long as the state lives
  std::vector<Coroutine> idle_coroutines;       // of callbacks that came in by blocking calls; live with the state
  ErrorHandling errors;
};

// Null: the state has made no callback yet.
inline CallbackTable* table_of(State* st) {
  return st->callbacks.table.get();
}

// What C calls.
inline void* address_of(const CallbackRecord& record) {
  return reinterpret_cast<void*>(record.slot->address());
}

// Makes a record without a Lua function yet; `where` is its made_at, `open` as push_callback has it, `lends` says
// whether it has objects. Raises nothing. Null: st->errors.message. (callback.cpp)
CallbackRecord* make_record(lua_State* L, State* st, TypeInfo* fn, const char* where, bool open, bool lends);
// The Lua function at idx is the one to call; `reference` is its place in the registry. (callback.cpp)
void set_function(lua_State* L, State* st, CallbackRecord* record, int idx, int reference);

}  // namespace ferry::lua
