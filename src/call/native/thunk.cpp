// Thunks: prologue, arguments by kind, the call, the result; said once for every processor, in operations of a Machine.
// How the Lua stack is reached is stack.cpp's business.
#include <algorithm>
#include <vector>

#include "base/round.h"
#include "call/native/emit.h"
#include "call/native/stack.h"

namespace ferry::call {

namespace {

using abi::ArgPlan;
using abi::Piece;
using abi::Where;
using If = Machine::If;

// The frame, from the frame pointer. What is below the saved registers is there only in thunks that need any of it.
//   [+8]   return address
//   [0]    caller's frame pointer
//   [-8]   caller's L and State registers, in the order that FrameShape says
//   [-24]  x86-64: caller's rdi, rsi below it: where they are the caller's, and not kept by the C function
//   [-48]  address of the C function (thunks of function types)
//   [-56]  storage of the result's object
//   [-64]  data (thunks of function types)
//   [-96]  result bytes (32) for push_result
//   ...    values of arguments, 16-aligned each; also those that are passed by their address
//   ...    x86-64: caller's xmm6-15, with rdi and rsi
//   ...    outgoing area
constexpr int kKeptAt = -24;
constexpr int kFunctionAt = -48;
constexpr int kObjectAt = -56;
constexpr int kDataAt = -64;
constexpr int kResultAt = -96;
static_assert(kResultAt % 16 == 0);

// Emits one thunk. Two ways for arguments: where everything before the C call is inline, values go straight into
// their registers; where something calls functions, all but the last wait in the frame. Those in the outgoing area are
// written there either way.
class ThunkEmitter {
 public:
  ThunkEmitter(Machine& m, const ThunkHost& host, const ThunkSpec& spec)
      : m_(m), host_(host), spec_(spec), plan_(*spec.plan), stack_(make_stack_access(m, cold_, host)) {}

  void emit() {
    slow_ = m_.label();
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
    m_.epilogue();
    m_.ret();
    cold_.emit();
    slow_exit();
    m_.finish();
  }

 private:
  // --- frame ------------------------------------------------------------------------------------------------

  bool for_type() const { return spec_.record == nullptr; }
  bool makes_object() const { return spec_.result.kind == ThunkKind::record; }

  void lay_out() {
    in_frame_ = stack_->calls() || makes_object() || plan_.result.in_memory || host_.errno_location != nullptr ||
                registers_last();
    const int kept = m_.kept_vector_bytes();
    bool framed = makes_object() || for_type() || spec_.result.kind == ThunkKind::other || plan_.result.in_memory ||
                  host_.errno_location != nullptr || kept != 0;
    int bottom = kResultAt;
    for (const ThunkArg& arg : spec_.args) {
      if (arg.kind == ThunkKind::other) in_frame_ = framed = true;
    }
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      const ArgPlan& arg = plan_.args[i];
      bool needs = arg.by_reference || (!arg.on_stack && arg.piece_count != 0 && in_frame_ && !goes_last(i));
      if (spec_.args[i].kind == ThunkKind::record) {
        for (const Piece& piece : plan_.pieces_of(arg)) needs = needs || !m_.loads_directly(piece);
      }
      if (needs) bottom -= round_up(static_cast<int>(arg.size < 8 ? 8 : arg.size), 16);
      framed = framed || needs;
      values_.push_back(needs ? bottom : 0);
    }
    if (kept != 0) frame_.vectors_at = bottom -= kept;
    frame_.kept_at = kKeptAt;
    // What our own calls may write at the start of the outgoing area is no place for arguments.
    if (plan_.stack_bytes != 0 && m_.our_home_space() > m_.their_home_space() && calls_before()) {
      lift_ = m_.our_home_space();
    }
    // What is converted elsewhere takes eight bytes, if only of the next argument's, which is written later.
    const int beyond = 8 - m_.word;
    const int area = std::max(static_cast<int>(plan_.stack_bytes) + beyond + lift_, m_.our_home_space());
    // The stack pointer is 16-aligned at calls: the frame pointer is, and so is what lies below two saved registers.
    frame_.below = (framed ? round_up(-bottom, 16) - 16 : 0) + round_up(area, 16);
  }

