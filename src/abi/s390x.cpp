// s390x: ELF Application Binary Interface Supplement 1.2.2 "Parameter Passing", 1.2.3 "Return Values". Big-endian:
// narrow values lie at the end of their slot, and at the upper end of a floating-point register.
#include "abi/builder.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr uint64_t kWord = 8;
constexpr unsigned kGprs = 5;  // r2-r6
constexpr unsigned kFprs = 4;  // f0 f2 f4 f6

class Planner {
 public:
  explicit Planner(Builder& builder) : builder_(builder), types_(builder.types()), plan_(builder.plan()) {}

  // "Functions that return ... structures or unions, long double, complex ... values place them in memory at the
  // address that the caller passed in r2." gcc: __int128 too.
  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    if (t.kind == Kind::void_) return {};
    if (t.kind == Kind::vector) return refuse(types_, id, kVectors);
    if (is_record(t) || t.kind == Kind::complex || t.size > kWord) {
      result.in_memory = true;
      ngpr_ = 1;
    } else if (t.kind == Kind::floating) {
      builder_.result_piece(float_piece(t.size, 0));
    } else {
      builder_.result_piece(general_piece(t, 0));
    }
    return {};
  }

  Result<void> argument(TypeId id) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    if (t.kind == Kind::vector) return refuse(types_, id, kVectors);
    steps_ = 0;
    bool floating = is_floating(passed, 0);
    if (steps_ > kMaxClassifySteps) return refuse(types_, id, "it is too deeply nested");
    // "A structure or union of 1, 2, 4 or 8 bytes, or a single floating-point value in a structure, is passed as a
    // scalar of that size; all other aggregates, complex, long double by a pointer to a copy." gcc: an empty one, too.
    if (floating) {
      if (nfpr_ < kFprs) {
        builder_.arg_piece(float_piece(t.size, static_cast<uint8_t>(nfpr_++)));
        return {};
      }
      return at_the_end_of_a_slot(arg);
    }
    bool in_word = t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8;
    if (!in_word || t.kind == Kind::complex || t.kind == Kind::floating) return by_reference(arg);
    if (ngpr_ < kGprs) {
      builder_.arg_piece(general_piece(t, static_cast<uint8_t>(ngpr_++)));
      return {};
    }
    if (extension(t) != Extend::none) return builder_.arg_on_stack(kWord, kWord, extension(t));
    return at_the_end_of_a_slot(arg);
  }

  void finish() {
    plan_.gpr_used = static_cast<uint8_t>(ngpr_);
    plan_.fpr_used = static_cast<uint8_t>(nfpr_);
  }

 private:
  static constexpr std::string_view kVectors =
      "vectors travel differently in code compiled with and without the vector facility";

  static Piece general_piece(const Type& t, uint8_t reg) {
    return {.where = Where::gpr, .extend = extension(t), .reg = reg, .size = static_cast<uint32_t>(t.size)};
  }
  static Piece float_piece(uint64_t size, uint8_t reg) {
    return {.where = Where::fpr,
            .justify = size < kWord ? Justify::high : Justify::low,
            .reg = reg,
            .size = static_cast<uint32_t>(size)};
  }

  // float and double, and structures whose only member is one: `:0` and members without bytes are members.
  bool is_floating(TypeId id, int depth) {
    if (++steps_ > kMaxClassifySteps || depth > kMaxClassifyDepth) {
      steps_ = kMaxClassifySteps + 1;
      return false;
    }
    const Type& t = types_[id];
    if (t.kind == Kind::floating) return t.size == 4 || t.size == 8;
    if (t.kind != Kind::structure) return false;
    TypeId only = kNoType;
    for (const Field& field : types_.record(id).fields) {
      if (only != kNoType || field.is_bitfield()) return false;
      only = field.type;
    }
    return only != kNoType && types_[only].size == t.size && is_floating(only, depth + 1);
  }

  Result<void> at_the_end_of_a_slot(ArgPlan& arg) {
    Result<uint32_t> offset = builder_.take_stack(arg.type, kWord, kWord);
    if (!offset) return offset.error();
    arg.on_stack = true;
    arg.stack_offset = *offset + static_cast<uint32_t>(kWord - arg.size);
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

Result<void> plan_s390x(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Planner planner(builder);
  if (Result<void> done = planner.result(result); !done) return done;
  for (TypeId id : args) {
    if (Result<void> done = planner.argument(id); !done) return done;
  }
  planner.finish();
  return {};
}

}  // namespace ferry::abi
