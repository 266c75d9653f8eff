// Callbacks with options: ffi.callback; and what runs those whose calls wait: ffi.poll, ffi.pollfd.
#include "lua/calls/queue.h"

#include "lua/api/functions.h"
#include "lua/calls/async.h"
#include "lua/calls/callback.h"
#include "lua/calls/opening.h"
#include "lua/calls/settle.h"
#include "lua/objects/ctype_arg.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// The pointer type of the callbacks that argument 1 asks for.
TypeInfo* check_pointer(lua_State* L, State* st) {
  TypeInfo* info = info_of(st, check_ctype(L, st, 1));
  TypeInfo* fn = info->rep == Rep::pointer ? base_of(st, info) : info;
  if (fn->rep != Rep::function) raise_argument(L, 1, "function type expected, got %s", type_name(st, info->id));
  if (info != fn) return info;
  if (!without_exceptions(st, [&] {
        info = info_of(st, st->types->pointer_to(fn->id));
        return true;
      })) {
    raise_error(L, st);
  }
  return info;
}

// Pushes the option; false: it is not given. `kind`: the type that it has to have.
bool push_option(lua_State* L, State* st, const char* name, int type, const char* kind) {
  lua_getfield(L, 3, name);
  if (lua_isnil(L, -1)) return false;
  if (lua_type(L, -1) != type) {
    raise_argument(L, 3, "option '%s': %s expected, got %s", name, kind, describe_value(L, st, -1));
  }
  return true;
}

void read_queue_options(lua_State* L, State* st, QueueOptions* options) {
  static const char* const kNames[] = {"queue", "full", "wait", "strings"};
  lua_pushnil(L);
  while (lua_next(L, 3) != 0) {
    lua_pop(L, 1);
    const char* name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : describe_value(L, st, -1);
    bool known = false;
    for (const char* option : kNames) known = known || std::strcmp(name, option) == 0;
    if (!known) raise_argument(L, 3, "there is no option '%s'", name);
  }
  if (!push_option(L, st, "queue", LUA_TNUMBER, "number of calls")) {
    for (const char* option : kNames) {
      lua_getfield(L, 3, option);
      if (!lua_isnil(L, -1)) raise_argument(L, 3, "option '%s' without 'queue'", option);
    }
    return;
  }
  const lua_Number size = lua_tonumber(L, -1);
  if (size >= 1 && size <= kMaxQueue) options->size = static_cast<uint32_t>(size);
  if (static_cast<lua_Number>(options->size) != size || options->size == 0) {
    raise_argument(L, 3, "option 'queue': a number from 1 to %d expected", static_cast<int>(kMaxQueue));
  }
  if (push_option(L, st, "full", LUA_TSTRING, "'wait' or 'drop'")) {
    const char* full = lua_tostring(L, -1);
    options->drops = std::strcmp(full, "drop") == 0;
    if (!options->drops && std::strcmp(full, "wait") != 0) {
      raise_argument(L, 3, "option 'full': 'wait' or 'drop' expected, got '%s'", full);
    }
  }
  if (push_option(L, st, "wait", LUA_TBOOLEAN, "boolean")) options->waits = lua_toboolean(L, -1) != 0;
  if (push_option(L, st, "strings", LUA_TBOOLEAN, "boolean")) options->strings = lua_toboolean(L, -1) != 0;
}

}  // namespace

// callback(ct, function [, options]) -> a callback that can be freed
int l_callback(lua_State* L) {
  State* st = open_call(L);
  TypeInfo* pointer = check_pointer(L, st);
  if (!lua_isfunction(L, 2)) raise_expected(L, st, 2, "function");
  lua_settop(L, 3);
  luaL_checkstack(L, 8, nullptr);
  QueueOptions options;
  if (!lua_isnil(L, 3)) {
    if (!lua_istable(L, 3)) raise_expected(L, st, 3, "table of options");
    read_queue_options(L, st, &options);
  }
  if (options.size != 0) inbox_descriptor(L, st);
  CData* callback = push_callback(L, st, pointer, 2, options.size == 0);
  if (options.size != 0 && !queue_calls(st, callback, options)) {
    lua_replace(L, 1);
    l_callback_free(L);
    raise_error(L, st);
  }
  return 1;
}

// poll([seconds]) -> calls that ran, calls that were lost
int l_poll(lua_State* L) {
  State* st = open_call(L);
  double seconds = 0;
  if (!lua_isnoneornil(L, 1)) {
    if (lua_type(L, 1) != LUA_TNUMBER) raise_expected(L, st, 1, "number of seconds");
    seconds = lua_tonumber(L, 1);
    if (seconds != seconds) raise_argument(L, 1, "not a number of seconds");
  }
  lua_settop(L, 0);
  const int ran = run_queued_calls(L, st, seconds);
  note_ended(L, st);
  let_in_parked(st);
  if (notices_of(st->gate) != 0) settle(L, st);
  push_small_integer(L, ran);
  push_small_integer(L, static_cast<int64_t>(take_dropped(st)));
  return 2;
}

// pollfd() -> file descriptor
int l_pollfd(lua_State* L) {
  State* st = open_call(L);
  push_small_integer(L, inbox_descriptor(L, st));
  return 1;
}

}  // namespace ferry::lua
