// The message handler of callbacks (callback_error.h). A callback's error waits until the C call around it returns, and
// is raised there; by then the callback's frames are gone. So whoever handles errors with the stack in view is asked
// here. Lua has no function that says what the handler of the innermost protected call is, but the frame of xpcall
// holds it as a temporary, which the debug interface reads and writes.
#include "lua/calls/callback_error.h"

#include <cstring>

#include "lua/calls/thunks.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// lua_getstack goes down frame by frame, so all of them take quadratic time.
constexpr int kMaxLevels = 1000;
// The temporaries of xpcall that may be its handler.
constexpr int kMaxHandlerSlot = 3;

ErrorHandling& errors_of(State* st) {
  return st->callbacks.table->errors;
}

// Whether the value at `told` was raised and the one at `now` has arrived. Lua 5.5 has a text for no value.
bool is_same_error(lua_State* L, int told, int now) {
  if (lua_rawequal(L, told, now) != 0) return true;
  return kLuaVersion >= 505 && lua_isnil(L, told) && lua_type(L, now) == LUA_TSTRING &&
         std::strcmp(lua_tostring(L, now), "<no error object>") == 0;
}

// Stands for an xpcall's handler that was asked already. Upvalues: the error, the handler's answer, the handler.
int l_told(lua_State* L) {
  lua_settop(L, 1);
  if (is_same_error(L, lua_upvalueindex(1), 1)) {
    lua_pushvalue(L, lua_upvalueindex(2));
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(3));  // another error than the one it was asked about
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

// Whether the function on top is the one that the registry has there.
bool is_function(lua_State* L, int reference) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 1);
  return same;
}

// Index 1 is the error, the handler of the xpcall whose frame `ar` is lies on top. Asks it, and puts what gives the
// same answer again in its place. Pops the handler.
void ask_handler(lua_State* L, lua_Debug* ar, int slot) {
  if (lua_tocfunction(L, -1) == l_told) {
    lua_getupvalue(L, -1, 1);
    const bool same = is_same_error(L, -1, 1);
    lua_pop(L, 1);
    if (same) {  // told by a callback within this one
      lua_pop(L, 1);
      return;
    }
    lua_getupvalue(L, -1, 3);
    lua_replace(L, -2);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, 1);
  if (lua_pcall(L, 1, 1, 0) != 0) {  // xpcall will find out
    lua_pop(L, 3);
    return;
  }
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, l_told, 3);  // of the error, the answer, the handler
  lua_setlocal(L, ar, slot);
  lua_pop(L, 1);
}

// Index 1 is the error. Asks the handler of the xpcall that it is going to end in, if it is going to end in one.
void ask_xpcall(lua_State* L, State* st) {
  lua_Debug ar;
  for (int level = 1; level < kMaxLevels && lua_getstack(L, level, &ar) != 0; ++level) {
    if (lua_getinfo(L, "f", &ar) == 0) return;
    const bool caught = is_function(L, errors_of(st).pcall);
    const bool handled = !caught && is_function(L, errors_of(st).xpcall);
    lua_pop(L, 1);
    if (caught) return;
    if (!handled) continue;
    if (lua_getlocal(L, &ar, errors_of(st).slot) == nullptr) return;
    if (lua_isfunction(L, -1)) {
      ask_handler(L, &ar, errors_of(st).slot);
    } else {
      lua_pop(L, 1);
    }
    return;
  }
}

// Index 1 is the error. Whether there is a handler of ffi.onerror to ask: pushes what it returned or raised.
bool ask_onerror(lua_State* L, const CallbackRecord* record, bool* failed) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->on_error);
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  lua_pushvalue(L, 1);
  *failed = lua_pcall(L, 1, 1, 0) != 0;
  return true;
}

