// What differs between platforms for types and calls, as a value: any host can lay out and plan
// for any target. The host's own target is the only thing here decided by #if.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry {

enum class Arch : uint8_t { x86_64, i386, aarch64, arm, riscv64, ppc64le, s390x };
enum class Os : uint8_t { linux_, darwin, windows };

// Rules for bit-fields and packing; see layout.cpp for the rules themselves.
enum class RecordLayout : uint8_t {
  sysv,   // gcc on SysV-like ABIs: bit-fields share units of any declared type
  aapcs,  // as sysv, but a bit-field's declared type (even of `:0`, even unnamed) aligns the record
  msvc,   // Microsoft: a unit per declared type size
};

enum class LongDouble : uint8_t { x87, binary64, binary128, ibm_double_double };

struct Target {
  std::string_view name;  // "x86_64-linux"
  Arch arch;
  Os os;
  RecordLayout layout;
  bool big_endian;
  bool char_unsigned;
  uint8_t pointer_size;  // bytes; also of size_t, ptrdiff_t, intptr_t
  uint8_t long_size;
  uint8_t int64_align;  // alignof(long long) inside a record
  uint8_t double_align;
  LongDouble long_double;
  uint8_t ldouble_size;
  uint8_t ldouble_align;
  uint8_t wchar_size;
  bool wchar_unsigned;
  uint8_t max_align;  // bytes that `__attribute__((aligned))` without a number asks for
  bool has_int128;
  bool has_decimal = false;   // _DecimalN, in the binary encoding (BID) of IEEE 754
  std::string_view tested{};  // how the tests run programs there: "natively", "emulated"; empty: they do not, they only
                              // compare its layouts and plans with its compilers'
};

// The targets whose layouts and plans are tested; all constants live in target.cpp.
extern const Target kX64SysV;
extern const Target kI386SysV;
extern const Target kWin64;
extern const Target kWin32;
extern const Target kArm64Linux;
extern const Target kArm64Darwin;
extern const Target kArm64Windows;
extern const Target kArmEabiHf;
extern const Target kRiscv64;
extern const Target kPpc64le;
extern const Target kS390x;

// The target that GNU tools call by this triple ("aarch64-linux-gnu"); null: it is none of known_triples().
const Target* find_target(std::string_view triple);
std::string known_triples();  // "aarch64-linux-gnu, ..."

// The target this code was compiled for. The strings are what ffi.os and ffi.arch say
// (LuaJIT's names: "Linux", "OSX", "Windows"; "x64", "x86", "arm64", "arm", ...).
const Target& host_target();
std::string_view os_name(const Target& target);
std::string_view arch_name(const Target& target);

}  // namespace ferry
