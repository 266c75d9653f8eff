// Makes thunks and the code of callbacks: emitted for the processor of the plan, then published.
#include "call/native/thunk.h"

#include "call/native/emit.h"

namespace ferry::call {

const Emitter& emitter_of(Arch arch) {
  return arch == Arch::x86_64 ? kX64Emitter : arch == Arch::i386 ? kX86Emitter : kA64Emitter;
}

const Emitter* emitter_of(const abi::CallPlan& plan) {
  for (const Emitter* emitter : {&kX64Emitter, &kA64Emitter, &kX86Emitter}) {
    if (emitter->supports(plan)) return emitter;
  }
  return nullptr;
}

std::unique_ptr<Machine> machine_of(Arch arch, Encoder& encoder) {
  static const ThunkHost host;
  static const abi::CallPlan plan;
  return emitter_of(arch).machine(encoder, host, plan);
}

bool can_make_thunk(const abi::CallPlan& plan) {
  return emitter_of(plan) != nullptr;
}

Result<CodeBlock> make_thunk(const ThunkHost& host, const ThunkSpec& spec) {
  const Emitter* emitter = emitter_of(*spec.plan);
  if (emitter == nullptr) return Error{"no thunk for this plan"};
  Encoder encoder(emitter->arch);
  assemble_thunk(*emitter->machine(encoder, host, *spec.plan), host, spec);
  return encoder.publish(process_code(), emitter->thunk_shape(host, *spec.plan));
}

Result<CodeBlock> make_switch(const void* const* target) {
  Encoder encoder(host_target().arch);
  assemble_switch(*machine_of(host_target().arch, encoder), target);
  return encoder.publish(process_code(), kThunkShape);
}

Result<CodeBlock> make_callback_code(const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                                     const CallbackSpec& spec) {
  const Error refused{"no compiled callback for this plan"};
  const Emitter* emitter = emitter_of(*spec.plan);
  if (emitter == nullptr || spec.plan->variadic) return refused;
  Encoder encoder(emitter->arch);
  if (!assemble_callback(*emitter->machine(encoder, host, *spec.plan), host, api, handlers, spec)) return refused;
  return encoder.publish(process_code(), emitter->callback_shape(host, *spec.plan));
}

}  // namespace ferry::call
