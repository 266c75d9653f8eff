// The stub back end's callbacks: a fixed table of static trampolines per convention, slots that are never
// lost and reused oldest first, and the way from saved registers to argument pointers and back.
#include "call/stub/stub.h"

#if defined(FERRY_STUB)
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "base/compiler.h"
#include "call/callback_slot.h"

namespace ferry::call::stub {
namespace {

using abi::ArgPlan;
using abi::CallPlan;
using abi::Piece;
using abi::Where;
using machine::CallbackFrame;
using machine::ResultForm;

// Argument pointers and pieces live on the C stack during a callback.
constexpr uint64_t kMaxCallbackScratch = uint64_t{1} << 18;
// Shapes live for ever, because retired slots still answer by them; this bounds their number.
constexpr size_t kMaxShapes = size_t{1} << 16;

// How arguments are found and the result is returned, for one plan. Immutable; equal ones are shared.
struct Shape {
  enum class Base : uint8_t { registers, stack, scratch, registers_pointer, stack_pointer };
  struct Arg {
    Base base;  // what `offset` counts from; *_pointer: the address of the value is there
    uint32_t offset;
  };
  struct Move {    // a word to the scratch area
    bool stacked;  // from the caller's outgoing area, else from the register block
    uint32_t from;
    uint32_t to;
  };
  std::vector<Arg> args;
  std::vector<uint32_t> widened;  // floats that registers hold as doubles, in the register block; before the moves
  void (*narrow)(std::byte* word) = nullptr;
  std::vector<Move> moves;
  uint32_t scratch = 0;
  ResultForm form;
  bool in_memory = false;
  uint32_t result_address = 0;    // where in the register block, if in_memory
  bool address_on_stack = false;  // it is the first word of the caller's outgoing area instead
  uint32_t pops = 0;              // bytes of that area which the callback removes
  uint64_t result_size = 0;

