// Thunks with a Lua that is not there (call_fake_lua.h), on x86-64 by each convention: that of Lua, and that of the C
// function. What real Lua does with them is the specs' subject.
#include "call/native/thunk.h"

#include <gtest/gtest.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "call/unwind.h"
#include "call_fake_lua.h"
#include "cparse/parser.h"

#if defined(FERRY_FAKE_LUA)
namespace ferry::call {
namespace {

using namespace fake;  // NOLINT: a test

constexpr int kAnswer = -77;  // what the slow path returns

char g_result_storage[64];
void* help_new_result(FakeLua* L, FakeState*, const void*) {
  Value value{{0}, kUserdata, 0};
  value.pointer = g_result_storage;
  push(L, value);
  return g_result_storage;
}
char g_pushed[32];
void help_push_result(FakeLua* L, FakeState*, const void*, void* bytes) {
  std::memcpy(g_pushed, bytes, sizeof g_pushed);
  push(L, {{0}, kUserdata, 0});
}
long double g_converted = 0;
void help_convert(FakeLua*, const void*, int, void* slot) {
  std::memcpy(slot, &g_converted, sizeof g_converted);
}
int go_slow(FakeLua* L) {
  ++L->slow_calls;
  return kAnswer;
}
const void* g_slow_function = nullptr;
const void* g_slow_data = nullptr;
int go_slow_type(FakeLua* L, const void* function, const void* data) {
  ++L->slow_calls;
  g_slow_function = function;
  g_slow_data = data;
  return kAnswer;
}

enum class Access { api, direct, direct_by_call_info };

// How Lua's stack is reached, and whether Lua and the C functions are of Microsoft's convention.
struct Setup {
  Access access;
  bool ms_host;
  bool ms_function;
};

class ThunkTest : public testing::TestWithParam<Setup> {
 protected:
  void SetUp() override {
    if (!native_code_available().ok()) GTEST_SKIP() << "no executable memory";
    const bool ms = GetParam().ms_host;
    host_ = fake::host(ms);
    host_.helpers.convert = entry<help_convert>(ms);
    host_.helpers.new_result = entry<help_new_result>(ms);
    host_.helpers.push_result = entry<help_push_result>(ms);
    host_.helpers.settle = entry<go_slow>(ms);
    if (GetParam().access != Access::api) host_.stack = layout(GetParam().access == Access::direct);
    state_.metatables.insert(kMetatable);
    clear();
  }

  void clear() {
    std::memset(static_cast<void*>(L_.slots), 0xa5, sizeof L_.slots);
    first_ = L_.slots + 10;
    L_.top = first_;
    L_.base = first_;
    if (GetParam().access == Access::direct_by_call_info) {
      function_ = first_ - 1;
      L_.base = reinterpret_cast<Value*>(&function_);
    }
    L_.slow_calls = 0;
  }
  void add(int64_t v) { *L_.top++ = {{v}, kInteger, 0}; }
  void add_number(double v) {
    *L_.top = {{0}, kFloat, 0};
    (L_.top++)->number = v;
  }
  void add_tag(uint32_t tag, const void* pointer = nullptr) {
    *L_.top = {{0}, tag, 0};
    (L_.top++)->pointer = pointer;
  }

