// Access to the Lua stack, said in operations of a Machine.
#include "call/native/stack.h"

namespace ferry::call {

namespace {

using If = Machine::If;

// --- the public API -------------------------------------------------------------------------------------------

class ApiStack final : public StackAccess {
 public:
  ApiStack(Machine& m, OutOfLine& cold, const ThunkHost& host) : m_(m), cold_(cold), host_(host) {}

  bool calls() const override { return true; }
  void registers_lost() override {}

  void check_count(int first, int n, Label unexpected) override {
    m_.move(m_.ours(0), m_.r.L);
    m_.call(api().gettop);
    m_.compare(m_.r.result, static_cast<uint32_t>(first - 1 + n));
    m_.jump(If::not_equal, unexpected);
  }
  void check_record(const void* record, Label unexpected) override {
    m_.pass_on(0);
    m_.call(api().gettop);
    m_.load_address(m_.r.scratch, record);
    m_.compare(m_.r.result, at_record(host_.offsets.record_expected), 4);
    m_.jump(If::not_equal, unexpected);
    m_.load(m_.r.state, at_record(host_.offsets.record_state));
  }

  // Integers are asked for first: on 5.3+ that is exact beyond 2^53. Other numbers are truncated.
  void integer(int index, ThunkKind kind, Reg to, Label unexpected) override {
    if (api().tointegerx == nullptr) {
      expect(index, api().type_number, unexpected);
      truncate(index, kind, to, unexpected);
      return;
    }
    const Label other = m_.label(), done = m_.label();
    call_isinteger(index);
    m_.jump_zero(m_.r.result, 4, other);
    at(index);
    m_.zero(m_.ours(2));
    m_.call(api().tointegerx);
    m_.narrow(kind, to, m_.r.result);
    m_.bind(done);
    cold_.add([=, this] {
      m_.bind(other);
      expect(index, api().type_number, unexpected);
      truncate(index, kind, to, unexpected);
      m_.jump(done);
    });
  }
  void number(int index, Vec to, Label unexpected) override {
    expect(index, api().type_number, unexpected);
    to_number(index);
    m_.move(to, m_.r.vector);
  }
  void exact_integer(int index, ThunkKind kind, Reg to, Label unexpected) override {
    call_isinteger(index);
    m_.jump_zero(m_.r.result, 4, unexpected);
    at(index);
    m_.zero(m_.ours(2));
    m_.call(api().tointegerx);
    m_.jump_if_fit(m_.r.result, kind != ThunkKind::i32, unexpected);
    m_.move(to, m_.r.result);
  }
  void exact_number(int index, Vec to, Label unexpected) override {
    if (api().isinteger != nullptr) {
      call_isinteger(index);
      m_.jump_nonzero(m_.r.result, 4, unexpected);
    }
    number(index, to, unexpected);
  }
  void boolean(int index, Label unexpected) override {
    expect(index, api().type_boolean, unexpected);
    at(index);
    m_.call(api().toboolean);
    m_.move32(m_.r.value, m_.r.result);
  }

