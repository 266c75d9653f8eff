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
#include "ctype/type_table.h"
#include "lua/host/compat.h"
#include "lua/state/cdata.h"
#include "lua/state/gate.h"

namespace ferry::lua {

struct CallbackTable;
struct ThunkTable;
class PointerSet;

struct State {
  Gate* gate = &closed_gate;         // who is inside, and what compiled calls need; once closed nobody's
  lua_State* main = nullptr;         // or the thread that loaded the module, on 5.1
  std::unique_ptr<TypeTable> types;  // null once the state is closed
  const call::Backend* backend = nullptr;
  call::StackLayout stack;       // valid: direct.h may read and write the Lua stack
  uint16_t guard = kGuard;       // what the hot paths expect in a cdata; 0, which none has, once the state is closed
  std::vector<TypeInfo*> infos;  // by TypeId; null: not built yet
  std::string error;             // the message that raise_error() raises; empty: that memory ran out
  std::string texts[4];          // rotating buffers of type_name() and describe_value()
  unsigned next_text = 0;

  // Registry references.
  int names = 0;        // table: anchors of field names
  int parse_cache = 0;  // table: type text -> id
  int parse_cache_size = 0;
  int ctypes = 0;                                                 // table, weak values: id -> ctype object
  int extras = 0;                                                 // 5.4+: ephemeron table, cdata -> its extras table
  int record_mt = 0, pointer_mt = 0, value_mt = 0, ctype_mt = 0;  // plain metatables by kind
  int record_gc_mt = 0, pointer_gc_mt = 0, value_gc_mt = 0;       // with __gc
  int function_mt = 0;                                            // of FunctionRecord userdata
  int shape_mt = 0;                                               // of userdata that own a VarargShape
  int library_mt = 0;                                             // of library anchors
  int callbacks = 0;        // table: [function][type id] = callback made for it in passing
  int callback_runner = 0;  // C function run inside a callback's lua_pcall
  int convert_runner = 0;   // the same for the result of a callback of scalars
  int error_runner = 0;     // the same for what ffi.onerror asks for
  int freed_message = 0;    // the error that C's call of a freed callback raises
  int pending_error = 0;    // where a callback's error waits
  int thread = 0;           // thread for callbacks without a call below them
  int self = 0;             // the State userdata itself
  int sentinel_mt = 0;      // of the userdata that tell a library that the state closes
  int libraries = 0;        // table, weak keys: namespace table -> its library userdata
  int global_anchors = 0;   // table: what C pointer variables were assigned
  int null_pointer = 0;     // ffi.NULL, ffi.C.NULL
  int literal_mt = 0;       // of userdata that stand for a literal beside a cdata (objects/literal.h)
  int cached_literals = 0;  // how many the run-time table of translated Lua holds
  const void* literal_mt_address = nullptr;
  int imaginary_unit = 0;            // ffi.C.i
  int lister = 0;                    // function (...) return {...} end, made on first use
  int lua_tonumber = 0;              // the tonumber of this Lua when the module was loaded
  int events = 0;                    // table: event -> the function that every cdata metatable has for it
  int thunk_functions = 0;           // table, weak keys: Lua function -> its thunk
  int metatable_list = 0;            // table: every metatable made, for the end
  PointerSet* metatables = nullptr;  // addresses of all cdata metatables
  const void* ctype_mt_address = nullptr;

  std::shared_ptr<CallbackTable> callback_table;  // null: no callback made yet
  ThunkTable* thunks = nullptr;                   // null: none made yet
  bool index_checks = true;                       // ffi.checked
  lua_State* callback_thread = nullptr;

  bool closed() const { return types == nullptr; }
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

// Runs `work`, which must not call Lua; an allocation failure in it becomes an error message. False: st->error is set.
template <typename Work>
bool without_exceptions(State* st, Work work) {
  try {
    return work();
  } catch (const std::exception&) {  // bad_alloc, length_error: all that the standard library throws here
    st->error.clear();               // raise_error() says what that means: there may be no memory for the text
    return false;
  }
}

}  // namespace ferry::lua
