// How AArch64 thunks reach the Lua stack: through the public API, or directly where the State's layout is known.
#include <bit>

#include "call/native/a64/emitter.h"

namespace ferry::call::a64 {

using arm::CondCode;
using asmjit::imm;

void narrow(arm::Assembler& a, ThunkKind kind, const Gp& to, const Gp& from) {
  switch (kind) {
    case ThunkKind::i8:
      a.sxtb(to.x(), from.w());
      break;
    case ThunkKind::u8:
    case ThunkKind::boolean:
      a.uxtb(to.w(), from.w());
      break;
    case ThunkKind::i16:
      a.sxth(to.x(), from.w());
      break;
    case ThunkKind::u16:
      a.uxth(to.w(), from.w());
      break;
    case ThunkKind::i32:
      a.sxtw(to.x(), from.w());
      break;
    case ThunkKind::u32:
      a.mov(to.w(), from.w());
      break;
    default:
      if (to.id() != from.id()) a.mov(to.x(), from.x());
      break;
  }
}

void load_narrow(arm::Assembler& a, ThunkKind kind, const Gp& to, const Mem& from) {
  switch (kind) {
    case ThunkKind::i8:
      a.ldrsb(to.x(), from);
      break;
    case ThunkKind::u8:
    case ThunkKind::boolean:
      a.ldrb(to.w(), from);
      break;
    case ThunkKind::i16:
      a.ldrsh(to.x(), from);
      break;
    case ThunkKind::u16:
      a.ldrh(to.w(), from);
      break;
    case ThunkKind::i32:
      a.ldrsw(to.x(), from);
      break;
    case ThunkKind::u32:
      a.ldr(to.w(), from);
      break;
    default:
      a.ldr(to.x(), from);
      break;
  }
}

void call(arm::Assembler& a, const void* function) {
  load_address(a, kTarget, function);
  a.blr(kTarget);
}

void load_thread_pointer(arm::Assembler& a) {
  a.mrs(kTemp, imm(uint32_t{arm::Predicate::SysReg::kTPIDR_EL0}));
}

void load_thread(arm::Assembler& a, const ThunkHost& host, const Gp& to) {
  load_thread_pointer(a);
  a.mov(kTemp2, host.thread_offset);
  a.add(to, kTemp, kTemp2);
}

Mem errno_at(arm::Assembler& a, const ThunkHost& host) {
  load_thread_pointer(a);
  if (host.errno_offset >= 0 && host.errno_offset < 4096 * 4 && host.errno_offset % 4 == 0) {
    return arm::ptr(kTemp, static_cast<int32_t>(host.errno_offset));
  }
  a.mov(kTemp2, host.errno_offset);
  return arm::ptr(kTemp, kTemp2);
}

namespace {

// Truncates `from` to a 64-bit integer. Beyond 2^63 (and for NaN) fcvtzs saturates; SEMANTICS has another answer, which
// the slow path knows.
void truncate(arm::Assembler& a, ThunkKind kind, const Gp& to, const Vec& from, const Label& unexpected) {
  const Vec bound = arm::v30, magnitude = arm::v29;
  a.mov(kTemp, uint64_t{0x43e0000000000000});  // 2^63
  a.fmov(bound.d(), kTemp);
  a.fabs(magnitude.d(), from.d());
  a.fcmp(magnitude.d(), bound.d());
  a.b_pl(unexpected);  // not less, or unordered
  a.fcvtzs(kValue, from.d());
  narrow(a, kind, to, kValue);
}

// Jumps unless a 64-bit integer is one that ThunkArg::exact means by `kind`.
void expect_fit(arm::Assembler& a, ThunkKind kind, const Gp& value, const Label& unexpected) {
  a.sxtw(kTemp, value.w());
  a.cmp(kTemp, value.x());
  if (kind == ThunkKind::i32) {
    a.b_ne(unexpected);
  } else {
    a.b_eq(unexpected);
  }
}

// --- the public API -------------------------------------------------------------------------------------------

class ApiStack final : public StackAccess {
 public:
  ApiStack(arm::Assembler& a, OutOfLine& cold, const ThunkHost& host) : a_(a), cold_(cold), host_(host) {}

  bool calls() const override { return true; }
  void registers_lost() override {}

  void check_count(int first, int n, const Label& unexpected) override {
    a_.mov(arm::x0, kL);
    call(a_, api().gettop);
    a_.cmp(arm::w0, first - 1 + n);
    a_.b_ne(unexpected);
  }

