// AArch64 (AAPCS64) as a Machine. Addresses lie in a pool behind the code, so that each takes one instruction.
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

#include "call/native/asmjit.h"
#include "call/native/emit.h"

namespace ferry::call {

namespace a64 {

namespace {

using abi::Piece;
using abi::Where;
using arm::CondCode;

// sp is set by one instruction, whose immediate has 12 bits, and no guard page is skipped.
constexpr int kMaxFrameBytes = 4095 & -16;
// What is below the saved registers in every thunk that has a frame.
constexpr int kFixedFrameBytes = 96;

// Within one operation only, and so is v31 where nothing else is said. x16: targets of calls.
constexpr arm::GpX kTemp = arm::x13;
constexpr arm::GpX kTemp2 = arm::x14;
constexpr arm::GpX kThread = arm::x15;
constexpr arm::GpX kTarget = arm::x16;

arm::GpX x(Reg reg) {
  return arm::gp_x(reg.number);  // 31: sp
}
arm::GpW w(Reg reg) {
  return arm::gp_w(reg.number);
}
arm::VecV v(Vec vec) {
  return arm::vec_v(vec.number);
}
arm::Mem mem(At at) {
  return arm::ptr(x(at.base), at.offset);
}
AsmLabel at(Label label) {
  return AsmLabel(label.id);
}

// x19: L; x20: State; x21: CallbackData; sp: the outgoing area. x9-x17 and v16-v31 are free (AAPCS64 6.1). The frame's
// fixed point is x29; code reaches it from sp, because negative offsets are limited to 256.
class A64Machine final : public Machine {
 public:
  A64Machine(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan)
      : a_(encoder.code()), host_(host), plan_(plan) {
    r.L = {19};
    r.state = {20};
    r.data = {21};
    r.value = r.slot = r.spare = {9};
    r.scratch = {10};
    r.base = {11};
    r.top = {12};
    r.result = {0};
    r.scratch_vector = {31};
  }

  Reg ours(size_t i) const override { return {static_cast<uint8_t>(i)}; }
  size_t our_count() const override { return 8; }
  Vec our_double(size_t) const override { return {0}; }
  Reg theirs(size_t i) const override { return {static_cast<uint8_t>(i)}; }
  Vec their_vector(size_t i) const override { return {static_cast<uint8_t>(i)}; }
  int our_home_space() const override { return 0; }
  int their_home_space() const override { return 0; }
  int kept_vector_bytes() const override { return 0; }
  CallbackFrame callback_frame() const override { return {-40, -112, 64, kMaxFrameBytes}; }
  void be_callback() override { callback_ = true; }

  // --- the frame ------------------------------------------------------------------------------------------------

  At frame(int at) const override { return {{31}, frame_bytes_ + at}; }
  At outgoing(int offset) const override { return {{31}, offset}; }
  void prologue(const Frame& frame) override {
    frame_bytes_ = frame.below + 8 * frame.saved;
    landing_pad();
    a_.stp(arm::x29, arm::x30, arm::ptr_pre(arm::sp, -16));
    a_.mov(arm::x29, arm::sp);
    if (frameless()) {
      a_.stp(arm::x19, arm::x20, arm::ptr_pre(arm::sp, -16));
      return;
    }
    a_.sub(arm::sp, arm::sp, frame_bytes_);
    a_.stp(arm::x19, arm::x20, arm::ptr(arm::x29, -16));
    if (callback_) a_.stp(arm::x21, arm::x22, arm::ptr(arm::x29, -32));
  }
  void epilogue() override {
    if (frameless()) {
      a_.ldp(arm::x19, arm::x20, arm::ptr_post(arm::sp, 16));
    } else {
      a_.ldp(arm::x19, arm::x20, arm::ptr(arm::x29, -16));
      if (callback_) a_.ldp(arm::x21, arm::x22, arm::ptr(arm::x29, -32));
      a_.mov(arm::sp, arm::x29);
    }
    a_.ldp(arm::x29, arm::x30, arm::ptr_post(arm::sp, 16));
  }
  void ret() override { a_.ret(arm::x30); }
  void lower_stack(int bytes) override {
    if (bytes < 0) {
      a_.add(arm::sp, arm::sp, -bytes);
    } else {
      a_.sub(arm::sp, arm::sp, bytes);
    }
  }

