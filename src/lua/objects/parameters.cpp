// `$` parameters of C texts (parameters.h).
#include "lua/objects/parameters.h"

#include <new>

#include "base/compiler.h"
#include "cparse/macros.h"
#include "cparse/parser.h"
#include "lua/state/foreign.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/numbers.h"
#include "lua/values/strict.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// A text with more `$` than this is refused by the parser for want of substitutes.
constexpr int kMaxParameters = 250;

// Fills one substitute from the Lua value at idx. Strings are borrowed: they stay on the stack.
void fill(lua_State* L, State* st, int idx, cparse::Substitute* out) {
  using Kind = cparse::Substitute::Kind;
  switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
      out->kind = Kind::integer;
      if (st->strict) require_whole(L, st, idx, "number for '$':");
      out->integer = integer_at(L, idx, 8);
      return;
    case LUA_TSTRING: {
      size_t length;
      const char* text = lua_tolstring(L, idx, &length);
      out->kind = Kind::name;
      out->name = {text, length};
      return;
    }
    case LUA_TUSERDATA:
      if (CData* ct = to_ctype(L, st, idx)) {
        out->kind = Kind::type;
        out->type = ct->type;
        return;
      }
      if (CData* cd = to_cdata(L, st, idx)) {
        TypeInfo* info = resolved_type(st, cd);
        if (info->rep >= Rep::boolean && info->rep <= Rep::u64) {
          const void* at = resolve(L, st, cd, &info);
          out->kind = Kind::integer;
          out->integer = load_int(at, info->size, (info->type_flags & kUnsigned) != 0);
        } else {
          out->kind = Kind::type;
          out->type = info->id;
        }
        return;
      }
      break;
    default:
      break;
  }
  raise_argument(L, idx, "a type, name or number expected for '$', got %s", describe_value(L, st, idx));
}

// The substitutes lie on the C stack of the caller (`out`). Only those that there are get made: mostly none.
int collect(lua_State* L, State* st, int first, cparse::Substitute* out) {
  int count = 0;
  for (int i = first; first != 0 && i <= lua_gettop(L) && count < kMaxParameters; ++i) {
    // Surplus arguments of cdef and typeof are ignored, whatever they are.
    const int type = lua_type(L, i);
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TUSERDATA) break;
    if (type == LUA_TUSERDATA && to_ctype(L, st, i) == nullptr && to_cdata(L, st, i) == nullptr &&
        to_foreign_type(L, st, i) == nullptr)  // which fill() refuses
      break;
    fill(L, st, i, new (&out[count++]) cparse::Substitute);
  }
  return count;
}

}  // namespace

bool parse_type_text(lua_State* L, State* st, std::string_view text, int first, int* used, TypeId* out) {
  auto* substitutes = static_cast<cparse::Substitute*>(FERRY_ALLOCA(sizeof(cparse::Substitute) * kMaxParameters));
  const int count = collect(L, st, first, substitutes);
  require_type_text(L, st, text);
  os::find_stack();
  return without_exceptions(st, [&] {
    size_t consumed = 0;
    cparse::Input input(text, {substitutes, static_cast<size_t>(count)}, &consumed);
    input.macros = &st->macros->state();
    input.closed = declarations_are_restricted(st);
    auto parsed = cparse::parse_type(*st->types, input);
    if (!parsed) {
      st->errors.message = parsed.message();
      return false;
    }
    if (used != nullptr) *used = static_cast<int>(consumed);
    *out = *parsed;
    return true;
  });
}

bool parse_cdef_text(lua_State* L, State* st, std::string_view text, int first, int* used) {
  luaL_checkstack(L, 2, nullptr);
  size_t place_length;
  auto* substitutes = static_cast<cparse::Substitute*>(FERRY_ALLOCA(sizeof(cparse::Substitute) * kMaxParameters));
  const int count = collect(L, st, first, substitutes);
  push_where(L);  // behind the arguments
  const char* place = lua_tolstring(L, -1, &place_length);
  os::find_stack();
  const bool ok = without_exceptions(st, [&] {
    size_t consumed = 0;
    cparse::Input input(text, {substitutes, static_cast<size_t>(count)}, &consumed);
    input.macros = &st->macros->state();
    input.place = {place, place_length};
    input.strict = st->strict;
    auto parsed = cparse::parse_declarations(*st->types, input);
    if (!parsed) {
      st->errors.message = parsed.message();
      return false;
    }
    if (used != nullptr) *used = static_cast<int>(consumed);
    return true;
  });
  lua_pop(L, 1);
  return ok;
}

}  // namespace ferry::lua