  // Whether arguments go to registers that are needed until the others are done.
  bool registers_last() const { return m_.uses_argument_registers() && plan_.gpr_used != 0; }
  // Whether nothing is called between the argument and the C function, so that its register is safe.
  bool goes_last(size_t i) const {
    const ThunkKind kind = spec_.args[i].kind;
    return i + 1 == spec_.args.size() && !makes_object() && host_.errno_location == nullptr && !registers_last() &&
           kind != ThunkKind::record && kind != ThunkKind::other;
  }
  // Whether anything is called before the C function is.
  bool calls_before() const {
    return stack_->calls() || makes_object() || host_.errno_location != nullptr ||
           std::any_of(spec_.args.begin(), spec_.args.end(),
                       [](const ThunkArg& arg) { return arg.kind == ThunkKind::other; });
  }
  At outgoing(uint32_t offset) const { return m_.outgoing(lift_ + static_cast<int>(offset)); }

  void prologue() {
    m_.prologue(frame_);
    m_.move(m_.r.L, m_.ours(0));
    if (for_type()) {
      m_.store(m_.frame(kFunctionAt), m_.ours(1));
      m_.store(m_.frame(kDataAt), m_.ours(2));
      m_.load_address(m_.r.state, spec_.state);
    }
  }

  // The State is taken from the record, which loses it when it is finalised: the library may be gone then. So no number
  // of arguments is expected there any more; that of a function with code per shape of arguments expects none at any
  // time.
  void check_count() {
    if (!for_type() && spec_.next == nullptr) {
      stack_->check_record(spec_.record, slow_);
      return;
    }
    if (!for_type()) {
      m_.load_address(m_.r.value, spec_.record);
      m_.load(m_.r.state, {m_.r.value, static_cast<int32_t>(host_.offsets.record_state)});
      m_.jump_zero(m_.r.state, m_.word, slow_);
    }
    stack_->check_count(spec_.first, static_cast<int>(spec_.args.size()), slow_);
  }

  // Starts over elsewhere, as if the thunk had not been there.
  void slow_exit() {
    m_.bind(slow_);
    m_.move(m_.ours(0), m_.r.L);
    if (for_type()) {
      m_.load(m_.ours(1), m_.frame(kFunctionAt));
      m_.load(m_.ours(2), m_.frame(kDataAt));
    }
    m_.epilogue();
    if (spec_.next != nullptr) {
      m_.jump_through(spec_.next);
    } else {
      m_.jump_to(spec_.slow);
    }
  }

  // --- arguments ----------------------------------------------------------------------------------------------

