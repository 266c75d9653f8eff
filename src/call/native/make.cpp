// Makes thunks and the code of callbacks: emitted for the processor of the plan, then published.
#include "call/native/thunk.h"

#include <string>

#include "abi/registry.h"
#include "call/native/emit.h"

namespace ferry::call {

const Emitter& emitter_of(Arch arch) {
  return arch == Arch::x86_64 ? kX64Emitter : arch == Arch::i386 ? kX86Emitter : kA64Emitter;
}

Result<const Emitter*> emitter_of(const abi::CallPlan& plan) {
  const Emitter* emitter = nullptr;
  for (const Emitter* one : {&kX64Emitter, &kA64Emitter, &kX86Emitter}) {
    if (one->knows(plan.abi)) emitter = one;
  }
  if (emitter == nullptr) {
    return Error{"there is none for the convention " + std::string(abi::info(plan.abi).name)};
  }
  if (plan.args.size() > kMaxThunkArgs) {
    return Error{"it has more than " + std::to_string(kMaxThunkArgs) + " arguments"};
  }
  if (plan.result.align > emitter->result_align) {
    return Error{"its result is aligned to more than " + std::to_string(emitter->result_align) + " bytes"};
  }
  bool aligned = plan.stack_align <= 16;
  for (const abi::ArgPlan& arg : plan.args) {
    if (arg.is_not_passed() && arg.size != 0) return Error{"an argument without named members is not passed"};
    aligned = aligned && arg.align <= emitter->argument_align;
  }
  if (!aligned) return Error{"an argument is aligned to more than 16 bytes"};
  if (!emitter->fits(plan)) {
    return Error{"its arguments take more than " + std::to_string(kMaxThunkStack) + " bytes of the C stack"};
  }
  return emitter;
}

std::unique_ptr<Machine> machine_of(Arch arch, Encoder& encoder) {
  static const ThunkHost host;
  static const abi::CallPlan plan;
  return emitter_of(arch).machine(encoder, host, plan);
}

bool can_make_thunk(const abi::CallPlan& plan) {
  return emitter_of(plan).ok();
}

Result<CodeBlock> make_thunk(const ThunkHost& host, const ThunkSpec& spec) {
  Result<const Emitter*> found = emitter_of(*spec.plan);
  if (!found) return found.error();
  const Emitter* emitter = *found;
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
  Result<const Emitter*> found = emitter_of(*spec.plan);
  if (!found) return found.error();
  const Emitter* emitter = *found;
  Encoder encoder(emitter->arch);
  std::unique_ptr<Machine> machine = emitter->machine(encoder, host, *spec.plan);
  if (Result<void> done = assemble_callback(*machine, host, api, handlers, spec); !done) return done.error();
  return encoder.publish(process_code(), emitter->callback_shape(host, *spec.plan));
}

}  // namespace ferry::call
