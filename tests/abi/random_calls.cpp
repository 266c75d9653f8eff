// Random types, signatures and values as C text (random_calls.h).
#include "random_calls.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>

namespace ferry::calls_test {
namespace {

constexpr const char* kAlignedTypes[] = {"under_d", "under_l", "under_i", "over_i", "enum tiny"};
constexpr const char* kMemberTypes[] = {"under_d",       "under_l",      "under_i",       "over_i",
                                        "_Atomic short", "_Atomic long", "_Atomic double"};

// C 6.5.2.2p6; what has no promotion stays.
std::string promoted(const std::string& type) {
  static const std::map<std::string, std::string> kPromotions = {
      {"_Bool", "int"},     {"char", "int"},           {"signed char", "int"}, {"unsigned char", "int"},
      {"short", "int"},     {"unsigned short", "int"}, {"float", "double"},    {"_Float16", "double"},
      {"enum tiny", "int"}, {"enum tiny2", "int"},     {"_Atomic int", "int"}, {"enum fixed", "int"}};
  auto found = kPromotions.find(type);
  return found == kPromotions.end() ? type : found->second;
}

// Sets the bits of `mask` that are value, not padding.
void value_bits(const TypeTable& types, TypeId id, unsigned char* mask) {
  const Type& t = types[id];
  if (t.size == 0) return;
  if (is_record(t)) {
    for (const Field& field : types.record(id).fields) {
      if (!field.is_bitfield()) {
        value_bits(types, field.type, mask + field.offset);
        continue;
      }
      if (field.name == kNoName) continue;
      for (unsigned bit = 0; bit < field.bit_width; ++bit) {
        uint64_t at = field.offset * 8 + field.bit_offset + bit;
        mask[at / 8] |= static_cast<unsigned char>(types.target().big_endian ? 0x80u >> (at % 8) : 1u << (at % 8));
      }
    }
  } else if (t.kind == Kind::array) {
    uint64_t step = types[t.base].size;
    for (uint64_t at = 0; step != 0 && at < t.size; at += step) value_bits(types, t.base, mask + at);
  } else if (t.kind == Kind::boolean) {
    mask[0] |= 1;
  } else if (types.target().long_double == LongDouble::x87 &&
             (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble)) {
    for (uint64_t at = 0; at < t.size; at += types.target().ldouble_size) std::memset(mask + at, 0xff, 10);
  } else if (is_bit_int(t)) {  // little-endian, as all targets that have a judge
    for (uint64_t bit = 0; bit < t.count; ++bit) mask[bit / 8] |= static_cast<unsigned char>(1u << (bit % 8));
  } else {
    std::memset(mask, 0xff, t.size);
  }
}

// A float or double that is a signalling NaN becomes a quiet one, as it may on its way: where no other register is
// left, gcc moves floats by x87's (x86-64).
void make_quiet(unsigned char* at, uint64_t size) {
  const bool single = size == 4;
  unsigned char& top = at[size - 1];
  unsigned char& next = at[size - 2];
  const auto exponent = static_cast<unsigned char>(single ? 0x80 : 0xf0);
  if ((top & 0x7f) == 0x7f && (next & exponent) == exponent) next |= static_cast<unsigned char>(single ? 0x40 : 0x08);
}

void legalise(const TypeTable& types, TypeId id, unsigned char* at) {
  const Type& t = types[id];
  // Their registers hold another format: a signalling NaN becomes a quiet one.
  bool converts = types.target().arch == Arch::i386 || types.target().arch == Arch::ppc64le;
  if (t.kind == Kind::boolean) {
    *at &= 1;
  } else if (is_bit_int(t)) {
    // clang takes it that registers hold it extended to the integer that it lies in.
    const bool sign = (t.flags & kUnsigned) == 0 && (at[(t.count - 1) / 8] >> ((t.count - 1) % 8) & 1) != 0;
    for (uint64_t bit = t.count; bit < 8 * t.size; ++bit) {
      const auto one = static_cast<unsigned char>(1u << (bit % 8));
      at[bit / 8] = static_cast<unsigned char>(sign ? at[bit / 8] | one : at[bit / 8] & ~one);
    }
  } else if (types.target().arch == Arch::i386 && (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble)) {
    // A number: compilers that load and store one may change what is none.
    for (uint64_t i = 0; i < t.size; i += types.target().ldouble_size) {
      at[i + 7] |= 0x80;
      at[i + 8] |= 1;  // no denormal with that bit
      at[i + 9] &= 0xbf;
    }
  } else if (converts && t.kind == Kind::floating && t.size <= 8) {
    at[t.size - 1] &= 0xbf;  // no NaN
  } else if (converts && t.kind == Kind::complex && t.size <= 16) {
    at[t.size / 2 - 1] &= 0xbf;
    at[t.size - 1] &= 0xbf;
  } else if (t.kind == Kind::floating && (t.size == 4 || t.size == 8)) {
    if (!types.target().big_endian) make_quiet(at, t.size);
  } else if (t.kind == Kind::complex && !is_integer_complex(t) && (t.size == 8 || t.size == 16)) {
    if (!types.target().big_endian) make_quiet(at, t.size / 2), make_quiet(at + t.size / 2, t.size / 2);
  } else if (types.target().long_double == LongDouble::ibm_double_double &&
             (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble)) {
    // Two doubles, of which the second is far less than the first: compilers that know the value make it so.
    for (uint64_t i = 0; i < t.size; i += 16) {
      at[i + 7] = static_cast<unsigned char>((at[i + 7] & 0x8f) | 0x30);
      at[i + 15] = static_cast<unsigned char>((at[i + 15] & 0x8f) | 0x10);
    }
  } else if (is_record(t)) {
    for (const Field& field : types.record(id).fields) {
      if (!field.is_bitfield()) legalise(types, field.type, at + field.offset);
    }
  } else if (t.kind == Kind::array && types[t.base].size != 0) {
    for (uint64_t i = 0; i < t.size; i += types[t.base].size) legalise(types, t.base, at + i);
  }
}

}  // namespace

Generator::Generator(const Choices& choices, bool clang, const Target& target, const Features& features)
    : choices_(choices), clang_(clang), features_(features), long_bits_(8 * target.long_size) {
  scalars_ = {"_Bool",
              "char",
              "signed char",
              "unsigned char",
              "short",
              "unsigned short",
              "int",
              "unsigned int",
              "long",
              "unsigned long",
              "long long",
              "float",
              "double",
              "long double",
              "void *",
              "enum color",
              "enum big",
              "enum tiny",
              "enum tiny2",
              "__int128",
              "unsigned __int128",
              "float _Complex",
              "double _Complex",
              "long double _Complex",
              "v8c",
              "v4s",
              "v2i",
              "v2f",
              "v16c",
              "v4i",
              "v2l",
              "v4f",
              "v2d"};
  bool x64 = target.arch == Arch::x86_64;
  bool a64 = target.arch == Arch::aarch64;
  // To clang an empty union is nothing when it flattens records on RISC-V; on ARM the floats of a homogeneous aggregate
  // that has empty members take registers singly.
  if (clang_ && (target.arch == Arch::riscv64 || target.arch == Arch::arm)) features_.hollow = 0;
  if (!target.has_int128) without("int128");
  if (!features.vectors8) without("v8c v4s v2i v2f");
  if (!features.vectors16) without("v16c v4i v2l v4f v2d");
  // clang 14 has no _Float16 on x86, treats _Float128 as class MEMORY in one place and as SSE in another, and
  // passes small vectors in its own way (abi/sysv_x64.cpp).
  if (!clang_ && (x64 || a64)) scalars_.insert(scalars_.end(), {"_Float16", "_Float128", "v4c", "v2s", "v1l"});
  if (!clang_ && target.has_decimal) scalars_.insert(scalars_.end(), {"_Decimal32", "_Decimal64", "_Decimal128"});
  // clang 14 gives records with atomic members class MEMORY.
  if (!clang_) scalars_.push_back("_Atomic int");
  // gcc's complex integers; clang's treatment of lone complex numbers is calls.cpp's.
  const bool ppc64_or_s390x = target.arch == Arch::ppc64le || target.arch == Arch::s390x;
  if (!clang_ && (x64 || a64 || ppc64_or_s390x || target.arch == Arch::i386)) {
    scalars_.insert(scalars_.end(), {"char _Complex", "unsigned short _Complex", "int _Complex", "long long _Complex"});
  }
  // gcc 12 has no enums of fixed type in C.
  if (clang_) scalars_.push_back("enum fixed");
  // gcc 12 has no _BitInt; clang 14's is the psABI's on x86-64.
  if (clang_ && x64) {
    scalars_.insert(scalars_.end(), {"_BitInt(5)", "unsigned _BitInt(17)", "_BitInt(40)", "unsigned _BitInt(64)",
                                     "_BitInt(100)", "unsigned _BitInt(128)"});
  }
}

// `names`: separated by blanks; what has one of them in its own is left out.
void Generator::without(std::string_view names) {
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    std::erase_if(scalars_, [&](const std::string& scalar) { return scalar.find(name) != scalar.npos; });
  }
}

