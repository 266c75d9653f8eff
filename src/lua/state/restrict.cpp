// What a restricted state may do (restrict.h). api/restrict.cpp sets it.
#include "lua/state/restrict.h"

#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

bool is_left(const AllowList& list, std::string_view name) {
  return !list || list->find(name) != list->end();
}

}  // namespace

void require_declarations(lua_State* L, const State* st, const char* what) {
  if (declarations_are_restricted(st)) raise(L, "%s is not allowed: ferry.restrict has ended declarations", what);
}

void require_type_text(lua_State* L, const State* st, std::string_view text) {
  if (!declarations_are_restricted(st)) return;
  for (const std::string_view directive : {"#", "%:"}) {
    if (text.find(directive) != text.npos) require_declarations(L, st, "a directive");
  }
}

void require_callbacks(lua_State* L, const State* st, const char* what) {
  if (callbacks_are_restricted(st)) raise(L, "%s is not allowed: ferry.restrict has ended callbacks", what);
}

void require_casts(lua_State* L, const State* st, const char* what) {
  if (casts_are_restricted(st)) raise(L, "%s is not allowed: ferry.restrict has ended casts", what);
}

void require_library(lua_State* L, const State* st, std::string_view name) {
  if (st->restrictions == nullptr || is_left(st->restrictions->libraries, name)) return;
  raise(L, "library '%s' is not allowed: ferry.restrict has not left it", lua_tostring(L, 1));
}

bool is_symbol_left(const State* st, std::string_view link_name) {
  return st->restrictions == nullptr || is_left(st->restrictions->symbols, link_name);
}

void require_symbol(lua_State* L, const State* st, const char* link_name) {
  if (is_symbol_left(st, link_name)) return;
  raise(L, "symbol '%s' is not allowed: ferry.restrict has not left it", link_name);
}

bool holds_pointers(State* st, TypeInfo* info) {
  switch (info->rep) {
    case Rep::pointer:
    case Rep::reference:
      return true;
    case Rep::array:
      return holds_pointers(st, base_of(st, info));
    case Rep::record: {
      for (const Field& f : st->types->record(info->id).fields) {
        if (holds_pointers(st, info_of(st, f.type))) return true;
      }
      return false;
    }
    default:
      return false;
  }
}

bool mixes_pointers(State* st, TypeInfo* info) {
  if (info->rep != Rep::record) return false;
  const Record& r = st->types->record(info->id);
  if (!r.is_union || r.fields.empty() || !holds_pointers(st, info)) return false;
  for (const Field& f : r.fields) {
    if (!is_same_type(*st->types, r.fields[0].type, f.type)) return true;
  }
  return false;
}

namespace {

bool is_same_function(const TypeTable& types, TypeId a, TypeId b) {
  const Function& f = types.function(a);
  const Function& g = types.function(b);
  if (!is_same_type(types, f.result, g.result) || f.params.size() != g.params.size()) return false;
  for (size_t i = 0; i < f.params.size(); ++i) {
    if (!is_same_type(types, f.params[i].type, g.params[i].type)) return false;
  }
  return true;
}

}  // namespace

bool is_same_type(const TypeTable& types, TypeId a, TypeId b) {
  for (bool within = false; a != b;) {
    const Type& t = types[a];
    const Type& u = types[b];
    if (t.canonical != u.canonical) return false;
    constexpr uint8_t kQuals = kConst | kVolatile;
    if (within && (t.quals & kQuals) != (u.quals & kQuals)) return false;
    if (t.kind == Kind::function) return is_same_function(types, a, b);
    if (t.kind != Kind::pointer && t.kind != Kind::reference && t.kind != Kind::array) return true;
    within = within || t.kind != Kind::array;
    a = t.base;
    b = u.base;
  }
  return true;
}

}  // namespace ferry::lua
