// How x86-64 thunks reach the Lua stack: through the public API, or directly where the State's layout is known.
#include "call/native/x64/emitter.h"

namespace ferry::call::x64 {

using asmjit::imm;

void narrow(x86::Assembler& a, ThunkKind kind, const x86::Gp& to, const x86::Gp& from) {
  switch (kind) {
    case ThunkKind::i8:
      a.movsx(to, from.r8());
      break;
    case ThunkKind::u8:
    case ThunkKind::boolean:
      a.movzx(to.r32(), from.r8());
      break;
    case ThunkKind::i16:
      a.movsx(to, from.r16());
      break;
    case ThunkKind::u16:
      a.movzx(to.r32(), from.r16());
      break;
    case ThunkKind::i32:
      a.movsxd(to, from.r32());
      break;
    case ThunkKind::u32:
      a.mov(to.r32(), from.r32());
      break;
    default:
      if (to.id() != from.id()) a.mov(to.r64(), from.r64());
      break;
  }
}

void call(x86::Assembler& a, const void* function) {
  a.call(imm(reinterpret_cast<uint64_t>(function)));
}

namespace {

// --- the public API -------------------------------------------------------------------------------------------

class ApiStack final : public StackAccess {
 public:
  ApiStack(x86::Assembler& a, OutOfLine& cold, const ThunkHost& host)
      : a_(a), cold_(cold), host_(host), ours_(convention(host.convention)) {}

  bool calls() const override { return true; }
  void registers_lost() override {}

  void check_count(int first, int n, const Label& unexpected) override {
    a_.mov(ours_.gpr[0], kL);
    call(a_, api().gettop);
    a_.cmp(x86::eax, first - 1 + n);
    a_.jne(unexpected);
  }

  void check_record(const void* record, const Label& unexpected) override {
    call(a_, api().gettop);
    a_.mov(kScratch, imm(reinterpret_cast<uint64_t>(record)));
    a_.cmp(x86::eax, x86::dword_ptr(kScratch, static_cast<int32_t>(host_.offsets.record_expected)));
    a_.jne(unexpected);
    a_.mov(kState, x86::ptr(kScratch, static_cast<int32_t>(host_.offsets.record_state)));
  }

  // Integers are asked for first: on 5.3+ that is exact beyond 2^53. Other numbers are truncated.
  void integer(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) override {
    if (api().tointegerx == nullptr) {
      expect(index, api().type_number, unexpected);
      truncate(index, kind, to, unexpected);
      return;
    }
    Label other = a_.newLabel(), done = a_.newLabel();
    expect_integer(index);
    a_.jz(other);
    at(index);
    a_.xor_(ours_.gpr[2].r32(), ours_.gpr[2].r32());
    call(a_, api().tointegerx);
    narrow(a_, kind, to, x86::rax);
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(other);
      expect(index, api().type_number, unexpected);
      truncate(index, kind, to, unexpected);
      a_.jmp(done);
    });
  }

  void number(int index, const x86::Xmm& to, const Label& unexpected) override {
    expect(index, api().type_number, unexpected);
    to_number(index);
    if (to.id() != 0) a_.movaps(to, x86::xmm0);
  }

  void exact_integer(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) override {
    expect_integer(index);
    a_.jz(unexpected);
    at(index);
    a_.xor_(ours_.gpr[2].r32(), ours_.gpr[2].r32());
    call(a_, api().tointegerx);
    a_.movsxd(x86::rcx, x86::eax);
    a_.cmp(x86::rcx, x86::rax);
    fits(kind, unexpected);
    if (to.id() != x86::rax.id()) a_.mov(to, x86::rax);
  }
  void exact_number(int index, const x86::Xmm& to, const Label& unexpected) override {
    if (api().isinteger != nullptr) {
      expect_integer(index);
      a_.jnz(unexpected);
    }
    number(index, to, unexpected);
  }

  void boolean(int index, const Label& unexpected) override {
    expect(index, api().type_boolean, unexpected);
    at(index);
    call(a_, api().toboolean);
  }