  void load_kind(int index) override {
    at(index);
    m_.call(api().type);
    m_.move32(m_.r.value, m_.r.result);
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
  void cdata(int index, Label unexpected) override {
    m_.move(m_.ours(0), m_.r.L);
    m_.move(m_.ours(1), m_.r.state);
    m_.set(m_.ours(2), index);
    m_.call(host_.helpers.cdata);
    m_.move(m_.r.value, m_.r.result);
    m_.jump_zero(m_.r.value, m_.word, unexpected);
  }
  void string(int index) override {
    at(index);
    m_.zero(m_.ours(2));
    m_.call(api().tolstring);
    m_.move(m_.r.value, m_.r.result);
  }
  void light(int index) override {
    at(index);
    m_.call(api().touserdata);
    m_.move(m_.r.value, m_.r.result);
  }
  void function(int index) override {
    at(index);
    m_.call(api().topointer);
    m_.move(m_.r.value, m_.r.result);
  }

  void look_at_top() override { top_ = true; }
  void push_value(At, At) override { m_.trap(); }
  void begin_row() override {}
  void end_row() override {}

  void push_integer() override {
    m_.move(m_.ours(0), m_.r.L);
    if (api().tointegerx != nullptr) {
      m_.move(m_.ours(1), m_.r.value);
      m_.call(api().pushinteger);
    } else {
      m_.to_double(m_.our_double(1), m_.r.value);
      m_.call(api().pushnumber);
    }
  }
  void push_number() override {
    m_.move(m_.ours(0), m_.r.L);
    m_.move(m_.our_double(1), m_.r.vector);
    m_.call(api().pushnumber);
  }
  void push_boolean() override {
    m_.move(m_.ours(0), m_.r.L);
    m_.narrow(ThunkKind::boolean, m_.ours(1), m_.r.value);
    m_.call(api().pushboolean);
  }

 private:
  const LuaApi& api() const { return host_.api; }
  At at_record(uint32_t field) const { return {m_.r.scratch, static_cast<int32_t>(field)}; }
  void at(int index) {
    m_.move(m_.ours(0), m_.r.L);
    m_.set(m_.ours(1), top_ ? -1 : index);
  }
  void expect(int index, uint8_t type, Label unexpected) {
    at(index);
    m_.call(api().type);
    m_.compare(m_.r.result, type);
    m_.jump(If::not_equal, unexpected);
  }
  void call_isinteger(int index) {
    at(index);
    m_.call(api().isinteger);
  }
  void to_number(int index) {
    at(index);
    m_.zero(m_.ours(2));  // lua_tonumberx: nobody wants to know
    m_.call(api().tonumber);
  }
  // Out of the range of 64 bits SEMANTICS has an answer that the slow path knows.
  void truncate(int index, ThunkKind kind, Reg to, Label unexpected) {
    to_number(index);
    m_.truncate(m_.r.vector, unexpected);
    m_.narrow(kind, to, m_.r.value);
  }

  Machine& m_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  bool top_ = false;
};

// --- the Lua stack itself ---------------------------------------------------------------------------------------

class DirectStack final : public StackAccess {
 public:
  DirectStack(Machine& m, OutOfLine& cold, const ThunkHost& host) : m_(m), cold_(cold), host_(host), s_(host.stack) {}

  bool calls() const override { return false; }
  void registers_lost() override { based_ = false; }

  void check_count(int first, int n, Label unexpected) override {
    load_base();
    m_.address(m_.r.value, {m_.r.base, first_at() + (first - 1 + n) * s_.slot});
    m_.compare(m_.r.value, top(), m_.word);
    m_.jump(If::not_equal, unexpected);
  }
  void check_record(const void* record, Label unexpected) override {
    m_.load_address(m_.r.value, record);
    load_base();
    m_.load(m_.r.scratch, top());
    m_.subtract(m_.r.scratch, m_.r.base);
    m_.compare(m_.r.scratch, {m_.r.value, static_cast<int32_t>(host_.offsets.record_expected)}, m_.word);
    m_.jump(If::not_equal, unexpected);
    m_.load(m_.r.state, {m_.r.value, static_cast<int32_t>(host_.offsets.record_state)});
  }

