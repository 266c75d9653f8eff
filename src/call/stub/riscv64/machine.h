// RISC-V as the stub sees it: LP64D's convention, and the registers results come back in. Included by stub.h; the
// static routines are lp64d.S.
#pragma once

#include <cstring>
#include <span>

#include "call/stub/convention.h"
#include "call/stub/riscv64/layout.h"

extern "C" {
void ferry_lp64d_gprs();
void ferry_lp64d_registers();
void ferry_lp64d_stack();
extern const char ferry_lp64d_trampolines[];
}

namespace ferry::call::riscv64 {

inline constexpr uint32_t kTrampolines = FERRY_RISCV_TRAMPOLINES;

// "Scalars that are narrower than XLEN bits are widened according to the sign of their type up to 32 bits, then
// sign-extended to XLEN bits"; floating values narrower than a register are NaN-boxed: all bits above are ones.
constexpr Fill fill(abi::Where where, abi::Extend extend, uint32_t size) {
  if (where == abi::Where::fpr) return size < 8 ? Fill::ones : Fill::none;
  return size == 4 && extend == abi::Extend::sign ? Fill::sign : Fill::none;
}

inline const StubConvention kConventions[] = {{.abi = abi::Abi::riscv64_lp64d,
                                               .block = FERRY_RISCV_BLOCK,
                                               .gpr_block = FERRY_RISCV_FPR_OFFSET,
                                               .fpr_offset = FERRY_RISCV_FPR_OFFSET,
                                               .fpr_bytes = 8,
                                               .fill = fill,
                                               .call_gprs = ferry_lp64d_gprs,
                                               .call_registers = ferry_lp64d_registers,
                                               .call_stack = ferry_lp64d_stack,
                                               .trampolines = ferry_lp64d_trampolines,
                                               .trampoline_count = FERRY_RISCV_TRAMPOLINES}};

// What a callback's common entry saves, and what it loads before it returns.
struct alignas(16) CallbackFrame {
  std::byte registers[FERRY_RISCV_BLOCK];  // the register block
  uint64_t gpr[2];                         // a0 a1
  uint64_t fpr[2];                         // fa0 fa1
};
static_assert(offsetof(CallbackFrame, gpr) == FERRY_CALLBACK_GPR);
static_assert(offsetof(CallbackFrame, fpr) == FERRY_CALLBACK_FPR);
static_assert(sizeof(CallbackFrame) == FERRY_CALLBACK_FRAME && FERRY_CALLBACK_FRAME % 16 == 0);
static_assert(FERRY_RISCV_FPR_OFFSET == 8 * FERRY_RISCV_GPRS);
static_assert(FERRY_RISCV_BLOCK == FERRY_RISCV_FPR_OFFSET + 8 * FERRY_RISCV_FPRS);

// Before the handler runs. `pops`: what callbacks remove of the stack, nothing here.
inline void prepare(CallbackFrame& frame, uint32_t) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.fpr);
}

// The registers a result comes back in, named in the order of its pieces: g: a0, a1; f: fa0, fa1.
enum class ResultKind : uint8_t {
  none,     // void, empty, or in memory
  integer,  // a0, to be extended
  g,
  gg,
  f,
  ff,
  gf,
  fg,
};

