// Makes the run-time form of function types (call_info.h).
#include "lua/calls/call_info.h"

#include <algorithm>
#include <new>

#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

bool build(State* st, TypeInfo* type, const char* name, CallInfo* info) {
  return without_exceptions(st, [&] {
    const Function& f = st->types->function(type->id);
    info->variadic = f.variadic;
    info->format = f.format;
    info->blocking = f.blocking;
    auto invoker = st->backend->make_invoker(*st->types, type->id, {});
    if (!invoker) {
      st->errors.message = uncallable(st, type, name, invoker.message());
      return false;
    }
    info->invoker = std::move(*invoker);
    info->result = info_of(st, f.result);
    for (const Param& param : f.params) info->params.push_back(info_of(st, param.type));
    if (std::any_of(f.params.begin(), f.params.end(), [](const Param& param) { return param.marks != 0; })) {
      for (const Param& param : f.params) info->marks.push_back(param.marks);
    }
    return true;
  });
}

}  // namespace

std::string uncallable(State* st, const TypeInfo* type, const char* name, const std::string& why) {
  return "'" + shown_name(st, type->id, name == nullptr ? "" : name) + "' cannot be called: " + why;
}

CallInfo* call_info_of(lua_State* L, State* st, TypeInfo* type, const char* name) {
  if (type->call != nullptr) return type->call;
  auto* info = new (std::nothrow) CallInfo;
  if (info == nullptr) raise(L, "not enough memory");
  if (!build(st, type, name, info)) {
    delete info;
    raise_error(L, st);
  }
  type->call = info;
  return info;
}

void free_call_info(CallInfo* info) {
  delete info;
}

}  // namespace ferry::lua
