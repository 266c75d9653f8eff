// What the two conventions of x86-64 say, and the code that follows from their differences.
#include "call/native/x64/convention.h"

namespace ferry::call::x64 {

using abi::Piece;
using abi::Where;

const Convention& convention(abi::Abi abi) {
  // psABI 3.2.3: "%rdi, %rsi, %rdx, %rcx, %r8 and %r9"; al is an upper bound of the vector registers used.
  static const x86::Gp kSysvGpr[] = {x86::rdi, x86::rsi, x86::rdx, x86::rcx, x86::r8, x86::r9};
  static const Convention kSysv{.abi = abi::Abi::sysv_x64, .gpr = kSysvGpr, .counts_vectors = true};
  // "Parameter passing": the first four in rcx, rdx, r8, r9 or xmm0-3, by position. "Stack usage": the caller allocates
  // space for four register parameters. "Caller/callee saved registers": rdi, rsi, xmm6-15 are nonvolatile.
  static const x86::Gp kWinGpr[] = {x86::rcx, x86::rdx, x86::r8, x86::r9};
  static const Convention kWin{
      .abi = abi::Abi::win_x64, .gpr = kWinGpr, .home_space = 32, .by_position = true, .keeps_more = true};
  return abi == abi::Abi::win_x64 ? kWin : kSysv;
}

void save_kept(x86::Assembler& a, int at, int vectors) {
  a.mov(x86::ptr(x86::rbp, at), x86::rdi);
  a.mov(x86::ptr(x86::rbp, at - 8), x86::rsi);
  for (int i = 0; i < 10; ++i) a.movaps(x86::ptr(x86::rbp, vectors + i * 16), x86::xmm(static_cast<uint32_t>(6 + i)));
}

void restore_kept(x86::Assembler& a, int at, int vectors) {
  for (int i = 0; i < 10; ++i) a.movaps(x86::xmm(static_cast<uint32_t>(6 + i)), x86::ptr(x86::rbp, vectors + i * 16));
  a.mov(x86::rsi, x86::ptr(x86::rbp, at - 8));
  a.mov(x86::rdi, x86::ptr(x86::rbp, at));
}

// psABI 3.2.3: INTEGER in rax, rdx; SSE in xmm0, xmm1; X87 in st0, st1; each class in order. "Return values":
// rax or xmm0.
void store_result(x86::Assembler& a, const abi::CallPlan& plan, const x86::Mem& at) {
  const x86::Gp gpr[] = {x86::rax, x86::rdx};
  for (const Piece& piece : plan.result_pieces()) {
    x86::Mem to = at.cloneAdjusted(piece.value_offset);
    switch (piece.where) {
      case Where::gpr:
        a.mov(to, gpr[piece.reg]);
        break;
      case Where::fpr:
        if (piece.size > 8) {
          a.movups(to, x86::xmm(piece.reg));
        } else {
          a.movsd(to, x86::xmm(piece.reg));
        }
        break;
      default:
        to.setSize(10);
        a.fstp(to);  // pops: st1 becomes st0
        break;
    }
  }
}

void load_result(x86::Assembler& a, const abi::CallPlan& plan, const x86::Mem& at) {
  const x86::Gp gpr[] = {x86::rax, x86::rdx};
  const std::span<const Piece> pieces = plan.result_pieces();
  for (size_t i = pieces.size(); i-- > 0;) {  // x87: st1 before st0
    const Piece& piece = pieces[i];
    x86::Mem from = at.cloneAdjusted(piece.value_offset);
    switch (piece.where) {
      case Where::gpr:
        a.mov(gpr[piece.reg], from);
        break;
      case Where::fpr:
        if (piece.size > 8) {
          a.movups(x86::xmm(piece.reg), from);
        } else {
          a.movsd(x86::xmm(piece.reg), from);
        }
        break;
      default:
        from.setSize(10);
        a.fld(from);
        break;
    }
  }
}

namespace {

x86::Mem in_thread(const ThunkHost& host, int64_t offset, uint32_t bytes) {
  x86::Mem at = x86::ptr_abs(static_cast<uint64_t>(offset), bytes);
  at.setSegment(host.thread_segment == ThreadSegment::gs ? x86::gs : x86::fs);
  return at;
}

}  // namespace

// fs:0 holds its own address (ELF TLS ABI, x86-64).
x86::Mem thread_word(const ThunkHost& host) {
  return in_thread(host, host.thread_offset, 8);
}

// In the initial TLS block, at the same distance in every thread.
x86::Mem errno_word(const ThunkHost& host) {
  return in_thread(host, host.errno_offset, 4);
}

}  // namespace ferry::call::x64