std::string Generator::prelude(bool clang) {
  std::string text =
      "struct nothing {}; enum color { red, green = 7 }; enum big { least = -5, most = 0x7ffffffff };\n"
      "enum __attribute__((packed)) tiny { low = -3, high = 100 }; enum __attribute__((packed)) tiny2 { wide = 40000 "
      "};\n"
      "typedef double under_d __attribute__((aligned(4))); typedef long under_l __attribute__((aligned(2)));\n"
      "typedef int under_i __attribute__((aligned(1))); typedef int over_i __attribute__((aligned(32)));\n";
  auto vector = [&](const char* name, const char* element, int bytes) {
    text += std::string("typedef ") + element + " " + name + " __attribute__((vector_size(" + std::to_string(bytes) +
            ")));\n";
  };
  if (clang) text += "enum fixed : short { fixed_low = -4, fixed_high = 300 };\n";
  vector("v4c", "char", 4);
  vector("v2s", "short", 4);
  vector("v8c", "char", 8);
  vector("v4s", "short", 8);
  vector("v2i", "int", 8);
  vector("v1l", "long", 8);
  vector("v2f", "float", 8);
  vector("v16c", "char", 16);
  vector("v4i", "int", 16);
  vector("v2l", "long", 16);
  vector("v4f", "float", 16);
  vector("v2d", "double", 16);
  return text;
}

