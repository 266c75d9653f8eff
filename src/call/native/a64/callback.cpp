// The shared code of a callback type on AArch64 (AAPCS64): arguments from their registers to memory or to the Lua
// stack, the result back. Also the code of entries, and of what retired ones answer.
#include <cstddef>

#include "call/native/a64/emitter.h"
#include "call/native/encoder.h"

namespace ferry::call::a64 {

namespace {

using abi::ArgPlan;
using abi::Piece;
using abi::Where;
using asmjit::imm;

constexpr auto kData = arm::x21;

// x19: L; x20: State; x21: CallbackData. Code reaches the frame from sp, as thunks do.
//   [x29+16]  caller's outgoing area: arguments in memory are used where they are
//   [x29+8]   return address
//   [x29]     caller's x29
//   [x29-16]  caller's x19, x20
//   [x29-32]  caller's x21, x22
//   [x29-40]  where the caller wants a result in memory
//   [x29-112] result bytes (64): four vectors at most
//   ...       values of arguments, 16-aligned each; of those passed by reference, the address
//   [sp]      addresses of arguments, for handlers
constexpr int kResultAddressAt = -40;
constexpr int kResultBytesAt = -112;
constexpr int kResultRoom = 64;

// Zeroes `bytes` (not 0) bytes from x9 on, which it changes, and x10.
void clear(arm::Assembler& a, uint64_t bytes) {
  Label next = a.newLabel();
  a.mov(kScratch, bytes);
  a.bind(next);
  a.strb(arm::wzr, arm::ptr_post(kValue, 1));
  a.sub(kScratch, kScratch, 1);
  a.cbnz(kScratch, next);
}

class CallbackEmitter {
 public:
  CallbackEmitter(arm::Assembler& a, const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                  const CallbackSpec& spec)
      : a_(a),
        host_(host),
        api_(api),
        handlers_(handlers),
        spec_(spec),
        plan_(*spec.plan),
        stack_(make_stack_access(a, cold_, host)) {
    lay_out();
  }

  bool fits() const { return frame_bytes_ + 16 + static_cast<int>(plan_.stack_bytes) <= kMaxFrameBytes; }

  void emit() {
    whole_ = a_.newLabel();
    finish_ = a_.newLabel();
    prologue();
    spill_arguments();
    if (spec_.inline_call) {
      check();
      push_arguments();
      call_lua();
      if (spec_.result != ThunkKind::none) take_result();
      leave();
      a_.bind(finish_);
      load_result();
      epilogue();
      a_.bind(whole_);
      ask(handlers_.whole);
      a_.b(finish_);
    } else {
      a_.bind(whole_);
      ask(handlers_.whole);
      a_.bind(finish_);
      load_result();
      epilogue();
    }
    cold_.emit();
  }

 private:
  void lay_out() {
    int bottom = kResultBytesAt;
    for (const ArgPlan& arg : plan_.args) {
      const std::span<const Piece> pieces = plan_.pieces_of(arg);
      if (arg.on_stack) {
        values_.push_back(16 + static_cast<int>(arg.stack_offset));
      } else if (!pieces.empty() && pieces[0].where == Where::stack) {
        values_.push_back(16 + static_cast<int>(pieces[0].stack_offset));
      } else {
        bottom -= arg.by_reference ? 16 : align_up(static_cast<int>(arg.size < 8 ? 8 : arg.size), 16);
        values_.push_back(bottom);
      }
    }
    frame_bytes_ = -bottom + align_up(static_cast<int>(plan_.args.size()) * 8, 16);
  }

  // What is at `at` from x29.
  Mem frame(int at) const { return arm::ptr(arm::sp, frame_bytes_ + at); }

  // Entered by the jump of an entry, with the slot's address in x9.
  void prologue() {
    landing_pad(a_);
    a_.stp(arm::x29, arm::x30, arm::ptr_pre(arm::sp, -16));
    a_.mov(arm::x29, arm::sp);
    a_.sub(arm::sp, arm::sp, frame_bytes_);
    a_.stp(kL, kState, arm::ptr(arm::x29, -16));
    a_.stp(kData, arm::x22, arm::ptr(arm::x29, -32));
    a_.ldr(kData, arm::ptr(kValue, 8));
    if (plan_.result.in_memory) a_.str(arm::x8, frame(kResultAddressAt));
  }

  void epilogue() {
    a_.ldp(kL, kState, arm::ptr(arm::x29, -16));
    a_.ldp(kData, arm::x22, arm::ptr(arm::x29, -32));
    a_.mov(arm::sp, arm::x29);
    a_.ldp(arm::x29, arm::x30, arm::ptr_post(arm::sp, 16));
    a_.ret(arm::x30);
  }

