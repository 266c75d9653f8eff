// What differs between the C APIs of Lua 5.1-5.5, under one name each. The only file that names
// LUA_VERSION_NUM; everything else in this folder is written for all versions at once.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace ferry::lua {

#if LUA_VERSION_NUM >= 503
inline constexpr bool kNativeIntegers = true;  // Lua has a 64-bit integer subtype
static_assert(sizeof(lua_Integer) == 8, "a 64-bit lua_Integer is assumed");
#else
inline constexpr bool kNativeIntegers = false;
#endif
inline constexpr int kLuaVersion = LUA_VERSION_NUM;

// --- stack ----------------------------------------------------------------------------------------

inline int abs_index(lua_State* L, int idx) {
  return idx > 0 || idx <= LUA_REGISTRYINDEX ? idx : lua_gettop(L) + idx + 1;
}

inline size_t raw_length(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 502
  return static_cast<size_t>(lua_rawlen(L, idx));
#else
  return lua_objlen(L, idx);
#endif
}

// lua_rawequal that works in 5.1 too (it is there already; named for symmetry with the rest).
inline bool raw_equal(lua_State* L, int a, int b) {
  return lua_rawequal(L, a, b) != 0;
}

// a == b, a < b, a <= b with metamethods.
enum class Order : uint8_t { equal, less, less_equal };
inline bool compare_values(lua_State* L, int a, int b, Order order) {
#if LUA_VERSION_NUM >= 502
  return lua_compare(L, a, b, order == Order::equal ? LUA_OPEQ : order == Order::less ? LUA_OPLT : LUA_OPLE) != 0;
#else
  if (order == Order::equal) return lua_equal(L, a, b) != 0;
  if (order == Order::less) return lua_lessthan(L, a, b) != 0;
  // a <= b is not in 5.1's API: by __le, and numbers and strings by what they are.
  if (lua_type(L, a) == LUA_TNUMBER && lua_type(L, b) == LUA_TNUMBER) return lua_tonumber(L, a) <= lua_tonumber(L, b);
  if (lua_type(L, a) == LUA_TSTRING && lua_type(L, b) == LUA_TSTRING) return lua_lessthan(L, b, a) == 0;
  if (luaL_getmetafield(L, a, "__le") != 0) {
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    const bool result = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return result;
  }
  return lua_lessthan(L, b, a) == 0;
#endif
}

// --- strings --------------------------------------------------------------------------------------

// Equal strings up to this length are one string with one address: in 5.1 all, then short ones (LUAI_MAXSHORTLEN).
inline constexpr size_t kMaxInterned = LUA_VERSION_NUM >= 502 ? 40 : SIZE_MAX;
// Whether there are strings whose bytes the host keeps (5.5: lua_pushexternalstring), which are not interned however
// short they are. Their tag is that of long strings; the API does not tell.
inline constexpr bool kExternalStrings = LUA_VERSION_NUM >= 505;

// --- numbers --------------------------------------------------------------------------------------

// The stack value must be a number. True and `*out` if it is an integer, or a float with an exact integer
// value, that fits lua_Integer (5.3+). On older versions: false, everything is a double.
inline bool exact_integer(lua_State* L, int idx, int64_t* out) {
#if LUA_VERSION_NUM >= 503
  int ok = 0;
  *out = lua_tointegerx(L, idx, &ok);
  return ok != 0;
#else
  (void)L, (void)idx, (void)out;
  return false;
#endif
}

// Whether the value is of the integer subtype.
inline bool is_integer_subtype(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 503
  return lua_isinteger(L, idx) != 0;
#else
  (void)L, (void)idx;
  return false;
#endif
}

// A 32-bit or smaller integer (or a uint32): always exact as a number.
inline void push_small_integer(lua_State* L, int64_t value) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, static_cast<lua_Integer>(value));
#else
  lua_pushnumber(L, static_cast<lua_Number>(value));
#endif
}

#if LUA_VERSION_NUM >= 505
inline int note_collected(lua_State* L) {
  *static_cast<bool*>(lua_touserdata(L, lua_upvalueindex(1))) = true;
  return 0;
}
#endif

