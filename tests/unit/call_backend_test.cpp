// Back ends: calls, callbacks and their slots, exceptions and jumps through them, limits. What every type
// looks like on the way is tests/abi/calls.cpp's subject.
#include "abi/registry.h"
#include "call/backend.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "cparse/parser.h"

namespace ferry {
namespace {

using call::Backend;
using call::Callback;
using call::CFunction;
using call::Invoker;

// Storage for a frame, which is 16-aligned.
struct alignas(16) Unit {
  char bytes[16];
};

template <typename F>
CFunction code(F* function) {
  return reinterpret_cast<CFunction>(function);
}

// A call of one function type by one back end, with arguments as C++ values.
class Caller {
 public:
  Caller(TypeTable& types, const Backend& backend, const char* function,
         std::initializer_list<const char*> extra = {}) {
    auto id = cparse::parse_type(types, function);
    EXPECT_TRUE(id.ok()) << id.message();
    std::vector<TypeId> ids;
    for (const char* text : extra) ids.push_back(*cparse::parse_type(types, text));
    auto made = backend.make_invoker(types, *id, ids);
    if (!made.ok()) {
      error = made.message();
      return;
    }
    invoker = std::move(*made);
    frame.resize(invoker->frame_bytes() / 16 + 1);
    result.resize(invoker->result_bytes() / 16 + 1);
  }

  template <typename T>
  void set(size_t i, T value) {
    std::byte* slot = bytes() + invoker->args()[i].offset;
    if constexpr (std::is_integral_v<T>) {
      call::store_integer(slot, static_cast<int64_t>(value), sizeof value);
    } else {
      std::memcpy(slot, &value, sizeof value);
    }
  }

  template <typename R = int, typename F, typename... Args>
  R operator()(F* function, Args... args) {
    size_t i = 0;
    (set(i++, args), ...);
    invoker->invoke(code(function), bytes(), result.data());
    R value;
    std::memcpy(&value, result.data(), sizeof value);
    return value;
  }

  std::byte* bytes() { return reinterpret_cast<std::byte*>(frame.data()); }

  std::unique_ptr<Invoker> invoker;
  std::string error;
  std::vector<Unit> frame;
  std::vector<Unit> result;
};

class CallTest : public testing::TestWithParam<const Backend*> {
 protected:
  const Backend& backend() { return *GetParam(); }
  bool is_stub() { return backend().name() == "stub"; }

  std::unique_ptr<Callback> callback(const char* function, call::CallbackHandler handler, void* context = nullptr) {
    auto id = cparse::parse_type(types_, function);
    EXPECT_TRUE(id.ok()) << id.message();
    auto made = backend().make_callback(types_, *id, handler, context);
    if (!made.ok()) {
      error_ = made.message();
      return nullptr;
    }
    return std::move(*made);
  }

  void declare(const char* text) {
    auto done = cparse::parse_declarations(types_, text);
    ASSERT_TRUE(done.ok()) << done.message();
  }

