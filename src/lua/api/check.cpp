// ffi.check, ffi.leaks, and the functions on memory as they are where the state is checked (check.h).
#include "lua/api/check.h"

#include <cstdlib>
#include <cstring>

#include "ctype/spell.h"
#include "lua/api/functions.h"
#include "lua/calls/callback.h"
#include "lua/state/check.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

// Of the functions that read or write memory, those that have it by their first two arguments; what they write is the
// first. NAME is the function's.
template <lua_CFunction function>
int checked(lua_State* L, const char* name) {
  State* st = open_call(L);
  const void* target = require_life(L, st, 1);
  require_life(L, st, 2);
  check_block_at(st, target, nullptr);
  const int results = function(L);
  check_block_at(st, target, name);
  if (take_finding(st)) raise_error(L, st);
  return results;
}
int l_checked_string(lua_State* L) {
  return checked<l_string>(L, "ffi.string");
}
int l_checked_copy(lua_State* L) {
  return checked<l_copy>(L, "ffi.copy");
}
int l_checked_fill(lua_State* L) {
  return checked<l_fill>(L, "ffi.fill");
}
int l_checked_totable(lua_State* L) {
  return checked<l_totable>(L, "ffi.totable");
}
int l_checked_fromtable(lua_State* L) {
  return checked<l_fromtable>(L, "ffi.fromtable");
}
int l_checked_slice(lua_State* L) {
  return checked<l_slice>(L, "ffi.slice");
}
int l_checked_convert(lua_State* L) {
  return checked<l_convert_elements>(L, "ffi.convert");
}
int l_checked_utf8(lua_State* L) {
  return checked<l_utf8>(L, "ffi.utf8");
}

const luaL_Reg kChecked[] = {
    {"string", guarded<l_checked_string>},
    {"copy", guarded<l_checked_copy>},
    {"fill", guarded<l_checked_fill>},
    {"totable", guarded<l_checked_totable>},
    {"fromtable", guarded<l_checked_fromtable>},
    {"slice", guarded<l_checked_slice>},
    {"convert", guarded<l_checked_convert>},
    {"utf8", guarded<l_checked_utf8>},
    {nullptr, nullptr},
};

void count_made(void* context, const char* text) {
  auto* st = static_cast<State*>(context);
  without_exceptions(st, [&] {
    ++st->check->listed[text];
    return true;
  });
}

void count_callback(void* context, const TypeInfo* type, const char* place) {
  auto* st = static_cast<State*>(context);
  without_exceptions(st, [&] {
    ++st->check->listed["callback\t" + spell(*st->types, type->id, "(*)") + "\t" + place];
    return true;
  });
}

// Fills Check::listed. Raises nothing.
void list_alive(lua_State* L, State* st) {
  st->check->listed.clear();
  for_each_made(L, st, count_made, st);
  for_each_callback(st, count_callback, st);
}

// Pushes field `name` of the table on top: the text up to the next tab. Returns what is behind it.
const char* set_piece(lua_State* L, const char* name, const char* text) {
  const size_t length = std::strcspn(text, "\t");
  lua_pushlstring(L, text, length);
  lua_setfield(L, -2, name);
  return text[length] == '\t' ? text + length + 1 : text + length;
}

}  // namespace

int l_check(lua_State* L) {
  State* st = open_call(L);
  if (st->check == nullptr) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (!without_exceptions(st, [&] {
        check_blocks(st);
        return true;
      })) {
    raise_error(L, st);
  }
  if (take_finding(st)) raise_error(L, st);
  lua_pushboolean(L, 1);
  return 1;
}

int l_leaks(lua_State* L) {
  State* st = open_call(L);
  lua_settop(L, 0);
  if (st->check == nullptr) {
    lua_pushnil(L);
    lua_pushliteral(L, "the state is not checked: FERRY_CHECK is not set, and \"ferry.check\" not loaded first");
    return 2;
  }
  luaL_checkstack(L, 12, nullptr);
  // What a finaliser lets go is found by the next collection.
  for (int i = 0; i < 3; ++i) lua_gc(L, LUA_GCCOLLECT, 0);
  lua_newtable(L);
  list_alive(L, st);
  // Pushing may run a finaliser that asks for the list itself, so each entry is looked for behind the last.
  lua_pushliteral(L, "");
  for (int n = 1;; ++n) {
    const auto next = st->check->listed.upper_bound(lua_tostring(L, 2));
    if (next == st->check->listed.end()) break;
    const int count = next->second;
    lua_pushlstring(L, next->first.data(), next->first.size());
    lua_replace(L, 2);
    lua_createtable(L, 0, 4);
    const char* rest = set_piece(L, "kind", lua_tostring(L, 2));
    rest = set_piece(L, "name", rest);
    set_piece(L, "made_at", rest);
    push_small_integer(L, count);
    lua_setfield(L, -2, "count");
    lua_rawseti(L, 1, n);
  }
  lua_settop(L, 1);
  return 1;
}

int l_tell_leaks(lua_State* L) {
  auto* st = static_cast<State*>(lua_touserdata(L, 1));
  const char* wanted = std::getenv("FERRY_LEAKS");
  if (wanted == nullptr || *wanted == '\0') return 0;
  list_alive(L, st);
  without_exceptions(st, [&] {
    for (const auto& [key, count] : st->check->listed) {
      const size_t first = key.find('\t'), last = key.rfind('\t');
      const std::string kind = key.substr(0, first), name = key.substr(first + 1, last - first - 1);
      std::string line = "ferry: alive when the Lua state closed: ";
      line += kind == "finaliser" ? "'" + name + "' with a finaliser, made at " : kind + " '" + name + "', made at ";
      line += key.substr(last + 1);
      if (count > 1) line += " (" + std::to_string(count) + " of them)";
      line += "\n";
      os::write_standard_error(line.data(), line.size());
    }
    return true;
  });
  return 0;
}

void set_checked_functions(lua_State* L, State* st) {
  for (const luaL_Reg* f = kChecked; f->name != nullptr; ++f) {
    push_function(L, st, f->func);
    lua_setfield(L, -2, f->name);
  }
}

}  // namespace ferry::lua
