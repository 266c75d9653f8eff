// x86-64 thunks: prologue, arguments by kind, the call, the result. How the Lua stack is reached is
// stack.cpp's business, what the conventions say convention.cpp's.
#include <algorithm>

#include "call/native/encoder.h"
#include "call/native/x64/emitter.h"

namespace ferry::call::x64 {

namespace {

using abi::ArgPlan;
using abi::Piece;
using abi::Where;
using asmjit::imm;

// Emits one thunk. Two ways for arguments: where everything before the C call is inline, values go straight into
// their registers; where something calls functions, all but the last wait in the frame. Those in the outgoing area are
// written there either way. `ours_` is the convention of Lua, Ferry and this code, `theirs_` the C function's.
class ThunkEmitter {
 public:
  ThunkEmitter(x86::Assembler& a, const ThunkHost& host, const ThunkSpec& spec)
      : a_(a),
        host_(host),
        spec_(spec),
        plan_(*spec.plan),
        ours_(convention(host.convention)),
        theirs_(convention(plan_.abi)),
        stack_(make_stack_access(a, cold_, host)) {}

  void emit() {
    slow_ = a_.newLabel();
    lay_out();
    prologue();
    check_count();
    for (size_t i = 0; i < spec_.args.size(); ++i) argument(i);
    if (makes_object()) new_object();
    if (host_.errno_location != nullptr) set_errno();
    if (in_frame_) load_registers();
    enter();
    call_function();
    leave();
    result();
    a_.bind(done_);
    epilogue();
    a_.ret();
    cold_.emit();
    slow_exit();
  }

 private:
  // --- frame ------------------------------------------------------------------------------------------------

  bool for_type() const { return spec_.record == nullptr; }
  bool makes_object() const { return spec_.result.kind == ThunkKind::record; }

  void lay_out() {
    done_ = a_.newLabel();
    in_frame_ = stack_->calls() || makes_object() || plan_.result.in_memory || host_.errno_location != nullptr;
    bool framed = makes_object() || for_type() || spec_.result.kind == ThunkKind::other || plan_.result.in_memory ||
                  host_.errno_location != nullptr || keeps_more();
    int bottom = kResultAt;
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (spec_.args[i].kind == ThunkKind::other) in_frame_ = framed = true;
    }
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      const ArgPlan& arg = plan_.args[i];
      bool needs = arg.by_reference || (!arg.on_stack && arg.piece_count != 0 && in_frame_ && !goes_last(i));
      if (spec_.args[i].kind == ThunkKind::record) {
        for (const Piece& piece : plan_.pieces_of(arg)) needs = needs || !loads_directly(piece);
      }
      if (needs) bottom -= align_up(static_cast<int>(arg.size < 8 ? 8 : arg.size), 16);
      framed = framed || needs;
      values_.push_back(needs ? bottom : 0);
    }
    if (keeps_more()) kept_vectors_at_ = bottom -= kKeptVectorBytes;
    // What our own calls may write at the start of the outgoing area is no place for arguments.
    if (plan_.stack_bytes != 0 && ours_.home_space > theirs_.home_space) lift_ = ours_.home_space;
    const int area = std::max(static_cast<int>(plan_.stack_bytes) + lift_, ours_.home_space);
    // rsp is 16-aligned at calls: rbp is, and so is what lies below the two saved registers.
    below_saved_ = (framed ? align_up(-bottom, 16) - 16 : 0) + align_up(area, 16);
  }

  // Whether nothing is called between the argument and the C function, so that its register is safe.
  bool goes_last(size_t i) const {
    const ThunkKind kind = spec_.args[i].kind;
    return i + 1 == spec_.args.size() && !makes_object() && host_.errno_location == nullptr &&
           kind != ThunkKind::record && kind != ThunkKind::other;
  }
  bool keeps_more() const { return keeps_more_than(ours_, theirs_); }
  // In the outgoing area.
  x86::Mem outgoing(uint32_t offset) const { return x86::ptr(x86::rsp, lift_ + static_cast<int32_t>(offset)); }
  // Neither an argument register nor, where that matters, one that callers rely on.
  x86::Xmm scratch_xmm() const { return x86::xmm(ours_.keeps_more && theirs_.keeps_more ? 5 : 15); }

