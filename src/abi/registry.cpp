// Abi -> what it is (registry.h), and which one a convention of C means on a target.
#include "abi/registry.h"

#include <array>

#include "abi/builder.h"

namespace ferry::abi {
namespace {

constexpr std::array<std::string_view, 6> kSysvGprs = {"rdi", "rsi", "rdx", "rcx", "r8", "r9"};
constexpr std::array<std::string_view, 4> kWinGprs = {"rcx", "rdx", "r8", "r9"};
constexpr std::array<std::string_view, 2> kX64Results = {"rax", "rdx"};
constexpr std::array<std::string_view, 8> kXmm = {"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"};
// x8 is no argument register: it carries the address of a result in memory.
constexpr std::array<std::string_view, 9> kA64Gprs = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"};
constexpr std::array<std::string_view, 8> kA64Fprs = {"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"};
constexpr std::array<std::string_view, 2> kI386Gprs = {"ecx", "edx"};
constexpr std::array<std::string_view, 2> kI386Results = {"eax", "edx"};
constexpr std::array<std::string_view, 8> kRiscvGprs = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"};
constexpr std::array<std::string_view, 8> kRiscvFprs = {"fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7"};
constexpr std::array<std::string_view, 4> kArmGprs = {"r0", "r1", "r2", "r3"};
constexpr std::array<std::string_view, 16> kArmSingles = {"s0", "s1", "s2",  "s3",  "s4",  "s5",  "s6",  "s7",
                                                          "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15"};
constexpr std::array<std::string_view, 8> kArmDoubles = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};
constexpr std::array<std::string_view, 4> kArmQuads = {"q0", "q1", "q2", "q3"};
constexpr std::array<std::string_view, 8> kPowerGprs = {"r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10"};
constexpr std::array<std::string_view, 13> kPowerFprs = {"f1", "f2", "f3",  "f4",  "f5",  "f6", "f7",
                                                         "f8", "f9", "f10", "f11", "f12", "f13"};
constexpr std::array<std::string_view, 12> kPowerVectors = {"v2", "v3", "v4",  "v5",  "v6",  "v7",
                                                            "v8", "v9", "v10", "v11", "v12", "v13"};
constexpr std::array<std::string_view, 5> kS390xGprs = {"r2", "r3", "r4", "r5", "r6"};
constexpr std::array<std::string_view, 4> kS390xFprs = {"f0", "f2", "f4", "f6"};

constexpr AbiInfo a64(Abi abi, std::string_view name, const Quirks& quirks) {
  return {.abi = abi,
          .name = name,
          .planner = plan_aapcs64,
          .variadic = abi,
          .gprs = kA64Gprs,
          .fprs = kA64Fprs,
          .result_gprs = kA64Gprs,
          .result_fprs = kA64Fprs,
          .quirks = quirks};
}

constexpr AbiInfo i386(Abi abi, std::string_view name, Abi variadic, uint8_t registers, bool pops, bool windows) {
  return {.abi = abi,
          .name = name,
          .planner = plan_i386,
          .variadic = variadic,
          .word = 4,
          .stack_align = uint8_t(windows ? 4 : 16),
          .gprs = kI386Gprs,
          .result_gprs = kI386Results,
          .quirks = {.argument_registers = registers,
                     .callee_pops_arguments = pops,
                     .callee_pops_result_address = !windows,
                     .small_records_in_registers = windows}};
}

constexpr AbiInfo arm(Abi abi, std::string_view name, bool vfp) {
  return {.abi = abi,
          .name = name,
          .planner = plan_aapcs32,
          .variadic = Abi::aapcs32,  // AAPCS32 6.4.1: variadic functions always use the base standard
          .word = 4,
          .stack_align = 8,
          .gprs = kArmGprs,
          .fprs = kArmSingles,
          .result_gprs = kArmGprs,
          .result_fprs = kArmSingles,
          .fpr_pairs = kArmDoubles,
          .fpr_quads = kArmQuads,
          .quirks = {.vfp = vfp}};
}

constexpr AbiInfo kAbis[] = {
    {.abi = Abi::sysv_x64,
     .name = "System V x86-64",
     .planner = plan_sysv_x64,
     .variadic = Abi::sysv_x64,
     .gprs = kSysvGprs,
     .fprs = kXmm,
     .result_gprs = kX64Results,
     .result_fprs = kXmm},
    {.abi = Abi::win_x64,
     .name = "Microsoft x64",
     .planner = plan_win_x64,
     .variadic = Abi::win_x64,
     .gprs = kWinGprs,
     .fprs = kXmm,
     .result_gprs = kX64Results,
     .result_fprs = kXmm,
     .quirks = {.variadic_floats_in_both = true}},
    a64(Abi::aapcs64, "AAPCS64", {.zero_width_ignored = true, .record_attribute_ignored = true}),
    a64(Abi::aapcs64_darwin, "AAPCS64 (Apple)",
        {.variadic_on_stack = true,
         .natural_stack_slots = true,
         .any_register_pair = true,
         .no_small_vector_results = true}),
    a64(Abi::aapcs64_windows, "AAPCS64 (Microsoft)",
        {.variadic_in_general_registers = true, .no_small_vector_results = true}),
    i386(Abi::i386_cdecl, "i386 cdecl", Abi::i386_cdecl, 0, false, false),
    i386(Abi::i386_stdcall, "i386 stdcall", Abi::i386_cdecl, 0, true, false),
    i386(Abi::i386_fastcall, "i386 fastcall", Abi::i386_cdecl, 2, true, false),
    i386(Abi::i386_thiscall, "i386 thiscall", Abi::i386_cdecl, 1, true, false),
    i386(Abi::i386_cdecl_windows, "Microsoft cdecl", Abi::i386_cdecl_windows, 0, false, true),
    i386(Abi::i386_stdcall_windows, "Microsoft stdcall", Abi::i386_cdecl_windows, 0, true, true),
    i386(Abi::i386_fastcall_windows, "Microsoft fastcall", Abi::i386_cdecl_windows, 2, true, true),
    i386(Abi::i386_thiscall_windows, "Microsoft thiscall", Abi::i386_cdecl_windows, 1, true, true),
    {.abi = Abi::riscv64_lp64d,
     .name = "RISC-V LP64D",
     .planner = plan_riscv64,
     .variadic = Abi::riscv64_lp64d,
     .gprs = kRiscvGprs,
     .fprs = kRiscvFprs,
     .result_gprs = kRiscvGprs,
     .result_fprs = kRiscvFprs},
    arm(Abi::aapcs32, "AAPCS32", false),
    arm(Abi::aapcs32_vfp, "AAPCS32 with VFP registers", true),
    {.abi = Abi::elfv2,
     .name = "POWER ELFv2",
     .planner = plan_elfv2,
     .variadic = Abi::elfv2,
     .area_offset = 32,  // back chain, CR, LR, TOC
     .gprs = kPowerGprs,
     .fprs = kPowerFprs,
     .vectors = kPowerVectors,
     .result_gprs = kPowerGprs,
     .result_fprs = kPowerFprs,
     .floats_widened = true},
    {.abi = Abi::s390x,
     .name = "s390x ELF",
     .planner = plan_s390x,
     .variadic = Abi::s390x,
     .stack_align = 8,
     .area_offset = 160,  // the callee's register save area
     .gprs = kS390xGprs,
     .fprs = kS390xFprs,
     .result_gprs = kS390xGprs,
     .result_fprs = kS390xFprs},
    {.abi = Abi::none, .name = "no convention"},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(kAbis); ++i) {
    if (static_cast<size_t>(kAbis[i].abi) != i) return false;
    if ((kAbis[i].variadic == Abi::none) != (kAbis[i].abi == Abi::none)) return false;
  }
  return std::size(kAbis) == static_cast<size_t>(Abi::none) + 1;
}
static_assert(in_order(), "one row per Abi, in its order, each with what its variadic functions use");

