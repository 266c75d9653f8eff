// Code that belongs to no call: a jump through a cell, the entries of callbacks, and the answer of an entry whose
// callback is gone.
#include "call/native/emit.h"

namespace ferry::call {

void assemble_switch(Machine& machine, const void* const* target) {
  machine.landing_pad();
  machine.jump_through(target);
  machine.finish();
}

void assemble_entries(Machine& machine, std::span<const void* const> slots) {
  for (const void* slot : slots) {
    machine.align(kBlockAlign);
    machine.landing_pad();
    machine.load_address(machine.r.slot, slot);
    machine.jump_through(At{machine.r.slot});
  }
  machine.finish();
}

void assemble_answer(Machine& machine) {
  machine.be_callback();
  machine.landing_pad();
  machine.zero_result();
  machine.ret();
  machine.finish();
}

}  // namespace ferry::call