  void argument(size_t i) {
    const ThunkArg& arg = spec_.args[i];
    const int index = spec_.first + static_cast<int>(i);
    switch (arg.kind) {
      case ThunkKind::boolean:
        stack_->boolean(index, slow_);
        put_integer(i, m_.r.value);
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
        const Reg to = integer_register(i);
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
  Reg integer_register(size_t i) const {
    const ArgPlan& arg = plan_.args[i];
    return values_[i] != 0 || arg.on_stack ? m_.r.value : m_.theirs(plan_.pieces_of(arg)[0].reg);
  }

  // Whole words, extended already.
  void put_integer(size_t i, Reg from) {
    const ArgPlan& arg = plan_.args[i];
    const int bytes = round_up(static_cast<int>(arg.size), m_.word);
    if (arg.on_stack) {
      m_.store(outgoing(arg.stack_offset), from, bytes);
    } else if (values_[i] != 0) {
      m_.store(m_.frame(values_[i]), from, bytes);
    } else {
      m_.move(m_.theirs(plan_.pieces_of(arg)[0].reg), from);
    }
  }

  void float_argument(size_t i, int index) {
    const ArgPlan& arg = plan_.args[i];
    const bool waits = values_[i] != 0 || arg.on_stack;
    const Vec to = waits ? m_.r.scratch_vector : m_.their_vector(plan_.pieces_of(arg)[0].reg);
    if (spec_.args[i].exact) {
      stack_->exact_number(index, to, slow_);
    } else {
      stack_->number(index, to, slow_);
    }
    const bool single = spec_.args[i].kind == ThunkKind::f32;
    if (single) m_.to_single(to);
    if (!waits) {
      // Microsoft, "Varargs": floating-point values are in the general register, too.
      for (const Piece& piece : plan_.pieces_of(arg)) {
        if (piece.where == Where::gpr) m_.copy_to_general(piece, to);
      }
      return;
    }
    m_.store(arg.on_stack ? outgoing(arg.stack_offset) : m_.frame(values_[i]), to, single ? 4 : 8);
  }

  // nil, a string where one is taken, a light userdata where one is, a function that is known, and cdata: of the
  // pointer type itself, an object of the type that it points to, or of the type in the cell. No NULL of these where it
  // is declared that there is none.
  void pointer_argument(size_t i, int index) {
    const ThunkArg& arg = spec_.args[i];
    const Label other = m_.label(), ready = m_.label();
    stack_->load_kind(index);
    const LuaKind usual = arg.takes_string ? LuaKind::string : LuaKind::userdata;
    jump_unless(usual, other);
    if (usual == LuaKind::string) {
      stack_->string(index);
    } else {
      cdata_pointer(arg, index);
    }
    m_.bind(ready);
    put_integer(i, m_.r.value);
    cold_.add([=, this, &arg] {
      m_.bind(other);
      const Label null = m_.label(), light = m_.label();
      if (arg.callback != nullptr) known_function(*arg.callback, index, ready);
      m_.compare(m_.r.value, stack_->kind_code(LuaKind::nil));
      m_.jump(If::equal, arg.nonnull ? slow_ : null);
      if (arg.takes_light) {
        m_.compare(m_.r.value, stack_->kind_code(LuaKind::light));
        m_.jump(If::equal, light);
      }
      if (usual == LuaKind::string) {
        jump_unless(LuaKind::userdata, slow_);
        cdata_pointer(arg, index);
        m_.jump(ready);
      } else {
        m_.jump(slow_);
      }
      if (arg.takes_light) {
        m_.bind(light);
        stack_->light(index);
        if (arg.nonnull) m_.jump_zero(m_.r.value, m_.word, slow_);
        m_.jump(ready);
      }
      if (arg.nonnull) return;
      m_.bind(null);
      m_.zero(m_.r.value);
      m_.jump(ready);
    });
  }
  void jump_unless(LuaKind kind, Label to) {
    m_.compare(m_.r.value, stack_->kind_code(kind));
    m_.jump(If::not_equal, to);
  }

  // `value` is the value's kind and stays, unless it becomes the C function that the value became.
  void known_function(const KnownCallback& known, int index, Label ready) {
    const Label no = m_.label();
    const auto field = [&](size_t offset) { return At{m_.r.scratch, static_cast<int32_t>(offset)}; };
    m_.load_address(m_.r.scratch, &known);
    m_.compare(m_.r.value, field(offsetof(KnownCallback, kind)), 4);
    m_.jump(If::not_equal, no);
    stack_->function(index);
    m_.load_address(m_.r.scratch, &known);
    m_.compare(m_.r.value, field(offsetof(KnownCallback, function)), m_.word);
    m_.jump(If::not_equal, slow_);
    m_.load(m_.r.value, field(offsetof(KnownCallback, address)));
    m_.jump(ready);
    m_.bind(no);
  }

  // value: what a cdata points to. Its data is that for pointers and aggregates alike; an aggregate at NULL is an error
  // that the slow path words.
  void cdata_pointer(const ThunkArg& arg, int index) {
    const Reg value = m_.r.value;
    const At type{m_.r.scratch, static_cast<int32_t>(host_.offsets.cdata_type)};
    const At data{m_.r.scratch, static_cast<int32_t>(host_.offsets.cdata_data)};
    const Label aggregate = m_.label(), done = m_.label();
    stack_->cdata(index, slow_);
    m_.move(m_.r.scratch, value);
    m_.load(ThunkKind::u32, value, type);
    m_.compare(value, arg.same);
    m_.jump(If::equal, arg.nonnull ? aggregate : done);
    if (arg.object != kNoType) {
      m_.compare(value, arg.object);
      m_.jump(If::equal, aggregate);
    }
    m_.load_address(value, arg.cell);
    m_.load(ThunkKind::u32, value, At{value});
    m_.compare(value, type, 4);
    m_.jump(If::not_equal, slow_);
    m_.bind(aggregate);
    m_.jump_zero(data, m_.word, slow_);
    m_.bind(done);
    m_.load(value, data);
  }

  void record_argument(size_t i, int index) {
    const ArgPlan& plan = plan_.args[i];
    stack_->load_kind(index);
    jump_unless(LuaKind::userdata, slow_);
    stack_->cdata(index, slow_);
    m_.compare(At{m_.r.value, static_cast<int32_t>(host_.offsets.cdata_type)}, spec_.args[i].same, 4);
    m_.jump(If::not_equal, slow_);
    m_.load(m_.r.scratch, {m_.r.value, static_cast<int32_t>(host_.offsets.cdata_data)});
    if (plan.size == 0) {
      if (!in_frame_) load_pieces(i, m_.frame(values_[i]));
      return;
    }
    m_.jump_zero(m_.r.scratch, m_.word, slow_);
    if (plan.on_stack) {
      m_.copy(outgoing(plan.stack_offset), At{m_.r.scratch}, plan.size);
    } else if (values_[i] != 0) {
      m_.copy(m_.frame(values_[i]), At{m_.r.scratch}, plan.size);
      if (!in_frame_) load_pieces(i, m_.frame(values_[i]));
    } else {
      load_pieces(i, At{m_.r.scratch});
    }
  }

  // Whatever it is, src/lua converts it where it waits.
  void other_argument(size_t i) {
    const ArgPlan& plan = plan_.args[i];
    m_.move(m_.ours(0), m_.r.L);
    if (for_type()) {
      m_.load(m_.ours(1), m_.frame(kDataAt));
    } else {
      m_.load_address(m_.ours(1), spec_.data);
    }
    m_.set(m_.ours(2), static_cast<int>(i));
    m_.address(m_.ours(3),
               plan.on_stack ? outgoing(plan.stack_offset) : m_.frame(values_[i] != 0 ? values_[i] : kResultAt));
    m_.call(host_.helpers.convert);
    stack_->registers_lost();
  }

  void load_pieces(size_t i, At value) {
    const ArgPlan& arg = plan_.args[i];
    const std::span<const Piece> pieces = plan_.pieces_of(arg);
    if (!arg.by_reference) {
      for (const Piece& piece : pieces) m_.load_piece(piece, value, values_[i] != 0);
      return;
    }
    // Microsoft, "Parameter passing": "a pointer to memory allocated by the caller", 16-aligned: the value in the
    // frame.
    if (pieces[0].where == Where::gpr) {
      m_.address(m_.theirs(pieces[0].reg), value);
    } else {
      m_.address(m_.r.value, value);
      m_.store(outgoing(pieces[0].stack_offset), m_.r.value);
    }
  }

  void load_registers() {
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (values_[i] != 0) load_pieces(i, m_.frame(values_[i]));
    }
    if (!plan_.result.in_memory) return;
    const Reg to = plan_.memory_on_stack ? m_.r.value : m_.theirs(plan_.memory_reg);
    if (makes_object()) {
      m_.load(to, m_.frame(kObjectAt));
    } else {
      m_.address(to, m_.frame(kResultAt));
    }
    if (plan_.memory_on_stack) m_.store(outgoing(0), to);
  }

  // --- the call -------------------------------------------------------------------------------------------------

  At state(uint32_t field) const { return {m_.r.state, static_cast<int32_t>(field)}; }

  // The object that will be the result lies on the Lua stack during the call.
  void new_object() {
    m_.move(m_.ours(0), m_.r.L);
    m_.move(m_.ours(1), m_.r.state);
    m_.load_address(m_.ours(2), spec_.result.type);
    m_.call(host_.helpers.new_result);
    m_.store(m_.frame(kObjectAt), m_.r.result);
    stack_->registers_lost();
  }

  // The state knows who calls C: callbacks run on its coroutine and thread.
  void enter() {
    m_.claim(state(host_.offsets.caller), state(host_.offsets.owner));
    if (host_.errno_location != nullptr) return;  // set_errno()
    m_.load(ThunkKind::u32, m_.r.scratch, state(host_.offsets.saved_errno));
    m_.store_errno(m_.r.scratch);
  }

  // Where that needs a call, and so before arguments are in their registers.
  void set_errno() {
    m_.call(host_.errno_location);
    m_.load(ThunkKind::u32, m_.r.scratch, state(host_.offsets.saved_errno));
    m_.store(At{m_.r.result}, m_.r.scratch, 4);
    stack_->registers_lost();
  }

  void call_function() {
    if (for_type()) {
      m_.call_function(m_.frame(kFunctionAt), lift_);
    } else {
      m_.call_function(reinterpret_cast<const void*>(spec_.address), lift_);
    }
    stack_->registers_lost();
  }

  // Keeps the result's registers.
  void leave() {
    const ThunkOffsets& o = host_.offsets;
    const Label noticed = m_.label(), settled = m_.label();
    load_errno();
    m_.store(state(o.saved_errno), m_.r.spare, 4);
    m_.store(state(o.caller), 0, m_.word);
    m_.jump_nonzero(state(o.notices), 1, noticed);
    m_.bind(settled);
    cold_.add([=, this] {
      m_.bind(noticed);
      settle();
      m_.jump(settled);
    });
  }
  // May raise. The result's registers wait below the frame, which is not made larger for it.
  void settle() {
    const bool in_registers = !plan_.result.in_memory && !plan_.result_pieces().empty();
    const int home = m_.our_home_space();
    const int bytes = in_registers ? home + round_up(std::max(static_cast<int>(plan_.result.size), 16), 16) : 0;
    if (in_registers) {
      m_.lower_stack(bytes);
      m_.store_result(m_.outgoing(home));
    }
    m_.move(m_.ours(0), m_.r.L);
    m_.move(m_.ours(1), m_.r.state);
    m_.call(host_.helpers.settle);
    if (in_registers) {
      m_.load_result(m_.outgoing(home));
      m_.lower_stack(-bytes);
    }
  }
  // To `spare`.
  void load_errno() {
    if (host_.errno_location == nullptr) {
      m_.load_errno(m_.r.spare);
      return;
    }
    const At kept = m_.frame(kResultAt);
    if (!plan_.result.in_memory) m_.store_result(kept);
    m_.call(host_.errno_location);
    m_.load(ThunkKind::u32, m_.r.spare, At{m_.r.result});
    if (!plan_.result.in_memory) m_.load_result(kept);
  }

  // --- the result -----------------------------------------------------------------------------------------------

  void result() {
    switch (spec_.result.kind) {
      case ThunkKind::none:
        m_.zero(m_.r.result);
        return;
      case ThunkKind::boolean:
        m_.test_result();
        stack_->push_boolean();
        break;
      case ThunkKind::f32:
        m_.to_double(m_.r.vector);
        [[fallthrough]];
      case ThunkKind::f64:
        stack_->push_number();
        break;
      case ThunkKind::record:
        if (!plan_.result.in_memory) {
          m_.load(m_.r.scratch, m_.frame(kObjectAt));
          m_.store_result(At{m_.r.scratch});
        }
        break;
      case ThunkKind::other:
        if (!plan_.result.in_memory) m_.store_result(m_.frame(kResultAt));
        m_.move(m_.ours(0), m_.r.L);
        m_.move(m_.ours(1), m_.r.state);
        m_.load_address(m_.ours(2), spec_.result.type);
        m_.address(m_.ours(3), m_.frame(kResultAt));
        m_.call(host_.helpers.push_result);
        break;
      default:
        m_.narrow(spec_.result.kind, m_.r.value, m_.r.result);
        m_.extend(spec_.result.kind);
        stack_->push_integer();
        break;
    }
    m_.set(m_.r.result, 1);
  }

  Machine& m_;
  const ThunkHost& host_;
  const ThunkSpec& spec_;
  const abi::CallPlan& plan_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label slow_;
  bool in_frame_ = false;
  std::vector<int> values_;  // per argument: where in the frame it waits or is rounded up; 0: nowhere
  Frame frame_;
  int lift_ = 0;  // bytes below the C function's outgoing area that are our callees' to write
};

}  // namespace

void assemble_thunk(Machine& machine, const ThunkHost& host, const ThunkSpec& spec) {
  ThunkEmitter(machine, host, spec).emit();
}

}  // namespace ferry::call
