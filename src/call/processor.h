// What code pages and unwinding have to know of a processor, as a value. Knows no encoder: its few instructions are
// written as bytes.
#pragma once

#include <cstdint>
#include <span>

#include "ctype/target.h"

namespace ferry::call {

struct Processor {
  uint8_t trap;                         // a run of it traps when it is executed
  std::span<const uint8_t> returns_42;  // int (void), position-independent

  // Numbers of registers in DWARF records (unwind_dwarf.cpp).
  uint8_t frame_register;
  uint8_t return_column;
  // FrameShape::saved counts these in groups of `saved_group`. They lie below the frame pointer in this order.
  std::span<const uint8_t> saved;
  uint8_t saved_group;
  // The ones of FrameShape::rdi_rsi.
  std::span<const uint8_t> rdi_rsi;

  // The landing pad (unwind.h): this, the address of a function, that. It calls the function with the exception, the
  // frame pointer and the first two saved registers.
  std::span<const uint8_t> landing_head;
  std::span<const uint8_t> landing_tail;
};

// Null: native code is not written for it.
const Processor* processor_of(Arch arch);
// What native code needs and this processor has not; null: nothing.
const char* host_lacks();
// Of this host; only where there is native code.
const Processor& host_processor();

}  // namespace ferry::call
