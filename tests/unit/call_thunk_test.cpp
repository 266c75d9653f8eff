// Thunks and compiled callbacks with a Lua that is not there: a stack of typed values, read and written through an API
// made of the functions below, or as memory by a layout made up here. What real Lua does with them is the specs'
// subject.
#include "call/thunk.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <thread>

#include "call/thunk_callback.h"
#include "cparse/parser.h"

#if defined(FERRY_NATIVE) && (defined(__x86_64__) || defined(__aarch64__)) && defined(__ELF__) && defined(__LP64__)
namespace ferry::call {
namespace {

constexpr uint8_t kNil = 0, kBoolean = 1, kLight = 2, kFloat = 3, kString = 4, kFunction = 6, kUserdata = 7,
                  kInteger = 0x13;
constexpr int kAnswer = -77;  // what the slow path returns

struct Value {
  union {
    int64_t integer;
    double number;
    const void* pointer;
  };
  uint32_t tag;
  uint32_t padding;
};
static_assert(sizeof(Value) == 16);

// What the thunk takes for a lua_State.
struct FakeLua {
  Value* base = nullptr;
  Value* top = nullptr;
  Value slots[100];
  int slow_calls = 0;
  int api_calls = 0;
};
struct FakeState {
  void* caller = nullptr;
  uintptr_t owner = 0;
  int saved_errno = 0;
  bool failed = false;
  MetatableCache metatables;
};
struct FakeRecord {
  FakeState* state;
  int64_t expected;
};
// Userdata: the object with its metatable first, the cdata behind it.
struct FakeCData {
  TypeId type;
  uint16_t flags;
  uint16_t guard;
  void* data;
};
struct FakeUserdata {
  const void* metatable;
  FakeCData block;
};
constexpr uint16_t kGuard = 0x1234;
const char kMetatable[64] = {};

Value& at(FakeLua* L, int idx) {
  ++L->api_calls;
  return idx > 0 ? L->base[idx - 1] : L->top[idx];
}
int api_gettop(FakeLua* L) {
  ++L->api_calls;
  return static_cast<int>(L->top - L->base);
}
int api_type(FakeLua* L, int idx) {
  const uint32_t tag = at(L, idx).tag;
  return tag == kInteger ? kFloat : static_cast<int>(tag);
}
int api_toboolean(FakeLua* L, int idx) {
  return at(L, idx).integer != 0;
}
int api_isinteger(FakeLua* L, int idx) {
  return at(L, idx).tag == kInteger;
}
int64_t api_tointegerx(FakeLua* L, int idx, int* ok) {
  const Value& v = at(L, idx);
  const bool exact = v.tag == kInteger || v.number == static_cast<double>(static_cast<int64_t>(v.number));
  if (ok != nullptr) *ok = exact;
  return v.tag == kInteger ? v.integer : exact ? static_cast<int64_t>(v.number) : 0;
}
double api_tonumber(FakeLua* L, int idx, int*) {
  const Value& v = at(L, idx);
  return v.tag == kInteger ? static_cast<double>(v.integer) : v.number;
}
const char* api_tolstring(FakeLua* L, int idx, size_t*) {
  return static_cast<const char*>(at(L, idx).pointer) + 24;
}
const void* api_touserdata(FakeLua* L, int idx) {
  return at(L, idx).pointer;
}
const void* api_topointer(FakeLua* L, int idx) {
  return at(L, idx).pointer;
}
void push(FakeLua* L, Value v) {
  ++L->api_calls;
  *L->top++ = v;
}
void api_pushboolean(FakeLua* L, int v) {
  push(L, {{v != 0}, kBoolean, 0});
}
void api_pushinteger(FakeLua* L, int64_t v) {
  push(L, {{v}, kInteger, 0});
}
void api_pushnumber(FakeLua* L, double v) {
  Value value{{0}, kFloat, 0};
  value.number = v;
  push(L, value);
}
void api_settop(FakeLua* L, int idx) {
  ++L->api_calls;
  L->top += idx + 1;
}
FakeCData* help_cdata(FakeLua* L, FakeState* st, int idx) {
  auto* u = static_cast<FakeUserdata*>(const_cast<void*>(at(L, idx).pointer));
  (void)st;
  return u->metatable == kMetatable ? &u->block : nullptr;
}
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
int go_slow_type(FakeLua* L, CFunction, const void*) {
  ++L->slow_calls;
  return kAnswer;
}

template <typename F>
const void* entry(F* f) {
  return reinterpret_cast<const void*>(f);
}
template <typename F>
CFunction code(F* f) {
  return reinterpret_cast<CFunction>(f);
}

uintptr_t thread_pointer() {
  uintptr_t thread;
#if defined(__x86_64__)
  asm("mov %%fs:0, %0" : "=r"(thread));
#else
  asm("mrs %0, tpidr_el0" : "=r"(thread));
#endif
  return thread;
}

// AArch64: what a guarded page demands (`bti c`).
bool lands(const void* address) {
#if defined(__aarch64__)
  uint32_t word;
  std::memcpy(&word, address, sizeof word);
  return word == 0xD503245F;
#else
  return address != nullptr;
#endif
}

enum class Access { api, direct, direct_by_call_info };

class ThunkTest : public testing::TestWithParam<Access> {
 protected:
  void SetUp() override {
    if (!native_code_available().ok()) GTEST_SKIP() << "no executable memory";
    host_.api = {entry(api_gettop),
                 entry(api_type),
                 entry(api_toboolean),
                 entry(api_tointegerx),
                 entry(api_isinteger),
                 entry(api_tonumber),
                 entry(api_tolstring),
                 entry(api_touserdata),
                 entry(api_topointer),
                 entry(api_pushboolean),
                 entry(api_pushinteger),
                 entry(api_pushnumber),
                 kNil,
                 kBoolean,
                 kLight,
                 kFloat,
                 kString,
                 kUserdata};
    host_.helpers.cdata = entry(help_cdata);
    host_.helpers.convert = entry(help_convert);
    host_.helpers.new_result = entry(help_new_result);
    host_.helpers.push_result = entry(help_push_result);
    host_.helpers.raise_pending = entry(go_slow);
    ThunkOffsets& o = host_.offsets;
    o.record_state = offsetof(FakeRecord, state);
    o.record_expected = offsetof(FakeRecord, expected);
    o.caller = offsetof(FakeState, caller);
    o.failed = offsetof(FakeState, failed);
    o.saved_errno = offsetof(FakeState, saved_errno);
    o.owner = offsetof(FakeState, owner);
    o.metatables = offsetof(FakeState, metatables) + offsetof(MetatableCache, slots);
    o.cdata_type = offsetof(FakeCData, type);
    o.cdata_guard = offsetof(FakeCData, guard);
    o.cdata_data = offsetof(FakeCData, data);
    o.guard = kGuard;
    host_.errno_offset = static_cast<int64_t>(reinterpret_cast<uintptr_t>(&errno) - thread_pointer());
    StackLayout& s = host_.stack;
    s.valid = GetParam() != Access::api;
    s.base_is_field = GetParam() != Access::direct_by_call_info;
    s.base = offsetof(FakeLua, base);
    s.call_info = offsetof(FakeLua, base);  // made to point to a pointer to the slot below in that mode
    s.function = 0;
    s.top = offsetof(FakeLua, top);
    s.tag_nil = kNil;
    s.tag_false = s.tag_true = kBoolean;
    s.tag_light = kLight;
    s.tag_float = kFloat;
    s.tag_integer = kInteger;
    s.tag_string = kString;
    s.tag_userdata = kUserdata;
    s.string_bytes = 24;
    s.userdata_block = s.userdata_block_1 = offsetof(FakeUserdata, block);
    s.userdata_metatable = offsetof(FakeUserdata, metatable);
    state_.metatables.insert(kMetatable);
    clear();
  }

