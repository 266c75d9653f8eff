// What thunks need to know of this Lua and of the functions they are made for (thunks.h).
#include "lua/thunks.h"

#include "call/stub_layout.h"
#include "lua/call.h"
#include "lua/callback.h"
#include "lua/convert.h"
#include "lua/exceptions.h"
#include "lua/pointer_set.h"
#include "lua/varargs.h"

#if defined(FERRY_NATIVE) && defined(FERRY_STUB)
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>

#include "call/thunk.h"
#include "call/unwind.h"

namespace ferry::lua {

// What the code of one thunk refers to.
struct Thunk {
  State* st = nullptr;
  TypeInfo* type = nullptr;  // the function type
  NameId name = kNoName;     // of a library function
  std::vector<TypeInfo*> params;
  std::vector<TypeId> cells;  // per argument: one more type of cdata that a pointer takes; never resized
  std::vector<call::KnownCallback> callbacks;  // per argument; likewise
  call::CodeBlock code;
  const void* slow = nullptr;
  // Variadic functions: `code` goes to the youngest of these, and each to the one before it with what it does not take;
  // the first goes to `slow`.
  bool variadic = false;
  uint8_t fruitless = 0;                                    // slow calls of which nothing was learned, in a row
  std::map<std::vector<uint64_t>, call::CodeBlock> shapes;  // by the kinds of the arguments
  bool of_type = false;                                     // belongs to a function type, for function pointers
  bool young = true;                                        // not registered yet
  bool live = false;                                        // found by the sweep
};

struct ThunkTable {
  call::ThunkHost host;
  std::vector<std::unique_ptr<Thunk>> thunks;
  size_t next_sweep = 64;
  std::map<TypeId, call::CodeBlock> callbacks;  // shared code by function type
};

namespace {

std::atomic<bool> g_makes_code{false};  // some state has or had a table: asking for the arena does not make it

// --- what thunks call ---------------------------------------------------------------------------------------------

// Of a full userdata. Uses a stack slot above the arguments, of those that every C function has.
CData* find_cdata(lua_State* L, State* st, int idx) {
  if (lua_getmetatable(L, idx) == 0) return nullptr;
  const void* metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (!st->metatables->contains(metatable)) return nullptr;
  auto* cd = static_cast<CData*>(lua_touserdata(L, idx));
  return cd->guard == kGuard ? cd : nullptr;
}

void convert(lua_State* L, const void* data, int number, void* slot) {
  const auto* thunk = static_cast<const Thunk*>(data);
  State* st = thunk->st;
  const char* name = thunk->of_type ? nullptr : st->types->name(thunk->name).data();
  const int first = thunk->of_type ? 2 : 1;
  luaL_checkstack(L, static_cast<int>(thunk->params.size()) + 12, "too many arguments");
  convert_argument(L, st, thunk->params[static_cast<size_t>(number)], slot, first + number, number + 1, name);
}

// Within the stack slots that every C function has. Results in registers are stored by whole eightbytes.
void* new_result(lua_State* L, State* st, const void* type) {
  auto* info = const_cast<TypeInfo*>(static_cast<const TypeInfo*>(type));
  return new_cdata(L, st, info, (info->size + 7) & ~uint64_t{7})->data;
}

void push_result(lua_State* L, State* st, const void* type, void* bytes) {
  auto* info = const_cast<TypeInfo*>(static_cast<const TypeInfo*>(type));
  if (info->rep == Rep::pointer) {  // like push_value, which makes room first
    uint64_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    push_boxed(L, st, info, bits);
  } else {
    push_value(L, st, info, bytes, 0);
  }
}

void raise_callback_error(lua_State* L, State* st) {
  raise_pending(L, st);
}

int slow_pointer_call(lua_State* L, call::CFunction function, const void* data) {
  auto* thunk = const_cast<Thunk*>(static_cast<const Thunk*>(data));
  teach_thunk(L, thunk->st, thunk, 2);
  return call_c(L, thunk->st, thunk->type, function, nullptr, 2);
}

// A C++ exception of a callee, or of Ferry itself (out of memory).
void on_exception(const call::LandedFrame& frame, const char* type, const char* what) {
  auto* L = static_cast<lua_State*>(frame.saved[0]);
  auto* st = static_cast<State*>(frame.saved[1]);
  st->caller = nullptr;
  st->callback_failed = false;
  st->saved_errno = errno;
  set_exception_error(st, type, what);
  raise_error(L, st);
}

// --- what the emitter is told -------------------------------------------------------------------------------------

template <typename F>
const void* entry(F* function) {
  return reinterpret_cast<const void*>(function);
}

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
  o.record_state = offsetof(FunctionRecord, st);
  o.record_expected = offsetof(FunctionRecord, expected);
  o.caller = offsetof(State, caller);
  o.failed = offsetof(State, callback_failed);
  o.saved_errno = offsetof(State, saved_errno);
  o.owner = offsetof(State, owner);
  o.metatables = offsetof(State, metatable_cache) + offsetof(call::MetatableCache, slots);
  o.cdata_type = offsetof(CData, type);
  o.cdata_guard = offsetof(CData, guard);
  o.cdata_data = offsetof(CData, data);
  o.guard = kGuard;
  return o;
}
#pragma GCC diagnostic pop
static_assert(sizeof(bool) == 1);

int64_t from_thread_pointer(uintptr_t address) {
  uintptr_t thread;
#if defined(__aarch64__)
  asm("mrs %0, tpidr_el0" : "=r"(thread));
#else
  asm("mov %%fs:0, %0" : "=r"(thread));
#endif
  return static_cast<int64_t>(address - thread);
}

int64_t distance_of_errno() {
  return from_thread_pointer(reinterpret_cast<uintptr_t>(&errno));
}

// Thunks compute from the thread pointer what this_thread() asks the system: glibc and musl let it point to their
// record of the thread (x86-64), or directly behind that (AArch64).
bool thread_is_near_its_pointer() {
  const int64_t thread = from_thread_pointer(this_thread());
#if !defined(__aarch64__)
  if (thread != 0) return false;
#endif
  constexpr int64_t kNear = int64_t{1} << 20;
  return thread <= 0 && thread > -kNear && distance_of_errno() > INT32_MIN && distance_of_errno() < INT32_MAX;
}

// The table of this state's thunks; none if it can have no thunks.
void make_table(State* st) {
  if (!st->backend->makes_code() || !thread_is_near_its_pointer()) return;
  call::set_exception_handler(on_exception);
  without_exceptions(st, [&] {
    auto table = std::make_unique<ThunkTable>();
    table->host.api = api_of_this_lua();
    table->host.helpers.cdata = entry(find_cdata);
    table->host.helpers.convert = entry(convert);
    table->host.helpers.new_result = entry(new_result);
    table->host.helpers.push_result = entry(push_result);
    table->host.helpers.raise_pending = entry(raise_callback_error);
    table->host.offsets = offsets();
    table->host.stack = st->stack;
    table->host.errno_offset = distance_of_errno();
    table->host.thread_offset = from_thread_pointer(this_thread());
    st->thunks = table.release();
    g_makes_code = true;
    return true;
  });
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
    arg.takes_string =
        (to->quals & kConst) != 0 && (to->kind == Kind::void_ || (to->kind == Kind::integer && to->size == 1));
    if (to->rep == Rep::function) arg.callback = callback;
    if (to->kind == Kind::structure || to->kind == Kind::union_) arg.object = (*st->types)[to->id].canonical;
  }
  return arg;
}

