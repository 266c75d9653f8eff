// Layouts and call plans: what has to hold of each, whatever the types; and types that a fuzzer's bytes choose.
//   records   records of tests/abi/layout_records, laid out and passed, on every target
//   plans     records and signatures of tests/abi/random_calls, on one target that the first byte says
#include "types.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "abi/plan.h"
#include "abi/registry.h"
#include "cparse/macros.h"
#include "cparse/parser.h"
#include "ctype/spell.h"
#include "layout_records.h"
#include "random_calls.h"

namespace ferry::fuzz {
namespace {

using abi::CallPlan;
using abi::Piece;
using abi::Where;

// Values beyond these are not looked at byte by byte.
constexpr uint64_t kMaxMasked = 4096;
constexpr int kMaxScalars = 4096;

// Whether a type has few enough scalars for its bytes to be looked at: `left` falls below zero where not.
void count_scalars(const TypeTable& types, TypeId id, int depth, int& left) {
  if (--left < 0 || depth > 100) {
    left = -1;
    return;
  }
  const Type& t = types[id];
  if (is_record(t)) {
    for (const Field& f : types.record(id).fields) {
      if (left >= 0) count_scalars(types, f.type, depth + 1, left);
    }
  } else if (t.kind == Kind::array) {
    for (uint64_t i = 0; i < t.count && left >= 0 && t.size != 0; ++i) count_scalars(types, t.base, depth + 1, left);
  }
}

// The bytes that are value; none: too many to look at.
calls_test::Bytes value_bytes(const TypeTable& types, TypeId id) {
  int left = kMaxScalars;
  if (types[id].size > kMaxMasked) return {};
  count_scalars(types, id, 0, left);
  return left < 0 ? calls_test::Bytes{} : calls_test::mask_of(types, id);
}

void check_record(const TypeTable& types, TypeId id) {
  const Type& t = types[id];
  const Record& record = types.record(id);
  check(t.align != 0 && (t.align & (t.align - 1)) == 0, "an alignment that is no power of two");
  check(t.size % t.align == 0, "a record whose size is no multiple of its alignment");
  uint64_t end = 0;  // bits
  bool microsoft = types.target().layout == RecordLayout::msvc || record.attributes.ms_struct;
  for (const Field& f : record.fields) {
    const Type& member = types[f.type];
    const uint64_t start = f.offset * 8 + (f.is_bitfield() ? f.bit_offset : 0);
    const uint64_t bits = f.is_bitfield() ? f.bit_width : member.size * 8;
    check(start + bits <= t.size * 8, "a member beyond the record's end");
    check(!record.is_union || start == 0 || (f.is_bitfield() && f.bit_width == 0),
          "a union's member that is not at its start");
    check(record.is_union || start >= end || bits == 0, "members that overlap");
    end = std::max(end, start + bits);
    if (f.is_bitfield()) {
      check(bits <= member.size * 8, "a bit-field wider than its type");
      check(f.bit_offset < std::max<uint64_t>(8, member.size * 8), "a bit-field outside of its unit");
    } else if (!record.attributes.packed && !f.packed && record.attributes.pack == 0 && !microsoft) {
      check(f.offset % member.align == 0, "a member that is not aligned");
      check(member.align <= t.align || record.own_align != 0, "a record that is aligned to less than a member");
    }
  }
}

void check_type(const TypeTable& types, TypeId id) {
  const Type& t = types[id];
  check(types[t.canonical].canonical == t.canonical, "a canonical type that has another one");
  check(types[t.unqualified].quals == 0 && types[t.unqualified].unqualified == t.unqualified,
        "an unqualified type with qualifiers");
  check(types[t.canonical].kind == t.kind, "a canonical type of another kind");
  if (t.kind == Kind::array && t.count != kVla && t.count != kFlexible) {
    check(t.size == t.count * types[t.base].size, "an array that is not as large as its elements");
    check(types[t.base].size == 0 || t.size / types[t.base].size == t.count, "an array's size that is cut");
  }
  if (t.kind == Kind::vector) check(t.size >= t.count * types[t.base].size, "a vector smaller than its elements");
  if (is_record(t) && (t.flags & kIncomplete) == 0 && types.record(id).type == id) check_record(types, id);
  check(t.size <= kMaxObjectSize, "a type beyond the largest");
}

// --- call plans -----------------------------------------------------------------------------------

// Registers and bytes of the outgoing area that are taken.
class Taken {
 public:
  explicit Taken(const CallPlan& plan) : plan_(plan), row_(abi::info(plan.abi)) {}

