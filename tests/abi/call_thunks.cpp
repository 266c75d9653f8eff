// Compiled calls and callbacks on a Lua that is not there: what the generated values are to it.
#include "call_thunks.h"

#include "call_fake_lua.h"

#if defined(FERRY_FAKE_LUA)
#include <algorithm>
#include <cmath>

namespace ferry::call {

using namespace fake;  // NOLINT: a test

namespace {

// The value as a number of Lua's; ThunkKind::none: it is none, or loses bits as one.
ThunkKind number_kind(const Type& t, const unsigned char* value) {
  const bool is_unsigned = (t.flags & kUnsigned) != 0;
  if (t.kind == Kind::boolean) return ThunkKind::boolean;
  if (t.kind == Kind::integer || t.kind == Kind::enumeration) {
    switch (t.size) {
      case 1:
        return is_unsigned ? ThunkKind::u8 : ThunkKind::i8;
      case 2:
        return is_unsigned ? ThunkKind::u16 : ThunkKind::i16;
      case 4:
        return is_unsigned ? ThunkKind::u32 : ThunkKind::i32;
      case 8:
        return is_unsigned ? ThunkKind::u64 : ThunkKind::i64;
      default:
        return ThunkKind::none;
    }
  }
  if (t.scalar == Scalar::float64) return ThunkKind::f64;
  if (t.scalar != Scalar::float32) return ThunkKind::none;
  float f;
  std::memcpy(&f, value, sizeof f);
  return std::isnan(f) ? ThunkKind::none : ThunkKind::f32;  // a conversion makes a signalling NaN quiet
}

Value number(ThunkKind kind, const Type& t, const unsigned char* bytes) {
  Value v{{0}, kInteger, 0};
  if (kind == ThunkKind::f64) {
    v.tag = kFloat;
    std::memcpy(&v.number, bytes, 8);
  } else if (kind == ThunkKind::f32) {
    float f;
    std::memcpy(&f, bytes, sizeof f);
    v.tag = kFloat;
    v.number = f;
  } else {
    v.tag = kind == ThunkKind::boolean ? kBoolean : kInteger;
    v.integer = load_integer(bytes, t.size, (t.flags & kUnsigned) != 0);
  }
  return v;
}

// Back to bytes, as many as there are.
void take_number(ThunkKind kind, const Value& v, ValueBytes* to) {
  const auto f = static_cast<float>(v.number);
  const void* from = kind == ThunkKind::f32 ? static_cast<const void*>(&f) : &v;
  std::memcpy(to->data(), from, to->size());
}

// Integers of up to eight bytes are a whole slot.
bool is_slot(const Type& t) {
  return (is_integer_like(t) || is_pointer_like(t)) && t.size <= 8;
}

void to_memory(const Type& t, const ValueBytes& value, void* to) {
  if (is_slot(t)) {
    const bool is_unsigned = (t.flags & kUnsigned) != 0 || is_pointer_like(t);
    store_integer(to, load_integer(value.data(), t.size, is_unsigned), t.size);
  } else if (!value.empty()) {
    std::memcpy(to, value.data(), value.size());
  }
}

// --- calls --------------------------------------------------------------------------------------------------------

constexpr size_t kMaxResult = 1 << 16;
constexpr size_t kPushedBytes = 32;  // of a result that is not a new object

// What helpers are told is one of these.
struct Call {
  const TypeTable* types = nullptr;
  const abi::CallPlan* plan = nullptr;
  const std::vector<ValueBytes>* args = nullptr;
  alignas(16) unsigned char result[kMaxResult];
};

void convert(FakeLua*, const void* data, int number, void* slot) {
  const auto* call = static_cast<const Call*>(data);
  const auto i = static_cast<size_t>(number);
  to_memory((*call->types)[call->plan->args[i].type], (*call->args)[i], slot);
}
void* new_result(FakeLua* L, FakeState*, void* type) {
  push(L, {{0}, kUserdata, 0});
  return static_cast<Call*>(type)->result;
}
void push_result(FakeLua* L, FakeState*, void* type, void* bytes) {
  push(L, {{0}, kUserdata, 0});
  std::memcpy(static_cast<Call*>(type)->result, bytes, kPushedBytes);
}
void settle(FakeLua*, FakeState*) {
  std::abort();
}
constexpr int kSlow = -77;
int go_slow(FakeLua*) {
  return kSlow;
}

// --- callbacks ----------------------------------------------------------------------------------------------------

struct CallBack {
  const TypeTable* types = nullptr;
  const abi::CallPlan* plan = nullptr;
  const ValueBytes* give = nullptr;
  std::vector<ThunkKind> kinds;  // of arguments, where they are pushed
  ThunkKind result = ThunkKind::none;
  std::vector<ValueBytes>* seen = nullptr;
  std::string wrong;
};
CallBack* g_call_back = nullptr;  // that lua_pcall is about

void whole(void* context, void* const* args, void* result) {
  auto* back = static_cast<CallBack*>(context);
  for (size_t i = 0; i < back->plan->args.size(); ++i) {
    const auto* from = static_cast<const unsigned char*>(args[i]);
    back->seen->emplace_back(from, from + back->plan->args[i].size);
  }
  if (!back->kinds.empty()) back->wrong = "goes to the handler";
  to_memory((*back->types)[back->plan->result.type], *back->give, result);
}
void unexpected(void* context, void* const*, void*) {
  static_cast<CallBack*>(context)->wrong = "goes to the handler after the call";
}
void rawgeti(FakeLua* L, int, int64_t) {
  push(L, {{0}, kFunction, 0});
}
int pcall(FakeLua* L, int n, int results, int, int64_t, const void*) {
  CallBack* back = g_call_back;
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<size_t>(i);
    back->seen->emplace_back(back->plan->args[at].size);
    take_number(back->kinds[at], L->top[i - n], &back->seen->back());
  }
  L->top -= n + 1;
  if (L->top->tag != kFunction) back->wrong = "no function is called";
  const Type& t = (*back->types)[back->plan->result.type];
  if (results != 0) push(L, number(back->result, t, back->give->data()));
  return 0;
}

FakeLua* new_lua(ThunkMode mode, ThunkHost* made) {
  static FakeLua L;
  L.base = L.top = L.slots + 10;
  *made = host(mode.ms_host);
  if (mode.direct) made->stack = layout(true);
  return &L;
}

}  // namespace

