// Variants of C functions: ffi.vararg, for one list of types behind `...`; ffi.blocking, whose calls let other threads
// in.

#include "base/compiler.h"
#include "lua/api/callee.h"
#include "lua/api/functions.h"
#include "lua/calls/c_function.h"
#include "lua/calls/varargs.h"
#include "lua/objects/ctype_arg.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

// vararg(fn, ct, ...): a function like fn, with these types behind `...`.
int l_vararg(lua_State* L) {
  State* st = open_call(L);
  const Callee callee = check_callee(L, st);
  require_casts(L, st, "ffi.vararg");
  if (!st->types->function(callee.type->id).variadic) {
    raise_argument(L, 1, "'%s' has no '...'", type_name(st, callee.type->id));
  }
  const int count = lua_gettop(L) - 1;
  if (count > kMaxVarargs) raise_argument(L, kMaxVarargs + 2, "at most %d types behind '...'", kMaxVarargs);
  auto** types = static_cast<TypeInfo**>(FERRY_ALLOCA(sizeof(TypeInfo*) * (static_cast<size_t>(count) + 1)));
  for (int i = 0; i < count; ++i) {
    const TypeId id = check_ctype(L, st, i + 2);
    types[i] = declared_vararg(st, info_of(st, id));
    if (types[i]->rep == Rep::none || (types[i]->type_flags & kVariable) != 0) {
      raise_argument(L, i + 2, "size of '%s' is unknown, it cannot be passed", type_name(st, id));
    }
  }
  const char* name = callee.name == kNoName ? nullptr : st->types->name(callee.name).data();
  const VarargShape* shape = declared_shape(L, st, callee.type, name, types, count);
  push_c_function(L, st, callee.type, callee.address, callee.name, 1, shape);
  return 1;
}

// blocking(fn): a function like fn that opens the state while C runs.
int l_blocking(lua_State* L) {
  State* st = open_call(L);
  const Callee callee = check_callee(L, st);
  TypeInfo* type = nullptr;
  if (!without_exceptions(st, [&] {
        type = info_of(st, st->types->with_blocking(callee.type->id));
        return true;
      })) {
    raise_error(L, st);
  }
  push_c_function(L, st, type, callee.address, callee.name, 1, callee.declared);
  return 1;
}

}  // namespace ferry::lua
