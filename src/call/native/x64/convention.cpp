// What the two conventions of x86-64 say.
#include "call/native/x64/convention.h"

namespace ferry::call::x64 {

const Convention& convention(abi::Abi abi) {
  static constexpr Reg rcx{1}, rdx{2}, rsi{6}, rdi{7}, r8{8}, r9{9};
  // psABI 3.2.3: "%rdi, %rsi, %rdx, %rcx, %r8 and %r9"; al is an upper bound of the vector registers used.
  static constexpr Reg kSysvGpr[] = {rdi, rsi, rdx, rcx, r8, r9};
  static constexpr Convention kSysv{.gpr = kSysvGpr, .counts_vectors = true};
  // "Parameter passing": the first four in rcx, rdx, r8, r9 or xmm0-3, by position. "Stack usage": the caller allocates
  // space for four register parameters. "Caller/callee saved registers": rdi, rsi, xmm6-15 are nonvolatile.
  static constexpr Reg kWinGpr[] = {rcx, rdx, r8, r9};
  static constexpr Convention kWin{.gpr = kWinGpr, .home_space = 32, .by_position = true, .keeps_more = true};
  return abi == abi::Abi::win_x64 ? kWin : kSysv;
}

}  // namespace ferry::call::x64
