// The shared code of a callback type: arguments from their registers to memory or to the Lua stack, the result back.
// Said once for every processor, in operations of a Machine.
#include <algorithm>
#include <cstddef>
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

// The frame, from the frame pointer:
//   [+16]   caller's outgoing area: arguments in memory are used where they are
//   [+8]    return address
//   [0]     caller's frame pointer
//   [-8]    caller's registers that are L, State and data here, in the order that FrameShape says
//   [-32]   x86-64: caller's rdi, rsi below it: where they are the caller's
//   ...     where the caller wants a result in memory, and below it the result's bytes (CallbackFrame)
//   ...     values of arguments, or their addresses, 16-aligned each
//   ...     x86-64: caller's xmm6-15, with rdi and rsi
//   ...     addresses of arguments, for handlers
//   ...     outgoing area
constexpr int kKeptAt = -32;
// lua_pcallk has six arguments.
constexpr int kPcallArgs = 6;

class CallbackEmitter {
 public:
  CallbackEmitter(Machine& m, const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                  const CallbackSpec& spec)
      : m_(m),
        host_(host),
        api_(api),
        handlers_(handlers),
        spec_(spec),
        plan_(*spec.plan),
        stack_(make_stack_access(m, cold_, host)) {
    m_.be_callback();
    lay_out();
  }

  bool fits() const { return frame_.below + 40 + static_cast<int>(plan_.stack_bytes) <= m_.callback_frame().most; }

  void emit() {
    whole_ = m_.label();
    finish_ = m_.label();
    m_.prologue(frame_);
    m_.load(m_.r.data, {m_.r.slot, m_.word});
    if (plan_.memory_on_stack) {
      m_.load(m_.r.value, m_.frame(2 * m_.word));
      m_.store(m_.frame(result_address_at_), m_.r.value);
    } else if (plan_.result.in_memory) {
      m_.store(m_.frame(result_address_at_), m_.theirs(plan_.memory_reg));
    }
    spill_arguments();
    if (spec_.inline_call) {
      check();
      push_arguments();
      call_lua();
      if (spec_.result != ThunkKind::none) {
        take_result();
      } else {
        pop(1);
      }
      leave();
      return_result();
      m_.bind(whole_);
      ask(handlers_.whole);
      m_.jump(finish_);
    } else {
      m_.bind(whole_);
      ask(handlers_.whole);
      return_result();
    }
    cold_.emit();
    m_.finish();
  }

 private:
  void lay_out() {
    result_address_at_ = m_.callback_frame().address_at;
    result_at_ = m_.callback_frame().result_at;
    int bottom = result_at_;
    for (const ArgPlan& arg : plan_.args) {
      const std::span<const Piece> pieces = plan_.pieces_of(arg);
      if (arg.on_stack) {
        values_.push_back(2 * m_.word + static_cast<int>(arg.stack_offset));
      } else if (!pieces.empty() && pieces[0].where == Where::stack) {
        values_.push_back(2 * m_.word + static_cast<int>(pieces[0].stack_offset));
      } else {
        bottom -= round_up(static_cast<int>(arg.size < 8 || arg.by_reference ? 8 : arg.size), 16);
        values_.push_back(bottom);
      }
    }
    if (const int kept = m_.kept_vector_bytes(); kept != 0) frame_.vectors_at = bottom -= kept;
    frame_.kept_at = kKeptAt;
    addresses_at_ = bottom - round_up(static_cast<int>(plan_.args.size()) * 8, 16);
    int bytes = -addresses_at_;
    if (m_.our_home_space() != 0) bytes += round_up(kPcallArgs * 8, 16);
    frame_.saved = 3;
    frame_.below = round_up(bytes, 16) - 8 * frame_.saved;
  }

  void spill_arguments() {
    for (size_t i = 0; i < plan_.args.size(); ++i) {
      for (const Piece& piece : plan_.pieces_of(plan_.args[i])) {
        if (piece.where == Where::stack) continue;  // an address, which is used where it is
        m_.spill(piece, m_.frame(values_[i] + static_cast<int>(piece.value_offset)));
      }
    }
  }

  // --- inline ---------------------------------------------------------------------------------------------------

  At state(uint32_t field) const { return {m_.r.state, static_cast<int32_t>(field)}; }
  At data(size_t field) const { return {m_.r.data, static_cast<int32_t>(field)}; }

