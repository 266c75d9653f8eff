// Variadic calls: the C type of each extra argument (SEMANTICS: default promotions of what the Lua value is, or what a
// printf format asks for), and the cached invoker for that list of types.
#include "lua/calls/varargs.h"

#include "base/compiler.h"
#include "lua/calls/call_info.h"
#include "lua/calls/printf_args.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/source.h"

namespace ferry::lua {

namespace {

// C 6.5.2.2p6: integer promotions, float to double, but neither _Float16 nor __bf16; arrays and functions decay.
// Structs and unions, too, as in LuaJIT: by value only where their type was said.
TypeInfo* promoted(State* st, TypeInfo* info) {
  switch (info->rep) {
    case Rep::boolean:
    case Rep::i8:
    case Rep::u8:
    case Rep::i16:
    case Rep::u16:
      return info_of(st, Scalar::int32);
    case Rep::f32:
      return info_of(st, Scalar::float64);
    case Rep::array:
      return info_of(st, st->types->pointer_to(info->base_id));
    case Rep::function:
    case Rep::record:
      return info_of(st, st->types->pointer_to(info->id));
    case Rep::reference:
      return promoted(st, base_of(st, info));
    default:
      return is_opaque(*info) ? info_of(st, st->types->pointer_to(info->id)) : info;
  }
}

TypeInfo* string_pointer(State* st) {
  return info_of(st, st->types->pointer_to(st->types->qualified(scalar_type(Scalar::char_), kConst)));
}

TypeInfo* number_type(lua_State* L, State* st, int idx) {
  int64_t value;
  if (is_integer_subtype(L, idx) && exact_integer(L, idx, &value)) {
    return info_of(st, value >= INT32_MIN && value <= INT32_MAX ? Scalar::int32 : Scalar::int64);
  }
  return info_of(st, Scalar::float64);
}

TypeInfo* natural_type(lua_State* L, State* st, int idx, int number, const char* name) {
  const Source from = classify(L, st, idx);
  switch (from.kind) {
    case Source::Kind::number:
      return number_type(L, st, idx);
    case Source::Kind::boolean:
      return info_of(st, Scalar::int32);
    case Source::Kind::string:
      return string_pointer(st);
    case Source::Kind::nil:
    case Source::Kind::light:
    case Source::Kind::userdata:
      return void_pointer(st);
    case Source::Kind::cdata:
      return promoted(st, info_of(st, from.cdata->type));
    case Source::Kind::c_function:
      return info_of(st, st->types->pointer_to(from.info->id));
    default:
      break;
  }
  const char* kind = describe_value(L, st, idx);
  without_exceptions(st, [&] {
    st->errors.message =
        std::string("cannot pass '") + kind + "' behind '...': it has no C type of its own (ffi.cast says which)";
    return true;
  });
  raise_at(L, st, Place{Place::Kind::argument, number, name, kNoType});
}

bool same_types(const VarargShape& shape, TypeInfo* const* types, int count) {
  if (shape.types.size() != static_cast<size_t>(count)) return false;
  for (int i = 0; i < count; ++i) {
    if (shape.types[static_cast<size_t>(i)] != types[i]) return false;
  }
  return true;
}

// The function of a call, for messages; the name may be null.
struct Called {
  TypeInfo* type;
  const char* name;
};

// False: st->errors.message.
bool fill(State* st, const Called& called, TypeInfo* const* types, int count, VarargShape* shape) {
  std::vector<TypeId> ids;
  ids.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) ids.push_back(types[i]->id);
  auto invoker = st->backend->make_invoker(*st->types, called.type->id, ids);
  if (!invoker) {
    st->errors.message = uncallable(st, called.type, called.name, invoker.message());
    return false;
  }
  shape->types.assign(types, types + count);
  shape->owned = std::move(*invoker);
  shape->invoker = shape->owned.get();
  return true;
}

using Shapes = std::vector<std::unique_ptr<VarargShape>>;

const VarargShape* find(const Shapes& shapes, TypeInfo* const* types, int count) {
  for (const auto& shape : shapes) {
    if (same_types(*shape, types, count)) return shape.get();
  }
  return nullptr;
}

// One that is kept. Null: st->errors.message.
VarargShape* keep_shape(State* st, Shapes& shapes, const Called& called, TypeInfo* const* types, int count) {
  VarargShape* made = nullptr;
  without_exceptions(st, [&] {
    auto shape = std::make_unique<VarargShape>();
    if (!fill(st, called, types, count, shape.get())) return false;
    shapes.push_back(std::move(shape));
    made = shapes.back().get();
    return true;
  });
  return made;
}

int shape_gc(lua_State* L) {
  auto** shape = static_cast<VarargShape**>(lua_touserdata(L, 1));
  if (shape == nullptr) return 0;
  delete *shape;
  *shape = nullptr;
  return 0;
}

// One for this call only: pushes the userdata that owns it. Null: st->errors.message.
VarargShape* push_shape(lua_State* L, State* st, const Called& called, TypeInfo* const* types, int count) {
  luaL_checkstack(L, 3, nullptr);
  auto** owner = static_cast<VarargShape**>(new_userdata(L, sizeof(VarargShape*)));
  *owner = nullptr;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->calls.shape_metatable);
  lua_setmetatable(L, -2);
  const bool ok = without_exceptions(st, [&] {
    auto shape = std::make_unique<VarargShape>();
    if (!fill(st, called, types, count, shape.get())) return false;
    *owner = shape.release();
    return true;
  });
  return ok ? *owner : nullptr;
}

}  // namespace

void make_shape_metatable(lua_State* L, State* st) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, shape_gc);
  lua_setfield(L, -2, "__gc");
  st->calls.shape_metatable = add_reference(L);
}

const VarargShape* vararg_shape(lua_State* L, State* st, TypeInfo* type, const char* name, int first, int extra) {
  if (extra > kMaxVarargs)
    raise(L, "too many arguments for '%s' (at most %d behind '...')", name ? name : "?", kMaxVarargs);
  CallInfo* info = type->call;
  const int fixed = static_cast<int>(info->params.size());
  auto** types = static_cast<TypeInfo**>(FERRY_ALLOCA(sizeof(TypeInfo*) * static_cast<size_t>(extra)));
  for (int i = 0; i < extra; ++i) {
    types[i] = natural_type(L, st, first + fixed + i, fixed + i + 1, name);
  }
  apply_format(L, st, info->format, name, first, fixed, types, extra);
  if (extra == 0) return nullptr;
  if (const VarargShape* known = find(info->shapes, types, extra)) return known;
  const VarargShape* shape = info->shapes.size() < kMaxShapes ? keep_shape(st, info->shapes, {type, name}, types, extra)
                                                              : push_shape(L, st, {type, name}, types, extra);
  if (shape == nullptr) raise_error(L, st);
  return shape;
}

TypeInfo* declared_vararg(State* st, TypeInfo* info) {
  return info->rep == Rep::record || is_opaque(*info) ? info : promoted(st, info);
}

const VarargShape* declared_shape(lua_State* L, State* st, TypeInfo* type, const char* name, TypeInfo* const* types,
                                  int count) {
  CallInfo* info = call_info_of(L, st, type, name);
  if (const VarargShape* known = find(info->declared, types, count)) return known;
  const VarargShape* shape = keep_shape(st, info->declared, {type, name}, types, count);
  if (shape == nullptr) raise_error(L, st);
  return shape;
}

}  // namespace ferry::lua