  using Thunk = const void*;
  template <auto F>
  CFunction function() const {
    const void* made = address(F);
#if defined(FERRY_FAKE_MICROSOFT)
    if (GetParam().ms_function) made = address(&Microsoft<F>::call);
#endif
    return reinterpret_cast<CFunction>(reinterpret_cast<uintptr_t>(made));
  }
  // The spec of a function; its plan is kept in plans_.
  ThunkSpec spec(const std::string& type, std::vector<ThunkArg> args, ThunkKind result,
                 std::initializer_list<Scalar> extra = {}) {
    std::vector<TypeId> behind;
    for (Scalar scalar : extra) behind.push_back(scalar_type(scalar));
    TypeId id = *cparse::parse_type(types_, type + (GetParam().ms_function ? " __attribute__((ms_abi))" : ""));
    plans_.push_back(std::make_unique<abi::CallPlan>(*abi::plan_call(types_, id, behind)));
    ThunkSpec made;
    made.plan = plans_.back().get();
    made.args = std::move(args);
    made.result.kind = result;
    return made;
  }
  Thunk publish(const ThunkSpec& made) {
    auto block = make_thunk(host_, made);
    EXPECT_TRUE(block.ok()) << block.message();
    EXPECT_TRUE(block.ok() && lands(block->address));
    return block.ok() ? block->address : nullptr;
  }
  // A record for a function with so many arguments.
  const FakeRecord* record(size_t n) {
    records_.push_back({&state_, expected_top(host_.stack, n)});
    return &records_.back();
  }
  template <auto F>
  Thunk make(const char* type, std::vector<ThunkArg> args, ThunkKind result, const void* const* next = nullptr) {
    ThunkSpec made = spec(type, std::move(args), result);
    made.record = record(made.args.size());
    made.address = function<F>();
    made.slow = entry<go_slow>(GetParam().ms_host);
    made.next = next;
    return publish(made);
  }
  static ThunkArg kind(ThunkKind k) {
    ThunkArg arg;
    arg.kind = k;
    return arg;
  }
  // Calls; checks that nothing but the result's slot was written, and that registers are kept.
  int call(Thunk thunk, const void* second = nullptr, const void* third = nullptr) {
    Value before[100];
    std::memcpy(static_cast<void*>(before), L_.slots, sizeof before);
    Value* top = L_.top;
    bool kept = false;
    const int results = call_thunk(thunk, GetParam().ms_host, &L_, second, third, &kept);
    EXPECT_TRUE(kept);
    if (results == kAnswer) {
      EXPECT_EQ(L_.top, top);
    } else {
      EXPECT_EQ(L_.top, top + results);
      if (results == 1) before[top - L_.slots] = *top;
    }
    EXPECT_EQ(std::memcmp(before, L_.slots, sizeof before), 0) << "something else was written";
    EXPECT_EQ(state_.caller, nullptr);
    return results;
  }

  TypeTable types_{host_target()};
  ThunkHost host_;
  FakeLua L_;
  Value* first_ = nullptr;
  Value* function_ = nullptr;
  FakeState state_;
  std::deque<FakeRecord> records_;
  std::vector<std::unique_ptr<abi::CallPlan>> plans_;
};

int g_calls = 0;
int add_ints(int a, int b) {
  ++g_calls;
  return a + b;
}
double scale(float a, double b) {
  return a * b;
}
int64_t mixed(int8_t a, uint16_t b, int64_t c, bool d, uint32_t e, int16_t f, uint8_t g, int h) {
  return a + b * 10 + c * 100 + d * 1000 + e + f + g + h * 7;
}

TEST_P(ThunkTest, Integers) {
  Thunk f = make<add_ints>("int(int, int)", {kind(ThunkKind::i32), kind(ThunkKind::i32)}, ThunkKind::i32);
  add(40);
  add_number(2.9);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].tag, kInteger);
  EXPECT_EQ(L_.top[-1].integer, 42);
  clear();
  add(-1);
  add((int64_t{1} << 32) + 3);  // wraps
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].integer, 2);
  EXPECT_EQ(L_.slow_calls, 0);
}

TEST_P(ThunkTest, UnexpectedGoesSlowAndCallsNothing) {
  Thunk f = make<add_ints>("int(int, int)", {kind(ThunkKind::i32), kind(ThunkKind::i32)}, ThunkKind::i32);
  g_calls = 0;
  for (int given : {0, 1, 3, 60}) {
    clear();
    for (int i = 0; i < given; ++i) add(1);
    EXPECT_EQ(call(f), kAnswer) << given;
  }
  for (uint32_t tag : {uint32_t{kNil}, uint32_t{kBoolean}, uint32_t{kString}, uint32_t{kUserdata}, uint32_t{kLight}}) {
    clear();
    add(1);
    add_tag(tag, "                                ");
    EXPECT_EQ(call(f), kAnswer) << tag;
    EXPECT_EQ(L_.slow_calls, 1);
  }
  clear();
  add(1);
  add_number(1e300);
  EXPECT_EQ(call(f), kAnswer);
  clear();
  add(1);
  add(2);
  records_.back() = {nullptr, kNoTop};  // the state is closed
  EXPECT_EQ(call(f), kAnswer);
  EXPECT_EQ(g_calls, 0);
}

