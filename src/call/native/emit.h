// What the emitter of each processor provides, and which one a plan needs. All are in every build: code is a function
// of plan, ThunkHost and specification, and only publishing it asks which processor runs. For native/ only.
#pragma once

#include <span>

#include "call/native/callback.h"
#include "call/native/encoder.h"
#include "call/native/thunk.h"

namespace ferry::call {

struct Emitter {
  Arch arch;
  bool (*supports)(const abi::CallPlan& plan);
  FrameShape (*thunk_shape)(const ThunkHost& host, const abi::CallPlan& plan);
  void (*thunk)(Encoder& encoder, const ThunkHost& host, const ThunkSpec& spec);
  // A jump to what lies at `target`.
  void (*jump)(Encoder& encoder, const void* const* target);
  FrameShape (*callback_shape)(const ThunkHost& host, const abi::CallPlan& plan);
  // False: its frame would be too large.
  bool (*callback)(Encoder& encoder, const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                   const CallbackSpec& spec);
  // Entries, one at every kBlockAlign bytes: each goes to the code that its slot names (an address at 0) with the
  // slot's address in a register that is no argument's.
  void (*entries)(Encoder& encoder, std::span<const void* const> slots);
  // Code that returns zero as the plan's result.
  void (*answer)(Encoder& encoder, const abi::CallPlan& plan);
};

extern const Emitter kX64Emitter, kA64Emitter;

const Emitter& emitter_of(Arch arch);
// Of the processor that the plan is for; null: there is none, or it does not support the plan.
const Emitter* emitter_of(const abi::CallPlan& plan);

}  // namespace ferry::call
