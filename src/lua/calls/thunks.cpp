// The thunks of a State: made, found, swept, released (thunks.h). What they are told of this Lua is in thunk_host.cpp,
// what they learn from slow calls in thunk_learning.cpp.
#include "lua/calls/thunks.h"

#include "lua/calls/c_function.h"
#include "lua/calls/call.h"
#include "lua/calls/call_info.h"
#include "lua/state/type_info.h"

#if defined(FERRY_NATIVE)
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <type_traits>

#include "lua/calls/thunk_table.h"
#include "lua/host/trace.h"
#include "lua/state/members.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/source.h"

namespace ferry::lua {

namespace {

std::atomic<bool> g_makes_code{false};  // some state has or had a table: asking for the arena does not make it

// The table of this state's thunks; none if it can have no thunks.
void make_table(lua_State* L, State* st) {
  call::ThunkHost host;
  if (!st->backend->makes_code() || !describe_host(st, &host)) return;
  without_exceptions(st, [&] {
    st->thunks.table = new ThunkTable{host, {}};
    g_makes_code = true;
    return true;
  });
  if (st->thunks.table != nullptr) st->thunks.table->luajit = is_luajit(L);
}

int slow_pointer_call(lua_State* L, call::CFunction function, const void* data) {
  auto* thunk = const_cast<Thunk*>(static_cast<const Thunk*>(data));
  teach_thunk(L, thunk->st, thunk, 2);
  return call_c(L, thunk->st, thunk->type, function, nullptr, 2);
}

}  // namespace

call::ThunkKind thunk_kind(Rep rep) {
  using call::ThunkKind;
  switch (rep) {
    case Rep::none:
      return ThunkKind::none;
    case Rep::boolean:
      return ThunkKind::boolean;
    case Rep::i8:
      return ThunkKind::i8;
    case Rep::u8:
      return ThunkKind::u8;
    case Rep::i16:
      return ThunkKind::i16;
    case Rep::u16:
      return ThunkKind::u16;
    case Rep::i32:
      return ThunkKind::i32;
    case Rep::u32:
      return ThunkKind::u32;
    case Rep::i64:
      return ThunkKind::i64;
    case Rep::u64:
      return ThunkKind::u64;
    case Rep::f32:
      return ThunkKind::f32;
    case Rep::f64:
      return ThunkKind::f64;
    case Rep::pointer:
      return ThunkKind::pointer;
    case Rep::record:
      return ThunkKind::record;
    default:
      return ThunkKind::other;
  }
}

namespace {

call::ThunkArg argument_of(State* st, TypeInfo* info, const TypeId* cell, const call::KnownCallback* callback) {
  call::ThunkArg arg;
  arg.kind = thunk_kind(info->rep);
  arg.cell = cell;
  arg.same = info->id;
  if (arg.kind == call::ThunkKind::record) arg.same = (*st->types)[info->id].canonical;
  if (arg.kind == call::ThunkKind::pointer) {
    TypeInfo* to = base_of(st, info);
    arg.takes_light = true;
    arg.takes_string = takes_string(st, info);
    if (to->rep == Rep::function) arg.callback = callback;
    if (to->kind == Kind::structure || to->kind == Kind::union_) arg.object = (*st->types)[to->id].canonical;
  }
  return arg;
}

call::ThunkResult result_of(State* st, TypeInfo* info) {
  call::ThunkResult result;
  result.type = info;
  result.kind = thunk_kind(info->rep);
  constexpr uint64_t kResultBytes = 32;  // what a thunk's frame has for results that are pushed afterwards
  if (info->rep == Rep::vector || (info->size > kResultBytes && info->rep != Rep::none)) {
    result.kind = call::ThunkKind::record;
  } else if (info->rep == Rep::pointer) {
    result.kind = call::ThunkKind::other;
  } else if (reads_boxed(st, *info)) {
    result.kind = call::ThunkKind::other;
  }
  return result;
}

}  // namespace

void fill_parameters(State* st, Thunk* thunk, const FunctionRecord* record) {
  const Function& f = st->types->function(thunk->type->id);
  for (const Param& p : f.params) thunk->params.push_back(info_of(st, p.type));
  if (record != nullptr && record->declared != nullptr) {
    for (TypeInfo* type : record->declared->types) thunk->params.push_back(type);
  }
  thunk->cells.assign(thunk->params.size(), kNoType);
  thunk->callbacks.assign(thunk->params.size(), {});
}

Result<abi::CallPlan> plan_of(State* st, TypeInfo* fn, const FunctionRecord* record) {
  if (record == nullptr || record->declared == nullptr) return abi::plan_call(*st->types, fn->id);
  std::vector<TypeId> types;
  for (const TypeInfo* type : record->declared->types) types.push_back(type->id);
  return abi::plan_call(*st->types, fn->id, types);
}

Result<void> can_compile(State* st, TypeInfo* fn, const FunctionRecord* record) {
  const Function& f = st->types->function(fn->id);
  if (f.blocking) return Error{"it lets other threads in"};
  if (!f.variadic || (record != nullptr && record->declared != nullptr)) return {};
  if (record == nullptr) return Error{"a pointer to a variadic function"};
  // A format decides on the types, too.
  if (f.format.style != FormatAttribute::none) return Error{"its format has to be read at each call"};
  return {};
}

call::CallbackApi callback_api() {
  call::CallbackApi api;
  api.rawgeti = entry(lua_rawgeti);
  api.pcall = pcall_entry();
  api.settop = entry(lua_settop);
  api.registry = LUA_REGISTRYINDEX;
  return api;
}

call::ThunkSpec spec_of(State* st, Thunk* thunk, const abi::CallPlan& plan, const FunctionRecord* record) {
  call::ThunkSpec spec;
  spec.plan = &plan;
  const Function& f = st->types->function(thunk->type->id);
  for (size_t i = 0; i < thunk->params.size(); ++i) {
    spec.args.push_back(argument_of(st, thunk->params[i], &thunk->cells[i], &thunk->callbacks[i]));
    if (i < f.params.size()) spec.args.back().nonnull = (f.params[i].marks & kNonnull) != 0;
  }
  spec.result = result_of(st, info_of(st, f.result));
  spec.data = thunk;
  spec.slow = thunk->slow;
  if (record != nullptr) {
    spec.record = record;
    spec.address = record->address;
  } else {
    spec.state = st->gate;
    spec.first = 2;
  }
  return spec;
}

namespace {

const TypeInfo& result_type(State* st, const TypeInfo* function) {
  return *info_of(st, st->types->function(function->id).result);
}

// Whether the code may take for an argument what is a pointer of another type.
bool takes_pointers(const Thunk& thunk) {
  for (const TypeInfo* param : thunk.params) {
    if (param->rep == Rep::pointer || param->rep == Rep::reference) return true;
  }
  return false;
}

// What lets the code take calls; kNoTop: all are left to the slow path, as long as the state wants of results or
// arguments what the code does not do.
int64_t expected_of(State* st, const Thunk& thunk) {
  if (st->takes_slow_paths() || st->strict) return call::kNoTop;
  if (pointers_are_restricted(st) && takes_pointers(thunk)) return call::kNoTop;
  if (thunk.pushes_native && reads_boxed(st, result_type(st, thunk.type))) return call::kNoTop;
  return call::expected_top(st->stack, thunk.params.size());
}

// Fills the thunk and publishes its code. Errors: why there is none.
Result<call::CodeBlock> compile(State* st, Thunk* thunk, FunctionRecord* record) {
  fill_parameters(st, thunk, record);
  const Result<void> can = can_compile(st, thunk->type, record);
  if (!can) return can.error();
  if (st->types->function(thunk->type->id).variadic && record->declared == nullptr) {
    thunk->variadic = true;
    record->targets[0] = thunk->slow;
    return call::make_switch(&record->targets[0]);
  }
  auto plan = plan_of(st, thunk->type, record);
  if (!plan) return plan.error();
  thunk->pushes_native = !reads_boxed(st, result_type(st, thunk->type));
  if (record != nullptr) record->expected = expected_of(st, *thunk);
  return call::make_thunk(st->thunks.table->host, spec_of(st, thunk, *plan, record));
}

Thunk* add_thunk(State* st, TypeInfo* type, FunctionRecord* record, const void* slow) {
  ThunkTable* table = st->thunks.table;
  if (table == nullptr) return nullptr;
  Thunk* made = nullptr;
  without_exceptions(st, [&] {
    auto thunk = std::make_unique<Thunk>();
    thunk->st = st;
    thunk->type = type;
    thunk->of_type = record == nullptr;
    thunk->slow = slow;
    if (record != nullptr) thunk->name = record->name;
    table->thunks.reserve(table->thunks.size() + 1);
    const Result<call::CodeBlock> code = compile(st, thunk.get(), record);
    if (!code) {
      if (traced(Topic::code)) trace(Topic::code, "%s: none: %s", thunk_name(st, *thunk), code.message().c_str());
      return false;
    }
    thunk->code = *code;
    if (traced(Topic::code)) trace_code(st, *thunk, record != nullptr ? "a function" : "a function type", *code);
    made = thunk.get();
    table->thunks.push_back(std::move(thunk));
    return true;
  });
  return made;
}

// Frees the thunks whose Lua functions are gone from the weak table. A finaliser does not do: after it has run, others
// may still call the function, and keep it.
void sweep(lua_State* L, State* st) {
  ThunkTable* table = st->thunks.table;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunks.functions);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    static_cast<Thunk*>(lua_touserdata(L, -1))->live = true;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  size_t kept = 0;
  for (auto& thunk : table->thunks) {
    if (thunk->live || thunk->young || thunk->of_type) {
      thunk->live = false;
      table->thunks[kept++].swap(thunk);
    } else {
      release_code(*thunk);
    }
  }
  table->thunks.resize(kept);
  constexpr size_t kLeast = 64;
  table->next_sweep = kept * 2 < kLeast ? kLeast : kept * 2;
}

// The state closes. What finalisers took from a library since then has a record that Lua will not finalise.
void close_records(lua_State* L, State* st) {
  lua_checkstack(L, 4);
  const int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunks.functions);
  if (lua_istable(L, -1)) {  // else lost by the registry of 5.1, see neutralise_metatables
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      lua_pop(L, 1);
      if (FunctionRecord* record = function_record(L, -1)) close_record(record);
    }
  }
  lua_settop(L, top);
}

}  // namespace

