// AArch64: Procedure Call Standard (AAPCS64) 6.8.2, with Apple's and Microsoft's variants.
// For what AAPCS64 does not know (vectors of 2 and 4 bytes) gcc and clang decide where they agree.
#include "abi/builder.h"
#include "abi/homogeneous.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr unsigned kGprs = 8;           // x0-x7
constexpr unsigned kFprs = 8;           // v0-v7
constexpr uint8_t kIndirectResult = 8;  // x8, AAPCS64 6.9

constexpr std::string_view kBrainAggregates = "compilers differ about aggregates of __bf16";

// Stage A.
struct State {
  unsigned ngrn = 0;  // next general register
  unsigned nsrn = 0;  // next SIMD register
};

class Planner {
 public:
  explicit Planner(Builder& builder)
      : builder_(builder), types_(builder.types()), plan_(builder.plan()), quirks_(info(plan_.abi).quirks) {}

  Result<void> argument(TypeId id, bool is_variadic) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    if (t.size == 0) return {};
    if (Result<void> known = check_vector(passed, false); !known) return known;
    HomogeneousFinder finder(types_,
                             {.zero_width_ignored = quirks_.zero_width_ignored, .by_mode = quirks_.zero_width_ignored});
    std::optional<Homogeneous> h = finder.find(passed);
    if (finder.exhausted()) return refuse(types_, id, "it is too deeply nested");
    bool composite = is_composite(t);
    if (h && differs_by_compiler(t, *h)) return refuse(types_, id, kBrainAggregates);