  void integer(int index, ThunkKind kind, Reg to, Label unexpected) override {
    load_base();
    if (s_.tag_integer == 0) {
      compare_tag(index, s_.tag_float);
      m_.jump(If::not_equal, unexpected);
      truncate(index, kind, to, unexpected);
      return;
    }
    const Label other = m_.label(), done = m_.label();
    compare_tag(index, s_.tag_integer);
    m_.jump(If::not_equal, other);
    m_.load(kind, to, value(index));  // little-endian: a narrower integer is the value's first bytes
    m_.bind(done);
    cold_.add([=, this] {
      m_.bind(other);
      compare_tag(index, s_.tag_float);
      m_.jump(If::not_equal, unexpected);
      truncate(index, kind, to, unexpected);
      m_.jump(done);
    });
  }
  void number(int index, Vec to, Label unexpected) override {
    load_base();
    compare_tag(index, s_.tag_float);
    if (s_.tag_integer == 0) {
      m_.jump(If::not_equal, unexpected);
      m_.load(to, value(index), 8);
      return;
    }
    const Label other = m_.label(), done = m_.label();
    m_.jump(If::not_equal, other);
    m_.load(to, value(index), 8);
    m_.bind(done);
    cold_.add([=, this] {
      m_.bind(other);
      compare_tag(index, s_.tag_integer);
      m_.jump(If::not_equal, unexpected);
      m_.to_double(to, value(index));
      m_.jump(done);
    });
  }
  void exact_integer(int index, ThunkKind kind, Reg to, Label unexpected) override {
    load_base();
    compare_tag(index, s_.tag_integer);
    m_.jump(If::not_equal, unexpected);
    m_.load_unless_fit(to, value(index), kind != ThunkKind::i32, unexpected);
  }
  void exact_number(int index, Vec to, Label unexpected) override {
    load_base();
    compare_tag(index, s_.tag_float);
    m_.jump(If::not_equal, unexpected);
    m_.load(to, value(index), 8);
  }
  void boolean(int index, Label unexpected) override {
    load_base();
    if (s_.tag_false == s_.tag_true) {
      compare_tag(index, s_.tag_false);
      m_.jump(If::not_equal, unexpected);
      m_.zero(m_.r.value);
      m_.test(value(index), 4);
      return;
    }
    m_.boolean_of_tag(tag(index), s_.tag_false, s_.tag_true, unexpected);
  }

