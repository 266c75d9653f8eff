// Jumps, entries of callbacks and what they answer when they are retired, on AArch64.
#include "call/native/a64/fixed.h"

namespace ferry::call::a64 {

void clear_bytes(arm::Assembler& a, uint64_t bytes) {
  const asmjit::Label next = a.newLabel();
  a.mov(arm::x10, bytes);
  a.bind(next);
  a.strb(arm::wzr, arm::ptr_post(arm::x9, 1));
  a.sub(arm::x10, arm::x10, 1);
  a.cbnz(arm::x10, next);
}

static void load_address(arm::Assembler& a, const arm::GpX& to, const void* address) {
  a.mov(to, reinterpret_cast<uint64_t>(address));
}

void assemble_switch(Encoder& encoder, const void* const* target) {
  arm::Assembler a(&encoder.code());
  landing_pad(a);
  load_address(a, arm::x16, target);
  a.ldr(arm::x16, arm::ptr(arm::x16));
  a.br(arm::x16);
}

void assemble_entries(Encoder& encoder, std::span<const void* const> slots) {
  arm::Assembler a(&encoder.code());
  for (const void* slot : slots) {
    a.align(asmjit::AlignMode::kCode, kBlockAlign);
    landing_pad(a);
    load_address(a, arm::x9, slot);
    a.ldr(arm::x16, arm::ptr(arm::x9));
    a.br(arm::x16);
  }
}

void assemble_answer(Encoder& encoder, const abi::CallPlan& plan) {
  arm::Assembler a(&encoder.code());
  landing_pad(a);
  if (plan.result.in_memory) {
    a.mov(arm::x9, arm::x8);
    clear_bytes(a, plan.result.size);
  } else {
    a.mov(arm::x0, 0);
    a.mov(arm::x1, 0);
    for (uint32_t i = 0; i < 4; ++i) a.fmov(arm::v(i).d(), arm::xzr);  // and zeroes what is above
  }
  a.ret(arm::x30);
}

}  // namespace ferry::call::a64
