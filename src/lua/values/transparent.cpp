// Arguments for transparent unions (transparent.h).
#include "lua/values/transparent.h"

#include "lua/state/restrict.h"
#include "lua/values/from_c.h"

namespace ferry::lua {

namespace {

// Whether the value converts to a scalar or pointer type; asked before, because a conversion that fails raises.
bool accepts(State* st, TypeInfo* info, const Source& from) {
  const bool pointer = info->rep == Rep::pointer;
  switch (from.kind) {
    case Source::Kind::number:
      return info->rep >= Rep::i8 && info->rep <= Rep::f64;
    case Source::Kind::boolean:
      return info->rep == Rep::boolean;
    case Source::Kind::nil:
    case Source::Kind::light:
      return pointer;
    case Source::Kind::string:
      return pointer && takes_string(st, info);
    case Source::Kind::c_function:
    case Source::Kind::function:
      return is_function_pointer(st, info);
    case Source::Kind::userdata:
      return pointer && base_of(st, info)->kind == Kind::void_;
    case Source::Kind::cdata: {
      void* value;
      TypeId pointee;
      if (!pointer_value(from.info, from.address, &value, &pointee)) return !pointer && is_native_rep(from.info->rep);
      return pointer && pointer_compatible(st, info->base_id, pointee, Qualifiers::kept);
    }
    default:
      return false;
  }
}

// Whether the value is an object of the record type itself.
bool is_object_of(lua_State* L, State* st, const TypeInfo* record, const Source& from) {
  if (from.kind != Source::Kind::cdata) return false;
  require_object(L, st, from);
  return (*st->types)[from.info->id].canonical == (*st->types)[record->id].canonical;
}

}  // namespace

bool write_transparent(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place,
                       const TargetOwner& keep, unsigned mode) {
  const Record& r = st->types->record(info->id);
  if (!r.attributes.transparent_union || is_object_of(L, st, info, from)) return false;
  for (const Field& f : r.fields) {
    TypeInfo* member = info_of(st, f.type);
    if (!accepts(st, member, from)) continue;
    if (casts_are_restricted(st) && mixes_pointers(st, info) && member->rep != Rep::pointer) continue;
    std::memset(address, 0, static_cast<size_t>(info->size));
    write_any(L, st, member, address, from, place, keep, mode);
    return true;
  }
  return false;
}

}  // namespace ferry::lua
