// What thunks are told of this Lua, of Ferry's structures and of the host; and the functions that they call.
#include "lua/calls/c_function.h"
#include "lua/calls/call.h"
#include "lua/calls/callback.h"
#include "lua/calls/exceptions.h"
#include "lua/calls/settle.h"
#include "lua/host/pointer_set.h"
#include "lua/values/read.h"

#if defined(FERRY_NATIVE)
#include <cstddef>
#include <cstring>

#include "base/round.h"
#include "call/unwind.h"
#include "lua/calls/thunk_table.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// --- what thunks call ---------------------------------------------------------------------------------------------

// Of a full userdata. Uses a stack slot above the arguments, of those that every C function has.
CData* find_cdata(lua_State* L, Gate* gate, int idx) {
  if (lua_getmetatable(L, idx) == 0) return nullptr;
  const void* metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (!gate->state->metatables.known->contains(metatable)) return nullptr;
  auto* cd = static_cast<CData*>(lua_touserdata(L, idx));
  return cd->guard == kGuard ? cd : nullptr;
}

void convert(lua_State* L, const void* data, int number, void* slot) {
  const auto* thunk = static_cast<const Thunk*>(data);
  State* st = thunk->st;
  const char* name = thunk->name == kNoName ? nullptr : st->types->name(thunk->name).data();
  const int first = thunk->of_type ? 2 : 1;
  luaL_checkstack(L, static_cast<int>(thunk->params.size()) + 12, "too many arguments");
  convert_argument(L, st, thunk->params[static_cast<size_t>(number)], slot, first + number, number + 1, name);
}

// Within the stack slots that every C function has. Results in registers are stored by whole eightbytes.
void* new_result(lua_State* L, Gate* gate, const void* type) {
  auto* info = const_cast<TypeInfo*>(static_cast<const TypeInfo*>(type));
  return new_cdata(L, gate->state, info, round_up(info->size, 8))->data;
}

void push_result(lua_State* L, Gate* gate, const void* type, void* bytes) {
  State* st = gate->state;
  auto* info = const_cast<TypeInfo*>(static_cast<const TypeInfo*>(type));
  if (info->rep == Rep::pointer) {  // like push_value, which makes room first
    uint64_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    push_boxed(L, st, info, bits);
  } else {
    push_value(L, st, info, bytes, 0);
  }
}

void settle_call(lua_State* L, Gate* gate) {
  settle(L, gate->state);
}

// A C++ exception of a callee, or of Ferry itself (out of memory).
void on_exception(const call::LandedFrame& frame, const char* type, const char* what) {
  auto* L = static_cast<lua_State*>(frame.saved[0]);
  auto* gate = static_cast<Gate*>(frame.saved[1]);
  State* st = gate->state;
  set_caller(gate, nullptr);
  remove_notice(gate, kCallbackFailed);
  gate->saved_error = os::last_error();
  lua_Debug running;
  const FunctionRecord* record = nullptr;
  if (lua_checkstack(L, 2) != 0 && lua_getstack(L, 0, &running) != 0 && lua_getinfo(L, "f", &running) != 0) {
    record = function_record(L, -1);
    lua_pop(L, 1);
  }
  set_exception_error(st, record != nullptr ? record->name_text : nullptr, type, what);
  raise_error(L, st);
}

// --- what the emitter is told -------------------------------------------------------------------------------------

call::LuaApi api_of_this_lua() {
  call::LuaApi api;
  api.gettop = entry(lua_gettop);
  api.type = entry(lua_type);
  api.toboolean = entry(lua_toboolean);
  fill_number_api(&api.tointegerx, &api.isinteger, &api.tonumber);
  api.tolstring = entry(lua_tolstring);
  api.touserdata = entry(lua_touserdata);
  api.topointer = entry(lua_topointer);
  api.pushboolean = entry(lua_pushboolean);
  api.pushinteger = entry(lua_pushinteger);
  api.pushnumber = entry(lua_pushnumber);
  api.type_nil = LUA_TNIL;
  api.type_boolean = LUA_TBOOLEAN;
  api.type_light = LUA_TLIGHTUSERDATA;
  api.type_number = LUA_TNUMBER;
  api.type_string = LUA_TSTRING;
  api.type_userdata = LUA_TUSERDATA;
  return api;
}

// offsetof on structures with private parts elsewhere is conditionally supported; gcc and clang do.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
call::ThunkOffsets offsets() {
  call::ThunkOffsets o;
  o.record_state = offsetof(FunctionRecord, gate);
  o.record_expected = offsetof(FunctionRecord, expected);
  o.caller = offsetof(Gate, caller);
  o.notices = offsetof(Gate, notices);
  o.saved_errno = offsetof(Gate, saved_error) + offsetof(os::LastError, number);
  o.owner = offsetof(Gate, owner);
  o.metatables = offsetof(Gate, metatable_cache) + offsetof(call::MetatableCache, slots);
  o.cdata_type = offsetof(CData, type);
  o.cdata_guard = offsetof(CData, guard);
  o.cdata_data = offsetof(CData, data);
  o.guard = kGuard;
  return o;
}
#pragma GCC diagnostic pop

}  // namespace

bool describe_host(State* st, call::ThunkHost* host) {
  os::ThreadLayout thread;
  if (!os::find_thread_layout(&thread)) return false;
  call::set_exception_handler(on_exception);
  host->api = api_of_this_lua();
  host->helpers.cdata = entry(find_cdata);
  host->helpers.convert = entry(convert);
  host->helpers.new_result = entry(new_result);
  host->helpers.push_result = entry(push_result);
  host->helpers.settle = entry(settle_call);
  host->offsets = offsets();
  host->stack = st->stack;
  host->errno_offset = thread.errno_offset;
  host->errno_location = thread.errno_location;
  host->thread_offset = thread.thread_offset;
  host->thread_segment = thread.segment;
  return true;
}

}  // namespace ferry::lua
#endif
