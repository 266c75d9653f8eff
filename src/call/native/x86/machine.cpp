// i386 as a Machine, by the psABI of System V and by its stdcall, fastcall and thiscall. Arguments lie on the stack:
// the registers of Machine::ours() are places, where they are written in the outgoing area, where they are read in the
// caller's. Needs SSE3 (processor.cpp): for fisttp, and to copy records.
#include <limits>

#include "call/native/asmjit.h"
#include "call/native/emit.h"

namespace ferry::call {

namespace x86_32 {

namespace {

using abi::Piece;
using abi::Where;

constexpr int kWord = 4;
constexpr int kSaved = 3;            // ebx, esi, edi
constexpr uint8_t kFirstPlace = 16;  // Reg and Vec from here on: the word of that number among arguments
constexpr size_t kMostOurs = 6;      // lua_pcallk
constexpr int kHomeSpace = 16;       // of which thunks' calls of ours take no more than four words

bool is_place(Reg reg) {
  return reg.number >= kFirstPlace;
}
bool is_place(Vec vec) {
  return vec.number >= kFirstPlace;
}
x86::Gp gp(Reg reg) {
  return x86::gpd(reg.number);
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
// Code for another host may name addresses that are none here.
int64_t number(const void* address) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(address) & 0xffffffff);
}

// ebx: L; esi: State; edi: what is scratch in thunks, CallbackData in callbacks; esp: the outgoing area. A value of 64
// bits is eax with edx above it. Numbers are in st(0), which is empty but from what loads a number to what takes it.
class X86Machine final : public Machine {
 public:
  X86Machine(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan)
      : a_(encoder.code()), host_(host), plan_(plan) {
    word = kWord;
    r.L = reg(x86::ebx);
    r.state = reg(x86::esi);
    r.data = r.scratch = r.top = reg(x86::edi);
    r.value = r.result = r.slot = reg(x86::eax);
    r.base = r.spare = reg(x86::ecx);
  }

  Reg ours(size_t i) const override { return {static_cast<uint8_t>(kFirstPlace + i)}; }
  size_t our_count() const override { return kMostOurs; }
  Vec our_double(size_t i) const override { return {static_cast<uint8_t>(kFirstPlace + i)}; }
  Reg theirs(size_t i) const override { return i == 0 ? reg(x86::ecx) : reg(x86::edx); }
  Vec their_vector(size_t) const override { return {}; }
  int our_home_space() const override { return kHomeSpace; }
  int their_home_space() const override { return 0; }
  int kept_vector_bytes() const override { return 0; }
  bool uses_argument_registers() const override { return true; }
  Reg aside(size_t) const override { return reg(x86::edx); }
  CallbackFrame callback_frame() const override { return {-48, -96, 32, std::numeric_limits<int>::max()}; }
  void be_callback() override {
    callback_ = true;
    r.top = reg(x86::ecx);  // edi is CallbackData; the base is not used before the row is written
  }

  // --- the frame ------------------------------------------------------------------------------------------------

