// A Lua that is not there, for compiled code to run on: a stack of typed values, read and written through an API made
// of the functions below, or as memory by a layout made up here. On x86-64 by either convention (FERRY_FAKE_MICROSOFT).
#pragma once

#if defined(FERRY_NATIVE) && defined(__ELF__)
#define FERRY_FAKE_LUA 1
#if defined(__x86_64__)
#define FERRY_FAKE_MICROSOFT 1
#endif

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "call/native/asmjit.h"
#include "call/native/callback.h"
#include "call/native/encoder.h"
#include "call/native/thunk.h"

namespace ferry::call::fake {

inline constexpr uint8_t kNil = 0, kBoolean = 1, kLight = 2, kFloat = 3, kString = 4, kFunction = 6, kUserdata = 7,
                         kInteger = 0x13;

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
inline constexpr uint16_t kGuard = 0x1234;
inline const char kMetatable[64] = {};

inline Value& at(FakeLua* L, int idx) {
  ++L->api_calls;
  return idx > 0 ? L->base[idx - 1] : L->top[idx];
}
inline int api_gettop(FakeLua* L) {
  ++L->api_calls;
  return static_cast<int>(L->top - L->base);
}
inline int api_type(FakeLua* L, int idx) {
  const uint32_t tag = at(L, idx).tag;
  return tag == kInteger ? kFloat : static_cast<int>(tag);
}
inline int api_toboolean(FakeLua* L, int idx) {
  return at(L, idx).integer != 0;
}
inline int api_isinteger(FakeLua* L, int idx) {
  return at(L, idx).tag == kInteger;
}
inline int64_t api_tointegerx(FakeLua* L, int idx, int* ok) {
  const Value& v = at(L, idx);
  const bool exact = v.tag == kInteger || v.number == static_cast<double>(static_cast<int64_t>(v.number));
  if (ok != nullptr) *ok = exact;
  return v.tag == kInteger ? v.integer : exact ? static_cast<int64_t>(v.number) : 0;
}
inline double api_tonumber(FakeLua* L, int idx, int*) {
  const Value& v = at(L, idx);
  return v.tag == kInteger ? static_cast<double>(v.integer) : v.number;
}
inline const char* api_tolstring(FakeLua* L, int idx, size_t*) {
  return static_cast<const char*>(at(L, idx).pointer) + 24;
}
inline const void* api_touserdata(FakeLua* L, int idx) {
  return at(L, idx).pointer;
}
inline const void* api_topointer(FakeLua* L, int idx) {
  return at(L, idx).pointer;
}
inline void push(FakeLua* L, Value v) {
  ++L->api_calls;
  *L->top++ = v;
}
inline void api_pushboolean(FakeLua* L, int v) {
  push(L, {{v != 0}, kBoolean, 0});
}
inline void api_pushinteger(FakeLua* L, int64_t v) {
  push(L, {{v}, kInteger, 0});
}
inline void api_pushnumber(FakeLua* L, double v) {
  Value value{{0}, kFloat, 0};
  value.number = v;
  push(L, value);
}
inline void api_settop(FakeLua* L, int idx) {
  ++L->api_calls;
  L->top += idx + 1;
}
inline FakeCData* help_cdata(FakeLua* L, FakeState*, int idx) {
  auto* u = static_cast<FakeUserdata*>(const_cast<void*>(at(L, idx).pointer));
  return u->metatable == kMetatable ? &u->block : nullptr;
}

template <typename F>
const void* address(F* f) {
  return reinterpret_cast<const void*>(f);
}

inline uintptr_t thread_pointer() {
  uintptr_t thread;
#if defined(__aarch64__)
  asm("mrs %0, tpidr_el0" : "=r"(thread));
#elif defined(__i386__)
  asm("mov %%gs:0, %0" : "=r"(thread));
#else
  asm("mov %%fs:0, %0" : "=r"(thread));
#endif
  return thread;
}

// AArch64: whether there is what indirect branches to a guarded page have to meet (`bti c`).
inline bool lands(const void* code) {
#if defined(__aarch64__)
  uint32_t word;
  std::memcpy(&word, code, sizeof word);
  return word == 0xD503245F;
#else
  return code != nullptr;
#endif
}

// --- by either convention -------------------------------------------------------------------------------------------

#if !defined(FERRY_FAKE_MICROSOFT)
template <auto F>
const void* entry(bool) {
  return address(F);
}
inline int call_thunk(const void* thunk, bool, FakeLua* L, const void* second, const void* third, bool* kept) {
  *kept = true;
  const auto target = reinterpret_cast<uintptr_t>(thunk);
  return reinterpret_cast<int (*)(FakeLua*, const void*, const void*)>(target)(L, second, third);
}
#else
// A function as one of Microsoft's convention.
template <auto F>
struct Microsoft;
template <typename R, typename... A, R (*F)(A...)>
struct Microsoft<F> {
  __attribute__((ms_abi)) static R call(A... a) { return F(a...); }
};

// F by the convention wanted; before it runs, everything that it may write and compilers seldom do is overwritten: the
// caller's home space, and registers that are neither arguments nor kept. Made once.
inline const void* hostile(const void* function, bool ms) {
  Encoder encoder(Arch::x86_64);
  {
    x86::Assembler a(encoder.code());
    a.mov(x86::rax, -1);
    a.mov(x86::r10, x86::rax);
    if (ms) {
      for (int i = 0; i < 4; ++i) a.mov(x86::ptr(x86::rsp, 8 + i * 8), x86::rax);
    }
    for (uint32_t i = ms ? 4 : 8; i < (ms ? 6u : 16u); ++i) a.pcmpeqb(x86::xmm(i), x86::xmm(i));
    a.mov(x86::r11, imm(reinterpret_cast<uint64_t>(function)));
    a.jmp(x86::r11);
  }
  Result<CodeBlock> block = encoder.publish(process_code(), kThunkShape);
  return block.ok() ? block->address : nullptr;
}
template <auto F>
const void* entry(bool ms) {
  static const void* const made[] = {hostile(address(F), false), hostile(address(&Microsoft<F>::call), true)};
  return made[ms];
}

// What Microsoft's convention has functions keep, rbp and rsp aside.
struct KeptRegisters {
  uint64_t general[7];
  unsigned char vectors[10][16];
};
// int (KeptRegisters*, const void* function, void*, void*, void*): calls by Microsoft's convention, with these
// registers loaded before and stored after.
inline const void* ms_caller() {
  static const void* const made = [] {
    const x86::Gp kept[] = {x86::rbx, x86::r12, x86::r13, x86::r14, x86::r15, x86::rdi, x86::rsi};
    Encoder encoder(Arch::x86_64);
    x86::Assembler a(encoder.code());
    a.push(x86::rbp);
    a.mov(x86::rbp, x86::rsp);
    for (int i = 0; i < 5; ++i) a.push(kept[i]);
    a.sub(x86::rsp, 56);
    a.mov(x86::ptr(x86::rbp, -48), x86::rdi);
    a.mov(x86::rax, x86::rsi);
    a.mov(x86::r10, x86::rdi);
    a.mov(x86::r11, x86::rcx);
    a.mov(x86::rcx, x86::rdx);
    a.mov(x86::rdx, x86::r11);
    for (int i = 0; i < 7; ++i) a.mov(kept[i], x86::ptr(x86::r10, i * 8));
    for (int i = 0; i < 10; ++i) a.movups(x86::xmm(static_cast<uint32_t>(6 + i)), x86::ptr(x86::r10, 56 + i * 16));
    a.call(x86::rax);
    a.mov(x86::r10, x86::ptr(x86::rbp, -48));
    for (int i = 0; i < 7; ++i) a.mov(x86::ptr(x86::r10, i * 8), kept[i]);
    for (int i = 0; i < 10; ++i) a.movups(x86::ptr(x86::r10, 56 + i * 16), x86::xmm(static_cast<uint32_t>(6 + i)));
    for (int i = 0; i < 5; ++i) a.mov(kept[i], x86::ptr(x86::rbp, -8 * (i + 1)));
    a.leave();
    a.ret();
    Result<CodeBlock> block = encoder.publish(process_code(), FrameShape{.saved = 5, .lands_exceptions = false});
    return static_cast<const void*>(block.ok() ? block->address : nullptr);
  }();
  return made;
}
static_assert(offsetof(KeptRegisters, vectors) == 56);

// Calls a thunk by one of the conventions. *kept: whether what it has to keep is what it was.
inline int call_thunk(const void* thunk, bool ms, FakeLua* L, const void* second, const void* third, bool* kept) {
  const auto target = reinterpret_cast<uintptr_t>(thunk);
  *kept = true;
  if (!ms) return reinterpret_cast<int (*)(FakeLua*, const void*, const void*)>(target)(L, second, third);
  KeptRegisters before, after;
  std::memset(&before, 0x3c, sizeof before);
  for (uint64_t i = 0; i < 7; ++i) before.general[i] = 0x1111 * (i + 1);
  after = before;
  using Caller = int (*)(KeptRegisters*, const void*, FakeLua*, const void*, const void*);
  const auto caller = reinterpret_cast<Caller>(reinterpret_cast<uintptr_t>(ms_caller()));
  const int results = caller(&after, thunk, L, second, third);
  *kept = std::memcmp(&before, &after, sizeof before) == 0;
  return results;
}

#endif

// --- what the emitter is told ---------------------------------------------------------------------------------------

// The API of the fake, its records, its thread and errno. Helpers but `cdata` and the layout are the test's.
inline ThunkHost host(bool ms) {
  ThunkHost made;
  if (ms) made.convention = abi::Abi::win_x64;
  made.api = {entry<api_gettop>(ms),
              entry<api_type>(ms),
              entry<api_toboolean>(ms),
              entry<api_tointegerx>(ms),
              entry<api_isinteger>(ms),
              entry<api_tonumber>(ms),
              entry<api_tolstring>(ms),
              entry<api_touserdata>(ms),
              entry<api_topointer>(ms),
              entry<api_pushboolean>(ms),
              entry<api_pushinteger>(ms),
              entry<api_pushnumber>(ms),
              kNil,
              kBoolean,
              kLight,
              kFloat,
              kString,
              kUserdata};
  made.helpers.cdata = entry<help_cdata>(ms);
  ThunkOffsets& o = made.offsets;
  o.record_state = offsetof(FakeRecord, state);
  o.record_expected = offsetof(FakeRecord, expected);
  o.caller = offsetof(FakeState, caller);
  o.notices = offsetof(FakeState, failed);
  o.saved_errno = offsetof(FakeState, saved_errno);
  o.owner = offsetof(FakeState, owner);
  o.metatables = offsetof(FakeState, metatables) + offsetof(MetatableCache, slots);
  o.cdata_type = offsetof(FakeCData, type);
  o.cdata_guard = offsetof(FakeCData, guard);
  o.cdata_data = offsetof(FakeCData, data);
  o.guard = kGuard;
  made.errno_offset = static_cast<intptr_t>(reinterpret_cast<uintptr_t>(&errno) - thread_pointer());
#if defined(__i386__)
  made.thread_segment = ThreadSegment::gs;
#endif
  return made;
}

// The fake's stack as memory: by its base, or by what a CallInfo says.
inline StackLayout layout(bool base_is_field) {
  StackLayout s;
  s.valid = true;
  s.base_is_field = base_is_field;
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
  return s;
}

}  // namespace ferry::call::fake
#endif
