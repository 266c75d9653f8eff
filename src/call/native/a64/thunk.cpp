// AArch64 (AAPCS64) thunks: prologue, arguments by kind, the call, the result. How the Lua stack is reached is
// stack.cpp's business.
#include "call/native/a64/emitter.h"
#include "call/native/encoder.h"

namespace ferry::call::a64 {

namespace {

using abi::ArgPlan;
using abi::Piece;
using abi::Where;
using asmjit::imm;

// Emits one thunk. Two ways for arguments: where everything before the C call is inline, values go straight into
// their registers; where something calls functions, they wait in the frame (in_frame_). Those in the outgoing area are
// written there either way, and copies that are passed by reference lie in the frame either way.
class ThunkEmitter {
 public:
  ThunkEmitter(arm::Assembler& a, const ThunkHost& host, const ThunkSpec& spec)
      : a_(a), host_(host), spec_(spec), plan_(*spec.plan), stack_(make_stack_access(a, cold_, host)) {}

  void emit() {
    slow_ = a_.newLabel();
    lay_out();
    prologue();
    stack_->check_count(spec_.first, static_cast<int>(spec_.args.size()), slow_);
    for (size_t i = 0; i < spec_.args.size(); ++i) argument(i);
    if (makes_object()) new_object();
    load_registers();
    enter();
    call_function();
    leave();
    result();
    epilogue();
    a_.ret(arm::x30);
    cold_.emit();
    slow_exit();
  }

 private:
  // --- frame ------------------------------------------------------------------------------------------------

  bool for_type() const { return spec_.record == nullptr; }
  bool makes_object() const { return spec_.result.kind == ThunkKind::record; }

  void lay_out() {
    in_frame_ = stack_->calls() || makes_object() || plan_.result.in_memory;
    int bottom = kResultAt;
    for (const ThunkArg& arg : spec_.args) {
      if (arg.kind == ThunkKind::other) in_frame_ = true;
    }
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      const ArgPlan& arg = plan_.args[i];
      bool needs = !arg.on_stack && arg.piece_count != 0 && (in_frame_ || arg.by_reference);
      if (spec_.args[i].kind == ThunkKind::record) {
        for (const Piece& piece : plan_.pieces_of(arg)) needs = needs || !loads_directly(piece);
      }
      if (needs) bottom -= align_up(static_cast<int>(arg.size < 8 ? 8 : arg.size), 16);
      values_.push_back(needs ? bottom : 0);
    }
    frame_bytes_ = -bottom + align_up(static_cast<int>(plan_.stack_bytes), 16);
  }

  // What is at `at` from x29.
  Mem frame(int at) const { return arm::ptr(arm::sp, frame_bytes_ + at); }
  void load_frame_address(const Gp& to, int at) { a_.add(to, arm::sp, frame_bytes_ + at); }
  static Mem outgoing(uint32_t offset) { return arm::ptr(arm::sp, static_cast<int32_t>(offset)); }

  void prologue() {
    landing_pad(a_);
    a_.stp(arm::x29, arm::x30, arm::ptr_pre(arm::sp, -16));
    a_.mov(arm::x29, arm::sp);
    a_.sub(arm::sp, arm::sp, frame_bytes_);
    a_.stp(kL, kState, arm::ptr(arm::x29, -16));
    a_.mov(kL, arm::x0);
    if (for_type()) {
      a_.str(arm::x1, frame(kFunctionAt));
      a_.str(arm::x2, frame(kDataAt));
      load_address(a_, kState, spec_.state);
      return;
    }
    // The State is taken from the record, which loses it when it is finalised: the library may be gone then.
    load_address(a_, kValue, spec_.record);
    a_.ldr(kState, arm::ptr(kValue, static_cast<int32_t>(host_.offsets.record_state)));
    a_.cbz(kState, slow_);
  }

  void epilogue() {
    a_.ldp(kL, kState, arm::ptr(arm::x29, -16));
    a_.mov(arm::sp, arm::x29);
    a_.ldp(arm::x29, arm::x30, arm::ptr_post(arm::sp, 16));
  }

  // Starts over elsewhere, as if the thunk had not been there.
  void slow_exit() {
    a_.bind(slow_);
    a_.mov(arm::x0, kL);
    if (for_type()) {
      a_.ldr(arm::x1, frame(kFunctionAt));
      a_.ldr(arm::x2, frame(kDataAt));
    }
    epilogue();
    if (spec_.next != nullptr) {
      jump_through(a_, spec_.next);
    } else {
      load_address(a_, kTarget, spec_.slow);
      a_.br(kTarget);
    }
  }

