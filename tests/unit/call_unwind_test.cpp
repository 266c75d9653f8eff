// Exceptions through native frames: passing, landing, what passes untouched; the assembler helper.
#ifdef FERRY_NATIVE
#include <gtest/gtest.h>
#include <malloc.h>
#include <pthread.h>
#include <unwind.h>

#include <csetjmp>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "call/exception_text.h"
#include "call/native/asmjit.h"
#include "call/native/encoder.h"
#include "call/processor.h"
#include "call/unwind.h"

namespace ferry::call {
namespace {

using Callee = void (*)(void* argument);
using Thunk = void (*)(void* argument);

// Of a FrameShape on this processor.
size_t most_saved() {
  return host_processor().saved.size() / host_processor().saved_group;
}

// A thunk of the given shape that calls `callee` with its own argument, after it has overwritten every register
// that its shape saves. On the way back it restores them.
void emit_thunk(Encoder& encoder, Callee callee, FrameShape shape) {
#if defined(__x86_64__)
  using namespace asmjit::x86;
  x86::Assembler a(encoder.code());
  const Gp saved[] = {rbx, r12, r13, r14, r15};
  a.push(rbp);
  a.mov(rbp, rsp);
  for (int i = 0; i < shape.saved; i++) a.push(saved[i]);
  if (shape.rdi_rsi) {
    a.push(rdi);
    a.push(rsi);
    a.mov(rsi, 0x5151);
  }
  if (shape.saved % 2) a.sub(rsp, 8);
  for (int i = 0; i < shape.saved; i++) a.mov(saved[i], 0x1111 * (i + 1));
  a.call(imm(reinterpret_cast<uint64_t>(callee)));
  for (int i = 0; i < shape.saved; i++) a.mov(saved[i], qword_ptr(rbp, -8 * (i + 1)));
  a.leave();
  a.ret();
#elif defined(__i386__)
  using namespace asmjit::x86;
  x86::Assembler a(encoder.code());
  const Gp saved[] = {ebx, esi, edi};
  a.push(ebp);
  a.mov(ebp, esp);
  for (int i = 0; i < shape.saved; i++) a.push(saved[i]);
  a.sub(esp, (20 - 4 * shape.saved) % 16);
  a.push(dword_ptr(ebp, 8));
  for (int i = 0; i < shape.saved; i++) a.mov(saved[i], 0x1111 * (i + 1));
  a.call(imm(reinterpret_cast<uintptr_t>(callee)));
  for (int i = 0; i < shape.saved; i++) a.mov(saved[i], dword_ptr(ebp, -4 * (i + 1)));
  a.leave();
  a.ret();
#else
  using namespace asmjit::a64;
  arm::Assembler a(encoder.code());
  a.hint(34);  // bti c
  a.stp(x29, x30, ptr_pre(sp, -16));
  a.mov(x29, sp);
  for (int i = 0; i < shape.saved; i++) a.stp(x(19 + 2 * i), x(20 + 2 * i), ptr_pre(sp, -16));
  for (int i = 0; i < 2 * shape.saved; i++) a.mov(x(19 + i), 0x1111 * (i + 1));
  a.mov(x16, reinterpret_cast<uint64_t>(callee));
  a.blr(x16);
  for (int i = 0; i < shape.saved; i++) a.ldp(x(19 + 2 * i), x(20 + 2 * i), ptr(x29, -16 * (i + 1)));
  a.mov(sp, x29);
  a.ldp(x29, x30, ptr_post(sp, 16));
  a.ret(x30);
#endif
}

Thunk make_thunk(CodeArena& arena, Callee callee, FrameShape shape) {
  Encoder encoder(host_target().arch);
  emit_thunk(encoder, callee, shape);
  Result<CodeBlock> block = encoder.publish(arena, shape);
  EXPECT_TRUE(block.ok()) << block.message();
  return block.ok() ? reinterpret_cast<Thunk>(const_cast<uint8_t*>(block->address)) : nullptr;
}

// Thrown by callees; counts those alive.
struct Counted : std::runtime_error {
  static int alive;
  explicit Counted(const char* text) : std::runtime_error(text) { alive++; }
  Counted(const Counted& other) : std::runtime_error(other) { alive++; }
  ~Counted() override { alive--; }
};
int Counted::alive = 0;

struct Marker {
  int* count;
  ~Marker() { ++*count; }
};

struct Passing {
  int value;
};

// What the handler saw, and where it goes.
struct Landed {
  jmp_buf back;
  int count = 0;
  void* frame = nullptr;
  std::string type, what;
  int alive = -1, uncaught = -1;
};
thread_local Landed landed;

void handler(const LandedFrame& frame, const char* type, const char* what) {
  landed.count++;
  landed.frame = frame.pointer;
  landed.type = type;
  landed.what = what;
  landed.alive = Counted::alive;
  landed.uncaught = std::uncaught_exceptions();
  longjmp(landed.back, 1);
}

// Calls through the thunk; true if the handler ended the call.
[[gnu::noinline]] bool lands(Thunk thunk, void* argument) {
  if (setjmp(landed.back)) return true;
  thunk(argument);
  return false;
}

class Unwinding : public testing::Test {
 protected:
  void SetUp() override {
    landed.count = 0;
    set_exception_handler(handler);
  }
  void TearDown() override { set_exception_handler(nullptr); }
  CodeArena arena{kAllPageMethods};
};

// Keeps values in callee-saved registers around a call that throws, so that a wrong rule of the unwind record shows.
[[gnu::noinline, gnu::optimize("O2")]] bool keeps_registers(Thunk thunk, void* argument, volatile long* source) {
  long a = source[0], b = source[1], c = source[2], d = source[3], e = source[4], f = source[5], g = source[6];
  long h = source[7], i = source[8], j = source[9];
  bool caught = false;
  try {
    thunk(argument);
  } catch (const Counted&) {
    caught = true;
  }
  return caught && a == source[0] && b == source[1] && c == source[2] && d == source[3] && e == source[4] &&
         f == source[5] && g == source[6] && h == source[7] && i == source[8] && j == source[9];
}

TEST_F(Unwinding, PassesEveryShapeAndRestoresRegisters) {
  volatile long values[10] = {11, 22, 33, 44, 55, 66, 77, 88, 99, 111};
  for (uint8_t saved = 0; saved <= most_saved(); saved++) {
    FrameShape shape{.saved = saved, .lands_exceptions = false};
    Thunk thunk = make_thunk(
        arena, [](void*) { throw Counted("through"); }, shape);
    ASSERT_NE(thunk, nullptr);
    EXPECT_TRUE(keeps_registers(thunk, nullptr, values)) << int(saved);
    EXPECT_EQ(Counted::alive, 0);
  }
  // The same where exceptions would land, without a handler.
  set_exception_handler(nullptr);
  for (uint8_t saved = 0; saved <= most_saved(); saved++) {
    Thunk thunk = make_thunk(
        arena, [](void*) { throw Counted("through"); }, FrameShape{.saved = saved});
    ASSERT_NE(thunk, nullptr);
    EXPECT_TRUE(keeps_registers(thunk, nullptr, values)) << int(saved);
  }
  EXPECT_EQ(landed.count, 0);
}

#if defined(__x86_64__)
// What rdi and rsi hold in the caller of a frame that saves them.
TEST_F(Unwinding, RestoresWhatMicrosoftsConventionKeeps) {
  struct Walk {
    const void* frame;
    uintptr_t rdi, rsi;
  };
  static uintptr_t inside;
  for (uint8_t saved = 0; saved <= FrameShape::kMaxSaved; saved++) {
    FrameShape shape{.saved = saved, .lands_exceptions = false, .rdi_rsi = true};
    Thunk thunk = make_thunk(
        arena,
        [](void* argument) {
          auto each = [](_Unwind_Context* context, void* walk) {
            auto* w = static_cast<Walk*>(walk);
            const uintptr_t ip = _Unwind_GetIP(context);
            if (ip >= inside && ip < inside + 256) {  // the next one is its caller
              w->frame = w;
            } else if (w->frame != nullptr) {
              w->rdi = _Unwind_GetGR(context, 5);
              w->rsi = _Unwind_GetGR(context, 4);
              return _URC_END_OF_STACK;
            }
            return _URC_NO_REASON;
          };
          _Unwind_Backtrace(each, argument);
        },
        shape);
    ASSERT_NE(thunk, nullptr);
    inside = reinterpret_cast<uintptr_t>(thunk);
    Walk walk{};
    reinterpret_cast<void (*)(void*, uintptr_t)>(inside)(&walk, 0x7777);
    EXPECT_EQ(walk.rdi, reinterpret_cast<uintptr_t>(&walk)) << int(saved);
    EXPECT_EQ(walk.rsi, 0x7777u) << int(saved);
  }
}
#endif

TEST_F(Unwinding, DestructorsBetweenNestedThunksRun) {
  static Thunk inner;
  static int destroyed;
  destroyed = 0;
  FrameShape shape{.saved = 2, .lands_exceptions = false};
  inner = make_thunk(
      arena, [](void*) { throw Counted("deep"); }, shape);
  Thunk outer = make_thunk(
      arena,
      [](void* argument) {
        Marker marker{&destroyed};
        inner(argument);
      },
      shape);
  ASSERT_TRUE(inner && outer);
  EXPECT_THROW(outer(nullptr), Counted);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(Unwinding, LandsWithTypeAndText) {
  struct Row {
    Callee callee;
    const char* type;
    const char* what;
  };
  // Types are spelt as the compiler's __cxa_demangle spells them.
  const Row rows[] = {
      {[](void*) { throw std::runtime_error("disk on fire"); }, "std::runtime_error", "disk on fire"},
      {[](void*) { throw std::out_of_range(""); }, "std::out_of_range", ""},
      {[](void*) { throw Counted("counted"); }, "ferry::call::(anonymous namespace)::Counted", "counted"},
      {[](void*) { throw 42; }, "int", "42"},
      {[](void*) { throw true; }, "bool", "true"},
      {[](void*) { throw 'x'; }, "char", "x"},
      {[](void*) { throw static_cast<unsigned short>(65535); }, "unsigned short", "65535"},
      {[](void*) { throw 18446744073709551615ull; }, "unsigned long long", "18446744073709551615"},
      {[](void*) { throw 0.5; }, "double", "0.5"},
      {[](void*) { throw "text"; }, "char const*", "text"},
      {[](void*) { throw static_cast<const char*>(nullptr); }, "char const*", ""},
      {[](void*) { throw Passing{1}; }, "ferry::call::(anonymous namespace)::Passing", ""},
      {[](void*) { throw std::string("a string"); },
       "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "a string"},
      {[](void*) { std::rethrow_exception(std::make_exception_ptr(std::logic_error("again"))); }, "std::logic_error",
       "again"},
  };
  for (const Row& row : rows) {
    for (size_t saved : {size_t{0}, size_t{1}, most_saved()}) {
      Thunk thunk = make_thunk(arena, row.callee, FrameShape{.saved = static_cast<uint8_t>(saved)});
      ASSERT_NE(thunk, nullptr);
      EXPECT_TRUE(lands(thunk, nullptr)) << row.type;
      EXPECT_EQ(landed.type, row.type);
      EXPECT_EQ(landed.what, row.what);
      EXPECT_EQ(landed.alive, 0) << "the exception is ended before the handler runs";
      EXPECT_EQ(landed.uncaught, 0);
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    }
  }
}

TEST_F(Unwinding, LongTextsAreCut) {
  Thunk thunk = make_thunk(
      arena, [](void*) { throw std::runtime_error(std::string(100000, 'x')); }, FrameShape{});
  ASSERT_NE(thunk, nullptr);
  EXPECT_TRUE(lands(thunk, nullptr));
  EXPECT_EQ(landed.what, std::string(kMaxExceptionText, 'x'));
}

#ifdef __GLIBC__
// A region that is made where memory is wanting has no record or has one: what the unwinder keeps of it is within the
// record.
TEST_F(Unwinding, RecordsTakeNoMemory) {
  constexpr size_t kCount = 64, kBytes = 64;
  static uint8_t regions[kCount][kBytes];
  alignas(UnwindRecord) static uint8_t records[kCount][sizeof(UnwindRecord)];
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kCount; ++i) new (records[i]) UnwindRecord(regions[i], kBytes, FrameShape{});
  const size_t after = mallinfo2().uordblks;
  for (size_t i = 0; i < kCount; ++i) reinterpret_cast<UnwindRecord*>(records[i])->~UnwindRecord();
  EXPECT_EQ(after, before);
}
#endif

// The frame that the handler gets is the thunk's: its address is the frame pointer that the callee finds.
void* g_thunk_frame;
[[gnu::noinline]] void throws_from_frame(void*) {
  g_thunk_frame = *static_cast<void**>(__builtin_frame_address(0));
  throw 1;
}

TEST_F(Unwinding, HandlerGetsTheFrame) {
  Thunk thunk = make_thunk(arena, throws_from_frame, FrameShape{.saved = 3});
  ASSERT_NE(thunk, nullptr);
  EXPECT_TRUE(lands(thunk, nullptr));
  EXPECT_EQ(landed.frame, g_thunk_frame);
}

TEST_F(Unwinding, DestructorsBelowTheThunkRunBeforeLanding) {
  static int destroyed;
  destroyed = 0;
  Thunk thunk = make_thunk(
      arena,
      [](void*) {
        Marker marker{&destroyed};
        throw 1;
      },
      FrameShape{.saved = 1});
  ASSERT_NE(thunk, nullptr);
  for (int i = 1; i <= 100; i++) {
    EXPECT_TRUE(lands(thunk, nullptr));
    EXPECT_EQ(destroyed, i);
  }
}

// Lands in the innermost frame that lands exceptions.
TEST_F(Unwinding, InnermostLandingFrameGetsIt) {
  static Thunk inner;
  inner = make_thunk(
      arena, [](void*) { throw 1; }, FrameShape{.saved = 1, .lands_exceptions = false});
  Thunk outer = make_thunk(
      arena, [](void* argument) { inner(argument); }, FrameShape{.saved = 2});
  ASSERT_TRUE(inner && outer);
  EXPECT_TRUE(lands(outer, nullptr));
  EXPECT_EQ(landed.count, 1);
  EXPECT_EQ(landed.type, "int");
}

TEST_F(Unwinding, PassthroughTypesPass) {
  struct LuaError {};
  EXPECT_TRUE(add_passthrough_type(typeid(LuaError*)));
  EXPECT_TRUE(add_passthrough_type(typeid(LuaError*)));
  static LuaError error;
  Thunk thunk = make_thunk(
      arena, [](void*) { throw &error; }, FrameShape{.saved = 2});
  ASSERT_NE(thunk, nullptr);
  LuaError* caught = nullptr;
  try {
    thunk(nullptr);
  } catch (LuaError* e) {
    caught = e;
  }
  EXPECT_EQ(caught, &error);
  // Also as a dependent exception.
  Callee again = [](void*) { std::rethrow_exception(std::make_exception_ptr(&error)); };
  Thunk dependent = make_thunk(arena, again, FrameShape{});
  EXPECT_THROW(dependent(nullptr), LuaError*);
  EXPECT_EQ(landed.count, 0);
}

TEST_F(Unwinding, PassthroughTypesAreBounded) {
  struct Long {
    static auto name() {
      struct
          AVeryLongNameThatGoesOnAndOnUntilItIsLongerThanWhatIsKeptOfAPassthroughTypeWhichIsOneHundredTwentySevenBytesAsTheHeaderSaysHere {
      };
      return &typeid(
          AVeryLongNameThatGoesOnAndOnUntilItIsLongerThanWhatIsKeptOfAPassthroughTypeWhichIsOneHundredTwentySevenBytesAsTheHeaderSaysHere);
    }
  };
  EXPECT_FALSE(add_passthrough_type(*Long::name()));
}

// Lua built as C++: its errors are exceptions, so the handler leaves the landing pad by one, through the thunk to
// whoever called it.
TEST_F(Unwinding, HandlerMayThrowAPassthroughType) {
  struct LuaError {
    std::string text;
  };
  ASSERT_TRUE(add_passthrough_type(typeid(LuaError)));
  set_exception_handler(
      [](const LandedFrame&, const char* type, const char* what) { throw LuaError{std::string(type) + ": " + what}; });
  for (uint8_t saved = 0; saved <= most_saved(); saved++) {
    Thunk thunk = make_thunk(
        arena, [](void*) { throw Counted("translated"); }, FrameShape{.saved = saved});
    ASSERT_NE(thunk, nullptr);
    std::string text;
    try {
      thunk(nullptr);
    } catch (const LuaError& e) {
      text = e.text;
    }
    EXPECT_EQ(text, "ferry::call::(anonymous namespace)::Counted: translated");
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  }
}

// Registers of the caller after an exception that left a handler through the landing pad.
TEST_F(Unwinding, LandingPadRestoresRegisters) {
  struct FromHandler : Counted {
    using Counted::Counted;
  };
  ASSERT_TRUE(add_passthrough_type(typeid(FromHandler)));
  volatile long values[10] = {11, 22, 33, 44, 55, 66, 77, 88, 99, 111};
  set_exception_handler([](const LandedFrame&, const char*, const char*) { throw FromHandler("from the handler"); });
  for (uint8_t saved = 0; saved <= most_saved(); saved++) {
    Thunk thunk = make_thunk(
        arena, [](void*) { throw 1; }, FrameShape{.saved = saved});
    ASSERT_NE(thunk, nullptr);
    EXPECT_TRUE(keeps_registers(thunk, nullptr, values)) << int(saved);
  }
}

// An exception of another language passes, to a frame of that language or to catch (...).
TEST_F(Unwinding, ForeignClassesPass) {
  static _Unwind_Exception foreign;
  foreign = {};
  foreign.exception_class = 0x5445535400000000;
  foreign.exception_cleanup = [](_Unwind_Reason_Code, _Unwind_Exception*) {};
  Thunk thunk = make_thunk(
      arena, [](void*) { _Unwind_RaiseException(&foreign); }, FrameShape{.saved = 1});
  ASSERT_NE(thunk, nullptr);
  bool caught = false;
  try {
    thunk(nullptr);
  } catch (...) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(landed.count, 0);
}

// pthread_exit and cancellation unwind by force; destructors on both sides of the thunk run.
TEST_F(Unwinding, ForcedUnwindingPasses) {
  static int destroyed;
  static Thunk thunk;
  destroyed = 0;
  thunk = make_thunk(
      arena,
      [](void*) {
        Marker marker{&destroyed};
        pthread_exit(nullptr);
      },
      FrameShape{.saved = 3});
  ASSERT_NE(thunk, nullptr);
  pthread_t thread;
  auto run = [](void*) -> void* {
    Marker marker{&destroyed};
    thunk(nullptr);
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, nullptr, run, nullptr), 0);
  pthread_join(thread, nullptr);
  EXPECT_EQ(destroyed, 2);
  EXPECT_EQ(landed.count, 0);
}

TEST_F(Unwinding, ThreadsThrowAtOnce) {
  Thunk thunk = make_thunk(
      arena, [](void*) { throw std::runtime_error("parallel"); }, FrameShape{.saved = 2});
  ASSERT_NE(thunk, nullptr);
  auto run = [&] {
    for (int i = 0; i < 500; i++) EXPECT_TRUE(lands(thunk, nullptr));
    EXPECT_EQ(landed.count, 500);
    EXPECT_EQ(landed.what, "parallel");
  };
  std::thread first(run), second(run);
  first.join();
  second.join();
}

// Regions come and go with their records; those that stay work.
TEST_F(Unwinding, ManyRegions) {
  std::vector<Thunk> thunks;
  for (int i = 0; i < 40; i++) {
    ASSERT_TRUE(arena.add(std::vector<uint8_t>(CodeArena::kMaxBlockBytes), FrameShape{}).ok());
    Thunk thunk = make_thunk(
        arena, [](void*) { throw 1; }, FrameShape{});
    ASSERT_NE(thunk, nullptr);
    thunks.push_back(thunk);
  }
  EXPECT_GT(arena.usage().regions, 8u);
  for (Thunk thunk : thunks) EXPECT_TRUE(lands(thunk, nullptr));
}

TEST(EncoderTest, ErrorsAreValues) {
  CodeArena arena(kAllPageMethods);
  {
    Encoder encoder(host_target().arch);
#if !defined(__aarch64__)
    x86::Assembler a(encoder.code());
    a.jmp(a.label());
#else
    arm::Assembler a(encoder.code());
    a.b(a.label());
#endif
    EXPECT_FALSE(encoder.publish(arena, FrameShape{}).ok()) << "label without a place";
  }
  {
    Encoder encoder(host_target().arch);
#if !defined(__aarch64__)
    x86::Assembler a(encoder.code());
    a.emit(x86::Inst::kIdMov, x86::xmm0, x86::eax, x86::eax);
#else
    arm::Assembler a(encoder.code());
    a.add(arm::x0, arm::x0, 0x123456789);
#endif
    EXPECT_TRUE(encoder.failed());
    Result<CodeBlock> block = encoder.publish(arena, FrameShape{});
    ASSERT_FALSE(block.ok());
    EXPECT_EQ(block.message().rfind("cannot assemble: ", 0), 0u) << block.message();
  }
  {
    Encoder encoder(host_target().arch);
    EXPECT_FALSE(encoder.publish(arena, FrameShape{}).ok()) << "no code";
  }
  EXPECT_EQ(arena.usage().live_blocks, 0u);
}

#if defined(__x86_64__)
int g_called = 0;

// A callee near the code is called by a relative call; one that is out of its reach through the table behind the code.
TEST(EncoderTest, AbsoluteCallsReachEverything) {
  CodeArena arena(kAllPageMethods);
  Encoder near_code(host_target().arch);
  {
    x86::Assembler a(near_code.code());
    a.mov(x86::eax, 5);
    a.ret();
  }
  Result<CodeBlock> near_callee = near_code.publish(arena, FrameShape{});
  ASSERT_TRUE(near_callee.ok());
  auto caller_of = [&](uint64_t callee) {
    Encoder encoder(host_target().arch);
    x86::Assembler a(encoder.code());
    a.push(x86::rbp);
    a.mov(x86::rbp, x86::rsp);
    a.call(imm(callee));
    a.leave();
    a.ret();
    Result<CodeBlock> block = encoder.publish(arena, FrameShape{});
    EXPECT_TRUE(block.ok()) << block.message();
    return block;
  };
  Result<CodeBlock> a = caller_of(reinterpret_cast<uint64_t>(near_callee->address));
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(reinterpret_cast<int (*)()>(const_cast<uint8_t*>(a->address))(), 5);
  g_called = 0;
  int (*far_callee)() = [] { return ++g_called; };  // in the executable, far from what mmap returns
  Result<CodeBlock> b = caller_of(reinterpret_cast<uint64_t>(far_callee));
  ASSERT_TRUE(b.ok());
  EXPECT_EQ(reinterpret_cast<int (*)()>(const_cast<uint8_t*>(b->address))(), 1);
}

// Code for another processor is only bytes: aarch64-linux-gnu-as and objdump give d65f03c0 for `ret`.
TEST(EncoderTest, OtherProcessor) {
  Encoder encoder(Arch::aarch64);
  arm::Assembler a(encoder.code());
  a.ret(arm::x30);
  Result<std::vector<uint8_t>> bytes = encoder.bytes(0x10000);
  ASSERT_TRUE(bytes.ok()) << bytes.message();
  EXPECT_EQ(*bytes, (std::vector<uint8_t>{0xC0, 0x03, 0x5F, 0xD6}));
}
#endif

}  // namespace
}  // namespace ferry::call
#endif  // FERRY_NATIVE
