// Everything Ferry keeps for one Lua state. Lives in a userdata, so its memory outlasts every finaliser;
// what it owns is freed when the state closes, and from then on every entry point refuses (closed()).
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "call/backend.h"
#include "call/native/stack_layout.h"
#include "ctype/spell.h"
#include "ctype/type_table.h"
#include "lua/host/chaos.h"
#include "lua/host/compat.h"
#include "lua/state/cdata.h"
#include "lua/state/gate.h"

namespace ferry::cparse {
class Macros;
}
namespace ferry::call {
class Workers;
}

namespace ferry::lua {

struct CallbackTable;
struct Check;
struct ThunkTable;
class PointerSet;
struct Restrictions;

// What a 64-bit integer that is read becomes (ffi.int64).
enum class Int64Mode : uint8_t {
  native,  // Lua's own integer, where there is one
  boxed,   // a cdata, as in LuaJIT
  exact,   // a number if that holds the value whatever Lua computes with it, up to 2^53; else a cdata
};

// Whose rules hold where those of LuaJIT and luaffifb exclude each other (ffi.rules).
enum class Rules : uint8_t { luaffifb, luajit };

// State is one struct per subsystem; the file named above each fills it and keeps it in order. An `int` in them is a
// reference into Lua's registry, 0 as long as there is none.

// state/raise.cpp: what is about to be raised.
struct Errors {
  std::string message;   // what raise_error() raises; empty: that memory ran out
  std::string texts[4];  // rotating buffers of type_name() and describe_value()
  unsigned next_text = 0;
  int pending = 0;  // where a callback's error waits for the end of the C call
  int opened = 0;   // the same of callbacks that other threads called during a blocking call
};

// What Lua has of types.
struct TypeCaches {
  int ctypes = 0;        // state/cdata.cpp: table, weak values: id -> ctype object
  int member_names = 0;  // state/members.cpp: table: anchors of field names
  int parsed = 0;        // objects/ctype_arg.cpp: table: type text -> id
  int parsed_count = 0;  // how many of them, no reference
  TypeNames names;       // objects/metatype.cpp: the __name of metatypes, no reference
};

// state/anchor.cpp: what keeps Lua values alive that C memory points to.
struct Anchors {
  int extras = 0;       // 5.4+: ephemeron table, cdata -> its extras table
  int globals = 0;      // table: what C pointer variables were assigned
  uint64_t untold = 0;  // bytes outside of Lua that ffi.gc was told of and the collector was not yet, no reference
};

// objects/metatype.cpp: the metatables of cdata and ctypes.
struct Metatables {
  int record = 0, pointer = 0, value = 0, ctype = 0;  // plain ones by kind
  int record_gc = 0, pointer_gc = 0, value_gc = 0;    // with __gc
  int events = 0;                                     // table: event -> the function that each has for it
  int list = 0;                                       // table: every one made, for the end
  PointerSet* known = nullptr;                        // the addresses of all of cdata
  const void* ctype_address = nullptr;
};

// calls/c_function.cpp, calls/varargs.cpp: functions that Lua calls.
struct Calls {
  int shape_metatable = 0;  // of userdata that own a VarargShape
};

// calls/thunks.cpp: functions with native code of their own.
struct Thunks {
  int functions = 0;            // table, weak keys: Lua function -> its thunk
  ThunkTable* table = nullptr;  // null: none made yet
};

// calls/callback.cpp: Lua functions that C calls.
struct Callbacks {
  std::shared_ptr<CallbackTable> table;  // null: none made yet
  lua_State* thread = nullptr;           // runs those without a call below them
  int thread_reference = 0;
  int passed = 0;            // table: [function][type id] = the callback made for it in passing
  int runner = 0;            // C function run inside a callback's lua_pcall
  int converter = 0;         // the same for the result of a callback of scalars
  int coroutine_maker = 0;   // the same: makes what callbacks of other threads run on
  int error_runner = 0;      // the same for what ffi.onerror asks for
  int scoped_metatable = 0;  // of what ffi.scoped makes
  int overflow_message = 0;  // the error of a callback that the C stack has no room for
};

// calls/async.cpp: C functions that other threads call for Lua.
struct Async {
  int metatable = 0;                 // of futures
  int running = 0;                   // table: address of a call that is not over, or was not yet known to be -> future
  int pinned = 0;                    // table, weak keys: cdata that such calls use -> by how many
  int scheduler = 0;                 // what waits in coroutines (ffi.scheduler)
  call::Workers* workers = nullptr;  // null: none made yet
  uint32_t threads = 0;              // at most, no reference; 0: as many as is usual here
  uint32_t queue = 65536;            // calls that wait for a thread at most, no reference
  bool waits = true;                 // for room in the queue; false: there is none is an error
};

// objects/namespace.cpp: what is indexed with the names of C symbols.
struct Libraries {
  int opened = 0;              // table, weak keys: namespace table -> its library userdata
  int all = 0;                 // table, weak keys: library userdata -> true
  uint64_t turn = 0;           // how many namespaces were made
  int metatable = 0;           // of library anchors
  int unloader_metatable = 0;  // of the userdata that unload a library
  int sentinel_metatable = 0;  // of those that tell the former that the state closes
  int null_pointer = 0;        // ffi.NULL, ffi.C.NULL
  int imaginary_unit = 0;      // ffi.C.i
};

// objects/literal.cpp: the 64-bit and complex literals of translated Lua.
struct Literals {
  // Of userdata that stand for a literal beside a cdata, on its right or its left.
  int right_metatable = 0;
  int left_metatable = 0;
  const void* right_address = nullptr;
  const void* left_address = nullptr;
  // The one for nil on the right, and the one that is equal to every cdata: references and addresses.
  int null = 0;
  int any = 0;
  const void* null_address = nullptr;
  const void* any_address = nullptr;
  int cached = 0;  // how many the run-time table holds, no reference
};

// api/: Lua functions that it calls.
struct Api {
  int box_metatable = 0;      // api/headers.cpp: of userdata that own C++ objects
  int foreign_metatable = 0;  // state/foreign.cpp: of types of another target
  int lister = 0;             // function (...) return {...} end, made on first use
  int lua_tonumber = 0;       // the tonumber of this Lua when the module was loaded
};

struct State {
  // api/life_cycle.cpp, and what every room reads on each call or access.
  Gate* gate = &closed_gate;         // who is inside, and what compiled calls need; once closed nobody's
  lua_State* main = nullptr;         // or the thread that loaded the module, on 5.1
  std::unique_ptr<TypeTable> types;  // null once the state is closed
  cparse::Macros* macros = nullptr;  // of ffi.cdef, kept for the next texts
  const call::Backend* backend = nullptr;
  call::StackLayout stack;   // valid: direct.h may read and write the Lua stack
  uint16_t guard = kGuard;   // what the hot paths expect in a cdata; 0, which none has, once the state is closed
  bool index_checks = true;  // ffi.checked
  bool strict = false;       // ffi.strict: conversions that lose something are errors
  bool careful = false;      // it is, or the state is checked: arguments are not written in the usual way
  Int64Mode int64 = kNativeIntegers ? Int64Mode::native : Int64Mode::boxed;
  Rules rules = Rules::luaffifb;
  std::vector<TypeInfo*> infos;                // state/type_info.cpp: by TypeId; null: not built yet
  std::vector<TypeInfo*> open_infos;           // those of types that a declaration may yet complete
  int self = 0;                                // reference to the State userdata itself
  int finalising = 0;                          // finalisers that run now, one within another
  uint64_t inline_limit = kMaxHostObject + 1;  // no object from this size on lies in its userdata
  Check* check = nullptr;                      // state/check.h; null: the state is not checked
  Restrictions* restrictions = nullptr;        // state/restrict.h; null: none