  void load_kind(int index) override {
    load_base();
    m_.load(s_.tag_bytes == 1 ? ThunkKind::u8 : ThunkKind::u32, m_.r.value, tag(index));
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
  void cdata(int index, Label unexpected) override {
    const ThunkOffsets& o = host_.offsets;
    const Reg scratch = m_.r.scratch;
    load_base();
    const Label probe = m_.label(), found = m_.label();
    m_.load(scratch, value(index));
    m_.load(scratch, {scratch, s_.userdata_metatable});
    m_.first_entry(MetatableCache::kShift, MetatableCache::kSize);
    m_.compare_entry(o.metatables);
    m_.jump(If::not_equal, probe);
    m_.bind(found);
    m_.load(scratch, value(index));
    cold_.add([=, this] {
      m_.bind(probe);
      m_.jump_zero(scratch, m_.word, unexpected);  // without a metatable: an empty entry would be equal to it
      m_.jump_empty_entry(o.metatables, unexpected);
      m_.next_entry(MetatableCache::kSize);
      m_.compare_entry(o.metatables);
      m_.jump(If::not_equal, probe);
      m_.jump(found);
    });
    m_.address(m_.r.value, {scratch, s_.userdata_block});
    if (s_.userdata_values != 0) {
      // The block lies behind the user values; cdata have none or one.
      const Label valued = m_.label(), done = m_.label();
      const At values{scratch, s_.userdata_values};
      m_.jump_nonzero(values, 2, valued);
      m_.bind(done);
      cold_.add([=, this] {
        m_.bind(valued);
        m_.compare(values, 1, 2);
        m_.jump(If::not_equal, unexpected);
        m_.address(m_.r.value, {scratch, s_.userdata_block_1});
        m_.jump(done);
      });
    }
    m_.compare(At{m_.r.value, static_cast<int32_t>(o.cdata_guard)}, o.guard, 2);
    m_.jump(If::not_equal, unexpected);
  }
  void string(int index) override {
    light(index);
    m_.add(m_.r.value, s_.string_bytes);
  }
  void light(int index) override {
    load_base();
    m_.load(m_.r.value, value(index));
  }
  void function(int index) override { light(index); }

  void look_at_top() override {
    m_.load(m_.r.base, top());
    m_.add(m_.r.base, -(s_.slot + first_at()));
    based_ = true;
  }

  // The value first, then its tag, then the top: there is never a slot below the top that is half written.
  void push_integer() override {
    if (s_.tag_integer == 0) {
      m_.to_double(m_.r.vector, m_.r.value);
      push_number();
      return;
    }
    push(m_.r.value, s_.tag_integer);
  }
  void push_number() override { push(m_.r.vector, s_.tag_float); }
  void push_boolean() override {
    next_slot();
    m_.widen_boolean();
    if (s_.tag_false == s_.tag_true) {
      m_.store(slot(), m_.r.value, 4);
      m_.store(slot() + s_.tag, s_.tag_false, s_.tag_bytes);
    } else {
      m_.store_tag_of_boolean(slot() + s_.tag, s_.tag_false, s_.tag_true);
    }
    pushed();
  }
  void push_value(At from, At from_tag) override {
    next_slot();
    m_.copy_value(slot(), from);
    m_.load(ThunkKind::u8, m_.r.value, from_tag);
    m_.store(slot() + s_.tag, m_.r.value, s_.tag_bytes);
    pushed();
  }
  void begin_row() override {
    m_.load(m_.r.top, top());
    in_row_ = true;
    row_ = 0;
  }
  void end_row() override {
    if (row_ != 0) m_.advance_top(top(), row_);
    in_row_ = false;
    row_ = 0;
  }

 private:
  At top() const { return {m_.r.L, s_.top}; }
  // 5.1: L->base, the first argument. 5.2+: L->ci->func, the slot before it.
  int first_at() const { return s_.base_is_field ? 0 : s_.slot; }
  void load_base() {
    if (based_) return;
    based_ = true;
    if (s_.base_is_field) {
      m_.load(m_.r.base, {m_.r.L, s_.base});
      return;
    }
    m_.load(m_.r.base, {m_.r.L, s_.call_info});
    m_.load(m_.r.base, {m_.r.base, s_.function});
  }
  At value(int index) const { return {m_.r.base, first_at() + (index - 1) * s_.slot}; }
  At tag(int index) const { return value(index) + s_.tag; }
  void compare_tag(int index, uint8_t code) { m_.compare(tag(index), code, s_.tag_bytes); }
  void truncate(int index, ThunkKind kind, Reg to, Label unexpected) {
    m_.truncate(value(index), unexpected);  // not in range: the slow path knows what it is
    m_.narrow(kind, to, m_.r.value);
  }

  template <typename Register>
  void push(Register value, uint8_t code) {
    next_slot();
    if (!in_row_) {
      m_.push(top(), {s_.slot, s_.tag, s_.tag_bytes, code}, value);
      return;
    }
    m_.store(slot(), value, 8);
    m_.store(slot() + s_.tag, code, s_.tag_bytes);
    pushed();
  }
  At slot() const { return {m_.r.top, row_}; }
  void next_slot() {
    if (!in_row_) m_.load(m_.r.top, top());
  }
  void pushed() {
    if (in_row_) {
      row_ += s_.slot;
    } else {
      m_.advance_top(top(), s_.slot);
    }
  }

  Machine& m_;
  OutOfLine& cold_;
  const ThunkHost& host_;
  const StackLayout& s_;
  bool based_ = false;
  bool in_row_ = false;
  int row_ = 0;  // bytes written above the top in this row
};

}  // namespace

std::unique_ptr<StackAccess> make_stack_access(Machine& m, OutOfLine& cold, const ThunkHost& host) {
  if (host.stack.valid) return std::make_unique<DirectStack>(m, cold, host);
  return std::make_unique<ApiStack>(m, cold, host);
}

}  // namespace ferry::call
