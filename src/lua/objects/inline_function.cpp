// Calls of functions by their bodies (inline_function.h): the arguments become values of the parameters' types as in a
// call of C, and lua/ferry/statement.lua runs the rest.
#include "lua/objects/inline_function.h"

#include <cstddef>
#include <cstring>

#include "lua/calls/call.h"
#include "lua/objects/lua_part.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/state/type_info.h"
#include "lua/values/functions.h"
#include "lua/values/read.h"
#include "lua/values/write.h"

namespace ferry::lua {

namespace {

// Upvalues behind the State.
constexpr int kTypeNumber = 4;
constexpr int kSpace = lua_upvalueindex(2);
constexpr int kName = lua_upvalueindex(3);
constexpr int kType = lua_upvalueindex(kTypeNumber);
constexpr int kRun = lua_upvalueindex(5);  // nil: not yet made

// Makes the function that runs the body.
void make_run(lua_State* L) {
  luaL_checkstack(L, 8, nullptr);
  const int top = lua_gettop(L);
  push_lua_part(L, "ferry.statement", "bodies of functions are run");
  lua_getfield(L, -1, "compile");
  lua_pushvalue(L, kName);
  lua_pushvalue(L, kSpace);
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) raise(L, "%s", lua_tostring(L, -1));
  lua_pushvalue(L, -2);
  lua_replace(L, kRun);
  lua_settop(L, top);
}

// Pushes argument `number` as a value of the type. What it is made of stays where it is on the stack.
void push_argument(lua_State* L, State* st, TypeInfo* info, int number, const char* name) {
  if (is_object_result(info)) {
    CData* object = new_cdata(L, st, info);
    const int made = lua_gettop(L);
    convert_argument(L, st, info, object->address(), number, number, name);
    lua_pushvalue(L, made);
    return;
  }
  if (info->rep == Rep::pointer && is_scoped_function(L, st, number))
    raise(L, "'%s': argument #%d is for a call of C (ffi.scoped), and this function has a body", name, number);
  alignas(16) std::byte slot[kScalarResult] = {};
  convert_argument(L, st, info, slot, number, number, name);
  push_value(L, st, info, slot, 0);
}

// Whether the message is of a call within which the function was called again, so that it has its name already.
bool is_named(const char* text, std::string_view name) {
  while (*text == '\'') {
    const char* end = std::strstr(text + 1, "': ");
    if (end == nullptr) return false;
    if (std::string_view(text + 1, static_cast<size_t>(end - text - 1)) == name) return true;
    text = end + 3;
  }
  return false;
}

constexpr size_t kMostNames = 300;  // bytes; raise() has room for some more

int l_inline_function(lua_State* L) {
  State* st = open_call(L);
  const char* name = lua_tostring(L, kName);
  require_symbol(L, st, name);
  const auto id = static_cast<TypeId>(lua_tonumber(L, kType));
  const int given = lua_gettop(L);
  const Function& function = st->types->function(id);
  const auto want = static_cast<int>(function.params.size());
  if (given < want || (given > want && !function.variadic)) {
    raise(L, "wrong number of arguments for '%s' (%s%d expected, got %d)", name, function.variadic ? "at least " : "",
          want, given);
  }
  if (lua_isnil(L, kRun)) make_run(L);
  // Each argument may leave what it was converted by on the stack, where it lives as long as the call.
  luaL_checkstack(L, 3 * given + 8, "too many arguments");
  lua_createtable(L, want, 0);
  const int frame = lua_gettop(L);
  for (int i = 1; i <= want; ++i) {  // those behind '...' no body reads
    push_argument(L, st, info_of(st, st->types->function(id).params[static_cast<size_t>(i) - 1].type), i, name);
    lua_rawseti(L, frame, i);
  }
  lua_pushvalue(L, kRun);
  lua_pushvalue(L, frame);
  lua_call(L, 1, 2);  // whether it has ended well; what it gives, or why not
  if (!lua_toboolean(L, -2)) {
    if (lua_type(L, -1) == LUA_TSTRING && !is_named(lua_tostring(L, -1), name)) {
      // Of many calls within each other the innermost are named, for the end of a message says what is wrong.
      if (std::strlen(lua_tostring(L, -1)) > kMostNames) raise(L, "%s", lua_tostring(L, -1));
      raise(L, "'%s': %s", name, lua_tostring(L, -1));
    }
    return lua_error(L);
  }
  return (*st->types)[st->types->function(id).result].kind == Kind::void_ ? 0 : 1;
}

}  // namespace

void push_inline_function(lua_State* L, State* st, const Symbol& symbol, int space) {
  luaL_checkstack(L, 6, nullptr);
  space = abs_index(L, space);
  const std::string_view name = st->types->name(symbol.name);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushvalue(L, space);
  lua_pushlstring(L, name.data(), name.size());
  lua_pushnumber(L, static_cast<lua_Number>(symbol.type));
  lua_pushnil(L);
  lua_pushcclosure(L, guarded<l_inline_function>, 5);
}

TypeId inline_function_type(lua_State* L, State* st, int idx) {
  if (lua_tocfunction(L, idx) != guarded<l_inline_function>) return kNoType;
  luaL_checkstack(L, 2, nullptr);
  lua_getupvalue(L, idx, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  const bool own = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  if (!own) return kNoType;
  lua_getupvalue(L, idx, kTypeNumber);
  const auto type = static_cast<TypeId>(lua_tonumber(L, -1));
  lua_pop(L, 1);
  return type;
}

}  // namespace ferry::lua