std::vector<ThunkMode> thunk_modes() {
  if (!native_code_available().ok()) return {};
#if defined(FERRY_FAKE_MICROSOFT)
  return {{false, false}, {false, true}, {true, false}, {true, true}};
#else
  return {{false, false}, {false, true}};
#endif
}

std::string mode_name(ThunkMode mode) {
  return std::string("compiled, ") + (mode.ms_host ? "Microsoft's" : "System V") + (mode.direct ? ", direct" : ", api");
}

Result<void> call_by_thunk(const TypeTable& types, const abi::CallPlan& plan, ThunkMode mode, CFunction function,
                           const std::vector<ValueBytes>& args, ValueBytes* result) {
  if (!can_make_thunk(plan) || result->size() + 64 > kMaxResult) return Error{"no thunk for this plan"};
  ThunkHost made;
  FakeLua* L = new_lua(mode, &made);
  made.helpers.convert = entry<convert>(mode.ms_host);
  made.helpers.new_result = entry<new_result>(mode.ms_host);
  made.helpers.push_result = entry<push_result>(mode.ms_host);
  made.helpers.settle = entry<settle>(mode.ms_host);
  FakeState state;
  state.metatables.insert(kMetatable);
  const FakeRecord record{&state, expected_top(made.stack, args.size())};
  static Call call;
  call.types = &types;
  call.plan = &plan;
  call.args = &args;
  std::memset(call.result, 0xee, result->size() + 64);
  std::vector<ValueBytes> values = args;
  std::vector<FakeUserdata> userdata(args.size());
  const TypeId no_cell = kNoType;

  ThunkSpec spec;
  spec.plan = &plan;
  for (size_t i = 0; i < args.size(); ++i) {
    const Type& t = types[plan.args[i].type];
    ThunkArg arg;
    arg.cell = &no_cell;
    arg.kind = number_kind(t, args[i].data());
    Value value{{0}, kString, 0};
    if (i % 5 == 4) arg.kind = ThunkKind::none;  // whatever it is, by way of memory
    if (arg.kind != ThunkKind::none) {
      value = number(arg.kind, t, args[i].data());
    } else if (is_pointer_like(t) && i % 5 != 4) {
      arg.kind = ThunkKind::pointer;
      arg.takes_light = true;
      value.tag = kLight;
      std::memcpy(&value.pointer, args[i].data(), sizeof value.pointer);
    } else if (is_record(t) && i % 5 != 4) {
      arg.kind = ThunkKind::record;
      arg.same = static_cast<TypeId>(i + 1);
      values[i].resize(values[i].size() + 1);  // so that there is an address
      userdata[i] = {kMetatable, {arg.same, 0, kGuard, values[i].data()}};
      value.tag = kUserdata;
      value.pointer = &userdata[i];
    } else {
      arg.kind = ThunkKind::other;
    }
    spec.args.push_back(arg);
    *L->top++ = value;
  }
  const Type& r = types[plan.result.type];
  spec.result.kind = r.kind == Kind::void_ ? ThunkKind::none : number_kind(r, result->data());
  const bool is_number = spec.result.kind != ThunkKind::none;
  if (r.kind != Kind::void_ && !is_number) {
    const bool object = r.size > kPushedBytes || (!is_slot(r) && args.size() % 2 == 0);
    spec.result.kind = object ? ThunkKind::record : ThunkKind::other;
  }
  spec.result.type = &call;
  spec.record = &record;
  spec.address = function;
  spec.data = &call;
  spec.slow = entry<go_slow>(mode.ms_host);
  Result<CodeBlock> block = make_thunk(made, spec);
  if (!block.ok()) return block.error();

  Value* top = L->top;
  bool kept = false;
  const int results = call_thunk(block->address, mode.ms_host, L, nullptr, nullptr, &kept);
  process_code().release(*block);
  if (!kept) return Error{"registers are lost"};
  if (results == kSlow) return Error{"the thunk gives up"};
  if (results != (r.kind != Kind::void_) || L->top != top + results) return Error{"wrong number of results"};
  if (state.caller != nullptr) return Error{"the caller stays"};
  if (is_number) {
    const Value& v = L->top[-1];
    ValueBytes got(result->size());
    take_number(spec.result.kind, v, &got);
    if (got == *result && v.tag == kInteger && v.integer != number(spec.result.kind, r, got.data()).integer) {
      return Error{"the result is not extended"};
    }
    *result = got;
    return {};
  }
  if (spec.result.kind == ThunkKind::record) {
    const size_t whole_bytes = (result->size() + 7) / 8 * 8;
    if (std::any_of(call.result + whole_bytes, call.result + whole_bytes + 32, [](auto b) { return b != 0xee; })) {
      return Error{"writes beyond the result"};
    }
  }
  std::copy_n(call.result, result->size(), result->begin());
  return {};
}

