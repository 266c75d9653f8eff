// The stub back end's calls: a plan turned into a frame layout once, then run by one static routine.
// Scalars are written by the caller straight into the register block, so invoke has nothing to
// interpret for them; values in pieces have moves, computed once.
#include "call/stub/stub.h"

#if defined(FERRY_STUB)
#include <cstring>

#include "abi/registry.h"
#include "base/round.h"
#include "call/backends.h"

namespace ferry::call {
namespace stub {
namespace {

using abi::ArgPlan;
using abi::CallPlan;
using abi::Piece;
using abi::Where;

// The C stack has 8 MiB on Linux by default, threads often less, and the callee needs some of it.
constexpr uint64_t kMaxStackArea = uint64_t{1} << 20;
// Frames hold copies of what is passed by reference; larger ones are refused, offsets are 32-bit.
constexpr uint64_t kMaxFrame = uint64_t{1} << 30;
// What the caller writes for a number (Invoker).
constexpr uint32_t kWritten = 8;

// frame: | register block | outgoing area | values in pieces, copies passed by reference |
class StubInvoker final : public Invoker {
 public:
  explicit StubInvoker(const StubConvention& convention) : convention_(convention) {}

  static Result<std::unique_ptr<Invoker>> make(const StubPlan& plan) {
    auto invoker = std::make_unique<StubInvoker>(*plan.convention);
    if (Result<void> done = invoker->lay_out(plan.plan, plan.form); !done) return done.error();
    return std::unique_ptr<Invoker>(std::move(invoker));
  }

  void invoke(CFunction function, std::byte* frame, void* result) const override {
    for (const Move& move : moves_) std::memcpy(frame + move.to, frame + move.from, kWord);
    for (const Filling& filling : fillings_) fill(frame + filling.at, filling);
    for (const Reference& reference : references_) pass_reference(frame, reference);
    if (in_memory_) {
      const auto address = reinterpret_cast<uintptr_t>(result);
      std::memcpy(frame + result_address_, &address, sizeof address);
    }
    machine::receive(form_, {routine_, function, frame, &area_, result});
  }

 private:
  struct Move {  // a word within the frame
    uint32_t from;
    uint32_t to;
  };
  struct Filling {  // of a word, above a value of `size` bytes in it
    uint32_t at;    // of the word
    uint8_t size;
    Fill how;
  };
  struct Reference {  // an argument passed as the address of a copy
    uint32_t value;   // of the argument's slot
    uint32_t to;      // of the pointer
    uint32_t align;   // of the copy; the frame itself gives 16
    uint32_t size;
  };

  void fill(std::byte* word, const Filling& filling) const {
    switch (filling.how) {
      case Fill::none:
        break;
      case Fill::sign:
      case Fill::zero: {
        const auto value =
            static_cast<uintptr_t>(load_integer(word + low_end(filling.size), filling.size, filling.how == Fill::zero));
        std::memcpy(word, &value, kWord);
        break;
      }
      case Fill::ones:
        std::memset(word + filling.size, 0xff, kWord - filling.size);
        break;
      case Fill::as_double:
        convention_.widen(word);
        break;
    }
  }

  static void pass_reference(std::byte* frame, const Reference& reference) {
    std::byte* value = frame + reference.value;
    auto address = reinterpret_cast<uintptr_t>(value);
    uintptr_t aligned = (address + reference.align - 1) & ~uintptr_t{reference.align - 1};
    if (aligned != address) std::memmove(value + (aligned - address), value, reference.size);
    std::memcpy(frame + reference.to, &aligned, sizeof aligned);
  }

  Result<void> lay_out(const CallPlan& plan, machine::ResultForm form) {
    if (plan.stack_bytes > kMaxStackArea) {
      return Error{"arguments take " + std::to_string(plan.stack_bytes) + " bytes of stack, more than the limit of " +
                   std::to_string(kMaxStackArea)};
    }
    bool any_on_stack = plan.stack_bytes > convention_.home_space;
    bool only_gprs = convention_.call_gprs != nullptr && plan.fpr_used == 0 && plan.vector_used == 0 && !any_on_stack;
    area_.frame_offset = only_gprs ? convention_.gpr_block : convention_.block;
    area_.bytes = plan.stack_bytes;
    area_.copy_bytes = any_on_stack ? plan.stack_bytes : 0;
    area_.mask = ~uint64_t{plan.stack_align - 1};
    end_ = area_.frame_offset + area_.copy_bytes;
    routine_ = any_on_stack ? convention_.call_stack : only_gprs ? convention_.call_gprs : convention_.call_registers;
    in_memory_ = plan.result.in_memory;
    result_address_ = plan.memory_on_stack ? static_cast<uint32_t>(area_.frame_offset) : convention_.result_address;
    form_ = form;
    result_bytes_ = std::max<uint64_t>(plan.result.size, machine::register_result_bytes(form_));

    args_.reserve(plan.args.size());
    for (const ArgPlan& arg : plan.args) {
      Result<void> done = place(plan, arg);
      if (!done) return done;
    }
    frame_bytes_ = round_up(end_, 16);
    return {};
  }