Thunk* make_thunk(lua_State* L, State* st, FunctionRecord* record, lua_CFunction slow) {
  luaL_checkstack(L, 6, nullptr);
  if (st->thunks.table != nullptr && st->thunks.table->thunks.size() >= st->thunks.table->next_sweep) sweep(L, st);
  return add_thunk(st, record->type, record, entry(slow));
}

lua_CFunction thunk_entry(const Thunk* thunk, lua_CFunction fallback) {
  if (thunk == nullptr) return fallback;
  return reinterpret_cast<lua_CFunction>(reinterpret_cast<uintptr_t>(thunk->code.address));
}

void register_thunk(lua_State* L, State* st, Thunk* thunk) {
  if (thunk == nullptr) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunks.functions);
  lua_pushvalue(L, -2);
  lua_pushlightuserdata(L, thunk);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  thunk->young = false;
}

bool is_native_code(lua_CFunction function) {
  return call::process_code().contains(reinterpret_cast<const void*>(function));
}

int call_pointer(lua_State* L, State* st, TypeInfo* type, call::CFunction function) {
  CallInfo* info = call_info_of(L, st, type);
  if (!info->thunk_tried && !st->takes_slow_paths() && !st->strict && !pointers_are_restricted(st)) {
    info->thunk_tried = true;
    info->thunk = add_thunk(st, type, nullptr, entry(slow_pointer_call));
  }
  if (info->thunk == nullptr) return call_c(L, st, type, function, nullptr, 2);
  using PointerThunk = int (*)(lua_State*, call::CFunction, const void*);
  const auto code = reinterpret_cast<PointerThunk>(reinterpret_cast<uintptr_t>(info->thunk->code.address));
  return code(L, function, info->thunk);
}

