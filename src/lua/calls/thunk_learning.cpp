// What thunks learn from calls that took the slow path: other types of cdata, functions that became callbacks, and the
// shapes of variadic calls.
#include "lua/calls/c_function.h"
#include "lua/calls/call_info.h"
#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/calls/varargs.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"

#if defined(FERRY_NATIVE)
#include "lua/calls/thunk_table.h"
#include "lua/host/trace.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// What is behind `...` at idx and has the C type `info` there. False: a kind that is left to the slow path.
bool variadic_argument(lua_State* L, State* st, int idx, TypeInfo* info, call::ThunkArg* arg) {
  static const TypeId kNoCell = kNoType;
  arg->kind = thunk_kind(info->rep);
  arg->cell = &kNoCell;
  switch (lua_type(L, idx)) {
    case LUA_TBOOLEAN:
      arg->kind = call::ThunkKind::boolean;
      return true;
    case LUA_TNUMBER:
      arg->exact = true;
      return true;
    case LUA_TNIL:
    case LUA_TSTRING:
    case LUA_TLIGHTUSERDATA:
      arg->takes_string = arg->takes_light = true;
      return true;
    case LUA_TUSERDATA: {
      const CData* cd = to_cdata(L, st, idx);
      if (cd == nullptr || info_of(st, cd->type)->rep == Rep::reference) return false;
      if (arg->kind != call::ThunkKind::pointer && arg->kind != call::ThunkKind::record) return false;
      const Rep rep = info_of(st, cd->type)->rep;
      const bool whole = rep == Rep::pointer || arg->kind == call::ThunkKind::record;
      (whole ? arg->same : arg->object) = cd->type;
      return rep == Rep::pointer || rep == Rep::array || rep == Rep::record;
    }
    default:
      return false;
  }
}

// What thunks see of the kind of the value on top of the stack.
uint32_t kind_of_top(lua_State* L, State* st) {
  if (!st->stack.valid) return static_cast<uint32_t>(lua_type(L, -1));
  uint64_t value = 0;
  uint8_t tag = 0;
  capture_function(L, st, &value, &tag);
  return tag;
}

bool is_scoped(State* st, const Thunk& thunk, size_t parameter) {
  const std::vector<Param>& declared = st->types->function(thunk.type->id).params;
  return parameter < declared.size() && (declared[parameter].marks & kScoped) != 0;
}

}  // namespace

void learn_varargs(lua_State* L, State* st, FunctionRecord* record) {
  Thunk* thunk = record->thunk;
  if (st->takes_slow_paths() || st->strict || pointers_are_restricted(st) || !thunk->variadic ||
      thunk->shapes.size() >= kMaxShapeThunks)
    return;
  // Where kinds of arguments are used that there is no code for, learning costs more than it brings.
  constexpr uint8_t kMaxFruitless = 16;
  if (thunk->fruitless >= kMaxFruitless) return;
  ++thunk->fruitless;
  const int fixed = static_cast<int>(thunk->params.size());
  const int extra = lua_gettop(L) - fixed;
  if (extra < 0 || static_cast<size_t>(fixed + extra) > call::kMaxThunkArgs) return;
  const VarargShape* shape = nullptr;
  if (call_info_of(L, st, record->type, record->name_text)->shapes.size() >= kMaxShapes)
    return;  // vararg_shape() would push one
  if (extra > 0) shape = vararg_shape(L, st, record->type, record->name_text, 1, extra);
  call::ThunkArg args[call::kMaxThunkArgs];
  for (int i = 0; i < extra; ++i) {
    if (!variadic_argument(L, st, fixed + 1 + i, shape->types[static_cast<size_t>(i)], &args[i])) return;
  }
  without_exceptions(st, [&] {
    std::vector<TypeId> types;
    std::vector<uint64_t> kinds;
    for (int i = 0; i < extra; ++i) {
      types.push_back(shape->types[static_cast<size_t>(i)]->id);
      kinds.push_back(uint64_t{types.back()} << 8 | static_cast<uint64_t>(args[i].kind));
      kinds.push_back(uint64_t{args[i].same} << 32 | uint64_t{args[i].object});
    }
    // One that there is already did not take a value of its kind, a NULL object for example.
    const auto [at, is_new] = thunk->shapes.try_emplace(std::move(kinds));
    if (!is_new) return false;
    const void** next = &record->targets[thunk->shapes.size()];
    Result<call::CodeBlock> code = Error{"no thunk for this shape"};
    if (auto plan = abi::plan_call(*st->types, record->type->id, types); plan && call::can_make_thunk(*plan)) {
      call::ThunkSpec spec = spec_of(st, thunk, *plan, record);
      spec.args.insert(spec.args.end(), args, args + extra);
      spec.next = next;
      code = call::make_thunk(st->thunks.table->host, spec);
    }
    if (!code) {
      thunk->shapes.erase(at);
      return false;
    }
    at->second = {*code, std::move(types), {args, args + extra}};
    thunk->fruitless = 0;
    *next = record->targets[0];
    record->targets[0] = code->address;
    if (traced(Topic::code)) trace_code(st, *thunk, "one shape of a variadic call", *code);
    return true;
  });
}

void teach_thunk(lua_State* L, State* st, Thunk* thunk, int first) {
  const bool told = traced(Topic::learn);
  if (told) trace_slow_call(L, st, *thunk, first);
  const int given = lua_gettop(L) - first + 1;
  luaL_checkstack(L, 4, nullptr);
  for (int i = 0; i < given && static_cast<size_t>(i) < thunk->params.size(); ++i) {
    TypeInfo* info = thunk->params[static_cast<size_t>(i)];
    if (info->rep != Rep::pointer) continue;
    if (lua_type(L, first + i) == LUA_TFUNCTION) {
      if (is_scoped(st, *thunk, static_cast<size_t>(i))) continue;  // has another address in each call
      if (const void* address = known_callback(L, st, base_of(st, info), first + i)) {
        lua_pushvalue(L, first + i);
        thunk->callbacks[static_cast<size_t>(i)] = {lua_topointer(L, -1), address, kind_of_top(L, st)};
        lua_pop(L, 1);
        if (told) trace(Topic::learn, "%s: argument %d takes this function from now on", thunk_name(st, *thunk), i + 1);
      }
      continue;
    }
    CData* cd = to_cdata(L, st, first + i);
    if (cd == nullptr) continue;
    const TypeInfo* source = info_of(st, cd->type);
    void* value;
    TypeId pointee;
    if (source->rep == Rep::reference || !pointer_value(st, cd, &value, &pointee) || value != cd->data) continue;
    // A pointer to a whole array has rules of its own.
    if (source->rep == Rep::array && base_of(st, info)->kind == Kind::array) continue;
    if (!pointer_compatible(st, info->base_id, pointee, Qualifiers::kept)) continue;
    thunk->cells[static_cast<size_t>(i)] = cd->type;
    if (told) {
      trace(Topic::learn, "%s: argument %d takes '%s' from now on", thunk_name(st, *thunk), i + 1,
            type_name(st, cd->type));
    }
  }
}

}  // namespace ferry::lua
#endif
