// The shared code of a callback type on x86-64: arguments from their registers to memory or to the Lua stack, the
// result back.
#include <cstddef>

#include "call/native/encoder.h"
#include "call/native/x64/emitter.h"

namespace ferry::call::x64 {

namespace {

using abi::ArgPlan;
using abi::Piece;
using abi::Where;
using asmjit::imm;

constexpr auto kData = x86::r13;

// rbx: L; r12: State; r13: CallbackData.
//   [rbp+16]  caller's outgoing area: arguments in memory are used where they are
//   [rbp+8]   return address
//   [rbp]     caller's rbp
//   [rbp-8]   caller's rbx
//   [rbp-16]  caller's r12
//   [rbp-24]  caller's r13
//   [rbp-32]  caller's rdi, rsi below it: where they are the caller's
//   [rbp-48]  where the caller wants a result in memory
//   [rbp-96]  result bytes (32)
//   ...       values of arguments, or their addresses, 16-aligned each
//   ...       caller's xmm6-15, with rdi and rsi
//   ...       addresses of arguments, for handlers
//   [rsp]     outgoing area
constexpr int kKeptAt = -32;
constexpr int kResultAddressAt = -48;
constexpr int kResultBytesAt = -96;
constexpr int kResultRoom = 32;
// lua_pcallk has six arguments.
constexpr int kPcallArgs = 6;

bool keeps_more(const ThunkHost& host, const abi::CallPlan& plan) {
  return keeps_more_than(convention(plan.abi), convention(host.convention));
}

// `ours_` is the convention of Lua, of handlers and of the calls in this code, `theirs_` the caller's.
class CallbackEmitter {
 public:
  CallbackEmitter(x86::Assembler& a, const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                  const CallbackSpec& spec)
      : a_(a),
        host_(host),
        api_(api),
        handlers_(handlers),
        spec_(spec),
        plan_(*spec.plan),
        ours_(convention(host.convention)),
        theirs_(convention(plan_.abi)),
        stack_(make_stack_access(a, cold_, host)) {}

  void emit() {
    whole_ = a_.newLabel();
    finish_ = a_.newLabel();
    lay_out();
    prologue();
    spill_arguments();
    if (spec_.inline_call) {
      check();
      push_arguments();
      call_lua();
      if (spec_.result != ThunkKind::none) take_result();
      leave();
      a_.bind(finish_);
      return_result();
      epilogue();
      a_.bind(whole_);
      ask(handlers_.whole);
      a_.jmp(finish_);
    } else {
      a_.bind(whole_);
      ask(handlers_.whole);
      a_.bind(finish_);
      return_result();
      epilogue();
    }
    cold_.emit();
  }

 private:
  void lay_out() {
    int bottom = kResultBytesAt;
    for (const ArgPlan& arg : plan_.args) {
      if (arg.on_stack) {
        values_.push_back(16 + static_cast<int>(arg.stack_offset));
        continue;
      }
      if (arg.by_reference && plan_.pieces_of(arg)[0].where == Where::stack) {
        values_.push_back(16 + static_cast<int>(plan_.pieces_of(arg)[0].stack_offset));
        continue;
      }
      bottom -= align_up(static_cast<int>(arg.size < 8 || arg.by_reference ? 8 : arg.size), 16);
      values_.push_back(bottom);
    }
    if (keeps_more(host_, plan_)) kept_vectors_at_ = bottom -= kKeptVectorBytes;
    addresses_at_ = bottom - align_up(static_cast<int>(plan_.args.size()) * 8, 16);
    frame_bytes_ = -addresses_at_;
    if (ours_.home_space != 0) frame_bytes_ += align_up(kPcallArgs * 8, 16);
  }

  // Entered by the jump of an entry, with the slot's address in r10.
  void prologue() {
    a_.endbr64();
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    a_.push(kL);
    a_.push(kState);
    a_.push(kData);
    a_.sub(x86::rsp, align_up(frame_bytes_, 16) - 24);
    if (keeps_more(host_, plan_)) save_kept(a_, kKeptAt, kept_vectors_at_);
    a_.mov(kData, x86::ptr(x86::r10, 8));
    if (plan_.result.in_memory) a_.mov(x86::ptr(x86::rbp, kResultAddressAt), theirs_.gpr[plan_.memory_reg]);
  }

