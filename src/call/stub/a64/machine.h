// AArch64 as the stub sees it: AAPCS64's convention, and the registers results come back in. Included by
// stub.h; the static routines are aapcs64.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/a64/layout.h"
#include "call/stub/convention.h"

extern "C" {
void ferry_aapcs64_gprs();
void ferry_aapcs64_registers();
void ferry_aapcs64_stack();
extern const char ferry_aapcs64_trampolines[];
}

namespace ferry::call::a64 {

inline constexpr uint32_t kTrampolines = FERRY_A64_TRAMPOLINES;
inline const StubConvention kConventions[] = {{.abi = abi::Abi::FERRY_STUB_A64_ABI,
                                               .block = FERRY_A64_BLOCK,
                                               .gpr_block = FERRY_A64_FPR_OFFSET,
                                               .fpr_offset = FERRY_A64_FPR_OFFSET,
                                               .result_address = FERRY_A64_X8_OFFSET,
                                               .call_gprs = ferry_aapcs64_gprs,
                                               .call_registers = ferry_aapcs64_registers,
                                               .call_stack = ferry_aapcs64_stack,
                                               .trampolines = ferry_aapcs64_trampolines,
                                               .trampoline_count = FERRY_A64_TRAMPOLINES}};

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_A64_BLOCK];  // the register block
  uint64_t gpr[2];                       // x0 x1
  std::byte fpr[4][16];                  // v0-v3
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, fpr) == FERRY_CALLBACK_FPR);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 16 == 0);
static_assert(FERRY_A64_X8_OFFSET == 8 * FERRY_A64_GPRS);
static_assert(FERRY_A64_BLOCK == FERRY_A64_FPR_OFFSET + 16 * FERRY_A64_FPRS && FERRY_A64_FPR_OFFSET % 16 == 0);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.fpr);
}

// The registers a result comes back in (AAPCS64 6.9). Integers by width, because the callee leaves the upper
// bits undefined.
enum class ResultKind : uint8_t {
  none,     // void, empty, or in memory
  integer,  // x0, to be extended
  g,        // x0
  gg,       // x0, x1
  v,        // one to four elements, each in the low bytes of v0, v1, ...: scalars, short vectors, HFAs, HVAs
};

// v: `size` is the bytes of an element, `count` how many there are.
using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 64;
inline size_t register_result_bytes(ResultForm form) {
  return form.kind == ResultKind::v && form.size * form.count > 16 ? form.size * form.count : 16;
}

inline ResultForm result_form(const TypeTable&, const abi::CallPlan& plan) {
  std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {};
  const abi::Piece& first = pieces[0];
  // The elements of an HFA follow each other without padding (AAPCS64 5.9.5).
  if (first.where == abi::Where::fpr) {
    return {ResultKind::v, abi::Extend::none, static_cast<uint8_t>(first.size), static_cast<uint8_t>(pieces.size())};
  }
  if (pieces.size() == 2) return {.kind = ResultKind::gg};
  if (first.extend == abi::Extend::none) return {.kind = ResultKind::g};
  return {ResultKind::integer, first.extend, static_cast<uint8_t>(first.size), 0};
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(ResultForm form, const RoutineCall& run) {
  using Quad = uint64_t __attribute__((vector_size(16)));
  struct GG {
    uint64_t a, b;
  };
  struct V {  // an HVA: v0-v3
    Quad v[4];
  };
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::integer:
      run.put(extended(run.call<uint64_t>(), form.extend, form.size));
      break;
    case ResultKind::g:
      run.put<uint64_t>();
      break;
    case ResultKind::gg:
      run.put<GG>();
      break;
    case ResultKind::v: {
      V value = run.call<V>();
      for (size_t i = 0; i < form.count; ++i) {
        std::memcpy(static_cast<std::byte*>(run.result) + i * form.size, &value.v[i], form.size);
      }
      break;
    }
  }
}

// Puts a callback's result where the common entry loads it from. Integers are extended, which nobody is obliged
// to do but careless callers live by. Returns nothing of interest.
inline uint32_t give(ResultForm form, const std::byte* value, CallbackFrame& frame) {
  std::memcpy(frame.gpr, value, form.kind == ResultKind::none || form.kind == ResultKind::v ? 0 : sizeof frame.gpr);
  if (form.kind == ResultKind::integer) frame.gpr[0] = extended(frame.gpr[0], form.extend, form.size);
  if (form.kind == ResultKind::v) {
    for (size_t i = 0; i < form.count; ++i) std::memcpy(frame.fpr[i], value + i * form.size, form.size);
  }
  return 0;
}

}  // namespace ferry::call::a64
