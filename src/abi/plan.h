// Where each byte of a call's arguments and result travels: a pure function of function type and
// target. Knows no machine code, no Lua and no syntax.
//
// Vocabulary: an argument is cut into pieces; a piece is a run of bytes that travels in one register or lies in the
// outgoing stack area; one argument may have pieces in registers and one on the stack. Register numbers count within
// their class, in the order in which the ABI hands them out (SysV gpr 0 is rdi; Win64 gpr 0 is rcx; AArch64 gpr 0 is
// x0). A word is a general register, and a slot of the stack area: 8 bytes, 4 on 32-bit ABIs (registry.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ctype/type_table.h"

namespace ferry::abi {

// The calling convention proper, after Target and CallConv have been looked at. registry.cpp has a row for each.
enum class Abi : uint8_t {
  sysv_x64,
  win_x64,
  aapcs64,
  aapcs64_darwin,
  aapcs64_windows,
  i386_cdecl,
  i386_stdcall,
  i386_fastcall,
  i386_thiscall,
  i386_cdecl_windows,
  i386_stdcall_windows,
  i386_fastcall_windows,
  i386_thiscall_windows,
  riscv64_lp64d,
  aapcs32,      // floating point in general registers
  aapcs32_vfp,  // in VFP registers
  elfv2,        // POWER, little-endian
  s390x,
  none
};

enum class Where : uint8_t {
  gpr,     // general register `reg`
  fpr,     // SSE / SIMD / floating-point register `reg`
  x87,     // st(reg), results only: a 10-byte value; i386: also a float or double of `size` bytes
  stack,   // `stack_offset` bytes into the outgoing argument area
  vector,  // vector register `reg`, where those are not the fprs (POWER)
};

// How a piece narrower than its register is widened.
enum class Extend : uint8_t { none, sign, zero };

// Which end of its register a narrower piece lies at.
enum class Justify : uint8_t {
  low,   // the least significant bytes
  high,  // the most significant ones (s390x: a float in an fpr)
};

struct Piece {
  Where where = Where::gpr;
  Extend extend = Extend::none;  // to a word (gpr, stack)
  Justify justify = Justify::low;
  uint8_t reg = 0;
  uint32_t size = 0;          // bytes of the value carried here: up to 16 in a register, any number on the stack
  uint32_t value_offset = 0;  // bytes into the C value
  uint32_t stack_offset = 0;  // Where::stack
};

struct ArgPlan {
  TypeId type = kNoType;
  uint64_t size = 0;          // bytes of the C value
  uint32_t align = 1;         // of the C value
  bool by_reference = false;  // the piece carries the address of a copy (Win64, AAPCS64, > 16 bytes)
  bool on_stack = false;      // whole value in the stack area, at stack_offset, `size` bytes: no pieces
  uint32_t stack_offset = 0;
  // on_stack: how an integer narrower than a word fills its slot, whose address stack_offset is; none: the value's own
  // bytes lie at stack_offset, and those beyond `size` are not the argument's (on Darwin they are the next one's).
  Extend extend = Extend::none;
  uint8_t piece_count = 0;
  uint32_t first_piece = 0;  // into CallPlan::pieces

  // A record without members, or of unnamed bit-fields only.
  bool is_not_passed() const { return !on_stack && piece_count == 0; }
};

struct ResultPlan {
  TypeId type = kNoType;  // void: piece_count 0 and !in_memory
  uint64_t size = 0;
  uint32_t align = 1;
  bool in_memory = false;  // the caller passes an address (SysV: rdi, Win64: rcx, AAPCS64: x8, i386: on the stack)
  uint8_t piece_count = 0;
  uint32_t first_piece = 0;
};

struct CallPlan {
  Abi abi = Abi::none;
  bool variadic = false;
  uint8_t word = 8;              // bytes of a general register and of a stack slot
  uint8_t memory_reg = 0;        // gpr (or 8 on AArch64: x8) that carries the result's address if in_memory
  bool memory_on_stack = false;  // the address is the first word of the outgoing area instead (i386)
  uint8_t gpr_used = 0;          // argument registers in use, hidden ones included
  uint8_t fpr_used = 0;          // SysV: what al must hold for a variadic call
  uint8_t vector_used = 0;       // where those are not the fprs
  uint32_t fixed_params = 0;
  uint32_t stack_bytes = 0;   // outgoing area, multiple of stack_align; Win64: the 32 bytes of home space included
  uint32_t stack_align = 16;  // of the area's start: the ABI's, more only for over-aligned arguments
  uint32_t callee_pops = 0;   // bytes of the area that the callee has removed when it returns (i386)
  std::vector<ArgPlan> args;  // fixed parameters, then the variadic arguments of this call
  std::vector<Piece> pieces;
  ResultPlan result;

  std::span<const Piece> pieces_of(const ArgPlan& a) const { return {pieces.data() + a.first_piece, a.piece_count}; }
  std::span<const Piece> result_pieces() const { return {pieces.data() + result.first_piece, result.piece_count}; }
};

// Arguments whose outgoing area would be larger are refused: offsets are 32-bit.
inline constexpr uint64_t kMaxStackBytes = uint64_t{1} << 30;
// A page: callers align the area by masking the stack pointer, and no compiler's ABI tests go beyond.
inline constexpr uint32_t kMaxStackAlign = 4096;
// Classification walks every scalar of a record of up to 64 bytes; unions of unions can hold
// exponentially many in few bytes. Records with more are refused.
inline constexpr int kMaxClassifySteps = 1 << 16;
inline constexpr int kMaxClassifyDepth = 200;  // nesting of records and arrays, for the C stack's sake

// Which convention `conv` means on the table's target; Abi::none if there is no plan for it.
Abi abi_of(const Target& target, CallConv conv);

// Plans a call of `function`; `extra` are the types of the variadic arguments, already promoted (C 6.5.2.2p6).
// Errors, by name: a convention without a plan, an incomplete or variable-size parameter or result type.
Result<CallPlan> plan_call(const TypeTable& types, TypeId function, std::span<const TypeId> extra = {});

// How a value of this type travels as the only argument (or as the result) of a call of `conv`: its classes,
// undisturbed by other arguments. Errors: as plan_call.
Result<CallPlan> plan_value(const TypeTable& types, TypeId type, CallConv conv, bool as_result);

// The plan as text, for tests and messages: one word per argument, then the result. "rdi:4s" is 4 bytes
// sign-extended in rdi, "xmm0:16", "[8]:24" 24 bytes at offset 8 of the outgoing area, "{rdi:8 xmm0:4}" a value in
// pieces, "&rdx" the address of a copy, "-" nothing passed; "-> rax:4s", "-> *rdi" (in memory), "-> void"; "f0:4h" at
// the register's high end; "pops 8" what the callee removes.
std::string describe(const CallPlan& plan);

}  // namespace ferry::abi
