// The constants of every target, and which of them is the host. Each row was compared with what gcc or
// clang prints for that target (tests/abi).
#include "ctype/target.h"

namespace ferry {

// psABI x86-64, figure 3.1.
constexpr Target kX64SysV{
    .name = "x86_64-linux",
    .arch = Arch::x86_64,
    .os = Os::linux_,
    .layout = RecordLayout::sysv,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::x87,
    .ldouble_size = 16,
    .ldouble_align = 16,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 16,
    .has_int128 = true,
    .has_decimal = true,
    .tested = "natively",
};

// psABI i386, figure 2.1: 8-byte scalars are aligned to 4 within records. Free-standing objects are
// aligned to 8 by gcc (__alignof__), but _Alignof says 4 since gcc 8: the member's alignment is the type's.
constexpr Target kI386SysV{
    .name = "i386-linux",
    .arch = Arch::i386,
    .os = Os::linux_,
    .layout = RecordLayout::sysv,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 4,
    .long_size = 4,
    .int64_align = 4,
    .double_align = 4,
    .long_double = LongDouble::x87,
    .ldouble_size = 12,
    .ldouble_align = 4,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 16,
    .has_int128 = false,
    .has_decimal = true,
    .tested = "natively",
};

// Mingw's long double and __int128; records as Microsoft's compiler lays them out.
constexpr Target kWin64{
    .name = "x86_64-windows",
    .arch = Arch::x86_64,
    .os = Os::windows,
    .layout = RecordLayout::msvc,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 8,
    .long_size = 4,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::x87,
    .ldouble_size = 16,
    .ldouble_align = 16,
    .wchar_size = 2,
    .wchar_unsigned = true,
    .max_align = 16,
    .has_int128 = true,
    .has_decimal = true,
    .tested = "emulated",
};

constexpr Target kWin32{
    .name = "i386-windows",
    .arch = Arch::i386,
    .os = Os::windows,
    .layout = RecordLayout::msvc,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 4,
    .long_size = 4,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::x87,
    .ldouble_size = 12,
    .ldouble_align = 4,
    .wchar_size = 2,
    .wchar_unsigned = true,
    .max_align = 16,
    .has_int128 = false,
    .has_decimal = true,
};

// AAPCS64 5.1 and 10.1.
constexpr Target kArm64Linux{
    .name = "aarch64-linux",
    .arch = Arch::aarch64,
    .os = Os::linux_,
    .layout = RecordLayout::aapcs,
    .big_endian = false,
    .char_unsigned = true,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary128,
    .ldouble_size = 16,
    .ldouble_align = 16,
    .wchar_size = 4,
    .wchar_unsigned = true,
    .max_align = 16,
    .has_int128 = true,
    .tested = "emulated",
};

// "Writing ARM64 code for Apple platforms": char is signed, long double is double; clang does not let unnamed
// bit-fields align records there.
constexpr Target kArm64Darwin{
    .name = "aarch64-darwin",
    .arch = Arch::aarch64,
    .os = Os::darwin,
    .layout = RecordLayout::sysv,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary64,
    .ldouble_size = 8,
    .ldouble_align = 8,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 16,
    .has_int128 = true,
};

constexpr Target kArm64Windows{
    .name = "aarch64-windows",
    .arch = Arch::aarch64,
    .os = Os::windows,
    .layout = RecordLayout::msvc,
    .big_endian = false,
    .char_unsigned = false,
    .pointer_size = 8,
    .long_size = 4,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary64,
    .ldouble_size = 8,
    .ldouble_align = 8,
    .wchar_size = 2,
    .wchar_unsigned = true,
    .max_align = 16,
    .has_int128 = true,
};

// AAPCS32 5.1 and 8.1.
constexpr Target kArmEabiHf{
    .name = "arm-linux-gnueabihf",
    .arch = Arch::arm,
    .os = Os::linux_,
    .layout = RecordLayout::aapcs,
    .big_endian = false,
    .char_unsigned = true,
    .pointer_size = 4,
    .long_size = 4,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary64,
    .ldouble_size = 8,
    .ldouble_align = 8,
    .wchar_size = 4,
    .wchar_unsigned = true,
    .max_align = 8,
    .has_int128 = false,
    .tested = "emulated",
};

// RISC-V psABI, "C/C++ type details".
constexpr Target kRiscv64{
    .name = "riscv64-linux",
    .arch = Arch::riscv64,
    .os = Os::linux_,
    .layout = RecordLayout::sysv,
    .big_endian = false,
    .char_unsigned = true,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary128,
    .ldouble_size = 16,
    .ldouble_align = 16,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 16,
    .has_int128 = true,
    .tested = "emulated",
};

// ELFv2 2.1.2; the distributions' default long double is still the pair of doubles.
constexpr Target kPpc64le{
    .name = "powerpc64le-linux",
    .arch = Arch::ppc64le,
    .os = Os::linux_,
    .layout = RecordLayout::sysv,
    .big_endian = false,
    .char_unsigned = true,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::ibm_double_double,
    .ldouble_size = 16,
    .ldouble_align = 16,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 16,
    .has_int128 = true,
    .tested = "emulated",
};

// s390x ELF ABI 1.1: nothing is aligned to more than 8.
constexpr Target kS390x{
    .name = "s390x-linux",
    .arch = Arch::s390x,
    .os = Os::linux_,
    .layout = RecordLayout::sysv,
    .big_endian = true,
    .char_unsigned = true,
    .pointer_size = 8,
    .long_size = 8,
    .int64_align = 8,
    .double_align = 8,
    .long_double = LongDouble::binary128,
    .ldouble_size = 16,
    .ldouble_align = 8,
    .wchar_size = 4,
    .wchar_unsigned = false,
    .max_align = 8,
    .has_int128 = true,
    .tested = "emulated",
};

namespace {

// What the host's compiler does otherwise than the tested target nearest to it.
constexpr Target adjusted_to_compiler(Target t) {
#if defined(__APPLE__) && defined(__x86_64__)
  t.name = "x86_64-darwin";
  t.os = Os::darwin;
  t.has_decimal = false;  // no compiler for it has them
#endif
#if defined(_MSC_VER)
  t.has_decimal = false;
  t.long_double = LongDouble::binary64;
  t.ldouble_size = sizeof(long double);
  t.ldouble_align = alignof(long double);
#endif
#if defined(_MSC_VER) && !defined(__SIZEOF_INT128__)
  t.has_int128 = false;
#endif
#if defined(__LONG_DOUBLE_IEEE128__)
  t.long_double = LongDouble::binary128;
#endif
#if defined(__CHAR_UNSIGNED__)
  t.char_unsigned = true;
#elif defined(__GNUC__)
  t.char_unsigned = false;
#endif
#if !defined(__linux__) && !defined(__MINGW32__)
  t.tested = {};
#endif
  return t;
}

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_WIN32)
constexpr Target kHost = adjusted_to_compiler(kWin64);
#else
constexpr Target kHost = adjusted_to_compiler(kX64SysV);
#endif
#elif defined(__i386__) || defined(_M_IX86)
#if defined(_WIN32)
constexpr Target kHost = adjusted_to_compiler(kWin32);
#else
constexpr Target kHost = adjusted_to_compiler(kI386SysV);
#endif
#elif defined(__aarch64__) || defined(_M_ARM64)
#if defined(_WIN32)
constexpr Target kHost = adjusted_to_compiler(kArm64Windows);
#elif defined(__APPLE__)
constexpr Target kHost = adjusted_to_compiler(kArm64Darwin);
#else
constexpr Target kHost = adjusted_to_compiler(kArm64Linux);
#endif
#elif defined(__arm__)
#if !defined(__ARM_PCS_VFP)
#error "ARM without VFP registers in calls (soft float): no Target in target.cpp has them"
#endif
constexpr Target kHost = adjusted_to_compiler(kArmEabiHf);
#elif defined(__riscv) && __riscv_xlen == 64
constexpr Target kHost = adjusted_to_compiler(kRiscv64);
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr Target kHost = adjusted_to_compiler(kPpc64le);
#elif defined(__s390x__)
constexpr Target kHost = adjusted_to_compiler(kS390x);
#else
#error "Ferry has no type layout for this processor; add a Target to target.cpp"
#endif

static_assert(kHost.pointer_size == sizeof(void*));
static_assert(kHost.long_size == sizeof(long));
static_assert(kHost.ldouble_size == sizeof(long double) && kHost.ldouble_align == alignof(long double));
static_assert(kHost.wchar_size == sizeof(wchar_t));
static_assert(kHost.wchar_unsigned == (static_cast<wchar_t>(-1) > 0));
static_assert(kHost.char_unsigned == (static_cast<char>(-1) > 0));

}  // namespace

