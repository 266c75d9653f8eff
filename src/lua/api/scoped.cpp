// ffi.scoped: Lua functions that C calls during one call only, said of a Lua function or of a declared C function.
#include "lua/api/functions.h"
#include "lua/calls/callback_scope.h"
#include "lua/objects/namespace.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/functions.h"

namespace ferry::lua {

namespace {

// Says of the declared function's parameter what __attribute__((ferry_scoped)) would have.
void mark(lua_State* L, State* st) {
  require_declarations(L, st, "ffi.scoped of a name");
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  const lua_Integer number = luaL_checkinteger(L, 2);
  const bool lends = lua_toboolean(L, 3) != 0;
  const NameId name = st->types->find_name({text, length});
  const Symbol* symbol = name != kNoName ? st->types->find_symbol(name) : nullptr;
  if (symbol == nullptr || symbol->kind != Symbol::Kind::function) {
    raise_argument(L, 1, "no function '%s' is declared", text);
  }
  const std::vector<Param>& declared = st->types->function(symbol->type).params;
  const int count = static_cast<int>(declared.size());
  if (number < 1 || number > count) {
    raise_argument(L, 2, "'%s' has %d parameter%s", text, count, count == 1 ? "" : "s");
  }
  const auto index = static_cast<size_t>(number) - 1;
  const Type& type = (*st->types)[declared[index].type];
  if (type.kind != Kind::pointer || (*st->types)[type.base].kind != Kind::function) {
    raise_argument(L, 2, "parameter %d of '%s' is '%s', no pointer to a function", static_cast<int>(number), text,
                   type_name(st, declared[index].type));
  }
  if (!without_exceptions(st, [&] {
        Symbol marked = *symbol;
        std::vector<Param> params = declared;
        params[index].marks |= static_cast<uint8_t>(lends ? kScoped | kLends : kScoped);
        marked.type = st->types->with_params(symbol->type, params);
        st->types->declare(marked);
        return true;
      })) {
    raise_error(L, st);
  }
  drop_redeclared(L, st);
}

}  // namespace

// scoped(f): what C is given of it ends with the call. scoped(name, n, lends): so does what the declared function is
// given as its argument n.
int l_scoped(lua_State* L) {
  State* st = open_call(L);
  if (lua_type(L, 1) == LUA_TSTRING) {
    mark(L, st);
    return 0;
  }
  if (!lua_isfunction(L, 1)) raise_expected(L, st, 1, "function or name of one");
  TypeInfo* type;
  if (function_address(L, 1, &type) != nullptr) {  // C's own needs no callback
    lua_settop(L, 1);
  } else {
    push_scoped(L, st, 1);
  }
  return 1;
}

}  // namespace ferry::lua