  void load_kind(int index) override {
    at(index);
    call(a_, api().type);
  }
  uint8_t kind_code(LuaKind kind) const override {
    switch (kind) {
      case LuaKind::nil:
        return api().type_nil;
      case LuaKind::light:
        return api().type_light;
      case LuaKind::string:
        return api().type_string;
      default:
        return api().type_userdata;
    }
  }
  void cdata(int index, const Label& unexpected) override {
    a_.mov(ours_.gpr[0], kL);
    a_.mov(ours_.gpr[1], kState);
    a_.mov(ours_.gpr[2].r32(), index);
    call(a_, host_.helpers.cdata);
    a_.test(x86::rax, x86::rax);
    a_.jz(unexpected);
  }
  void string(int index) override {
    at(index);
    a_.xor_(ours_.gpr[2].r32(), ours_.gpr[2].r32());
    call(a_, api().tolstring);
  }
  void light(int index) override {
    at(index);
    call(a_, api().touserdata);
  }
  void function(int index) override {
    at(index);
    call(a_, api().topointer);
  }

  void look_at_top() override { top_ = true; }
  void push_value(const x86::Mem&, const x86::Mem&) override { a_.ud2(); }
  void begin_row() override {}
  void end_row() override {}

  void push_integer() override {
    a_.mov(ours_.gpr[0], kL);
    if (api().tointegerx != nullptr) {
      a_.mov(ours_.gpr[1], x86::rax);
      call(a_, api().pushinteger);
    } else {
      const x86::Xmm number = double_argument(ours_, 1);
      a_.xorps(number, number);
      a_.cvtsi2sd(number, x86::rax);
      call(a_, api().pushnumber);
    }
  }
  void push_number() override {
    a_.mov(ours_.gpr[0], kL);
    if (const x86::Xmm number = double_argument(ours_, 1); number.id() != 0) a_.movaps(number, x86::xmm0);
    call(a_, api().pushnumber);
  }
  void push_boolean() override {
    a_.mov(ours_.gpr[0], kL);
    a_.movzx(ours_.gpr[1].r32(), x86::al);
    call(a_, api().pushboolean);
  }

 private:
  const LuaApi& api() const { return host_.api; }
  void at(int index) {
    a_.mov(ours_.gpr[0], kL);
    a_.mov(ours_.gpr[1].r32(), top_ ? -1 : index);
  }
  void expect(int index, uint8_t type, const Label& unexpected) {
    load_kind(index);
    a_.cmp(x86::eax, type);
    a_.jne(unexpected);
  }
  // Flags: zero if it is none.
  void expect_integer(int index) {
    at(index);
    call(a_, api().isinteger);
    a_.test(x86::eax, x86::eax);
  }
  // After the comparison of a 64-bit integer with its lower half.
  void fits(ThunkKind kind, const Label& unexpected) {
    if (kind == ThunkKind::i32) {
      a_.jne(unexpected);
    } else {
      a_.je(unexpected);
    }
  }
  void to_number(int index) {
    at(index);
    a_.xor_(ours_.gpr[2].r32(), ours_.gpr[2].r32());  // lua_tonumberx: nobody wants to know
    call(a_, api().tonumber);
  }
  // Beyond 2^63 cvttsd2si gives the lowest integer; SEMANTICS has another answer, which the slow path knows.
  void truncate(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) {
    to_number(index);
    a_.cvttsd2si(x86::rax, x86::xmm0);
    a_.cmp(x86::rax, 1);
    a_.jo(unexpected);
    narrow(a_, kind, to, x86::rax);
  }

  x86::Assembler& a_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  const Convention& ours_;
  bool top_ = false;
};

// --- the Lua stack itself ---------------------------------------------------------------------------------------

class DirectStack final : public StackAccess {
 public:
  DirectStack(x86::Assembler& a, OutOfLine& cold, const ThunkHost& host)
      : a_(a), cold_(cold), host_(host), s_(host.stack) {}