  void spill_arguments() {
    for (size_t i = 0; i < plan_.args.size(); ++i) {
      for (const Piece& piece : plan_.pieces_of(plan_.args[i])) {
        if (piece.where == Where::stack) continue;
        const Mem at = frame(values_[i] + static_cast<int>(piece.value_offset));
        if (piece.where == Where::gpr) {
          a_.str(arm::x(piece.reg), at);
        } else if (piece.size == 16) {
          a_.str(arm::v(piece.reg).q(), at);
        } else if (piece.size == 8) {
          a_.str(arm::v(piece.reg).d(), at);
        } else if (piece.size == 4) {
          a_.str(arm::v(piece.reg).s(), at);
        } else {
          a_.str(arm::v(piece.reg).h(), at);
        }
      }
    }
  }

  // --- inline ---------------------------------------------------------------------------------------------------

  Mem state(uint32_t field) const { return arm::ptr(kState, static_cast<int32_t>(field)); }
  Mem data(size_t field) const { return arm::ptr(kData, static_cast<int32_t>(field)); }

  void add_to_active(int n) {
    a_.ldr(kTemp.w(), data(offsetof(CallbackData, active)));
    if (n > 0) {
      a_.add(kTemp.w(), kTemp.w(), n);
    } else {
      a_.sub(kTemp.w(), kTemp.w(), -n);
    }
    a_.str(kTemp.w(), data(offsetof(CallbackData, active)));
  }

  // Goes on only on the state's own thread, within a call from Lua in which no callback has failed. Sets x19.
  void check() {
    const ThunkOffsets& o = host_.offsets;
    a_.ldrb(kValue.w(), data(offsetof(CallbackData, live)));
    a_.cbz(kValue.w(), whole_);
    a_.ldr(kState, data(offsetof(CallbackData, state)));
    // The caller first: the owner that is read afterwards is his, or a later one.
    a_.add(kScratch, kState, o.caller);
    a_.ldar(kL, arm::ptr(kScratch));
    a_.cbz(kL, whole_);
    load_thread(a_, host_, kValue);
    a_.ldr(kScratch, state(o.owner));
    a_.cmp(kScratch, kValue);
    a_.b_ne(whole_);
    a_.ldrb(kScratch.w(), state(o.failed));
    a_.cbnz(kScratch.w(), whole_);
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (!spec_.args[i].through) continue;
      a_.ldr(kValue, frame(values_[i]));
      a_.cbz(kValue, whole_);
    }
    const Mem from = errno_at(a_, host_);
    a_.ldr(kValue.w(), from);
    a_.str(kValue.w(), state(o.saved_errno));
    add_to_active(1);
  }

  void push_arguments() {
    stack_->begin_row();
    push_function();
    for (size_t i = 0; i < spec_.args.size(); ++i) push_argument(i);
    stack_->end_row();
  }

  void push_function() {
    if (host_.stack.valid) {
      stack_->push_value(data(offsetof(CallbackData, function_value)), data(offsetof(CallbackData, function_tag)));
      return;
    }
    a_.mov(arm::x0, kL);
    a_.mov(arm::w1, api_.registry);
    a_.ldrsw(arm::x2, data(offsetof(CallbackData, function_reference)));
    call(a_, api_.rawgeti);
  }

  void push_argument(size_t i) {
    const CallbackSpec::Arg& arg = spec_.args[i];
    Mem from = frame(values_[i]);
    if (arg.through) {
      a_.ldr(kValue, from);
      from = arm::ptr(kValue);
    }
    switch (arg.kind) {
      case ThunkKind::boolean:
        a_.ldrb(kTemp.w(), from);
        a_.cmp(kTemp.w(), 0);
        a_.cset(kValue, imm(arm::CondCode::kNE));
        stack_->push_boolean();
        return;
      case ThunkKind::f32:
        a_.ldr(arm::s0, from);
        a_.fcvt(arm::d0, arm::s0);
        stack_->push_number();
        return;
      case ThunkKind::f64:
        a_.ldr(arm::d0, from);
        stack_->push_number();
        return;
      default:
        load_narrow(a_, arg.kind, kValue, from);
        stack_->push_integer();
        return;
    }
  }

  // lua_pcall(L, n, r, 0), lua_pcallk(L, n, r, 0, 0, NULL).
  void call_lua() {
    Label failed = a_.newLabel();
    a_.mov(arm::x0, kL);
    a_.mov(arm::w1, static_cast<uint64_t>(spec_.args.size()));
    a_.mov(arm::w2, spec_.result == ThunkKind::none ? 0 : 1);
    a_.mov(arm::x3, 0);
    a_.mov(arm::x4, 0);
    a_.mov(arm::x5, 0);
    call(a_, api_.pcall);
    a_.str(kL, state(host_.offsets.caller));  // calls that Lua made in between have left null there
    stack_->registers_lost();
    a_.cbnz(arm::w0, failed);
    cold_.add([=, this] {
      a_.bind(failed);
      ask(handlers_.failed);
      a_.b(finish_);
    });
  }

