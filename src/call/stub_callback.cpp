// The stub back end's callbacks: a fixed table of static trampolines per ABI, slots that are never
// lost and reused oldest first, and the way from saved registers to argument pointers and back.
#include "call/stub.h"

#if defined(__x86_64__) && defined(__ELF__) && defined(__LP64__)
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "call/callback_slot.h"
#include "call/x64_layout.h"

extern "C" {
extern const char ferry_sysv_trampolines[];
extern const char ferry_win_trampolines[];
// Called by the common entries with the saved registers and the caller's outgoing area; how many x87
// registers to load.
__attribute__((visibility("hidden"), used)) uint32_t ferry_sysv_callback(ferry::call::x64::CallbackFrame* frame,
                                                                         std::byte* stack, uint32_t number);
__attribute__((visibility("hidden"), used)) uint32_t ferry_win_callback(ferry::call::x64::CallbackFrame* frame,
                                                                        std::byte* stack, uint32_t number);
}

namespace ferry::call::x64 {
namespace {

using abi::Abi;
using abi::ArgPlan;
using abi::CallPlan;
using abi::Piece;
using abi::Where;

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
  struct Move {  // 8 bytes from the register block to the scratch area
    uint32_t from;
    uint32_t to;
  };
  std::vector<Arg> args;
  std::vector<Move> moves;
  uint32_t scratch = 0;
  ResultKind kind = ResultKind::none;
  bool in_memory = false;
  uint64_t result_size = 0;