TEST_P(ThunkTest, FloatsAndNarrowIntegers) {
  Thunk f = make<scale>("double(float, double)", {kind(ThunkKind::f32), kind(ThunkKind::f64)}, ThunkKind::f64);
  add(3);
  add_number(0.5);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].tag, kFloat);
  EXPECT_EQ(L_.top[-1].number, 1.5);
  clear();
  Thunk g = make<mixed>("int64_t(int8_t, uint16_t, int64_t, bool, uint32_t, int16_t, uint8_t, int)",
                        {kind(ThunkKind::i8), kind(ThunkKind::u16), kind(ThunkKind::i64), kind(ThunkKind::boolean),
                         kind(ThunkKind::u32), kind(ThunkKind::i16), kind(ThunkKind::u8), kind(ThunkKind::i32)},
                        ThunkKind::i64);
  add(255);    // -1
  add(65537);  // 1
  add(-5);
  *L_.top++ = {{1}, kBoolean, 0};
  add(4294967295);
  add(-3);
  add(257);  // 1
  add(9);
  ASSERT_EQ(call(g), 1);
  EXPECT_EQ(L_.top[-1].integer, -1 + 10 - 500 + 1000 + 4294967295 - 3 + 1 + 63);
}

int64_t address_of(const void* p) {
  return reinterpret_cast<int64_t>(p);
}
int64_t second_address(int, const void* p) {
  return address_of(p);
}

TEST_P(ThunkTest, KnownFunctions) {
  const TypeId cell = kNoType;
  KnownCallback known;
  ThunkArg arg = kind(ThunkKind::pointer);
  arg.same = 1000;
  arg.cell = &cell;
  arg.callback = &known;
  Thunk f = make<second_address>("int64_t(int, void (*)(void))", {kind(ThunkKind::i32), arg}, ThunkKind::i64);
  const char one = 0, other = 0;
  auto run = [&](uint32_t tag, const void* p) {
    clear();
    add(1);
    add_tag(tag, p);
    return call(f);
  };
  EXPECT_EQ(run(kFunction, &one), kAnswer);
  known = {&one, &cell, kFunction};
  ASSERT_EQ(run(kFunction, &one), 1);
  EXPECT_EQ(L_.top[-1].integer, address_of(&cell));
  EXPECT_EQ(run(kFunction, &other), kAnswer);
  EXPECT_EQ(run(kLight, &one), kAnswer);  // the same address of something else
  ASSERT_EQ(run(kNil, nullptr), 1);
  EXPECT_EQ(L_.top[-1].integer, 0);
}

TEST_P(ThunkTest, Pointers) {
  TypeId cell = kNoType;
  ThunkArg arg = kind(ThunkKind::pointer);
  arg.takes_string = arg.takes_light = true;
  arg.same = 1000;
  arg.object = 1001;
  arg.cell = &cell;
  Thunk f = make<address_of>("int64_t(const void *)", {arg}, ThunkKind::i64);
  const char text[64] = {};
  FakeUserdata object{kMetatable, {1000, 0, kGuard, &cell}};
  auto run = [&](uint32_t tag, const void* p) {
    clear();
    add_tag(tag, p);
    return call(f);
  };
  ASSERT_EQ(run(kNil, nullptr), 1);
  EXPECT_EQ(L_.top[-1].integer, 0);
  ASSERT_EQ(run(kString, text), 1);
  EXPECT_EQ(L_.top[-1].integer, address_of(text + 24));
  ASSERT_EQ(run(kLight, text), 1);
  EXPECT_EQ(L_.top[-1].integer, address_of(text));
  const void* userdata = GetParam().access == Access::api ? static_cast<const void*>(&object) : &object;
  ASSERT_EQ(run(kUserdata, userdata), 1);
  EXPECT_EQ(L_.top[-1].integer, address_of(&cell));
  object.block.data = nullptr;  // a NULL pointer is one, an object at NULL is not
  ASSERT_EQ(run(kUserdata, userdata), 1);
  object.block.type = 1001;
  EXPECT_EQ(run(kUserdata, userdata), kAnswer);
  object.block.data = &object;
  ASSERT_EQ(run(kUserdata, userdata), 1);
  object.block.type = 1002;
  EXPECT_EQ(run(kUserdata, userdata), kAnswer);
  cell = 1002;
  ASSERT_EQ(run(kUserdata, userdata), 1);
  EXPECT_EQ(L_.top[-1].integer, address_of(&object));
  if (GetParam().access != Access::api) {
    object.block.guard = 0;
    EXPECT_EQ(run(kUserdata, userdata), kAnswer);
    object.block.guard = kGuard;
    for (const void* other : {static_cast<const void*>(nullptr), static_cast<const void*>(text)}) {
      object.metatable = other;
      EXPECT_EQ(run(kUserdata, userdata), kAnswer);
    }
  }
}

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
Big shuffle(Pair p, Odd o, Big b, long double x) {
  b.v[0] += p.b + static_cast<int64_t>(p.a) + o.bytes[6];
  b.v[4] = static_cast<int64_t>(x);
  return b;
}
Pair pair_of(Odd o) {
  return {o.bytes[0] * 1.0, o.bytes[6]};
}