  void prologue() {
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    a_.push(kL);
    a_.push(kState);
    if (below_saved_ != 0) a_.sub(x86::rsp, below_saved_);
    if (keeps_more()) save_kept(a_, kKeptAt, kept_vectors_at_);
    a_.mov(kL, ours_.gpr[0]);
    if (for_type()) {
      a_.mov(x86::ptr(x86::rbp, kFunctionAt), ours_.gpr[1]);
      a_.mov(x86::ptr(x86::rbp, kDataAt), ours_.gpr[2]);
      a_.mov(kState, imm(reinterpret_cast<uint64_t>(spec_.state)));
    }
  }

  // The State is taken from the record, which loses it when it is finalised: the library may be gone then. So no number
  // of arguments is expected there any more; the record of a variadic function expects none at any time.
  void check_count() {
    if (!for_type() && !plan_.variadic) {
      stack_->check_record(spec_.record, slow_);
      return;
    }
    if (!for_type()) {
      a_.mov(x86::rax, imm(reinterpret_cast<uint64_t>(spec_.record)));
      a_.mov(kState, x86::ptr(x86::rax, static_cast<int32_t>(host_.offsets.record_state)));
      a_.test(kState, kState);
      a_.jz(slow_);
    }
    stack_->check_count(spec_.first, static_cast<int>(spec_.args.size()), slow_);
  }

  void epilogue() {
    if (below_saved_ == 0) {
      a_.pop(kState);
      a_.pop(kL);
      a_.pop(x86::rbp);
      return;
    }
    if (keeps_more()) restore_kept(a_, kKeptAt, kept_vectors_at_);
    a_.mov(kL, x86::ptr(x86::rbp, -8));
    a_.mov(kState, x86::ptr(x86::rbp, -16));
    a_.leave();
  }

  // Starts over elsewhere, as if the thunk had not been there.
  void slow_exit() {
    a_.bind(slow_);
    a_.mov(ours_.gpr[0], kL);
    if (for_type()) {
      a_.mov(ours_.gpr[1], x86::ptr(x86::rbp, kFunctionAt));
      a_.mov(ours_.gpr[2], x86::ptr(x86::rbp, kDataAt));
    }
    epilogue();
    if (spec_.next != nullptr) {
      a_.mov(x86::rax, imm(reinterpret_cast<uint64_t>(spec_.next)));
      a_.jmp(x86::qword_ptr(x86::rax));
    } else {
      a_.jmp(imm(reinterpret_cast<uint64_t>(spec_.slow)));
    }
  }

  // --- arguments ----------------------------------------------------------------------------------------------

  void argument(size_t i) {
    const ThunkArg& arg = spec_.args[i];
    const int index = spec_.first + static_cast<int>(i);
    switch (arg.kind) {
      case ThunkKind::boolean:
        stack_->boolean(index, slow_);
        put_integer(i, x86::rax);
        break;
      case ThunkKind::f32:
      case ThunkKind::f64:
        float_argument(i, index);
        break;
      case ThunkKind::pointer:
        pointer_argument(i, index);
        break;
      case ThunkKind::record:
        record_argument(i, index);
        break;
      case ThunkKind::other:
        other_argument(i);
        break;
      default: {
        const x86::Gp to = integer_register(i);
        if (arg.exact) {
          stack_->exact_integer(index, arg.kind, to, slow_);
        } else {
          stack_->integer(index, arg.kind, to, slow_);
        }
        put_integer(i, to);
        break;
      }
    }
  }

  // The register in which an integer argument is best computed.
  x86::Gp integer_register(size_t i) const {
    const ArgPlan& arg = plan_.args[i];
    return values_[i] != 0 || arg.on_stack ? x86::rax : theirs_.gpr[plan_.pieces_of(arg)[0].reg];
  }

  // A whole 64-bit slot, extended already.
  void put_integer(size_t i, const x86::Gp& from) {
    const ArgPlan& arg = plan_.args[i];
    if (arg.on_stack) {
      a_.mov(outgoing(arg.stack_offset), from);
    } else if (values_[i] != 0) {
      a_.mov(x86::qword_ptr(x86::rbp, values_[i]), from);
    } else if (const x86::Gp& to = theirs_.gpr[plan_.pieces_of(arg)[0].reg]; to.id() != from.id()) {
      a_.mov(to, from);
    }
  }

