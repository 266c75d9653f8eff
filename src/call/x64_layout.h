// CallPlan -> x86-64 machine: where the static routines, and code made from plans, find each register's
// value. Included by C++ and by the assembler; the #defines are the single source of every offset.
#pragma once

// A register block: what the argument registers hold, in the order of the plan's register numbers.
//
//   System V                              Windows
//     0  rdi rsi rdx rcx r8 r9              0  rcx rdx r8 r9
//    48  xmm0 ... xmm7, 16 bytes each      32  xmm0 ... xmm3, 16 bytes each
//   176  end                               96  end
#define FERRY_SYSV_GPRS 6
#define FERRY_SYSV_FPRS 8
#define FERRY_SYSV_FPR_OFFSET 48
#define FERRY_SYSV_BLOCK 176
#define FERRY_WIN_GPRS 4
#define FERRY_WIN_FPRS 4
#define FERRY_WIN_FPR_OFFSET 32
#define FERRY_WIN_BLOCK 96

// StackArea, below.
#define FERRY_AREA_OFFSET 0
#define FERRY_AREA_BYTES 8
#define FERRY_AREA_COPY 16
#define FERRY_AREA_MASK 24

// Below this a page can be skipped over by one push, above it the stack is touched page by page.
#define FERRY_PROBE_STEP 4096
// From here `rep movsq` beats a loop of 16-byte moves (its start costs some 30 cycles).
#define FERRY_REP_THRESHOLD 1024

// CallbackFrame, below: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_SYSV_BLOCK
#define FERRY_CALLBACK_FPR (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_X87 (FERRY_CALLBACK_FPR + 32)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_X87 + 32)

// Static trampolines: 16 bytes of code each, so the tables are 64 and 16 KiB. Programs with more live
// callbacks than this at one time are served by native code.
#define FERRY_SYSV_TRAMPOLINES 4096
#define FERRY_WIN_TRAMPOLINES 1024
#define FERRY_TRAMPOLINE_BYTES 16

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

#include "abi/plan.h"

namespace ferry::call::x64 {

// The outgoing stack area of one call shape, as the static routines read it.
struct StackArea {
  uint64_t frame_offset = 0;      // of the area's image in the invoker's frame
  uint64_t bytes = 0;             // to reserve
  uint64_t copy_bytes = 0;        // to copy, a multiple of 16; 0 if no argument is on the stack
  uint64_t mask = ~uint64_t{15};  // alignment of the reserved area: -align
};
static_assert(offsetof(StackArea, frame_offset) == FERRY_AREA_OFFSET);
static_assert(offsetof(StackArea, bytes) == FERRY_AREA_BYTES);
static_assert(offsetof(StackArea, copy_bytes) == FERRY_AREA_COPY);
static_assert(offsetof(StackArea, mask) == FERRY_AREA_MASK);

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

// Offset into the register block of the register that carries `piece` (not for pieces on the stack).
constexpr uint32_t register_offset(abi::Abi abi, const abi::Piece& piece) {
  bool sysv = abi == abi::Abi::sysv_x64;
  if (piece.where == abi::Where::gpr) return piece.reg * 8u;
  return (sysv ? FERRY_SYSV_FPR_OFFSET : FERRY_WIN_FPR_OFFSET) + piece.reg * 16u;
}

// The registers a result comes back in. One name per combination that either ABI knows; integers by
// width, because the callee leaves the upper bits undefined.
enum class ResultKind : uint8_t {
  none,  // void, empty, or in memory
  s8,
  u8,
  s16,
  u16,
  s32,
  u32,  // rax, to be extended
  g,    // rax
  f,    // xmm0, 8 bytes
  v,    // xmm0, 16 bytes
  gg,
  gf,
  fg,
  ff,  // two eightbytes: rax, rdx / rax, xmm0 / xmm0, rax / xmm0, xmm1
  x87,
  x87_pair,  // st0 / st0, st1
  padded_g,
  padded_f,  // the first eightbyte is padding; the second in rax / xmm0
};

ResultKind result_kind(const abi::CallPlan& plan);

}  // namespace ferry::call::x64
#endif