  // Integers are asked for first: on 5.3+ that is exact beyond 2^53. A float without an exact integer is truncated.
  void integer(int index, ThunkKind kind, const Gp& to, const Mem& scratch, const Label& unexpected) override {
    expect(index, api().type_number, unexpected);
    if (api().tointegerx == nullptr) {
      to_number(index);
      truncate(a_, kind, to, arm::v0, unexpected);
      return;
    }
    Label inexact = a_.newLabel(), done = a_.newLabel();
    at(index);
    a_.add(arm::x2, arm::GpX(scratch.baseId()), scratch.offsetLo32());
    call(a_, api().tointegerx);
    a_.ldr(kTemp.w(), scratch);
    a_.cbz(kTemp.w(), inexact);
    narrow(a_, kind, to, arm::x0);
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(inexact);
      to_number(index);
      truncate(a_, kind, to, arm::v0, unexpected);
      a_.b(done);
    });
  }

  void number(int index, const Vec& to, const Label& unexpected) override {
    expect(index, api().type_number, unexpected);
    to_number(index);
    if (to.id() != 0) a_.fmov(to.d(), arm::d0);
  }

  void exact_integer(int index, ThunkKind kind, const Gp& to, const Label& unexpected) override {
    call_isinteger(index);
    a_.cbz(arm::w0, unexpected);
    at(index);
    a_.mov(arm::x2, 0);
    call(a_, api().tointegerx);
    expect_fit(a_, kind, arm::x0, unexpected);
    if (to.id() != 0) a_.mov(to.x(), arm::x0);
  }
  void exact_number(int index, const Vec& to, const Label& unexpected) override {
    if (api().isinteger != nullptr) {
      call_isinteger(index);
      a_.cbnz(arm::w0, unexpected);
    }
    number(index, to, unexpected);
  }

  void boolean(int index, const Label& unexpected) override {
    expect(index, api().type_boolean, unexpected);
    at(index);
    call(a_, api().toboolean);
    a_.mov(kValue.w(), arm::w0);
  }

  void load_kind(int index) override {
    at(index);
    call(a_, api().type);
    a_.mov(kValue.w(), arm::w0);
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
    a_.mov(arm::x0, kL);
    a_.mov(arm::x1, kState);
    a_.mov(arm::w2, index);
    call(a_, host_.helpers.cdata);
    a_.mov(kValue, arm::x0);
    a_.cbz(kValue, unexpected);
  }
  void string(int index) override {
    at(index);
    a_.mov(arm::x2, 0);
    call(a_, api().tolstring);
    a_.mov(kValue, arm::x0);
  }
  void light(int index) override {
    at(index);
    call(a_, api().touserdata);
    a_.mov(kValue, arm::x0);
  }
  void function(int index) override {
    at(index);
    call(a_, api().topointer);
    a_.mov(kValue, arm::x0);
  }

  void look_at_top() override { top_ = true; }
  void push_value(const Mem&, const Mem&) override { a_.brk(0); }
  void begin_row() override {}
  void end_row() override {}

  void push_integer() override {
    a_.mov(arm::x0, kL);
    if (api().tointegerx != nullptr) {
      a_.mov(arm::x1, kValue);
      call(a_, api().pushinteger);
    } else {
      a_.scvtf(arm::d0, kValue);
      call(a_, api().pushnumber);
    }
  }
  void push_number() override {
    a_.mov(arm::x0, kL);
    call(a_, api().pushnumber);
  }
  void push_boolean() override {
    a_.mov(arm::x0, kL);
    a_.mov(arm::w1, kValue.w());
    call(a_, api().pushboolean);
  }

 private:
  const LuaApi& api() const { return host_.api; }
  void at(int index) {
    a_.mov(arm::x0, kL);
    a_.mov(arm::w1, top_ ? -1 : index);
  }
  void expect(int index, uint8_t type, const Label& unexpected) {
    load_kind(index);
    a_.cmp(kValue.w(), type);
    a_.b_ne(unexpected);
  }
  void call_isinteger(int index) {
    at(index);
    call(a_, api().isinteger);
  }
  void to_number(int index) {
    at(index);
    a_.mov(arm::x2, 0);  // lua_tonumberx: nobody wants to know
    call(a_, api().tonumber);
  }

  arm::Assembler& a_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  bool top_ = false;
};

// --- the Lua stack itself ---------------------------------------------------------------------------------------

class DirectStack final : public StackAccess {
 public:
  DirectStack(arm::Assembler& a, OutOfLine& cold, const ThunkHost& host)
      : a_(a), cold_(cold), host_(host), s_(host.stack) {}

  bool calls() const override { return false; }
  void registers_lost() override { based_ = false; }

  void check_count(int first, int n, const Label& unexpected) override {
    load_base();
    a_.ldr(kValue, arm::ptr(kL, s_.top));
    a_.sub(kValue, kValue, kBase);
    a_.cmp(kValue, (first - 1 + n) * s_.slot);
    a_.b_ne(unexpected);
  }

