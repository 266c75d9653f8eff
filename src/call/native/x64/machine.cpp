// x86-64 as a Machine, by its two conventions. Memory operands are used wherever an instruction takes one.
#include <cstddef>
#include <limits>

#include "call/native/asmjit.h"
#include "call/native/emit.h"
#include "call/native/x64/convention.h"

namespace ferry::call {

namespace x64 {

namespace {

using abi::Piece;
using abi::Where;

x86::Gp gp(Reg reg) {
  return x86::gpq(reg.number);
}
x86::Gp gp32(Reg reg) {
  return x86::gpd(reg.number);
}
x86::Xmm xmm(Vec vec) {
  return x86::xmm(vec.number);
}
Reg reg(const x86::Gp& gp) {
  return {static_cast<uint8_t>(gp.id())};
}
AsmLabel at(Label label) {
  return AsmLabel(label.id);
}
x86::Mem mem(At at, int bytes) {
  return x86::Mem(gp(at.base), at.offset, static_cast<uint32_t>(bytes));
}
uint64_t number(const void* address) {
  return reinterpret_cast<uint64_t>(address);
}

// rbx: L; r12: State; r13: CallbackData; rsp: the outgoing area. rax, r10, r11 and a vector register are free.
class X64Machine final : public Machine {
 public:
  X64Machine(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan)
      : a_(encoder.code()),
        host_(host),
        plan_(plan),
        ours_(convention(host.convention)),
        theirs_(convention(plan.abi)) {
    r.L = reg(x86::rbx);
    r.state = reg(x86::r12);
    r.data = reg(x86::r13);
    r.value = r.result = reg(x86::rax);
    r.scratch = r.top = r.slot = reg(x86::r10);
    r.base = reg(x86::r11);
    r.spare = reg(x86::rcx);
    // Neither an argument register nor, where that matters, one that callers rely on.
    r.scratch_vector = {static_cast<uint8_t>(ours_.keeps_more && theirs_.keeps_more ? 5 : 15)};
  }

  Reg ours(size_t i) const override { return ours_.gpr[i]; }
  size_t our_count() const override { return ours_.gpr.size(); }
  Vec our_double(size_t i) const override { return double_argument(ours_, i); }
  Reg theirs(size_t i) const override { return theirs_.gpr[i]; }
  Vec their_vector(size_t i) const override { return {static_cast<uint8_t>(i)}; }
  int our_home_space() const override { return ours_.home_space; }
  int their_home_space() const override { return theirs_.home_space; }
  int kept_vector_bytes() const override {
    // A callback is called by the plan's convention, a thunk calls by it.
    return keeps_more() ? kKeptVectorBytes : 0;
  }
  CallbackFrame callback_frame() const override { return {-48, -96, 32, std::numeric_limits<int>::max()}; }
  void be_callback() override { callback_ = true; }

  // --- the frame ------------------------------------------------------------------------------------------------

  At frame(int at) const override { return {reg(x86::rbp), at}; }
  At outgoing(int offset) const override { return {reg(x86::rsp), offset}; }
  void prologue(const Frame& frame) override {
    frame_ = frame;
    if (callback_) landing_pad();
    a_.push(x86::rbp);
    a_.mov(x86::rbp, x86::rsp);
    a_.push(x86::rbx);
    a_.push(x86::r12);
    if (callback_) a_.push(x86::r13);
    if (frame.below != 0) a_.sub(x86::rsp, frame.below);
    if (keeps_more()) save_kept();
  }
  void epilogue() override {
    if (frame_.below == 0) {
      a_.pop(x86::r12);
      a_.pop(x86::rbx);
      a_.pop(x86::rbp);
      return;
    }
    if (keeps_more()) restore_kept();
    a_.mov(x86::rbx, x86::ptr(x86::rbp, -8));
    a_.mov(x86::r12, x86::ptr(x86::rbp, -16));
    if (callback_) a_.mov(x86::r13, x86::ptr(x86::rbp, -24));
    a_.leave();
  }
  void ret() override { a_.ret(); }
  void lower_stack(int bytes) override { a_.sub(x86::rsp, bytes); }