  void epilogue() {
    if (keeps_more(host_, plan_)) restore_kept(a_, kKeptAt, kept_vectors_at_);
    a_.mov(kL, x86::ptr(x86::rbp, -8));
    a_.mov(kState, x86::ptr(x86::rbp, -16));
    a_.mov(kData, x86::ptr(x86::rbp, -24));
    a_.leave();
    a_.ret();
  }

  void spill_arguments() {
    for (size_t i = 0; i < plan_.args.size(); ++i) {
      for (const Piece& piece : plan_.pieces_of(plan_.args[i])) {
        const x86::Mem at = x86::ptr(x86::rbp, values_[i] + static_cast<int>(piece.value_offset));
        if (piece.where == Where::gpr) {
          a_.mov(at, theirs_.gpr[piece.reg]);
        } else if (piece.where == Where::stack) {
          continue;  // an address, which is used where it is
        } else if (piece.size > 8) {
          a_.movups(at, x86::xmm(piece.reg));
        } else {
          a_.movsd(at, x86::xmm(piece.reg));
        }
      }
    }
  }

  // --- inline ---------------------------------------------------------------------------------------------------

  x86::Mem state(uint32_t field, uint32_t bytes) const { return x86::Mem(kState, static_cast<int32_t>(field), bytes); }
  x86::Mem data(size_t field, uint32_t bytes) const { return x86::Mem(kData, static_cast<int32_t>(field), bytes); }
  // rax: errno's address, where that is to be asked.
  x86::Mem find_errno() {
    if (host_.errno_location == nullptr) return errno_word(host_);
    call(a_, host_.errno_location);
    return x86::dword_ptr(x86::rax);
  }

  // Goes on only on the state's own thread, within a call from Lua in which no callback has failed. Sets rbx.
  void check() {
    const ThunkOffsets& o = host_.offsets;
    a_.cmp(data(offsetof(CallbackData, live), 1), 0);
    a_.je(whole_);
    a_.mov(kState, data(offsetof(CallbackData, state), 8));
    // The caller first: the owner that is read afterwards is his, or a later one.
    a_.mov(kL, state(o.caller, 8));
    a_.test(kL, kL);
    a_.jz(whole_);
    a_.mov(x86::rax, thread_word(host_));
    a_.cmp(state(o.owner, 8), x86::rax);
    a_.jne(whole_);
    a_.cmp(state(o.failed, 1), 0);
    a_.jne(whole_);
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (!spec_.args[i].through) continue;
      a_.cmp(x86::qword_ptr(x86::rbp, values_[i]), 0);
      a_.je(whole_);
    }
    a_.mov(x86::eax, find_errno());
    a_.mov(state(o.saved_errno, 4), x86::eax);
    a_.inc(data(offsetof(CallbackData, active), 4));
  }

  void push_arguments() {
    stack_->begin_row();
    push_function();
    for (size_t i = 0; i < spec_.args.size(); ++i) push_argument(i);
    stack_->end_row();
  }

  void push_function() {
    if (host_.stack.valid) {
      stack_->push_value(data(offsetof(CallbackData, function_value), 8),
                         data(offsetof(CallbackData, function_tag), 1));
      return;
    }
    a_.mov(ours_.gpr[0], kL);
    a_.mov(ours_.gpr[1].r32(), api_.registry);
    a_.movsxd(ours_.gpr[2], data(offsetof(CallbackData, function_reference), 4));
    call(a_, api_.rawgeti);
  }

  void push_argument(size_t i) {
    const CallbackSpec::Arg& arg = spec_.args[i];
    x86::Mem from = x86::ptr(x86::rbp, values_[i]);
    if (arg.through) {
      a_.mov(x86::rax, from);
      from = x86::ptr(x86::rax);
    }
    switch (arg.kind) {
      case ThunkKind::boolean:
        from.setSize(1);
        a_.cmp(from, 0);
        a_.setne(x86::al);
        stack_->push_boolean();
        return;
      case ThunkKind::f32:
        a_.movss(x86::xmm0, from);
        a_.cvtss2sd(x86::xmm0, x86::xmm0);
        stack_->push_number();
        return;
      case ThunkKind::f64:
        a_.movsd(x86::xmm0, from);
        stack_->push_number();
        return;
      case ThunkKind::i8:
        from.setSize(1);
        a_.movsx(x86::rax, from);
        break;
      case ThunkKind::u8:
        from.setSize(1);
        a_.movzx(x86::eax, from);
        break;
      case ThunkKind::i16:
        from.setSize(2);
        a_.movsx(x86::rax, from);
        break;
      case ThunkKind::u16:
        from.setSize(2);
        a_.movzx(x86::eax, from);
        break;
      case ThunkKind::i32:
        from.setSize(4);
        a_.movsxd(x86::rax, from);
        break;
      case ThunkKind::u32:
        a_.mov(x86::eax, from);
        break;
      default:
        a_.mov(x86::rax, from);
        break;
    }
    stack_->push_integer();
  }

