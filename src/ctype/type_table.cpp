// Rows of derived types, names, symbols and transactions of TypeTable. Records and enums: type_records.cpp.
#include "ctype/type_table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <string>

#include "ctype/replaced.h"
#include "ctype/spell.h"
#include "ctype/type_rows.h"

namespace ferry {

namespace {

std::atomic<uint64_t> replaced{0};

struct ScalarRow {
  Kind kind;
  bool is_unsigned;
  uint8_t size;
  uint8_t align;
};

constexpr ScalarRow kScalars[] = {
    {Kind::none, false, 0, 1},
#define X(id, spelling, klass, is_unsigned, size, align) {Kind::klass, is_unsigned, size, align},
#include "base/scalars.def"
#undef X
};
static_assert(std::size(kScalars) == static_cast<size_t>(Scalar::count_));

Type scalar_row(Scalar s, const Target& target) {
  const ScalarRow& from = kScalars[static_cast<size_t>(s)];
  Type t;
  t.kind = from.kind;
  t.scalar = s;
  t.size = from.size;
  t.align = from.align;
  if (from.is_unsigned) t.flags |= kUnsigned;
  switch (s) {
    case Scalar::none:
    case Scalar::void_:
      t.flags |= kIncomplete;
      break;
    case Scalar::char_:
      if (target.char_unsigned) t.flags |= kUnsigned;
      break;
    case Scalar::schar:
      if (!target.char_unsigned) t.canonical = scalar_type(Scalar::char_);
      break;
    case Scalar::uchar:
      if (target.char_unsigned) t.canonical = scalar_type(Scalar::char_);
      break;
    case Scalar::int64:
    case Scalar::uint64:
      t.align = target.int64_align;
      break;
    case Scalar::float64:
    case Scalar::cdouble:
      t.align = target.double_align;
      break;
    case Scalar::ldouble:
    case Scalar::cldouble:
      t.size = s == Scalar::ldouble ? target.ldouble_size : 2 * target.ldouble_size;
      t.align = target.ldouble_align;
      break;
    case Scalar::int128:
    case Scalar::uint128:
    case Scalar::float128:
    case Scalar::cfloat128:
      // s390x ELF ABI 1.1: 16-byte scalars are aligned to 8 there.
      t.align = target.max_align < 16 ? 8 : 16;
      break;
    default:
      break;
  }
  return t;
}

// gcc: a vector is aligned to its size, but AAPCS64 knows none above 16 bytes, AAPCS32 none above 8.
uint32_t vector_align(const Target& target, uint64_t size) {
  uint64_t limit = kMaxAlign;
  if (target.arch == Arch::aarch64) limit = 16;
  if (target.arch == Arch::arm) limit = 8;
  return static_cast<uint32_t>(size < limit ? size : limit);
}

bool same_format(const FormatAttribute& a, const FormatAttribute& b) {
  return a.style == b.style && a.string_index == b.string_index && a.first_to_check == b.first_to_check;
}

}  // namespace

TypeTable::TypeTable(const Target& target) : rows_(std::make_unique<Rows>(*this, target)) {
  for (size_t s = 0; s < std::size(kScalars); ++s) {
    rows_->add_unique(scalar_row(static_cast<Scalar>(s), target), {});
  }
  rows_->names.push_back({});
  rows_->symbols.push_back({});
}

TypeTable::~TypeTable() = default;

const Target& TypeTable::target() const {
  return rows_->target;
}

// --- rows ---------------------------------------------------------------------------------------

const Type& TypeTable::operator[](TypeId id) const {
  assert(id < rows_->types.size());
  return rows_->types[id].type;
}

uint32_t TypeTable::size() const {
  return rows_->types.size();
}

const Function& TypeTable::function(TypeId id) const {
  assert((*this)[id].kind == Kind::function);
  return rows_->functions[(*this)[id].index];
}

// --- derived types ------------------------------------------------------------------------------

// A reference is no object that could be pointed to: what is made is the pointer to its referee.
TypeId TypeTable::pointer_to(TypeId base) {
  if (rows_->type(base).kind == Kind::reference) base = rows_->type(base).base;
  if (const TypeId known = rows_->row(base).pointer; known != kNoType && known < rows_->types.size()) {
    const Rows::Key& key = rows_->row(known).key;
    if (key.op == Op::pointer && key.source == base) return known;
  }
  const Rows::Key key{Op::pointer, base, 0};
  const uint32_t h = Rows::hash(key);
  if (const TypeId found = rows_->find(key, h)) return rows_->row(base).pointer = found;
  Type t;
  t.kind = Kind::pointer;
  t.size = t.align = rows_->target.pointer_size;
  t.base = base;
  const TypeId canonical_base = rows_->type(base).canonical;
  if (canonical_base != base) t.canonical = pointer_to(canonical_base);
  return rows_->row(base).pointer = rows_->add(t, key, h);
}

// C++ 9.3.4.3p6: a reference to a reference collapses.
TypeId TypeTable::reference_to(TypeId base) {
  if (rows_->type(base).kind == Kind::reference) return base;
  const Rows::Key key{Op::reference, base, 0};
  const uint32_t h = Rows::hash(key);
  if (TypeId found = rows_->find(key, h)) return found;
  Type t;
  t.kind = Kind::reference;
  t.size = t.align = rows_->target.pointer_size;
  t.base = base;
  const TypeId canonical_base = rows_->type(base).canonical;
  if (canonical_base != base) t.canonical = reference_to(canonical_base);
  return rows_->add(t, key, h);
}

TypeId TypeTable::qualified(TypeId id, uint8_t quals) {
  // Arrays are taken apart by a loop: their nesting is only limited by the text they are declared in.
  struct Level {
    uint64_t count;
    uint32_t align;  // 0: not an explicitly aligned array
  };
  std::vector<Level> levels;
  while (rows_->type(id).kind == Kind::array) {
    const Rows::Row& row = rows_->row(id);
    levels.push_back({row.type.count, row.key.op == Op::aligned ? row.type.align : 0});
    id = row.type.base;
  }
  // gcc, clang: an object that an atomic access of its size may reach is aligned to that size.
  const Type& plain = rows_->type(id);
  const uint64_t largest = target().has_int128 ? 16 : 8;
  if ((quals & kAtomic) != 0 && (plain.quals & kAtomic) == 0 && plain.kind != Kind::function &&
      std::has_single_bit(plain.size) && plain.size <= largest && plain.align < plain.size) {
    id = aligned(id, static_cast<uint32_t>(plain.size));
  }
  const Type& t = rows_->type(id);
  if (t.kind != Kind::function && t.kind != Kind::reference && (t.quals | quals) != t.quals) {
    const uint8_t all = t.quals | quals;
    const Rows::Key key{Op::qualified, t.unqualified, all};
    const uint32_t h = Rows::hash(key);
    id = rows_->find(key, h);
    if (id == kNoType) {
      Type copy = rows_->type(key.source);
      copy.quals = all;
      id = rows_->add(copy, key, h);  // unqualified and canonical are the source's
      const TypeId root = rows_->root(id);
      rows_->row(id).next_variant = std::exchange(rows_->row(root).next_variant, id);
    }
  }
  while (!levels.empty()) {
    id = *array_of(id, levels.back().count);  // it was one before: cannot fail
    if (levels.back().align != 0) id = aligned(id, levels.back().align);
    levels.pop_back();
  }
  return id;
}

TypeId TypeTable::aligned(TypeId id, uint32_t align) {
  const Type& t = rows_->type(id);
  if (t.kind == Kind::function) return id;
  const uint8_t quals = t.quals;
  const TypeId source = rows_->root(t.unqualified);
  const Type& natural = rows_->type(source);
  TypeId result = source;
  // On i386 it matters who aligns a member (layout_i386.cpp).
  if (align != natural.align || (natural.flags & kIncomplete) != 0 || target().arch == Arch::i386) {
    const Rows::Key key{Op::aligned, source, align};
    const uint32_t h = Rows::hash(key);
    result = rows_->find(key, h);
    if (result == kNoType) {
      Type copy = natural;
      copy.align = align;
      copy.flags |= kAlignedByUser;
      copy.unqualified = kNoType;
      result = rows_->add(copy, key, h);
      rows_->row(result).next_variant = std::exchange(rows_->row(source).next_variant, result);
    }
  }
  return quals != 0 ? qualified(result, quals) : result;
}

Result<TypeId> TypeTable::array_of(TypeId element, uint64_t count) {
  const Type& e = rows_->type(element);
  const Rows::Key key{Op::array, element, count};
  const uint32_t h = Rows::hash(key);
  if (TypeId found = rows_->find(key, h)) return found;
  if (e.kind == Kind::function) return Error{"array of functions '" + spell(*this, element) + "'"};
  if (e.kind == Kind::reference) return Error{"array of references '" + spell(*this, element) + "'"};
  if ((e.flags & kIncomplete) != 0) return Error{"array of incomplete type '" + spell(*this, element) + "'"};
  if ((e.flags & kVariable) != 0) {
    return Error{"array of '" + spell(*this, element) + "', whose size is not known at compile time"};
  }
  Type t;
  t.kind = Kind::array;
  t.align = e.align;
  t.base = element;
  t.count = count;
  if ((e.quals & kConst) != 0 || (e.flags & kHasConst) != 0) t.flags |= kHasConst;
  if (count == kVla) {
    t.flags |= kVariable;
  } else if (count == kFlexible) {
    t.flags |= kIncomplete;
  } else {
    const uint64_t limit = rows_->max_object_size();
    if (count > limit || (e.size != 0 && count > limit / e.size)) {
      return Error{"size of array of " + std::to_string(count) + " '" + spell(*this, element) + "' is too large"};
    }
    t.size = count * e.size;
  }
  if (e.canonical != element) {
    Result<TypeId> canonical = array_of(e.canonical, count);
    if (!canonical.ok()) return canonical.error();
    t.canonical = *canonical;
  }
  return rows_->add(t, key, h);
}

Result<TypeId> TypeTable::vector_of(TypeId element, uint64_t count) {
  const Type& e = rows_->type(element);
  if ((e.kind != Kind::integer && e.kind != Kind::floating) || is_bit_int(e) || !std::has_single_bit(e.size)) {
    return Error{"vector of '" + spell(*this, element) + "': elements must be integers or floating-point numbers"};
  }
  if (!std::has_single_bit(count)) {
    return Error{"number of vector elements " + std::to_string(count) + " is not a power of two"};
  }
  if (count > kMaxAlign / e.size) {
    return Error{"vector of " + std::to_string(count) + " '" + spell(*this, element) + "' is too large"};
  }
  const Rows::Key key{Op::vector, element, count};
  const uint32_t h = Rows::hash(key);
  if (TypeId found = rows_->find(key, h)) return found;
  Type t;
  t.kind = Kind::vector;
  t.size = count * e.size;
  t.align = vector_align(rows_->target, t.size);
  t.base = element;
  t.count = count;
  if (e.canonical != element) {
    Result<TypeId> canonical = vector_of(e.canonical, count);
    if (!canonical.ok()) return canonical.error();
    t.canonical = *canonical;
  }
  return rows_->add(t, key, h);
}

Result<TypeId> TypeTable::function_type(TypeId result, std::span<const Param> params, bool variadic, CallConv conv,
                                        FormatAttribute format, bool blocking) {
  const Type& r = rows_->type(result);
  if (r.kind == Kind::array) return Error{"function returning an array '" + spell(*this, result) + "'"};
  if (r.kind == Kind::function) return Error{"function returning a function '" + spell(*this, result) + "'"};
  // gcc, clang: those with `...` have nothing in registers.
  if (variadic && conv >= CallConv::regparm1 && conv <= CallConv::regparm3) conv = CallConv::c;
  uint64_t content = hash_mix(uint64_t{params.size()} << 16 | uint64_t{static_cast<uint8_t>(conv)} << 1 | variadic);
  content += blocking;
  content =
      hash_mix(content ^ (uint64_t{format.style} << 16 | uint64_t{format.string_index} << 8 | format.first_to_check));
  bool is_canonical = r.canonical == result && format.style == FormatAttribute::none && !blocking;
  for (const Param& p : params) {
    content = hash_mix(content + (uint64_t{p.marks} << 32 | p.type));
    if (rows_->type(p.type).canonical != p.type || p.marks != 0) is_canonical = false;
  }
  const Rows::Key key{Op::function, result, content};
  const uint32_t h = Rows::hash(key);
  const TypeId found = rows_->type_index.find(h, [&](uint32_t id) {
    const Rows::Row& row = rows_->types[id];
    if (row.key.op != Op::function || row.key.source != result || row.key.value != content) return false;
    const Function& f = rows_->functions[row.type.index];
    return f.variadic == variadic && f.conv == conv && f.blocking == blocking && same_format(f.format, format) &&
           std::equal(f.params.begin(), f.params.end(), params.begin(), params.end(),
                      [](const Param& a, const Param& b) { return a.type == b.type && a.marks == b.marks; });
  });
  if (found != kNoType) return found;

  Type t;
  t.kind = Kind::function;
  t.align = 1;
  t.base = result;
  if (!is_canonical) {
    std::vector<Param>& canonical = rows_->canonical_params;
    canonical.assign(params.begin(), params.end());
    for (Param& p : canonical) p = {p.name, rows_->type(p.type).canonical, 0};
    Result<TypeId> id = function_type(r.canonical, canonical, variadic, conv);
    if (!id.ok()) return id.error();
    t.canonical = *id;
  }
  Function f;
  f.result = result;
  f.conv = conv;
  f.variadic = variadic;
  f.format = format;
  f.blocking = blocking;
  f.params.assign(params.begin(), params.end());
  t.index = rows_->functions.push_back(std::move(f));
  const TypeId id = rows_->add(t, key, h);
  rows_->functions[t.index].type = id;
  return id;
}

TypeId TypeTable::with_conv(TypeId function_id, CallConv conv) {
  if (rows_->type(function_id).kind != Kind::function) return function_id;
  const Function& f = function(function_id);
  return *function_type(f.result, f.params, f.variadic, conv, f.format, f.blocking);
}

TypeId TypeTable::with_format(TypeId function_id, FormatAttribute format) {
  if (rows_->type(function_id).kind != Kind::function) return function_id;
  const Function& f = function(function_id);
  return *function_type(f.result, f.params, f.variadic, f.conv, format, f.blocking);
}

TypeId TypeTable::with_blocking(TypeId function_id) {
  if (rows_->type(function_id).kind != Kind::function) return function_id;
  const Function& f = function(function_id);
  return *function_type(f.result, f.params, f.variadic, f.conv, f.format, true);
}

TypeId TypeTable::with_params(TypeId function_id, std::span<const Param> params) {
  if (rows_->type(function_id).kind != Kind::function) return function_id;
  const Function& f = function(function_id);
  return *function_type(f.result, params, f.variadic, f.conv, f.format, f.blocking);
}

Scalar complex_of_floating(Scalar part) {
  switch (part) {
    case Scalar::float32:
      return Scalar::cfloat;
    case Scalar::float64:
      return Scalar::cdouble;
    case Scalar::ldouble:
      return Scalar::cldouble;
    case Scalar::float128:
      return Scalar::cfloat128;
    default:
      return Scalar::none;
  }
}

TypeId part_of_complex(const Type& t) {
  switch (t.scalar) {
    case Scalar::cfloat:
      return scalar_type(Scalar::float32);
    case Scalar::cdouble:
      return scalar_type(Scalar::float64);
    case Scalar::cldouble:
      return scalar_type(Scalar::ldouble);
    case Scalar::cfloat128:
      return scalar_type(Scalar::float128);
    default:
      return t.base;
  }
}

TypeId TypeTable::complex_of(TypeId part) {
  const Type& p = rows_->type(part);
  if (const Scalar whole = complex_of_floating(p.scalar); whole != Scalar::none) return scalar_type(whole);
  // gcc manual, "Complex Data Types": any integer type; the parts lie one behind the other.
  if (p.kind != Kind::integer || is_bit_int(p)) return kNoType;
  const Rows::Key key{Op::complex, p.unqualified, 0};
  const uint32_t h = Rows::hash(key);
  if (TypeId found = rows_->find(key, h)) return found;
  Type t;
  t.kind = Kind::complex;
  t.size = 2 * p.size;
  t.align = p.align;
  t.base = p.unqualified;
  if (p.canonical != t.base) t.canonical = complex_of(p.canonical);
  return rows_->add(t, key, h);
}

// psABI x86-64, 3.1.2: up to 64 bits as the smallest integer that holds them, above in 8-byte units aligned to 8; i386:
// the same up to 64. AAPCS64 5.1: 128 bits are aligned to 16. clang 14 has the same sizes.
Result<TypeId> TypeTable::bit_int(uint64_t bits, bool is_unsigned) {
  const Target& target = rows_->target;
  const uint64_t widest = target.has_int128 ? 128 : 64;
  const std::string name = (is_unsigned ? "unsigned _BitInt(" : "_BitInt(") + std::to_string(bits) + ")";
  if (bits < (is_unsigned ? 1 : 2)) return Error{"'" + name + "' has no bit for a value"};
  if (bits > widest) return Error{"'" + name + "' is wider than " + std::to_string(widest) + " bits"};
  const Rows::Key key{Op::bit_int, kNoType, bits << 1 | (is_unsigned ? 1 : 0)};
  const uint32_t h = Rows::hash(key);
  if (TypeId found = rows_->find(key, h)) return found;
  Type t;
  t.kind = Kind::integer;
  t.size = std::max<uint64_t>(8, std::bit_ceil(bits)) / 8;
  t.align = static_cast<uint32_t>(t.size);
  if (t.size == 8) t.align = target.int64_align;
  if (t.size == 16) t.align = target.arch == Arch::x86_64 || target.max_align < 16 ? 8 : 16;
  t.count = bits;
  if (is_unsigned) t.flags |= kUnsigned;
  return rows_->add(t, key, h);
}

// --- names --------------------------------------------------------------------------------------

NameId TypeTable::find_name(std::string_view text) const {
  const NameId found = rows_->name_index.find(hash_text(text), [&](uint32_t id) {
    const Rows::Name& n = rows_->names[id];
    return n.length == text.size() && std::memcmp(n.text, text.data(), text.size()) == 0;
  });
  return found != kNoName || !rows_->asks() ? found : find_waiting_name(text);
}

NameId TypeTable::intern(std::string_view text) {
  if (text.empty()) return kNoName;
  const uint32_t hash = hash_text(text);
  const NameId found = rows_->name_index.find(hash, [&](uint32_t id) {
    const Rows::Name& n = rows_->names[id];
    return n.length == text.size() && std::memcmp(n.text, text.data(), text.size()) == 0;
  });
  if (found != kNoName) return found;
  Rows::Name n;
  n.text = rows_->texts.add(text);
  n.length = static_cast<uint32_t>(text.size());
  n.hash = hash;
  rows_->name_index.make_room();
  const NameId id = rows_->names.push_back(n);
  rows_->name_index.insert(hash, id);
  return id;
}

std::string_view TypeTable::keep_text(std::string_view text) {
  return {rows_->texts.add(text), text.size()};
}

std::string_view TypeTable::name(NameId id) const {
  const Rows::Name& n = rows_->names[id];
  return {n.text, n.length};
}

// --- identifiers --------------------------------------------------------------------------------

const Symbol* TypeTable::find_symbol(NameId name) const {
  const uint32_t& symbol = rows_->names[name].symbol;
  if (symbol == 0 && rows_->asks()) ask_waiting(name, NameSpace::ordinary);
  return symbol != 0 ? &rows_->symbols[symbol] : nullptr;
}

uint64_t replaced_declarations() {
  return replaced.load(std::memory_order_relaxed);
}

void TypeTable::declare(const Symbol& symbol) {
  assert(symbol.name != kNoName);
  if (symbol.name == kNoName) return;
  uint32_t& current = rows_->names[symbol.name].symbol;
  if (current != 0) {
    // Declaring the same again is common (headers included twice) and must not add a row each time.
    const Symbol& old = rows_->symbols[current];
    if (old.kind == symbol.kind && old.type == symbol.type && old.link_name == symbol.link_name &&
        old.inline_body == symbol.inline_body && old.unprototyped == symbol.unprototyped &&
        old.constant.type == symbol.constant.type && old.constant.integer == symbol.constant.integer) {
      return;
    }
    replaced.fetch_add(1, std::memory_order_relaxed);
  }
  rows_->log(Rows::Undo::What::symbol, symbol.name, current);
  current = rows_->symbols.push_back(symbol);
}

TypeId TypeTable::find_tag(NameId tag) const {
  const TypeId& type = rows_->names[tag].tag;
  if (type == kNoType && rows_->asks()) ask_waiting(tag, NameSpace::tag);
  return type;
}

void TypeTable::declare_tag(NameId tag, TypeId type) {
  assert(tag != kNoName);
  if (tag == kNoName) return;
  rows_->log(Rows::Undo::What::tag, tag, rows_->names[tag].tag);
  rows_->names[tag].tag = type;
}

void TypeTable::for_each_symbol(void (*visit)(void* context, const Symbol& symbol), void* context) const {
  // The visitor may declare; what it adds is not visited.
  const uint32_t end = rows_->symbols.size();
  for (uint32_t i = 1; i < end; ++i) {
    const Symbol& s = rows_->symbols[i];
    if (rows_->names[s.name].symbol == i) visit(context, s);
  }
}

void TypeTable::for_each_tag(void (*visit)(void* context, NameId tag, TypeId type), void* context) const {
  const uint32_t end = rows_->names.size();
  for (NameId tag = 1; tag < end; ++tag) {
    if (rows_->names[tag].tag != kNoType) visit(context, tag, rows_->names[tag].tag);
  }
}

}  // namespace ferry