  bool calls() const override { return false; }
  void registers_lost() override { based_ = false; }

  void check_count(int first, int n, const Label& unexpected) override {
    load_base();
    a_.lea(x86::rax, x86::ptr(kBase, first_at() + (first - 1 + n) * s_.slot));
    a_.cmp(x86::rax, x86::ptr(kL, s_.top));
    a_.jne(unexpected);
  }
  void check_record(const void* record, const Label& unexpected) override {
    a_.mov(x86::rax, imm(reinterpret_cast<uint64_t>(record)));
    load_base();
    a_.mov(kScratch, x86::ptr(kL, s_.top));
    a_.sub(kScratch, kBase);
    a_.cmp(kScratch, x86::ptr(x86::rax, static_cast<int32_t>(host_.offsets.record_expected)));
    a_.jne(unexpected);
    a_.mov(kState, x86::ptr(x86::rax, static_cast<int32_t>(host_.offsets.record_state)));
  }

  void integer(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) override {
    load_base();
    if (s_.tag_integer == 0) {
      cmp_tag(index, s_.tag_float);
      a_.jne(unexpected);
      truncate(index, kind, to, unexpected);
      return;
    }
    Label other = a_.newLabel(), done = a_.newLabel();
    cmp_tag(index, s_.tag_integer);
    a_.jne(other);
    load_narrow(index, kind, to);
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(other);
      cmp_tag(index, s_.tag_float);
      a_.jne(unexpected);
      truncate(index, kind, to, unexpected);
      a_.jmp(done);
    });
  }

  void number(int index, const x86::Xmm& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_float);
    if (s_.tag_integer == 0) {
      a_.jne(unexpected);
      a_.movsd(to, value(index, 8));
      return;
    }
    Label other = a_.newLabel(), done = a_.newLabel();
    a_.jne(other);
    a_.movsd(to, value(index, 8));
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(other);
      cmp_tag(index, s_.tag_integer);
      a_.jne(unexpected);
      a_.xorps(to, to);
      a_.cvtsi2sd(to, value(index, 8));
      a_.jmp(done);
    });
  }

  void exact_integer(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_integer);
    a_.jne(unexpected);
    a_.movsxd(to, value(index, 4));
    a_.cmp(to, value(index, 8));
    if (kind == ThunkKind::i32) {
      a_.jne(unexpected);
    } else {
      a_.je(unexpected);
      a_.mov(to, value(index, 8));
    }
  }
  void exact_number(int index, const x86::Xmm& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_float);
    a_.jne(unexpected);
    a_.movsd(to, value(index, 8));
  }

  void boolean(int index, const Label& unexpected) override {
    load_base();
    if (s_.tag_false == s_.tag_true) {
      cmp_tag(index, s_.tag_false);
      a_.jne(unexpected);
      a_.xor_(x86::eax, x86::eax);
      a_.cmp(value(index, 4), 0);
      a_.setne(x86::al);
      return;
    }
    // The tags differ in one bit.
    load_kind(index);
    a_.or_(x86::eax, s_.tag_false ^ s_.tag_true);
    a_.cmp(x86::eax, s_.tag_false | s_.tag_true);
    a_.jne(unexpected);
    load_kind(index);
    a_.cmp(x86::eax, s_.tag_true);
    a_.sete(x86::al);
    a_.movzx(x86::eax, x86::al);
  }

  void load_kind(int index) override {
    load_base();
    if (s_.tag_bytes == 1) {
      a_.movzx(x86::eax, tag(index));
    } else {
      a_.mov(x86::eax, tag(index));
    }
  }
  uint8_t kind_code(LuaKind kind) const override {
    switch (kind) {
      case LuaKind::nil:
        return s_.tag_nil;
      case LuaKind::light:
        return s_.tag_light;
      case LuaKind::string:
        return s_.tag_string;
      default:
        return s_.tag_userdata;
    }
  }

  // A userdata is a cdata if its metatable is in the State's cache (one that is not may be one still: slow), and has
  // the guard word.
  void cdata(int index, const Label& unexpected) override {
    const ThunkOffsets& o = host_.offsets;
    load_base();
    Label probe = a_.newLabel(), found = a_.newLabel();
    const x86::Mem slot(kState, x86::rax, 3, static_cast<int32_t>(o.metatables), 8);
    a_.mov(kScratch, value(index, 8));
    a_.mov(kScratch, x86::ptr(kScratch, s_.userdata_metatable));
    a_.mov(x86::eax, kScratch.r32());
    a_.shr(x86::eax, MetatableCache::kShift);
    a_.and_(x86::eax, MetatableCache::kSize - 1);
    a_.cmp(slot, kScratch);
    a_.jne(probe);
    a_.bind(found);
    a_.mov(kScratch, value(index, 8));
    cold_.add([=, this] {
      a_.bind(probe);
      a_.test(kScratch, kScratch);  // without a metatable: an empty entry would be equal to it
      a_.jz(unexpected);
      a_.cmp(slot, 0);
      a_.je(unexpected);
      a_.inc(x86::eax);
      a_.and_(x86::eax, MetatableCache::kSize - 1);
      a_.cmp(slot, kScratch);
      a_.jne(probe);
      a_.jmp(found);
    });
    if (s_.userdata_values == 0) {
      a_.lea(x86::rax, x86::ptr(kScratch, s_.userdata_block));
    } else {
      // The block lies behind the user values; cdata have none or one.
      Label valued = a_.newLabel(), done = a_.newLabel();
      a_.lea(x86::rax, x86::ptr(kScratch, s_.userdata_block));
      a_.cmp(x86::word_ptr(kScratch, s_.userdata_values), 0);
      a_.jne(valued);
      a_.bind(done);
      cold_.add([=, this] {
        a_.bind(valued);
        a_.cmp(x86::word_ptr(kScratch, s_.userdata_values), 1);
        a_.jne(unexpected);
        a_.lea(x86::rax, x86::ptr(kScratch, s_.userdata_block_1));
        a_.jmp(done);
      });
    }
    a_.cmp(x86::word_ptr(x86::rax, static_cast<int32_t>(o.cdata_guard)), o.guard);
    a_.jne(unexpected);
  }
  void string(int index) override {
    load_base();
    a_.mov(x86::rax, value(index, 8));
    a_.add(x86::rax, s_.string_bytes);
  }
  void light(int index) override {
    load_base();
    a_.mov(x86::rax, value(index, 8));
  }
  void function(int index) override { light(index); }

  void look_at_top() override {
    a_.mov(kBase, x86::ptr(kL, s_.top));
    a_.sub(kBase, s_.slot + first_at());
    based_ = true;
  }

  // The value first, then its tag, then the top: there is never a slot below the top that is half written.
  void push_integer() override {
    if (s_.tag_integer == 0) {
      a_.xorps(x86::xmm0, x86::xmm0);
      a_.cvtsi2sd(x86::xmm0, x86::rax);
      push_number();
      return;
    }
    next_slot();
    a_.mov(x86::qword_ptr(kScratch, row_), x86::rax);
    write_tag(s_.tag_integer);
    pushed();
  }
  void push_number() override {
    next_slot();
    a_.movsd(x86::qword_ptr(kScratch, row_), x86::xmm0);
    write_tag(s_.tag_float);
    pushed();
  }
  void push_boolean() override {
    next_slot();
    a_.movzx(x86::eax, x86::al);
    if (s_.tag_false == s_.tag_true) {
      a_.mov(x86::dword_ptr(kScratch, row_), x86::eax);
      write_tag(s_.tag_false);
    } else {  // tag = al ? true : false
      a_.neg(x86::eax);
      a_.and_(x86::eax, s_.tag_true ^ s_.tag_false);
      a_.xor_(x86::eax, s_.tag_false);
      a_.mov(x86::byte_ptr(kScratch, row_ + s_.tag), x86::al);
    }
    pushed();
  }
  void push_value(const x86::Mem& from, const x86::Mem& from_tag) override {
    next_slot();
    a_.mov(x86::rax, from);
    a_.mov(x86::qword_ptr(kScratch, row_), x86::rax);
    a_.movzx(x86::eax, from_tag);
    if (s_.tag_bytes == 1) {
      a_.mov(x86::byte_ptr(kScratch, row_ + s_.tag), x86::al);
    } else {
      a_.mov(x86::dword_ptr(kScratch, row_ + s_.tag), x86::eax);
    }
    pushed();
  }
  void begin_row() override {
    a_.mov(kScratch, x86::ptr(kL, s_.top));
    in_row_ = true;
    row_ = 0;
  }
  void end_row() override {
    if (row_ != 0) a_.add(x86::qword_ptr(kL, s_.top), row_);
    in_row_ = false;
    row_ = 0;
  }

 private:
  // 5.1: L->base, the first argument. 5.2+: L->ci->func, the slot before it.
  int first_at() const { return s_.base_is_field ? 0 : s_.slot; }
  void load_base() {
    if (based_) return;
    based_ = true;
    if (s_.base_is_field) {
      a_.mov(kBase, x86::ptr(kL, s_.base));
      return;
    }
    a_.mov(kBase, x86::ptr(kL, s_.call_info));
    a_.mov(kBase, x86::ptr(kBase, s_.function));
  }
  x86::Mem value(int index, uint32_t bytes) const { return x86::Mem(kBase, first_at() + (index - 1) * s_.slot, bytes); }
  x86::Mem tag(int index) const { return x86::Mem(kBase, first_at() + (index - 1) * s_.slot + s_.tag, s_.tag_bytes); }
  void cmp_tag(int index, uint8_t code) { a_.cmp(tag(index), code); }

  // Little-endian: a narrower integer is the value's first bytes.
  void load_narrow(int index, ThunkKind kind, const x86::Gp& to) {
    switch (kind) {
      case ThunkKind::i8:
        a_.movsx(to, value(index, 1));
        break;
      case ThunkKind::u8:
        a_.movzx(to.r32(), value(index, 1));
        break;
      case ThunkKind::i16:
        a_.movsx(to, value(index, 2));
        break;
      case ThunkKind::u16:
        a_.movzx(to.r32(), value(index, 2));
        break;
      case ThunkKind::i32:
        a_.movsxd(to, value(index, 4));
        break;
      case ThunkKind::u32:
        a_.mov(to.r32(), value(index, 4));
        break;
      default:
        a_.mov(to, value(index, 8));
        break;
    }
  }
  void truncate(int index, ThunkKind kind, const x86::Gp& to, const Label& unexpected) {
    a_.cvttsd2si(x86::rax, value(index, 8));
    a_.cmp(x86::rax, 1);
    a_.jo(unexpected);  // not in range: the slow path knows what it is
    narrow(a_, kind, to, x86::rax);
  }
  void next_slot() {
    if (!in_row_) a_.mov(kScratch, x86::ptr(kL, s_.top));
  }
  void write_tag(uint8_t code) {
    if (s_.tag_bytes == 1) {
      a_.mov(x86::byte_ptr(kScratch, row_ + s_.tag), code);
    } else {
      a_.mov(x86::dword_ptr(kScratch, row_ + s_.tag), code);
    }
  }
  void pushed() {
    if (in_row_) {
      row_ += s_.slot;
    } else {
      a_.add(x86::qword_ptr(kL, s_.top), s_.slot);
    }
  }

  x86::Assembler& a_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  const StackLayout& s_;
  bool based_ = false;
  bool in_row_ = false;
  int row_ = 0;  // bytes written above the top in this row
};

}  // namespace

std::unique_ptr<StackAccess> make_stack_access(x86::Assembler& a, OutOfLine& cold, const ThunkHost& host) {
  if (host.stack.valid) return std::make_unique<DirectStack>(a, cold, host);
  return std::make_unique<ApiStack>(a, cold, host);
}

}  // namespace ferry::call::x64