  // --- control --------------------------------------------------------------------------------------------------

  Label label() override { return {a_.label().id()}; }
  void bind(Label label) override {
    a_.bind(at(label));
    thread_known_ = false;
  }
  void jump(Label to) override { a_.b(at(to)); }
  void jump(If condition, Label to) override {
    if (condition == If::equal) {
      a_.b_eq(at(to));
    } else {
      a_.b_ne(at(to));
    }
  }
  void jump_zero(Reg value, int bytes, Label to) override { a_.cbz(sized(value, bytes), at(to)); }
  void jump_nonzero(Reg value, int bytes, Label to) override { a_.cbnz(sized(value, bytes), at(to)); }
  void jump_zero(At value, int bytes, Label to) override {
    load_bytes(kTempReg, value, bytes);
    jump_zero(kTempReg, bytes, to);
  }
  void jump_nonzero(At value, int bytes, Label to) override {
    load_bytes(kTempReg, value, bytes);
    jump_nonzero(kTempReg, bytes, to);
  }
  void jump_to(const void* code) override {
    load_address({16}, code);
    a_.br(kTarget);
  }
  // By x16, so that a `bti c` there takes it.
  void jump_through(const void* cell) override {
    load_address({16}, cell);
    a_.ldr(kTarget, arm::ptr(kTarget));
    a_.br(kTarget);
  }
  void jump_through(At cell) override {
    a_.ldr(kTarget, mem(cell));
    a_.br(kTarget);
  }
  void call(const void* function) override {
    load_address({16}, function);
    a_.blr(kTarget);
    thread_known_ = false;
  }
  void call_function(const void* function, int) override { call(function); }
  void call_function(At function, int) override {
    a_.ldr(kTarget, mem(function));
    a_.blr(kTarget);
    thread_known_ = false;
  }
  void trap() override { a_.brk(0); }
  void align(size_t bytes) override { a_.align(AlignMode::kCode, static_cast<uint32_t>(bytes)); }
  // Pages may be guarded (code_pages.h). `bti c` takes indirect calls, and jumps by x16 or x17; to older processors it
  // is a nop.
  void landing_pad() override { a_.hint(34); }
  void finish() override {
    if (pool_.empty()) return;
    a_.align(AlignMode::kData, 8);
    for (const auto& [address, label] : pool_) {
      a_.bind(label);
      a_.data(reinterpret_cast<uint64_t>(address));
    }
  }

  // --- integers -------------------------------------------------------------------------------------------------