namespace {

// The shared codes of callbacks, by all that they depend on. They are the process's: a thread that C started may be
// running one when the state closes, and the next state needs the same.
struct CallbackCodes {
  std::mutex mutex;
  std::map<std::string, call::CodeBlock> by_key;
};

CallbackCodes& callback_codes() {
  static auto* made = new CallbackCodes;  // outlives static destructors
  return *made;
}

std::string key_of(const call::StackLayout& layout, const call::CallbackSpec& spec) {
  static_assert(std::has_unique_object_representations_v<call::StackLayout>);
  std::string key(reinterpret_cast<const char*>(&layout), sizeof layout);
  for (const call::CallbackSpec::Arg& arg : spec.args) {
    key += static_cast<char>(arg.kind);
    key += arg.through ? '*' : ' ';
  }
  key += spec.inline_call ? '!' : '.';
  key += static_cast<char>(spec.result);
  key += static_cast<char>(spec.plan->abi);
  key += abi::describe(*spec.plan);
  // What that text leaves out.
  auto add = [&](uint64_t number) { key += ',' + std::to_string(number); };
  add(spec.plan->result.size);
  for (const abi::Piece& piece : spec.plan->result_pieces()) add(piece.value_offset);
  for (const abi::ArgPlan& arg : spec.plan->args) {
    add(arg.size);
    for (const abi::Piece& piece : spec.plan->pieces_of(arg)) add(piece.value_offset);
  }
  return key;
}

Result<call::CodeBlock> callback_code(State* st, const call::CallbackSpec& spec,
                                      const call::CallbackHandlers& handlers) {
  std::string key = key_of(st->stack, spec);
  CallbackCodes& codes = callback_codes();
  std::lock_guard lock(codes.mutex);
  call::CodeBlock& code = codes.by_key[std::move(key)];
  if (code.address != nullptr) return code;
  auto made = call::make_callback_code(st->thunks.table->host, callback_api(), handlers, spec);
  if (made) code = *made;
  return made;
}

}  // namespace