  // Equal keys, equal behaviour.
  std::string key() const {
    std::string text = std::to_string(form.code()) + (in_memory ? "m" : "r") + std::to_string(result_size) + "," +
                       std::to_string(scratch) + (address_on_stack ? "s" : "") + std::to_string(pops);
    for (const Arg& arg : args) {
      text += ';' + std::to_string(static_cast<int>(arg.base)) + ':' + std::to_string(arg.offset);
    }
    for (uint32_t at : widened) text += '=' + std::to_string(at);
    for (const Move& move : moves) {
      text += (move.stacked ? '<' : '>') + std::to_string(move.from) + ',' + std::to_string(move.to);
    }
    return text;
  }
};

Result<Shape> make_shape(const StubPlan& stub) {
  const CallPlan& plan = stub.plan;
  const StubConvention& convention = *stub.convention;
  Shape shape;
  shape.form = stub.form;
  shape.narrow = convention.narrow;
  shape.in_memory = plan.result.in_memory;
  shape.result_address = convention.result_address;
  shape.address_on_stack = plan.memory_on_stack;
  shape.pops = plan.callee_pops;
  shape.result_size = plan.result.size;
  for (const ArgPlan& arg : plan.args) {
    std::span<const Piece> pieces = plan.pieces_of(arg);
    if (arg.on_stack) {
      const uint32_t within = arg.extend != abi::Extend::none ? low_end(arg.size) : 0;
      shape.args.push_back({Shape::Base::stack, arg.stack_offset + within});
      continue;
    }
    if (pieces.empty()) {  // not passed: any valid address
      shape.args.push_back({Shape::Base::scratch, shape.scratch});
      if (arg.size > kMaxCallbackScratch) return Error{"a callback with a parameter that large"};
      shape.scratch += static_cast<uint32_t>(arg.size + 15) & ~15u;
      continue;
    }
    bool first_on_stack = pieces[0].where == Where::stack;
    if (arg.by_reference) {
      shape.args.push_back(first_on_stack
                               ? Shape::Arg{Shape::Base::stack_pointer, pieces[0].stack_offset}
                               : Shape::Arg{Shape::Base::registers_pointer, convention.register_offset(pieces[0])});
      continue;
    }
    for (const Piece& piece : pieces) {
      if (convention.is_widened(piece)) shape.widened.push_back(convention.register_offset(piece));
    }
    uint32_t home = convention.register_offset(pieces[0]);
    bool in_order = pieces[0].value_offset == 0 && home % std::min<uint32_t>(arg.align, 16) == 0;
    for (const Piece& piece : pieces) {
      in_order =
          in_order && piece.where != Where::stack && convention.register_offset(piece) == home + piece.value_offset;
    }
    if (in_order) {
      shape.args.push_back({Shape::Base::registers, home});
      continue;
    }
    shape.args.push_back({Shape::Base::scratch, shape.scratch});
    for (const Piece& piece : pieces) {
      const bool stacked = piece.where == Where::stack;
      const uint32_t from = stacked ? piece.stack_offset : convention.register_offset(piece);
      for (uint32_t done = 0; done < piece.size; done += kWord) {
        shape.moves.push_back({stacked, from + done, shape.scratch + piece.value_offset + done});
      }
    }
    // Moves are of words, also for the last piece.
    shape.scratch +=
        static_cast<uint32_t>(std::max<uint64_t>(arg.size, pieces.back().value_offset + kWord) + 15) & ~15u;
  }
  if (!shape.in_memory && shape.result_size > kMaxCallbackScratch) return Error{"a callback with a result that large"};
  if (shape.scratch + shape.args.size() * sizeof(void*) > kMaxCallbackScratch) {
    return Error{"a callback with " + std::to_string(shape.args.size()) + " parameters"};
  }
  return shape;
}

// Equal shapes once, for the life of the process.
Result<const Shape*> intern(Shape&& shape) {
  static std::mutex mutex;
  static auto* shapes = new std::map<std::string, std::unique_ptr<const Shape>>;  // outlives static destructors
  std::string key = shape.key();
  std::lock_guard lock(mutex);
  auto found = shapes->find(key);
  if (found != shapes->end()) return found->second.get();
  if (shapes->size() >= kMaxShapes) return Error{"callbacks of more than 65536 different shapes"};
  auto owned = std::make_unique<const Shape>(std::move(shape));
  const Shape* result = owned.get();
  shapes->emplace(std::move(key), std::move(owned));
  return result;
}

using Slot = CallbackSlot<Shape>;

// Slots of all conventions, by the trampolines' numbers. Process-wide, never destroyed: C may call at any time.
constinit Slot all_slots[machine::kTrampolines];

// The slots of one table of trampolines.
class SlotTable {
 public:
  explicit SlotTable(const StubConvention& convention)
      : slots_(all_slots + convention.first_trampoline),
        count_(convention.trampoline_count),
        code_(convention.trampolines) {}

  // A slot in state `state`. Error: all are taken.
  Result<uint32_t> take(const Slot::State& state) {
    std::lock_guard lock(mutex_);
    uint32_t number = 0;
    if (unused_ < count_) {
      number = unused_++;
    } else if (!retired_.empty()) {
      number = retired_.front();
      retired_.pop_front();
    } else {
      return Error{"too many callbacks: all " + std::to_string(count_) + " are in use"};
    }
    slots_[number].write(state);
    return number;
  }

  void mute(uint32_t number) {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[number];
    slot.write({slot.shape.load(std::memory_order_relaxed), nullptr, nullptr});
  }

  void retire(uint32_t number) {
    mute(number);
    std::lock_guard lock(mutex_);
    try {
      retired_.push_back(number);
    } catch (const std::bad_alloc&) {  // it is lost; destructors call this
    }
  }

  CFunction address(uint32_t number) const {
    return reinterpret_cast<CFunction>(const_cast<char*>(code_) + size_t{number} * FERRY_TRAMPOLINE_BYTES);
  }

 private:
  std::mutex mutex_;
  Slot* slots_;
  uint32_t count_;
  const char* code_;
  uint32_t unused_ = 0;
  std::deque<uint32_t> retired_;
};

SlotTable& table_of(const StubConvention& convention) {
  static auto* tables = [] {
    auto* made = new std::array<std::unique_ptr<SlotTable>, std::size(machine::kConventions)>;
    for (size_t i = 0; i < made->size(); ++i) (*made)[i] = std::make_unique<SlotTable>(machine::kConventions[i]);
    return made;
  }();
  return *(*tables)[static_cast<size_t>(&convention - machine::kConventions)];
}

class StubCallback final : public Callback {
 public:
  StubCallback(SlotTable& table, uint32_t number) : table_(table), number_(number) { address_ = table.address(number); }
  ~StubCallback() override { table_.retire(number_); }
  StubCallback(const StubCallback&) = delete;
  StubCallback& operator=(const StubCallback&) = delete;
  void mute() override { table_.mute(number_); }