  void registers(const Piece& piece, bool is_result) {
    const bool wide = !row_.fpr_pairs.empty();  // a piece takes as many singles as it has words
    const unsigned count = piece.where == Where::fpr && wide ? (piece.size + 3) / 4 : 1;
    abi::Names names = is_result ? row_.result_gprs : row_.gprs;
    unsigned limit = static_cast<unsigned>(names.size());
    if (piece.where == Where::fpr) limit = static_cast<unsigned>((is_result ? row_.result_fprs : row_.fprs).size());
    if (piece.where == Where::vector) limit = static_cast<unsigned>(row_.vectors.size());
    if (piece.where == Where::x87) limit = is_result ? 2 : 0;
    check(piece.reg + count <= limit, "a register that there is not");
    uint64_t& of_class = used_[static_cast<size_t>(piece.where)];
    const uint64_t bits = ((uint64_t{1} << count) - 1) << piece.reg;
    check((of_class & bits) == 0, "a register that two pieces travel in");
    of_class |= bits;
  }
  void general(unsigned reg) { used_[0] |= uint64_t{1} << reg; }
  bool has_general(unsigned reg) const { return (used_[0] >> reg & 1) != 0; }
  void stack(uint64_t offset, uint64_t size) {
    if (size == 0) return;
    check(offset + size <= plan_.stack_bytes, "an argument beyond the outgoing area");
    ranges_.emplace_back(offset, offset + size);
  }
  void end() {
    std::sort(ranges_.begin(), ranges_.end());
    for (size_t i = 1; i < ranges_.size(); ++i) {
      check(ranges_[i].first >= ranges_[i - 1].second, "arguments that overlap in the outgoing area");
    }
  }

