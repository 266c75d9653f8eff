// System V x86-64: classification of values by eightbytes and register assignment, psABI 3.2.3.
// Where the psABI is silent (vectors of odd sizes, unnamed bit-fields) gcc without -mavx decides.
#include <array>
#include <bit>

#include "abi/builder.h"

namespace ferry::abi {
namespace {

constexpr unsigned kGprs = 6;            // rdi rsi rdx rcx r8 r9
constexpr unsigned kFprs = 8;            // xmm0-7
constexpr uint64_t kMaxClassified = 64;  // psABI: larger than eight eightbytes has class MEMORY

enum class Class : uint8_t { none, integer, sse, sseup, x87, x87up, complex_x87, memory };

struct Classes {
  std::array<Class, kMaxClassified / 8> of{};
  unsigned count = 0;  // eightbytes; 0: MEMORY or nothing to pass
};

// psABI 3.2.3 classification step 4: the class of an eightbyte that holds two fields.
Class merge(Class a, Class b) {
  if (a == b || b == Class::none) return a;
  if (a == Class::none) return b;
  if (a == Class::memory || b == Class::memory) return Class::memory;
  if (a == Class::integer || b == Class::integer) return Class::integer;
  auto is_x87_class = [](Class c) { return c == Class::x87 || c == Class::x87up || c == Class::complex_x87; };
  if (is_x87_class(a) || is_x87_class(b)) return Class::memory;
  return Class::sse;
}

class Classifier {
 public:
  explicit Classifier(const TypeTable& types) : types_(types) {}

  // Classes of a value; count 0 is MEMORY. Error: the type has no fixed convention, or is too complicated.
  Result<Classes> classify(TypeId id) {
    const Type& t = types_[id];
    if (t.kind == Kind::vector && (t.size == 32 || t.size == 64)) return refuse(types_, id, kNeedsAvx);
    if (t.size > kMaxClassified) return Classes{};
    Classes classes;
    bool in_registers = walk(id, 0, 0, classes);
    if (exhausted_) return refuse(types_, id, "it is too deeply nested");
    if (!in_registers) return Classes{};
    if (classes.count > 2) return refuse(types_, id, kNeedsAvx);
    return classes;
  }

 private:
  // The eightbytes that `size` bytes at `offset` touch. An empty member within an eightbyte still has that one (gcc).
  static unsigned eightbytes(uint64_t offset, uint64_t size) {
    return static_cast<unsigned>((offset % 8 + size + 7) / 8);
  }

  // The classes of the value of type `id` at `offset`, from the eightbyte on in which it begins. False: MEMORY.
  // psABI 3.2.3: each aggregate is classified recursively, and post-merged by itself.
  bool walk(TypeId id, uint64_t offset, int depth, Classes& out) {
    if (++steps_ > kMaxClassifySteps || depth > kMaxClassifyDepth) {
      exhausted_ = true;
      return false;
    }
    const Type& t = types_[id];
    switch (t.kind) {
      case Kind::boolean:
      case Kind::integer:
      case Kind::enumeration:
      case Kind::pointer:
      case Kind::reference:
        return scalar(offset, t.size, is_bit_int(t) ? std::min<uint64_t>(t.size, 8) : t.size, Class::integer,
                      Class::integer, out);
      case Kind::floating:
        if (is_x87(types_, t)) return scalar(offset, t.size, 16, Class::x87, Class::x87up, out);
        return scalar(offset, t.size, t.size, Class::sse, Class::sseup, out);
      case Kind::decimal:
        return scalar(offset, t.size, t.size, Class::sse, Class::sseup, out);
      case Kind::complex:
        if (is_x87(types_, t)) {  // no aggregate that has one travels in registers
          out.count = 1;
          out.of[0] = Class::complex_x87;
          return offset % 16 == 0;
        }
        if (is_integer_complex(t)) {  // gcc: as a struct of two
          return t.size <= 16 && scalar(offset, t.size, t.size / 2, Class::integer, Class::integer, out);
        }
        return scalar(offset, t.size, t.size / 2, Class::sse, Class::sse, out);
      case Kind::vector:
        return vector(t, offset, out);
      case Kind::array:
        return array(t, offset, depth, out);
      case Kind::structure:
      case Kind::union_:
        return record(id, offset, depth, out);
      default:
        return false;
    }
  }