Result<std::unique_ptr<call::Callback>> make_native_callback(State* st, TypeInfo* fn, call::CallbackSpec spec,
                                                             const call::CallbackHandlers& handlers,
                                                             call::CallbackData* data) {
  if (st->thunks.table == nullptr) return Error{"no native code"};
  auto plan = abi::plan_call(*st->types, fn->id);
  if (!plan) return plan.error();
  spec.plan = &*plan;
  auto code = callback_code(st, spec, handlers);
  if (!code) return code.error();
  if (traced(Topic::code)) {
    trace(Topic::code, "%s: %u bytes at " FERRY_ADDRESS ", callbacks", type_name(st, fn->id), code->bytes,
          address_number(code->address));
  }
  return call::make_native_callback(*code, data, *plan);
}

void capture_function(lua_State* L, State* st, uint64_t* value, uint8_t* tag) {
  const call::StackLayout& layout = st->stack;
  if (!layout.valid) return;
  const char* top;
  std::memcpy(&top, reinterpret_cast<const char*>(L) + layout.top, sizeof top);
  std::memcpy(value, top - layout.slot, sizeof *value);
  std::memcpy(tag, top - layout.slot + layout.tag, sizeof *tag);
}

CodeHeld code_held() {
  if (!g_makes_code) return {};
  const call::CodeUsage code = call::process_code().usage();
  const call::CallbackUsage callbacks = call::callback_usage();
  return {code.pages,
          code.live_blocks,
          code.live_bytes,
          code.retired_blocks,
          callbacks.slots,
          callbacks.idle,
          call::process_code().method()};
}

namespace {

// Code that pushes numbers is left to the slow path for as long as the state wants cdata.
void renew_record(State* st, FunctionRecord* record, Thunk* thunk) {
  if (thunk->variadic) {
    record->targets[0] = thunk->slow;
    const bool room = without_exceptions(st, [&] {
      thunk->former.reserve(thunk->former.size() + thunk->shapes.size());
      return true;
    });
    for (const auto& [kinds, shape] : thunk->shapes) {
      if (room) {
        thunk->former.push_back(shape.code);
      } else {
        call::process_code().retire(shape.code);
      }
    }
    thunk->shapes.clear();
    thunk->resting = nullptr;
    thunk->fruitless = 0;
  } else {
    record->expected = expected_of(st, *thunk);
  }
}

// In strict mode the slow path takes all calls, in a restricted state those of variadic functions and pointers.
void rest_or_wake(State* st, FunctionRecord* record, Thunk* thunk) {
  if (!thunk->variadic) {
    record->expected = expected_of(st, *thunk);
  } else if (st->strict || pointers_are_restricted(st)) {
    thunk->resting = record->targets[0];
    record->targets[0] = thunk->slow;
  } else if (thunk->resting != nullptr) {
    record->targets[0] = thunk->resting;
  }
}

// Calls work(record, thunk) for the library functions that have code.
template <typename Work>
void for_each_function(lua_State* L, State* st, Work work) {
  luaL_checkstack(L, 4, nullptr);
  const int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunks.functions);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    auto* thunk = static_cast<Thunk*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    FunctionRecord* record = function_record(L, -1);
    if (record != nullptr && record->st == st) work(record, thunk);
  }
  lua_settop(L, top);
}

}  // namespace