  void float_argument(size_t i, int index) {
    const ArgPlan& arg = plan_.args[i];
    const bool waits = values_[i] != 0 || arg.on_stack;
    const x86::Xmm to = waits ? scratch_xmm() : x86::xmm(plan_.pieces_of(arg)[0].reg);
    if (spec_.args[i].exact) {
      stack_->exact_number(index, to, slow_);
    } else {
      stack_->number(index, to, slow_);
    }
    const bool single = spec_.args[i].kind == ThunkKind::f32;
    if (single) a_.cvtsd2ss(to, to);
    if (!waits) {
      // Microsoft, "Varargs": floating-point values are in the general register, too.
      for (const Piece& piece : plan_.pieces_of(arg)) {
        if (piece.where == Where::gpr) a_.movq(theirs_.gpr[piece.reg], to);
      }
      return;
    }
    const x86::Mem at = arg.on_stack ? outgoing(arg.stack_offset) : x86::ptr(x86::rbp, values_[i]);
    if (single) {
      a_.movss(at, to);
    } else {
      a_.movsd(at, to);
    }
  }

  // nil, a string where one is taken, a light userdata where one is, a function that is known, and cdata: of the
  // pointer type itself, an object of the type that it points to, or of the type in the cell.
  void pointer_argument(size_t i, int index) {
    const ThunkArg& arg = spec_.args[i];
    Label other = a_.newLabel(), ready = a_.newLabel();
    stack_->load_kind(index);
    const LuaKind usual = arg.takes_string ? LuaKind::string : LuaKind::userdata;
    a_.cmp(x86::eax, stack_->kind_code(usual));
    a_.jne(other);
    if (usual == LuaKind::string) {
      stack_->string(index);
    } else {
      cdata_pointer(arg, index);
    }
    a_.bind(ready);
    put_integer(i, x86::rax);
    cold_.add([=, this, &arg] {
      a_.bind(other);
      Label null = a_.newLabel(), light = a_.newLabel();
      if (arg.callback != nullptr) known_function(*arg.callback, index, ready);
      a_.cmp(x86::eax, stack_->kind_code(LuaKind::nil));
      a_.je(null);
      if (arg.takes_light) {
        a_.cmp(x86::eax, stack_->kind_code(LuaKind::light));
        a_.je(light);
      }
      if (usual == LuaKind::string) {
        a_.cmp(x86::eax, stack_->kind_code(LuaKind::userdata));
        a_.jne(slow_);
        cdata_pointer(arg, index);
        a_.jmp(ready);
      } else {
        a_.jmp(slow_);
      }
      if (arg.takes_light) {
        a_.bind(light);
        stack_->light(index);
        a_.jmp(ready);
      }
      a_.bind(null);
      a_.xor_(x86::eax, x86::eax);
      a_.jmp(ready);
    });
  }

  // eax is the value's kind and stays, unless rax is the C function that the value became.
  void known_function(const KnownCallback& known, int index, const Label& ready) {
    Label no = a_.newLabel();
    a_.mov(kScratch, imm(reinterpret_cast<uint64_t>(&known)));
    a_.cmp(x86::eax, x86::dword_ptr(kScratch, offsetof(KnownCallback, kind)));
    a_.jne(no);
    stack_->function(index);
    a_.mov(kScratch, imm(reinterpret_cast<uint64_t>(&known)));
    a_.cmp(x86::rax, x86::qword_ptr(kScratch, offsetof(KnownCallback, function)));
    a_.jne(slow_);
    a_.mov(x86::rax, x86::qword_ptr(kScratch, offsetof(KnownCallback, address)));
    a_.jmp(ready);
    a_.bind(no);
  }

  // rax: what a cdata points to. Its data is that for pointers and aggregates alike; an aggregate at NULL is an error
  // that the slow path words.
  void cdata_pointer(const ThunkArg& arg, int index) {
    const x86::Mem type(kScratch, static_cast<int32_t>(host_.offsets.cdata_type), 4);
    const x86::Mem data(kScratch, static_cast<int32_t>(host_.offsets.cdata_data), 8);
    Label aggregate = a_.newLabel(), done = a_.newLabel();
    stack_->cdata(index, slow_);
    a_.mov(kScratch, x86::rax);
    a_.mov(x86::eax, type);
    a_.cmp(x86::eax, arg.same);
    a_.je(done);
    if (arg.object != kNoType) {
      a_.cmp(x86::eax, arg.object);
      a_.je(aggregate);
    }
    a_.mov(x86::rax, imm(reinterpret_cast<uint64_t>(arg.cell)));
    a_.mov(x86::eax, x86::dword_ptr(x86::rax));
    a_.cmp(x86::eax, type);
    a_.jne(slow_);
    a_.bind(aggregate);
    a_.cmp(data, 0);
    a_.je(slow_);
    a_.bind(done);
    a_.mov(x86::rax, data);
  }

