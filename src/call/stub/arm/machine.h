// ARM as the stub sees it: AAPCS32 with VFP registers and, for variadic functions, without; and the registers results
// come back in. Included by stub.h; the static routines are aapcs32.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/arm/layout.h"
#include "call/stub/convention.h"

namespace ferry::call::arm {
struct ResultRegisters;
}

extern "C" {
void ferry_aapcs32_gprs();
void ferry_aapcs32_registers();
void ferry_aapcs32_stack();
void ferry_aapcs32_keep(ferry::call::CFunction routine, ferry::call::CFunction function, const std::byte* frame,
                        const ferry::call::StackArea* area, ferry::call::arm::ResultRegisters* result);
extern const char ferry_aapcs32_trampolines[];
}

namespace ferry::call::arm {

inline constexpr uint32_t kTrampolines = FERRY_ARM_TRAMPOLINES;

// The base standard's plans have no VFP registers: the same routines serve both. Its functions are variadic, or
// pcs("aapcs").
constexpr StubConvention convention(abi::Abi abi, uint32_t first, uint32_t count) {
  return {.abi = abi,
          .block = FERRY_ARM_BLOCK,
          .gpr_block = FERRY_ARM_VFP_OFFSET,
          .fpr_offset = FERRY_ARM_VFP_OFFSET,
          .fpr_bytes = 4,
          .call_gprs = ferry_aapcs32_gprs,
          .call_registers = ferry_aapcs32_registers,
          .call_stack = ferry_aapcs32_stack,
          .trampolines = ferry_aapcs32_trampolines + first * FERRY_TRAMPOLINE_BYTES,
          .first_trampoline = first,
          .trampoline_count = count};
}
inline constexpr uint32_t kVfp = FERRY_ARM_VFP_TRAMPOLINES, kBase = FERRY_ARM_BASE_TRAMPOLINES;
inline const StubConvention kConventions[] = {convention(abi::Abi::aapcs32_vfp, 0, kVfp),
                                              convention(abi::Abi::aapcs32, kVfp, kBase)};

// All that a result may be in.
struct ResultRegisters {
  uint32_t gpr[4];    // r0-r3
  std::byte vfp[64];  // s0-s15
};
static_assert(offsetof(ResultRegisters, vfp) == FERRY_ARM_RESULT_VFP);
static_assert(sizeof(ResultRegisters) == FERRY_ARM_RESULTS);

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(8) CallbackFrame {
  std::byte registers[FERRY_ARM_BLOCK];  // the register block
  uint32_t gpr[4];                       // as in ResultRegisters
  std::byte vfp[64];
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_RESULTS);
static_assert(offsetof(CallbackFrame, vfp) == FERRY_CALLBACK_RESULTS + FERRY_ARM_RESULT_VFP);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 8 == 0);
static_assert(FERRY_ARM_VFP_OFFSET == 8 * FERRY_ARM_GPRS && FERRY_ARM_VFP_OFFSET % 16 == 0);
static_assert(FERRY_ARM_BLOCK == FERRY_ARM_VFP_OFFSET + 4 * FERRY_ARM_SINGLES);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.vfp);
}

// The registers a result comes back in (AAPCS32 6.4, 7.2.3).
enum class ResultKind : uint8_t {
  none,     // void, empty, or in memory
  integer,  // r0, to be extended
  gg,       // r0, r1
  g4,       // r0-r3
  v,        // the elements of a homogeneous aggregate, without padding, from s0 on
};

// `size`: the bytes of the value, but for gg.
using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 64;
inline size_t register_result_bytes(ResultForm form) {
  return form.kind == ResultKind::v && form.size > 16 ? form.size : 16;
}

inline ResultForm result_form(const TypeTable& types, const abi::CallPlan& plan) {
  const std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {};
  const auto size = static_cast<uint8_t>(plan.result.size);
  if (pieces[0].where == abi::Where::fpr) return {ResultKind::v, abi::Extend::none, size};
  if (pieces.size() == 2) return {.kind = ResultKind::gg};
  if (pieces.size() > 2) return {ResultKind::g4, abi::Extend::none, size};
  // The plan extends to a register, the slot has 64 bits.
  const Type& t = types[plan.result.type];
  const bool sign = is_integer_like(t) && (t.flags & kUnsigned) == 0;
  return {ResultKind::integer, sign ? abi::Extend::sign : abi::Extend::zero, size};
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(ResultForm form, const RoutineCall& run) {
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::integer:
      run.put(extended(run.call<uint32_t>(), form.extend, form.size));
      break;
    case ResultKind::gg:
      run.put<uint64_t>();
      break;
    case ResultKind::g4:
    case ResultKind::v: {
      ResultRegisters registers;
      ferry_aapcs32_keep(run.routine, run.function, run.frame, run.area, &registers);
      const bool general = form.kind == ResultKind::g4;
      std::memcpy(run.result, general ? static_cast<const void*>(registers.gpr) : registers.vfp, form.size);
      break;
    }
  }
}

// Puts a callback's result where the common entry loads it from. Returns nothing of interest.
inline uint32_t give(ResultForm form, const std::byte* value, CallbackFrame& frame) {
  switch (form.kind) {
    case ResultKind::none:
      break;
    case ResultKind::integer:
      give_integer(frame.gpr[0], value, form.extend, form.size);
      break;
    case ResultKind::gg:
      std::memcpy(frame.gpr, value, 8);
      break;
    case ResultKind::g4:
      std::memcpy(frame.gpr, value, form.size);
      break;
    case ResultKind::v:
      std::memcpy(frame.vfp, value, form.size);
      break;
  }
  return 0;
}

}  // namespace ferry::call::arm