  // Goes on only on the state's own thread, within a call from Lua in which no callback has failed. Sets L. From there
  // on until leave() nobody is the caller: a signal's handler that calls a callback finds Lua at work.
  void check() {
    const ThunkOffsets& o = host_.offsets;
    m_.jump_zero(data(offsetof(CallbackData, live)), 1, whole_);
    m_.load(m_.r.state, data(offsetof(CallbackData, state)));
    // The caller first: the owner that is read afterwards is his, or a later one.
    m_.load_before(m_.r.L, state(o.caller));
    m_.jump_zero(m_.r.L, m_.word, whole_);
    m_.load_thread(m_.r.value);
    m_.compare(state(o.owner), m_.r.value);
    m_.jump(If::not_equal, whole_);
    m_.jump_nonzero(state(o.notices), 1, whole_);
    for (size_t i = 0; i < spec_.args.size(); ++i) {
      if (spec_.args[i].through) m_.jump_zero(m_.frame(values_[i]), m_.word, whole_);
    }
    if (has_objects()) m_.jump_nonzero(data(offsetof(CallbackData, active)), 4, whole_);  // they are in use
    m_.store(state(o.caller), 0, m_.word);
    if (host_.errno_location != nullptr) {
      m_.call(host_.errno_location);
      m_.load(ThunkKind::u32, m_.r.value, At{m_.r.result});
    } else {
      m_.load_errno(m_.r.value);
    }
    m_.store(state(o.saved_errno), m_.r.value, 4);
    m_.count(data(offsetof(CallbackData, active)), 1);
  }

  void push_arguments() {
    stack_->begin_row();
    push_kept(offsetof(CallbackData, handler_value), offsetof(CallbackData, handler_tag),
              offsetof(CallbackData, handler_reference));
    push_kept(offsetof(CallbackData, function_value), offsetof(CallbackData, function_tag),
              offsetof(CallbackData, function_reference));
    for (size_t i = 0; i < spec_.args.size(); ++i) push_argument(i);
    stack_->end_row();
  }

  // A function that the data has as a slot holds it, and that the registry has.
  void push_kept(size_t value, size_t tag, size_t reference) {
    if (host_.stack.valid) {
      stack_->push_value(data(value), data(tag));
      return;
    }
    m_.move(m_.ours(0), m_.r.L);
    m_.set(m_.ours(1), api_.registry);
    m_.load(ThunkKind::i32, m_.ours(2), data(reference));
    m_.call(api_.rawgeti);
  }
  void pop(int count) {
    if (host_.stack.valid) {
      m_.add_to({m_.r.L, host_.stack.top}, -count * host_.stack.slot);
    } else {
      m_.move(m_.ours(0), m_.r.L);
      m_.set(m_.ours(1), -1 - count);
      m_.call(api_.settop);
    }
  }

  void push_argument(size_t i) {
    const CallbackSpec::Arg& arg = spec_.args[i];
    At from = m_.frame(values_[i]);
    if (arg.through) {
      m_.load(m_.r.value, from);
      from = At{m_.r.value};
    }
    switch (arg.kind) {
      case ThunkKind::pointer:
        push_object(i, from);
        return;
      case ThunkKind::boolean:
        m_.test(from, 1);
        stack_->push_boolean();
        return;
      case ThunkKind::f32:
        m_.load(m_.r.vector, from, 4);
        m_.to_double(m_.r.vector);
        stack_->push_number();
        return;
      case ThunkKind::f64:
        m_.load(m_.r.vector, from, 8);
        stack_->push_number();
        return;
      default:
        m_.load(arg.kind, m_.r.value, from);
        m_.extend(arg.kind);
        stack_->push_integer();
        return;
    }
  }

  bool has_objects() const {
    return std::any_of(spec_.args.begin(), spec_.args.end(),
                       [](const CallbackSpec::Arg& arg) { return arg.kind == ThunkKind::pointer; });
  }

  // What came in registers is in the frame.
  void push_object(size_t i, At from) {
    const Reg objects = m_.aside(0), slot = m_.aside(1);
    const auto field = [&](size_t offset) {
      return At{objects, static_cast<int32_t>(i * sizeof(CallbackObject) + offset)};
    };
    m_.load(m_.r.value, from);
    m_.load(objects, data(offsetof(CallbackData, objects)));
    m_.load(slot, field(offsetof(CallbackObject, pointer)));
    m_.store(At{slot}, m_.r.value);
    if (slot == objects) m_.load(objects, data(offsetof(CallbackData, objects)));
    if (host_.stack.valid) {
      stack_->push_value(field(offsetof(CallbackObject, value)), field(offsetof(CallbackObject, tag)));
      return;
    }
    m_.load(ThunkKind::i32, m_.ours(2), field(offsetof(CallbackObject, reference)));
    m_.move(m_.ours(0), m_.r.L);
    m_.set(m_.ours(1), api_.registry);
    m_.call(api_.rawgeti);
  }