// Lets the collector do the work that allocating so many bytes would have caused; nothing where it is stopped. May
// raise for memory.
inline void step_collector(lua_State* L, size_t bytes) {
#if LUA_VERSION_NUM >= 502
  if (lua_gc(L, LUA_GCISRUNNING, 0) == 0) return;
#endif
#if LUA_VERSION_NUM >= 505
  // A call is one step: of some kilobytes, or, in generational mode, a whole collection, of which two in a row would
  // make what is in use now old. An object that nobody has tells when enough is done.
  auto* collected = static_cast<bool*>(lua_newuserdatauv(L, sizeof(bool), 0));
  *collected = false;
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, note_collected, 1);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  constexpr size_t kStep = 8 * 1024;
  for (size_t done = 0; done < bytes && !*collected; done += kStep) lua_gc(L, LUA_GCSTEP, size_t{0});
  lua_pop(L, 1);
#else
  lua_gc(L, LUA_GCSTEP, static_cast<int>(bytes / 1024));
#endif
}

// The entry points that convert numbers; what is about integers stays as it is where Lua has none.
inline void fill_number_api(const void** tointeger, const void** isinteger, const void** tonumber) {
#if LUA_VERSION_NUM >= 503
  *tointeger = reinterpret_cast<const void*>(lua_tointegerx);
  *isinteger = reinterpret_cast<const void*>(lua_isinteger);
#else
  (void)tointeger, (void)isinteger;
#endif
#if LUA_VERSION_NUM >= 502
  *tonumber = reinterpret_cast<const void*>(lua_tonumberx);
#else
  *tonumber = reinterpret_cast<const void*>(lua_tonumber);
#endif
}

// lua_pcall as a function: from 5.2 on it is a macro for one with two arguments more, which may be zero.
inline const void* pcall_entry() {
#if LUA_VERSION_NUM >= 502
  return reinterpret_cast<const void*>(lua_pcallk);
#else
  return reinterpret_cast<const void*>(lua_pcall);
#endif
}

// --- userdata -------------------------------------------------------------------------------------

// How an object keeps another alive. kParentSlot: userdata made by new_userdata_with_parent have room for
// exactly one Lua value of any kind. Otherwise a table is all that can be attached.
#if LUA_VERSION_NUM >= 503
inline constexpr bool kParentSlot = true;
#else
inline constexpr bool kParentSlot = false;
#endif
// Whether any userdata can have a table attached (5.1: environment; 5.2, 5.3: user value). Not on 5.4+, where
// owning objects are made without user values.
inline constexpr bool kAttachTable = LUA_VERSION_NUM < 504;

inline void* new_userdata(lua_State* L, size_t size) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, 0);
#else
  return lua_newuserdata(L, size);
#endif
}

inline void* new_userdata_with_slot(lua_State* L, size_t size) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, 1);
#else
  return lua_newuserdata(L, size);
#endif
}

// Pops a value (5.1, 5.2: a table) and attaches it to the userdata at idx.
inline void set_attached(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, idx, 1);
#elif LUA_VERSION_NUM >= 502
  lua_setuservalue(L, idx);
#else
  lua_setfenv(L, idx);
#endif
}

inline void get_attached(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, idx, 1);
#elif LUA_VERSION_NUM >= 502
  lua_getuservalue(L, idx);
#else
  lua_getfenv(L, idx);
#endif
}

// The same with a value of any kind on every Lua; 5.1 and 5.2 have it in a table.
inline void set_attached_value(lua_State* L, int idx) {
  if constexpr (!kParentSlot) {
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
  }
  set_attached(L, idx);
}

inline void get_attached_value(lua_State* L, int idx) {
  get_attached(L, idx);
  if constexpr (!kParentSlot) {
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
  }
}

// The FILE * of one of the io library's userdata (5.2+: luaL_Stream, before: a FILE *); null: closed.
inline void* open_file(const void* userdata) {
#if LUA_VERSION_NUM >= 502
  const auto* stream = static_cast<const luaL_Stream*>(userdata);
  return stream->closef != nullptr ? stream->f : nullptr;
#else
  return *static_cast<void* const*>(userdata);
#endif
}