call::ThunkResult result_of(TypeInfo* info) {
  call::ThunkResult result;
  result.type = info;
  result.kind = thunk_kind(info->rep);
  constexpr uint64_t kResultBytes = 32;  // what a thunk's frame has for results that are pushed afterwards
  if (info->rep == Rep::vector || (info->size > kResultBytes && info->rep != Rep::none)) {
    result.kind = call::ThunkKind::record;
  } else if (info->rep == Rep::pointer) {
    result.kind = call::ThunkKind::other;
  } else if (!kNativeIntegers && (info->rep == Rep::i64 || info->rep == Rep::u64)) {
    result.kind = call::ThunkKind::other;  // boxed
  }
  return result;
}

void release_code(const Thunk& thunk) {
  call::process_code().release(thunk.code);
  for (const auto& [kinds, code] : thunk.shapes) call::process_code().release(code);
}

void retire_code(const Thunk& thunk) {
  call::process_code().retire(thunk.code);
  for (const auto& [kinds, code] : thunk.shapes) call::process_code().retire(code);
}

// The spec of a call, without what `args` say of arguments behind `...`.
call::ThunkSpec spec_of(State* st, Thunk* thunk, const abi::CallPlan& plan, const FunctionRecord* record) {
  call::ThunkSpec spec;
  spec.plan = &plan;
  for (size_t i = 0; i < thunk->params.size(); ++i) {
    spec.args.push_back(argument_of(st, thunk->params[i], &thunk->cells[i], &thunk->callbacks[i]));
  }
  spec.result = result_of(info_of(st, st->types->function(thunk->type->id).result));
  spec.data = thunk;
  spec.slow = thunk->slow;
  if (record != nullptr) {
    spec.record = record;
    spec.address = record->address;
  } else {
    spec.state = st;
    spec.first = 2;
  }
  return spec;
}