void renew_thunks(lua_State* L, State* st) {
  if (st->thunks.table == nullptr) return;
  for (TypeInfo* info : st->infos) {
    if (info == nullptr || info->call == nullptr || !depends_on_modes(result_type(st, info))) continue;
    info->call->resting = nullptr;
    info->call->thunk = nullptr;  // it may be running: the table keeps it
    info->call->thunk_tried = false;
  }
  for_each_function(L, st, [&](FunctionRecord* record, Thunk* thunk) {
    if (depends_on_modes(result_type(st, thunk->type))) renew_record(st, record, thunk);
  });
}

void strict_thunks(lua_State* L, State* st) {
  if (st->thunks.table == nullptr) return;
  for (TypeInfo* info : st->infos) {
    if (info == nullptr || info->call == nullptr) continue;
    CallInfo* call = info->call;
    if (st->strict || pointers_are_restricted(st)) {
      call->resting = call->thunk;
      call->thunk = nullptr;
    } else if (call->resting != nullptr) {
      call->thunk = call->resting;
      call->resting = nullptr;
    }
  }
  for_each_function(L, st, [&](FunctionRecord* record, Thunk* thunk) { rest_or_wake(st, record, thunk); });
}

void push_code_usage(lua_State* L, State* st) {
  luaL_checkstack(L, 6, nullptr);
  lua_newtable(L);
  if (st->thunks.table == nullptr) return;
  sweep(L, st);
  const CodeHeld code = code_held();
  const struct {
    const char* name;
    size_t value;
  } rows[] = {{"pages", code.pages},
              {"blocks", code.live_blocks},
              {"bytes", code.live_bytes},
              {"retired", code.retired_blocks},
              {"functions", st->thunks.table->thunks.size()},
              {"callback_slots", code.callback_slots},
              {"idle_callback_slots", code.idle_callback_slots}};
  for (const auto& row : rows) {
    push_small_integer(L, static_cast<int64_t>(row.value));
    lua_setfield(L, -2, row.name);
  }
  lua_pushlstring(L, code.page_method.data(), code.page_method.size());
  lua_setfield(L, -2, "page_method");
}

void release_thunks(lua_State* L, State* st) {
  if (st->thunks.table == nullptr) return;
  close_records(L, st);
  end_table(L, st->thunks.table);
  st->thunks.table = nullptr;
}

void make_thunk_registry(lua_State* L, State* st) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  st->thunks.functions = add_reference(L);
  make_table(L, st);
}

}  // namespace ferry::lua

#else  // no native code

namespace ferry::lua {

Thunk* make_thunk(lua_State*, State*, FunctionRecord*, lua_CFunction) {
  return nullptr;
}
lua_CFunction thunk_entry(const Thunk*, lua_CFunction fallback) {
  return fallback;
}
void register_thunk(lua_State*, State*, Thunk*) {}
void learn_varargs(lua_State*, State*, FunctionRecord*) {}
bool is_native_code(lua_CFunction) {
  return false;
}
int call_pointer(lua_State* L, State* st, TypeInfo* type, call::CFunction function) {
  return call_c(L, st, type, function, nullptr, 2);
}
call::ThunkKind thunk_kind(Rep) {
  return call::ThunkKind::none;
}
Result<std::unique_ptr<call::Callback>> make_native_callback(State*, TypeInfo*, call::CallbackSpec,
                                                             const call::CallbackHandlers&, call::CallbackData*) {
  return Error{"no native code"};
}
void capture_function(lua_State*, State*, uint64_t*, uint8_t*) {}
CodeHeld code_held() {
  return {};
}
void renew_thunks(lua_State*, State*) {}
void strict_thunks(lua_State*, State*) {}
void push_code_usage(lua_State* L, State*) {
  luaL_checkstack(L, 1, nullptr);
  lua_newtable(L);
}
void teach_thunk(lua_State*, State*, Thunk*, int) {}
void release_thunks(lua_State*, State*) {}
void make_thunk_registry(lua_State*, State*) {}

}  // namespace ferry::lua
#endif
