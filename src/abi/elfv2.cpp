// POWER, little-endian: OpenPOWER ELFv2 ABI 2.2.3 "Parameter Passing in Registers", 2.2.5 "Return Values". Each
// argument has a place in the parameter save area, whose first eight doublewords are r3-r10; floating-point values and
// vectors travel in registers of their own and leave that place empty.
#include "abi/builder.h"
#include "abi/homogeneous.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr uint64_t kWord = 8;
constexpr uint64_t kGprs = 8;      // r3-r10
constexpr unsigned kFprs = 13;     // f1-f13
constexpr unsigned kVectors = 12;  // v2-v13
constexpr HomogeneousRules kRules = {.max_count = 8, .smallest_float = 4, .short_vectors = false, .pairs = true};

class Planner {
 public:
  explicit Planner(Builder& builder) : builder_(builder), types_(builder.types()), plan_(builder.plan()) {}

  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    if (t.kind == Kind::void_ || t.size == 0) return {};
    if (Result<void> known = check(id); !known) return known;
    Result<std::optional<Homogeneous>> h = homogeneous(id);
    if (!h) return h.error();
    if (!*h) {  // gcc: of those that an argument travels as a _Float128 alone is a result, too
      std::optional<Homogeneous> only = only_member(id);
      if (only && only->vector) return refuse(types_, id, "compilers differ about the order of its halves");
      if (only && only->element_size == 16) *h = only;
    }
    if (*h) {
      for (unsigned i = 0; i < (*h)->count; ++i) builder_.result_piece(element(**h, i, i));
    } else if (has_halves(t)) {
      for (unsigned i = 0; i < 2; ++i) builder_.result_piece(half(t, i, Where::gpr, i));
    } else if (t.size > 2 * kWord) {
      result.in_memory = true;
      place_ = kWord;
    } else {
      for (uint32_t at = 0; at < t.size; at += kWord) builder_.result_piece(general_piece(t, at, at / kWord));
    }
    return {};
  }

  Result<void> argument(TypeId id, bool is_variadic) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    if (t.size == 0) {  // aligned nevertheless
      if (main_variant(types_, passed).align >= 16) place_ = round_up(place_, 16);
      return {};
    }
    if (Result<void> known = check(passed); !known) return known;
    if (arg.size > kMaxStackBytes) return refuse(types_, id, "it is larger than 1 GiB");
    Result<std::optional<Homogeneous>> h = homogeneous(passed);
    if (!h) return h.error();
    if (!*h) *h = only_member(passed);
    // "Complex ... as two separate arguments": each half has a doubleword, or more, of its own.
    if (has_halves(t)) return halves(t, h->has_value() && !is_variadic);
    // "Quadword alignment": vectors, _Float128, and aggregates that ask for it but are no floating-point ones.
    bool quad =
        *h ? (*h)->vector || (*h)->element_size == 16 : is_record(t) && main_variant(types_, passed).align >= 16;
    if (quad) place_ = round_up(place_, 16);
    // Variadic arguments are found in the general registers and in memory only.
    if (*h && !is_variadic) return elements(arg, t, **h);
    return words(arg, t, 0);
  }

  // "The parameter save area ... shall be allocated if the function is variadic or some parameter does not fit."
  Result<void> finish() {
    plan_.gpr_used = static_cast<uint8_t>(std::min(place_ / kWord, kGprs));
    plan_.fpr_used = static_cast<uint8_t>(nfpr_);
    plan_.vector_used = static_cast<uint8_t>(nvector_);
    if (!on_stack_ && !plan_.variadic) return {};
    Result<uint32_t> area = builder_.take_stack(plan_.result.type, std::max(place_, kGprs * kWord), kWord);
    if (!area) return area.error();
    return {};
  }

 private:
  Result<void> check(TypeId id) const {
    const Type& t = types_[id];
    if (t.kind == Kind::vector && t.size != 16)
      return refuse(types_, id, "compilers differ about vectors that are not of 16 bytes");
    if (t.kind == Kind::floating && t.size == 2) return refuse(types_, id, "POWER has no half precision");
    if (is_integer_complex(t) && t.size > 2 * kWord) return refuse(types_, id, "compilers differ about its halves");
    return {};
  }

  Result<std::optional<Homogeneous>> homogeneous(TypeId id) const {
    HomogeneousFinder finder(types_, kRules);
    std::optional<Homogeneous> h = finder.find(id);
    if (finder.exhausted()) return refuse(types_, id, "it is too deeply nested");
    return h;
  }

  // gcc: an argument that is a record has the machine mode of a member that is all of it, and travels as that one;
  // members without bytes beside it, `:0` and [0], make it no homogeneous aggregate. clang: such a structure, too.
  std::optional<Homogeneous> only_member(TypeId id) const {
    if (types_[id].kind != Kind::structure) return std::nullopt;
    const TypeId mode = mode_giver(types_, id);
    const Kind kind = types_[mode].kind;
    if (kind != Kind::floating && kind != Kind::vector) return std::nullopt;
    return HomogeneousFinder(types_, kRules).find(mode);
  }

  // Floating point of 16 bytes is in vector registers: all that is a pair of doubles is two elements.
  static bool in_vectors(const Homogeneous& h) { return h.vector || h.element_size == 16; }

  static Piece element(const Homogeneous& h, unsigned reg, unsigned index) {
    return {.where = in_vectors(h) ? Where::vector : Where::fpr,
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint32_t>(h.element_size),
            .value_offset = static_cast<uint32_t>(index * h.element_size)};
  }

  // Each in a register of its own.
  static bool has_halves(const Type& t) { return t.kind == Kind::complex && t.size / 2 < kWord; }

  static Piece half(const Type& t, unsigned index, Where where, unsigned reg) {
    const auto size = static_cast<uint32_t>(t.size / 2);
    return {.where = where, .reg = static_cast<uint8_t>(reg), .size = size, .value_offset = index * size};
  }

  static Piece general_piece(const Type& t, uint32_t at, uint64_t reg) {
    return {.where = Where::gpr,
            .extend = extension(t),
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint32_t>(std::min<uint64_t>(t.size - at, kWord)),
            .value_offset = at};
  }

  // Elements in registers as long as there are any; what is left as words would be.
  Result<void> elements(ArgPlan& arg, const Type& t, const Homogeneous& h) {
    unsigned& next = in_vectors(h) ? nvector_ : nfpr_;
    unsigned left = (in_vectors(h) ? kVectors : kFprs) - next;
    auto count = static_cast<unsigned>(std::min<uint64_t>(h.count, left));
    if (count == 0) return words(arg, t, 0);
    for (unsigned i = 0; i < count; ++i) builder_.arg_piece(element(h, next++, i));
    if (count == h.count) {
      place_ += round_up(t.size, kWord);
      return {};
    }
    // gcc: beginning with the doubleword that the next element lies in.
    return words(arg, t, static_cast<uint32_t>(count * h.element_size / kWord * kWord));
  }

  // The value from byte `from` on, at its place: in general registers, the rest in memory.
  Result<void> words(ArgPlan& arg, const Type& t, uint32_t from) {
    uint64_t place = place_ + from;
    if (place_ + arg.size > kMaxStackBytes) return Error{"arguments of more than 1 GiB in all"};
    place_ += round_up(t.size, kWord);
    if (arg.piece_count == 0 && place >= kGprs * kWord) {
      on_stack_ = true;
      arg.on_stack = true;
      arg.extend = extension(t);
      arg.stack_offset = static_cast<uint32_t>(place);
      return {};
    }
    uint32_t at = from;
    for (; at < t.size && place < kGprs * kWord; at += kWord, place += kWord) {
      builder_.arg_piece(general_piece(t, at, place / kWord));
    }
    if (at >= t.size) return {};
    on_stack_ = true;
    builder_.arg_piece({.where = Where::stack,
                        .size = static_cast<uint32_t>(t.size - at),
                        .value_offset = at,
                        .stack_offset = static_cast<uint32_t>(place)});
    return {};
  }

  Result<void> halves(const Type& t, bool in_fprs) {
    for (unsigned i = 0; i < 2; ++i, place_ += kWord) {
      if (in_fprs && nfpr_ < kFprs) {
        builder_.arg_piece(half(t, i, Where::fpr, nfpr_++));
      } else if (place_ < kGprs * kWord) {
        builder_.arg_piece(half(t, i, Where::gpr, static_cast<unsigned>(place_ / kWord)));
      } else {
        on_stack_ = true;
        Piece piece = half(t, i, Where::stack, 0);
        piece.stack_offset = static_cast<uint32_t>(place_);
        builder_.arg_piece(piece);
      }
    }
    return {};
  }

  Builder& builder_;
  const TypeTable& types_;
  CallPlan& plan_;
  uint64_t place_ = 0;  // in the parameter save area
  unsigned nfpr_ = 0;
  unsigned nvector_ = 0;
  bool on_stack_ = false;
};

}  // namespace

Result<void> plan_elfv2(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Planner planner(builder);
  if (Result<void> done = planner.result(result); !done) return done;
  for (size_t i = 0; i < args.size(); ++i) {
    bool is_variadic = i >= builder.plan().fixed_params;
    if (Result<void> done = planner.argument(args[i], is_variadic); !done) return done;
  }
  return planner.finish();
}

}  // namespace ferry::abi