// Fills and publishes. False: no thunk, st->error says nothing of use.
bool compile(State* st, Thunk* thunk, FunctionRecord* record) {
  const Function& f = st->types->function(thunk->type->id);
  for (const Param& p : f.params) thunk->params.push_back(info_of(st, p.type));
  thunk->cells.assign(f.params.size(), kNoType);
  thunk->callbacks.assign(f.params.size(), {});
  if (f.variadic) {
    // Formats decide on types, too, and have to be read each time.
    if (record == nullptr || f.format.style != FormatAttribute::none) return false;
    thunk->variadic = true;
    record->targets[0] = thunk->slow;
    auto code = call::make_switch(&record->targets[0]);
    if (code) thunk->code = *code;
    return code.ok();
  }
  auto plan = abi::plan_call(*st->types, thunk->type->id);
  if (!plan || !call::can_make_thunk(*plan)) return false;
  if (record != nullptr) record->expected = call::expected_top(st->stack, f.params.size());
  auto code = call::make_thunk(st->thunks->host, spec_of(st, thunk, *plan, record));
  if (code) thunk->code = *code;
  return code.ok();
}

// What is behind `...` at idx and has the C type `info` there. False: a kind that is left to the slow path.
bool variadic_argument(lua_State* L, State* st, int idx, TypeInfo* info, call::ThunkArg* arg) {
  static const TypeId kNoCell = kNoType;
  arg->kind = thunk_kind(info->rep);
  arg->cell = &kNoCell;
  switch (lua_type(L, idx)) {
    case LUA_TBOOLEAN:
      arg->kind = call::ThunkKind::boolean;
      return true;
    case LUA_TNUMBER:
      arg->exact = true;
      return true;
    case LUA_TNIL:
    case LUA_TSTRING:
    case LUA_TLIGHTUSERDATA:
      arg->takes_string = arg->takes_light = true;
      return true;
    case LUA_TUSERDATA: {
      const CData* cd = to_cdata(L, st, idx);
      if (cd == nullptr || info_of(st, cd->type)->rep == Rep::reference) return false;
      if (arg->kind != call::ThunkKind::pointer && arg->kind != call::ThunkKind::record) return false;
      const Rep rep = info_of(st, cd->type)->rep;
      const bool whole = rep == Rep::pointer || arg->kind == call::ThunkKind::record;
      (whole ? arg->same : arg->object) = cd->type;
      return rep == Rep::pointer || rep == Rep::array || rep == Rep::record;
    }
    default:
      return false;
  }
}

// What thunks see of the kind of the value on top of the stack.
uint32_t kind_of_top(lua_State* L, State* st) {
  if (!st->stack.valid) return static_cast<uint32_t>(lua_type(L, -1));
  call::CallbackData seen;
  capture_function(L, st, &seen);
  return seen.function_tag;
}

Thunk* add_thunk(State* st, TypeInfo* type, FunctionRecord* record, const void* slow) {
  ThunkTable* table = st->thunks;
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
    if (compile(st, thunk.get(), record)) {
      made = thunk.get();
      table->thunks.push_back(std::move(thunk));
    }
    return true;
  });
  return made;
}

// Frees the thunks whose Lua functions are gone from the weak table. A finaliser does not do: after it has run, others
// may still call the function, and keep it.
void sweep(lua_State* L, State* st) {
  ThunkTable* table = st->thunks;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunk_functions);
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
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunk_functions);
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
  if (st->thunks != nullptr && st->thunks->thunks.size() >= st->thunks->next_sweep) sweep(L, st);
  return add_thunk(st, record->type, record, entry(slow));
}

lua_CFunction thunk_entry(const Thunk* thunk, lua_CFunction fallback) {
  if (thunk == nullptr) return fallback;
  return reinterpret_cast<lua_CFunction>(reinterpret_cast<uintptr_t>(thunk->code.address));
}

