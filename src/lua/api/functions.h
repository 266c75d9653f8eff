// The functions of the module, by file. All have the State as first upvalue.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// types.cpp
int l_cdef(lua_State* L);
int l_typeof(lua_State* L);
int l_sizeof(lua_State* L);
int l_alignof(lua_State* L);
int l_offsetof(lua_State* L);
int l_istype(lua_State* L);
int l_metatype(lua_State* L);
int l_gc_set(lua_State* L);
int l_eval(lua_State* L);
// release.cpp
int l_release(lua_State* L);
// reflect.cpp
int l_typeinfo(lua_State* L);
int l_enum(lua_State* L);
int l_names(lua_State* L);
int l_declared_name(lua_State* L);
// debug.cpp
int l_debug(lua_State* L);
// memory.cpp
int l_string(lua_State* L);
int l_copy(lua_State* L);
int l_fill(lua_State* L);
int l_atomic(lua_State* L);
// bulk.cpp
int l_totable(lua_State* L);
int l_fromtable(lua_State* L);
// ffi.copy(array, table): array at 1, table at 2.
int copy_from_table(lua_State* L, State* st);
// arrays.cpp
int l_slice(lua_State* L);
int l_own_slice(lua_State* L);  // which ferry.restrict leaves to the host
int l_restrict(lua_State* L);
int l_convert_elements(lua_State* L);
// unicode.cpp
int l_wide(lua_State* L);
int l_utf8(lua_State* L);
// variants.cpp
int l_vararg(lua_State* L);
int l_blocking(lua_State* L);
// scoped.cpp
int l_scoped(lua_State* L);
// values.cpp
int l_errno(lua_State* L);
int l_tonumber(lua_State* L);
int l_type(lua_State* L);
int l_i64(lua_State* L);
int l_u64(lua_State* L);
int l_addressof(lua_State* L);
int l_isnull(lua_State* L);
int l_toretval(lua_State* L);
int l_abi(lua_State* L);
int l_checked(lua_State* L);
int l_strict(lua_State* L);
// modes.cpp: gives the table on top, which is popped, the fields `int64` and `rules`.
void set_module_fields(lua_State* L, State* st);
// queue.cpp
int l_callback(lua_State* L);
int l_poll(lua_State* L);
int l_pollfd(lua_State* L);
// async.cpp
int l_async(lua_State* L);
int l_workers(lua_State* L);
int l_scheduler(lua_State* L);
// signals.cpp
int l_signal(lua_State* L);
// translate.cpp: translate(text, chunkname, options) -> text, whether it has to be given the run-time table, notes
// | nil, message
int l_translate(lua_State* L);

}  // namespace ferry::lua
