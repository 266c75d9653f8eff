// ffi.debug: what is known of everything, or how one thing is called.
#include <cstdio>

#include "cparse/macros.h"
#include "lua/api/fields.h"
#include "lua/api/functions.h"
#include "lua/calls/callback.h"
#include "lua/calls/code_text.h"
#include "lua/calls/queue.h"
#include "lua/calls/thunks.h"
#include "lua/host/stack_probe.h"
#include "lua/objects/ctype_arg.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/from_c.h"
#include "lua/values/read.h"

namespace ferry::lua {

namespace {

struct DebugTables {
  lua_State* L;
  State* st;
  int functions, types, constants;
};

void add_symbol(void* context, const Symbol& symbol) {
  const auto& d = *static_cast<DebugTables*>(context);
  const std::string_view name = d.st->types->name(symbol.name);
  int table = d.constants;
  switch (symbol.kind) {
    case Symbol::Kind::function:
      push_ctype(d.L, d.st, d.st->types->pointer_to(symbol.type));
      table = d.functions;
      break;
    case Symbol::Kind::variable:
      return;
    case Symbol::Kind::type_name:
      push_ctype(d.L, d.st, symbol.type);
      table = d.types;
      break;
    case Symbol::Kind::constant:
      push_constant(d.L, d.st, symbol.constant);
      break;
    default:
      return;
  }
  lua_setfield(d.L, table, name.data());
}

const char* kind_name(const TypeInfo* info) {
  switch (info->kind) {
    case Kind::structure:
      return "struct";
    case Kind::union_:
      return "union";
    case Kind::array:
      return "array";
    case Kind::pointer:
      return "pointer";
    case Kind::reference:
      return "reference";
    case Kind::enumeration:
      return "enum";
    default:
      return info->rep == Rep::none ? "void" : "scalar";
  }
}

// `type`, and `address` where there is one.
void set_subject(lua_State* L, State* st, const char* kind, TypeId type, const void* address) {
  set_text(L, "kind", kind);
  push_ctype(L, st, type);
  lua_setfield(L, -2, "type");
  if (address == nullptr) return;
  char text[32];
  std::snprintf(text, sizeof text, FERRY_ADDRESS, address_number(address));
  set_text(L, "address", text);
}

void set_queue(lua_State* L, State* st, const void* address) {
  const QueueUse use = queue_use(st, address);
  if (use.size == 0) return;
  lua_createtable(L, 0, 3);
  push_small_integer(L, use.size);
  lua_setfield(L, -2, "size");
  push_small_integer(L, use.used);
  lua_setfield(L, -2, "used");
  push_small_integer(L, static_cast<int64_t>(use.dropped));
  lua_setfield(L, -2, "dropped");
  lua_setfield(L, -2, "queue");
}

// The function type that a pointer or a function type stands for; null: another type.
TypeInfo* function_of(State* st, TypeInfo* info) {
  if (info->rep == Rep::function) return info;
  if (info->rep != Rep::pointer && info->rep != Rep::reference) return nullptr;
  TypeInfo* to = base_of(st, info);
  return to->rep == Rep::function ? to : nullptr;
}

// The table of one function, callback, cdata or ctype at index 1.
int debug_one(lua_State* L, State* st) {
  luaL_checkstack(L, 10, nullptr);
  lua_settop(L, 1);
  lua_createtable(L, 0, 8);
  const std::string_view backend = st->backend->name();
  lua_pushlstring(L, backend.data(), backend.size());
  lua_setfield(L, 2, "backend");
  if (lua_isfunction(L, 1)) {
    FunctionRecord* record = function_record(L, 1);
    if (record == nullptr || record->st != st) raise_argument(L, 1, "a C function, a cdata or a ctype expected");
    set_subject(L, st, "function", record->type->id, reinterpret_cast<const void*>(record->address));
    set_text(L, "name", st->types->name(record->name));
    set_call_text(L, st, record->type, record);
    return 1;
  }
  CData* cd = to_ctype(L, st, 1) == nullptr ? to_cdata(L, st, 1) : nullptr;
  TypeInfo* info = info_of(st, check_ctype(L, st, 1));
  TypeInfo* fn = function_of(st, info);
  if (fn == nullptr) {
    set_subject(L, st, kind_name(info), info->id, nullptr);
    set_value_text(L, st, info);
    return 1;
  }
  void* address = nullptr;
  TypeId pointee;
  if (cd != nullptr && !pointer_value(st, cd, &address, &pointee)) address = nullptr;
  TypeInfo* callback = address != nullptr ? callback_at(st, address) : nullptr;
  if (callback != nullptr) {
    set_subject(L, st, "callback", callback->id, address);
    set_callback_text(L, st, callback);
    set_queue(L, st, address);
    return 1;
  }
  set_subject(L, st, cd != nullptr ? "function pointer" : "function type", fn->id, address);
  set_call_text(L, st, fn, nullptr);
  lua_createtable(L, 0, 4);
  set_callback_text(L, st, fn);
  lua_setfield(L, -2, "callback");
  return 1;
}

void add_macro(void* context, cpreproc::MacroId, const cpreproc::Macro& macro) {
  const auto& d = *static_cast<DebugTables*>(context);
  if (macro.predefined || macro.function_like) return;
  cparse::MacroValue value;
  without_exceptions(d.st, [&] {
    value = d.st->macros->value(*d.st->types, macro.name);
    return true;
  });
  if (value.kind != cparse::MacroValue::Kind::constant) return;
  lua_pushlstring(d.L, macro.name.data(), macro.name.size());
  push_constant(d.L, d.st, value.constant);
  lua_rawset(d.L, d.constants);
}

// Pushes what is not at work, and why: back ends by name, and "direct stack access".
void push_what_is_off(lua_State* L, State* st) {
  lua_newtable(L);
  if (!st->stack.valid) {
    lua_pushstring(L, why_no_direct_stack());
    lua_setfield(L, -2, "direct stack access");
  }
  for (const std::string_view name : call::kBackendNames) {
    if (!without_exceptions(st, [&] {
          st->errors.message = call::why_no_backend(name);
          return true;
        })) {
      raise_error(L, st);
    }
    if (st->errors.message.empty()) continue;
    lua_pushlstring(L, name.data(), name.size());
    lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
    lua_rawset(L, -3);
  }
}

}  // namespace

int l_debug(lua_State* L) {
  State* st = open_call(L);
  if (!lua_isnoneornil(L, 1)) return debug_one(L, st);
  luaL_checkstack(L, 12, nullptr);
  lua_settop(L, 0);
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  DebugTables tables{L, st, 2, 3, 4};
  st->types->declare_waiting();
  st->macros->state().macros().for_each(add_macro, &tables);
  st->types->for_each_symbol(add_symbol, &tables);
  lua_pushvalue(L, 2);
  lua_setfield(L, 1, "functions");
  lua_pushvalue(L, 3);
  lua_setfield(L, 1, "types");
  lua_pushvalue(L, 4);
  lua_setfield(L, 1, "constants");
  lua_newtable(L);
  for (const char* property : {"64bit", "32bit", "le", "be", "fpu", "hardfp", "softfp", "win", "eabi"}) {
    push_function(L, st, l_abi);
    lua_pushstring(L, property);
    lua_call(L, 1, 1);
    lua_setfield(L, -2, property);
  }
  lua_setfield(L, 1, "abi");
  push_small_integer(L, static_cast<int64_t>(callback_count(st)));
  lua_newtable(L);
  lua_insert(L, -2);
  lua_setfield(L, -2, "count");
  lua_setfield(L, 1, "callbacks");
  lua_pushboolean(L, st->check != nullptr);
  lua_setfield(L, 1, "checks");
  push_code_usage(L, st);
  lua_setfield(L, 1, "code");
  push_what_is_off(L, st);
  lua_setfield(L, 1, "off");
  const Target& target = host_target();
  lua_createtable(L, 0, 2);
  lua_pushlstring(L, target.name.data(), target.name.size());
  lua_setfield(L, -2, "target");
  if (!target.tested.empty()) {
    lua_pushlstring(L, target.tested.data(), target.tested.size());
    lua_setfield(L, -2, "tested");
  }
  lua_setfield(L, 1, "port");
  lua_newtable(L);
  push_small_integer(L, lua_gc(L, LUA_GCCOUNT, 0));
  lua_setfield(L, -2, "count");
  lua_setfield(L, 1, "gc");
  lua_settop(L, 1);
  return 1;
}

}  // namespace ferry::lua