// gcc ignores ms_abi and sysv_abi on i386.
Abi i386_abi(bool windows, CallConv conv) {
  switch (conv) {
    case CallConv::c:
    case CallConv::ms_abi:
    case CallConv::sysv_abi:
      return windows ? Abi::i386_cdecl_windows : Abi::i386_cdecl;
    case CallConv::stdcall:
      return windows ? Abi::i386_stdcall_windows : Abi::i386_stdcall;
    case CallConv::fastcall:
      return windows ? Abi::i386_fastcall_windows : Abi::i386_fastcall;
    case CallConv::thiscall:
      return windows ? Abi::i386_thiscall_windows : Abi::i386_thiscall;
    default:
      return Abi::none;
  }
}

// Microsoft's convention and System V's are conventions of either system. gcc, MSVC: stdcall, fastcall and thiscall
// have no meaning on x86-64 and are ignored.
Abi x64_abi(bool windows, CallConv conv) {
  switch (conv) {
    case CallConv::c:
    case CallConv::stdcall:
    case CallConv::fastcall:
    case CallConv::thiscall:
      return windows ? Abi::win_x64 : Abi::sysv_x64;
    case CallConv::ms_abi:
      return Abi::win_x64;
    case CallConv::sysv_abi:
      return Abi::sysv_x64;
    default:
      return Abi::none;
  }
}

}  // namespace

const AbiInfo& info(Abi abi) {
  return kAbis[static_cast<size_t>(abi)];
}

Abi abi_of(const Target& target, CallConv conv) {
  const bool windows = target.os == Os::windows;
  switch (target.arch) {
    case Arch::x86_64:
      return x64_abi(windows, conv);
    case Arch::i386:
      return i386_abi(windows, conv);
    case Arch::aarch64:
      if (conv != CallConv::c) return Abi::none;
      if (windows) return Abi::aapcs64_windows;
      return target.os == Os::darwin ? Abi::aapcs64_darwin : Abi::aapcs64;
    case Arch::arm:
      if (conv == CallConv::aapcs) return Abi::aapcs32;
      return conv == CallConv::c ? Abi::aapcs32_vfp : Abi::none;
    case Arch::riscv64:
      return conv == CallConv::c ? Abi::riscv64_lp64d : Abi::none;
    case Arch::ppc64le:
      return conv == CallConv::c ? Abi::elfv2 : Abi::none;
    case Arch::s390x:
      return conv == CallConv::c ? Abi::s390x : Abi::none;
  }
  return Abi::none;
}

}  // namespace ferry::abi