Result<void> call_back_compiled(const TypeTable& types, const abi::CallPlan& plan, ThunkMode mode,
                                const std::function<void(CFunction)>& run, const std::vector<ValueBytes>& args,
                                const ValueBytes& give, std::vector<ValueBytes>* seen) {
  ThunkHost made;
  FakeLua* L = new_lua(mode, &made);
  CallbackApi api;
  api.rawgeti = entry<rawgeti>(mode.ms_host);
  api.pcall = entry<pcall>(mode.ms_host);
  api.settop = entry<api_settop>(mode.ms_host);
  FakeState state;
  state.caller = L;
  state.owner = thread_pointer();
  CallBack back;
  back.types = &types;
  back.plan = &plan;
  back.give = &give;
  back.seen = seen;
  g_call_back = &back;

  CallbackSpec spec;
  spec.plan = &plan;
  const Type& r = types[plan.result.type];
  if (r.kind != Kind::void_) spec.result = number_kind(r, give.data());
  spec.inline_call = !args.empty() && (r.kind == Kind::void_ || spec.result != ThunkKind::none);
  for (size_t i = 0; i < args.size(); ++i) {
    spec.args.push_back({number_kind(types[plan.args[i].type], args[i].data())});
    spec.inline_call = spec.inline_call && spec.args.back().kind != ThunkKind::none;
  }
  back.result = spec.result;
  if (spec.inline_call) {
    for (const CallbackSpec::Arg& arg : spec.args) back.kinds.push_back(arg.kind);
  }
  auto handler = [](const void* entry) {
    return reinterpret_cast<CallbackHandler>(reinterpret_cast<uintptr_t>(entry));
  };
  const CallbackHandler after = handler(entry<unexpected>(mode.ms_host));
  auto block = make_callback_code(made, api, {handler(entry<whole>(mode.ms_host)), after, after}, spec);
  if (!block.ok()) return block.error();
  CallbackData data;
  data.state = &state;
  data.context = &back;
  data.function_tag = kFunction;
  data.live = true;
  {
    auto callback = make_native_callback(*block, &data, plan);
    if (!callback.ok()) return callback.error();
    seen->clear();
    run((*callback)->address());
  }
  process_code().release(*block);
  if (!back.wrong.empty()) return Error{back.wrong};
  if (L->top != L->base || data.active != 0 || state.caller != L) return Error{"something is left behind"};
  return {};
}

}  // namespace ferry::call

#else
namespace ferry::call {

std::vector<ThunkMode> thunk_modes() {
  return {};
}
std::string mode_name(ThunkMode) {
  return {};
}
Result<void> call_by_thunk(const TypeTable&, const abi::CallPlan&, ThunkMode, CFunction, const std::vector<ValueBytes>&,
                           ValueBytes*) {
  return Error{"no native code"};
}
Result<void> call_back_compiled(const TypeTable&, const abi::CallPlan&, ThunkMode,
                                const std::function<void(CFunction)>&, const std::vector<ValueBytes>&,
                                const ValueBytes&, std::vector<ValueBytes>*) {
  return Error{"no native code"};
}

}  // namespace ferry::call
#endif