// The message handler. Upvalues: the State, and the CallbackRecord if its handler of ffi.onerror is to be told. Leaves
// the error as it is.
int l_error(lua_State* L) {
  State* st = state_of(L);
  lua_settop(L, 1);
  // After a stack overflow there may be no room to ask anybody.
  if (st->closed() || !st->callbacks.table || lua_checkstack(L, 10) == 0) return 1;
  const auto* record = static_cast<const CallbackRecord*>(lua_touserdata(L, lua_upvalueindex(2)));
  bool failed = false;
  const bool asked = record != nullptr && ask_onerror(L, record, &failed);
  if (errors_of(st).slot != 0) ask_xpcall(L, st);
  if (asked && st->callbacks.table && !record->freed) {  // noted last: handlers may call callbacks that fail, too
    lua_rawseti(L, LUA_REGISTRYINDEX, errors_of(st).told_result);
    errors_of(st).told = record;
    errors_of(st).told_failed = failed;
  }
  lua_settop(L, 1);
  return 1;
}

void push_handler(lua_State* L, State* st, CallbackRecord* record) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushlightuserdata(L, record);
  lua_pushcclosure(L, l_error, 2);
}

// Called by xpcall with the error handler that is looked for as its first upvalue. Returns where it is.
int l_find_handler(lua_State* L) {
  lua_Debug ar;
  int found = 0;
  if (lua_getstack(L, 1, &ar) != 0) {
    for (int slot = 1; slot <= kMaxHandlerSlot && found == 0; ++slot) {
      if (lua_getlocal(L, &ar, slot) == nullptr) break;
      if (lua_rawequal(L, -1, lua_upvalueindex(1)) != 0) found = slot;
      lua_pop(L, 1);
    }
  }
  lua_pushinteger(L, found);
  return 1;
}

// Pushes the global function; false if it is not one of C.
bool push_global_function(lua_State* L, const char* name) {
  lua_getglobal(L, name);
  return lua_isfunction(L, -1) && lua_iscfunction(L, -1) != 0;
}

}  // namespace

void make_error_handler(lua_State* L, State* st) {
  if (!without_exceptions(st, [&] {
        st->callbacks.table = std::make_shared<CallbackTable>();
        return true;
      })) {
    raise_error(L, st);
  }
  luaL_checkstack(L, 8, nullptr);
  const int top = lua_gettop(L);
  bool known = push_global_function(L, "pcall");
  errors_of(st).pcall = add_reference(L);
  known = push_global_function(L, "xpcall") && known;
  lua_pushvalue(L, -1);
  errors_of(st).xpcall = add_reference(L);
  if (known) {
    // Any function that is nothing else will do for a handler.
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, l_told, 1);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, l_find_handler, 1);
    lua_insert(L, -2);
    if (lua_pcall(L, 2, 2, 0) == 0) errors_of(st).slot = static_cast<int>(lua_tointeger(L, -1));
  }
  lua_settop(L, top);
  push_handler(L, st, nullptr);
  errors_of(st).handler = add_reference(L);
  lua_pushboolean(L, 0);
  errors_of(st).told_result = add_reference(L);
}

void choose_error_handler(lua_State* L, State* st, CallbackRecord* record) {
  bool wanted = false;
  if (record->on_error != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, record->on_error);
    wanted = lua_isfunction(L, -1);
    lua_pop(L, 1);
  }
  if (wanted && record->error_handler == LUA_NOREF) {
    push_handler(L, st, record);
    record->error_handler = add_reference(L);
  } else if (!wanted) {
    drop_reference(L, record->error_handler);
    record->error_handler = LUA_NOREF;
  }
  record->data->handler_reference = wanted ? record->error_handler : errors_of(st).handler;
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->data->handler_reference);
  capture_function(L, st, &record->data->handler_value, &record->data->handler_tag);
  lua_pop(L, 1);
}

bool take_told_result(lua_State* L, State* st, const CallbackRecord* record) {
  if (errors_of(st).told != record) return false;
  errors_of(st).told = nullptr;
  lua_rawgeti(L, LUA_REGISTRYINDEX, errors_of(st).told_result);
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, errors_of(st).told_result);
  if (errors_of(st).told_failed) lua_error(L);
  return true;
}

}  // namespace ferry::lua