std::string Generator::record() {
  std::string name = (chance(25) ? "union R" : "struct R") + std::to_string(records_.size());
  int pack = features_.packs && chance(10) ? 1 << pick(0, 4) : 0;
  members_ = 0;
  const bool is_hollow = features_.hollow != 0 && chance(features_.hollow);
  std::string text = name + " {" + (is_hollow ? hollow() : body(name[0] == 'u', 0)) + " }";
  if (features_.packs && chance(10)) text += " __attribute__((packed))";
  if (chance(6)) text += " __attribute__((aligned(" + std::to_string(8 << pick(0, chance(70) ? 1 : 4)) + ")))";
  text += ";\n";
  if (pack != 0) text = "#pragma pack(push, " + std::to_string(pack) + ")\n" + text + "#pragma pack(pop)\n";
  records_.push_back(name);
  return text;
}

// A union whose members have one machine mode, so that gcc and clang let it be transparent; the C text.
std::string Generator::transparent_union() {
  static const char* const kFirst[] = {"int", "long", "unsigned int", "void *", "short"};
  static const char* const kSecond[] = {"enum color", "unsigned long", "int", "const char *", "unsigned short"};
  int which = pick(0, 4);
  std::string name = "T" + std::to_string(transparent_.size());
  transparent_.push_back(name);
  return std::string("typedef union { ") + kFirst[which] + " a; " + kSecond[which] + " b; } " + name +
         " __attribute__((transparent_union));\n";
}