  // lua_pcall(L, n, r, 0), lua_pcallk(L, n, r, 0, 0, NULL).
  void call_lua() {
    Label failed = a_.newLabel();
    a_.mov(ours_.gpr[0], kL);
    a_.mov(ours_.gpr[1].r32(), static_cast<int>(spec_.args.size()));
    a_.mov(ours_.gpr[2].r32(), spec_.result == ThunkKind::none ? 0 : 1);
    for (int i = 3; i < kPcallArgs; ++i) {
      if (static_cast<size_t>(i) < ours_.gpr.size()) {
        const x86::Gp to = ours_.gpr[static_cast<size_t>(i)].r32();
        a_.xor_(to, to);
      } else {
        a_.mov(x86::qword_ptr(x86::rsp, i * 8), 0);  // each of the first four has its home there
      }
    }
    call(a_, api_.pcall);
    a_.mov(state(host_.offsets.caller, 8), kL);  // calls that Lua made in between have left null there
    stack_->registers_lost();
    a_.test(x86::eax, x86::eax);
    a_.jne(failed);
    cold_.add([=, this] {
      a_.bind(failed);
      ask(handlers_.failed);
      a_.jmp(finish_);
    });
  }

  // A number, or a boolean for bool; anything else is converted elsewhere. Pops it.
  void take_result() {
    Label other = a_.newLabel();
    stack_->look_at_top();
    const x86::Mem to = x86::ptr(x86::rbp, kResultBytesAt);
    switch (spec_.result) {
      case ThunkKind::boolean:
        stack_->boolean(1, other);
        a_.mov(x86::qword_ptr(x86::rbp, kResultBytesAt), x86::rax);
        break;
      case ThunkKind::f32:
        stack_->number(1, x86::xmm0, other);
        a_.cvtsd2ss(x86::xmm0, x86::xmm0);
        a_.movsd(to, x86::xmm0);
        break;
      case ThunkKind::f64:
        stack_->number(1, x86::xmm0, other);
        a_.movsd(to, x86::xmm0);
        break;
      default:
        stack_->integer(1, spec_.result, x86::rax, other);
        a_.mov(to, x86::rax);
        break;
    }
    if (host_.stack.valid) {
      a_.sub(x86::qword_ptr(kL, host_.stack.top), host_.stack.slot);
    } else {
      a_.mov(ours_.gpr[0], kL);
      a_.mov(ours_.gpr[1].r32(), -2);
      call(a_, api_.settop);
    }
    cold_.add([=, this] {
      a_.bind(other);
      ask(handlers_.convert);
      a_.jmp(finish_);
    });
  }

  void leave() {
    a_.dec(data(offsetof(CallbackData, active), 4));
    const x86::Mem error = find_errno();
    const x86::Gp value = host_.errno_location != nullptr ? x86::ecx : x86::eax;
    a_.mov(value, state(host_.offsets.saved_errno, 4));
    a_.mov(error, value);
  }

  // --- the handlers -----------------------------------------------------------------------------------------------

