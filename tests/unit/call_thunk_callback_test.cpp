// Compiled callbacks with a Lua that is not there (call_fake_lua.h), by each convention of x86-64; and their pool.
#include "call/native/callback.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "call_fake_lua.h"
#include "cparse/parser.h"

#if defined(FERRY_FAKE_LUA)
namespace ferry::call {
namespace {

using namespace fake;  // NOLINT: a test

struct Pair {
  double a;
  int b;
};
struct Odd {
  char bytes[7];
};
struct Big {
  int64_t v[5];
};

struct Answer {
  FakeState* state;
  int calls = 0;
};
void whole(void* context, void* const* args, void* result) {
  auto* answer = static_cast<Answer*>(context);
  ++answer->calls;
  int a;
  std::memcpy(&a, args[0], sizeof a);
  const int64_t value = a * 2;
  std::memcpy(result, &value, sizeof value);
}

class CallbackPool : public testing::Test {
 protected:
  void SetUp() override {
    if (!native_code_available().ok()) GTEST_SKIP() << "no executable memory";
  }
  abi::CallPlan plan(const char* text) { return *abi::plan_call(types_, *cparse::parse_type(types_, text)); }
  TypeTable types_{host_target()};
  ThunkHost host_;
  CallbackApi api_;
};

TEST_F(CallbackPool, GrowsMutesAndReusesOldestFirst) {
  const abi::CallPlan p = plan("int(int)");
  CallbackSpec spec;
  spec.plan = &p;
  auto block = make_callback_code(host_, api_, {whole, whole, whole}, spec);
  ASSERT_TRUE(block.ok()) << block.message();
  EXPECT_TRUE(lands(block->address));
  Answer answer{};
  CallbackData data;
  data.context = &answer;
  std::vector<std::unique_ptr<Callback>> all;
  constexpr int kMany = 5000;  // more than the static trampolines of the stub
  for (int i = 0; i < kMany; ++i) {
    auto made = make_native_callback(*block, &data, p);
    ASSERT_TRUE(made.ok()) << made.message();
    all.push_back(std::move(*made));
  }
  using F = int (*)(int);
  for (auto& cb : all) {
    ASSERT_TRUE(lands(reinterpret_cast<const void*>(cb->address())));
    ASSERT_EQ(reinterpret_cast<F>(cb->address())(21), 42);
  }
  EXPECT_EQ(answer.calls, kMany);
  const F first = reinterpret_cast<F>(all[0]->address()), second = reinterpret_cast<F>(all[1]->address());
  all[0]->mute();
  EXPECT_EQ(first(21), 0);
  const size_t idle = callback_usage().idle;
  const size_t slots = callback_usage().slots;
  all[1].reset();
  all[0].reset();
  EXPECT_EQ(callback_usage().idle, idle + 2);
  EXPECT_EQ(second(21), 0);  // callable for ever
  std::vector<std::unique_ptr<Callback>> more;
  for (size_t i = 0; i < idle; ++i) more.push_back(std::move(*make_native_callback(*block, &data, p)));
  EXPECT_EQ(second(21), 0);
  more.push_back(std::move(*make_native_callback(*block, &data, p)));
  EXPECT_EQ(reinterpret_cast<F>(more.back()->address()), second);
  more.push_back(std::move(*make_native_callback(*block, &data, p)));
  EXPECT_EQ(reinterpret_cast<F>(more.back()->address()), first);
  EXPECT_EQ(callback_usage().slots, slots);
}

TEST_F(CallbackPool, MutedOnesReturnZeroOfTheirType) {
  Answer answer{};
  CallbackData data;
  data.context = &answer;
  auto muted = [&](const abi::CallPlan& p) {
    CallbackSpec spec;
    spec.plan = &p;
    auto block = make_callback_code(host_, api_, {whole, whole, whole}, spec);
    EXPECT_TRUE(block.ok()) << block.message();
    auto made = make_native_callback(*block, &data, p);
    const CFunction address = (*made)->address();
    made->reset();
    return address;
  };
  EXPECT_EQ(reinterpret_cast<double (*)()>(muted(plan("double(void)")))(), 0.0);
  EXPECT_EQ(reinterpret_cast<long double (*)()>(muted(plan("long double(void)")))(), 0.0L);
  ASSERT_TRUE(cparse::parse_type(types_, "struct Big { int64_t v[5]; }").ok());
  const Big big = reinterpret_cast<Big (*)()>(muted(plan("struct Big(void)")))();
  for (int64_t v : big.v) EXPECT_EQ(v, 0);
#if defined(FERRY_FAKE_MICROSOFT)
  const CFunction ms = muted(plan("struct Big(void) __attribute__((ms_abi))"));
  Big other{{1, 2, 3, 4, 5}};
  bool kept = false;
  call_thunk(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(ms)), true, reinterpret_cast<FakeLua*>(&other),
             nullptr, nullptr, &kept);
  EXPECT_TRUE(kept);
  for (int64_t v : other.v) EXPECT_EQ(v, 0);
#endif
  EXPECT_EQ(answer.calls, 0);
}

#if defined(FERRY_FAKE_MICROSOFT)
// --- by convention ----------------------------------------------------------------------------------------------

// How Lua's stack is reached, and whether Lua and the callers are of Microsoft's convention.
struct Setup {
  bool direct;
  bool ms_host;
  bool ms_caller;
};

// What the Lua function does is said here: lua_pcallk, for a function that returns the sum of its arguments.
enum class Outcome { sum, text, failure };
Outcome g_outcome = Outcome::sum;
int g_pcall_bad = 0;
// What lent pointers are in; a slot of the stack holds the address of one.
void* g_lent[2];
constexpr uint8_t kHandler = 0x26;  // the tag of the message handler
int fake_pcall(FakeLua* L, int n, int results, int handler, int64_t context, const void* continuation) {
  g_pcall_bad += handler != -(n + 2) || L->top[handler].tag != kHandler || context != 0 || continuation != nullptr;
  double sum = 0;
  bool integers = true;
  for (Value* v = L->top - n; v < L->top; ++v) {
    integers = integers && v->tag != kFloat;
    // A boolean is an int in its slot; of a lent pointer what it points to is counted.
    const int64_t integer = v->tag == kBoolean    ? static_cast<int>(v->integer)
                            : v->tag == kUserdata ? *static_cast<const int*>(*static_cast<void* const*>(v->pointer))
                                                  : v->integer;
    sum += v->tag == kFloat ? v->number : static_cast<double>(integer);
  }
  L->top -= n;
  g_pcall_bad += (--L->top)->tag != kFunction;
  errno = 33;
  if (g_outcome == Outcome::failure) {
    push(L, {{0}, kString, 0});
    return 2;
  }
  if (results == 0) return 0;
  if (g_outcome == Outcome::text) {
    push(L, {{0}, kString, 0});
  } else if (integers) {
    api_pushinteger(L, static_cast<int64_t>(sum));
  } else {
    api_pushnumber(L, sum);
  }
  return 0;
}
void fake_rawgeti(FakeLua* L, int registry, int64_t reference) {
  g_pcall_bad += registry != -1000 || reference < 17 || reference > 20;
  if (reference > 18) {
    Value object{{0}, kUserdata, 0};
    object.pointer = &g_lent[reference - 19];
    push(L, object);
    return;
  }
  push(L, {{0}, reference == 17 ? kFunction : kHandler, 0});
}

// Handlers that are asked after the call end it.
struct Asked {
  FakeLua* L = nullptr;
  CallbackData* data = nullptr;
  int whole = 0, failed = 0, convert = 0;
};
void ask_whole(void* context, void* const*, void*) {
  ++static_cast<Asked*>(context)->whole;
}
void ask_failed(void* context, void* const*, void*) {
  auto* asked = static_cast<Asked*>(context);
  ++asked->failed;
  --asked->data->active;
  asked->L->top -= 2;
}
void ask_convert(void* context, void* const* args, void* result) {
  auto* asked = static_cast<Asked*>(context);
  ++asked->convert;
  --asked->data->active;
  asked->L->top -= 2;
  std::memcpy(result, args[0], 8);
}
void shuffle(void* context, void* const* args, void* result) {
  ++static_cast<Asked*>(context)->whole;
  auto value = [&]<typename T>(int i, T*) {
    T made;
    std::memcpy(&made, args[i], sizeof made);
    return made;
  };
  const Pair p = value(0, static_cast<Pair*>(nullptr));
  const Odd o = value(1, static_cast<Odd*>(nullptr));
  Big b = value(2, static_cast<Big*>(nullptr));
  Big zero;
  std::memcpy(&zero, result, sizeof zero);
  b.v[0] += p.b + static_cast<int64_t>(p.a) + o.bytes[6] + zero.v[4];
  b.v[4] = static_cast<int64_t>(value(3, static_cast<long double*>(nullptr)));
  std::memcpy(result, &b, sizeof b);
}

int g_errno = 0;
int* location_of_errno() {
  return &g_errno;
}

class CallbackTest : public testing::TestWithParam<Setup> {
 protected:
  void SetUp() override {
    if (!native_code_available().ok()) GTEST_SKIP() << "no executable memory";
    const bool ms = GetParam().ms_host;
    host_ = fake::host(ms);
    if (GetParam().direct) host_.stack = layout(true);
    api_.rawgeti = entry<fake_rawgeti>(ms);
    api_.pcall = entry<fake_pcall>(ms);
    api_.settop = entry<api_settop>(ms);
    api_.registry = -1000;
    L_.base = L_.top = L_.slots + 10;
    state_.owner = thread_pointer();
    state_.caller = &L_;
    asked_.L = &L_;
    asked_.data = &data_;
    data_.state = &state_;
    data_.context = &asked_;
    data_.function_tag = kFunction;
    data_.function_reference = 17;
    data_.handler_tag = kHandler;
    data_.handler_reference = 18;
    data_.live = true;
    g_outcome = Outcome::sum;
    g_pcall_bad = 0;
  }
  static CallbackHandler handler(const void* entry) {
    return reinterpret_cast<CallbackHandler>(reinterpret_cast<uintptr_t>(entry));
  }
  // Calls go to handlers alone without `args`.
  template <auto Whole = ask_whole>
  CFunction make(const std::string& type, std::vector<CallbackSpec::Arg> args, ThunkKind result) {
    const bool ms = GetParam().ms_host;
    TypeId id = *cparse::parse_type(types_, type + (GetParam().ms_caller ? " __attribute__((ms_abi))" : ""));
    const abi::CallPlan plan = *abi::plan_call(types_, id);
    CallbackSpec spec;
    spec.plan = &plan;
    spec.inline_call = !args.empty();
    spec.args = std::move(args);
    spec.result = result;
    const CallbackHandlers handlers{handler(entry<Whole>(ms)), handler(entry<ask_failed>(ms)),
                                    handler(entry<ask_convert>(ms))};
    auto block = make_callback_code(host_, api_, handlers, spec);
    EXPECT_TRUE(block.ok()) << block.message();
    auto made = make_native_callback(*block, &data_, plan);
    EXPECT_TRUE(made.ok()) << made.message();
    callbacks_.push_back(std::move(*made));
    return callbacks_.back()->address();
  }
  // A call of the function's type R(A...), by the caller's convention.
  template <typename R, typename... A>
  static R call(CFunction f, A... a) {
    if (GetParam().ms_caller) return reinterpret_cast<R(__attribute__((ms_abi))*)(A...)>(f)(a...);
    return reinterpret_cast<R (*)(A...)>(f)(a...);
  }
  void settled() {
    EXPECT_EQ(L_.top, L_.base);
    EXPECT_EQ(g_pcall_bad, 0);
    EXPECT_EQ(state_.caller, &L_);
    EXPECT_EQ(data_.active, 0u);
  }