  void record_argument(size_t i, int index) {
    const ThunkArg& arg = spec_.args[i];
    const ArgPlan& plan = plan_.args[i];
    const ThunkOffsets& o = host_.offsets;
    stack_->load_kind(index);
    a_.cmp(x86::eax, stack_->kind_code(LuaKind::userdata));
    a_.jne(slow_);
    stack_->cdata(index, slow_);
    a_.cmp(x86::dword_ptr(x86::rax, static_cast<int32_t>(o.cdata_type)), arg.same);
    a_.jne(slow_);
    a_.mov(kScratch, x86::ptr(x86::rax, static_cast<int32_t>(o.cdata_data)));
    if (plan.size == 0) {
      if (!in_frame_) load_pieces(i, x86::ptr(x86::rbp, values_[i]));
      return;
    }
    a_.test(kScratch, kScratch);
    a_.jz(slow_);
    if (plan.on_stack) {
      copy(outgoing(plan.stack_offset), x86::ptr(kScratch), plan.size);
    } else if (values_[i] != 0) {
      copy(x86::ptr(x86::rbp, values_[i]), x86::ptr(kScratch), plan.size);
      if (!in_frame_) load_pieces(i, x86::ptr(x86::rbp, values_[i]));
    } else {
      load_pieces(i, x86::ptr(kScratch));
    }
  }

  // Whatever it is, src/lua converts it where it waits.
  void other_argument(size_t i) {
    const ArgPlan& plan = plan_.args[i];
    a_.mov(ours_.gpr[0], kL);
    load_data(ours_.gpr[1]);
    a_.mov(ours_.gpr[2].r32(), static_cast<int>(i));
    if (plan.on_stack) {
      a_.lea(ours_.gpr[3], outgoing(plan.stack_offset));
    } else {
      a_.lea(ours_.gpr[3], x86::ptr(x86::rbp, values_[i] != 0 ? values_[i] : kResultAt));
    }
    call(a_, host_.helpers.convert);
    stack_->registers_lost();
  }

  void load_data(const x86::Gp& to) {
    if (for_type()) {
      a_.mov(to, x86::ptr(x86::rbp, kDataAt));
    } else {
      a_.mov(to, imm(reinterpret_cast<uint64_t>(spec_.data)));
    }
  }

  // Copies with rax and a vector register. Not a byte beyond the object is read: it may end at the end of a page.
  void copy(x86::Mem to, x86::Mem from, uint64_t bytes) {
    uint64_t at = 0;
    for (; bytes - at >= 16; at += 16) {
      a_.movups(scratch_xmm(), from.cloneAdjusted(static_cast<int64_t>(at)));
      a_.movups(to.cloneAdjusted(static_cast<int64_t>(at)), scratch_xmm());
    }
    const x86::Gp parts[] = {x86::rax, x86::eax, x86::ax, x86::al};
    for (const x86::Gp& part : parts) {
      const uint64_t step = part.size();
      for (; bytes - at >= step; at += step) {
        a_.mov(part, from.cloneAdjusted(static_cast<int64_t>(at)));
        a_.mov(to.cloneAdjusted(static_cast<int64_t>(at)), part);
      }
    }
  }

  // Whether a piece of a record can be loaded by one instruction that reads no more than its bytes.
  static bool loads_directly(const Piece& piece) {
    if (piece.where == Where::gpr) return piece.size == 8 || piece.size == 4 || piece.size == 2 || piece.size == 1;
    return piece.size == 16 || piece.size == 8 || piece.size == 4;
  }

  // `whole`: the memory has 8 bytes for every piece.
  void load_piece(const Piece& piece, const x86::Mem& value, bool whole) {
    x86::Mem from = value.cloneAdjusted(piece.value_offset);
    const int bytes = whole && piece.size < 8 ? 8 : piece.size;
    if (piece.where == Where::gpr) {
      const x86::Gp& to = theirs_.gpr[piece.reg];
      switch (bytes) {
        case 1:
          from.setSize(1);
          a_.movzx(to.r32(), from);
          break;
        case 2:
          from.setSize(2);
          a_.movzx(to.r32(), from);
          break;
        case 4:
          a_.mov(to.r32(), from);
          break;
        default:
          a_.mov(to, from);
          break;
      }
      return;
    }
    const x86::Xmm to = x86::xmm(piece.reg);
    if (bytes == 4) {
      a_.movss(to, from);
    } else if (bytes == 8) {
      a_.movsd(to, from);
    } else {
      a_.movups(to, from);
    }
  }

