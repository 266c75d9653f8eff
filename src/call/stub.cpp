// The stub back end's calls: a plan turned into a frame layout once, then run by one static routine.
// Scalars are written by the caller straight into the register block, so invoke has nothing to
// interpret for them; values in pieces have moves, computed once.
#include "call/stub.h"

#if defined(__x86_64__) && defined(__ELF__) && defined(__LP64__)
#include <bit>
#include <cstring>

#include "call/backends.h"
#include "call/x64_layout.h"

extern "C" {
// Called through pointers of the type that fits the result (stub_*_x64.S).
void ferry_sysv_gprs(ferry::call::CFunction function, const std::byte* block);
void ferry_sysv_registers(ferry::call::CFunction function, const std::byte* block);
void ferry_sysv_stack(ferry::call::CFunction function, const std::byte* frame, const ferry::call::x64::StackArea* area);
void ferry_win_call(ferry::call::CFunction function, const std::byte* frame, const ferry::call::x64::StackArea* area);
}

namespace ferry::call {
namespace x64 {
namespace {

using abi::Abi;
using abi::ArgPlan;
using abi::CallPlan;
using abi::Piece;
using abi::Where;

// The C stack has 8 MiB on Linux by default, threads often less, and the callee needs some of it.
constexpr uint64_t kMaxStackArea = uint64_t{1} << 20;
// Frames hold copies of what is passed by reference; larger ones are refused, offsets are 32-bit.
constexpr uint64_t kMaxFrame = uint64_t{1} << 30;

using Vector16 = float __attribute__((vector_size(16)));
using LongDoubleComplex = __complex__ long double;
struct GG {
  uint64_t a, b;
};
struct GF {
  uint64_t a;
  double b;
};
struct FG {
  double a;
  uint64_t b;
};
struct FF {
  double a, b;
};

// frame: | register block | outgoing area | values in pieces, copies passed by reference |
class StubInvoker final : public Invoker {
 public:
  static Result<std::unique_ptr<Invoker>> make(const CallPlan& plan) {
    auto invoker = std::make_unique<StubInvoker>();
    if (Result<void> done = invoker->lay_out(plan); !done) return done.error();
    return std::unique_ptr<Invoker>(std::move(invoker));
  }