  void move(Reg to, Reg from) override {
    if (to != from) a_.mov(x(to), x(from));
  }
  void move32(Reg to, Reg from) override {
    if (to != from) a_.mov(w(to), w(from));
  }
  void set(Reg to, int value) override { a_.mov(w(to), value); }
  void zero(Reg to) override { a_.mov(w(to), 0); }
  void load_address(Reg to, const void* address) override { a_.ldr(x(to), arm::ptr(pooled(address))); }
  void address(Reg to, At of) override { add(x(to), x(of.base), of.offset); }
  void load(Reg to, At from) override { a_.ldr(x(to), mem(from)); }
  void load(ThunkKind kind, Reg to, At from) override {
    switch (kind) {
      case ThunkKind::i8:
        a_.ldrsb(x(to), mem(from));
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.ldrb(w(to), mem(from));
        break;
      case ThunkKind::i16:
        a_.ldrsh(x(to), mem(from));
        break;
      case ThunkKind::u16:
        a_.ldrh(w(to), mem(from));
        break;
      case ThunkKind::i32:
        a_.ldrsw(x(to), mem(from));
        break;
      case ThunkKind::u32:
        a_.ldr(w(to), mem(from));
        break;
      default:
        a_.ldr(x(to), mem(from));
        break;
    }
  }
  void narrow(ThunkKind kind, Reg to, Reg from) override {
    switch (kind) {
      case ThunkKind::i8:
        a_.sxtb(x(to), w(from));
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.uxtb(w(to), w(from));
        break;
      case ThunkKind::i16:
        a_.sxth(x(to), w(from));
        break;
      case ThunkKind::u16:
        a_.uxth(w(to), w(from));
        break;
      case ThunkKind::i32:
        a_.sxtw(x(to), w(from));
        break;
      case ThunkKind::u32:
        a_.mov(w(to), w(from));
        break;
      default:
        move(to, from);
        break;
    }
  }
  void store(At to, Reg from, int bytes) override {
    if (bytes == 8) {
      a_.str(x(from), mem(to));
    } else if (bytes == 4) {
      a_.str(w(from), mem(to));
    } else if (bytes == 2) {
      a_.strh(w(from), mem(to));
    } else {
      a_.strb(w(from), mem(to));
    }
  }
  void store(At to, int value, int bytes) override {
    if (value == 0 && bytes == 8) {
      a_.str(arm::xzr, mem(to));
      return;
    }
    a_.mov(kTemp.w(), value);
    store(to, kTempReg, bytes);
  }
  void add(Reg to, int value) override { add(x(to), x(to), value); }
  void add_to(At to, int value) override {
    a_.ldr(kTemp, mem(to));
    add(kTemp, kTemp, value);
    a_.str(kTemp, mem(to));
  }
  void count(At to, int by) override {
    a_.ldr(kTemp.w(), mem(to));
    if (by < 0) {
      a_.sub(kTemp.w(), kTemp.w(), -by);
    } else {
      a_.add(kTemp.w(), kTemp.w(), by);
    }
    a_.str(kTemp.w(), mem(to));
  }
  void subtract(Reg from, Reg what) override { a_.sub(x(from), x(from), x(what)); }
  void compare(Reg value, uint32_t with) override { compare(w(value), with); }
  void compare(Reg value, At with, int bytes) override {
    load_bytes(kTempReg, with, bytes);
    a_.cmp(sized(value, bytes), sized(kTempReg, bytes));
  }
  void compare(At value, Reg with) override { compare(with, value, 8); }
  void compare(At value, uint32_t with, int bytes) override {
    load_bytes(kTempReg, value, bytes);
    compare(kTemp.w(), with);
  }
  void load_unless_fit(Reg to, At from, bool fits, Label to_label) override {
    load(to, from);
    jump_if_fit(to, fits, to_label);
  }
  void jump_if_fit(Reg value, bool fits, Label to) override {
    a_.sxtw(kTemp, w(value));
    a_.cmp(kTemp, x(value));
    jump(fits ? If::equal : If::not_equal, to);
  }

  // --- numbers and booleans ---------------------------------------------------------------------------------------