  // --- arguments ----------------------------------------------------------------------------------------------

  void argument(size_t i) {
    const ThunkArg& arg = spec_.args[i];
    const int index = spec_.first + static_cast<int>(i);
    switch (arg.kind) {
      case ThunkKind::boolean:
        stack_->boolean(index, slow_);
        put_integer(i, kValue);
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
        const ArgPlan& plan = plan_.args[i];
        const Gp to = in_frame_ || plan.on_stack ? Gp(kValue) : Gp(arm::x(plan_.pieces_of(plan)[0].reg));
        if (arg.exact) {
          stack_->exact_integer(index, arg.kind, to, slow_);
        } else {
          stack_->integer(index, arg.kind, to, frame(kResultAt), slow_);
        }
        put_integer(i, to);
        break;
      }
    }
  }

  // A whole 64-bit slot, extended already.
  void put_integer(size_t i, const Gp& from) {
    const ArgPlan& arg = plan_.args[i];
    if (arg.on_stack) {
      a_.str(from.x(), outgoing(arg.stack_offset));
    } else if (in_frame_) {
      a_.str(from.x(), frame(values_[i]));
    } else if (const Gp to = arm::x(plan_.pieces_of(arg)[0].reg); to.id() != from.id()) {
      a_.mov(to.x(), from.x());
    }
  }

  void float_argument(size_t i, int index) {
    const ArgPlan& arg = plan_.args[i];
    const bool waits = in_frame_ || arg.on_stack;
    const Vec to = waits ? Vec(kScratchVec) : Vec(arm::v(plan_.pieces_of(arg)[0].reg));
    if (spec_.args[i].exact) {
      stack_->exact_number(index, to, slow_);
    } else {
      stack_->number(index, to, slow_);
    }
    const bool single = spec_.args[i].kind == ThunkKind::f32;
    if (single) a_.fcvt(to.s(), to.d());
    if (!waits) return;
    const Mem at = arg.on_stack ? outgoing(arg.stack_offset) : frame(values_[i]);
    if (single) {
      a_.str(to.s(), at);
    } else {
      a_.str(to.d(), at);
    }
  }

  // nil, a string where one is taken, a light userdata where one is, a function that is known, and cdata: of the
  // pointer type itself, an object of the type that it points to, or of the type in the cell.
  void pointer_argument(size_t i, int index) {
    const ThunkArg& arg = spec_.args[i];
    Label other = a_.newLabel(), ready = a_.newLabel();
    stack_->load_kind(index);
    const LuaKind usual = arg.takes_string ? LuaKind::string : LuaKind::userdata;
    a_.cmp(kValue.w(), stack_->kind_code(usual));
    a_.b_ne(other);
    if (usual == LuaKind::string) {
      stack_->string(index);
    } else {
      cdata_pointer(arg, index);
    }
    a_.bind(ready);
    put_integer(i, kValue);
    cold_.add([=, this, &arg] {
      a_.bind(other);
      Label null = a_.newLabel(), light = a_.newLabel();
      if (arg.callback != nullptr) known_function(*arg.callback, index, ready);
      a_.cmp(kValue.w(), stack_->kind_code(LuaKind::nil));
      a_.b_eq(null);
      if (arg.takes_light) {
        a_.cmp(kValue.w(), stack_->kind_code(LuaKind::light));
        a_.b_eq(light);
      }
      if (usual == LuaKind::string) {
        a_.cmp(kValue.w(), stack_->kind_code(LuaKind::userdata));
        a_.b_ne(slow_);
        cdata_pointer(arg, index);
        a_.b(ready);
      } else {
        a_.b(slow_);
      }
      if (arg.takes_light) {
        a_.bind(light);
        stack_->light(index);
        a_.b(ready);
      }
      a_.bind(null);
      a_.mov(kValue, 0);
      a_.b(ready);
    });
  }

  // w9 is the value's kind and stays, unless x9 is the C function that the value became.
  void known_function(const KnownCallback& known, int index, const Label& ready) {
    Label no = a_.newLabel();
    load_address(a_, kTemp, &known);
    a_.ldr(kTemp2.w(), arm::ptr(kTemp, offsetof(KnownCallback, kind)));
    a_.cmp(kValue.w(), kTemp2.w());
    a_.b_ne(no);
    stack_->function(index);
    load_address(a_, kTemp, &known);
    a_.ldr(kTemp2, arm::ptr(kTemp, offsetof(KnownCallback, function)));
    a_.cmp(kValue, kTemp2);
    a_.b_ne(slow_);
    a_.ldr(kValue, arm::ptr(kTemp, offsetof(KnownCallback, address)));
    a_.b(ready);
    a_.bind(no);
  }