  // --- control --------------------------------------------------------------------------------------------------

  Label label() override { return {a_.label().id()}; }
  void bind(Label label) override { a_.bind(at(label)); }
  void jump(Label to) override { a_.jmp(at(to)); }
  void jump(If condition, Label to) override {
    if (condition == If::equal) {
      a_.je(at(to));
    } else {
      a_.jne(at(to));
    }
  }
  void jump_zero(Reg value, int bytes, Label to) override {
    test(value, bytes);
    a_.jz(at(to));
  }
  void jump_nonzero(Reg value, int bytes, Label to) override {
    test(value, bytes);
    a_.jnz(at(to));
  }
  void jump_zero(At value, int bytes, Label to) override {
    a_.cmp(mem(value, bytes), 0);
    a_.je(at(to));
  }
  void jump_nonzero(At value, int bytes, Label to) override {
    a_.cmp(mem(value, bytes), 0);
    a_.jne(at(to));
  }
  void jump_to(const void* code) override { a_.jmp(imm(number(code))); }
  void jump_through(const void* cell) override {
    a_.mov(x86::rax, imm(number(cell)));
    a_.jmp(x86::qword_ptr(x86::rax));
  }
  void jump_through(At cell) override { a_.jmp(mem(cell, 8)); }
  void call(const void* function) override { a_.call(imm(number(function))); }
  void call_function(const void* function, int lift) override {
    before_call(lift);
    call(function);
    if (lift != 0) a_.sub(x86::rsp, lift);
  }
  void call_function(At function, int lift) override {
    before_call(lift);
    a_.call(mem(function, 8));
    if (lift != 0) a_.sub(x86::rsp, lift);
  }
  void trap() override { a_.ud2(); }
  void align(size_t bytes) override { a_.align(AlignMode::kCode, static_cast<uint32_t>(bytes)); }
  void landing_pad() override { a_.endbr64(); }
  void finish() override {}

  // --- integers -------------------------------------------------------------------------------------------------