TEST_P(ThunkTest, Records) {
  ASSERT_TRUE(cparse::parse_type(types_, "struct Pair { double a; int b; }").ok());
  ASSERT_TRUE(cparse::parse_type(types_, "struct Odd { char bytes[7]; }").ok());
  ASSERT_TRUE(cparse::parse_type(types_, "struct Big { int64_t v[5]; }").ok());
  auto record = [](TypeId type) {
    ThunkArg arg = kind(ThunkKind::record);
    arg.same = type;
    return arg;
  };
  Pair pair{20, 3};
  Odd odd{{1, 2, 3, 4, 5, 6, 7}};
  Big big{{100, 1, 2, 3, 4}};
  FakeUserdata u1{kMetatable, {1, 0, kGuard, &pair}}, u2{kMetatable, {2, 0, kGuard, &odd}},
      u3{kMetatable, {3, 0, kGuard, &big}};
  g_converted = 55;
  Thunk f = make<shuffle>("struct Big(struct Pair, struct Odd, struct Big, long double)",
                          {record(1), record(2), record(3), kind(ThunkKind::other)}, ThunkKind::record);
  for (const void* u : {&u1, &u2, &u3}) add_tag(kUserdata, u);
  add(0);
  ASSERT_EQ(call(f), 1);
  Big result;
  std::memcpy(&result, g_result_storage, sizeof result);
  EXPECT_EQ(result.v[0], 130);
  EXPECT_EQ(result.v[3], 3);
  EXPECT_EQ(result.v[4], 55);
  clear();
  add_tag(kUserdata, &u2);
  Thunk g = make<pair_of>("struct Pair(struct Odd)", {record(2)}, ThunkKind::record);
  ASSERT_EQ(call(g), 1);
  std::memcpy(&pair, g_result_storage, sizeof pair);
  EXPECT_EQ(pair.a, 1);
  EXPECT_EQ(pair.b, 7);
  clear();
  add_tag(kUserdata, &u1);  // of another type
  EXPECT_EQ(call(g), kAnswer);
}

int64_t pass64(int64_t v) {
  return v;
}

TEST_P(ThunkTest, ExactNumbers) {
  auto exact = [](ThunkKind k) {
    ThunkArg arg = kind(k);
    arg.exact = true;
    return arg;
  };
  Thunk narrow = make<add_ints>("int(int, int)", {exact(ThunkKind::i32), exact(ThunkKind::i32)}, ThunkKind::i32);
  Thunk wide = make<pass64>("int64_t(int64_t)", {exact(ThunkKind::i64)}, ThunkKind::i64);
  Thunk real = make<scale>("double(float, double)", {kind(ThunkKind::f32), exact(ThunkKind::f64)}, ThunkKind::f64);
  for (int64_t v : {int64_t{INT32_MIN}, int64_t{INT32_MAX}, int64_t{0}, int64_t{INT32_MAX} + 1, int64_t{INT32_MIN} - 1,
                    int64_t{INT64_MIN}}) {
    const bool fits = v >= INT32_MIN && v <= INT32_MAX;
    clear();
    add(0);
    add(v);
    EXPECT_EQ(call(narrow), fits ? 1 : kAnswer) << v;
    if (fits) {
      EXPECT_EQ(L_.top[-1].integer, v);
    }
    clear();
    add(v);
    EXPECT_EQ(call(wide), fits ? kAnswer : 1) << v;
    if (!fits) {
      EXPECT_EQ(L_.top[-1].integer, v);
    }
    clear();
    add(2);
    add(v);
    EXPECT_EQ(call(real), kAnswer);
  }
  clear();
  add(1);
  add_number(2);
  EXPECT_EQ(call(narrow), kAnswer);
  ASSERT_EQ(call(real), 1);
  EXPECT_EQ(L_.top[-1].number, 2);
}