  void move(Vec to, Vec from) override {
    if (to != from) a_.fmov(v(to).d(), v(from).d());
  }
  void load(Vec to, At from, int bytes) override { a_.ldr(sized(to, bytes), mem(from)); }
  void store(At to, Vec from, int bytes) override { a_.str(sized(from, bytes), mem(to)); }
  void to_single(Vec value) override { a_.fcvt(v(value).s(), v(value).d()); }
  void to_double(Vec value) override { a_.fcvt(v(value).d(), v(value).s()); }
  void to_double(Vec to, Reg from) override { a_.scvtf(v(to).d(), x(from)); }
  void to_double(Vec to, At from) override {
    load(r.value, from);
    to_double(to, r.value);
  }
  // Beyond 2^63 (and for NaN) fcvtzs saturates.
  void truncate(Vec from, Label beyond) override {
    a_.mov(kTemp, uint64_t{0x43e0000000000000});  // 2^63
    a_.fmov(arm::d30, kTemp);
    a_.fabs(arm::d29, v(from).d());
    a_.fcmp(arm::d29, arm::d30);
    a_.b_pl(at(beyond));  // not less, or unordered
    a_.fcvtzs(x(r.value), v(from).d());
  }
  void truncate(At from, Label beyond) override {
    load(r.scratch_vector, from, 8);
    truncate(r.scratch_vector, beyond);
  }
  void test(At from, int bytes) override {
    load_bytes(kTempReg, from, bytes);
    a_.cmp(kTemp.w(), 0);
    a_.cset(x(r.value), imm(CondCode::kNE));
  }
  // AAPCS64 6.9: bits above the eighth are undefined.
  void test_result() override {
    a_.tst(arm::w0, 0xff);
    a_.cset(x(r.value), imm(CondCode::kNE));
  }
  void widen_boolean() override {}
  void boolean_of_tag(At tag, uint8_t is_false, uint8_t is_true, Label unexpected) override {
    a_.ldrb(w(r.value), mem(tag));
    a_.orr(kTemp.w(), w(r.value), is_false ^ is_true);
    a_.cmp(kTemp.w(), is_false | is_true);
    a_.b_ne(at(unexpected));
    a_.cmp(w(r.value), is_true);
    a_.cset(x(r.value), imm(CondCode::kEQ));
  }
  void store_tag_of_boolean(At tag, uint8_t is_false, uint8_t is_true) override {
    a_.cmp(w(r.value), 0);
    a_.mov(kTemp.w(), is_false);
    a_.mov(kTemp2.w(), is_true);
    a_.csel(kTemp.w(), kTemp.w(), kTemp2.w(), imm(CondCode::kEQ));
    a_.strb(kTemp.w(), mem(tag));
  }

  // --- tables, the stack, memory ----------------------------------------------------------------------------------

  void first_entry(uint32_t shift, uint32_t size) override {
    a_.ubfx(x(r.value), x(r.scratch), shift, static_cast<uint32_t>(std::countr_zero(size)));
  }
  void next_entry(uint32_t size) override {
    a_.add(w(r.value), w(r.value), 1);
    a_.and_(w(r.value), w(r.value), size - 1);
  }
  void compare_entry(uint32_t table) override {
    load_entry(table);
    a_.cmp(kTemp, x(r.scratch));
  }
  void jump_empty_entry(uint32_t table, Label to) override {
    load_entry(table);
    a_.cbz(kTemp, at(to));
  }
  void advance_top(At field, int bytes) override {
    add(r.top, bytes);
    store(field, r.top, 8);
  }
  void push(At field, const Slot& slot, Reg value) override {
    a_.str(x(value), arm::ptr_post(x(r.top), slot.bytes));
    pushed(field, slot);
  }
  void push(At field, const Slot& slot, Vec value) override {
    a_.str(v(value).d(), arm::ptr_post(x(r.top), slot.bytes));
    pushed(field, slot);
  }
  void copy(At to, At from, uint64_t bytes) override {
    uint64_t done = 0;
    // Offsets reach far in multiples of what is moved, others to 255.
    const auto far = [&](At at) { return at.offset % 16 != 0 && static_cast<uint64_t>(at.offset) + bytes > 256; };
    for (const bool by_sixteen = !far(to) && !far(from); by_sixteen && bytes - done >= 16; done += 16) {
      load(r.scratch_vector, from + static_cast<int64_t>(done), 16);
      store(to + static_cast<int64_t>(done), r.scratch_vector, 16);
    }
    for (int step : {8, 4, 2, 1}) {
      const auto width = static_cast<uint64_t>(step);
      for (; bytes - done >= width; done += width) {
        load_bytes(kTempReg, from + static_cast<int64_t>(done), step);
        store(to + static_cast<int64_t>(done), kTempReg, step);
      }
    }
  }
  void clear(At to, int bytes) override {
    for (int done = 0; done < bytes; done += 8) a_.str(arm::xzr, mem(to + done));
  }
  void clear_at_pointer(At pointer, uint64_t bytes) override {
    load(r.value, pointer);
    clear_bytes(bytes);
  }

  // --- pieces of the plan -----------------------------------------------------------------------------------------