  void load_pieces(size_t i, const x86::Mem& value) {
    if (plan_.args[i].by_reference) {
      load_address(plan_.pieces_of(plan_.args[i])[0], value);
      return;
    }
    const bool whole = values_[i] != 0;
    for (const Piece& piece : plan_.pieces_of(plan_.args[i])) load_piece(piece, value, whole);
  }

  // Microsoft, "Parameter passing": "a pointer to memory allocated by the caller", 16-aligned: the value in the frame.
  void load_address(const Piece& piece, const x86::Mem& value) {
    if (piece.where == Where::gpr) {
      a_.lea(theirs_.gpr[piece.reg], value);
    } else {
      a_.lea(x86::rax, value);
      a_.mov(outgoing(piece.stack_offset), x86::rax);
    }
  }

  void load_registers() {
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (values_[i] != 0) load_pieces(i, x86::ptr(x86::rbp, values_[i]));
    }
    if (!plan_.result.in_memory) return;
    const x86::Gp& to = theirs_.gpr[plan_.memory_reg];
    if (makes_object()) {
      a_.mov(to, x86::ptr(x86::rbp, kObjectAt));
    } else {
      a_.lea(to, x86::ptr(x86::rbp, kResultAt));
    }
  }

  // --- the call -------------------------------------------------------------------------------------------------

  // The object that will be the result lies on the Lua stack during the call.
  void new_object() {
    a_.mov(ours_.gpr[0], kL);
    a_.mov(ours_.gpr[1], kState);
    a_.mov(ours_.gpr[2], imm(reinterpret_cast<uint64_t>(spec_.result.type)));
    call(a_, host_.helpers.new_result);
    a_.mov(x86::ptr(x86::rbp, kObjectAt), x86::rax);
    stack_->registers_lost();
  }

  // The state knows who calls C: callbacks run on its coroutine and thread.
  void enter() {
    const ThunkOffsets& o = host_.offsets;
    a_.mov(x86::rax, thread_word(host_));
    a_.mov(state(o.owner, 8), x86::rax);
    a_.mov(state(o.caller, 8), kL);               // last: who sees it, on whatever thread, sees the owner, too
    if (host_.errno_location != nullptr) return;  // set_errno()
    a_.mov(x86::r10d, state(o.saved_errno, 4));
    a_.mov(errno_word(host_), x86::r10d);
  }

  // Where that needs a call, and so before arguments are in their registers.
  void set_errno() {
    call(a_, host_.errno_location);
    a_.mov(x86::r10d, state(host_.offsets.saved_errno, 4));
    a_.mov(x86::dword_ptr(x86::rax), x86::r10d);
    stack_->registers_lost();
  }

  void call_function() {
    if (plan_.variadic && theirs_.counts_vectors) a_.mov(x86::eax, plan_.fpr_used);
    if (lift_ != 0) a_.add(x86::rsp, lift_);
    if (for_type()) {
      a_.call(x86::qword_ptr(x86::rbp, kFunctionAt));
    } else {
      call(a_, reinterpret_cast<const void*>(spec_.address));
    }
    if (lift_ != 0) a_.sub(x86::rsp, lift_);
    stack_->registers_lost();
  }

  // Keeps rax, rdx, xmm0, xmm1 and st.
  void leave() {
    const ThunkOffsets& o = host_.offsets;
    Label failed = a_.newLabel();
    load_errno();
    a_.mov(state(o.saved_errno, 4), x86::ecx);
    a_.mov(state(o.caller, 8), 0);
    a_.cmp(state(o.failed, 1), 0);
    a_.jne(failed);
    cold_.add([=, this] {
      a_.bind(failed);
      a_.mov(ours_.gpr[0], kL);
      a_.mov(ours_.gpr[1], kState);
      call(a_, host_.helpers.raise_pending);
      a_.ud2();
    });
  }

  x86::Mem state(uint32_t field, uint32_t bytes) const { return x86::Mem(kState, static_cast<int32_t>(field), bytes); }
  // To ecx.
  void load_errno() {
    if (host_.errno_location == nullptr) {
      a_.mov(x86::ecx, errno_word(host_));
      return;
    }
    const x86::Mem result = x86::ptr(x86::rbp, kResultAt);
    if (!plan_.result.in_memory) store_result(a_, plan_, result);
    call(a_, host_.errno_location);
    a_.mov(x86::ecx, x86::dword_ptr(x86::rax));
    if (!plan_.result.in_memory) load_result(a_, plan_, result);
  }

  // --- the result -----------------------------------------------------------------------------------------------

  void result() {
    switch (spec_.result.kind) {
      case ThunkKind::none:
        a_.xor_(x86::eax, x86::eax);
        return;
      case ThunkKind::boolean:
        // psABI 3.2.3: bits above the eighth are undefined.
        a_.test(x86::al, x86::al);
        a_.setne(x86::al);
        stack_->push_boolean();
        break;
      case ThunkKind::f32:
        a_.cvtss2sd(x86::xmm0, x86::xmm0);
        [[fallthrough]];
      case ThunkKind::f64:
        stack_->push_number();
        break;
      case ThunkKind::record:
        if (!plan_.result.in_memory) {
          a_.mov(kScratch, x86::ptr(x86::rbp, kObjectAt));
          store_result(a_, plan_, x86::ptr(kScratch));
        }
        break;
      case ThunkKind::other:
        if (!plan_.result.in_memory) store_result(a_, plan_, x86::ptr(x86::rbp, kResultAt));
        a_.mov(ours_.gpr[0], kL);
        a_.mov(ours_.gpr[1], kState);
        a_.mov(ours_.gpr[2], imm(reinterpret_cast<uint64_t>(spec_.result.type)));
        a_.lea(ours_.gpr[3], x86::ptr(x86::rbp, kResultAt));
        call(a_, host_.helpers.push_result);
        break;
      default:
        narrow(a_, spec_.result.kind, x86::rax, x86::rax);
        stack_->push_integer();
        break;
    }
    a_.mov(x86::eax, 1);
  }

  x86::Assembler& a_;
  const ThunkHost& host_;
  const ThunkSpec& spec_;
  const abi::CallPlan& plan_;
  const Convention& ours_;
  const Convention& theirs_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label slow_, done_;
  bool in_frame_ = false;
  std::vector<int> values_;  // per argument: where in the frame it waits or is rounded up; 0: nowhere
  int kept_vectors_at_ = 0;
  int lift_ = 0;         // bytes below the C function's outgoing area that are our callees' to write
  int below_saved_ = 0;  // bytes of the frame below the saved registers
};