// As the thunks of a variadic function: an entry that goes where a cell says, and thunks that go on to the next.
TEST_P(ThunkTest, ChainOfShapes) {
  ThunkArg whole = kind(ThunkKind::i64);
  whole.exact = true;
  ThunkArg real = kind(ThunkKind::f64);
  real.exact = true;
  const ThunkArg first = kind(ThunkKind::f32);
  const void* slow = entry<go_slow>(GetParam().ms_host);
  const void* cells[3] = {slow, slow, slow};
  Thunk longs = make<pass64>("int64_t(int64_t)", {whole}, ThunkKind::i64, &cells[1]);
  Thunk reals = make<scale>("double(float, double)", {first, real}, ThunkKind::f64, &cells[2]);
  auto made = make_switch(&cells[0]);
  ASSERT_TRUE(made.ok()) << made.message();
  EXPECT_TRUE(lands(made->address));
  Thunk start = made->address;
  auto with_long = [&] {
    clear();
    add(int64_t{1} << 40);
    return call(start);
  };
  auto with_reals = [&] {
    clear();
    add(2);
    add_number(1.25);
    return call(start);
  };
  EXPECT_EQ(with_long(), kAnswer);
  cells[0] = longs;
  ASSERT_EQ(with_long(), 1);
  EXPECT_EQ(L_.top[-1].integer, int64_t{1} << 40);
  EXPECT_EQ(with_reals(), kAnswer);
  EXPECT_EQ(L_.slow_calls, 1);
  cells[1] = reals;  // behind code that exists
  ASSERT_EQ(with_reals(), 1);
  EXPECT_EQ(L_.top[-1].number, 2.5);
  ASSERT_EQ(with_long(), 1);
  clear();
  EXPECT_EQ(call(start), kAnswer);
  EXPECT_EQ(L_.slow_calls, 1);
  for (FakeRecord& record : records_) record = {nullptr, kNoTop};
  EXPECT_EQ(with_reals(), kAnswer);
  EXPECT_EQ(L_.slow_calls, 1);
}

// Microsoft, "Varargs": doubles are in the general registers, too; System V has al count the vector registers.
double add_variadic(int n, ...) {
  va_list list;
  va_start(list, n);
  double sum = va_arg(list, double) + va_arg(list, int);
  for (int i = 0; i < n; ++i) sum += va_arg(list, double);
  va_end(list);
  return sum;
}
#if defined(FERRY_FAKE_MICROSOFT)
__attribute__((ms_abi)) double ms_add_variadic(int n, ...) {
  __builtin_ms_va_list list;
  __builtin_ms_va_start(list, n);
  double sum = __builtin_va_arg(list, double) + __builtin_va_arg(list, int);
  for (int i = 0; i < n; ++i) sum += __builtin_va_arg(list, double);
  __builtin_ms_va_end(list);
  return sum;
}
#endif

TEST_P(ThunkTest, VariadicCalls) {
  using K = ThunkKind;
  ThunkSpec made = spec("double(int, ...)", {kind(K::i32), kind(K::f64), kind(K::i32), kind(K::f64), kind(K::f64)},
                        K::f64, {Scalar::float64, Scalar::int32, Scalar::float64, Scalar::float64});
  made.record = record(made.args.size());
  const void* to = address(&add_variadic);
#if defined(FERRY_FAKE_MICROSOFT)
  if (GetParam().ms_function) to = address(&ms_add_variadic);
#endif
  made.address = reinterpret_cast<CFunction>(reinterpret_cast<uintptr_t>(to));
  made.slow = entry<go_slow>(GetParam().ms_host);
  Thunk f = publish(made);
  for (int i : {2, 30, 400, 5000, 60000}) add(i);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].number, 65430);
}