  // lua_pcall(L, n, r, h), lua_pcallk(L, n, r, h, 0, NULL); h: the message handler below the function.
  void call_lua() {
    const Label failed = m_.label();
    const int count = static_cast<int>(spec_.args.size());
    m_.move(m_.ours(0), m_.r.L);
    m_.set(m_.ours(1), count);
    m_.set(m_.ours(2), spec_.result == ThunkKind::none ? 0 : 1);
    m_.set(m_.ours(3), -(count + 2));
    for (int i = 4; i < kPcallArgs; ++i) {
      if (static_cast<size_t>(i) < m_.our_count()) {
        m_.zero(m_.ours(static_cast<size_t>(i)));
      } else {
        m_.store(m_.outgoing(i * 8), 0, 8);  // each of the first four has its home there
      }
    }
    m_.call(api_.pcall);
    stack_->registers_lost();
    m_.jump_nonzero(m_.r.result, 4, failed);
    cold_.add([=, this] {
      m_.bind(failed);
      m_.store(state(host_.offsets.caller), m_.r.L);
      ask(handlers_.failed);
      m_.jump(finish_);
    });
  }

  // A number, or a boolean for bool; anything else is converted elsewhere. Pops it and the message handler.
  void take_result() {
    const Label other = m_.label();
    stack_->look_at_top();
    const At to = m_.frame(result_at_);
    switch (spec_.result) {
      case ThunkKind::boolean:
        stack_->boolean(1, other);
        m_.store(to, m_.r.value);
        break;
      case ThunkKind::f32:
        stack_->number(1, m_.r.vector, other);
        m_.to_single(m_.r.vector);
        m_.store(to, m_.r.vector, m_.word);
        break;
      case ThunkKind::f64:
        stack_->number(1, m_.r.vector, other);
        m_.store(to, m_.r.vector, 8);
        break;
      default:
        stack_->integer(1, spec_.result, m_.r.value, other);
        m_.store(to, m_.r.value, 8);
        break;
    }
    pop(2);
    cold_.add([=, this] {
      m_.bind(other);
      m_.store(state(host_.offsets.caller), m_.r.L);
      ask(handlers_.convert);
      m_.jump(finish_);
    });
  }

  void leave() {
    m_.store(state(host_.offsets.caller), m_.r.L);
    m_.count(data(offsetof(CallbackData, active)), -1);
    const At saved = state(host_.offsets.saved_errno);
    if (host_.errno_location != nullptr) {
      m_.call(host_.errno_location);
      m_.load(ThunkKind::u32, m_.r.spare, saved);
      m_.store(At{m_.r.result}, m_.r.spare, 4);
    } else {
      m_.load(ThunkKind::u32, m_.r.value, saved);
      m_.store_errno(m_.r.value);
    }
  }

  // --- the handlers -----------------------------------------------------------------------------------------------

  // handler(context, addresses of the arguments, zeroed result)
  void ask(CallbackHandler handler) {
    for (size_t i = 0; i < values_.size(); ++i) {
      const At value = m_.frame(values_[i]);
      if (plan_.args[i].by_reference) {
        m_.load(m_.r.value, value);
      } else {
        m_.address(m_.r.value, value);
      }
      m_.store(m_.frame(addresses_at_ + static_cast<int>(i) * m_.word), m_.r.value);
    }
    if (plan_.result.in_memory) {
      m_.clear_at_pointer(m_.frame(result_address_at_), plan_.result.size);
      m_.load(m_.ours(2), m_.frame(result_address_at_));
    } else {
      m_.clear(m_.frame(result_at_), m_.callback_frame().room);
      m_.address(m_.ours(2), m_.frame(result_at_));
    }
    m_.load(m_.ours(0), data(offsetof(CallbackData, context)));
    m_.address(m_.ours(1), m_.frame(addresses_at_));
    m_.call(reinterpret_cast<const void*>(handler));
  }

  void return_result() {
    m_.bind(finish_);
    if (plan_.result.in_memory) {
      m_.return_address(m_.frame(result_address_at_));
    } else {
      m_.load_result(m_.frame(result_at_));
    }
    m_.epilogue();
    m_.ret();
  }

  Machine& m_;
  const ThunkHost& host_;
  const CallbackApi& api_;
  const CallbackHandlers& handlers_;
  const CallbackSpec& spec_;
  const abi::CallPlan& plan_;
  OutOfLine cold_;
  std::unique_ptr<StackAccess> stack_;
  Label whole_, finish_;
  std::vector<int> values_;  // per argument: where its memory form is (or the address of that)
  Frame frame_;
  int result_address_at_ = 0;
  int result_at_ = 0;
  int addresses_at_ = 0;
};

}  // namespace

Result<void> assemble_callback(Machine& machine, const ThunkHost& host, const CallbackApi& api,
                               const CallbackHandlers& handlers, const CallbackSpec& spec) {
  if (spec.plan->variadic) return Error{"nothing says what lies behind '...'"};
  CallbackEmitter emitter(machine, host, api, handlers, spec);
  if (!emitter.fits()) return Error{"its arguments and result take too much of the C stack"};
  emitter.emit();
  return {};
}

}  // namespace ferry::call