void register_thunk(lua_State* L, State* st, Thunk* thunk) {
  if (thunk == nullptr) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->thunk_functions);
  lua_pushvalue(L, -2);
  lua_pushlightuserdata(L, thunk);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  thunk->young = false;
}

void learn_varargs(lua_State* L, State* st, FunctionRecord* record) {
  Thunk* thunk = record->thunk;
  if (thunk == nullptr || !thunk->variadic || thunk->shapes.size() >= kMaxShapeThunks) return;
  // Where kinds of arguments are used that there is no code for, learning costs more than it brings.
  constexpr uint8_t kMaxFruitless = 16;
  if (thunk->fruitless >= kMaxFruitless) return;
  ++thunk->fruitless;
  const int fixed = static_cast<int>(thunk->params.size());
  const int extra = lua_gettop(L) - fixed;
  if (extra < 0 || static_cast<size_t>(fixed + extra) > call::kMaxThunkArgs) return;
  const VarargShape* shape = nullptr;
  if (call_info_of(L, st, record->type)->shapes.size() >= kMaxShapes) return;  // vararg_shape() would push one
  if (extra > 0) shape = vararg_shape(L, st, record->type, st->types->name(record->name).data(), 1, extra);
  call::ThunkArg args[call::kMaxThunkArgs];
  for (int i = 0; i < extra; ++i) {
    if (!variadic_argument(L, st, fixed + 1 + i, shape->types[static_cast<size_t>(i)], &args[i])) return;
  }
  without_exceptions(st, [&] {
    std::vector<TypeId> types;
    std::vector<uint64_t> kinds;
    for (int i = 0; i < extra; ++i) {
      types.push_back(shape->types[static_cast<size_t>(i)]->id);
      kinds.push_back(uint64_t{types.back()} << 8 | static_cast<uint64_t>(args[i].kind));
      kinds.push_back(uint64_t{args[i].same} << 32 | uint64_t{args[i].object});
    }
    // One that there is already did not take a value of its kind, a NULL object for example.
    const auto [at, is_new] = thunk->shapes.try_emplace(std::move(kinds));
    if (!is_new) return false;
    const void** next = &record->targets[thunk->shapes.size()];
    Result<call::CodeBlock> code = Error{"no thunk for this shape"};
    if (auto plan = abi::plan_call(*st->types, record->type->id, types); plan && call::can_make_thunk(*plan)) {
      call::ThunkSpec spec = spec_of(st, thunk, *plan, record);
      spec.args.insert(spec.args.end(), args, args + extra);
      spec.next = next;
      code = call::make_thunk(st->thunks->host, spec);
    }
    if (!code) {
      thunk->shapes.erase(at);
      return false;
    }
    at->second = *code;
    thunk->fruitless = 0;
    *next = record->targets[0];
    record->targets[0] = code->address;
    return true;
  });
}

bool is_native_code(lua_CFunction function) {
  return call::process_code().contains(reinterpret_cast<const void*>(function));
}

void teach_thunk(lua_State* L, State* st, Thunk* thunk, int first) {
  if (thunk == nullptr) return;
  const int given = lua_gettop(L) - first + 1;
  luaL_checkstack(L, 4, nullptr);
  for (int i = 0; i < given && static_cast<size_t>(i) < thunk->params.size(); ++i) {
    TypeInfo* info = thunk->params[static_cast<size_t>(i)];
    if (info->rep != Rep::pointer) continue;
    if (lua_type(L, first + i) == LUA_TFUNCTION) {
      if (const void* address = known_callback(L, st, base_of(st, info), first + i)) {
        lua_pushvalue(L, first + i);
        thunk->callbacks[static_cast<size_t>(i)] = {lua_topointer(L, -1), address, kind_of_top(L, st)};
        lua_pop(L, 1);
      }
      continue;
    }
    CData* cd = to_cdata(L, st, first + i);
    if (cd == nullptr) continue;
    const TypeInfo* source = info_of(st, cd->type);
    void* value;
    TypeId pointee;
    if (source->rep == Rep::reference || !pointer_value(st, cd, &value, &pointee) || value != cd->data) continue;
    // A pointer to a whole array has rules of its own.
    if (source->rep == Rep::array && base_of(st, info)->kind == Kind::array) continue;
    if (pointer_compatible(st, info->base_id, pointee, false)) thunk->cells[static_cast<size_t>(i)] = cd->type;
  }
}

