// Arguments that are C functions (callee.h).
#include "lua/api/callee.h"

#include "lua/calls/c_function.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/from_c.h"

namespace ferry::lua {

Callee check_callee(lua_State* L, State* st) {
  if (const FunctionRecord* record = function_record(L, 1); record != nullptr && record->st == st) {
    return {record->type, reinterpret_cast<void*>(record->address), record->name, record->declared};
  }
  Callee callee;
  TypeId pointee = kNoType;
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr || !pointer_value(st, cd, &callee.address, &pointee)) raise_expected(L, st, 1, "C function");
  callee.type = info_of(st, pointee);
  if (callee.type->rep != Rep::function) raise_expected(L, st, 1, "C function");
  if (callee.address == nullptr) raise_argument(L, 1, "NULL pointer");
  return callee;
}

}  // namespace ferry::lua
