// i386 as the stub sees it: its four conventions, and the registers results come back in. Included by stub.h; the
// static routines are i386.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/convention.h"
#include "call/stub/i386/layout.h"

extern "C" {
void ferry_i386_call();
extern const char ferry_i386_trampolines[];
}

namespace ferry::call::i386 {

inline constexpr uint32_t kTrampolines = FERRY_I386_TRAMPOLINES;

// They differ in registers, which the plan knows, and in who removes the arguments: the routine restores the stack
// pointer whatever the callee did, and a callback has the number in its frame.
constexpr StubConvention convention(abi::Abi abi, uint32_t first, uint32_t count) {
  return {.abi = abi,
          .block = FERRY_I386_BLOCK,
          .gpr_block = FERRY_I386_BLOCK,
          .fpr_offset = FERRY_I386_BLOCK,
          .call_gprs = nullptr,
          .call_registers = ferry_i386_call,
          .call_stack = ferry_i386_call,
          .trampolines = ferry_i386_trampolines + first * FERRY_TRAMPOLINE_BYTES,
          .first_trampoline = first,
          .trampoline_count = count};
}
inline constexpr uint32_t kCdecl = FERRY_I386_CDECL_TRAMPOLINES, kOther = FERRY_I386_OTHER_TRAMPOLINES;
inline const StubConvention kConventions[] = {convention(abi::Abi::i386_cdecl, 0, kCdecl),
                                              convention(abi::Abi::i386_stdcall, kCdecl, kOther),
                                              convention(abi::Abi::i386_fastcall, kCdecl + kOther, kOther),
                                              convention(abi::Abi::i386_thiscall, kCdecl + 2 * kOther, kOther)};

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_I386_BLOCK];
  uint32_t gpr[4];    // eax edx
  std::byte x87[16];  // st0, 10 bytes
  uint32_t pops;      // bytes of arguments that the callback removes
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, x87) == FERRY_CALLBACK_X87);
static_assert(offsetof(CallbackFrame, pops) == FERRY_CALLBACK_POPS);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME);

inline void prepare(CallbackFrame& frame, uint32_t pops) {
  std::memset(frame.gpr, 0, sizeof frame.gpr);
  frame.pops = pops;
}

// The registers a result comes back in; integers by width, because the callee leaves the upper bits undefined.
enum class ResultKind : uint8_t {
  none,         // void, empty, or in memory
  integer,      // eax, to be extended
  gg,           // eax, edx
  f32,          // st0, as a float
  f64,          // st0, as a double
  long_double,  // st0
};

using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 16;
inline size_t register_result_bytes(ResultForm) {
  return kMaxRegisterResult;
}

inline ResultForm result_form(const TypeTable& types, const abi::CallPlan& plan) {
  const std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {ResultKind::none};
  const abi::Piece& first = pieces[0];
  if (first.where == abi::Where::x87) {
    return {first.size == 4 ? ResultKind::f32 : first.size == 8 ? ResultKind::f64 : ResultKind::long_double};
  }
  if (pieces.size() == 2) return {ResultKind::gg};
  // The plan extends to a register, the slot has 64 bits.
  const Type& t = types[plan.result.type];
  const bool sign = is_integer_like(t) && (t.flags & kUnsigned) == 0;
  return {ResultKind::integer, sign ? abi::Extend::sign : abi::Extend::zero, static_cast<uint8_t>(first.size)};
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(ResultForm form, const RoutineCall& run) {
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::gg:
      run.put<uint64_t>();
      break;
    case ResultKind::f32:
      run.put(static_cast<float>(run.call<long double>()));
      break;
    case ResultKind::f64:
      run.put(static_cast<double>(run.call<long double>()));
      break;
    case ResultKind::long_double:
      run.put<long double>();
      break;
    case ResultKind::integer:
      run.put(extended(run.call<uint32_t>(), form.extend, form.size));
      break;
  }
}

// Puts a callback's result where the common entry loads it from; how many x87 registers that has to load.
inline uint32_t give(ResultForm form, const std::byte* value, CallbackFrame& frame) {
  auto load_x87 = [&](long double number) {
    std::memcpy(frame.x87, &number, 10);
    return 1u;
  };
  switch (form.kind) {
    case ResultKind::none:
      return 0;
    case ResultKind::gg:
      std::memcpy(frame.gpr, value, 8);
      return 0;
    case ResultKind::f32: {
      float number;
      std::memcpy(&number, value, sizeof number);
      return load_x87(number);
    }
    case ResultKind::f64: {
      double number;
      std::memcpy(&number, value, sizeof number);
      return load_x87(number);
    }
    case ResultKind::long_double:
      std::memcpy(frame.x87, value, 10);
      return 1;
    case ResultKind::integer:
      give_integer(frame.gpr[0], value, form.extend, form.size);
      return 0;
  }
  return 0;
}

}  // namespace ferry::call::i386
