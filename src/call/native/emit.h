// The emitters, one for each processor, and which of them a plan needs. All are in every build: code is a function of
// plan, ThunkHost and specification, and only publishing it asks for the processor that runs. Included by native/ only.
#pragma once

#include <memory>
#include <span>

#include "call/native/callback.h"
#include "call/native/encoder.h"
#include "call/native/machine.h"
#include "call/native/thunk.h"

namespace ferry::call {

struct Emitter {
  Arch arch;
  bool (*knows)(abi::Abi convention);
  uint32_t argument_align, result_align;    // at most
  bool (*fits)(const abi::CallPlan& plan);  // its bytes on the C stack, within kMaxThunkStack and the frame
  // For the code of one plan; the encoder outlives it.
  std::unique_ptr<Machine> (*machine)(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan);
  FrameShape (*thunk_shape)(const ThunkHost& host, const abi::CallPlan& plan);
  FrameShape (*callback_shape)(const ThunkHost& host, const abi::CallPlan& plan);
};

extern const Emitter kX64Emitter, kA64Emitter, kX86Emitter;

const Emitter& emitter_of(Arch arch);
// Of the processor that the plan is for; why there is no code for the plan.
Result<const Emitter*> emitter_of(const abi::CallPlan& plan);

// A machine for code of this processor that belongs to no plan.
std::unique_ptr<Machine> machine_of(Arch arch, Encoder& encoder);

// entries.cpp
// A jump to what lies at `target`.
void assemble_switch(Machine& machine, const void* const* target);
// Entries, one at every kBlockAlign bytes: each goes to the code that its slot names (an address at 0) with the slot's
// address in Machine's register for it.
void assemble_entries(Machine& machine, std::span<const void* const> slots);
// Code that returns zero as the result of the machine's plan.
void assemble_answer(Machine& machine);

// thunk.cpp
void assemble_thunk(Machine& machine, const ThunkHost& host, const ThunkSpec& spec);
// callback.cpp. Of a plan that is not variadic. Error: its frame would be too large.
Result<void> assemble_callback(Machine& machine, const ThunkHost& host, const CallbackApi& api,
                               const CallbackHandlers& handlers, const CallbackSpec& spec);

}  // namespace ferry::call