  void move(Reg to, Reg from) override {
    if (to != from) a_.mov(gp(to), gp(from));
  }
  void move32(Reg to, Reg from) override {
    if (to != from) a_.mov(gp32(to), gp32(from));
  }
  void set(Reg to, int value) override { a_.mov(gp32(to), value); }
  void zero(Reg to) override { a_.xor_(gp32(to), gp32(to)); }
  void load_address(Reg to, const void* address) override { a_.mov(gp(to), imm(number(address))); }
  void address(Reg to, At of) override { a_.lea(gp(to), x86::ptr(gp(of.base), of.offset)); }
  void load(Reg to, At from) override { a_.mov(gp(to), mem(from, 8)); }
  void load(ThunkKind kind, Reg to, At from) override {
    switch (kind) {
      case ThunkKind::i8:
        a_.movsx(gp(to), mem(from, 1));
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.movzx(gp32(to), mem(from, 1));
        break;
      case ThunkKind::i16:
        a_.movsx(gp(to), mem(from, 2));
        break;
      case ThunkKind::u16:
        a_.movzx(gp32(to), mem(from, 2));
        break;
      case ThunkKind::i32:
        a_.movsxd(gp(to), mem(from, 4));
        break;
      case ThunkKind::u32:
        a_.mov(gp32(to), mem(from, 4));
        break;
      default:
        a_.mov(gp(to), mem(from, 8));
        break;
    }
  }
  void narrow(ThunkKind kind, Reg to, Reg from) override {
    switch (kind) {
      case ThunkKind::i8:
        a_.movsx(gp(to), gp(from).r8());
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.movzx(gp32(to), gp(from).r8());
        break;
      case ThunkKind::i16:
        a_.movsx(gp(to), gp(from).r16());
        break;
      case ThunkKind::u16:
        a_.movzx(gp32(to), gp(from).r16());
        break;
      case ThunkKind::i32:
        a_.movsxd(gp(to), gp32(from));
        break;
      case ThunkKind::u32:
        a_.mov(gp32(to), gp32(from));
        break;
      default:
        move(to, from);
        break;
    }
  }
  void store(At to, Reg from, int bytes) override { a_.mov(mem(to, bytes), sized(from, bytes)); }
  void store(At to, int value, int bytes) override { a_.mov(mem(to, bytes), value); }
  void add(Reg to, int value) override {
    if (value < 0) {
      a_.sub(gp(to), -value);
    } else {
      a_.add(gp(to), value);
    }
  }
  void add_to(At to, int value) override {
    if (value < 0) {
      a_.sub(mem(to, 8), -value);
    } else {
      a_.add(mem(to, 8), value);
    }
  }
  void count(At to, int by) override {
    if (by < 0) {
      a_.dec(mem(to, 4));
    } else {
      a_.inc(mem(to, 4));
    }
  }
  void subtract(Reg from, Reg what) override { a_.sub(gp(from), gp(what)); }
  void compare(Reg value, uint32_t with) override { a_.cmp(gp32(value), with); }
  void compare(Reg value, At with, int bytes) override { a_.cmp(sized(value, bytes), mem(with, bytes)); }
  void compare(At value, Reg with) override { a_.cmp(mem(value, 8), gp(with)); }
  void compare(At value, uint32_t with, int bytes) override { a_.cmp(mem(value, bytes), with); }
  void load_unless_fit(Reg to, At from, bool fits, Label to_label) override {
    a_.movsxd(gp(to), mem(from, 4));
    a_.cmp(gp(to), mem(from, 8));
    jump(fits ? If::equal : If::not_equal, to_label);
    if (fits) load(to, from);
  }
  void jump_if_fit(Reg value, bool fits, Label to) override {
    a_.movsxd(x86::rcx, gp32(value));
    a_.cmp(x86::rcx, gp(value));
    jump(fits ? If::equal : If::not_equal, to);
  }

  // --- numbers and booleans ---------------------------------------------------------------------------------------

  void move(Vec to, Vec from) override {
    if (to != from) a_.movaps(xmm(to), xmm(from));
  }
  void load(Vec to, At from, int bytes) override {
    if (bytes == 4) {
      a_.movss(xmm(to), mem(from, 4));
    } else {
      a_.movsd(xmm(to), mem(from, 8));
    }
  }
  void store(At to, Vec from, int bytes) override {
    if (bytes == 4) {
      a_.movss(mem(to, 4), xmm(from));
    } else {
      a_.movsd(mem(to, 8), xmm(from));
    }
  }
  void to_single(Vec value) override { a_.cvtsd2ss(xmm(value), xmm(value)); }
  void to_double(Vec value) override { a_.cvtss2sd(xmm(value), xmm(value)); }
  void to_double(Vec to, Reg from) override {
    a_.xorps(xmm(to), xmm(to));
    a_.cvtsi2sd(xmm(to), gp(from));
  }
  void to_double(Vec to, At from) override {
    a_.xorps(xmm(to), xmm(to));
    a_.cvtsi2sd(xmm(to), mem(from, 8));
  }
  // Beyond 2^63 cvttsd2si gives the lowest integer.
  void truncate(Vec from, Label beyond) override {
    a_.cvttsd2si(x86::rax, xmm(from));
    a_.cmp(x86::rax, 1);
    a_.jo(at(beyond));
  }
  void truncate(At from, Label beyond) override {
    a_.cvttsd2si(x86::rax, mem(from, 8));
    a_.cmp(x86::rax, 1);
    a_.jo(at(beyond));
  }
  void test(At from, int bytes) override {
    a_.cmp(mem(from, bytes), 0);
    a_.setne(x86::al);
  }
  // psABI 3.2.3: bits above the eighth are undefined.
  void test_result() override {
    a_.test(x86::al, x86::al);
    a_.setne(x86::al);
  }
  void widen_boolean() override { a_.movzx(x86::eax, x86::al); }
  void boolean_of_tag(At tag, uint8_t is_false, uint8_t is_true, Label unexpected) override {
    a_.movzx(x86::eax, mem(tag, 1));
    a_.or_(x86::eax, is_false ^ is_true);
    a_.cmp(x86::eax, is_false | is_true);
    a_.jne(at(unexpected));
    a_.movzx(x86::eax, mem(tag, 1));
    a_.cmp(x86::eax, is_true);
    a_.sete(x86::al);
    a_.movzx(x86::eax, x86::al);
  }
  // al ? is_true : is_false
  void store_tag_of_boolean(At tag, uint8_t is_false, uint8_t is_true) override {
    a_.neg(x86::eax);
    a_.and_(x86::eax, is_true ^ is_false);
    a_.xor_(x86::eax, is_false);
    a_.mov(mem(tag, 1), x86::al);
  }

