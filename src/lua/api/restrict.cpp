// ferry.restrict: what a host takes from its Lua state before it runs code that it does not trust.
#include <memory>

#include "lua/api/functions.h"
#include "lua/calls/thunks.h"
#include "lua/objects/namespace.h"
#include "lua/objects/new.h"
#include "lua/state/guarded.h"
#include "lua/state/members.h"
#include "lua/state/restrict.h"

namespace ferry::lua {

namespace {

enum class Option : uint8_t { load, symbols, cast, pointers, callbacks, cdef };
constexpr const char* kOptions[] = {"load", "C", "cast", "pointers", "callbacks", "cdef"};
constexpr int kCount = static_cast<int>(std::size(kOptions));

// Where the value of an option lies: behind the table of them.
constexpr int value_of(Option o) {
  return 2 + static_cast<int>(o);
}
bool is_given(lua_State* L, Option o) {
  return !lua_isnil(L, value_of(o)) && !(lua_isboolean(L, value_of(o)) && lua_toboolean(L, value_of(o)));
}

[[noreturn]] void raise_option(lua_State* L, State* st, Option o, int idx, const char* wanted) {
  raise_argument(L, 1, "option '%s': %s expected, got %s", kOptions[static_cast<size_t>(o)], wanted,
                 describe_value(L, st, idx));
}

// Whether the state has the restriction already.
bool is_restricted(const State* st, Option o) {
  const Restrictions* r = st->restrictions;
  if (r == nullptr) return false;
  switch (o) {
    case Option::load:
      return r->libraries.has_value();
    case Option::symbols:
      return r->symbols.has_value();
    case Option::cast:
      return r->no_casts;
    case Option::pointers:
      return r->checked_pointers;
    case Option::callbacks:
      return r->no_callbacks;
    case Option::cdef:
      return r->no_declarations;
  }
  return false;
}

// A list of strings and nothing else: a name that is misspelt as a key would be one that is not left.
void check_list(lua_State* L, State* st, Option o) {
  const int list = value_of(o);
  lua_Number count = 0;
  for (lua_pushnil(L); lua_next(L, list) != 0; lua_pop(L, 1)) ++count;
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    if (lua_type(L, -1) != LUA_TSTRING) raise_option(L, st, o, -1, "false or a list of names");
    lua_pop(L, 1);
  }
}

void check_option(lua_State* L, State* st, Option o) {
  const int idx = value_of(o);
  const int type = lua_type(L, idx);
  if (type == LUA_TNIL) return;
  if (type == LUA_TBOOLEAN && lua_toboolean(L, idx) != 0 && o != Option::pointers) {
    if (is_restricted(st, o)) {
      raise_argument(L, 1, "option '%s': it is restricted, and nothing is given back",
                     kOptions[static_cast<size_t>(o)]);
    }
    return;
  }
  if (o == Option::pointers) {
    if (type != LUA_TSTRING || std::string_view(lua_tostring(L, idx)) != "checked") {
      raise_option(L, st, o, idx, "\"checked\"");
    }
  } else if (o == Option::load || o == Option::symbols) {
    if (type != LUA_TTABLE && type != LUA_TBOOLEAN) raise_option(L, st, o, idx, "false or a list of names");
    if (type == LUA_TTABLE) check_list(L, st, o);
  } else if (type != LUA_TBOOLEAN) {
    raise_option(L, st, o, idx, "false");
  }
}

// Puts the options' values behind their table; raises for what is none.
void check_options(lua_State* L, State* st) {
  if (!lua_istable(L, 1)) raise_expected(L, st, 1, "table of options");
  lua_settop(L, 1);
  luaL_checkstack(L, kCount + 8, nullptr);
  for (const char* name : kOptions) {
    lua_pushstring(L, name);
    lua_rawget(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    bool known = false;
    for (const char* name : kOptions) {
      known = known || (lua_type(L, -2) == LUA_TSTRING && std::string_view(lua_tostring(L, -2)) == name);
    }
    if (known) continue;
    lua_pushvalue(L, -2);
    const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, -1);
    raise_argument(L, 1, "there is no option '%s'", text);
  }
  for (int i = 0; i < kCount; ++i) check_option(L, st, static_cast<Option>(i));
}

// What is left of a list when only those of the option are. Nothing here raises: the values are strings.
void narrow(lua_State* L, Option o, AllowList* list) {
  if (!is_given(L, o)) return;
  AllowList left;
  left.emplace();
  for (int i = 1; lua_istable(L, value_of(o)); ++i) {
    lua_rawgeti(L, value_of(o), i);
    size_t length;
    const char* text = lua_tolstring(L, -1, &length);
    lua_pop(L, 1);
    if (text == nullptr) break;
    if (!*list || (*list)->find(std::string_view(text, length)) != (*list)->end()) left->emplace(text, length);
  }
  *list = std::move(left);
}

void restrict(lua_State* L, State* st) {
  const bool done = without_exceptions(st, [&] {
    auto next = st->restrictions != nullptr ? std::make_unique<Restrictions>(*st->restrictions)
                                            : std::make_unique<Restrictions>();
    narrow(L, Option::load, &next->libraries);
    narrow(L, Option::symbols, &next->symbols);
    next->no_casts = next->no_casts || is_given(L, Option::cast);
    next->checked_pointers = next->checked_pointers || is_given(L, Option::pointers);
    next->no_callbacks = next->no_callbacks || is_given(L, Option::callbacks);
    next->no_declarations = next->no_declarations || is_given(L, Option::cdef);
    delete st->restrictions;
    st->restrictions = next.release();
    return true;
  });
  if (!done) raise_error(L, st);
  if (st->restrictions->checked_pointers) st->index_checks = true;
  strict_mode_changed(st);
  strict_thunks(L, st);
  if (st->restrictions->symbols) drop_restricted(L, st);
}

void push_list(lua_State* L, const AllowList& list) {
  lua_newtable(L);
  int i = 0;
  for (const std::string& name : *list) {
    lua_pushlstring(L, name.data(), name.size());
    lua_rawseti(L, -2, ++i);
  }
}

// Pushes the options that would restrict another state like this one.
void push_restrictions(lua_State* L, const State* st) {
  lua_createtable(L, 0, kCount);
  for (int i = 0; i < kCount; ++i) {
    const auto o = static_cast<Option>(i);
    if (!is_restricted(st, o)) continue;
    if (o == Option::load) {
      push_list(L, st->restrictions->libraries);
    } else if (o == Option::symbols) {
      push_list(L, st->restrictions->symbols);
    } else if (o == Option::pointers) {
      lua_pushliteral(L, "checked");
    } else {
      lua_pushboolean(L, 0);
    }
    lua_setfield(L, -2, kOptions[i]);
  }
}

}  // namespace

// restrict(): the restrictions. restrict(options): adds to them; the first time it returns what the host may keep.
int l_restrict(lua_State* L) {
  State* st = open_call(L);
  if (lua_isnone(L, 1)) {
    push_restrictions(L, st);
    return 1;
  }
  check_options(L, st);
  const bool first = st->restrictions == nullptr;
  if (first) {
    lua_createtable(L, 0, 2);
    push_function(L, st, guarded<l_own_cast>);
    lua_setfield(L, -2, "cast");
    push_function(L, st, guarded<l_own_slice>);
    lua_setfield(L, -2, "slice");
  }
  restrict(L, st);
  return first ? 1 : 0;
}

}  // namespace ferry::lua