  Result<void> place(const CallPlan& plan, const ArgPlan& arg) {
    std::span<const Piece> pieces = plan.pieces_of(arg);
    if (arg.on_stack) {
      const uint32_t slot = static_cast<uint32_t>(area_.frame_offset) + arg.stack_offset;
      add_filling(Where::stack, arg.extend, arg.size, slot);
      const uint32_t place = slot + (arg.extend != abi::Extend::none ? low_end(arg.size) : 0);
      if (kWord >= kWritten || arg.size > kWord) return add_slot(place, arg);
      // What the caller writes for it would reach into the next argument.
      Result<uint32_t> value = take(kWritten);
      if (!value) return value.error();
      moves_.push_back({*value, place});
      return add_slot(*value, arg);
    }
    if (pieces.empty()) {  // not passed, but written like any other
      Result<uint32_t> value = take(arg.size);
      return value ? add_slot(*value, arg) : value.error();
    }
    if (arg.by_reference) {
      Result<uint32_t> value = take(arg.size + (arg.align > 16 ? arg.align : 0));
      if (!value) return value.error();
      references_.push_back(
          {*value, piece_offset(pieces[0]), std::max<uint32_t>(arg.align, 16), static_cast<uint32_t>(arg.size)});
      return add_slot(*value, arg);
    }
    // The register block is the value's own place if its pieces lie there in the value's own order.
    uint32_t home = piece_offset(pieces[0]);
    bool in_order = pieces[0].value_offset == 0 && home % std::min<uint32_t>(arg.align, 16) == 0;
    size_t copies_from = pieces.size();
    for (size_t i = 1; i < pieces.size(); ++i) {
      if (pieces[i].value_offset == 0 && pieces[0].size >= arg.size) {
        copies_from = i;  // Win64: a variadic floating-point value, once more in a general register
        break;
      }
      in_order = in_order && piece_offset(pieces[i]) == home + pieces[i].value_offset;
    }
    if (!in_order) {
      // Moves are of words, also for the last piece.
      Result<uint32_t> value = take(std::max<uint64_t>(arg.size, pieces.back().value_offset + kWord));
      if (!value) return value.error();
      home = *value;
      copies_from = 0;
    }
    for (size_t i = copies_from; i < pieces.size(); ++i) {
      const uint32_t from = home + pieces[i].value_offset, to = piece_offset(pieces[i]);
      for (uint32_t done = 0; done < pieces[i].size; done += kWord) moves_.push_back({from + done, to + done});
    }
    for (const Piece& piece : pieces) {
      add_filling(piece.where, piece.extend, piece.size, piece_offset(piece) - within_word(piece));
    }
    return add_slot(home, arg);
  }

  void add_filling(Where where, abi::Extend extend, uint64_t size, uint32_t at) {
    if (convention_.fill == nullptr || size >= kWord) return;
    const auto narrow = static_cast<uint8_t>(size);
    const Fill how = convention_.fill(where, extend, narrow);
    if (how != Fill::none) fillings_.push_back({at, narrow, how});
  }

  uint32_t piece_offset(const Piece& piece) const {
    if (piece.where == Where::stack) return static_cast<uint32_t>(area_.frame_offset) + piece.stack_offset;
    return convention_.register_offset(piece);
  }

  // Room for a value, in whole 16 bytes so that moves may read past its end.
  Result<uint32_t> take(uint64_t size) {
    if (size > kMaxFrame || end_ > kMaxFrame) return Error{"arguments of more than 1 GiB in all"};
    uint64_t offset = round_up(end_, 16);
    end_ = offset + round_up(size, 16);
    return static_cast<uint32_t>(offset);
  }

  Result<void> add_slot(uint64_t offset, const ArgPlan& arg) {
    args_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(arg.size)});
    return {};
  }

  const StubConvention& convention_;
  CFunction routine_ = nullptr;
  StackArea area_;
  machine::ResultForm form_;
  bool in_memory_ = false;
  uint32_t result_address_ = 0;  // where in the frame the address of a result in memory goes
  std::vector<Move> moves_;
  std::vector<Filling> fillings_;  // after the moves
  std::vector<Reference> references_;
  uint64_t end_ = 0;
};

class StubBackend final : public Backend {
 public:
  std::string_view name() const override { return "stub"; }

  Result<std::unique_ptr<Invoker>> make_invoker(const TypeTable& types, TypeId function,
                                                std::span<const TypeId> extra) const override {
    Result<StubPlan> plan = plan_for_stub(types, function, extra);
    if (!plan) return plan.error();
    return StubInvoker::make(*plan);
  }

  Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                  void* context) const override {
    return stub::make_callback(types, function, handler, context);
  }
};

}  // namespace

Result<StubPlan> plan_for_stub(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  Result<CallPlan> plan = abi::plan_call(types, function, extra);
  if (!plan) return plan.error();
  for (const StubConvention& convention : machine::kConventions) {
    if (convention.abi != plan->abi) continue;
    if (types.target().name == host_target().name) {
      const machine::ResultForm form = machine::result_form(types, *plan);
      return StubPlan{std::move(*plan), &convention, form};
    }
    return Error{"types of " + std::string(types.target().name) + " cannot be called here"};
  }
  return Error{"no calls by the convention " + std::string(abi::info(plan->abi).name) + " in this build"};
}

}  // namespace stub

const Backend& stub_backend() {
  static const stub::StubBackend backend;
  return backend;
}

}  // namespace ferry::call
#endif