  TypeTable types_{host_target()};
  std::string error_;
};

INSTANTIATE_TEST_SUITE_P(Backends, CallTest,
                         testing::ValuesIn(call::all_backends().begin(), call::all_backends().end()),
                         [](const auto& of) { return std::string(of.param->name()); });

TEST(SelectBackend, ByName) {
  EXPECT_EQ(*call::select_backend(""), call::all_backends()[0]);
  auto unknown = call::select_backend("jit");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.message().find("'jit'"), std::string::npos);
  for (const call::Backend* backend : call::all_backends()) {
    EXPECT_EQ(*call::select_backend(backend->name()), backend);
    EXPECT_NE(unknown.message().find(backend->name()), std::string::npos);
  }
#if defined(FERRY_LIBFFI)
  EXPECT_EQ((*call::select_backend("libffi"))->name(), "libffi");
#else
  EXPECT_FALSE(call::select_backend("libffi").ok());
#endif
}

TEST(Values, Integers) {
  alignas(8) char slot[8];
  call::store_integer(slot, -2, 1);
  EXPECT_EQ(call::load_integer(slot, 1, false), -2);
  EXPECT_EQ(call::load_integer(slot, 1, true), 254);
  call::store_integer(slot, -3, 4);
  EXPECT_EQ(call::load_integer(slot, 4, false), -3);
  EXPECT_EQ(call::load_integer(slot, 4, true), 0xfffffffd);
  call::store_integer(slot, INT64_MIN, 8);
  EXPECT_EQ(call::load_integer(slot, 8, true), INT64_MIN);
}

int subtract(int a, int b) {
  return a - b;
}
double weigh(int a, double b, long c, float d, int e, int f, int g, int h, double i) {
  return a + b + static_cast<double>(c) + d + e * 10 + f * 100 + g * 1000 + h * 10000 + i;
}
int fail_with(int e) {
  errno = e;
  return -1;
}

TEST_P(CallTest, Scalars) {
  EXPECT_EQ(Caller(types_, backend(), "int (int, int)")(subtract, 5, 7), -2);
  Caller weighed(types_, backend(), "double (int, double, long, float, int, int, int, int, double)");
  EXPECT_EQ(weighed.operator()<double>(weigh, 1, 2.5, 3L, 4.5f, 5, 6, 7, 8, 9.25),
            weigh(1, 2.5, 3, 4.5f, 5, 6, 7, 8, 9.25));
  errno = 0;
  EXPECT_EQ(Caller(types_, backend(), "int (int)")(fail_with, 77), -1);
  EXPECT_EQ(errno, 77);
}

TEST_P(CallTest, Variadic) {
  char text[80];
  Caller print(types_, backend(), "int (char *, size_t, const char *, ...)",
               {"int", "double", "const char *", "long long"});
  ASSERT_TRUE(print.invoker) << print.error;
  const char* format = "%d %g %s %lld";
  const char* word = "word";
  EXPECT_EQ(print(std::snprintf, static_cast<char*>(text), sizeof text, format, -7, 2.5, word, 1LL << 40), 25);
  EXPECT_STREQ(text, "-7 2.5 word 1099511627776");
}

TEST_P(CallTest, Refused) {
  Caller many(types_, backend(), "int (int)", {"int"});
  EXPECT_NE(many.error.find("too many arguments"), std::string::npos) << many.error;
  declare("struct nowhere;");
  Caller incomplete(types_, backend(), "int (struct nowhere)");
  EXPECT_NE(incomplete.error.find("struct nowhere"), std::string::npos) << incomplete.error;
  // Planned, but nothing here runs it.
  for (const Target* target : {&kArm64Darwin, &kRiscv64, &kI386SysV, &kS390x}) {
    if (target->arch == host_target().arch) continue;
    TypeTable foreign(*target);
    Caller elsewhere(foreign, backend(), "int (int)");
    std::string name(abi::info(abi::abi_of(*target, CallConv::c)).name);
    EXPECT_EQ(elsewhere.error, "no calls by the convention " + name + " in this build");
  }
  Target renamed = host_target();
  renamed.name = "another";
  TypeTable foreign(renamed);
  Caller elsewhere(foreign, backend(), "int (int)");
  EXPECT_NE(elsewhere.error.find("types of another cannot be called here"), std::string::npos) << elsewhere.error;
  EXPECT_EQ(callback("int (int, ...)", nullptr), nullptr);
  EXPECT_NE(error_.find("variadic"), std::string::npos) << error_;
}

// --- stack area ----------------------------------------------------------------------------------------

struct Huge {
  char bytes[900000];
};
int ends_of(int a, Huge h, int b) {
  return a + h.bytes[0] + h.bytes[sizeof h.bytes - 1] + b;
}

TEST_P(CallTest, LargeArguments) {
  declare("struct huge { char bytes[900000]; }; struct monster { char bytes[2000000000]; };");
  Caller ends(types_, backend(), "int (int, struct huge, int)");
  ASSERT_TRUE(ends.invoker) << ends.error;
  auto huge = std::make_unique<Huge>();
  std::memset(huge->bytes, 1, sizeof huge->bytes);
  huge->bytes[sizeof huge->bytes - 1] = 5;
  ends.set(0, 100);
  std::memcpy(ends.bytes() + ends.invoker->args()[1].offset, huge.get(), sizeof(Huge));
  ends.set(2, 1000);
  ends.invoker->invoke(code(ends_of), ends.bytes(), ends.result.data());
  EXPECT_EQ(call::load_integer(ends.result.data(), 4, false), 1106);

  Caller monster(types_, backend(), "void (struct monster)");
  EXPECT_FALSE(monster.invoker);
  EXPECT_FALSE(monster.error.empty());
}

long sum_all(int count, ...) {
  std::va_list list;
  va_start(list, count);
  long sum = 0;
  for (int i = 0; i < count; ++i) sum += va_arg(list, long) * (i + 1);
  va_end(list);
  return sum;
}

TEST_P(CallTest, ThousandsOfArguments) {
  constexpr int kCount = 5000;
  auto function = cparse::parse_type(types_, "long (int, ...)");
  std::vector<TypeId> extra(kCount, *cparse::parse_type(types_, "long"));
  auto invoker = backend().make_invoker(types_, *function, extra);
  ASSERT_TRUE(invoker.ok()) << invoker.message();
  std::vector<Unit> frame((*invoker)->frame_bytes() / 16 + 1);
  auto* bytes = reinterpret_cast<std::byte*>(frame.data());
  long expected = 0;
  call::store_integer(bytes + (*invoker)->args()[0].offset, kCount, 4);
  for (int i = 0; i < kCount; ++i) {
    call::store_integer(bytes + (*invoker)->args()[static_cast<size_t>(i) + 1].offset, i * 3, 8);
    expected += long{i} * 3 * (i + 1);
  }
  alignas(16) char result[16];
  (*invoker)->invoke(code(sum_all), bytes, result);
  EXPECT_EQ(call::load_integer(result, 8, false), expected);
}

// --- unwinding -------------------------------------------------------------------------------------------

int thrower(int a, int b) {
  throw std::runtime_error("thrown " + std::to_string(a + b));
}
int deep_thrower(int a, int, int, int, int, int, int b, int) {
  return thrower(a, b);
}
#ifdef __x86_64__
#define MS_ABI __attribute__((ms_abi))
#else
#define MS_ABI  // no such convention: types below have the usual one
#endif
MS_ABI int ms_thrower(int a, int b, int, int, int, int) {
  return thrower(a, b);
}

TEST_P(CallTest, ExceptionsPassCalls) {
  Caller two(types_, backend(), "int (int, int)");
  EXPECT_THROW(two(thrower, 1, 2), std::runtime_error);
  Caller eight(types_, backend(), "int (int, int, int, int, int, int, int, int)");
  EXPECT_THROW(eight(deep_thrower, 1, 2, 3, 4, 5, 6, 7, 8), std::runtime_error);
  Caller ms(types_, backend(), "__attribute__((ms_abi)) int (int, int, int, int, int, int)");
  if (is_stub()) {  // libffi has no unwind data for its Windows routines
    EXPECT_THROW(ms(ms_thrower, 1, 2, 3, 4, 5, 6), std::runtime_error);
  }
}

std::jmp_buf jump;
int jumper(int a, int) {
  std::longjmp(jump, a);
}

TEST_P(CallTest, JumpsPassCalls) {
  Caller two(types_, backend(), "int (int, int)");
  volatile int landed = setjmp(jump);
  if (landed == 0) two(jumper, 42, 0);
  EXPECT_EQ(landed, 42);
}

void throwing_handler(void*, void* const*, void*) {
  throw std::runtime_error("from a callback");
}

struct Witness {
  explicit Witness(int* count) : count_(count) {}
  ~Witness() { ++*count_; }
  int* count_;
};

int calls_back(int (*function)(int), int* destroyed) {
  Witness witness(destroyed);
  return function(3) + 1;
}
MS_ABI int ms_calls_back(int(MS_ABI* function)(int), int* destroyed) {
  Witness witness(destroyed);
  return function(3) + 1;
}

TEST_P(CallTest, ExceptionsPassCallbacks) {
  if (!is_stub()) GTEST_SKIP() << "the stub's promise";
  int destroyed = 0;
  auto made = callback("int (int)", throwing_handler);
  EXPECT_THROW(calls_back(reinterpret_cast<int (*)(int)>(made->address()), &destroyed), std::runtime_error);
  EXPECT_EQ(destroyed, 1);
  auto ms = callback("__attribute__((ms_abi)) int (int)", throwing_handler);
  EXPECT_THROW(ms_calls_back(reinterpret_cast<int(MS_ABI*)(int)>(ms->address()), &destroyed), std::runtime_error);
  EXPECT_EQ(destroyed, 2);
}

// --- callbacks -------------------------------------------------------------------------------------------

void add_context(void* context, void* const* args, void* result) {
  int64_t value = call::load_integer(args[0], 4, false) + *static_cast<int*>(context);
  call::store_integer(result, value, 4);
}

TEST_P(CallTest, ContextAndMute) {
  int ten = 10;
  int hundred = 100;
  auto first = callback("int (int)", add_context, &ten);
  auto second = callback("int (int)", add_context, &hundred);
  auto* f = reinterpret_cast<int (*)(int)>(first->address());
  auto* g = reinterpret_cast<int (*)(int)>(second->address());
  EXPECT_EQ(f(1), 11);
  EXPECT_EQ(g(1), 101);
  first->mute();
  EXPECT_EQ(f(1), 0);
  EXPECT_EQ(g(1), 101);
}

struct Big {
  double d[5];
};
struct Mixed {
  long i;
  double d;
};

TEST_P(CallTest, RetiredSlotsReturnZero) {
  declare("struct big { double d[5]; }; struct mixed { long i; double d; };");
  auto never = [](void*, void* const*, void*) { FAIL() << "a retired callback ran"; };
  auto retired = [&](const char* type) {
    auto made = callback(type, never);
    EXPECT_NE(made, nullptr) << error_;
    return made->address();
  };
  EXPECT_EQ(reinterpret_cast<int (*)(int)>(retired("int (int)"))(5), 0);
  EXPECT_EQ(reinterpret_cast<double (*)(double)>(retired("double (double)"))(5), 0.0);
  EXPECT_EQ(reinterpret_cast<long double (*)(int)>(retired("long double (int)"))(5), 0.0L);
  EXPECT_EQ(reinterpret_cast<void* (*)()>(retired("void *(void)"))(), nullptr);
  auto mixed = reinterpret_cast<Mixed (*)()>(retired("struct mixed (void)"))();
  EXPECT_EQ(mixed.i, 0);
  EXPECT_EQ(mixed.d, 0.0);
  auto big = reinterpret_cast<Big (*)(Big)>(retired("struct big (struct big)"))(Big{{1, 2, 3, 4, 5}});
  for (double d : big.d) EXPECT_EQ(d, 0.0);
  // x87's stack stays balanced.
  auto* f = reinterpret_cast<long double (*)(int)>(retired("long double (int)"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(f(i), 0.0L);
}

TEST_P(CallTest, SlotsAreReusedOldestFirst) {
  if (!is_stub()) GTEST_SKIP() << "libffi's closures have no cap";
  int zero = 0;
  std::vector<std::unique_ptr<Callback>> all;
  while (auto made = callback("int (int)", add_context, &zero)) all.push_back(std::move(made));
  const char* all_of_them = host_target().os == Os::windows ? "all 1024" : "all 4096";
  EXPECT_NE(error_.find(all_of_them), std::string::npos) << error_;
  ASSERT_GT(all.size(), 1000u);
  CFunction oldest = all[500]->address();
  CFunction newer = all[20]->address();
  all[500].reset();
  all[20].reset();
  int five = 5;
  auto again = callback("long long (int)", add_context, &five);
  auto next = callback("int (int)", add_context, &five);
  ASSERT_TRUE(again && next);
  EXPECT_EQ(again->address(), oldest);
  EXPECT_EQ(next->address(), newer);
  EXPECT_EQ(reinterpret_cast<int (*)(int)>(next->address())(1), 6);
}

// Calls itself through C and back, with the same invoker.
struct Recursion {
  const Invoker* invoker;
  CFunction self;
};

void recurse(void* context, void* const* args, void* result) {
  auto* r = static_cast<Recursion*>(context);
  int64_t n = call::load_integer(args[0], 4, false);
  if (n == 0) return call::store_integer(result, 0, 4);
  std::vector<Unit> frame(r->invoker->frame_bytes() / 16 + 1);
  auto* bytes = reinterpret_cast<std::byte*>(frame.data());
  call::store_integer(bytes + r->invoker->args()[0].offset, n - 1, 4);
  alignas(16) char inner[16];
  r->invoker->invoke(r->self, bytes, inner);
  call::store_integer(result, call::load_integer(inner, 4, false) + n, 4);
}

TEST_P(CallTest, Recursion) {
  Caller one(types_, backend(), "int (int)");
  Recursion recursion{one.invoker.get(), nullptr};
  auto made = callback("int (int)", recurse, &recursion);
  recursion.self = made->address();
  EXPECT_EQ(reinterpret_cast<int (*)(int)>(made->address())(100), 5050);
}

TEST_P(CallTest, Threads) {
  int seven = 7;
  auto shared = callback("int (int)", add_context, &seven);
  Caller two(types_, backend(), "int (int, int)");
  auto function = cparse::parse_type(types_, "int (int)");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto* f = reinterpret_cast<int (*)(int)>(shared->address());
      for (int i = 0; i < 2000; ++i) {
        alignas(16) std::byte frame[1024];
        alignas(16) char result[16];
        call::store_integer(frame + two.invoker->args()[0].offset, i, 4);
        call::store_integer(frame + two.invoker->args()[1].offset, t, 4);
        two.invoker->invoke(code(subtract), frame, result);
        if (call::load_integer(result, 4, false) != i - t || f(i) != i + 7) ++wrong[static_cast<size_t>(t)];
        auto own = backend().make_callback(types_, *function, add_context, &i);
        if (!own.ok() || reinterpret_cast<int (*)(int)>((*own)->address())(1) != i + 1) ++wrong[static_cast<size_t>(t)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int count : wrong) EXPECT_EQ(count, 0);
}

#ifdef __x86_64__
// ms_abi callers rely on rdi, rsi and xmm6-15 across a callback.
// Optimised, so that its variables stay in them.
__attribute__((ms_abi, noinline, optimize("O2"))) double ms_keeps(double(__attribute__((ms_abi)) * f)(double), long a,
                                                                  double b) {
  double kept = 0;
  for (int i = 0; i < 8; ++i) {
    double c = b * i;
    kept += f(c) + c + static_cast<double>(a);
  }
  return kept;
}

void clobber(void*, void* const* args, void* result) {
  double value;
  std::memcpy(&value, args[0], sizeof value);
  asm volatile(
      "pxor %%xmm6, %%xmm6\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm8, %%xmm8\n\tpxor %%xmm15, %%xmm15\n\t"
      "xorl %%edi, %%edi\n\txorl %%esi, %%esi" ::
          : "xmm6", "xmm7", "xmm8", "xmm15", "rdi", "rsi");
  value += 1;
  std::memcpy(result, &value, sizeof value);
}

TEST_P(CallTest, MsAbiKeepsItsRegisters) {
  auto made = callback("__attribute__((ms_abi)) double (double)", clobber);
  ASSERT_TRUE(made) << error_;
  auto* f = reinterpret_cast<double(__attribute__((ms_abi))*)(double)>(made->address());
  EXPECT_EQ(ms_keeps(f, 3, 2.0), 28 * 2.0 * 2 + 8 + 24);
}
#endif

}  // namespace
}  // namespace ferry