// --- tables and registry --------------------------------------------------------------------------

inline void rawget_p(lua_State* L, int idx, const void* key) {
#if LUA_VERSION_NUM >= 502
  lua_rawgetp(L, idx, key);
#else
  idx = abs_index(L, idx);
  lua_pushlightuserdata(L, const_cast<void*>(key));
  lua_rawget(L, idx);
#endif
}

// Pops the value.
inline void rawset_p(lua_State* L, int idx, const void* key) {
#if LUA_VERSION_NUM >= 502
  lua_rawsetp(L, idx, key);
#else
  idx = abs_index(L, idx);
  lua_pushlightuserdata(L, const_cast<void*>(key));
  lua_insert(L, -2);
  lua_rawset(L, idx);
#endif
}

// Type of what was pushed.
inline int raw_geti(lua_State* L, int idx, int n) {
#if LUA_VERSION_NUM >= 503
  return lua_rawgeti(L, idx, n);
#else
  lua_rawgeti(L, idx, n);
  return lua_type(L, -1);
#endif
}

// lua_rawget and lua_gettable; type of what was pushed.
inline int raw_get(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 503
  return lua_rawget(L, idx);
#else
  lua_rawget(L, idx);
  return lua_type(L, -1);
#endif
}
inline int get_table(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 503
  return lua_gettable(L, idx);
#else
  lua_gettable(L, idx);
  return lua_type(L, -1);
#endif
}

// luaL_ref and luaL_unref on the registry. Tables of 5.1 and 5.2 lose integer keys from 1 on when the memory to grow
// them cannot be had: the array part has grown over them already. luaL_ref would then give numbers that are taken. So
// references are negative there, which no array part is for; the chain of free ones begins at kFreeReferences.
// add_reference pops the value, and raises; drop_reference never raises.
inline int add_reference(lua_State* L) {
#if LUA_VERSION_NUM >= 503
  return luaL_ref(L, LUA_REGISTRYINDEX);
#else
  constexpr int kFreeReferences = -16, kLastReference = -17;
  lua_rawgeti(L, LUA_REGISTRYINDEX, kFreeReferences);
  const int free = static_cast<int>(lua_tonumber(L, -1));
  lua_pop(L, 1);
  if (free != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, free);
    lua_rawseti(L, LUA_REGISTRYINDEX, kFreeReferences);
    lua_rawseti(L, LUA_REGISTRYINDEX, free);
    return free;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, kLastReference);
  int last = static_cast<int>(lua_tonumber(L, -1));
  lua_pop(L, 1);
  if (last == 0) {
    last = kLastReference;
    lua_pushnumber(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, kFreeReferences);
    lua_pushnumber(L, last);
    lua_rawseti(L, LUA_REGISTRYINDEX, kLastReference);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, last - 1);
  lua_pushnumber(L, last - 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, kLastReference);
  return last - 1;
#endif
}

inline void drop_reference(lua_State* L, int reference) {
#if LUA_VERSION_NUM >= 503
  luaL_unref(L, LUA_REGISTRYINDEX, reference);
#else
  constexpr int kFreeReferences = -16;
  if (reference >= kFreeReferences) return;  // 0 and LUA_NOREF: none
  lua_rawgeti(L, LUA_REGISTRYINDEX, kFreeReferences);
  lua_rawseti(L, LUA_REGISTRYINDEX, reference);
  lua_pushnumber(L, reference);
  lua_rawseti(L, LUA_REGISTRYINDEX, kFreeReferences);
#endif
}
// A new table in the registry; `mode` is its __mode, or null.
inline int new_table_reference(lua_State* L, const char* mode) {
  lua_newtable(L);
  if (mode != nullptr) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
  }
  return add_reference(L);
}

// The environment of the function at idx; from 5.2 on, where it is a variable of the function's, the globals.
inline void push_environment(lua_State* L, int idx) {
#if LUA_VERSION_NUM >= 502
  (void)idx;
  lua_pushglobaltable(L);
#else
  lua_getfenv(L, idx);
#endif
}