  bool loads_directly(const Piece& piece) const override { return std::has_single_bit(unsigned{piece.size}); }
  void load_piece(const Piece& piece, At value, bool whole) override {
    const At from = value + piece.value_offset;
    const int bytes = static_cast<int>(piece.size);
    if (piece.where == Where::gpr) {
      load_bytes(theirs(piece.reg), from, whole ? 8 : bytes);
    } else {
      load(Vec{piece.reg}, from, bytes);
    }
  }
  void spill(const Piece& piece, At to) override {
    if (piece.where == Where::gpr) {
      store(to, theirs(piece.reg), 8);
    } else {
      store(to, Vec{piece.reg}, static_cast<int>(piece.size));
    }
  }
  void copy_to_general(const Piece& piece, Vec from) override { a_.fmov(x(theirs(piece.reg)), v(from).d()); }
  void store_result(At to) override {
    for (const Piece& piece : plan_.result_pieces()) spill(piece, to + piece.value_offset);
  }
  void load_result(At from) override {
    for (const Piece& piece : plan_.result_pieces()) load_piece(piece, from, true);
  }
  void zero_result() override {
    if (plan_.result.in_memory) {
      a_.mov(x(r.value), arm::x8);
      clear_bytes(plan_.result.size);
      return;
    }
    a_.mov(arm::x0, 0);
    a_.mov(arm::x1, 0);
    for (uint8_t i = 0; i < 4; ++i) a_.fmov(v(Vec{i}).d(), arm::xzr);  // and zeroes what is above
  }
  void return_address(At) override {}  // AAPCS64 6.9: callers know it

  // --- the thread -------------------------------------------------------------------------------------------------

  void load_thread(Reg to) override {
    know_thread();
    add(x(to), kThread, static_cast<int>(host_.thread_offset));
  }
  void load_errno(Reg to) override { a_.ldr(w(to), errno_word()); }
  void store_errno(Reg from) override { a_.str(w(from), errno_word()); }
  void claim(At caller, At owner) override {
    load_thread(r.value);
    store(owner, r.value, 8);
    ordered(kStlr, r.L, caller);
  }
  void load_before(Reg to, At from) override { ordered(kLdar, to, from); }

 private:
  static constexpr Reg kTempReg{13};

  // Zeroes `bytes` (not 0) bytes from `value` on, which it changes, and `scratch`.
  void clear_bytes(uint64_t bytes) {
    const AsmLabel next = a_.label();
    a_.mov(x(r.scratch), bytes);
    a_.bind(next);
    a_.strb(arm::wzr, arm::ptr_post(x(r.value), 1));
    a_.sub(x(r.scratch), x(r.scratch), 1);
    a_.cbnz(x(r.scratch), next);
  }
  // A thunk that needs nothing of its frame but the saved registers.
  bool frameless() const { return !callback_ && frame_bytes_ == 16; }