  // --- tables, the stack, memory ----------------------------------------------------------------------------------

  void first_entry(uint32_t shift, uint32_t size) override {
    a_.mov(x86::eax, gp32(r.scratch));
    a_.shr(x86::eax, shift);
    a_.and_(x86::eax, size - 1);
  }
  void next_entry(uint32_t size) override {
    a_.inc(x86::eax);
    a_.and_(x86::eax, size - 1);
  }
  void compare_entry(uint32_t table) override { a_.cmp(entry(table), gp(r.scratch)); }
  void jump_empty_entry(uint32_t table, Label to) override {
    a_.cmp(entry(table), 0);
    a_.je(at(to));
  }
  void advance_top(At field, int bytes) override { a_.add(mem(field, 8), bytes); }
  void push(At field, const Slot& slot, Reg value) override {
    store(At{r.top}, value, 8);
    pushed(field, slot);
  }
  void push(At field, const Slot& slot, Vec value) override {
    store(At{r.top}, value, 8);
    pushed(field, slot);
  }
  // With rax and a vector register.
  void copy(At to, At from, uint64_t bytes) override {
    uint64_t done = 0;
    const x86::Xmm vector = xmm(r.scratch_vector);
    for (; bytes - done >= 16; done += 16) {
      a_.movups(vector, mem(from + static_cast<int64_t>(done), 16));
      a_.movups(mem(to + static_cast<int64_t>(done), 16), vector);
    }
    for (int step : {8, 4, 2, 1}) {
      const auto width = static_cast<uint64_t>(step);
      for (; bytes - done >= width; done += width) {
        a_.mov(sized(r.value, step), mem(from + static_cast<int64_t>(done), step));
        a_.mov(mem(to + static_cast<int64_t>(done), step), sized(r.value, step));
      }
    }
  }
  void clear(At to, int bytes) override {
    a_.xor_(x86::eax, x86::eax);
    for (int done = 0; done < bytes; done += 8) a_.mov(mem(to + done, 8), x86::rax);
  }
  // Where this code is called and calls by Microsoft's convention, rdi is nobody's to lose.
  void clear_at_pointer(At pointer, uint64_t bytes) override {
    const bool keep = theirs_.keeps_more && ours_.keeps_more;
    a_.xor_(x86::eax, x86::eax);
    if (keep) a_.mov(x86::r10, x86::rdi);
    a_.mov(x86::rdi, mem(pointer, 8));
    a_.mov(x86::rcx, imm(bytes));
    a_.rep().stosb();
    if (keep) a_.mov(x86::rdi, x86::r10);
  }

  // --- pieces of the plan -----------------------------------------------------------------------------------------