// Raises if the running Lua is not the one that this was compiled for.
inline void check_version(lua_State* L) {
#if LUA_VERSION_NUM >= 502
  luaL_checkversion(L);
#else
  (void)L;
#endif
}

// Registers functions with `upvalues` shared values from the top of the stack (popped) into the table below them.
inline void set_functions(lua_State* L, const luaL_Reg* functions, int upvalues) {
#if LUA_VERSION_NUM >= 502
  luaL_setfuncs(L, functions, upvalues);
#else
  for (; functions->name != nullptr; ++functions) {
    for (int i = 0; i < upvalues; ++i) lua_pushvalue(L, -upvalues);
    lua_pushcclosure(L, functions->func, upvalues);
    lua_setfield(L, -(upvalues + 2), functions->name);
  }
  lua_pop(L, upvalues);
#endif
}

// Pushes the metamethods' shared main thread if the version has it; false otherwise (5.1, LuaJIT).
inline bool push_main_thread(lua_State* L) {
#if LUA_VERSION_NUM >= 502
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  return true;
#else
  (void)L;
  return false;
#endif
}

#if LUA_VERSION_NUM == 501
// A lua_Writer that keeps the first bytes of a compiled chunk: "\033Lua", or "\033LJ" and a version.
struct ChunkHead {
  char bytes[3];
  size_t length;
};
inline int keep_chunk_head(lua_State*, const void* piece, size_t size, void* context) {
  auto* head = static_cast<ChunkHead*>(context);
  for (size_t i = 0; i < size && head->length < sizeof head->bytes; ++i) {
    head->bytes[head->length++] = static_cast<const char*>(piece)[i];
  }
  return 0;
}
#endif

// Whether it is LuaJIT that has loaded this module, of 5.1: its compiled chunks begin otherwise. What programs see, a
// module "jit", other Luas can have, too. May raise.
inline bool is_luajit(lua_State* L) {
#if LUA_VERSION_NUM >= 502
  (void)L;
  return false;
#else
  luaL_checkstack(L, 1, nullptr);
  if (luaL_loadbuffer(L, "", 0, "=") != 0) lua_error(L);
  ChunkHead head = {};
  lua_dump(L, keep_chunk_head, &head);
  lua_pop(L, 1);
  return head.bytes[2] == 'J';
#endif
}

// Calls f with one argument, the light userdata, and no results; false: it raised. Never raises itself, but on 5.2+
// needs two stack slots.
inline bool protected_call(lua_State* L, lua_CFunction f, void* argument) {
#if LUA_VERSION_NUM >= 502
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, argument);
  const bool ok = lua_pcall(L, 1, 0, 0) == LUA_OK;
#else
  const bool ok = lua_cpcall(L, f, argument) == 0;
#endif
  if (!ok) lua_pop(L, 1);
  return ok;
}

// Starts the function below `arguments` values on top of the fresh thread; true if it returned.
inline bool start_thread(lua_State* thread, lua_State* from, int arguments) {
#if LUA_VERSION_NUM >= 504
  int results;
  return lua_resume(thread, from, arguments, &results) == LUA_OK;
#elif LUA_VERSION_NUM >= 502
  return lua_resume(thread, from, arguments) == LUA_OK;
#else
  (void)from;
  return lua_resume(thread, arguments) == 0;
#endif
}

// Emits a Lua warning where the version has them (5.4+); false otherwise.
inline bool lua_warn(lua_State* L, const char* message) {
#if LUA_VERSION_NUM >= 504
  lua_warning(L, "ffi: ", 1);
  lua_warning(L, message, 0);
  return true;
#else
  (void)L, (void)message;
  return false;
#endif
}

// --- arithmetic events of this version ------------------------------------------------------------
// 5.3+ have // and the bit operators; the lists of metamethods are in metatype.cpp.
inline constexpr bool kHasIntegerOperators = LUA_VERSION_NUM >= 503;
inline constexpr bool kHasPairs = LUA_VERSION_NUM >= 502;
inline constexpr bool kHasIpairs = LUA_VERSION_NUM == 502 || LUA_VERSION_NUM == 503;
inline constexpr bool kHasClose = LUA_VERSION_NUM >= 504;

}  // namespace ferry::lua