Signature Generator::signature() {
  Signature s;
  s.result = chance(8) ? "void" : any_type(true);
  if (chance(20) && !features_.conventions.empty()) {
    s.convention =
        features_.conventions[static_cast<size_t>(pick(0, static_cast<int>(features_.conventions.size()) - 1))];
  }
  int count = chance(70) ? pick(0, 8) : pick(0, chance(80) ? 20 : 60);
  bool records = chance(50);
  for (int i = 0; i < count; ++i) {
    bool transparent = !transparent_.empty() && chance(4);
    s.params.push_back(transparent
                           ? transparent_[static_cast<size_t>(pick(0, static_cast<int>(transparent_.size()) - 1))]
                       : records || chance(20) ? any_type(true)
                                               : scalar());
  }
  s.fixed = s.params.size();
  if (!s.params.empty() && chance(20)) {
    s.variadic = true;
    s.fixed = static_cast<size_t>(pick(1, static_cast<int>(s.params.size())));
    for (size_t i = s.fixed; i < s.params.size(); ++i) s.params[i] = promoted(s.params[i]);
  }
  return s;
}

// The members of a record, or of one within a record.
std::string Generator::body(bool is_union, int depth) {
  std::string text;
  // Small records are the ones that travel in registers.
  int fields = chance(75) ? pick(1, depth == 0 ? 4 : 2) : pick(1, depth == 0 ? 12 : 4);
  bool simple = chance(40);  // few kinds: homogeneous aggregates, tight eightbytes
  std::string base = scalar();
  for (int i = 0; i < fields; ++i) {
    std::string member = "m" + std::to_string(members_++);
    if (!simple && chance(15)) {
      text += bitfield(member);
      continue;
    }
    if (depth < 3 && chance(simple ? 4 : 12)) {
      bool inner_union = chance(50);
      std::string inner = std::string(inner_union ? " union" : " struct") +
                          (features_.packs && chance(8) ? " __attribute__((packed))" : "") + " {" +
                          body(inner_union, depth + 1) + " }";
      // Anonymous, named, an array of it.
      text +=
          inner + (chance(60) ? "" : " " + member + (chance(25) ? "[" + std::to_string(pick(1, 3)) + "]" : "")) + ";";
      continue;
    }
    // clang goes by the elements of arrays without any, gcc by one.
    if (!clang_ && chance(4)) {
      text += chance(40) ? " struct {} " + member + ";" : " " + any_type(false) + " " + member + "[0];";
      continue;
    }
    std::string type = simple && chance(80) ? base : any_type(false);
    if (!simple && chance(6))
      type = clang_ ? kAlignedTypes[pick(0, int{std::size(kAlignedTypes)} - 1)]
                    : kMemberTypes[pick(0, int{std::size(kMemberTypes)} - 1)];
    // clang passes a union by one of its members, and of a _BitInt(5) no more than five bits.
    if (is_union && type.find("_BitInt") != type.npos) type = "int";
    std::string suffix;
    if (chance(12)) suffix = "[" + std::to_string(chance(80) ? pick(1, 4) : pick(1, 20)) + "]";
    if (chance(4)) suffix = "[" + std::to_string(pick(1, 2)) + "][" + std::to_string(pick(1, 3)) + "]";
    if (type == "over_i") suffix.clear();  // C has no arrays of what is aligned to more than its size
    if (!simple && chance(4))
      suffix += " __attribute__((aligned(" + std::to_string(1 << pick(1, chance(80) ? 5 : 7)) + ")))";
    if (!simple && features_.packs && chance(4)) suffix += " __attribute__((packed))";
    text += " " + type + " " + member + suffix + ";";
  }
  if (!clang_ && depth == 0 && !is_union && text.find(" m") != text.npos && chance(6)) {  // behind a named member
    text += " " + any_type(false) + " tail" + (chance(50) ? "[0];" : "[];");
  }
  return text;
}