  void load_type_id(const Gp& to, TypeId id) { a_.mov(to, uint64_t{id}); }

  // x9: what a cdata points to. Its data is that for pointers and aggregates alike; an aggregate at NULL is an error
  // that the slow path words.
  void cdata_pointer(const ThunkArg& arg, int index) {
    const ThunkOffsets& o = host_.offsets;
    const arm::GpW type = kTemp.w(), wanted = kTemp2.w();
    Label aggregate = a_.newLabel(), done = a_.newLabel();
    stack_->cdata(index, slow_);
    a_.ldr(type, arm::ptr(kValue, static_cast<int32_t>(o.cdata_type)));
    a_.ldr(kValue, arm::ptr(kValue, static_cast<int32_t>(o.cdata_data)));
    load_type_id(wanted, arg.same);
    a_.cmp(type, wanted);
    a_.b_eq(done);
    if (arg.object != kNoType) {
      load_type_id(wanted, arg.object);
      a_.cmp(type, wanted);
      a_.b_eq(aggregate);
    }
    load_address(a_, kTemp2, arg.cell);
    a_.ldr(wanted, arm::ptr(kTemp2));
    a_.cmp(type, wanted);
    a_.b_ne(slow_);
    a_.bind(aggregate);
    a_.cbz(kValue, slow_);
    a_.bind(done);
  }

  void record_argument(size_t i, int index) {
    const ThunkArg& arg = spec_.args[i];
    const ArgPlan& plan = plan_.args[i];
    const ThunkOffsets& o = host_.offsets;
    stack_->load_kind(index);
    a_.cmp(kValue.w(), stack_->kind_code(LuaKind::userdata));
    a_.b_ne(slow_);
    stack_->cdata(index, slow_);
    a_.ldr(kTemp.w(), arm::ptr(kValue, static_cast<int32_t>(o.cdata_type)));
    load_type_id(kTemp2.w(), arg.same);
    a_.cmp(kTemp.w(), kTemp2.w());
    a_.b_ne(slow_);
    a_.ldr(kScratch, arm::ptr(kValue, static_cast<int32_t>(o.cdata_data)));
    if (plan.size == 0) return;
    a_.cbz(kScratch, slow_);
    if (plan.on_stack) {
      copy(outgoing(plan.stack_offset), plan.size);
    } else if (values_[i] != 0) {
      copy(frame(values_[i]), plan.size);
      if (!in_frame_) load_pieces(i, frame(values_[i]));
    } else {
      load_pieces(i, arm::ptr(kScratch));
    }
  }

  // Whatever it is, src/lua converts it where it waits.
  void other_argument(size_t i) {
    const ArgPlan& plan = plan_.args[i];
    a_.mov(arm::x0, kL);
    if (for_type()) {
      a_.ldr(arm::x1, frame(kDataAt));
    } else {
      load_address(a_, arm::x1, spec_.data);
    }
    a_.mov(arm::w2, static_cast<uint64_t>(i));
    if (plan.on_stack) {
      a_.add(arm::x3, arm::sp, static_cast<uint64_t>(plan.stack_offset));
    } else {
      load_frame_address(arm::x3, values_[i] != 0 ? values_[i] : kResultAt);
    }
    call(a_, host_.helpers.convert);
    stack_->registers_lost();
  }

  // Copies from where x10 points, with x13 and v31. Not a byte beyond the object is read: it may end at the end of a
  // page.
  void copy(const Mem& to, uint64_t bytes) {
    uint64_t at = 0;
    const auto both = [&](auto load, auto store, uint64_t step) {
      for (; bytes - at >= step; at += step) {
        load(arm::ptr(kScratch, static_cast<int32_t>(at)));
        store(to.cloneAdjusted(static_cast<int64_t>(at)));
      }
    };
    both([&](const Mem& m) { a_.ldr(kScratchVec.q(), m); }, [&](const Mem& m) { a_.str(kScratchVec.q(), m); }, 16);
    both([&](const Mem& m) { a_.ldr(kTemp, m); }, [&](const Mem& m) { a_.str(kTemp, m); }, 8);
    both([&](const Mem& m) { a_.ldr(kTemp.w(), m); }, [&](const Mem& m) { a_.str(kTemp.w(), m); }, 4);
    both([&](const Mem& m) { a_.ldrh(kTemp.w(), m); }, [&](const Mem& m) { a_.strh(kTemp.w(), m); }, 2);
    both([&](const Mem& m) { a_.ldrb(kTemp.w(), m); }, [&](const Mem& m) { a_.strb(kTemp.w(), m); }, 1);
  }

