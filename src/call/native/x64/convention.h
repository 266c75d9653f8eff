// The calling conventions of x86-64 as emitted code sees them: System V (psABI 3.2) and Microsoft's ("x64 calling
// convention"). Registers are numbers here, as instructions encode them. Included by machine.cpp only.
#pragma once

#include <span>

#include "call/native/machine.h"

namespace ferry::call::x64 {

struct Convention {
  std::span<const Reg> gpr;     // argument registers in order
  int home_space = 0;           // bytes at the start of the outgoing area that are the callee's to write
  bool by_position = false;     // an argument takes its place in both register classes
  bool counts_vectors = false;  // variadic calls: al says how many vector registers are in use
  // rdi, rsi and xmm6-15 are the caller's. Everything else that one convention keeps, the other keeps too.
  bool keeps_more = false;
};

// Of sysv_x64 or win_x64.
const Convention& convention(abi::Abi abi);

// Where a convention's argument of that number is, if it is a double (and those before are general).
inline Vec double_argument(const Convention& of, size_t number) {
  return {static_cast<uint8_t>(of.by_position ? number : 0)};
}

// Code that is called by `outer` and calls by `inner` has to keep what the latter does not.
inline bool keeps_more_than(const Convention& outer, const Convention& inner) {
  return outer.keeps_more && !inner.keeps_more;
}
// xmm6-15.
inline constexpr int kFirstKeptVector = 6;
inline constexpr int kKeptVectors = 10;
inline constexpr int kKeptVectorBytes = kKeptVectors * 16;

}  // namespace ferry::call::x64