bool supports(const abi::CallPlan& plan) {
  if (plan.abi != abi::Abi::sysv_x64 && plan.abi != abi::Abi::win_x64) return false;
  if (plan.args.size() > kMaxThunkArgs || plan.stack_align > 16) return false;
  uint64_t bytes = plan.stack_bytes;
  for (const ArgPlan& arg : plan.args) {
    if (arg.align > 16) return false;
    if (arg.by_reference) bytes += arg.size;
    if (bytes > kMaxThunkStack) return false;
  }
  return bytes <= kMaxThunkStack && plan.result.align <= 16;
}

FrameShape thunk_shape(const ThunkHost& host, const abi::CallPlan& plan) {
  FrameShape shape = kThunkShape;
  shape.rdi_rsi = keeps_more_than(convention(host.convention), convention(plan.abi));
  return shape;
}

void assemble_thunk(Encoder& encoder, const ThunkHost& host, const ThunkSpec& spec) {
  x86::Assembler a(&encoder.code());
  ThunkEmitter(a, host, spec).emit();
}

void assemble_switch(Encoder& encoder, const void* const* target) {
  x86::Assembler a(&encoder.code());
  a.mov(x86::rax, imm(reinterpret_cast<uint64_t>(target)));
  a.jmp(x86::qword_ptr(x86::rax));
}

}  // namespace

}  // namespace ferry::call::x64

namespace ferry::call {

const Emitter kX64Emitter = {
    .arch = Arch::x86_64,
    .supports = x64::supports,
    .thunk_shape = x64::thunk_shape,
    .thunk = x64::assemble_thunk,
    .jump = x64::assemble_switch,
    .callback_shape = x64::callback_shape,
    .callback = x64::assemble_callback,
    .entries = x64::assemble_entries,
    .answer = x64::assemble_answer,
};

}  // namespace ferry::call