struct ResultForm {
  struct Part {  // the bytes of a piece in the value
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  ResultKind kind = ResultKind::none;
  bool is_unsigned = false;  // integer
  Part part[2];
  // Distinguishes forms, for keys. A member may be aligned to a lot; callbacks' results are of 2^18 bytes at most.
  uint64_t code() const {
    auto of = [](Part p) { return uint64_t{p.offset} << 4 | p.size; };
    return static_cast<uint64_t>(kind) | uint64_t{is_unsigned} << 7 | of(part[0]) << 8 | of(part[1]) << 32;
  }
};

// Bytes that `receive` may write for results in registers.
inline constexpr size_t kMaxRegisterResult = 16;
inline size_t register_result_bytes(ResultForm) {
  return kMaxRegisterResult;
}

inline ResultForm result_form(const TypeTable& types, const abi::CallPlan& plan) {
  const std::span<const abi::Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return {};
  ResultForm form;
  for (size_t i = 0; i < pieces.size(); ++i) {
    form.part[i] = {pieces[i].value_offset, pieces[i].size};
  }
  const bool first_floating = pieces[0].where == abi::Where::fpr;
  if (pieces.size() == 2) {
    const bool second_floating = pieces[1].where == abi::Where::fpr;
    form.kind = first_floating    ? second_floating ? ResultKind::ff : ResultKind::fg
                : second_floating ? ResultKind::gf
                                  : ResultKind::gg;
  } else if (first_floating || pieces[0].extend == abi::Extend::none) {
    form.kind = first_floating ? ResultKind::f : ResultKind::g;
  } else {
    // The plan extends an unsigned int as a register has it, a slot has it by its type.
    const Type& t = types[plan.result.type];
    form.kind = ResultKind::integer;
    form.is_unsigned = !is_integer_like(t) || (t.flags & kUnsigned) != 0;
  }
  return form;
}

// Runs a routine and writes what the result registers hold to `result`, integers extended.
inline void receive(const ResultForm& form, const RoutineCall& run) {
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
  auto put = [&](size_t i, auto bits) {
    std::memcpy(static_cast<std::byte*>(run.result) + form.part[i].offset, &bits, form.part[i].size);
  };
  auto put_both = [&](auto pair) {
    put(0, pair.a);
    put(1, pair.b);
  };
  switch (form.kind) {
    case ResultKind::none:
      run.call<void>();
      break;
    case ResultKind::integer:
      run.put(
          extended(run.call<uint64_t>(), form.is_unsigned ? abi::Extend::zero : abi::Extend::sign, form.part[0].size));
      break;
    case ResultKind::g:
      put(0, run.call<uint64_t>());
      break;
    case ResultKind::gg:
      put_both(run.call<GG>());
      break;
    case ResultKind::f:
      put(0, run.call<double>());
      break;
    case ResultKind::ff:
      put_both(run.call<FF>());
      break;
    case ResultKind::gf:
      put_both(run.call<GF>());
      break;
    case ResultKind::fg:
      put_both(run.call<FG>());
      break;
  }
}

// Puts a callback's result where the common entry loads it from. Returns nothing of interest.
inline uint32_t give(const ResultForm& form, const std::byte* value, CallbackFrame& frame) {
  auto g = [&](size_t i, size_t reg) {
    frame.gpr[reg] = 0;
    std::memcpy(&frame.gpr[reg], value + form.part[i].offset, form.part[i].size);
  };
  auto f = [&](size_t i, size_t reg) {
    frame.fpr[reg] = ~uint64_t{0};
    std::memcpy(&frame.fpr[reg], value + form.part[i].offset, form.part[i].size);
  };
  switch (form.kind) {
    case ResultKind::none:
      break;
    case ResultKind::integer: {
      g(0, 0);
      const bool zero = form.is_unsigned && form.part[0].size != 4;  // as fill() has it
      frame.gpr[0] = extended(frame.gpr[0], zero ? abi::Extend::zero : abi::Extend::sign, form.part[0].size);
      break;
    }
    case ResultKind::g:
      g(0, 0);
      break;
    case ResultKind::gg:
      g(0, 0);
      g(1, 1);
      break;
    case ResultKind::f:
      f(0, 0);
      break;
    case ResultKind::ff:
      f(0, 0);
      f(1, 1);
      break;
    case ResultKind::gf:
      g(0, 0);
      f(1, 0);
      break;
    case ResultKind::fg:
      f(0, 0);
      g(1, 0);
      break;
  }
  return 0;
}

}  // namespace ferry::call::riscv64