  bool loads_directly(const Piece& piece) const override {
    if (piece.where == Where::gpr) return piece.size == 8 || piece.size == 4 || piece.size == 2 || piece.size == 1;
    return piece.size == 16 || piece.size == 8 || piece.size == 4;
  }
  void load_piece(const Piece& piece, At value, bool whole) override {
    const At from = value + piece.value_offset;
    const int bytes = whole && piece.size < 8 ? 8 : static_cast<int>(piece.size);
    if (piece.where == Where::gpr) {
      load(bytes == 1   ? ThunkKind::u8
           : bytes == 2 ? ThunkKind::u16
           : bytes == 4 ? ThunkKind::u32
                        : ThunkKind::u64,
           theirs(piece.reg), from);
    } else if (bytes <= 8) {
      load(Vec{piece.reg}, from, bytes);
    } else {
      a_.movups(x86::xmm(piece.reg), mem(from, 16));
    }
  }
  void spill(const Piece& piece, At to) override {
    if (piece.where == Where::gpr) {
      store(to, theirs(piece.reg), 8);
    } else if (piece.size > 8) {
      a_.movups(mem(to, 16), x86::xmm(piece.reg));
    } else {
      a_.movsd(mem(to, 8), x86::xmm(piece.reg));
    }
  }
  void copy_to_general(const Piece& piece, Vec from) override { a_.movq(gp(theirs(piece.reg)), xmm(from)); }
  // psABI 3.2.3: INTEGER in rax, rdx; SSE in xmm0, xmm1; X87 in st0, st1; each class in order. Microsoft, "Return
  // values": rax or xmm0.
  void store_result(At to) override {
    for (const Piece& piece : plan_.result_pieces()) {
      const At at = to + piece.value_offset;
      if (piece.where == Where::gpr) {
        store(at, kResultGpr[piece.reg], 8);
      } else if (piece.where == Where::fpr) {
        spill(piece, at);
      } else {
        a_.fstp(mem(at, 10));  // pops: st1 becomes st0
      }
    }
  }
  void load_result(At from) override {
    const std::span<const Piece> pieces = plan_.result_pieces();
    for (size_t i = pieces.size(); i-- > 0;) {  // x87: st1 before st0
      const At at = from + pieces[i].value_offset;
      if (pieces[i].where == Where::gpr) {
        load(kResultGpr[pieces[i].reg], at);
      } else if (pieces[i].where == Where::fpr) {
        load_piece(pieces[i], from, true);
      } else {
        a_.fld(mem(at, 10));
      }
    }
  }
  void zero_result() override {
    if (plan_.result.in_memory) {
      const Reg to = theirs(plan_.memory_reg);
      if (theirs_.keeps_more) a_.mov(x86::r10, x86::rdi);
      a_.mov(x86::rdx, gp(to));
      move(kRdi, to);
      a_.mov(x86::rcx, imm(plan_.result.size));
      a_.xor_(x86::eax, x86::eax);
      a_.rep().stosb();
      if (theirs_.keeps_more) a_.mov(x86::rdi, x86::r10);
      a_.mov(x86::rax, x86::rdx);
      return;
    }
    for (const Piece& piece : plan_.result_pieces()) {
      if (piece.where == Where::x87) a_.fldz();
    }
    a_.xor_(x86::eax, x86::eax);
    a_.xor_(x86::edx, x86::edx);
    a_.xorps(x86::xmm0, x86::xmm0);
    a_.xorps(x86::xmm1, x86::xmm1);
  }
  // psABI 3.2.3, Microsoft, "Return values": it comes back in rax.
  void return_address(At from) override { load(r.result, from); }

  // --- the thread -------------------------------------------------------------------------------------------------

  void load_thread(Reg to) override { a_.mov(gp(to), in_thread(host_.thread_offset, 8)); }
  void load_errno(Reg to) override { a_.mov(gp32(to), in_thread(host_.errno_offset, 4)); }
  void store_errno(Reg from) override { a_.mov(in_thread(host_.errno_offset, 4), gp32(from)); }
  void claim(At caller, At owner) override {
    load_thread(r.value);
    store(owner, r.value, 8);
    store(caller, r.L, 8);
  }
  void load_before(Reg to, At from) override { load(to, from); }

 private:
  static constexpr Reg kRdi{7};
  static constexpr Reg kResultGpr[] = {{0}, {2}};  // rax, rdx