    // Microsoft, ARM64 ABI "Variadic functions": composites are treated alike, SIMD registers are not
    // used; arguments are laid out on an imaginary stack whose first 64 bytes are x0-x7.
    if (quirks_.variadic_in_general_registers && plan_.variadic) {
      if (t.size > 16) return by_reference(arg);
      return imaginary_stack(t, passed_align(passed));
    }
    // Apple: variadic arguments are always on the stack, in slots of 8 bytes.
    if (quirks_.variadic_on_stack && is_variadic) {
      if (t.size > 16 && !h) return by_reference_on_stack(arg);
      return builder_.arg_on_stack(round_up(t.size, 8), h ? std::max<uint64_t>(8, h->element_size) : slot_align(passed),
                                   extension(t));
    }
    if (h) return homogeneous(arg, passed, *h);              // C.1-C.6
    if (composite && t.size > 16) return by_reference(arg);  // B.4
    return general(arg, passed);                             // C.9-C.17
  }

  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    if (t.kind == Kind::void_ || t.size == 0) return {};
    if (Result<void> known = check_vector(id, true); !known) return known;
    HomogeneousFinder finder(types_,
                             {.zero_width_ignored = quirks_.zero_width_ignored, .by_mode = quirks_.zero_width_ignored});
    std::optional<Homogeneous> h = finder.find(id);
    if (finder.exhausted()) return refuse(types_, id, "it is too deeply nested");
    if (h && differs_by_compiler(types_[id], *h)) return refuse(types_, id, kBrainAggregates);
    // AAPCS64 6.9: as if passed as the first argument; what would go to memory comes back through x8.
    if (h) {
      for (unsigned i = 0; i < h->count; ++i) builder_.result_piece(simd_piece(*h, i, i));
    } else if (t.size > 16) {
      result.in_memory = true;
      plan_.memory_reg = kIndirectResult;
    } else {
      for (unsigned i = 0; i * 8 < t.size; ++i) builder_.result_piece(general_piece(t, i, i));
    }
    return {};
  }

  void finish() {
    plan_.gpr_used = static_cast<uint8_t>(std::min(state_.ngrn, kGprs));
    plan_.fpr_used = static_cast<uint8_t>(std::min(state_.nsrn, kFprs));
  }

 private:
  static bool is_composite(const Type& t) { return is_record(t) || t.kind == Kind::vector; }

  // gcc and clang disagree about vectors that are not short vectors of AAPCS64 5.4.1: of floats below 8
  // bytes everywhere, of integers as results outside of Linux.
  Result<void> check_vector(TypeId id, bool is_result) const {
    const Type& t = types_[id];
    if (t.kind != Kind::vector || t.size >= 8) return {};
    if (types_[t.base].kind == Kind::floating || (is_result && quirks_.no_small_vector_results)) {
      return refuse(types_, id, "compilers differ about vectors below 8 bytes");
    }
    return {};
  }

  // AAPCS64 6.8.2 uses natural alignment, which an aligned attribute on the record itself does not
  // change; clang for Darwin and Windows uses the record's alignment.
  uint64_t passed_align(TypeId id) const {
    return quirks_.record_attribute_ignored ? natural_align(types_, id) : main_variant(types_, id).align;
  }

  // C.4, C.14: the larger of 8 and the natural alignment, which 16 bytes bound.
  uint64_t slot_align(TypeId id) const { return passed_align(id) >= 16 ? 16 : 8; }

  // AAPCS64 5.9.5, clang: __bf16 is a half-precision type as _Float16 is, and so are aggregates of either homogeneous;
  // gcc 12 takes them for integers.
  bool differs_by_compiler(const Type& t, const Homogeneous& h) const {
    return h.brain && is_composite(t) && plan_.abi == Abi::aapcs64;
  }

  static Piece simd_piece(const Homogeneous& h, unsigned reg, unsigned index) {
    return {.where = Where::fpr,
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint8_t>(h.element_size),
            .value_offset = static_cast<uint32_t>(index * h.element_size)};
  }

  static Piece general_piece(const Type& t, unsigned reg, unsigned index) {
    return {.where = Where::gpr,
            .extend = extension(t),
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint8_t>(std::min<uint64_t>(t.size - index * 8, 8)),
            .value_offset = index * 8};
  }

  Result<void> homogeneous(ArgPlan& arg, TypeId passed, const Homogeneous& h) {
    if (state_.nsrn + h.count <= kFprs) {  // C.1, C.2
      for (unsigned i = 0; i < h.count; ++i) builder_.arg_piece(simd_piece(h, state_.nsrn++, i));
      return {};
    }
    state_.nsrn = kFprs;  // C.3
    // Apple: arguments on the stack take their own size at their own alignment.
    if (quirks_.natural_stack_slots) return builder_.arg_on_stack(arg.size, h.element_size, Extend::none);
    return builder_.arg_on_stack(round_up(arg.size, 8), slot_align(passed), Extend::none);  // C.4-C.6
  }

  Result<void> general(ArgPlan& arg, TypeId passed) {
    const Type& t = types_[passed];
    auto words = static_cast<unsigned>((t.size + 7) / 8);
    uint64_t align = slot_align(passed);
    // C.10: alignment 16 starts at an even register; Apple does not follow this rule.
    if (align == 16 && !quirks_.any_register_pair) state_.ngrn += state_.ngrn % 2;
    if (state_.ngrn + words <= kGprs) {  // C.9, C.11, C.12
      for (unsigned i = 0; i < words; ++i) builder_.arg_piece(general_piece(t, state_.ngrn++, i));
      return {};
    }
    state_.ngrn = kGprs;  // C.13
    if (quirks_.natural_stack_slots && !is_composite(t)) {
      return builder_.arg_on_stack(arg.size, arg.size, Extend::none);
    }
    return builder_.arg_on_stack(words * 8, align, extension(t));  // C.14-C.17
  }

  Result<void> by_reference(ArgPlan& arg) {
    arg.by_reference = true;
    if (state_.ngrn < kGprs) {
      builder_.arg_piece({.where = Where::gpr, .reg = static_cast<uint8_t>(state_.ngrn++), .size = 8});
      return {};
    }
    return by_reference_on_stack(arg);
  }

  Result<void> by_reference_on_stack(ArgPlan& arg) {
    arg.by_reference = true;
    Result<uint32_t> offset = builder_.take_stack(arg.type, 8, 8);
    if (!offset) return offset.error();
    builder_.arg_piece({.where = Where::stack, .size = 8, .stack_offset = *offset});
    return {};
  }

  Result<void> imaginary_stack(const Type& t, uint64_t align) {
    auto words = static_cast<unsigned>((t.size + 7) / 8);
    if (align >= 16 && state_.ngrn < kGprs) state_.ngrn += state_.ngrn % 2;
    if (state_.ngrn >= kGprs) return builder_.arg_on_stack(words * 8, align >= 16 ? 16 : 8, extension(t));
    for (unsigned i = 0; i < words; ++i) {
      Piece piece = general_piece(t, state_.ngrn, i);
      if (state_.ngrn < kGprs) {
        ++state_.ngrn;
      } else {  // the second half of a composite that began in x7
        Result<uint32_t> offset = builder_.take_stack(plan_.args.back().type, 8, 8);
        if (!offset) return offset.error();
        piece.where = Where::stack;
        piece.reg = 0;
        piece.stack_offset = *offset;
      }
      builder_.arg_piece(piece);
    }
    return {};
  }

  Builder& builder_;
  const TypeTable& types_;
  CallPlan& plan_;
  State state_;
  const Quirks& quirks_;
};

}  // namespace

Result<void> plan_aapcs64(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Planner planner(builder);
  if (Result<void> done = planner.result(result); !done) return done;
  for (size_t i = 0; i < args.size(); ++i) {
    bool is_variadic = i >= builder.plan().fixed_params;
    if (Result<void> done = planner.argument(args[i], is_variadic); !done) return done;
  }
  planner.finish();
  return {};
}

}  // namespace ferry::abi