  void clear() {
    std::memset(static_cast<void*>(L_.slots), 0xa5, sizeof L_.slots);
    first_ = L_.slots + 10;
    L_.top = first_;
    L_.base = first_;
    if (GetParam() == Access::direct_by_call_info) {
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

  // A thunk of a function; `kinds` of its parameters. Kept in blocks_.
  using Thunk = int (*)(FakeLua*);
  Thunk make(const char* type, CFunction function, std::vector<ThunkArg> args, ThunkKind result,
             const void* const* next = nullptr) {
    TypeId id = *cparse::parse_type(types_, type);
    plans_.push_back(std::make_unique<abi::CallPlan>(*abi::plan_call(types_, id)));
    ThunkSpec spec;
    spec.plan = plans_.back().get();
    spec.args = std::move(args);
    spec.result.kind = result;
    records_.push_back({&state_, expected_top(host_.stack, spec.args.size())});
    spec.record = &records_.back();
    spec.address = function;
    spec.slow = entry(go_slow);
    spec.next = next;
    auto block = make_thunk(host_, spec);
    EXPECT_TRUE(block.ok()) << block.message();
    EXPECT_TRUE(lands(block->address));
    return reinterpret_cast<Thunk>(reinterpret_cast<uintptr_t>(block->address));
  }
  static ThunkArg kind(ThunkKind k) {
    ThunkArg arg;
    arg.kind = k;
    return arg;
  }
  // Calls; checks that nothing but the result's slot was written.
  int call(Thunk thunk) {
    Value before[100];
    std::memcpy(static_cast<void*>(before), L_.slots, sizeof before);
    Value* top = L_.top;
    const int results = thunk(&L_);
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
  Thunk f = make("int(int, int)", code(add_ints), {kind(ThunkKind::i32), kind(ThunkKind::i32)}, ThunkKind::i32);
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
  Thunk f = make("int(int, int)", code(add_ints), {kind(ThunkKind::i32), kind(ThunkKind::i32)}, ThunkKind::i32);
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
  Thunk f = make("double(float, double)", code(scale), {kind(ThunkKind::f32), kind(ThunkKind::f64)}, ThunkKind::f64);
  add(3);
  add_number(0.5);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].tag, kFloat);
  EXPECT_EQ(L_.top[-1].number, 1.5);
  clear();
  Thunk g = make("int64_t(int8_t, uint16_t, int64_t, bool, uint32_t, int16_t, uint8_t, int)", code(mixed),
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
  Thunk f = make("int64_t(int, void (*)(void))", code(second_address), {kind(ThunkKind::i32), arg}, ThunkKind::i64);
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
  Thunk f = make("int64_t(const void *)", code(address_of), {arg}, ThunkKind::i64);
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
  const void* userdata = GetParam() == Access::api ? static_cast<const void*>(&object) : &object;
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
  if (GetParam() != Access::api) {
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
  Thunk f = make("struct Big(struct Pair, struct Odd, struct Big, long double)", code(shuffle),
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
  Thunk g = make("struct Pair(struct Odd)", code(pair_of), {record(2)}, ThunkKind::record);
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
  Thunk narrow = make("int(int, int)", code(add_ints), {exact(ThunkKind::i32), exact(ThunkKind::i32)}, ThunkKind::i32);
  Thunk wide = make("int64_t(int64_t)", code(pass64), {exact(ThunkKind::i64)}, ThunkKind::i64);
  Thunk real =
      make("double(float, double)", code(scale), {kind(ThunkKind::f32), exact(ThunkKind::f64)}, ThunkKind::f64);
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
  ThunkArg first = kind(ThunkKind::f32);
  const void* cells[3] = {entry(go_slow), entry(go_slow), entry(go_slow)};
  Thunk longs = make("int64_t(int64_t)", code(pass64), {whole}, ThunkKind::i64, &cells[1]);
  Thunk reals = make("double(float, double)", code(scale), {first, real}, ThunkKind::f64, &cells[2]);
  auto made = make_switch(&cells[0]);
  ASSERT_TRUE(made.ok()) << made.message();
  EXPECT_TRUE(lands(made->address));
  Thunk start = reinterpret_cast<Thunk>(reinterpret_cast<uintptr_t>(made->address));
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
  cells[0] = entry(longs);
  ASSERT_EQ(with_long(), 1);
  EXPECT_EQ(L_.top[-1].integer, int64_t{1} << 40);
  EXPECT_EQ(with_reals(), kAnswer);
  EXPECT_EQ(L_.slow_calls, 1);
  cells[1] = entry(reals);  // behind code that exists
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

int errno_plus(int n) {
  const int old = errno;
  errno = n;
  return old;
}

TEST_P(ThunkTest, ErrnoThreadAndCaller) {
  Thunk f = make("int(int)", code(errno_plus), {kind(ThunkKind::i32)}, ThunkKind::i32);
  state_.saved_errno = 12;
  errno = 3;
  add(99);
  ASSERT_EQ(call(f), 1);
  EXPECT_EQ(L_.top[-1].integer, 12);
  EXPECT_EQ(state_.saved_errno, 99);
  EXPECT_EQ(state_.owner, thread_pointer());
}

INSTANTIATE_TEST_SUITE_P(
    Access, ThunkTest, testing::Values(Access::api, Access::direct, Access::direct_by_call_info), [](const auto& test) {
      return std::string(test.param == Access::api ? "api" : test.param == Access::direct ? "direct" : "direct52");
    });

TEST(ThunkLimits, WhatIsNotCompiled) {
  TypeTable types{host_target()};
  auto plan = [&](const std::string& text) {
    auto id = cparse::parse_type(types, text);
    EXPECT_TRUE(id.ok()) << id.message();
    return *abi::plan_call(types, *id);
  };
  EXPECT_TRUE(can_make_thunk(plan("int(int)")));
#if defined(__x86_64__)
  EXPECT_FALSE(can_make_thunk(plan("int(int) __attribute__((ms_abi))")));
#endif
  std::string many = "int";
  for (int i = 0; i < 64; ++i) many += ", int";
  EXPECT_FALSE(can_make_thunk(plan("int(" + many + ")")));
  EXPECT_FALSE(can_make_thunk(plan("int(struct { char c[4096]; })")));
}

// --- callbacks ----------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(answer.calls, 0);
}

}  // namespace
}  // namespace ferry::call
#endif