  // psABI 3.2.3: an unaligned field forces class MEMORY. `align` is the natural alignment, as gcc takes it,
  // whatever a typedef said.
  static bool scalar(uint64_t offset, uint64_t size, uint64_t align, Class first, Class rest, Classes& out) {
    if (offset % align != 0 || offset + size > kMaxClassified) return false;
    out.count = eightbytes(offset, size);
    for (unsigned i = 0; i < out.count; ++i) out.of[i] = i == 0 ? first : rest;
    return true;
  }

  // Vectors below 8 bytes are integers to gcc and clang, except those of one float or double, which
  // gcc passes in memory.
  bool vector(const Type& t, uint64_t offset, Classes& out) {
    const Type& element = types_[t.base];
    if (t.count == 1 && element.kind == Kind::floating && t.size <= 8) return false;
    Class first = t.size < 8 ? Class::integer : Class::sse;
    return scalar(offset, t.size, t.size, first, Class::sseup, out);
  }

  // gcc classifies the first element, and repeats its classes: later elements are never unaligned. An array of no
  // elements is nothing at the start of an eightbyte, but elsewhere its (absent) element counts. A flexible one never
  // does.
  bool array(const Type& t, uint64_t offset, int depth, Classes& out) {
    out.count = eightbytes(offset, t.size);
    if (out.count == 0 || t.count == kFlexible) return true;
    Classes element;
    if (!walk(t.base, offset, depth + 1, element)) return false;
    for (unsigned i = 0; i < out.count && element.count != 0; ++i) out.of[i] = element.of[i % element.count];
    return true;
  }

  bool record(TypeId id, uint64_t offset, int depth, Classes& out) {
    const Record& record = types_.record(id);
    out.count = eightbytes(offset, types_[id].size);
    if (out.count > out.of.size()) return false;
    for (const Field& field : record.fields) {
      Classes member;
      uint64_t at = offset + field.offset;
      if (!field.is_bitfield()) {
        if (!walk(field.type, at, depth + 1, member)) return false;
      } else if (!bitfield(record, field, offset, at, member)) {
        return false;
      }
      uint64_t first = at / 8 - offset / 8;
      for (unsigned i = 0; i < member.count && first + i < out.count; ++i) {
        out.of[first + i] = merge(out.of[first + i], member.of[i]);
      }
    }
    return post_merge(out);
  }

  // gcc: a bit-field is INTEGER in every eightbyte that it touches, unnamed ones included (clang ignores those), and
  // never unaligned, unless it is as good as an integer of its own: one that fills such an integer's place, and any in
  // a union, where it is one of the smallest integer that can hold it - `:0` too, which is nothing in a struct.
  // `at`: of its storage unit; set to where the classes begin.
  static bool bitfield(const Record& record, const Field& field, uint64_t offset, uint64_t& at, Classes& out) {
    uint64_t first = field.offset * 8 + field.bit_offset;
    uint64_t integer = std::max<uint64_t>(8, std::bit_ceil(uint64_t{field.bit_width}));
    at = offset + first / 8;
    if (record.is_union) return scalar(at, integer / 8, integer / 8, Class::integer, Class::integer, out);
    if (field.bit_width == 0) return true;
    bool packed = (record.attributes.packed || field.packed) && integer > 8;
    if (field.bit_width == integer && first % integer == 0 && !packed) {
      return scalar(at, integer / 8, integer / 8, Class::integer, Class::integer, out);
    }
    uint64_t start = offset * 8 + first;
    out.count = static_cast<unsigned>((start % 64 + field.bit_width + 63) / 64);
    out.of.fill(Class::integer);
    return true;
  }

  // psABI 3.2.3 classification step 5. False: MEMORY.
  static bool post_merge(Classes& c) {
    bool one_vector = c.of[0] == Class::sse;
    for (unsigned i = 1; i < c.count; ++i) one_vector = one_vector && c.of[i] == Class::sseup;
    if (c.count > 2 && !one_vector) return false;
    for (unsigned i = 0; i < c.count; ++i) {
      Class before = i > 0 ? c.of[i - 1] : Class::none;
      if (c.of[i] == Class::memory) return false;
      if (c.of[i] == Class::x87up && before != Class::x87) return false;
      if (c.of[i] == Class::sseup && before != Class::sse && before != Class::sseup) c.of[i] = Class::sse;
    }
    return true;
  }