  // handler(context, addresses of the arguments, zeroed result)
  void ask(CallbackHandler handler) {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (plan_.args[i].by_reference) {
        a_.mov(x86::rax, x86::ptr(x86::rbp, values_[i]));
      } else {
        a_.lea(x86::rax, x86::ptr(x86::rbp, values_[i]));
      }
      a_.mov(x86::ptr(x86::rbp, addresses_at_ + static_cast<int>(i) * 8), x86::rax);
    }
    const x86::Gp result = ours_.gpr[2];
    a_.xor_(x86::eax, x86::eax);
    if (plan_.result.in_memory) {
      clear(x86::ptr(x86::rbp, kResultAddressAt));
      a_.mov(result, x86::ptr(x86::rbp, kResultAddressAt));
    } else {
      for (int at = 0; at < kResultRoom; at += 8) a_.mov(x86::qword_ptr(x86::rbp, kResultBytesAt + at), x86::rax);
      a_.lea(result, x86::ptr(x86::rbp, kResultBytesAt));
    }
    a_.mov(ours_.gpr[0], data(offsetof(CallbackData, context), 8));
    a_.lea(ours_.gpr[1], x86::ptr(x86::rbp, addresses_at_));
    call(a_, reinterpret_cast<const void*>(handler));
  }

  // The result's bytes at an address; al is 0. Where this code is called and calls by Microsoft's convention, rdi is
  // nobody's to lose.
  void clear(const x86::Mem& address) {
    const bool keep = theirs_.keeps_more && ours_.keeps_more;
    if (keep) a_.mov(x86::r10, x86::rdi);
    a_.mov(x86::rdi, address);
    a_.mov(x86::rcx, imm(plan_.result.size));
    a_.rep().stosb();
    if (keep) a_.mov(x86::rdi, x86::r10);
  }

  // psABI 3.2.3, Microsoft, "Return values": the address of a result in memory comes back in rax.
  void return_result() {
    if (plan_.result.in_memory) {
      a_.mov(x86::rax, x86::ptr(x86::rbp, kResultAddressAt));
      return;
    }
    load_result(a_, plan_, x86::ptr(x86::rbp, kResultBytesAt));
  }

  x86::Assembler& a_;
  const ThunkHost& host_;
  const CallbackApi& api_;
  const CallbackHandlers& handlers_;
  const CallbackSpec& spec_;
  const abi::CallPlan& plan_;
  const Convention& ours_;
  const Convention& theirs_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label whole_, finish_;
  std::vector<int> values_;  // per argument: where its memory form is (or the address of that), from rbp
  int kept_vectors_at_ = 0;
  int addresses_at_ = 0;
  int frame_bytes_ = 0;
};

}  // namespace

FrameShape callback_shape(const ThunkHost& host, const abi::CallPlan& plan) {
  return {.saved = 3, .lands_exceptions = false, .rdi_rsi = keeps_more(host, plan)};
}

bool assemble_callback(Encoder& encoder, const ThunkHost& host, const CallbackApi& api,
                       const CallbackHandlers& handlers, const CallbackSpec& spec) {
  x86::Assembler a(&encoder.code());
  CallbackEmitter(a, host, api, handlers, spec).emit();
  return true;
}

void assemble_entries(Encoder& encoder, std::span<const void* const> slots) {
  x86::Assembler a(&encoder.code());
  for (const void* slot : slots) {
    a.align(asmjit::AlignMode::kCode, kBlockAlign);
    a.endbr64();
    // r10: the static chain (psABI 3.2.3), which C has none of.
    a.mov(x86::r10, imm(reinterpret_cast<uint64_t>(slot)));
    a.jmp(x86::qword_ptr(x86::r10));
  }
}

void assemble_answer(Encoder& encoder, const abi::CallPlan& plan) {
  x86::Assembler a(&encoder.code());
  a.endbr64();
  if (plan.result.in_memory) {
    const Convention& theirs = convention(plan.abi);
    const x86::Gp to = theirs.gpr[plan.memory_reg];
    if (theirs.keeps_more) a.mov(x86::r10, x86::rdi);
    a.mov(x86::rdx, to);
    if (to.id() != x86::rdi.id()) a.mov(x86::rdi, to);
    a.mov(x86::rcx, imm(plan.result.size));
    a.xor_(x86::eax, x86::eax);
    a.rep().stosb();
    if (theirs.keeps_more) a.mov(x86::rdi, x86::r10);
    a.mov(x86::rax, x86::rdx);
  } else {
    for (const abi::Piece& piece : plan.result_pieces()) {
      if (piece.where == abi::Where::x87) a.fldz();
    }
    a.xor_(x86::eax, x86::eax);
    a.xor_(x86::edx, x86::edx);
    a.xorps(x86::xmm0, x86::xmm0);
    a.xorps(x86::xmm1, x86::xmm1);
  }
  a.ret();
}

}  // namespace ferry::call::x64