  At frame(int at) const override { return {reg(x86::ebp), at}; }
  At outgoing(int offset) const override { return {reg(x86::esp), offset}; }
  // Whoever calls may have been compiled for a stack that is aligned to words.
  void prologue(const Frame& frame) override {
    if (callback_) landing_pad();
    a_.push(x86::ebp);
    a_.mov(x86::ebp, x86::esp);
    a_.push(x86::ebx);
    a_.push(x86::esi);
    a_.push(x86::edi);
    a_.sub(x86::esp, frame.below + 8 * frame.saved - kWord * kSaved);
    a_.and_(x86::esp, -16);
  }
  void epilogue() override {
    a_.mov(x86::ebx, x86::dword_ptr(x86::ebp, -4));
    a_.mov(x86::esi, x86::dword_ptr(x86::ebp, -8));
    a_.mov(x86::edi, x86::dword_ptr(x86::ebp, -12));
    a_.leave();
  }
  void ret() override {
    if (callback_ && plan_.callee_pops != 0) {
      a_.ret(imm(plan_.callee_pops));
    } else {
      a_.ret();
    }
  }
  void lower_stack(int bytes) override { a_.sub(x86::esp, bytes); }
  void pass_on(size_t i) override { store(outgoing(static_cast<int>(i) * kWord), r.L, kWord); }

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
    a_.test(sized(value, bytes), sized(value, bytes));
    a_.jz(at(to));
  }
  void jump_nonzero(Reg value, int bytes, Label to) override {
    a_.test(sized(value, bytes), sized(value, bytes));
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
  void jump_to(const void* code) override { a_.jmp(imm(reinterpret_cast<uintptr_t>(code))); }
  void jump_through(const void* cell) override { a_.jmp(x86::ptr_abs(reinterpret_cast<uintptr_t>(cell), kWord)); }
  void jump_through(At cell) override { a_.jmp(mem(cell, kWord)); }
  void call(const void* function) override { a_.call(imm(reinterpret_cast<uintptr_t>(function))); }
  void call_function(const void* function, int lift) override {
    if (lift != 0) a_.add(x86::esp, lift);
    call(function);
    called(lift);
  }
  void call_function(At function, int lift) override {
    if (lift != 0) a_.add(x86::esp, lift);
    a_.call(mem(function, kWord));
    called(lift);
  }
  void trap() override { a_.ud2(); }
  void align(size_t bytes) override { a_.align(AlignMode::kCode, static_cast<uint32_t>(bytes)); }
  void landing_pad() override { a_.endbr32(); }
  void finish() override {}

  // --- integers -------------------------------------------------------------------------------------------------

  // The first of our arguments comes in its place; a value that goes to one may have 64 bits.
  void move(Reg to, Reg from) override {
    if (to == from) return;
    if (is_place(from)) {
      a_.mov(gp(to), mem(incoming(from), kWord));
    } else if (is_place(to)) {
      store(place(to), from, from == r.value ? 8 : kWord);
    } else {
      a_.mov(gp(to), gp(from));
    }
  }
  void move32(Reg to, Reg from) override { move(to, from); }
  void set(Reg to, int value) override {
    if (is_place(to)) {
      a_.mov(mem(place(to), kWord), value);
    } else {
      a_.mov(gp(to), value);
    }
  }
  void zero(Reg to) override {
    if (is_place(to)) {
      a_.mov(mem(place(to), kWord), 0);
    } else {
      a_.xor_(gp(to), gp(to));
    }
  }
  void load_address(Reg to, const void* address) override {
    if (is_place(to)) {
      a_.mov(mem(place(to), kWord), imm(number(address)));
    } else {
      a_.mov(gp(to), imm(number(address)));
    }
  }
  void address(Reg to, At of) override {
    const Reg in = is_place(to) ? r.value : to;
    a_.lea(gp(in), mem(of, 0));
    if (in != to) a_.mov(mem(place(to), kWord), gp(in));
  }
  void load(Reg to, At from) override {
    const Reg in = is_place(to) ? r.value : to;
    a_.mov(gp(in), mem(from, kWord));
    if (in != to) a_.mov(mem(place(to), kWord), gp(in));
  }
  void load(ThunkKind kind, Reg to, At from) override {
    if (is_place(to)) {
      load(kind, r.value, from);
      extend(kind);
      store(place(to), r.value, 8);
      return;
    }
    switch (kind) {
      case ThunkKind::i8:
        a_.movsx(gp(to), mem(from, 1));
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.movzx(gp(to), mem(from, 1));
        break;
      case ThunkKind::i16:
        a_.movsx(gp(to), mem(from, 2));
        break;
      case ThunkKind::u16:
        a_.movzx(gp(to), mem(from, 2));
        break;
      case ThunkKind::i64:
      case ThunkKind::u64:
        if (from.base == r.value) {
          a_.mov(x86::edx, mem(from + kWord, kWord));
          a_.mov(x86::eax, mem(from, kWord));
        } else {
          a_.mov(x86::eax, mem(from, kWord));
          a_.mov(x86::edx, mem(from + kWord, kWord));
        }
        break;
      default:
        a_.mov(gp(to), mem(from, kWord));
        break;
    }
  }
  void narrow(ThunkKind kind, Reg to, Reg from) override {
    const Reg in = is_place(to) ? r.value : to;
    switch (kind) {
      case ThunkKind::i8:
        a_.movsx(gp(in), sized(from, 1));
        break;
      case ThunkKind::u8:
      case ThunkKind::boolean:
        a_.movzx(gp(in), sized(from, 1));
        break;
      case ThunkKind::i16:
        a_.movsx(gp(in), sized(from, 2));
        break;
      case ThunkKind::u16:
        a_.movzx(gp(in), sized(from, 2));
        break;
      default:
        move(in, from);
        break;
    }
    if (in != to) a_.mov(mem(place(to), kWord), gp(in));
  }
  void extend(ThunkKind kind) override {
    switch (kind) {
      case ThunkKind::i8:
      case ThunkKind::i16:
      case ThunkKind::i32:
        a_.cdq();
        break;
      case ThunkKind::i64:
      case ThunkKind::u64:
        break;
      default:
        a_.xor_(x86::edx, x86::edx);
        break;
    }
  }
  // Of 8 bytes: the value.
  void store(At to, Reg from, int bytes) override {
    if (is_place(from)) {
      load(r.value, incoming(from));
      from = r.value;
    }
    a_.mov(mem(to, bytes == 8 ? kWord : bytes), sized(from, bytes == 8 ? kWord : bytes));
    if (bytes == 8) a_.mov(mem(to + kWord, kWord), x86::edx);
  }
  void store(At to, int value, int bytes) override {
    if (bytes == 8) {
      store(to + kWord, value < 0 ? -1 : 0, kWord);
      bytes = kWord;
    }
    a_.mov(mem(to, bytes), value);
  }
  void add(Reg to, int value) override {
    if (value < 0) {
      a_.sub(gp(to), -value);
    } else {
      a_.add(gp(to), value);
    }
  }
  void add_to(At to, int value) override {
    if (value < 0) {
      a_.sub(mem(to, kWord), -value);
    } else {
      a_.add(mem(to, kWord), value);
    }
  }
  void count(At to, int by) override {
    if (by < 0) {
      a_.dec(mem(to, kWord));
    } else {
      a_.inc(mem(to, kWord));
    }
  }
  void subtract(Reg from, Reg what) override { a_.sub(gp(from), gp(what)); }
  void compare(Reg value, uint32_t with) override { a_.cmp(gp(value), static_cast<int32_t>(with)); }
  void compare(Reg value, At with, int bytes) override { a_.cmp(sized(value, bytes), mem(with, bytes)); }
  void compare(At value, Reg with) override { a_.cmp(mem(value, kWord), gp(with)); }
  void compare(At value, uint32_t with, int bytes) override { a_.cmp(mem(value, bytes), static_cast<int32_t>(with)); }
  void load_unless_fit(Reg, At from, bool fits, Label to_label) override {
    a_.mov(x86::eax, mem(from, kWord));
    a_.cdq();
    a_.cmp(x86::edx, mem(from + kWord, kWord));
    jump(fits ? If::equal : If::not_equal, to_label);
    if (fits) a_.mov(x86::edx, mem(from + kWord, kWord));
  }
  void jump_if_fit(Reg value, bool fits, Label to) override {
    a_.mov(x86::ecx, gp(value));
    a_.sar(x86::ecx, 31);
    a_.cmp(x86::ecx, x86::edx);
    jump(fits ? If::equal : If::not_equal, to);
  }

  // --- numbers and booleans ---------------------------------------------------------------------------------------

  void move(Vec to, Vec) override {
    if (is_place(to)) a_.fstp(mem(place(to), 8));
  }
  void load(Vec, At from, int bytes) override { a_.fld(mem(from, bytes)); }
  void store(At to, Vec, int bytes) override { a_.fstp(mem(to, bytes)); }
  // Of the double, as everywhere else, of which st(0) may have more bits.
  void to_single(Vec) override {
    a_.sub(x86::esp, 8);
    a_.fstp(x86::qword_ptr(x86::esp));
    a_.fld(x86::qword_ptr(x86::esp));
    a_.add(x86::esp, 8);
  }
  // A result may have more bits than a float. Arguments are not, or not any more, in the outgoing area.
  void to_double(Vec) override {
    a_.fstp(x86::dword_ptr(x86::esp));
    a_.fld(x86::dword_ptr(x86::esp));
  }
  void to_double(Vec to, Reg) override {
    a_.push(x86::edx);
    a_.push(x86::eax);
    a_.fild(x86::qword_ptr(x86::esp));
    a_.add(x86::esp, 8);
    move(to, Vec{});
  }
  // Whoever takes it rounds it to a double.
  void to_double(Vec, At from) override { a_.fild(mem(from, 8)); }
  // Beyond 2^63 fisttp gives the lowest integer, with whose upper half all that have it go.
  void truncate(Vec, Label beyond) override {
    a_.sub(x86::esp, 8);
    a_.fisttp(x86::qword_ptr(x86::esp));
    a_.pop(x86::eax);
    a_.pop(x86::edx);
    a_.cmp(x86::edx, 1);
    a_.jo(at(beyond));
  }
  void truncate(At from, Label beyond) override {
    a_.fld(mem(from, 8));
    truncate(Vec{}, beyond);
  }
  void test(At from, int bytes) override {
    a_.cmp(mem(from, bytes), 0);
    a_.setne(x86::al);
  }
  // psABI 2.1: a _Bool has eight bits; what is above them in a register is not said.
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
    a_.mov(x86::eax, gp(r.scratch));
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
  void advance_top(At field, int bytes) override { a_.add(mem(field, kWord), bytes); }
  void push(At field, const Slot& slot, Reg value) override {
    store(At{r.top}, value, 8);
    pushed(field, slot);
  }
  void push(At field, const Slot& slot, Vec value) override {
    store(At{r.top}, value, 8);
    pushed(field, slot);
  }
  // With eax and a vector register, which carries nothing in any of these conventions.
  void copy(At to, At from, uint64_t bytes) override {
    uint64_t done = 0;
    for (; bytes - done >= 16; done += 16) {
      a_.movups(x86::xmm0, mem(from + static_cast<int64_t>(done), 16));
      a_.movups(mem(to + static_cast<int64_t>(done), 16), x86::xmm0);
    }
    for (int step : {4, 2, 1}) {
      const auto width = static_cast<uint64_t>(step);
      for (; bytes - done >= width; done += width) {
        a_.mov(sized(r.value, step), mem(from + static_cast<int64_t>(done), step));
        a_.mov(mem(to + static_cast<int64_t>(done), step), sized(r.value, step));
      }
    }
  }
  void copy_value(At to, At from) override { copy(to, from, 8); }
  void clear(At to, int bytes) override {
    a_.xor_(x86::eax, x86::eax);
    for (int done = 0; done < bytes; done += kWord) a_.mov(mem(to + done, kWord), x86::eax);
  }
  void clear_at_pointer(At pointer, uint64_t bytes) override {
    a_.push(x86::edi);
    a_.mov(x86::edi, mem(pointer, kWord));
    clear_at_edi(bytes);
  }

  // --- pieces of the plan -----------------------------------------------------------------------------------------

  bool loads_directly(const Piece&) const override { return true; }
  // Words only are in registers, extended where they wait.
  void load_piece(const Piece& piece, At value, bool) override { load(theirs(piece.reg), value); }
  void spill(const Piece& piece, At to) override { store(to, theirs(piece.reg), kWord); }
  void copy_to_general(const Piece&, Vec) override {}
  // psABI 2.2.3: eax, and edx above it; st(0), whatever its size. The memory has whole eightbytes.
  void store_result(At to) override {
    const std::span<const Piece> pieces = plan_.result_pieces();
    if (pieces.empty()) return;
    if (pieces[0].where == Where::x87) {
      a_.fstp(mem(to, static_cast<int>(pieces[0].size)));
      return;
    }
    store(to, r.result, kWord);
    if (pieces.size() == 1) {
      store(to + kWord, 0, kWord);
    } else {
      a_.mov(mem(to + kWord, kWord), x86::edx);
    }
  }
  void load_result(At from) override {
    const std::span<const Piece> pieces = plan_.result_pieces();
    if (pieces.empty()) return;
    if (pieces[0].where == Where::x87) {
      a_.fld(mem(from, static_cast<int>(pieces[0].size)));
    } else {
      load(ThunkKind::u64, r.result, from);
    }
  }
  void zero_result() override {
    if (plan_.result.in_memory) {
      a_.push(x86::edi);
      if (plan_.memory_on_stack) {
        a_.mov(x86::edi, x86::dword_ptr(x86::esp, 8));
      } else {
        a_.mov(x86::edi, gp(theirs(plan_.memory_reg)));
      }
      a_.mov(x86::edx, x86::edi);
      clear_at_edi(plan_.result.size);
      a_.mov(x86::eax, x86::edx);
      return;
    }
    for (const Piece& piece : plan_.result_pieces()) {
      if (piece.where == Where::x87) a_.fldz();
    }
    a_.xor_(x86::eax, x86::eax);
    a_.xor_(x86::edx, x86::edx);
  }
  // psABI 2.2.3: it comes back in eax.
  void return_address(At from) override { load(r.result, from); }

  // --- the thread -------------------------------------------------------------------------------------------------

  void load_thread(Reg to) override { a_.mov(gp(to), in_thread(host_.thread_offset)); }
  void load_errno(Reg to) override { a_.mov(gp(to), in_thread(host_.errno_offset)); }
  void store_errno(Reg from) override { a_.mov(in_thread(host_.errno_offset), gp(from)); }
  void claim(At caller, At owner) override {
    load_thread(r.value);
    store(owner, r.value, kWord);
    store(caller, r.L, kWord);
  }
  void load_before(Reg to, At from) override { load(to, from); }

 private:
  At place(Reg argument) const { return outgoing((argument.number - kFirstPlace) * kWord); }
  At place(Vec argument) const { return outgoing((argument.number - kFirstPlace) * kWord); }
  // Behind the caller's ebp and the return address.
  At incoming(Reg argument) const { return frame(2 * kWord + (argument.number - kFirstPlace) * kWord); }
  // gs:0 holds its own address (ELF TLS ABI, i386).
  x86::Mem in_thread(int64_t offset) const {
    return x86::in_segment(x86::gs, static_cast<int64_t>(static_cast<uint32_t>(offset)), kWord);
  }
  // The stack pointer goes back to where it was: the callee may have removed arguments.
  void called(int lift) {
    const int popped = lift + static_cast<int>(plan_.callee_pops);
    if (popped != 0) a_.sub(x86::esp, popped);
  }
  // edi has been pushed.
  void clear_at_edi(uint64_t bytes) {
    a_.mov(x86::ecx, imm(bytes));
    a_.xor_(x86::eax, x86::eax);
    a_.rep().stosb();
    a_.pop(x86::edi);
  }
  void pushed(At field, const Slot& slot) {
    store(At{r.top, slot.tag_at}, slot.tag, slot.tag_bytes);
    advance_top(field, slot.bytes);
  }
  static x86::Gp sized(Reg reg, int bytes) {
    const x86::Gp whole = gp(reg);
    if (bytes == 2) return whole.r16();
    if (bytes == 1) return whole.r8();
    return whole;
  }
  x86::Mem entry(uint32_t table) const {
    return x86::Mem(gp(r.state), x86::eax, 2, static_cast<int32_t>(table), kWord);
  }

  x86::Assembler a_;
  const ThunkHost& host_;
  const abi::CallPlan& plan_;
  bool callback_ = false;
};

bool knows(abi::Abi convention) {
  return convention == abi::Abi::i386_cdecl || convention == abi::Abi::i386_stdcall ||
         convention == abi::Abi::i386_fastcall || convention == abi::Abi::i386_thiscall;
}

bool fits(const abi::CallPlan& plan) {
  return plan.stack_bytes <= kMaxThunkStack;
}

std::unique_ptr<Machine> make(Encoder& encoder, const ThunkHost& host, const abi::CallPlan& plan) {
  return std::make_unique<X86Machine>(encoder, host, plan);
}

FrameShape thunk_shape(const ThunkHost&, const abi::CallPlan&) {
  return {.saved = kSaved, .lands_exceptions = true};
}
FrameShape callback_shape(const ThunkHost&, const abi::CallPlan&) {
  return {.saved = kSaved, .lands_exceptions = false};
}

}  // namespace

}  // namespace x86_32

const Emitter kX86Emitter = {
    .arch = Arch::i386,
    .knows = x86_32::knows,
    .argument_align = UINT32_MAX,  // the stack has the alignment that counts
    .result_align = 8,             // a result that callees may store by aligned moves would lie in a frame of words
    .fits = x86_32::fits,
    .machine = x86_32::make,
    .thunk_shape = x86_32::thunk_shape,
    .callback_shape = x86_32::callback_shape,
};

}  // namespace ferry::call
