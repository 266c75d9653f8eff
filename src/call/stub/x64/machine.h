// x86-64 as the stub sees it: the System V and Windows conventions, and the registers results come back in.
// Included by stub.h; the static routines are sysv.S and win.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/convention.h"
#include "call/stub/x64/layout.h"

extern "C" {
void ferry_sysv_gprs();
void ferry_sysv_registers();
void ferry_sysv_stack();
void ferry_win_call();
extern const char ferry_sysv_trampolines[];
extern const char ferry_win_trampolines[];
}

namespace ferry::call::x64 {

inline constexpr uint32_t kTrampolines = FERRY_SYSV_TRAMPOLINES + FERRY_WIN_TRAMPOLINES;
// Both conventions pass the address of a result in memory in their first general register.
inline const StubConvention kConventions[] = {{.abi = abi::Abi::sysv_x64,
                                               .block = FERRY_SYSV_BLOCK,
                                               .gpr_block = FERRY_SYSV_FPR_OFFSET,
                                               .fpr_offset = FERRY_SYSV_FPR_OFFSET,
                                               .call_gprs = ferry_sysv_gprs,
                                               .call_registers = ferry_sysv_registers,
                                               .call_stack = ferry_sysv_stack,
                                               .trampolines = ferry_sysv_trampolines,
                                               .trampoline_count = FERRY_SYSV_TRAMPOLINES},
                                              {.abi = abi::Abi::win_x64,
                                               .block = FERRY_WIN_BLOCK,
                                               .gpr_block = FERRY_WIN_FPR_OFFSET,
                                               .fpr_offset = FERRY_WIN_FPR_OFFSET,
                                               .home_space = 32,
                                               .call_gprs = nullptr,
                                               .call_registers = ferry_win_call,
                                               .call_stack = ferry_win_call,
                                               .trampolines = ferry_win_trampolines,
                                               .first_trampoline = FERRY_SYSV_TRAMPOLINES,
                                               .trampoline_count = FERRY_WIN_TRAMPOLINES}};

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_SYSV_BLOCK];  // the register block of the convention
  uint64_t gpr[2];                        // rax rdx
  std::byte fpr[2][16];                   // xmm0 xmm1
  std::byte x87[2][16];                   // st0 st1
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, fpr) == FERRY_CALLBACK_FPR);
static_assert(offsetof(CallbackFrame, x87) == FERRY_CALLBACK_X87);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 16 == 0);
static_assert(FERRY_SYSV_BLOCK == FERRY_SYSV_FPR_OFFSET + 16 * FERRY_SYSV_FPRS);
static_assert(FERRY_WIN_BLOCK == FERRY_WIN_FPR_OFFSET + 16 * FERRY_WIN_FPRS);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.fpr);
}

// The registers a result comes back in. One name per combination that either convention knows; integers by
// width, because the callee leaves the upper bits undefined.
enum class ResultKind : uint8_t {
  none,     // void, empty, or in memory
  integer,  // rax, to be extended
  g,        // rax
  f,        // xmm0, 8 bytes
  v,        // xmm0, 16 bytes
  gg,
  gf,
  fg,
  ff,  // two eightbytes: rax, rdx / rax, xmm0 / xmm0, rax / xmm0, xmm1
  x87,
  x87_pair,  // st0 / st0, st1
  padded_g,
  padded_f,  // the first eightbyte is padding; the second in rax / xmm0
};

using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 32;
inline size_t register_result_bytes(ResultForm form) {
  return form.kind == ResultKind::x87_pair ? 32 : 16;
}

inline ResultForm result_form(const TypeTable&, const abi::CallPlan& plan) {
  using abi::Where;
  std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {ResultKind::none};
  const abi::Piece& first = pieces[0];
  if (first.where == Where::x87) return {pieces.size() == 2 ? ResultKind::x87_pair : ResultKind::x87};
  bool gpr = first.where == Where::gpr;
  if (pieces.size() == 2) {
    if (pieces[1].where == Where::gpr) return {gpr ? ResultKind::gg : ResultKind::fg};
    return {gpr ? ResultKind::gf : ResultKind::ff};
  }
  if (first.value_offset == 8) return {gpr ? ResultKind::padded_g : ResultKind::padded_f};
  if (!gpr) return {first.size == 16 ? ResultKind::v : ResultKind::f};
  if (first.extend == abi::Extend::none) return {ResultKind::g};
  return {ResultKind::integer, first.extend, static_cast<uint8_t>(first.size)};
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(ResultForm form, const RoutineCall& run) {
  using Vector16 = float __attribute__((vector_size(16)));
  using LongDoubleComplex = __complex__ long double;
  struct GG {
    uint64_t a, b;
  };
  struct GF {
    uint64_t a;
    double b;
  };
  struct FG {
    double a;
    uint64_t b;
  };
  struct FF {
    double a, b;
  };
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::g:
      run.put<uint64_t>();
      break;
    case ResultKind::f:
      run.put<double>();
      break;
    case ResultKind::v:
      run.put<Vector16>();
      break;
    case ResultKind::gg:
      run.put<GG>();
      break;
    case ResultKind::gf:
      run.put<GF>();
      break;
    case ResultKind::fg:
      run.put<FG>();
      break;
    case ResultKind::ff:
      run.put<FF>();
      break;
    case ResultKind::padded_g:
      run.put(GG{0, run.call<uint64_t>()});
      break;
    case ResultKind::padded_f:
      run.put(FF{0, run.call<double>()});
      break;
    case ResultKind::x87:
      run.put<long double>();
      break;
    case ResultKind::x87_pair:
      run.put<LongDoubleComplex>();
      break;
    case ResultKind::integer:
      run.put(extended(run.call<uint64_t>(), form.extend, form.size));
      break;
  }
}

// Puts a callback's result where the common entry loads it from; how many x87 registers that has to load. Integers
// are extended: clang's callers rely on it.
inline uint32_t give(ResultForm form, const std::byte* value, CallbackFrame& frame) {
  uint64_t half[2];
  std::memcpy(half, value, sizeof half);
  auto xmm = [&](int reg, uint64_t bits) { std::memcpy(frame.fpr[reg], &bits, sizeof bits); };
  switch (form.kind) {
    case ResultKind::none:
      break;
    case ResultKind::f:
      xmm(0, half[0]);
      break;
    case ResultKind::v:
      std::memcpy(frame.fpr[0], half, 16);
      break;
    case ResultKind::gg:
      frame.gpr[0] = half[0];
      frame.gpr[1] = half[1];
      break;
    case ResultKind::gf:
      frame.gpr[0] = half[0];
      xmm(0, half[1]);
      break;
    case ResultKind::fg:
      xmm(0, half[0]);
      frame.gpr[0] = half[1];
      break;
    case ResultKind::ff:
      xmm(0, half[0]);
      xmm(1, half[1]);
      break;
    case ResultKind::padded_g:
      frame.gpr[0] = half[1];
      break;
    case ResultKind::padded_f:
      xmm(0, half[1]);
      break;
    case ResultKind::x87:
      std::memcpy(frame.x87[0], value, 16);
      return 1;
    case ResultKind::x87_pair:
      std::memcpy(frame.x87[0], value, 32);
      return 2;
    case ResultKind::integer:
      frame.gpr[0] = extended(half[0], form.extend, form.size);
      break;
    case ResultKind::g:
      frame.gpr[0] = half[0];
      break;
  }
  return 0;
}

}  // namespace ferry::call::x64