 private:
  SlotTable& table_;
  uint32_t number_;
};

// Points args[i] to the i-th argument's memory form.
void find_arguments(const Shape& shape, std::byte* registers, std::byte* stack, std::byte* scratch, void** args) {
  for (uint32_t at : shape.widened) shape.narrow(registers + at);
  for (const Shape::Move& move : shape.moves) {
    std::memcpy(scratch + move.to, (move.stacked ? stack : registers) + move.from, kWord);
  }
  for (size_t i = 0; i < shape.args.size(); ++i) {
    const Shape::Arg& arg = shape.args[i];
    switch (arg.base) {
      case Shape::Base::registers:
        args[i] = registers + arg.offset;
        break;
      case Shape::Base::stack:
        args[i] = stack + arg.offset;
        break;
      case Shape::Base::scratch:
        args[i] = scratch + arg.offset;
        break;
      case Shape::Base::registers_pointer:
        std::memcpy(&args[i], registers + arg.offset, sizeof(void*));
        break;
      case Shape::Base::stack_pointer:
        std::memcpy(&args[i], stack + arg.offset, sizeof(void*));
        break;
    }
  }
}

uint32_t enter(const Slot& slot, CallbackFrame& frame, std::byte* stack) {
  Slot::State state = slot.read();
  machine::prepare(frame, state.shape != nullptr ? state.shape->pops : 0);
  if (state.shape == nullptr) return 0;  // a trampoline that was never handed out
  const Shape& shape = *state.shape;
  const size_t value_bytes = std::max<size_t>(shape.in_memory ? 0 : shape.result_size, machine::kMaxRegisterResult);
  auto* value = static_cast<std::byte*>(FERRY_ALLOCA(value_bytes));
  std::memset(value, 0, value_bytes);
  void* result = value;
  if (shape.in_memory) {
    std::memcpy(&result, shape.address_on_stack ? stack : frame.registers + shape.result_address, sizeof result);
    // x86: the address comes back in rax, eax. AAPCS64 says nothing of x0.
    frame.gpr[0] = reinterpret_cast<uintptr_t>(result);
    std::memset(result, 0, shape.result_size);
  }
  if (state.handler != nullptr) {
    // One element more: alloca(0) need not be a valid address.
    auto** args = static_cast<void**>(FERRY_ALLOCA((shape.args.size() + 1) * sizeof(void*)));
    auto* scratch = static_cast<std::byte*>(FERRY_ALLOCA(shape.scratch + 16));
    find_arguments(shape, frame.registers, stack, scratch, args);
    state.handler(state.context, args, result);
  }
  return machine::give(shape.form, value, frame);
}

}  // namespace

Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                void* context) {
  Result<StubPlan> plan = plan_for_stub(types, function, {});
  if (!plan) return plan.error();
  if (plan->plan.variadic) return Error{"a callback cannot be variadic"};
  Result<Shape> shape = make_shape(*plan);
  if (!shape) return shape.error();
  Result<const Shape*> shared = intern(std::move(*shape));
  if (!shared) return shared.error();
  SlotTable& table = table_of(*plan->convention);
  Result<uint32_t> number = table.take({*shared, handler, context});
  if (!number) return number.error();
  return std::unique_ptr<Callback>(std::make_unique<StubCallback>(table, *number));
}

}  // namespace ferry::call::stub

// Called by the common entries with the saved registers, the caller's outgoing area and the trampoline's number;
// x86: how many x87 registers to load.
extern "C" FERRY_HIDDEN __attribute__((used)) FERRY_ROUTINE uint32_t
ferry_stub_callback(ferry::call::stub::machine::CallbackFrame* frame, std::byte* stack, uint32_t number) {
  return ferry::call::stub::enter(ferry::call::stub::all_slots[number], *frame, stack);
}
#endif