  void integer(int index, ThunkKind kind, const Gp& to, const Mem&, const Label& unexpected) override {
    load_base();
    if (s_.tag_integer == 0) {
      cmp_tag(index, s_.tag_float);
      a_.b_ne(unexpected);
      a_.ldr(kScratchVec.d(), value(index));
      truncate(a_, kind, to, kScratchVec, unexpected);
      return;
    }
    Label other = a_.newLabel(), done = a_.newLabel();
    cmp_tag(index, s_.tag_integer);
    a_.b_ne(other);
    // Little-endian: a narrower integer is the value's first bytes.
    load_narrow(a_, kind, to, value(index));
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(other);
      cmp_tag(index, s_.tag_float);
      a_.b_ne(unexpected);
      a_.ldr(kScratchVec.d(), value(index));
      truncate(a_, kind, to, kScratchVec, unexpected);
      a_.b(done);
    });
  }

  void number(int index, const Vec& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_float);
    if (s_.tag_integer == 0) {
      a_.b_ne(unexpected);
      a_.ldr(to.d(), value(index));
      return;
    }
    Label other = a_.newLabel(), done = a_.newLabel();
    a_.b_ne(other);
    a_.ldr(to.d(), value(index));
    a_.bind(done);
    cold_.add([=, this] {
      a_.bind(other);
      cmp_tag(index, s_.tag_integer);
      a_.b_ne(unexpected);
      a_.ldr(kValue, value(index));
      a_.scvtf(to.d(), kValue);
      a_.b(done);
    });
  }

  void exact_integer(int index, ThunkKind kind, const Gp& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_integer);
    a_.b_ne(unexpected);
    a_.ldr(to.x(), value(index));
    expect_fit(a_, kind, to, unexpected);
  }
  void exact_number(int index, const Vec& to, const Label& unexpected) override {
    load_base();
    cmp_tag(index, s_.tag_float);
    a_.b_ne(unexpected);
    a_.ldr(to.d(), value(index));
  }

  void boolean(int index, const Label& unexpected) override {
    load_base();
    if (s_.tag_false == s_.tag_true) {
      cmp_tag(index, s_.tag_false);
      a_.b_ne(unexpected);
      a_.ldr(kTemp.w(), value(index));
      a_.cmp(kTemp.w(), 0);
      a_.cset(kValue, imm(CondCode::kNE));
      return;
    }
    // The tags differ in one bit.
    load_kind(index);
    a_.orr(kTemp.w(), kValue.w(), s_.tag_false ^ s_.tag_true);
    a_.cmp(kTemp.w(), s_.tag_false | s_.tag_true);
    a_.b_ne(unexpected);
    a_.cmp(kValue.w(), s_.tag_true);
    a_.cset(kValue, imm(CondCode::kEQ));
  }

  void load_kind(int index) override {
    load_base();
    load_tag(kValue, index);
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
    a_.ldr(kScratch, value(index));
    a_.ldr(kValue, arm::ptr(kScratch, s_.userdata_metatable));
    Label probe = a_.newLabel(), found = a_.newLabel();
    const Gp entry = arm::x15;
    a_.ubfx(kTemp, kValue, MetatableCache::kShift, std::countr_zero(MetatableCache::kSize));
    a_.mov(kTemp2, uint64_t{o.metatables});
    a_.add(kTemp2, kState, kTemp2);
    a_.ldr(entry, arm::ptr(kTemp2, kTemp, arm::lsl(3)));
    a_.cmp(entry, kValue);
    a_.b_ne(probe);
    a_.bind(found);
    cold_.add([=, this] {
      a_.bind(probe);
      a_.cbz(entry, unexpected);
      a_.add(kTemp.w(), kTemp.w(), 1);
      a_.and_(kTemp.w(), kTemp.w(), MetatableCache::kSize - 1);
      a_.ldr(entry, arm::ptr(kTemp2, kTemp, arm::lsl(3)));
      a_.cbz(entry, unexpected);  // also of a userdata without a metatable, whose null it would be equal to
      a_.cmp(entry, kValue);
      a_.b_ne(probe);
      a_.b(found);
    });
    a_.add(kValue, kScratch, s_.userdata_block);
    if (s_.userdata_values != 0) {
      // The block lies behind the user values; cdata have none or one.
      Label valued = a_.newLabel(), done = a_.newLabel();
      a_.ldrh(kTemp.w(), arm::ptr(kScratch, s_.userdata_values));
      a_.cbnz(kTemp.w(), valued);
      a_.bind(done);
      cold_.add([=, this] {
        a_.bind(valued);
        a_.cmp(kTemp.w(), 1);
        a_.b_ne(unexpected);
        a_.add(kValue, kScratch, s_.userdata_block_1);
        a_.b(done);
      });
    }
    a_.ldrh(kTemp.w(), arm::ptr(kValue, static_cast<int32_t>(o.cdata_guard)));
    a_.mov(kTemp2.w(), o.guard);
    a_.cmp(kTemp.w(), kTemp2.w());
    a_.b_ne(unexpected);
  }
  void string(int index) override {
    load_base();
    a_.ldr(kValue, value(index));
    a_.add(kValue, kValue, s_.string_bytes);
  }
  void light(int index) override {
    load_base();
    a_.ldr(kValue, value(index));
  }
  void function(int index) override { light(index); }

  void look_at_top() override {
    a_.ldr(kBase, arm::ptr(kL, s_.top));
    a_.sub(kBase, kBase, s_.slot);
    based_ = true;
  }

  // The value first, then its tag, then the top: there is never a slot below the top that is half written.
  void push_integer() override {
    if (s_.tag_integer == 0) {
      a_.scvtf(arm::d0, kValue);
      push_number();
      return;
    }
    next_slot();
    a_.str(kValue, arm::ptr(kTop, row_));
    write_tag(s_.tag_integer);
    pushed();
  }
  void push_number() override {
    next_slot();
    a_.str(arm::d0, arm::ptr(kTop, row_));
    write_tag(s_.tag_float);
    pushed();
  }
  void push_boolean() override {
    next_slot();
    if (s_.tag_false == s_.tag_true) {
      a_.str(kValue.w(), arm::ptr(kTop, row_));
      write_tag(s_.tag_false);
    } else {
      a_.cmp(kValue.w(), 0);
      a_.mov(kTemp.w(), s_.tag_false);
      a_.mov(kTemp2.w(), s_.tag_true);
      a_.csel(kTemp.w(), kTemp.w(), kTemp2.w(), imm(CondCode::kEQ));
      store_tag();
    }
    pushed();
  }
  void push_value(const Mem& from, const Mem& from_tag) override {
    next_slot();
    a_.ldr(kValue, from);
    a_.str(kValue, arm::ptr(kTop, row_));
    a_.ldrb(kTemp.w(), from_tag);
    store_tag();
    pushed();
  }
  void begin_row() override {
    a_.ldr(kTop, arm::ptr(kL, s_.top));
    in_row_ = true;
    row_ = 0;
  }
  void end_row() override {
    if (row_ != 0) {
      a_.add(kTop, kTop, row_);
      a_.str(kTop, arm::ptr(kL, s_.top));
    }
    in_row_ = false;
    row_ = 0;
  }

 private:
  // 5.1: L->base. 5.2+: the slot behind L->ci->func.
  void load_base() {
    if (based_) return;
    based_ = true;
    if (s_.base_is_field) {
      a_.ldr(kBase, arm::ptr(kL, s_.base));
      return;
    }
    a_.ldr(kBase, arm::ptr(kL, s_.call_info));
    a_.ldr(kBase, arm::ptr(kBase, s_.function));
    a_.add(kBase, kBase, s_.slot);
  }
  Mem value(int index) const { return arm::ptr(kBase, (index - 1) * s_.slot); }
  void load_tag(const Gp& to, int index) {
    const Mem from = arm::ptr(kBase, (index - 1) * s_.slot + s_.tag);
    if (s_.tag_bytes == 1) {
      a_.ldrb(to.w(), from);
    } else {
      a_.ldr(to.w(), from);
    }
  }
  void cmp_tag(int index, uint8_t code) {
    load_tag(kTemp, index);
    a_.cmp(kTemp.w(), code);
  }

  void next_slot() {
    if (!in_row_) a_.ldr(kTop, arm::ptr(kL, s_.top));
  }
  void write_tag(uint8_t code) {
    a_.mov(kTemp.w(), code);
    store_tag();
  }
  void store_tag() {
    if (s_.tag_bytes == 1) {
      a_.strb(kTemp.w(), arm::ptr(kTop, row_ + s_.tag));
    } else {
      a_.str(kTemp.w(), arm::ptr(kTop, row_ + s_.tag));
    }
  }
  void pushed() {
    if (in_row_) {
      row_ += s_.slot;
    } else {
      a_.add(kTop, kTop, s_.slot);
      a_.str(kTop, arm::ptr(kL, s_.top));
    }
  }

  arm::Assembler& a_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  const StackLayout& s_;
  bool based_ = false;
  bool in_row_ = false;
  int row_ = 0;  // bytes written above the top in this row
};

}  // namespace

std::unique_ptr<StackAccess> make_stack_access(arm::Assembler& a, OutOfLine& cold, const ThunkHost& host) {
  if (host.stack.valid) return std::make_unique<DirectStack>(a, cold, host);
  return std::make_unique<ApiStack>(a, cold, host);
}

}  // namespace ferry::call::a64
