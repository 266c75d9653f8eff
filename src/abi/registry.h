// The calling conventions as data: planner, names of registers, word, stack, quirks. A convention that is not
// listed does not exist: nothing here or in the planners falls back to another.
#pragma once

#include <span>
#include <string_view>

#include "abi/plan.h"

namespace ferry::abi {

class Builder;

using PlanFunction = Result<void> (*)(Builder& builder, std::span<const TypeId> args, TypeId result);
using Names = std::span<const std::string_view>;

// In what conventions that share a planner differ, by name.
struct Quirks {
  // Windows x64: variadic floating-point values are in both classes of registers.
  bool variadic_floats_in_both = false;
  // AAPCS64. Apple: variadic arguments are on the stack; stack arguments take their own size and alignment, not a slot;
  // alignment 16 does not ask for an even register. Microsoft: variadic functions know general registers only.
  bool variadic_on_stack = false;
  bool natural_stack_slots = false;
  bool any_register_pair = false;
  bool variadic_in_general_registers = false;
  // AAPCS64. gcc: `:0` does not keep a record from being homogeneous; an aligned attribute on a record does not count.
  bool zero_width_ignored = false;
  bool record_attribute_ignored = false;
  // AAPCS64. What compilers make of vectors below 8 bytes as results: nothing that they agree on.
  bool no_small_vector_results = false;
  // i386: general registers that arguments may take; who removes the arguments, and the address of a result in memory;
  // whether records of 1, 2, 4, 8 bytes come back in registers.
  uint8_t argument_registers = 0;
  bool callee_pops_arguments = false;
  bool callee_pops_result_address = false;
  bool small_records_in_registers = false;
  // AAPCS32: floating-point values and homogeneous aggregates travel in VFP registers.
  bool vfp = false;
};

struct AbiInfo {
  Abi abi = Abi::none;
  std::string_view name;
  PlanFunction planner = nullptr;
  // What variadic functions of this convention are called by; usually itself.
  Abi variadic = Abi::none;
  uint8_t word = 8;          // bytes of a general register and of a stack slot
  uint8_t stack_align = 16;  // of the stack pointer at a call
  uint8_t area_offset = 0;   // of the outgoing area from the stack pointer at the call instruction
  // Registers for arguments in the order in which they are handed out, hidden ones at the end; and for results.
  Names gprs = {}, fprs = {}, vectors = {};
  Names result_gprs = {}, result_fprs = {};
  bool floats_widened = false;           // an fpr holds doubles: a float is converted on its way in and out
  Names fpr_pairs = {}, fpr_quads = {};  // AAPCS32: what two and four of fprs are together
  Quirks quirks = {};
};

// The row of a convention; that of Abi::none has no planner.
const AbiInfo& info(Abi abi);

}  // namespace ferry::abi