 private:
  const CallPlan& plan_;
  const abi::AbiInfo& row_;
  uint64_t used_[5] = {};
  std::vector<std::pair<uint64_t, uint64_t>> ranges_;
};

// Each byte that is value travels once, whatever else does.
void check_covered(const TypeTable& types, TypeId id, uint64_t size, std::span<const Piece> pieces, bool twice) {
  const calls_test::Bytes mask = value_bytes(types, id);
  for (const Piece& p : pieces) check(uint64_t{p.value_offset} + p.size <= size, "a piece beyond its value");
  if (mask.size() != size || size == 0) return;
  std::vector<unsigned char> covered(size);
  for (const Piece& p : pieces) {
    for (uint64_t i = 0; i < p.size; ++i) ++covered[p.value_offset + i];
  }
  for (uint64_t i = 0; i < size; ++i) {
    if (mask[i] != 0)
      check(covered[i] == 1 || (twice && covered[i] == 2),
            covered[i] == 0 ? "a byte of a value that is not passed" : "a byte of a value that is passed twice");
  }
}

void check_plan(const TypeTable& types, const CallPlan& plan, size_t arguments) {
  const abi::AbiInfo& row = abi::info(plan.abi);
  const std::string said = abi::describe(plan);
  show(types.target(), said);
  check(plan.args.size() == arguments, "a plan for another number of arguments");
  check(plan.stack_align >= row.stack_align && (plan.stack_align & (plan.stack_align - 1)) == 0 &&
            plan.stack_bytes % plan.stack_align == 0,
        "an outgoing area that is not aligned");
  check(plan.callee_pops <= plan.stack_bytes, "a callee that removes more than there is");
  Taken taken(plan);
  if (plan.result.in_memory && plan.memory_on_stack) taken.stack(0, row.word);
  if (plan.result.in_memory && !plan.memory_on_stack) {
    check(plan.memory_reg < row.gprs.size(), "an address of a result in no register");
    taken.general(plan.memory_reg);
  }
  for (const abi::ArgPlan& arg : plan.args) {
    const std::span<const Piece> pieces = plan.pieces_of(arg);
    check(arg.first_piece + arg.piece_count <= plan.pieces.size(), "pieces that are not there");
    if (arg.on_stack) {
      check(pieces.empty() && !arg.by_reference, "an argument that is in two places");
      taken.stack(arg.stack_offset, arg.extend == abi::Extend::none ? arg.size : row.word);
      continue;
    }
    // Windows: floats behind `...` are in both classes of registers. POWER: so they are, and a float that shares its
    // word with one for which there is no register left.
    const bool twice = (plan.variadic && row.quirks.variadic_floats_in_both) || plan.abi == abi::Abi::elfv2;
    for (const Piece& piece : pieces) {
      check(piece.size > 0 && (piece.where == Where::stack || piece.size <= 16), "a piece of no size for a register");
      check(piece.where != Where::gpr || piece.size <= row.word, "a piece larger than its register");
      if (piece.where == Where::stack) {
        taken.stack(piece.stack_offset, piece.size);
      } else {
        taken.registers(piece, false);
      }
    }
    if (arg.by_reference) {
      check(pieces.size() == 1 && pieces[0].size == row.word && pieces[0].value_offset == 0, "an address in pieces");
    } else if (!arg.is_not_passed()) {
      check_covered(types, arg.type, arg.size, pieces, twice);
    } else {
      for (unsigned char bits : value_bytes(types, arg.type)) check(bits == 0, "a value that is not passed");
    }
  }
  taken.end();
  const std::span<const Piece> pieces = plan.result_pieces();
  if (plan.result.in_memory) {
    check(pieces.empty(), "a result that is in two places");
  } else {
    Taken results(plan);
    for (const Piece& piece : pieces) {
      check(piece.where != Where::stack && piece.size > 0, "a result on the stack");
      check(piece.where != Where::gpr || piece.size <= row.word, "a piece larger than its register");
      results.registers(piece, true);
    }
    if (types[plan.result.type].kind != Kind::void_)
      check_covered(types, plan.result.type, plan.result.size, pieces, false);
  }
  check(said.find('?') == said.npos, "a plan that cannot be told");
}

constexpr CallConv kConventions[] = {CallConv::c,        CallConv::stdcall, CallConv::fastcall,
                                     CallConv::thiscall, CallConv::ms_abi,  CallConv::sysv_abi};

void check_function(TypeTable& types, TypeId function) {
  const size_t params = types.function(function).params.size();
  std::vector<TypeId> extra;
  if (types.function(function).variadic) {
    // Promoted ones, and whatever is passed already.
    extra = {scalar_type(Scalar::int32), scalar_type(Scalar::float64), types.pointer_to(scalar_type(Scalar::void_)),
             scalar_type(Scalar::int64), scalar_type(Scalar::ldouble)};
    for (const Param& param : types.function(function).params) extra.push_back(param.type);
  }
  for (CallConv conv : kConventions) {
    const Result<CallPlan> plan = abi::plan_call(types, types.with_conv(function, conv), extra);
    if (plan.ok()) {
      check_plan(types, *plan, params + extra.size());
    } else {
      check(!plan.message().empty(), "an error without a text");
    }
  }
}

void check_value(const TypeTable& types, TypeId id) {
  for (CallConv conv : kConventions) {
    for (bool as_result : {false, true}) {
      const Result<CallPlan> plan = abi::plan_value(types, id, conv, as_result);
      if (plan.ok()) check_plan(types, *plan, as_result ? 0 : 1);
    }
  }
}

// A text by which types are spelled is read as them.
void check_spelling(TypeTable& types, TypeId id) {
  const std::string text = spell(types, id);
  check(!text.empty(), "a type without a name");
  if (text.find('{') != text.npos || types[id].kind == Kind::function) return;
  for (std::string_view keyword : {"struct ", "union ", "enum "}) {
    for (size_t at = text.find(keyword); at != text.npos; at = text.find(keyword, at + 1)) {
      const char next = text[at + keyword.size()];
      if (next >= '0' && next <= '9') return;  // by its serial
    }
  }
  const Result<TypeId> again = cparse::parse_type(types, text);
  if (!again.ok() || types[*again].canonical == types[id].canonical) return;
  const std::string read = spell(types, *again);
  if (read == text) return;  // a later type has its name
  std::fprintf(stderr, "fuzz: '%s' is read as '%s'\n", text.c_str(), read.c_str());
  check(false, "a type that is read as another");
}

}  // namespace

void check_types(TypeTable& types, TypeId first) {
  const TypeId end = types.size();  // those that are added here are not looked at
  for (TypeId id = first; id < end; ++id) {
    check_type(types, id);
    if (types[id].kind == Kind::function) check_function(types, id);
    if (is_record(types[id]) && types.record(id).type == id) check_value(types, id);
    if (id - first < 16) check_spelling(types, id);
  }
}

void records(Bytes bytes) {
  const std::vector<layout_test::RecordPlan> plans = layout_test::make_records(Choices(bytes), 3);
  for (const Target* target : kTargets) {
    layout_test::Realiser realiser(*target, 0);
    const TypeId first = realiser.types().size();
    for (const layout_test::RecordPlan& plan : plans) {
      std::string failure;
      const layout_test::Realiser::Realised made = realiser.realise(plan, failure);
      show(*target, made.text);
      if (made.type == kNoType) break;  // others may contain it
    }
    check_types(realiser.types(), first);
  }
}

void plans(Bytes bytes) {
  struct Session {
    explicit Session(const Target& target) : types(target), macros(target) {
      check(declare(calls_test::Generator::prelude(false)), "the prelude");
    }
    cparse::Input input(std::string_view text) {
      cparse::Input in(text);
      in.macros = &macros.state();
      return in;
    }
    std::string shown(std::string text) const {
      show(types.target(), text);
      return text;
    }
    bool declare(std::string_view text) { return cparse::parse_declarations(types, input(text)).ok(); }
    TypeTable types;
    cparse::Macros macros;
  };
  static std::unique_ptr<Session> sessions[std::size(kTargets)];
  if (bytes.empty()) return;
  const size_t which = bytes[0] % std::size(kTargets);
  if (sessions[which] == nullptr) sessions[which] = std::make_unique<Session>(*kTargets[which]);
  Session& s = *sessions[which];
  const TypeTable::Transaction back(s.types);
  calls_test::Generator generator(Choices(bytes.subspan(1)), false, *kTargets[which],
                                  {true, true, true, {"stdcall", "fastcall", "thiscall", "ms_abi", "sysv_abi"}});
  const TypeId first = s.types.size();
  // What is refused is not there for those behind it.
  for (int i = 0; i < 3; ++i) (void)s.declare(s.shown(i == 2 ? generator.transparent_union() : generator.record()));
  for (int i = 0; i < 2; ++i) {
    const calls_test::Signature signature = generator.signature();
    const std::string attribute = signature.convention.empty() ? "" : "__attribute__((" + signature.convention + ")) ";
    const std::string text = attribute + signature.result + " (" + parameter_list(signature, false) + ")";
    (void)cparse::parse_type(s.types, s.input(s.shown(text)));
  }
  check_types(s.types, first);
}

}  // namespace ferry::fuzz
