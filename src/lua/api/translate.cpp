// translate(text, chunkname, options): the door to src/translate.
#include "translate/translate.h"

#include <cstring>
#include <new>

#include "lua/api/functions.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// A result, owned by a userdata while Lua values are made of it.
struct Product {
  translate::Translation translation;
  std::string error;
};

int l_free_product(lua_State* L) {
  static_cast<Product*>(lua_touserdata(L, 1))->~Product();
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

Product* push_product(lua_State* L) {
  static_assert(alignof(Product) <= kUserdataAlign);
  // The metatable exists before the object does: nothing can fail in between.
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_free_product);
  lua_setfield(L, -2, "__gc");
  auto* product = new (new_userdata(L, sizeof(Product))) Product();
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  return product;
}

constexpr int kHeaderOptions = 3;

translate::Options read_options(lua_State* L, State* st) {
  translate::Options options;
  options.dialect = kLuaVersion / 100 * 10 + kLuaVersion % 100;
  if (lua_isnoneornil(L, kHeaderOptions)) return options;
  if (lua_type(L, kHeaderOptions) != LUA_TTABLE) raise_expected(L, st, kHeaderOptions, "table");
  lua_getfield(L, kHeaderOptions, "dialect");
  if (!lua_isnil(L, -1)) {
    const char* text = lua_tostring(L, -1);
    if (text == nullptr || std::strlen(text) != 3 || text[0] != '5' || text[1] != '.' || text[2] < '1' || text[2] > '5')
      raise_argument(L, kHeaderOptions, "dialect must be '5.1' to '5.5'");
    options.dialect = 50 + (text[2] - '0');
  }
  lua_getfield(L, kHeaderOptions, "program");
  if (lua_toboolean(L, -1)) options.form = translate::Form::program;
  lua_getfield(L, kHeaderOptions, "notes");
  options.notes = lua_toboolean(L, -1) != 0;
  lua_settop(L, kHeaderOptions);
  return options;
}

// {{line = n, text = "..."}, ...}
void push_notes(lua_State* L, const translate::Translation& translation) {
  lua_createtable(L, static_cast<int>(translation.notes.size()), 0);
  int n = 0;
  for (const translate::Note& note : translation.notes) {
    lua_createtable(L, 0, 2);
    push_small_integer(L, note.line);
    lua_setfield(L, -2, "line");
    lua_pushlstring(L, note.text.data(), note.text.size());
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, ++n);
  }
}

}  // namespace

int l_translate(lua_State* L) {
  State* st = open_call(L);
  size_t length = 0;
  if (lua_type(L, 1) != LUA_TSTRING) raise_expected(L, st, 1, "string");
  const char* text = lua_tolstring(L, 1, &length);
  lua_settop(L, kHeaderOptions);
  const translate::Options options = read_options(L, st);
  const char* name = lua_isnil(L, 2) ? nullptr : check_text(L, st, 2, nullptr);
  Product* product = push_product(L);
  if (!without_exceptions(st, [&] {
        auto result = translate::translate(std::string_view(text, length), options);
        if (result) {
          product->translation = std::move(*result);
        } else {
          product->error = result.message();
        }
        return true;
      })) {
    raise_error(L, st);
  }
  if (!product->error.empty()) {
    lua_pushnil(L);
    if (name != nullptr) {
      lua_pushfstring(L, "%s: %s", name, product->error.c_str());
    } else {
      lua_pushstring(L, product->error.c_str());
    }
    return 2;
  }
  const translate::Translation& translation = product->translation;
  if (translation.changed) {
    lua_pushlstring(L, translation.text.data(), translation.text.size());
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushboolean(L, translation.needs_run_time);
  if (!options.notes) return 2;
  push_notes(L, translation);
  return 3;
}

}  // namespace ferry::lua
