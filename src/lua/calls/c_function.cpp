// Makes the Lua functions for C functions and finds out what one stands for (c_function.h).
#include "lua/calls/c_function.h"

#include "lua/calls/call.h"
#include "lua/calls/thunks.h"
#include "lua/calls/varargs.h"
#include "lua/state/guarded.h"
#include "lua/state/type_info.h"
#include "lua/values/functions.h"

namespace ferry::lua {

namespace {

int l_function(lua_State* L) {
  auto* record = static_cast<FunctionRecord*>(lua_touserdata(L, lua_upvalueindex(1)));
  State* st = record->st;
  if (st == nullptr || st->closed()) raise_closed(L);
  if (record->thunk != nullptr) {  // which came here because of the arguments
    teach_thunk(L, st, record->thunk, 1);
    learn_varargs(L, st, record);
  }
  return call_c(L, st, record->type, record->address, record->name_text, 1, record->declared);
}

}  // namespace

void push_c_function(lua_State* L, State* st, TypeInfo* type, void* address, NameId name, int library,
                     const VarargShape* declared) {
  library = abs_index(L, library);
  luaL_checkstack(L, 5, nullptr);
  const bool variadic = st->types->function(type->id).variadic && declared == nullptr;
  const size_t behind = variadic ? (kMaxShapeThunks + 1) * sizeof(void*) : 0;
  auto* record = static_cast<FunctionRecord*>(new_userdata_with_slot(L, sizeof(FunctionRecord) + behind));
  *record = FunctionRecord{
      reinterpret_cast<call::CFunction>(address), type, st, st->gate, name, nullptr, call::kNoTop, nullptr};
  if (name != kNoName) record->name_text = st->types->name(name).data();
  record->declared = declared;
  if (variadic) record->targets = reinterpret_cast<const void**>(record + 1);
  lua_pushvalue(L, library);
  set_attached_value(L, -2);
  record->thunk = make_thunk(L, st, record, guarded<l_function>);
  lua_pushcclosure(L, thunk_entry(record->thunk, guarded<l_function>), 1);
  register_thunk(L, st, record->thunk);
}

FunctionRecord* function_record(lua_State* L, int idx) {
  const lua_CFunction entry = lua_tocfunction(L, idx);
  if (entry == nullptr || (entry != guarded<l_function> && !is_native_code(entry))) return nullptr;
  if (lua_getupvalue(L, idx, 1) == nullptr) return nullptr;
  auto* record = static_cast<FunctionRecord*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return record;
}

void close_record(FunctionRecord* record) {
  record->st = nullptr;
  record->gate = nullptr;
  record->expected = call::kNoTop;
}

void* function_address(lua_State* L, int idx, TypeInfo** type) {
  FunctionRecord* record = function_record(L, idx);
  if (record == nullptr || record->st == nullptr) return nullptr;
  *type = record->type;
  return reinterpret_cast<void*>(record->address);
}

}  // namespace ferry::lua
