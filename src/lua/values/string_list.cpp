// Tables of strings where C reads an array of them (string_list.h).
#include "lua/values/string_list.h"

#include <cstring>

#include "base/memory.h"
#include "lua/state/anchor.h"

namespace ferry::lua {

namespace {

// A Lua string where C wants a pointer to characters that it might write: a copy, which the list keeps alive.
void write_copy(lua_State* L, State* st, TypeInfo* text, void* address, int idx, const TargetOwner& keep) {
  size_t length;
  const char* bytes = lua_tolstring(L, idx, &length);
  TypeInfo* info = open_array(L, st, text);
  CData* copy = new_cdata(L, st, info, length + 1);
  std::memcpy(copy->data, bytes, length + 1);
  anchor(L, st, keep.owner, address, lua_gettop(L));
  store(address, static_cast<void*>(copy->data));
  lua_pop(L, 1);
}

}  // namespace

bool is_string_list(State* st, TypeInfo* to) {
  if (to->rep != Rep::pointer || (to->quals & kConst) == 0) return false;
  const TypeInfo* text = base_of(st, to);
  return is_byte(text);
}

void* push_string_list(lua_State* L, State* st, TypeInfo* element, int idx) {
  luaL_checkstack(L, 6, nullptr);
  idx = abs_index(L, idx);
  const uint64_t count = raw_length(L, idx);
  if (count > kMaxHostObject / sizeof(void*) - 1) raise(L, "table is too long");
  TypeInfo* info = open_array(L, st, element);
  CData* list = new_cdata(L, st, info, (count + 1) * sizeof(void*));
  auto* at = static_cast<char*>(list->data);
  const TargetOwner keep{lua_gettop(L)};
  TypeInfo* text = base_of(st, element);
  for (uint64_t i = 0; i < count; ++i, at += sizeof(void*)) {
    lua_rawgeti(L, idx, static_cast<int>(i) + 1);
    const int value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TSTRING && (text->quals & kConst) == 0) {
      write_copy(L, st, text, at, value, keep);
    } else {
      write_any(L, st, element, at, value, Place{Place::Kind::element, static_cast<int>(i), nullptr, info->id}, keep,
                kAssign);
    }
    lua_pop(L, 1);
  }
  return list->data;
}

}  // namespace ferry::lua
