// POWER as the stub sees it: ELFv2's convention, and the registers results come back in. Included by stub.h; the
// static routines are elfv2.S.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "call/stub/convention.h"
#include "call/stub/ppc64/layout.h"

namespace ferry::call::ppc64 {
struct ResultRegisters;
}

extern "C" {
void ferry_elfv2_gprs();
void ferry_elfv2_registers();
void ferry_elfv2_stack();
void ferry_elfv2_keep(ferry::call::CFunction routine, ferry::call::CFunction function, const std::byte* frame,
                      const ferry::call::StackArea* area, ferry::call::ppc64::ResultRegisters* result);
extern const char ferry_elfv2_trampolines[];
}

namespace ferry::call::ppc64 {

inline constexpr uint32_t kTrampolines = FERRY_PPC64_TRAMPOLINES;

// A floating-point register holds doubles: a float is converted when it is loaded, and when it is stored. Said in
// instructions, which leave NaNs as they are.
inline void widen(std::byte* word) {
  double wide;
  __asm__("lfs%U1%X1 %0,%1" : "=f"(wide) : "m"(*reinterpret_cast<const char(*)[4]>(word)));
  std::memcpy(word, &wide, sizeof wide);
}
inline void narrow(std::byte* word) {
  double wide;
  std::memcpy(&wide, word, sizeof wide);
  __asm__("stfs%U0%X0 %1,%0" : "=m"(*reinterpret_cast<char(*)[4]>(word)) : "f"(wide));
}

constexpr Fill fill(abi::Where where, abi::Extend, uint32_t size) {
  return where == abi::Where::fpr && size == 4 ? Fill::as_double : Fill::none;
}

inline const StubConvention kConventions[] = {{.abi = abi::Abi::elfv2,
                                               .block = FERRY_PPC64_BLOCK,
                                               .gpr_block = FERRY_PPC64_FPR_OFFSET,
                                               .fpr_offset = FERRY_PPC64_FPR_OFFSET,
                                               .fpr_bytes = 8,
                                               .vector_offset = FERRY_PPC64_VECTOR_OFFSET,
                                               .home_space = FERRY_PPC64_SAVE_AREA,
                                               .fill = fill,
                                               .widen = widen,
                                               .narrow = narrow,
                                               .call_gprs = ferry_elfv2_gprs,
                                               .call_registers = ferry_elfv2_registers,
                                               .call_stack = ferry_elfv2_stack,
                                               .trampolines = ferry_elfv2_trampolines,
                                               .trampoline_count = FERRY_PPC64_TRAMPOLINES}};

// What the elements of a result may be in.
struct alignas(16) ResultRegisters {
  uint64_t fpr[FERRY_PPC64_RESULT_FPRS];              // f1-f8
  std::byte vector[16 * FERRY_PPC64_RESULT_VECTORS];  // v2-v9
};
static_assert(offsetof(ResultRegisters, vector) == FERRY_PPC64_RESULT_VECTOR_OFFSET);
static_assert(sizeof(ResultRegisters) == FERRY_PPC64_RESULTS);

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_PPC64_BLOCK];  // the register block
  uint64_t gpr[2];                         // r3 r4
  ResultRegisters results;
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, results) == FERRY_CALLBACK_RESULTS);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 16 == 0);
static_assert(FERRY_PPC64_FPR_OFFSET == 8 * FERRY_PPC64_GPRS);
static_assert(FERRY_PPC64_VECTOR_OFFSET >= FERRY_PPC64_FPR_OFFSET + 8 * FERRY_PPC64_FPRS);
static_assert(FERRY_PPC64_BLOCK == FERRY_PPC64_VECTOR_OFFSET + 16 * FERRY_PPC64_VECTORS);
static_assert(FERRY_PPC64_VECTOR_OFFSET % 16 == 0 && FERRY_PPC64_BLOCK % 16 == 0);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr);
  std::memset(&frame.results, 0, sizeof frame.results);
}

// The registers a result comes back in (ELFv2 2.2.5).
enum class ResultKind : uint8_t {
  none,     // void, empty, or in memory
  integer,  // r3, to be extended
  gg,       // r3 with `size` bytes, r4 with those that follow
  floats,   // `count` elements of `size` bytes in f1-f8
  vectors,  // `count` elements in v2-v9
};

using ResultForm = ResultIn<ResultKind>;

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 16 * FERRY_PPC64_RESULT_VECTORS;
inline size_t register_result_bytes(ResultForm form) {
  return std::max<size_t>(16, size_t{form.size} * form.count);
}

inline ResultForm result_form(const TypeTable&, const abi::CallPlan& plan) {
  const std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {};
  const auto size = static_cast<uint8_t>(pieces[0].size), count = static_cast<uint8_t>(pieces.size());
  switch (pieces[0].where) {
    case abi::Where::fpr:
      return {ResultKind::floats, abi::Extend::none, size, count};
    case abi::Where::vector:
      return {ResultKind::vectors, abi::Extend::none, size, count};
    default:
      if (count == 2) return {ResultKind::gg, abi::Extend::none, size, 2};
      return {ResultKind::integer, pieces[0].extend, size, 1};
  }
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(ResultForm form, const RoutineCall& run) {
  struct GG {
    uint64_t a, b;
  };
  ResultRegisters registers;
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::integer:
      run.put(extended(run.call<uint64_t>(), form.extend, form.size));
      break;
    case ResultKind::gg: {
      const GG both = run.call<GG>();
      std::memcpy(run.result, &both.a, sizeof both.a);
      std::memcpy(static_cast<std::byte*>(run.result) + form.size, &both.b, sizeof both.b);
      break;
    }
    case ResultKind::floats:
      if (form.count == 1 && form.size == 8) return run.put<double>();
      if (form.count == 1) return run.put<float>();
      ferry_elfv2_keep(run.routine, run.function, run.frame, run.area, &registers);
      for (size_t i = 0; i < form.count; ++i) {
        auto* word = reinterpret_cast<std::byte*>(&registers.fpr[i]);
        if (form.size == 4) narrow(word);
        std::memcpy(static_cast<std::byte*>(run.result) + i * form.size, word, form.size);
      }
      break;
    case ResultKind::vectors:
      ferry_elfv2_keep(run.routine, run.function, run.frame, run.area, &registers);
      std::memcpy(run.result, registers.vector, size_t{form.size} * form.count);
      break;
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
      std::memcpy(&frame.gpr[0], value, sizeof frame.gpr[0]);
      std::memcpy(&frame.gpr[1], value + form.size, sizeof frame.gpr[1]);
      break;
    case ResultKind::floats:
      for (size_t i = 0; i < form.count; ++i) {
        auto* word = reinterpret_cast<std::byte*>(&frame.results.fpr[i]);
        std::memcpy(word, value + i * form.size, form.size);
        if (form.size == 4) widen(word);
      }
      break;
    case ResultKind::vectors:
      std::memcpy(frame.results.vector, value, size_t{form.size} * form.count);
      break;
  }
  return 0;
}

}  // namespace ferry::call::ppc64