int call_pointer(lua_State* L, State* st, TypeInfo* type, call::CFunction function) {
  CallInfo* info = call_info_of(L, st, type);
  if (!info->thunk_tried) {
    info->thunk_tried = true;
    info->thunk = add_thunk(st, type, nullptr, entry(slow_pointer_call));
  }
  if (info->thunk == nullptr) return call_c(L, st, type, function, nullptr, 2);
  using PointerThunk = int (*)(lua_State*, call::CFunction, const void*);
  const auto code = reinterpret_cast<PointerThunk>(reinterpret_cast<uintptr_t>(info->thunk->code.address));
  return code(L, function, info->thunk);
}

Result<std::unique_ptr<call::Callback>> make_native_callback(State* st, TypeInfo* fn, call::CallbackSpec spec,
                                                             const call::CallbackHandlers& handlers,
                                                             call::CallbackData* data) {
  if (st->thunks == nullptr) return Error{"no native code"};
  auto plan = abi::plan_call(*st->types, fn->id);
  if (!plan) return plan.error();
  call::CodeBlock& code = st->thunks->callbacks[fn->id];
  if (code.address == nullptr) {
    spec.plan = &*plan;
    call::CallbackApi api;
    api.rawgeti = entry(lua_rawgeti);
    api.pcall = pcall_entry();
    api.settop = entry(lua_settop);
    api.registry = LUA_REGISTRYINDEX;
    auto made = call::make_callback_code(st->thunks->host, api, handlers, spec);
    if (!made) return made.error();
    code = *made;
  }
  return call::make_native_callback(code, data, *plan);
}

void capture_function(lua_State* L, State* st, call::CallbackData* data) {
  const call::StackLayout& layout = st->stack;
  if (!layout.valid) return;
  const char* top;
  std::memcpy(&top, reinterpret_cast<const char*>(L) + layout.top, sizeof top);
  std::memcpy(&data->function_value, top - layout.slot, sizeof data->function_value);
  std::memcpy(&data->function_tag, top - layout.slot + layout.tag, sizeof data->function_tag);
}

CodeHeld code_held() {
  if (!g_makes_code) return {};
  const call::CodeUsage code = call::process_code().usage();
  const call::CallbackUsage callbacks = call::callback_usage();
  return {code.pages, code.live_blocks, code.live_bytes, code.retired_blocks, callbacks.slots, callbacks.idle};
}

void push_code_usage(lua_State* L, State* st) {
  luaL_checkstack(L, 6, nullptr);
  lua_newtable(L);
  if (st->thunks == nullptr) return;
  sweep(L, st);
  const CodeHeld held = code_held();
  const struct {
    const char* name;
    size_t value;
  } rows[] = {{"pages", held.pages},
              {"blocks", held.live_blocks},
              {"bytes", held.live_bytes},
              {"retired", held.retired_blocks},
              {"functions", st->thunks->thunks.size()},
              {"callback_slots", held.callback_slots},
              {"idle_callback_slots", held.idle_callback_slots}};
  for (const auto& row : rows) {
    push_small_integer(L, static_cast<int64_t>(row.value));
    lua_setfield(L, -2, row.name);
  }
}

void release_thunks(lua_State* L, State* st) {
  if (st->thunks == nullptr) return;
  close_records(L, st);
  for (auto& [type, code] : st->thunks->callbacks) call::process_code().release(code);
  for (auto& thunk : st->thunks->thunks) {
    if (thunk->of_type) {
      release_code(*thunk);
    } else {
      retire_code(*thunk);
    }
  }
  delete st->thunks;
  st->thunks = nullptr;
}

void make_thunk_registry(lua_State* L, State* st) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  st->thunk_functions = luaL_ref(L, LUA_REGISTRYINDEX);
  make_table(st);
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
void capture_function(lua_State*, State*, call::CallbackData*) {}
CodeHeld code_held() {
  return {};
}
void push_code_usage(lua_State* L, State*) {
  luaL_checkstack(L, 1, nullptr);
  lua_newtable(L);
}
void teach_thunk(lua_State*, State*, Thunk*, int) {}
void release_thunks(lua_State*, State*) {}
void make_thunk_registry(lua_State*, State*) {}

}  // namespace ferry::lua
#endif