  Errors errors;
  TypeCaches caches;
  Anchors anchors;
  Metatables metatables;
  Calls calls;
  Thunks thunks;
  Callbacks callbacks;
  Async async;
  Libraries libraries;
  Literals literals;
  Api api;

  bool closed() const { return types == nullptr; }
  // Whether nothing takes its hot path.
  bool takes_slow_paths() const { return check != nullptr || only_slow_paths(); }
  // Whether reading a 64-bit integer gives one of Lua's.
  bool native_int64() const { return kNativeIntegers && int64 == Int64Mode::native; }
};

// The state of the running C function: its first upvalue.
inline State* state_of(lua_State* L) {
  return static_cast<State*>(lua_touserdata(L, lua_upvalueindex(1)));
}

// Pushes f as a closure over the State.
inline void push_function(lua_State* L, State* st, lua_CFunction f) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  if (lua_touserdata(L, -1) != st) luaL_error(L, "the registry has lost what Ferry keeps there");
  lua_pushcclosure(L, f, 1);
}

// Sets st->errors.message to what an exception says that was caught; to none where it is want of memory, which
// raise_error() says: there may be none for the text. Besides Waiting::Unreadable that is all that is thrown here:
// bad_alloc, length_error.
void note_thrown(State* st, const std::exception& thrown);

// Runs `work`, which must not call Lua; what it throws becomes an error message. False: st->errors.message is set.
template <typename Work>
bool without_exceptions(State* st, Work work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    note_thrown(st, thrown);
    return false;
  }
}

}  // namespace ferry::lua
