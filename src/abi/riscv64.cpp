// RISC-V LP64D: RISC-V Calling Conventions, "Integer Calling Convention" and "Hardware Floating-point Calling
// Convention" with FLEN 64.
#include "abi/builder.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr uint64_t kWord = 8;  // XLEN
constexpr unsigned kGprs = 8;  // a0-a7
constexpr unsigned kFprs = 8;  // fa0-fa7

// One of the one or two scalars that a flattened record may be made of.
struct Leaf {
  bool floating = false;
  uint64_t size = 0;
  uint64_t offset = 0;
  Extend extend = Extend::none;
};

struct Flattened {
  Leaf leaf[2];
  unsigned count = 0;
};

class Planner {
 public:
  explicit Planner(Builder& builder) : builder_(builder), types_(builder.types()), plan_(builder.plan()) {}

  // "Values are returned in the same manner as a first named argument of the same type would be passed. If such an
  // argument would have been passed by reference, the caller allocates memory and passes its address as an implicit
  // first parameter."
  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    if (t.kind == Kind::void_ || t.size == 0) return {};
    Result<Flattened> flat = flatten(id);
    if (!flat) return flat.error();
    if (flat->count != 0) {
      unsigned gpr = 0, fpr = 0;
      for (unsigned i = 0; i < flat->count; ++i) {
        const Leaf& leaf = flat->leaf[i];
        builder_.result_piece(leaf_piece(leaf, static_cast<uint8_t>(leaf.floating ? fpr++ : gpr++)));
      }
    } else if (t.size > 2 * kWord) {
      result.in_memory = true;
      ngpr_ = 1;
    } else {
      for (uint32_t at = 0; at < t.size; at += kWord) builder_.result_piece(word_piece(t, at, at / kWord));
    }
    return {};
  }

  Result<void> argument(TypeId id, bool is_variadic) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    if (t.size == 0) {  // gcc: what follows on the stack is aligned nevertheless; to clang it is nothing
      if (main_variant(types_, passed).align < 2 * kWord) return {};
      Result<uint32_t> offset = builder_.take_stack(arg.type, 0, 2 * kWord);
      return offset ? Result<void>() : offset.error();
    }
    if (!is_variadic) {  // variadic arguments follow the integer calling convention
      Result<Flattened> flat = flatten(passed);
      if (!flat) return flat.error();
      unsigned floats = 0, integers = 0;
      for (unsigned i = 0; i < flat->count; ++i) ++(flat->leaf[i].floating ? floats : integers);
      // "provided there are enough registers; otherwise according to the integer calling convention"
      if (floats != 0 && nfpr_ + floats <= kFprs && ngpr_ + integers <= kGprs) {
        for (unsigned i = 0; i < flat->count; ++i) {
          const Leaf& leaf = flat->leaf[i];
          builder_.arg_piece(leaf_piece(leaf, static_cast<uint8_t>(leaf.floating ? nfpr_++ : ngpr_++)));
        }
        return {};
      }
    }
    if (t.size > 2 * kWord) return by_reference(arg);
    return words(arg, t, main_variant(types_, passed).align, is_variadic);
  }

  void finish() {
    plan_.gpr_used = static_cast<uint8_t>(ngpr_);
    plan_.fpr_used = static_cast<uint8_t>(nfpr_);
  }

 private:
  // "Scalars that are narrower than XLEN bits are widened according to the sign of their type up to 32 bits, then
  // sign-extended to XLEN bits": an unsigned int is sign-extended.
  static Extend widening(const Type& t) {
    Extend extend = extension(t);
    return t.size == 4 && extend == Extend::zero ? Extend::sign : extend;
  }

  static Piece leaf_piece(const Leaf& leaf, uint8_t reg) {
    return {.where = leaf.floating ? Where::fpr : Where::gpr,
            .extend = leaf.extend,
            .reg = reg,
            .size = static_cast<uint32_t>(leaf.size),
            .value_offset = static_cast<uint32_t>(leaf.offset)};
  }

  static Piece word_piece(const Type& t, uint32_t at, uint64_t reg) {
    return {.where = Where::gpr,
            .extend = widening(t),
            .reg = static_cast<uint8_t>(reg),
            .size = static_cast<uint32_t>(std::min<uint64_t>(t.size - at, kWord)),
            .value_offset = at};
  }

  // A floating scalar, or a record that flattens to one or two of which one is floating; count 0: anything else.
  Result<Flattened> flatten(TypeId id) {
    Flattened flat;
    steps_ = 0;
    bool fits = walk(id, 0, 0, flat);
    if (!fits) {  // gcc: one that is all of a floating member nevertheless
      flat = {};
      uint32_t align = types_[id].align;
      const TypeId giver = mode_giver(types_, id, &align);
      const Type& t = types_[giver];
      const bool floating = t.kind == Kind::floating || (t.kind == Kind::complex && !is_integer_complex(t));
      fits = floating && align >= t.align && walk(giver, 0, 0, flat);
    }
    if (steps_ > kMaxClassifySteps) return refuse(types_, id, "it is too deeply nested");
    bool floating = flat.count > 0 && (flat.leaf[0].floating || (flat.count == 2 && flat.leaf[1].floating));
    if (!fits || !floating) return Flattened{};
    return flat;
  }

  bool add(Flattened& flat, const Leaf& leaf) {
    if (flat.count == 2) return false;
    flat.leaf[flat.count++] = leaf;
    return true;
  }

  bool walk(TypeId id, uint64_t offset, int depth, Flattened& flat) {
    if (++steps_ > kMaxClassifySteps || depth > kMaxClassifyDepth) {
      steps_ = kMaxClassifySteps + 1;
      return false;
    }
    const Type& t = types_[id];
    switch (t.kind) {
      case Kind::boolean:
      case Kind::integer:
      case Kind::enumeration:
        return t.size <= kWord && add(flat, {false, t.size, offset, Extend::none});
      case Kind::floating:
        return t.size <= kWord && add(flat, {true, t.size, offset, Extend::none});
      case Kind::complex: {  // gcc: of integers as a record of two
        const bool floating = !is_integer_complex(t);
        return t.size <= 2 * kWord && add(flat, {floating, t.size / 2, offset, Extend::none}) &&
               add(flat, {floating, t.size / 2, offset + t.size / 2, Extend::none});
      }
      case Kind::array: {
        if (t.count == kFlexible) return false;  // gcc, clang
        uint64_t step = types_[t.base].size;
        if (step == 0 || t.count == 0) return false;  // gcc; to clang it is nothing
        for (uint64_t i = 0; i < t.count; ++i) {
          if (!walk(t.base, offset + i * step, depth + 1, flat)) return false;
        }
        return true;
      }
      case Kind::structure:
        return structure(id, offset, depth, flat);
      default:  // unions and vectors are never flattened, nor, by gcc and clang, pointers
        return false;
    }
  }

  bool structure(TypeId id, uint64_t offset, int depth, Flattened& flat) {
    for (const Field& field : types_.record(id).fields) {
      if (!field.is_bitfield()) {
        if (!walk(field.type, offset + field.offset, depth + 1, flat)) return false;
        continue;
      }
      if (field.bit_width == 0) continue;
      if (field.bit_width > 8 * kWord) return false;  // as other integers "more than XLEN bits wide"
      // A bit-field is an integer of its own storage.
      uint64_t first = field.bit_offset / 8u;
      uint64_t bytes = (field.bit_offset % 8u + field.bit_width + 7u) / 8u;
      if (!add(flat, {false, bytes, offset + field.offset + first, Extend::none})) return false;
    }
    return true;
  }

  // "Integer Calling Convention": a word, or two, in registers; what is left of two goes to the stack.
  Result<void> words(ArgPlan& arg, const Type& t, uint64_t align, bool is_variadic) {
    bool pair = t.size > kWord;
    // "Variadic arguments with 2*XLEN-bit alignment and size at most 2*XLEN bits are passed in an aligned register
    // pair, or on the stack by value if none is available."
    if (is_variadic && pair && align >= 2 * kWord) ngpr_ += ngpr_ % 2;
    if (ngpr_ >= kGprs) {
      return builder_.arg_on_stack(round_up(arg.size, kWord), align >= 2 * kWord ? 2 * kWord : kWord, widening(t));
    }
    builder_.arg_piece(word_piece(t, 0, ngpr_++));
    if (!pair) return {};
    Piece second = word_piece(t, kWord, ngpr_);
    if (ngpr_ < kGprs) {
      ++ngpr_;
    } else {  // "the low-order XLEN bits are passed in the register and the high-order XLEN bits on the stack"
      Result<uint32_t> offset = builder_.take_stack(arg.type, kWord, kWord);
      if (!offset) return offset.error();
      second.where = Where::stack;
      second.reg = 0;
      second.stack_offset = *offset;
    }
    builder_.arg_piece(second);
    return {};
  }

  Result<void> by_reference(ArgPlan& arg) {
    arg.by_reference = true;
    if (ngpr_ < kGprs) {
      builder_.arg_piece({.where = Where::gpr, .reg = static_cast<uint8_t>(ngpr_++), .size = kWord});
      return {};
    }
    Result<uint32_t> offset = builder_.take_stack(arg.type, kWord, kWord);
    if (!offset) return offset.error();
    builder_.arg_piece({.where = Where::stack, .size = kWord, .stack_offset = *offset});
    return {};
  }

  Builder& builder_;
  const TypeTable& types_;
  CallPlan& plan_;
  unsigned ngpr_ = 0;
  unsigned nfpr_ = 0;
  int steps_ = 0;
};

}  // namespace

Result<void> plan_riscv64(Builder& builder, std::span<const TypeId> args, TypeId result) {
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