  // Equal keys, equal behaviour.
  std::string key() const {
    std::string text = std::to_string(static_cast<int>(kind)) + (in_memory ? "m" : "r") + std::to_string(result_size) +
                       "," + std::to_string(scratch);
    for (const Arg& arg : args) {
      text += ';' + std::to_string(static_cast<int>(arg.base)) + ':' + std::to_string(arg.offset);
    }
    for (const Move& move : moves) text += '>' + std::to_string(move.from) + ',' + std::to_string(move.to);
    return text;
  }
};

Result<Shape> make_shape(const CallPlan& plan) {
  Shape shape;
  shape.kind = result_kind(plan);
  shape.in_memory = plan.result.in_memory;
  shape.result_size = plan.result.size;
  for (const ArgPlan& arg : plan.args) {
    std::span<const Piece> pieces = plan.pieces_of(arg);
    if (arg.on_stack) {
      shape.args.push_back({Shape::Base::stack, arg.stack_offset});
      continue;
    }
    if (pieces.empty()) {  // an empty record: any valid address
      shape.args.push_back({Shape::Base::registers, 0});
      continue;
    }
    bool first_on_stack = pieces[0].where == Where::stack;
    if (arg.by_reference) {
      shape.args.push_back(first_on_stack
                               ? Shape::Arg{Shape::Base::stack_pointer, pieces[0].stack_offset}
                               : Shape::Arg{Shape::Base::registers_pointer, register_offset(plan.abi, pieces[0])});
      continue;
    }
    uint32_t home = register_offset(plan.abi, pieces[0]);
    bool in_order = pieces[0].value_offset == 0 && home % std::min<uint32_t>(arg.align, 16) == 0;
    for (const Piece& piece : pieces) {
      in_order = in_order && register_offset(plan.abi, piece) == home + piece.value_offset;
    }
    if (in_order) {
      shape.args.push_back({Shape::Base::registers, home});
      continue;
    }
    shape.args.push_back({Shape::Base::scratch, shape.scratch});
    for (const Piece& piece : pieces) {
      shape.moves.push_back({register_offset(plan.abi, piece), shape.scratch + piece.value_offset});
      if (piece.size > 8) {
        shape.moves.push_back({register_offset(plan.abi, piece) + 8, shape.scratch + piece.value_offset + 8});
      }
    }
    shape.scratch += 16;
  }
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

// The slots of one table of trampolines. Process-wide, never destroyed: C may call at any time.
class SlotTable {
 public:
  SlotTable(Slot* slots, uint32_t count, const char* code) : slots_(slots), count_(count), code_(code) {}

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
    retired_.push_back(number);
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

constinit Slot sysv_slots[FERRY_SYSV_TRAMPOLINES];
constinit Slot win_slots[FERRY_WIN_TRAMPOLINES];

SlotTable& table_of(Abi abi) {
  static auto* sysv = new SlotTable(sysv_slots, FERRY_SYSV_TRAMPOLINES, ferry_sysv_trampolines);
  static auto* win = new SlotTable(win_slots, FERRY_WIN_TRAMPOLINES, ferry_win_trampolines);
  return abi == Abi::sysv_x64 ? *sysv : *win;
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
  for (const Shape::Move& move : shape.moves) std::memcpy(scratch + move.to, registers + move.from, 8);
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

// Puts the result where the common entry loads it from. Integers are extended: clang's callers rely on it.
uint32_t return_result(ResultKind kind, const std::byte* value, CallbackFrame& frame) {
  uint64_t half[2];
  std::memcpy(half, value, sizeof half);
  auto xmm = [&](int reg, uint64_t bits) { std::memcpy(frame.fpr[reg], &bits, sizeof bits); };
  switch (kind) {
    case ResultKind::none:
      break;
    case ResultKind::s8:
      frame.gpr[0] = static_cast<uint64_t>(int64_t{static_cast<int8_t>(half[0])});
      break;
    case ResultKind::u8:
      frame.gpr[0] = static_cast<uint8_t>(half[0]);
      break;
    case ResultKind::s16:
      frame.gpr[0] = static_cast<uint64_t>(int64_t{static_cast<int16_t>(half[0])});
      break;
    case ResultKind::u16:
      frame.gpr[0] = static_cast<uint16_t>(half[0]);
      break;
    case ResultKind::s32:
      frame.gpr[0] = static_cast<uint64_t>(int64_t{static_cast<int32_t>(half[0])});
      break;
    case ResultKind::u32:
      frame.gpr[0] = static_cast<uint32_t>(half[0]);
      break;
    case ResultKind::g:
      frame.gpr[0] = half[0];
      break;
    case ResultKind::f:
      xmm(0, half[0]);
      break;
    case ResultKind::v:
      std::memcpy(frame.fpr[0], half, 16);
      break;
    case ResultKind::gg:
      frame.gpr[0] = half[0];
      frame.gpr[1] = half[1];
      break;
    case ResultKind::gf:
      frame.gpr[0] = half[0];
      xmm(0, half[1]);
      break;
    case ResultKind::fg:
      xmm(0, half[0]);
      frame.gpr[0] = half[1];
      break;
    case ResultKind::ff:
      xmm(0, half[0]);
      xmm(1, half[1]);
      break;
    case ResultKind::padded_g:
      frame.gpr[0] = half[1];
      break;
    case ResultKind::padded_f:
      xmm(0, half[1]);
      break;
    case ResultKind::x87:
      std::memcpy(frame.x87[0], value, 16);
      return 1;
    case ResultKind::x87_pair:
      std::memcpy(frame.x87[0], value, 32);
      return 2;
  }
  return 0;
}

uint32_t enter(const Slot& slot, CallbackFrame& frame, std::byte* stack) {
  std::memset(frame.gpr, 0, sizeof frame.gpr + sizeof frame.fpr);
  Slot::State state = slot.read();
  if (state.shape == nullptr) return 0;  // a trampoline that was never handed out
  const Shape& shape = *state.shape;
  alignas(16) std::byte value[32] = {};
  void* result = value;
  if (shape.in_memory) {
    // Both ABIs pass the result's address in their first general register and return it in rax.
    std::memcpy(&result, frame.registers, sizeof result);
    frame.gpr[0] = reinterpret_cast<uintptr_t>(result);
    std::memset(result, 0, shape.result_size);
  }
  if (state.handler != nullptr) {
    // One element more: alloca(0) need not be a valid address.
    auto** args = static_cast<void**>(__builtin_alloca((shape.args.size() + 1) * sizeof(void*)));
    auto* scratch = static_cast<std::byte*>(__builtin_alloca(shape.scratch + 16));
    find_arguments(shape, frame.registers, stack, scratch, args);
    state.handler(state.context, args, result);
  }
  return return_result(shape.kind, value, frame);
}

}  // namespace

Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                void* context) {
  Result<CallPlan> plan = plan_for_stub(types, function, {});
  if (!plan) return plan.error();
  if (plan->variadic) return Error{"a callback cannot be variadic"};
  Result<Shape> shape = make_shape(*plan);
  if (!shape) return shape.error();
  Result<const Shape*> shared = intern(std::move(*shape));
  if (!shared) return shared.error();
  SlotTable& table = table_of(plan->abi);
  Result<uint32_t> number = table.take({*shared, handler, context});
  if (!number) return number.error();
  return std::unique_ptr<Callback>(std::make_unique<StubCallback>(table, *number));
}

}  // namespace ferry::call::x64

using ferry::call::x64::CallbackFrame;

uint32_t ferry_sysv_callback(CallbackFrame* frame, std::byte* stack, uint32_t number) {
  return ferry::call::x64::enter(ferry::call::x64::sysv_slots[number], *frame, stack);
}

uint32_t ferry_win_callback(CallbackFrame* frame, std::byte* stack, uint32_t number) {
  return ferry::call::x64::enter(ferry::call::x64::win_slots[number], *frame, stack);
}
#endif