  const TypeTable& types_;
  int steps_ = 0;
  bool exhausted_ = false;
};

struct Registers {
  unsigned gpr = 0;
  unsigned fpr = 0;
};

// What a classified value takes; x87 values as arguments go to memory (psABI 3.2.3 passing, step 5).
struct Need {
  Registers registers;
  bool memory = false;
};

Need need_of(const Classes& classes) {
  Need need;
  for (unsigned i = 0; i < classes.count; ++i) {
    switch (classes.of[i]) {
      case Class::integer:
        ++need.registers.gpr;
        break;
      case Class::sse:
        ++need.registers.fpr;
        break;
      case Class::x87:
      case Class::complex_x87:
        need.memory = true;
        break;
      default:
        break;
    }
  }
  return need;
}

// Calls `emit` with each piece of a value in registers, numbered on from `used`.
template <typename Emit>
void cut(const Type& t, const Classes& classes, Registers& used, Emit emit) {
  for (unsigned i = 0; i < classes.count; ++i) {
    Class c = classes.of[i];
    Piece piece;
    piece.value_offset = i * 8;
    uint64_t left = t.size - i * 8;
    if (c == Class::integer) {
      piece.where = Where::gpr;
      piece.reg = static_cast<uint8_t>(used.gpr++);
      piece.size = static_cast<uint8_t>(std::min<uint64_t>(left, 8));
      piece.extend = extension(t);
    } else if (c == Class::sse) {
      bool wide = i + 1 < classes.count && classes.of[i + 1] == Class::sseup;
      piece.where = Where::fpr;
      piece.reg = static_cast<uint8_t>(used.fpr++);
      piece.size = static_cast<uint8_t>(std::min<uint64_t>(left, wide ? 16 : 8));
    } else {
      continue;  // SSEUP belongs to the piece before; an eightbyte of padding is not passed
    }
    emit(piece);
  }
}

Result<void> plan_argument(Builder& builder, TypeId id, Registers& used) {
  const TypeTable& types = builder.types();
  TypeId passed = passed_as(types, id);
  const Type& t = types[passed];
  ArgPlan& arg = builder.begin_arg(id);
  if (t.size == 0) return {};  // gcc, clang: an empty C struct is not passed
  Result<Classes> classes = Classifier(types).classify(passed);
  if (!classes) return classes.error();
  Need need = need_of(*classes);
  bool fits = used.gpr + need.registers.gpr <= kGprs && used.fpr + need.registers.fpr <= kFprs;
  if (classes->count == 0 || need.memory || !fits) {
    if (is_empty_type(types, passed)) return {};
    // psABI 3.2.3 step 3: stack slots are multiples of 8, aligned as the type asks.
    uint64_t align = std::max<uint64_t>(8, main_variant(types, arg.type).align);
    if (arg.size > kMaxStackBytes) return refuse(types, id, "it is larger than 1 GiB");
    return builder.arg_on_stack(round_up(arg.size, 8), align, extension(t));
  }
  cut(t, *classes, used, [&](const Piece& piece) { builder.arg_piece(piece); });
  return {};
}

// psABI 3.2.3 "Returning of Values".
Result<void> plan_result(Builder& builder, TypeId id, Registers& used) {
  const TypeTable& types = builder.types();
  const Type& t = types[id];
  ResultPlan& result = builder.begin_result(id);
  if (t.kind == Kind::void_ || t.size == 0) return {};
  if (t.kind == Kind::complex && is_x87(types, t)) {  // COMPLEX_X87: real part in st0, imaginary in st1
    builder.result_piece({.where = Where::x87, .reg = 0, .size = 10, .value_offset = 0});
    builder.result_piece({.where = Where::x87, .reg = 1, .size = 10, .value_offset = 16});
    return {};
  }
  Result<Classes> classes = Classifier(types).classify(id);
  if (!classes) return classes.error();
  if (classes->count == 0 || classes->of[0] == Class::complex_x87) {
    if (is_empty_type(types, id)) return refuse(types, id, kEmptyResult);
    result.in_memory = true;
    ++used.gpr;
    return {};
  }
  if (classes->of[0] == Class::x87) {
    builder.result_piece({.where = Where::x87, .reg = 0, .size = 10, .value_offset = 0});
    return {};
  }
  Registers results;
  cut(t, *classes, results, [&](const Piece& piece) { builder.result_piece(piece); });
  return {};
}

}  // namespace

Result<void> plan_sysv_x64(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Registers used;
  if (Result<void> done = plan_result(builder, result, used); !done) return done;
  for (TypeId id : args) {
    if (Result<void> done = plan_argument(builder, id, used); !done) return done;
  }
  builder.plan().gpr_used = static_cast<uint8_t>(used.gpr);
  builder.plan().fpr_used = static_cast<uint8_t>(used.fpr);
  return {};
}

}  // namespace ferry::abi