  TypeTable types_{host_target()};
  ThunkHost host_;
  CallbackApi api_;
  FakeLua L_;
  FakeState state_;
  CallbackData data_;
  Asked asked_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
};

TEST_P(CallbackTest, PushesCallsAndConverts) {
  using K = ThunkKind;
  const CFunction f = make("double(int, float, double, bool, int64_t, unsigned char, float)",
                           {{K::i32}, {K::f32}, {K::f64}, {K::boolean}, {K::i64}, {K::u8}, {K::f32}}, K::f64);
  errno = 5;
  const double sum =
      call<double, int, float, double, bool, int64_t, unsigned char, float>(f, -1, 20.5f, 300, true, 4000, 200, 0.25f);
  EXPECT_EQ(sum, -1 + 20.5 + 300 + 1 + 4000 + 200 + 0.25);
  EXPECT_EQ(errno, 5);
  EXPECT_EQ(state_.saved_errno, 5);
  settled();
  const CFunction g = make("short(short, int64_t *)", {{K::i16}, {K::i64, true}}, K::i16);
  int64_t behind = 70000;
  EXPECT_EQ((call<short, short, int64_t*>(g, -5, &behind)), static_cast<short>(69995));
  EXPECT_EQ(asked_.whole, 0);
  EXPECT_EQ((call<short, short, int64_t*>(g, -5, nullptr)), 0);
  EXPECT_EQ(asked_.whole, 1);
  settled();
  const CFunction h = make("void(bool)", {{K::boolean}}, K::none);
  call<void, bool>(h, true);
  settled();
  EXPECT_EQ(asked_.convert + asked_.failed, 0);
}

TEST_P(CallbackTest, LendsPointers) {
  using K = ThunkKind;
  CallbackObject objects[4];
  for (int i = 0; i < 2; ++i) {
    CallbackObject& object = objects[i == 0 ? 0 : 3];
    object.pointer = &g_lent[i];
    object.value = reinterpret_cast<uintptr_t>(&g_lent[i]);
    object.tag = kUserdata;
    object.reference = 19 + i;
  }
  data_.objects = objects;
  const CFunction f =
      make("double(int *, int, double, int *)", {{K::pointer}, {K::i32}, {K::f64}, {K::pointer}}, K::f64);
  int a = 20, b = 300;
  EXPECT_EQ((call<double, int*, int, double, int*>(f, &a, 1, 0.5, &b)), 321.5);
  EXPECT_EQ(g_lent[0], &a);
  EXPECT_EQ(g_lent[1], &b);
  EXPECT_EQ((call<double, int*, int, double, int*>(f, &b, 2, 0.5, &b)), 602.5);
  settled();
  EXPECT_EQ(asked_.whole, 0);
  data_.active = 1;  // the objects are in use: there have to be others
  EXPECT_EQ((call<double, int*, int, double, int*>(f, &a, 1, 0.5, &a)), 0);
  EXPECT_EQ(asked_.whole, 1);
  EXPECT_EQ(g_lent[0], &b);
  data_.active = 0;
  settled();
}

TEST_P(CallbackTest, AsksWhereLuaDoesTheUnusual) {
  using K = ThunkKind;
  const CFunction f = make("int64_t(int64_t, double)", {{K::i64}, {K::f64}}, K::i64);
  g_outcome = Outcome::text;
  EXPECT_EQ((call<int64_t, int64_t, double>(f, 12345678901, 1)), 12345678901);
  EXPECT_EQ(asked_.convert, 1);
  settled();
  g_outcome = Outcome::failure;
  EXPECT_EQ((call<int64_t, int64_t, double>(f, 12345678901, 1)), 0);
  EXPECT_EQ(asked_.failed, 1);
  state_.caller = nullptr;  // not within a call from Lua
  EXPECT_EQ((call<int64_t, int64_t, double>(f, 12345678901, 1)), 0);
  state_.caller = &L_;
  state_.owner ^= 64;  // another thread
  EXPECT_EQ((call<int64_t, int64_t, double>(f, 12345678901, 1)), 0);
  EXPECT_EQ(asked_.whole, 2);
}

TEST_P(CallbackTest, HandlersSeeRecords) {
  ASSERT_TRUE(cparse::parse_type(types_, "struct Pair { double a; int b; }").ok());
  ASSERT_TRUE(cparse::parse_type(types_, "struct Odd { char bytes[7]; }").ok());
  ASSERT_TRUE(cparse::parse_type(types_, "struct Big { int64_t v[5]; }").ok());
  const CFunction f =
      make<shuffle>("struct Big(struct Pair, struct Odd, struct Big, long double)", {}, ThunkKind::record);
  const Big big = call<Big, Pair, Odd, Big, long double>(f, {20, 3}, {{1, 2, 3, 4, 5, 6, 7}}, {{100, 1, 2, 3, 4}}, 55);
  EXPECT_EQ(big.v[0], 130);
  EXPECT_EQ(big.v[3], 3);
  EXPECT_EQ(big.v[4], 55);
  EXPECT_EQ(asked_.whole, 1);
}

// By Microsoft's convention rdi, rsi and xmm6-15 are the caller's, whatever Lua's is.
TEST_P(CallbackTest, KeepsRegisters) {
  using K = ThunkKind;
  const CFunction f = make("int(int64_t, int64_t, int64_t)", {{K::i64}, {K::i64}, {K::i64}}, K::i32);
  bool kept = false;
  const auto number = [](int64_t n) { return reinterpret_cast<void*>(n); };
  const auto target = reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(f));
  EXPECT_EQ(call_thunk(target, GetParam().ms_caller, static_cast<FakeLua*>(number(1)), number(20), number(300), &kept),
            321);
  EXPECT_TRUE(kept);
  ASSERT_TRUE(cparse::parse_type(types_, "struct Big { int64_t v[5]; }").ok());
  Big big{{1, 2, 3, 4, 5}};
  const CFunction g = make("struct Big(void)", {}, ThunkKind::record);
  const auto other = reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(g));
  call_thunk(other, GetParam().ms_caller, reinterpret_cast<FakeLua*>(&big), nullptr, nullptr, &kept);
  EXPECT_TRUE(kept);
  for (int64_t v : big.v) EXPECT_EQ(v, 0);
}

TEST_P(CallbackTest, ErrnoByFunction) {
  using K = ThunkKind;
  host_.errno_location = entry<location_of_errno>(GetParam().ms_host);
  const CFunction f = make("double(double, float)", {{K::f64}, {K::f32}}, K::f64);
  g_errno = 44;
  EXPECT_EQ((call<double, double, float>(f, 1.5, 2)), 3.5);
  EXPECT_EQ(state_.saved_errno, 44);
  EXPECT_EQ(g_errno, 44);
  settled();
}

std::vector<Setup> setups() {
  std::vector<Setup> made;
  for (bool direct : {false, true}) {
    for (bool ms_host : {false, true}) {
      for (bool ms_caller : {false, true}) made.push_back({direct, ms_host, ms_caller});
    }
  }
  return made;
}

INSTANTIATE_TEST_SUITE_P(Setups, CallbackTest, testing::ValuesIn(setups()), [](const auto& test) {
  const Setup& s = test.param;
  const std::string name = s.direct ? "direct" : "api";
  return name + (s.ms_host ? "_ms" : "_sysv") + (s.ms_caller ? "_called_by_ms" : "_called_by_sysv");
});
#endif

}  // namespace
}  // namespace ferry::call
#endif
