// s390x as the stub sees it: its convention, and the registers results come back in. Included by stub.h; the static
// routines are s390x.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/convention.h"
#include "call/stub/s390x/layout.h"

extern "C" {
void ferry_s390x_gprs();
void ferry_s390x_registers();
void ferry_s390x_stack();
extern const char ferry_s390x_trampolines[];
}

namespace ferry::call::s390x {

inline constexpr uint32_t kTrampolines = FERRY_S390X_TRAMPOLINES;

// Integers are extended by the caller of a function; those of an Invoker have their own size here.
constexpr Fill fill(abi::Where, abi::Extend extend, uint32_t) {
  if (extend == abi::Extend::none) return Fill::none;
  return extend == abi::Extend::sign ? Fill::sign : Fill::zero;
}

inline const StubConvention kConventions[] = {{.abi = abi::Abi::s390x,
                                               .block = FERRY_S390X_BLOCK,
                                               .gpr_block = FERRY_S390X_FPR_OFFSET,
                                               .fpr_offset = FERRY_S390X_FPR_OFFSET,
                                               .fpr_bytes = 8,
                                               .fill = fill,
                                               .call_gprs = ferry_s390x_gprs,
                                               .call_registers = ferry_s390x_registers,
                                               .call_stack = ferry_s390x_stack,
                                               .trampolines = ferry_s390x_trampolines,
                                               .trampoline_count = FERRY_S390X_TRAMPOLINES}};

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_S390X_BLOCK];  // the register block
  uint64_t gpr[1];                         // r2
  std::byte fpr[8];                        // f0
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, fpr) == FERRY_CALLBACK_FPR);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 16 == 0);
static_assert(FERRY_S390X_FPR_OFFSET >= 8 * FERRY_S390X_GPRS && FERRY_S390X_FPR_OFFSET % 16 == 0);
static_assert(FERRY_S390X_BLOCK == FERRY_S390X_FPR_OFFSET + 8 * FERRY_S390X_FPRS);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.fpr);
}

// The registers a result comes back in (s390x ELF ABI 1.2.3).
enum class ResultKind : uint8_t {
  none,     // void, or in memory
  integer,  // r2, to be extended
  f32,      // f0, at its upper end
  f64,
};

using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 8;
inline size_t register_result_bytes(ResultForm) {
  return 16;
}

inline ResultForm result_form(const TypeTable&, const abi::CallPlan& plan) {
  const std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {};
  const abi::Piece& piece = pieces[0];
  if (piece.where == abi::Where::fpr) return {.kind = piece.size == 4 ? ResultKind::f32 : ResultKind::f64};
  return {ResultKind::integer, piece.extend, static_cast<uint8_t>(piece.size), 1};
}

// Runs a routine and writes what the result registers hold to `result`.
inline void receive(ResultForm form, const RoutineCall& run) {
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::integer:
      store_integer(run.result, static_cast<int64_t>(run.call<uint64_t>()), form.size);
      break;
    case ResultKind::f32:
      run.put<float>();
      break;
    case ResultKind::f64:
      run.put<double>();
      break;
  }
}

// Puts a callback's result where the common entry loads it from. Returns nothing of interest.
inline uint32_t give(ResultForm form, const std::byte* value, CallbackFrame& frame) {
  switch (form.kind) {
    case ResultKind::none:
      break;
    case ResultKind::integer:
      frame.gpr[0] = static_cast<uint64_t>(load_integer(value, form.size, form.extend == abi::Extend::zero));
      break;
    case ResultKind::f32:
      std::memcpy(frame.fpr, value, 4);
      break;
    case ResultKind::f64:
      std::memcpy(frame.fpr, value, 8);
      break;
  }
  return 0;
}

}  // namespace ferry::call::s390x