namespace {

struct Triple {
  std::string_view name;
  const Target& target;
};
constexpr Triple kTriples[] = {
    {"aarch64-apple-darwin", kArm64Darwin}, {"aarch64-linux-gnu", kArm64Linux},
    {"aarch64-w64-mingw32", kArm64Windows}, {"arm-linux-gnueabihf", kArmEabiHf},
    {"i386-linux-gnu", kI386SysV},          {"i686-linux-gnu", kI386SysV},
    {"i686-w64-mingw32", kWin32},           {"powerpc64le-linux-gnu", kPpc64le},
    {"riscv64-linux-gnu", kRiscv64},        {"s390x-linux-gnu", kS390x},
    {"x86_64-linux-gnu", kX64SysV},         {"x86_64-w64-mingw32", kWin64},
};

}  // namespace

const Target* find_target(std::string_view triple) {
  for (const Triple& known : kTriples) {
    if (known.name == triple) return &known.target;
  }
  return nullptr;
}

std::string known_triples() {
  std::string names;
  for (const Triple& known : kTriples) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return names;
}

const Target& host_target() {
  return kHost;
}

std::string_view os_name(const Target& target) {
  switch (target.os) {
    case Os::linux_:
      return "Linux";
    case Os::darwin:
      return "OSX";
    case Os::windows:
      return "Windows";
  }
  return "Other";
}

std::string_view arch_name(const Target& target) {
  switch (target.arch) {
    case Arch::x86_64:
      return "x64";
    case Arch::i386:
      return "x86";
    case Arch::aarch64:
      return "arm64";
    case Arch::arm:
      return "arm";
    case Arch::riscv64:
      return "riscv64";
    case Arch::ppc64le:
      return "ppc64le";
    case Arch::s390x:
      return "s390x";
  }
  return "unknown";
}

}  // namespace ferry
