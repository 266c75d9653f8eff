// The predefined type names, found by binary search in a constant table, so that they cost a new state nothing.
#include "cparse/predefined.h"

#include <algorithm>
#include <string>
#include <vector>

namespace ferry::cparse {
namespace {

enum class Meaning : uint8_t {
  fixed,    // of `size` bytes
  pointer,  // as wide as a pointer
  fast16,   // int_fast16_t, uint_fast16_t
  fast32,
  wchar,
  wint,
  time,
  off,
  boolean,
  va_list,
  null,  // nullptr_t: it looks like a void *, C23 7.21.2
};

struct Name {
  std::string_view text;
  Meaning meaning;
  uint8_t size;
  bool is_unsigned;
};

constexpr Name kNames[] = {
    {"__builtin_va_list", Meaning::va_list, 0, false},
    {"__gnuc_va_list", Meaning::va_list, 0, false},
    {"__int128_t", Meaning::fixed, 16, false},
    {"__uint128_t", Meaning::fixed, 16, true},
    {"bool", Meaning::boolean, 1, true},
    {"char16_t", Meaning::fixed, 2, true},
    {"char32_t", Meaning::fixed, 4, true},
    {"char8_t", Meaning::fixed, 1, true},
    {"int128_t", Meaning::fixed, 16, false},
    {"int16_t", Meaning::fixed, 2, false},
    {"int32_t", Meaning::fixed, 4, false},
    {"int64_t", Meaning::fixed, 8, false},
    {"int8_t", Meaning::fixed, 1, false},
    {"int_fast16_t", Meaning::fast16, 0, false},
    {"int_fast32_t", Meaning::fast32, 0, false},
    {"int_fast64_t", Meaning::fixed, 8, false},
    {"int_fast8_t", Meaning::fixed, 1, false},
    {"int_least16_t", Meaning::fixed, 2, false},
    {"int_least32_t", Meaning::fixed, 4, false},
    {"int_least64_t", Meaning::fixed, 8, false},
    {"int_least8_t", Meaning::fixed, 1, false},
    {"intmax_t", Meaning::fixed, 8, false},
    {"intptr_t", Meaning::pointer, 0, false},
    {"nullptr_t", Meaning::null, 0, false},
    {"off_t", Meaning::off, 0, false},
    {"ptrdiff_t", Meaning::pointer, 0, false},
    {"size_t", Meaning::pointer, 0, true},
    {"ssize_t", Meaning::pointer, 0, false},
    {"time_t", Meaning::time, 0, false},
    {"uint128_t", Meaning::fixed, 16, true},
    {"uint16_t", Meaning::fixed, 2, true},
    {"uint32_t", Meaning::fixed, 4, true},
    {"uint64_t", Meaning::fixed, 8, true},
    {"uint8_t", Meaning::fixed, 1, true},
    {"uint_fast16_t", Meaning::fast16, 0, true},
    {"uint_fast32_t", Meaning::fast32, 0, true},
    {"uint_fast64_t", Meaning::fixed, 8, true},
    {"uint_fast8_t", Meaning::fixed, 1, true},
    {"uint_least16_t", Meaning::fixed, 2, true},
    {"uint_least32_t", Meaning::fixed, 4, true},
    {"uint_least64_t", Meaning::fixed, 8, true},
    {"uint_least8_t", Meaning::fixed, 1, true},
    {"uintmax_t", Meaning::fixed, 8, true},
    {"uintptr_t", Meaning::pointer, 0, true},
    {"va_list", Meaning::va_list, 0, false},
    {"wchar_t", Meaning::wchar, 0, false},
    {"wint_t", Meaning::wint, 0, true},
};
static_assert(std::is_sorted(std::begin(kNames), std::end(kNames),
                             [](const Name& a, const Name& b) { return a.text < b.text; }),
              "found by binary search");

const Name* find(std::string_view name) {
  const Name* found = std::lower_bound(std::begin(kNames), std::end(kNames), name,
                                       [](const Name& entry, std::string_view text) { return entry.text < text; });
  return found != std::end(kNames) && found->text == name ? found : nullptr;
}

TypeId integer(const TypeTable& types, unsigned size, bool is_unsigned) {
  switch (size) {
    case 1:
      return scalar_type(is_unsigned ? Scalar::uchar : Scalar::schar);
    case 2:
      return scalar_type(is_unsigned ? Scalar::uint16 : Scalar::int16);
    case 4:
      return scalar_type(is_unsigned ? Scalar::uint32 : Scalar::int32);
    case 8:
      return scalar_type(is_unsigned ? Scalar::uint64 : Scalar::int64);
    default:
      break;
  }
  if (!types.target().has_int128) return kNoType;
  return scalar_type(is_unsigned ? Scalar::uint128 : Scalar::int128);
}

struct VaField {
  std::string_view name;
  TypeId type;
};

TypeId plain_record(TypeTable& types, std::string_view tag, std::initializer_list<VaField> members) {
  NameId name = types.intern(tag);
  if (TypeId known = types.find_tag(name); known != kNoType && types[known].kind == Kind::structure) return known;
  std::vector<Field> fields;
  for (const VaField& m : members) {
    Field f;
    f.name = types.intern(m.name);
    f.type = m.type;
    fields.push_back(f);
  }
  TypeId record = types.new_record(name, false);
  types.declare_tag(name, record);
  if (!types.complete_record(record, std::move(fields), {}, {}).ok()) return kNoType;
  return record;
}

}  // namespace

TypeId complex_float16_type(TypeTable& types) {
  const TypeId part = scalar_type(Scalar::float16);
  return plain_record(types, "__complex_float16", {{"re", part}, {"im", part}});
}

TypeId va_list_type(TypeTable& types) {
  const Target& target = types.target();
  TypeId void_pointer = types.pointer_to(scalar_type(Scalar::void_));
  TypeId char_pointer = types.pointer_to(scalar_type(Scalar::char_));
  TypeId int_type = scalar_type(Scalar::int32);
  auto array_of_one = [&](TypeId record) {
    Result<TypeId> array = types.array_of(record, 1);
    return array.ok() ? *array : kNoType;
  };
  if (target.os == Os::windows) return char_pointer;
  switch (target.arch) {
    case Arch::x86_64:  // psABI x86-64, 3.5.7, figure 3.34
      return array_of_one(plain_record(types, "__va_list_tag",
                                       {{"gp_offset", scalar_type(Scalar::uint32)},
                                        {"fp_offset", scalar_type(Scalar::uint32)},
                                        {"overflow_arg_area", void_pointer},
                                        {"reg_save_area", void_pointer}}));
    case Arch::aarch64:  // AAPCS64, appendix B; Darwin has a char *
      if (target.os == Os::darwin) return char_pointer;
      return plain_record(types, "__va_list",
                          {{"__stack", void_pointer},
                           {"__gr_top", void_pointer},
                           {"__vr_top", void_pointer},
                           {"__gr_offs", int_type},
                           {"__vr_offs", int_type}});
    case Arch::arm:  // AAPCS32, 8.1.4
      return plain_record(types, "__va_list", {{"__ap", void_pointer}});
    case Arch::s390x:  // s390x ELF ABI 1.2.3
      return array_of_one(plain_record(types, "__va_list_tag",
                                       {{"__gpr", scalar_type(Scalar::int64)},
                                        {"__fpr", scalar_type(Scalar::int64)},
                                        {"__overflow_arg_area", void_pointer},
                                        {"__reg_save_area", void_pointer}}));
    case Arch::riscv64:
      return void_pointer;  // RISC-V psABI, "Variadic arguments"
    case Arch::i386:
    case Arch::ppc64le:
      return char_pointer;  // i386 psABI 2.2; ELFv2 3.6
  }
  return char_pointer;
}

Scalar float64x(const Target& target) {
  return target.arch == Arch::x86_64 || target.arch == Arch::i386 ? Scalar::ldouble : Scalar::float128;
}

bool varies_by_system(std::string_view name) {
  const Name* found = find(name);
  if (found == nullptr) return false;
  switch (found->meaning) {
    case Meaning::fast16:
    case Meaning::fast32:
    case Meaning::wint:
    case Meaning::time:
    case Meaning::off:
    case Meaning::boolean:  // what a C without <stdbool.h> calls so has the size that it says
      return true;
    case Meaning::fixed:  // no header of C's has these two: <bluetooth/bluetooth.h> has a structure
      return found->size == 16;
    default:
      return false;
  }
}

TypeId predefined_type(TypeTable& types, std::string_view name) {
  const Name* found = find(name);
  if (found == nullptr) return kNoType;
  const Target& target = types.target();
  bool windows = target.os == Os::windows;
  unsigned size = found->size;
  bool is_unsigned = found->is_unsigned;
  switch (found->meaning) {
    case Meaning::boolean:
      return scalar_type(Scalar::bool_);
    case Meaning::va_list:
      return va_list_type(types);
    case Meaning::null:
      return types.pointer_to(scalar_type(Scalar::void_));
    case Meaning::fixed:
      break;
    case Meaning::pointer:
      size = target.pointer_size;
      break;
    case Meaning::off:
      size = target.os == Os::darwin ? 8 : target.long_size;
      break;
    case Meaning::fast16:
    case Meaning::fast32:
      // glibc: as wide as a register; Darwin and Windows: as named.
      size = target.os == Os::linux_ ? target.pointer_size : found->meaning == Meaning::fast16 ? 2 : 4;
      break;
    case Meaning::wchar:
      size = target.wchar_size;
      is_unsigned = target.wchar_unsigned;
      break;
    case Meaning::wint:
      size = windows ? 2 : 4;
      is_unsigned = target.os != Os::darwin;  // Darwin: int
      break;
    case Meaning::time:
      size = windows ? target.pointer_size : target.long_size;
      break;
  }
  return integer(types, size, is_unsigned);
}

}  // namespace ferry::cparse