  // A number, or a boolean for bool; anything else is converted elsewhere. Pops it.
  void take_result() {
    Label other = a_.newLabel();
    stack_->look_at_top();
    const Mem to = frame(kResultBytesAt);
    switch (spec_.result) {
      case ThunkKind::boolean:
        stack_->boolean(1, other);
        a_.str(kValue, to);
        break;
      case ThunkKind::f32:
        stack_->number(1, arm::v0, other);
        a_.fcvt(arm::s0, arm::d0);
        a_.str(arm::d0, to);
        break;
      case ThunkKind::f64:
        stack_->number(1, arm::v0, other);
        a_.str(arm::d0, to);
        break;
      default:
        stack_->integer(1, spec_.result, kValue, to, other);
        a_.str(kValue, to);
        break;
    }
    if (host_.stack.valid) {
      a_.ldr(kValue, arm::ptr(kL, host_.stack.top));
      a_.sub(kValue, kValue, host_.stack.slot);
      a_.str(kValue, arm::ptr(kL, host_.stack.top));
    } else {
      a_.mov(arm::x0, kL);
      a_.mov(arm::w1, -2);
      call(a_, api_.settop);
    }
    cold_.add([=, this] {
      a_.bind(other);
      ask(handlers_.convert);
      a_.b(finish_);
    });
  }

  void leave() {
    add_to_active(-1);
    a_.ldr(kValue.w(), state(host_.offsets.saved_errno));
    const Mem to = errno_at(a_, host_);
    a_.str(kValue.w(), to);
  }

  // --- the handlers -----------------------------------------------------------------------------------------------

  // handler(context, addresses of the arguments, zeroed result)
  void ask(CallbackHandler handler) {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (plan_.args[i].by_reference) {
        a_.ldr(kValue, frame(values_[i]));
      } else {
        a_.add(kValue, arm::sp, frame_bytes_ + values_[i]);
      }
      a_.str(kValue, arm::ptr(arm::sp, static_cast<int32_t>(i) * 8));
    }
    if (plan_.result.in_memory) {
      a_.ldr(kValue, frame(kResultAddressAt));
      clear(a_, plan_.result.size);
      a_.ldr(arm::x2, frame(kResultAddressAt));
    } else {
      for (int at = 0; at < kResultRoom; at += 8) a_.str(arm::xzr, frame(kResultBytesAt + at));
      a_.add(arm::x2, arm::sp, frame_bytes_ + kResultBytesAt);
    }
    a_.ldr(arm::x0, data(offsetof(CallbackData, context)));
    a_.mov(arm::x1, arm::sp);
    call(a_, reinterpret_cast<const void*>(handler));
  }

  void load_result() {
    for (const Piece& piece : plan_.result_pieces()) {
      const Mem from = frame(kResultBytesAt + static_cast<int>(piece.value_offset));
      if (piece.where == Where::gpr) {
        a_.ldr(arm::x(piece.reg), from);
      } else if (piece.size == 16) {
        a_.ldr(arm::v(piece.reg).q(), from);
      } else if (piece.size == 8) {
        a_.ldr(arm::v(piece.reg).d(), from);
      } else if (piece.size == 4) {
        a_.ldr(arm::v(piece.reg).s(), from);
      } else {
        a_.ldr(arm::v(piece.reg).h(), from);
      }
    }
  }

  arm::Assembler& a_;
  const ThunkHost& host_;
  const CallbackApi& api_;
  const CallbackHandlers& handlers_;
  const CallbackSpec& spec_;
  const abi::CallPlan& plan_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label whole_, finish_;
  std::vector<int> values_;  // per argument: where its memory form, or its address, is, from x29
  int frame_bytes_ = 0;
};

}  // namespace

FrameShape callback_shape(const ThunkHost&, const abi::CallPlan&) {
  return {.saved = 2, .lands_exceptions = false};
}

bool assemble_callback(Encoder& encoder, const ThunkHost& host, const CallbackApi& api,
                       const CallbackHandlers& handlers, const CallbackSpec& spec) {
  arm::Assembler a(&encoder.code());
  CallbackEmitter emitter(a, host, api, handlers, spec);
  if (!emitter.fits()) return false;
  emitter.emit();
  return true;
}

void assemble_entries(Encoder& encoder, std::span<const void* const> slots) {
  arm::Assembler a(&encoder.code());
  for (const void* slot : slots) {
    a.align(asmjit::AlignMode::kCode, kBlockAlign);
    landing_pad(a);
    load_address(a, kValue, slot);
    a.ldr(kTarget, arm::ptr(kValue));
    a.br(kTarget);
  }
}

void assemble_answer(Encoder& encoder, const abi::CallPlan& plan) {
  arm::Assembler a(&encoder.code());
  landing_pad(a);
  if (plan.result.in_memory) {
    a.mov(kValue, arm::x8);
    clear(a, plan.result.size);
  } else {
    a.mov(arm::x0, 0);
    a.mov(arm::x1, 0);
    for (uint32_t i = 0; i < 4; ++i) a.fmov(arm::v(i).d(), arm::xzr);  // and zeroes what is above
  }
  a.ret(arm::x30);
}

}  // namespace ferry::call::a64