  // fs:0 holds its own address (ELF TLS ABI, x86-64); errno lies in the initial TLS block, at the same distance in
  // every thread.
  x86::Mem in_thread(int64_t offset, uint32_t bytes) const {
    return x86::in_segment(host_.thread_segment == ThreadSegment::gs ? x86::gs : x86::fs, offset, bytes);
  }
  // Where the frame has a place for rdi, rsi and xmm6-15.
  void save_kept() {
    a_.mov(x86::ptr(x86::rbp, frame_.kept_at), x86::rdi);
    a_.mov(x86::ptr(x86::rbp, frame_.kept_at - 8), x86::rsi);
    for (int i = 0; i < kKeptVectors; ++i) a_.movaps(kept_vector_at(i), kept_vector(i));
  }
  void restore_kept() {
    for (int i = 0; i < kKeptVectors; ++i) a_.movaps(kept_vector(i), kept_vector_at(i));
    a_.mov(x86::rsi, x86::ptr(x86::rbp, frame_.kept_at - 8));
    a_.mov(x86::rdi, x86::ptr(x86::rbp, frame_.kept_at));
  }
  static x86::Xmm kept_vector(int i) { return x86::xmm(static_cast<uint32_t>(kFirstKeptVector + i)); }
  x86::Mem kept_vector_at(int i) const { return x86::ptr(x86::rbp, frame_.vectors_at + i * 16); }
  bool keeps_more() const { return callback_ ? keeps_more_than(theirs_, ours_) : keeps_more_than(ours_, theirs_); }
  void pushed(At field, const Slot& slot) {
    store(At{r.top, slot.tag_at}, slot.tag, slot.tag_bytes);
    advance_top(field, slot.bytes);
  }
  static x86::Gp sized(Reg reg, int bytes) {
    const x86::Gp whole = gp(reg);
    if (bytes == 8) return whole;
    if (bytes == 4) return whole.r32();
    if (bytes == 2) return whole.r16();
    return whole.r8();
  }
  void test(Reg value, int bytes) { a_.test(sized(value, bytes), sized(value, bytes)); }
  x86::Mem entry(uint32_t table) const { return x86::Mem(gp(r.state), x86::rax, 3, static_cast<int32_t>(table), 8); }
  void before_call(int lift) {
    if (plan_.variadic && theirs_.counts_vectors) a_.mov(x86::eax, plan_.fpr_used);
    if (lift != 0) a_.add(x86::rsp, lift);
  }

  x86::Assembler a_;
  const ThunkHost& host_;
  const abi::CallPlan& plan_;
  const Convention& ours_;
  const Convention& theirs_;
  Frame frame_;
  bool callback_ = false;
};

bool knows(abi::Abi convention) {
  return convention == abi::Abi::sysv_x64 || convention == abi::Abi::win_x64;
}

bool fits(const abi::CallPlan& plan) {
  uint64_t bytes = plan.stack_bytes;
  for (const abi::ArgPlan& arg : plan.args) {
    if (bytes <= kMaxThunkStack && arg.by_reference) bytes += arg.size;
  }
  return bytes <= kMaxThunkStack;
}

std::unique_ptr<Machine> make(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan) {
  return std::make_unique<X64Machine>(encoder, host, plan);
}

FrameShape thunk_shape(const ThunkHost& host, const abi::CallPlan& plan) {
  FrameShape shape = kThunkShape;
  shape.rdi_rsi = keeps_more_than(convention(host.convention), convention(plan.abi));
  return shape;
}
FrameShape callback_shape(const ThunkHost& host, const abi::CallPlan& plan) {
  return {.saved = 3,
          .lands_exceptions = false,
          .rdi_rsi = keeps_more_than(convention(plan.abi), convention(host.convention))};
}

}  // namespace

}  // namespace x64

const Emitter kX64Emitter = {
    .arch = Arch::x86_64,
    .knows = x64::knows,
    .argument_align = 16,
    .result_align = 16,
    .fits = x64::fits,
    .machine = x64::make,
    .thunk_shape = x64::thunk_shape,
    .callback_shape = x64::callback_shape,
};

}  // namespace ferry::call