  // Whether a piece of a record can be loaded by one instruction that reads no more than its bytes.
  static bool loads_directly(const Piece& piece) {
    return piece.size == 16 || piece.size == 8 || piece.size == 4 || piece.size == 2 || piece.size == 1;
  }

  // `whole`: the memory has 8 bytes for every piece of a general register.
  void load_piece(const Piece& piece, const Mem& value, bool whole) {
    const Mem from = value.cloneAdjusted(piece.value_offset);
    if (piece.where == Where::gpr) {
      const Gp to = arm::x(piece.reg);
      switch (whole ? 8 : piece.size) {
        case 1:
          a_.ldrb(to.w(), from);
          break;
        case 2:
          a_.ldrh(to.w(), from);
          break;
        case 4:
          a_.ldr(to.w(), from);
          break;
        default:
          a_.ldr(to.x(), from);
          break;
      }
      return;
    }
    load_vector(arm::v(piece.reg), piece.size, from);
  }

  void load_vector(const Vec& to, int bytes, const Mem& from) {
    switch (bytes) {
      case 2:
        a_.ldr(to.h(), from);
        break;
      case 4:
        a_.ldr(to.s(), from);
        break;
      case 8:
        a_.ldr(to.d(), from);
        break;
      default:
        a_.ldr(to.q(), from);
        break;
    }
  }

  void store_vector(const Vec& from, int bytes, const Mem& to) {
    switch (bytes) {
      case 2:
        a_.str(from.h(), to);
        break;
      case 4:
        a_.str(from.s(), to);
        break;
      case 8:
        a_.str(from.d(), to);
        break;
      default:
        a_.str(from.q(), to);
        break;
    }
  }

  void load_pieces(size_t i, const Mem& value) {
    const ArgPlan& arg = plan_.args[i];
    const bool whole = values_[i] != 0;
    if (!arg.by_reference) {
      for (const Piece& piece : plan_.pieces_of(arg)) load_piece(piece, value, whole);
      return;
    }
    const Piece& piece = plan_.pieces_of(arg)[0];
    if (piece.where == Where::gpr) {
      load_frame_address(arm::x(piece.reg), values_[i]);
    } else {
      load_frame_address(kTemp, values_[i]);
      a_.str(kTemp, outgoing(piece.stack_offset));
    }
  }