int errno_plus(int n) {
  const int old = errno;
  errno = n;
  return old;
}

TEST_P(ThunkTest, ErrnoThreadAndCaller) {
  Thunk f = make<errno_plus>("int(int)", {kind(ThunkKind::i32)}, ThunkKind::i32);
  state_.saved_errno = 12;
  errno = 3;
  add(99);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].integer, 12);
  EXPECT_EQ(state_.saved_errno, 99);
  EXPECT_EQ(state_.owner, thread_pointer());
}

#if defined(FERRY_FAKE_MICROSOFT)
// Windows has its thread's record in gs, and errno where a function says.
uintptr_t g_thread_block[16];

TEST_P(ThunkTest, ThreadInOtherSegment) {
  constexpr int kSetGs = 0x1001;  // asm/prctl.h
  if (syscall(SYS_arch_prctl, kSetGs, g_thread_block) != 0) GTEST_SKIP() << "gs cannot be set";
  g_thread_block[6] = 0x5151;
  host_.thread_segment = ThreadSegment::gs;
  host_.thread_offset = 0x30;
  Thunk f = make<errno_plus>("int(int)", {kind(ThunkKind::i32)}, ThunkKind::i32);
  add(99);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(state_.owner, 0x5151u);
  syscall(SYS_arch_prctl, kSetGs, nullptr);
}

int g_errno = 0;
int* location_of_errno() {
  return &g_errno;
}
int other_errno_plus(int n) {
  const int old = g_errno;
  g_errno = n;
  return old;
}
double errno_and_numbers(double a, float b, double c, int n, double d, double e) {
  g_errno = n;
  return a + b + c + d + e;
}
long double errno_and_long_double(int n) {
  g_errno = n;
  return n + 0.5L;
}
Pair errno_and_pair(Odd o) {
  g_errno = o.bytes[1];
  return {o.bytes[0] * 1.0, o.bytes[6]};
}

TEST_P(ThunkTest, ErrnoByFunction) {
  host_.errno_location = entry<location_of_errno>(GetParam().ms_host);
  Thunk f = make<other_errno_plus>("int(int)", {kind(ThunkKind::i32)}, ThunkKind::i32);
  state_.saved_errno = 12;
  g_errno = 3;
  add(99);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].integer, 12);
  EXPECT_EQ(state_.saved_errno, 99);
  const ThunkArg real = kind(ThunkKind::f64);
  Thunk g =
      make<errno_and_numbers>("double(double, float, double, int, double, double)",
                              {real, kind(ThunkKind::f32), real, kind(ThunkKind::i32), real, real}, ThunkKind::f64);
  clear();
  for (int i : {1, 20, 300, 98, 4000, 50000}) add(i);
  ASSERT_EQ(call(g), 1);
  EXPECT_EQ(L_.top[-1].number, 54321);
  EXPECT_EQ(state_.saved_errno, 98);
  Thunk h = make<errno_and_long_double>("long double(int)", {kind(ThunkKind::i32)}, ThunkKind::other);
  clear();
  add(97);
  ASSERT_EQ(call(h), 1);
  long double pushed;
  std::memcpy(&pushed, g_pushed, sizeof pushed);
  EXPECT_EQ(pushed, 97.5L);
  EXPECT_EQ(state_.saved_errno, 97);
  ASSERT_TRUE(cparse::parse_type(types_, "struct Pair { double a; int b; }").ok());
  ASSERT_TRUE(cparse::parse_type(types_, "struct Odd { char bytes[7]; }").ok());
  ThunkArg record = kind(ThunkKind::record);
  record.same = 2;
  Odd odd{{1, 2, 3, 4, 5, 6, 7}};
  FakeUserdata u{kMetatable, {2, 0, kGuard, &odd}};
  Thunk k = make<errno_and_pair>("struct Pair(struct Odd)", {record}, ThunkKind::record);
  clear();
  add_tag(kUserdata, &u);
  ASSERT_EQ(call(k), 1);
  Pair pair;
  std::memcpy(&pair, g_result_storage, sizeof pair);
  EXPECT_EQ(pair.a, 1);
  EXPECT_EQ(pair.b, 7);
  EXPECT_EQ(state_.saved_errno, 2);
}
#endif

