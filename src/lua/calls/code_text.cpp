// Texts for ffi.debug (code_text.h). They are composed in State::errors.message, as nothing with a destructor may be
// alive where Lua can raise.
#include "lua/calls/code_text.h"

#include "abi/registry.h"
#include "base/compiler.h"
#include "lua/calls/c_function.h"
#include "lua/calls/call_info.h"
#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// Sets a field of the table on top to State::errors.message.
void set_text(lua_State* L, State* st, const char* field) {
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  lua_setfield(L, -2, field);
}

// `plan` and `abi` of a call with these extra types. An error is the plan's text: it says why there is none.
void set_plan(lua_State* L, State* st, TypeInfo* fn, std::span<const TypeId> extra) {
  std::string_view abi;
  without_exceptions(st, [&] {
    auto plan = abi::plan_call(*st->types, fn->id, extra);
    if (plan) abi = abi::info(plan->abi).name;
    st->errors.message = plan ? abi::describe(*plan) : plan.message();
    return true;
  });
  set_text(L, st, "plan");
  if (abi.empty()) return;
  lua_pushlstring(L, abi.data(), abi.size());
  lua_setfield(L, -2, "abi");
}

// `code` and `bytes`, or `no_code`: `made` says which of them State::errors.message is.
void set_code(lua_State* L, State* st, bool made, size_t bytes) {
  set_text(L, st, made ? "code" : "no_code");
  if (!made) return;
  push_small_integer(L, static_cast<int64_t>(bytes));
  lua_setfield(L, -2, "bytes");
}

}  // namespace

void set_call_text(lua_State* L, State* st, TypeInfo* fn, FunctionRecord* record) {
  luaL_checkstack(L, 6, nullptr);
  const VarargShape* declared = record != nullptr ? record->declared : nullptr;
  const size_t extra = declared != nullptr ? declared->types.size() : 0;
  auto* types = static_cast<TypeId*>(FERRY_ALLOCA(sizeof(TypeId) * (extra + 1)));
  for (size_t i = 0; i < extra; ++i) types[i] = declared->types[i]->id;
  set_plan(L, st, fn, {types, extra});
  size_t bytes = 0;
  const bool made = thunk_text(st, fn, record, &bytes);
  set_code(L, st, made, bytes);
  const size_t shapes = record != nullptr ? shape_count(record->thunk) : 0;
  if (shapes == 0) return;
  lua_createtable(L, static_cast<int>(shapes), 0);
  for (size_t i = 0; i < shapes; ++i) {
    lua_createtable(L, 0, 4);
    set_plan(L, st, fn, shape_types(record->thunk, i));
    const bool shape_made = shape_text(st, record, i, &bytes);
    set_code(L, st, shape_made, bytes);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "shapes");
}

void set_callback_text(lua_State* L, State* st, TypeInfo* fn) {
  luaL_checkstack(L, 4, nullptr);
  set_plan(L, st, fn, {});
  size_t bytes = 0;
  const bool made = callback_text(st, fn, &bytes);
  set_code(L, st, made, bytes);
  if (made && callback_entry_text(st, fn)) set_text(L, st, "entry");
}

void set_value_text(lua_State* L, State* st, TypeInfo* info) {
  luaL_checkstack(L, 4, nullptr);
  if (info->kind == Kind::function) return;
  for (const bool as_result : {false, true}) {
    without_exceptions(st, [&] {
      auto plan = abi::plan_value(*st->types, info->id, CallConv::c, as_result);
      st->errors.message = plan ? abi::describe(*plan) : plan.message();
      // "ARGUMENT -> void", or "-> RESULT".
      constexpr std::string_view kArrow = "-> ";
      const size_t arrow = plan ? st->errors.message.find(kArrow) : std::string::npos;
      if (arrow == std::string::npos) return true;
      if (as_result) {
        st->errors.message.erase(0, arrow + kArrow.size());
      } else {
        st->errors.message.erase(arrow == 0 ? 0 : arrow - 1);
      }
      return true;
    });
    set_text(L, st, as_result ? "as_result" : "as_argument");
  }
}

}  // namespace ferry::lua