  void load_registers() {
    if (!in_frame_) return;
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (values_[i] != 0) load_pieces(i, frame(values_[i]));
    }
    if (!plan_.result.in_memory) return;
    // AAPCS64 6.9: x8.
    if (makes_object()) {
      a_.ldr(arm::x8, frame(kObjectAt));
    } else {
      load_frame_address(arm::x8, kResultAt);
    }
  }

  // --- the call -------------------------------------------------------------------------------------------------

  // The object that will be the result lies on the Lua stack during the call.
  void new_object() {
    a_.mov(arm::x0, kL);
    a_.mov(arm::x1, kState);
    load_address(a_, arm::x2, spec_.result.type);
    call(a_, host_.helpers.new_result);
    a_.str(arm::x0, frame(kObjectAt));
    stack_->registers_lost();
  }

  Mem state(uint32_t field) const { return arm::ptr(kState, static_cast<int32_t>(field)); }

  // DMB ISHST (Arm ARM, C6.2). STLR is what asmjit 1.9 writes as STLLR, which ARMv8.0 does not have.
  static constexpr uint32_t kBarrierOfStores = 0b1010;

  // The state knows who calls C: callbacks run on its coroutine and thread.
  void enter() {
    const ThunkOffsets& o = host_.offsets;
    load_thread(a_, host_, kValue);
    a_.str(kValue, state(o.owner));
    a_.dmb(kBarrierOfStores);  // who sees the caller, on whatever thread, sees the owner, too
    a_.str(kL, state(o.caller));
    a_.ldr(kValue.w(), state(o.saved_errno));
    const Mem to = errno_at(a_, host_);
    a_.str(kValue.w(), to);
  }

  void call_function() {
    if (for_type()) {
      a_.ldr(kTarget, frame(kFunctionAt));
      a_.blr(kTarget);
    } else {
      call(a_, reinterpret_cast<const void*>(spec_.address));
    }
    stack_->registers_lost();
  }

  // Keeps x0, x1 and v0-v3.
  void leave() {
    const ThunkOffsets& o = host_.offsets;
    Label failed = a_.newLabel();
    const Mem from = errno_at(a_, host_);
    a_.ldr(kValue.w(), from);
    a_.str(kValue.w(), state(o.saved_errno));
    a_.str(arm::xzr, state(o.caller));
    a_.ldrb(kValue.w(), state(o.failed));
    a_.cbnz(kValue.w(), failed);
    cold_.add([=, this] {
      a_.bind(failed);
      a_.mov(arm::x0, kL);
      a_.mov(arm::x1, kState);
      call(a_, host_.helpers.raise_pending);
      a_.brk(0);
    });
  }

  // --- the result -----------------------------------------------------------------------------------------------

  void result() {
    switch (spec_.result.kind) {
      case ThunkKind::none:
        a_.mov(arm::w0, 0);
        return;
      case ThunkKind::boolean:
        // AAPCS64 6.9: bits above the eighth are undefined.
        a_.tst(arm::w0, 0xff);
        a_.cset(kValue, imm(arm::CondCode::kNE));
        stack_->push_boolean();
        break;
      case ThunkKind::f32:
        a_.fcvt(arm::d0, arm::s0);
        [[fallthrough]];
      case ThunkKind::f64:
        stack_->push_number();
        break;
      case ThunkKind::record:
        if (!plan_.result.in_memory) {
          a_.ldr(kScratch, frame(kObjectAt));
          store_result(arm::ptr(kScratch));
        }
        break;
      case ThunkKind::other:
        if (!plan_.result.in_memory) store_result(frame(kResultAt));
        a_.mov(arm::x0, kL);
        a_.mov(arm::x1, kState);
        load_address(a_, arm::x2, spec_.result.type);
        load_frame_address(arm::x3, kResultAt);
        call(a_, host_.helpers.push_result);
        break;
      default:
        narrow(a_, spec_.result.kind, kValue, arm::x0);
        stack_->push_integer();
        break;
    }
    a_.mov(arm::w0, 1);
  }

  // Registers to memory that has room for whole eightbytes.
  void store_result(const Mem& at) {
    for (const Piece& piece : plan_.result_pieces()) {
      const Mem to = at.cloneAdjusted(piece.value_offset);
      if (piece.where == Where::gpr) {
        a_.str(arm::x(piece.reg), to);
      } else {
        store_vector(arm::v(piece.reg), piece.size, to);
      }
    }
  }

  arm::Assembler& a_;
  const ThunkHost& host_;
  const ThunkSpec& spec_;
  const abi::CallPlan& plan_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label slow_;
  bool in_frame_ = false;
  std::vector<int> values_;  // per argument: where in the frame it waits or is copied to, from x29; 0: nowhere
  int frame_bytes_ = 0;
};

bool supports(const abi::CallPlan& plan) {
  if (plan.abi != abi::Abi::aapcs64 || plan.stack_align > 16) return false;
  if (plan.args.size() > kMaxThunkArgs || plan.stack_bytes > kMaxThunkStack) return false;
  uint64_t bytes = static_cast<uint64_t>(-kResultAt) + plan.stack_bytes;
  for (const ArgPlan& arg : plan.args) {
    if (arg.align > 16 || arg.size > kMaxThunkStack) return false;
    bytes += (arg.size + 15 + 8) / 16 * 16;
  }
  return plan.result.align <= 16 && bytes <= kMaxFrameBytes;
}

FrameShape thunk_shape(const ThunkHost&, const abi::CallPlan&) {
  return kFrameShape;
}

void assemble_thunk(Encoder& encoder, const ThunkHost& host, const ThunkSpec& spec) {
  arm::Assembler a(&encoder.code());
  ThunkEmitter(a, host, spec).emit();
}

void assemble_switch(Encoder& encoder, const void* const* target) {
  arm::Assembler a(&encoder.code());
  landing_pad(a);
  jump_through(a, target);
}

}  // namespace

}  // namespace ferry::call::a64

namespace ferry::call {

const Emitter kA64Emitter = {
    .arch = Arch::aarch64,
    .supports = a64::supports,
    .thunk_shape = a64::thunk_shape,
    .thunk = a64::assemble_thunk,
    .jump = a64::assemble_switch,
    .callback_shape = a64::callback_shape,
    .callback = a64::assemble_callback,
    .entries = a64::assemble_entries,
    .answer = a64::assemble_answer,
};

}  // namespace ferry::call
