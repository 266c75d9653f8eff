// The calling conventions of x86-64 as emitted code sees them, System V (psABI 3.2) and Microsoft's ("x64 calling
// convention"), and what else differs between hosts: where the thread and errno are found. Included by this
// folder's sources only.
#pragma once

#include <asmjit/x86.h>

#include <span>

#include "call/native/thunk.h"

namespace ferry::call::x64 {

namespace x86 = asmjit::x86;

struct Convention {
  abi::Abi abi = abi::Abi::none;
  std::span<const x86::Gp> gpr;  // argument registers in order
  int home_space = 0;            // bytes at the start of the outgoing area that are the callee's to write
  bool by_position = false;      // an argument takes its place in both register classes
  bool counts_vectors = false;   // variadic calls: al says how many vector registers are in use
  // rdi, rsi and xmm6-15 are the caller's. Everything else that one convention keeps, the other keeps too.
  bool keeps_more = false;
};

// Of sysv_x64 or win_x64.
const Convention& convention(abi::Abi abi);

// Where `at` is a convention's argument of that number, if it is a double (and those before are general).
inline x86::Xmm double_argument(const Convention& of, uint32_t number) {
  return x86::xmm(of.by_position ? number : 0);
}

// Code that is called by `outer` and calls by `inner` has to keep what the latter does not.
inline bool keeps_more_than(const Convention& outer, const Convention& inner) {
  return outer.keeps_more && !inner.keeps_more;
}
// xmm6-15.
inline constexpr int kKeptVectorBytes = 160;
// rdi and rsi at [rbp + at], [rbp + at - 8]; xmm6-15 from [rbp + vectors] up, which is 16-aligned.
void save_kept(x86::Assembler& a, int at, int vectors);
void restore_kept(x86::Assembler& a, int at, int vectors);

// A result between its registers and memory that has room for whole eightbytes.
void store_result(x86::Assembler& a, const abi::CallPlan& plan, const x86::Mem& at);
void load_result(x86::Assembler& a, const abi::CallPlan& plan, const x86::Mem& at);

// The word that tells threads apart; errno, where it is at an offset from the thread pointer.
x86::Mem thread_word(const ThunkHost& host);
x86::Mem errno_word(const ThunkHost& host);

}  // namespace ferry::call::x64
