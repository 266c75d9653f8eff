// ARM: Procedure Call Standard (AAPCS32) 6.4, 6.5, with VFP registers (7.1, 7.2) or without.
#include <bit>

#include "abi/builder.h"
#include "abi/homogeneous.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr uint64_t kWord = 4;
constexpr unsigned kGprs = 4;      // r0-r3
constexpr unsigned kSingles = 16;  // s0-s15

class Planner {
 public:
  explicit Planner(Builder& builder)
      : builder_(builder), types_(builder.types()), plan_(builder.plan()), quirks_(info(plan_.abi).quirks) {}

  // 6.4, 7.2.3: fundamental types in r0, r0-r1 or r0-r3; composites of up to a word in r0, larger ones in memory whose
  // address is passed in r0; with VFP, candidates as if they were the first argument.
  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    if (t.kind == Kind::void_ || t.size == 0) return {};
    if (Result<void> known = check(id); !known) return known;
    Result<std::optional<Homogeneous>> h = candidate(id);
    if (!h) return h.error();
    if (*h) {
      unsigned singles = static_cast<unsigned>((*h)->element_size / kWord);
      for (unsigned i = 0; i < (*h)->count; ++i) builder_.result_piece(simd_piece(**h, i * singles, i));
      return {};
    }
    bool composite = is_record(t) || t.kind == Kind::complex;
    if (composite && t.size > kWord) {
      result.in_memory = true;
      ncrn_ = 1;
      return {};
    }
    for (uint32_t at = 0; at < t.size; at += kWord) builder_.result_piece(general_piece(t, at, at / kWord));
    return {};
  }

  Result<void> argument(TypeId id) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    // 6.3: no alignment beyond a double word.
    uint64_t align = natural_align(types_, passed) >= 8 ? 8 : kWord;
    if (t.size == 0) return nothing(arg, align);
    if (Result<void> known = check(passed); !known) return known;
    if (arg.size > kMaxStackBytes) return refuse(types_, id, "it is larger than 1 GiB");
    Result<std::optional<Homogeneous>> h = candidate(passed);
    if (!h) return h.error();
    if (*h) return in_vfp(arg, **h, align);
    return in_core(arg, t, align);
  }

  void finish() {
    plan_.gpr_used = static_cast<uint8_t>(std::min(ncrn_, kGprs));
    plan_.fpr_used = static_cast<uint8_t>(std::bit_width(used_singles_));
  }

 private:
  Result<void> check(TypeId id) const {
    const Type& t = types_[id];
    if (t.kind == Kind::vector && t.size != 8 && t.size != 16) {
      return refuse(types_, id, "AAPCS32 has no such vector");
    }
    if (t.kind == Kind::floating && t.size != 4 && t.size != 8) {
      return refuse(types_, id, "what passes it depends on the format chosen for half precision");
    }
    return {};
  }

  // 7.1.1: what is passed in VFP registers, "VFP co-processor register candidates".
  Result<std::optional<Homogeneous>> candidate(TypeId id) const {
    if (!quirks_.vfp) return std::optional<Homogeneous>();
    HomogeneousFinder finder(types_, {.zero_width_ignored = true, .smallest_float = 4, .largest_float = 8});
    std::optional<Homogeneous> h = finder.find(id);
    if (finder.exhausted()) return refuse(types_, id, "it is too deeply nested");
    return h;
  }

  static Piece simd_piece(const Homogeneous& h, unsigned single, unsigned index) {
    return {.where = Where::fpr,
            .reg = static_cast<uint8_t>(single),
            .size = static_cast<uint32_t>(h.element_size),
            .value_offset = static_cast<uint32_t>(index * h.element_size)};
  }

  static Piece general_piece(const Type& t, uint32_t at, uint64_t reg) {
    return {.where = Where::gpr,
            .extend = extension(t, kWord),
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint32_t>(std::min<uint64_t>(t.size - at, kWord)),
            .value_offset = at};
  }

  // C.1.cp: the lowest free registers in a row, also below ones that are taken. C.2.cp: otherwise the stack, for all
  // that follow.
  Result<void> in_vfp(ArgPlan& arg, const Homogeneous& h, uint64_t align) {
    auto singles = static_cast<unsigned>(h.element_size / kWord);
    auto need = static_cast<unsigned>(singles * h.count);
    uint32_t mask = (uint32_t{1} << need) - 1;
    for (unsigned first = 0; first + need <= kSingles; first += singles) {
      if ((used_singles_ & (mask << first)) != 0) continue;
      used_singles_ |= mask << first;
      for (unsigned i = 0; i < h.count; ++i) builder_.arg_piece(simd_piece(h, first + i * singles, i));
      return {};
    }
    used_singles_ = (uint32_t{1} << kSingles) - 1;
    return builder_.arg_on_stack(round_up(arg.size, kWord), align, Extend::none);
  }

  Result<void> in_core(ArgPlan& arg, const Type& t, uint64_t align) {
    if (align == 8) ncrn_ += ncrn_ % 2;  // C.3
    uint64_t words = (t.size + kWord - 1) / kWord;
    bool split = ncrn_ < kGprs && builder_.stack_taken() == 0;  // C.5
    if (ncrn_ + words > kGprs && !split) {
      ncrn_ = kGprs;                                                            // C.6
      return builder_.arg_on_stack(words * kWord, align, extension(t, kWord));  // C.7, C.8
    }
    uint32_t at = 0;
    for (; at < t.size && ncrn_ < kGprs; at += kWord) builder_.arg_piece(general_piece(t, at, ncrn_++));
    if (at >= t.size) return {};  // C.4
    Result<uint32_t> offset = builder_.take_stack(arg.type, round_up(t.size - at, kWord), kWord);
    if (!offset) return offset.error();
    builder_.arg_piece({.where = Where::stack,
                        .size = static_cast<uint32_t>(t.size - at),
                        .value_offset = at,
                        .stack_offset = *offset});
    return {};
  }

  // gcc: what has no bytes is aligned nevertheless, C.3, on the stack if no register is left. To clang it is nothing.
  Result<void> nothing(const ArgPlan& arg, uint64_t align) {
    if (align == 8) ncrn_ += ncrn_ % 2;
    if (ncrn_ < kGprs) return {};
    Result<uint32_t> offset = builder_.take_stack(arg.type, 0, align);
    return offset ? Result<void>() : offset.error();
  }

  Builder& builder_;
  const TypeTable& types_;
  CallPlan& plan_;
  const Quirks& quirks_;
  unsigned ncrn_ = 0;          // next core register number
  uint32_t used_singles_ = 0;  // a bit for each s register
};

}  // namespace

Result<void> plan_aapcs32(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Planner planner(builder);
  if (Result<void> done = planner.result(result); !done) return done;
  for (TypeId id : args) {
    if (Result<void> done = planner.argument(id); !done) return done;
  }
  planner.finish();
  return {};
}

}  // namespace ferry::abi