  static arm::Gp sized(Reg reg, int bytes) { return bytes == 8 ? arm::Gp(x(reg)) : arm::Gp(w(reg)); }
  static arm::Vec sized(Vec vec, int bytes) {
    const arm::VecV whole = v(vec);
    if (bytes == 2) return whole.h();
    if (bytes == 4) return whole.s();
    if (bytes == 8) return whole.d();
    return whole.q();
  }
  // STLR, LDAR (Arm ARM, C6.2) of 64 bits, which have no offset. Encoded here: what asmjit 1.9 writes for STLR is
  // STLLR, which ARMv8.0 does not have.
  static constexpr uint32_t kStlr = 0xc89ffc00, kLdar = 0xc8dffc00;
  void ordered(uint32_t instruction, Reg reg, At at) {
    Reg base = at.base;
    if (at.offset != 0) {
      base = kTempReg;
      add(kTemp, x(at.base), at.offset);
    }
    a_.data(instruction | uint32_t{base.number} << 5 | reg.number);
  }
  // Behind the value: `top` is beyond the slot.
  void pushed(At field, const Slot& slot) {
    a_.mov(kTemp.w(), slot.tag);
    const arm::Mem tag = arm::ptr(x(r.top), slot.tag_at - slot.bytes);
    if (slot.tag_bytes == 1) {
      a_.sturb(kTemp.w(), tag);
    } else {
      a_.stur(kTemp.w(), tag);
    }
    store(field, r.top, 8);
  }
  void load_bytes(Reg to, At from, int bytes) {
    load(bytes == 1   ? ThunkKind::u8
         : bytes == 2 ? ThunkKind::u16
         : bytes == 4 ? ThunkKind::u32
                      : ThunkKind::u64,
         to, from);
  }
  void add(const arm::GpX& to, const arm::GpX& from, int value) {
    const int magnitude = value < 0 ? -value : value;
    if (magnitude >= 4096) {
      a_.mov(kTemp2, int64_t{value});
      a_.add(to, from, kTemp2);
    } else if (value < 0) {
      a_.sub(to, from, magnitude);
    } else {
      a_.add(to, from, value);
    }
  }
  void compare(const arm::GpW& value, uint32_t with) {
    if (with < 4096) {
      a_.cmp(value, with);
    } else {
      a_.mov(kTemp2.w(), with);
      a_.cmp(value, kTemp2.w());
    }
  }
  // To x13.
  void load_entry(uint32_t table) {
    add(kTemp2, x(r.state), static_cast<int>(table));
    a_.ldr(kTemp, arm::ptr(kTemp2, x(r.value), arm::lsl(3)));
  }
  // The thread register is read once before a call and once behind it.
  void know_thread() {
    if (thread_known_) return;
    a_.mrs(kThread, imm(uint32_t{arm::Predicate::SysReg::kTPIDR_EL0}));
    thread_known_ = true;
  }
  // In the initial TLS block, at the same distance in every thread (ELF TLS for AArch64, variant 1).
  arm::Mem errno_word() {
    know_thread();
    if (host_.errno_offset >= 0 && host_.errno_offset < 4096 * 4 && host_.errno_offset % 4 == 0) {
      return arm::ptr(kThread, static_cast<int32_t>(host_.errno_offset));
    }
    a_.mov(kTemp2, host_.errno_offset);
    return arm::ptr(kThread, kTemp2);
  }
  AsmLabel pooled(const void* address) {
    for (const auto& [known, label] : pool_) {
      if (known == address) return label;
    }
    pool_.emplace_back(address, a_.label());
    return pool_.back().second;
  }

  arm::Assembler a_;
  const ThunkHost& host_;
  const abi::CallPlan& plan_;
  int frame_bytes_ = 0;
  bool callback_ = false;
  bool thread_known_ = false;  // x15 is the thread register
  std::vector<std::pair<const void*, AsmLabel>> pool_;
};

bool knows(abi::Abi convention) {
  return convention == abi::Abi::aapcs64;
}

bool fits(const abi::CallPlan& plan) {
  uint64_t bytes = kFixedFrameBytes + plan.stack_bytes;
  for (const abi::ArgPlan& arg : plan.args) {
    if (arg.size > kMaxThunkStack) return false;
    bytes += (arg.size + 15 + 8) / 16 * 16;
  }
  return plan.stack_bytes <= kMaxThunkStack && bytes <= kMaxFrameBytes;
}

std::unique_ptr<Machine> make(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan) {
  return std::make_unique<A64Machine>(encoder, host, plan);
}
FrameShape thunk_shape(const ThunkHost&, const abi::CallPlan&) {
  return {.saved = 1, .lands_exceptions = true};
}
FrameShape callback_shape(const ThunkHost&, const abi::CallPlan&) {
  return {.saved = 2, .lands_exceptions = false};
}

}  // namespace
}  // namespace a64

const Emitter kA64Emitter = {
    .arch = Arch::aarch64,
    .knows = a64::knows,
    .argument_align = 16,
    .result_align = 16,
    .fits = a64::fits,
    .machine = a64::make,
    .thunk_shape = a64::thunk_shape,
    .callback_shape = a64::callback_shape,
};

}  // namespace ferry::call