struct Landing {
  jmp_buf back;
  LandedFrame frame;
  std::string what;
};
Landing g_landing;
void landed(const LandedFrame& frame, const char*, const char* what) {
  g_landing.frame = frame;
  g_landing.what = what;
  longjmp(g_landing.back, 1);
}
int throws(int n) {
  if (n != 0) throw std::runtime_error("thrown");
  return n;
}

TEST_P(ThunkTest, ExceptionsLand) {
  Thunk f = make<throws>("int(int)", {kind(ThunkKind::i32)}, ThunkKind::i32);
  add(1);
  set_exception_handler(landed);
  if (setjmp(g_landing.back) == 0) {
    call(f);
    ADD_FAILURE() << "returned";
  }
  set_exception_handler(nullptr);
  EXPECT_EQ(g_landing.what, "thrown");
  EXPECT_EQ(g_landing.frame.saved[0], &L_);
  EXPECT_EQ(g_landing.frame.saved[1], &state_);
}

// A thunk of a function type is told the function, and hands it on where it gives up.
TEST_P(ThunkTest, FunctionTypes) {
  ThunkSpec made = spec("int(int, int)", {kind(ThunkKind::i32), kind(ThunkKind::i32)}, ThunkKind::i32);
  made.state = &state_;
  made.first = 2;
  made.slow = entry<go_slow_type>(GetParam().ms_host);
  Thunk f = publish(made);
  const auto target = reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(function<add_ints>()));
  add_tag(kUserdata);
  add(40);
  add(2);
  ASSERT_EQ(call(f, target, &made), 1);
  EXPECT_EQ(L_.top[-1].integer, 42);
  clear();
  add_tag(kUserdata);
  add(40);
  add_tag(kNil);
  EXPECT_EQ(call(f, target, &made), kAnswer);
  EXPECT_EQ(g_slow_function, target);
  EXPECT_EQ(g_slow_data, &made);
}

std::vector<Setup> setups() {
  std::vector<Setup> made;
  for (Access access : {Access::api, Access::direct, Access::direct_by_call_info}) {
    for (bool ms_host : {false, true}) {
      for (bool ms_function : {false, true}) {
#if !defined(FERRY_FAKE_MICROSOFT)
        if (ms_host || ms_function) continue;
#endif
        made.push_back({access, ms_host, ms_function});
      }
    }
  }
  return made;
}

INSTANTIATE_TEST_SUITE_P(Setups, ThunkTest, testing::ValuesIn(setups()), [](const auto& test) {
  const Setup& s = test.param;
  const std::string name = s.access == Access::api ? "api" : s.access == Access::direct ? "direct" : "direct52";
  return name + (s.ms_host ? "_ms" : "_sysv") + (s.ms_function ? "_calls_ms" : "_calls_sysv");
});

TEST(ThunkLimits, WhatIsNotCompiled) {
  TypeTable types{host_target()};
  auto plan = [&](const std::string& text) {
    auto id = cparse::parse_type(types, text);
    EXPECT_TRUE(id.ok()) << id.message();
    return *abi::plan_call(types, *id);
  };
  EXPECT_TRUE(can_make_thunk(plan("int(int)")));
#if defined(FERRY_FAKE_MICROSOFT)
  EXPECT_TRUE(can_make_thunk(plan("int(int) __attribute__((ms_abi))")));
#endif
  std::string many = "int";
  for (int i = 0; i < 64; ++i) many += ", int";
  EXPECT_FALSE(can_make_thunk(plan("int(" + many + ")")));
  for (const std::string convention : {"", " __attribute__((ms_abi))"}) {
    EXPECT_TRUE(can_make_thunk(plan("int(struct { char c[1024]; })" + convention)));
    EXPECT_FALSE(can_make_thunk(plan("int(struct { char c[4096]; })" + convention)));
#if !defined(__i386__)  // where it is aligned as all others
    EXPECT_FALSE(can_make_thunk(plan("int(struct { int n __attribute__((aligned(32))); })" + convention)));
#endif
  }
}

}  // namespace
}  // namespace ferry::call
#endif
