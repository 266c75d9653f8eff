// What FERRY_TRACE=learn says of a call that left its thunk. Asks the same questions as emitted code, and changes
// nothing.
#include "call/host.h"

#if defined(FERRY_NATIVE)
#include "lua/calls/thunk_table.h"
#include "lua/host/trace.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/source.h"

namespace ferry::lua {

namespace {

// Why the value at idx is none that the thunk's code takes for parameter `i`; null: it does take it.
const char* reason(lua_State* L, State* st, const Thunk& thunk, size_t i, int idx) {
  TypeInfo* info = thunk.params[i];
  const int type = lua_type(L, idx);
  switch (thunk_kind(info->rep)) {
    case call::ThunkKind::other:
      return nullptr;  // converted on the way by a function
    case call::ThunkKind::boolean:
      return type == LUA_TBOOLEAN ? nullptr : "only booleans are read by native code";
    case call::ThunkKind::record: {
      const CData* cd = type == LUA_TUSERDATA ? to_cdata(L, st, idx) : nullptr;
      if (cd == nullptr) return "only objects of the type are read by native code";
      if (cd->type != (*st->types)[info->id].canonical) return "an object of another type, or a reference";
      return cd->data == nullptr ? "a NULL object" : nullptr;
    }
    case call::ThunkKind::pointer:
      break;
    default:
      if (type == LUA_TNUMBER) return nullptr;
      return "only numbers are read by native code";
  }
  const std::vector<Param>& declared = st->types->function(thunk.type->id).params;
  const bool nonnull = i < declared.size() && (declared[i].marks & kNonnull) != 0;
  if (nonnull && (type == LUA_TNIL || (type == LUA_TLIGHTUSERDATA && lua_touserdata(L, idx) == nullptr))) {
    return "NULL for a pointer that is declared nonnull";
  }
  if (type == LUA_TNIL || type == LUA_TLIGHTUSERDATA) return nullptr;
  if (type == LUA_TSTRING) {
    constexpr size_t kMaxShort = 40;  // Lua's LUAI_MAXSHORTLEN, from 5.2 on
    if (st->stack.valid && raw_length(L, idx) > kMaxShort) return "a long string is not read from Lua's stack directly";
    return takes_string(st, info) ? nullptr : "a string for a pointer that is not const, or not to bytes";
  }
  if (type == LUA_TFUNCTION) return "a function that is not known as a callback yet";
  if (type != LUA_TUSERDATA) return "no pointer";
  const CData* cd = to_cdata(L, st, idx);
  if (cd == nullptr) return "not a cdata";
  if (nonnull && cd->data == nullptr) return "NULL for a pointer that is declared nonnull";
  if (cd->type == info->id || cd->type == thunk.cells[i]) return nullptr;
  const Type& to = (*st->types)[info->base_id];
  if (cd->type == to.canonical && (to.kind == Kind::structure || to.kind == Kind::union_)) {
    return cd->data == nullptr ? "a NULL object" : nullptr;
  }
  return "another type than in the calls before";
}

}  // namespace

const char* thunk_name(State* st, const Thunk& thunk) {
  return thunk.name != kNoName ? st->types->name(thunk.name).data() : type_name(st, thunk.type->id);
}

void trace_code(State* st, const Thunk& thunk, const char* what, const call::CodeBlock& code) {
  trace(Topic::code, "%s: %u bytes at " FERRY_ADDRESS ", %s", thunk_name(st, thunk), code.bytes,
        address_number(code.address), what);
}

void trace_slow_call(lua_State* L, State* st, const Thunk& thunk, int first) {
  const int given = lua_gettop(L) - first + 1;
  const auto fixed = static_cast<int>(thunk.params.size());
  if (given != fixed && (given < fixed || !thunk.variadic)) {
    trace(Topic::learn, "%s: %d arguments for %d", thunk_name(st, thunk), given, fixed);
    return;
  }
  for (int i = 0; i < fixed; ++i) {
    const char* why = reason(L, st, thunk, static_cast<size_t>(i), first + i);
    if (why == nullptr) continue;
    trace(Topic::learn, "%s: argument %d ('%s' for '%s'): %s", thunk_name(st, thunk), i + 1,
          describe_value(L, st, first + i), type_name(st, thunk.params[static_cast<size_t>(i)]->id), why);
    return;
  }
  trace(Topic::learn, "%s: %s", thunk_name(st, thunk),
        thunk.variadic ? "no native code for arguments of these kinds behind `...` yet"
                       : "a value that native code does not convert");
}

}  // namespace ferry::lua
#endif