// One value, or two, and beside them members without bytes, whose rules compilers do not write down.
std::string Generator::hollow() {
  auto member = [&] { return " m" + std::to_string(members_++); };
  const std::string base = any_type(false);
  auto value = [&] {
    const int which = pick(0, 9);
    if (which == 0) return " " + base + member() + "[1];";
    if (which == 1) return " struct { " + base + member() + "; }" + member() + ";";
    return " " + (chance(80) ? base : any_type(false)) + member() + ";";
  };
  auto nothing = [&]() -> std::string {
    switch (pick(0, clang_ ? 2 : 6)) {  // of the others clang has rules of its own
      case 0:
        return " struct {}" + member() + ";";
      case 1:
        return " struct { struct {}" + member() + "; }" + member() + ";";
      case 2:
        return " union {}" + member() + ";";
      case 3:
        return " int : 0;";
      case 4:
        return std::string(chance(50) ? " struct" : " union") + " { int : 0; }" + member() + ";";
      case 5:
        return " struct { " + any_type(false) + member() + "[0]; }" + member() + ";";
      default:
        return " " + any_type(false) + member() + "[0];";
    }
  };
  std::string text;
  const int values = chance(75) ? 1 : 2, nothings = pick(1, 2);
  for (int left = values, empty = nothings; left + empty > 0;) {
    const bool next_is_value = pick(1, left + empty) <= left;
    text += next_is_value ? value() : nothing();
    --(next_is_value ? left : empty);
  }
  return text;
}

std::string Generator::bitfield(const std::string& member) {
  static const char* const kBitTypes[] = {"int",   "unsigned int", "long",      "unsigned char",
                                          "short", "_Bool",        "enum color"};
  const int kBits[] = {32, 32, long_bits_, 8, 16, 1, 32};
  int which = pick(0, 6);
  bool unnamed = !clang_ && chance(15);
  int width = unnamed && chance(30) ? 0 : chance(20) ? kBits[which] : pick(1, kBits[which]);
  if (which == 6 && !unnamed) width = std::max(width, 4);
  return " " + std::string(kBitTypes[which]) + " " + (unnamed ? "" : member) + " : " + std::to_string(width) + ";";
}

std::string Generator::scalar() {
  return scalars_[static_cast<size_t>(pick(0, static_cast<int>(scalars_.size()) - 1))];
}

std::string Generator::any_type(bool prefer_records) {
  if (prefer_records && chance(2)) return "struct nothing";
  if (!records_.empty() && chance(prefer_records ? 50 : 20)) {
    return records_[static_cast<size_t>(pick(0, static_cast<int>(records_.size()) - 1))];
  }
  return scalar();
}

std::string parameter_list(const Signature& s, bool named) {
  std::string text;
  for (size_t i = 0; i < s.fixed; ++i) {
    text += (i > 0 ? ", " : "") + s.params[i] + (named ? " a" + std::to_string(i) : "");
  }
  if (s.variadic) text += ", ...";
  return text.empty() ? "void" : text;
}

Bytes mask_of(const TypeTable& types, TypeId id) {
  Bytes mask(types[id].size);
  value_bits(types, id, mask.data());
  return mask;
}

Bytes Values::make(const TypeTable& types, TypeId id) {
  Bytes value(types[id].size);
  for (unsigned char& byte : value) byte = static_cast<unsigned char>(random_());
  legalise(types, id, value.data());
  return value;
}

bool same_value(const Bytes& a, const unsigned char* b, const Bytes& mask) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (((a[i] ^ b[i]) & mask[i]) != 0) return false;
  }
  return true;
}

std::string hex(const unsigned char* bytes, size_t size) {
  std::string text;
  char digits[4];
  for (size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

}  // namespace ferry::calls_test
