// Code of AArch64 that is the same for every host: jumps, a callback's entry and last answer. Included by this folder's
// sources only.
#pragma once

#include <asmjit/arm/a64assembler.h>

#include <span>

#include "call/native/emit.h"

namespace ferry::call::a64 {

namespace arm = asmjit::a64;

// What indirect calls and jumps by x16 or x17 have to meet first (`bti c`): pages may be guarded (code_pages.h). Older
// processors take it for a nop.
inline void landing_pad(arm::Assembler& a) {
  a.hint(34);
}
// Zeroes `bytes` (not 0) bytes from x9 on, which it changes, and x10.
void clear_bytes(arm::Assembler& a, uint64_t bytes);

// As Emitter has them.
void assemble_switch(Encoder& encoder, const void* const* target);
void assemble_entries(Encoder& encoder, std::span<const void* const> slots);
void assemble_answer(Encoder& encoder, const abi::CallPlan& plan);

}  // namespace ferry::call::a64