  void invoke(CFunction function, std::byte* frame, void* result) const override {
    for (const Move& move : moves_) {
      std::memcpy(frame + move.to, frame + move.from, 8);
      if (move.wide) std::memcpy(frame + move.to + 8, frame + move.from + 8, 8);
    }
    for (const Reference& reference : references_) pass_reference(frame, reference);
    if (in_memory_) {
      uint64_t address = reinterpret_cast<uintptr_t>(result);
      std::memcpy(frame, &address, sizeof address);  // general register 0 in both ABIs
    }
    switch (kind_) {
      case ResultKind::none:
        call<void>(function, frame);
        break;
      case ResultKind::s8:
        put<int64_t>(result, static_cast<int8_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::u8:
        put<uint64_t>(result, static_cast<uint8_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::s16:
        put<int64_t>(result, static_cast<int16_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::u16:
        put<uint64_t>(result, static_cast<uint16_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::s32:
        put<int64_t>(result, static_cast<int32_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::u32:
        put<uint64_t>(result, static_cast<uint32_t>(call<uint64_t>(function, frame)));
        break;
      case ResultKind::g:
        put(result, call<uint64_t>(function, frame));
        break;
      case ResultKind::f:
        put(result, call<double>(function, frame));
        break;
      case ResultKind::v:
        put(result, call<Vector16>(function, frame));
        break;
      case ResultKind::gg:
        put(result, call<GG>(function, frame));
        break;
      case ResultKind::gf:
        put(result, call<GF>(function, frame));
        break;
      case ResultKind::fg:
        put(result, call<FG>(function, frame));
        break;
      case ResultKind::ff:
        put(result, call<FF>(function, frame));
        break;
      case ResultKind::padded_g:
        put(result, GG{0, call<uint64_t>(function, frame)});
        break;
      case ResultKind::padded_f:
        put(result, FF{0, call<double>(function, frame)});
        break;
      case ResultKind::x87:
        put(result, call<long double>(function, frame));
        break;
      case ResultKind::x87_pair:
        put(result, call<LongDoubleComplex>(function, frame));
        break;
    }
  }

 private:
  struct Move {  // 8 or 16 bytes within the frame
    uint32_t from;
    uint32_t to;
    bool wide;
  };
  struct Reference {  // an argument passed as the address of a copy
    uint32_t value;   // of the argument's slot
    uint32_t to;      // of the pointer
    uint32_t align;   // of the copy; the frame itself gives 16
    uint32_t size;
  };

  template <typename T>
  static void put(void* result, T value) {
    std::memcpy(result, &value, sizeof value);
  }

  // The routines leave the callee's result registers alone, so each is called as a function of the
  // type whose registers are wanted.
  template <typename T>
  T call(CFunction function, const std::byte* frame) const {
    return reinterpret_cast<T (*)(CFunction, const std::byte*, const StackArea*)>(routine_)(function, frame, &area_);
  }

  static void pass_reference(std::byte* frame, const Reference& reference) {
    std::byte* value = frame + reference.value;
    auto address = reinterpret_cast<uintptr_t>(value);
    uintptr_t aligned = (address + reference.align - 1) & ~uintptr_t{reference.align - 1};
    if (aligned != address) std::memmove(value + (aligned - address), value, reference.size);
    std::memcpy(frame + reference.to, &aligned, sizeof aligned);
  }

  Result<void> lay_out(const CallPlan& plan) {
    if (plan.stack_bytes > kMaxStackArea) {
      return Error{"arguments take " + std::to_string(plan.stack_bytes) + " bytes of stack, more than the limit of " +
                   std::to_string(kMaxStackArea)};
    }
    abi_ = plan.abi;
    bool sysv = abi_ == Abi::sysv_x64;
    bool any_on_stack = plan.stack_bytes > (sysv ? 0 : 32);
    bool only_gprs = sysv && plan.fpr_used == 0 && !any_on_stack;
    uint64_t block = only_gprs ? FERRY_SYSV_FPR_OFFSET : sysv ? FERRY_SYSV_BLOCK : FERRY_WIN_BLOCK;
    area_.frame_offset = block;
    area_.bytes = plan.stack_bytes;
    area_.copy_bytes = any_on_stack ? plan.stack_bytes : 0;
    area_.mask = ~uint64_t{plan.stack_align - 1};
    end_ = block + area_.copy_bytes;
    if (!sysv) {
      routine_ = reinterpret_cast<CFunction>(ferry_win_call);
    } else if (any_on_stack) {
      routine_ = reinterpret_cast<CFunction>(ferry_sysv_stack);
    } else {
      routine_ = reinterpret_cast<CFunction>(only_gprs ? ferry_sysv_gprs : ferry_sysv_registers);
    }
    in_memory_ = plan.result.in_memory;
    kind_ = result_kind(plan);
    result_bytes_ = std::max<uint64_t>(plan.result.size, kind_ == ResultKind::x87_pair ? 32 : 16);

    args_.reserve(plan.args.size());
    for (const ArgPlan& arg : plan.args) {
      Result<void> done = place(plan, arg);
      if (!done) return done;
    }
    frame_bytes_ = (end_ + 15) & ~uint64_t{15};
    return {};
  }

  Result<void> place(const CallPlan& plan, const ArgPlan& arg) {
    std::span<const Piece> pieces = plan.pieces_of(arg);
    if (arg.on_stack) return add_slot(area_.frame_offset + arg.stack_offset, arg);
    if (pieces.empty()) return add_slot(0, arg);
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
      if (pieces[i].value_offset == 0 && abi_ == Abi::win_x64) {
        copies_from = i;  // a variadic floating-point value: once more, in a general register
        break;
      }
      in_order = in_order && piece_offset(pieces[i]) == home + pieces[i].value_offset;
    }
    if (!in_order) {
      Result<uint32_t> value = take(arg.size);
      if (!value) return value.error();
      home = *value;
      copies_from = 0;
    }
    for (size_t i = copies_from; i < pieces.size(); ++i) {
      moves_.push_back({home + pieces[i].value_offset, piece_offset(pieces[i]), pieces[i].size > 8});
    }
    return add_slot(home, arg);
  }

  uint32_t piece_offset(const Piece& piece) const {
    if (piece.where == Where::stack) return static_cast<uint32_t>(area_.frame_offset) + piece.stack_offset;
    return register_offset(abi_, piece);
  }

  // Room for a value, in whole 16 bytes so that moves may read past its end.
  Result<uint32_t> take(uint64_t size) {
    if (size > kMaxFrame || end_ > kMaxFrame) return Error{"arguments of more than 1 GiB in all"};
    uint64_t offset = (end_ + 15) & ~uint64_t{15};
    end_ = offset + ((size + 15) & ~uint64_t{15});
    return static_cast<uint32_t>(offset);
  }

  Result<void> add_slot(uint64_t offset, const ArgPlan& arg) {
    args_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(arg.size)});
    return {};
  }

  CFunction routine_ = nullptr;
  StackArea area_;
  Abi abi_ = Abi::none;
  ResultKind kind_ = ResultKind::none;
  bool in_memory_ = false;
  std::vector<Move> moves_;
  std::vector<Reference> references_;
  uint64_t end_ = 0;
};

class StubBackend final : public Backend {
 public:
  std::string_view name() const override { return "stub"; }

  Result<std::unique_ptr<Invoker>> make_invoker(const TypeTable& types, TypeId function,
                                                std::span<const TypeId> extra) const override {
    Result<CallPlan> plan = plan_for_stub(types, function, extra);
    if (!plan) return plan.error();
    return StubInvoker::make(*plan);
  }

  Result<std::unique_ptr<Callback>> make_callback(const TypeTable& types, TypeId function, CallbackHandler handler,
                                                  void* context) const override {
    return x64::make_callback(types, function, handler, context);
  }
};

}  // namespace

Result<CallPlan> plan_for_stub(const TypeTable& types, TypeId function, std::span<const TypeId> extra) {
  if (types.target().name != host_target().name) {
    return Error{"types of " + std::string(types.target().name) + " cannot be called here"};
  }
  return abi::plan_call(types, function, extra);
}

ResultKind result_kind(const CallPlan& plan) {
  std::span<const Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory || pieces.empty()) return ResultKind::none;
  const Piece& first = pieces[0];
  if (first.where == Where::x87) return pieces.size() == 2 ? ResultKind::x87_pair : ResultKind::x87;
  bool gpr = first.where == Where::gpr;
  if (pieces.size() == 2) {
    if (pieces[1].where == Where::gpr) return gpr ? ResultKind::gg : ResultKind::fg;
    return gpr ? ResultKind::gf : ResultKind::ff;
  }
  if (first.value_offset == 8) return gpr ? ResultKind::padded_g : ResultKind::padded_f;
  if (!gpr) return first.size == 16 ? ResultKind::v : ResultKind::f;
  if (first.extend == abi::Extend::none) return ResultKind::g;
  bool sign = first.extend == abi::Extend::sign;
  if (first.size == 1) return sign ? ResultKind::s8 : ResultKind::u8;
  if (first.size == 2) return sign ? ResultKind::s16 : ResultKind::u16;
  return sign ? ResultKind::s32 : ResultKind::u32;
}

}  // namespace x64

const Backend& stub_backend() {
  static const x64::StubBackend backend;
  return backend;
}

}  // namespace ferry::call
#endif
