// Executable memory for native code: where thunks and callback trampolines live. Publishes bytes as
// executable blocks, takes them back, counts them. Knows no assembler, no plans and no Lua.
//
// No mapping is ever writable and executable, and a page that was executable is never writable again,
// not even through a second mapping. Blocks are small (a thunk is 50-300 bytes) and must be callable as soon
// as they are made, so a page per block would waste most of it. Instead a page is *replaced*: a fresh page
// is filled with the old page's bytes and the new block, made executable, and put in the old one's
// place by one system call. Threads that are executing in the page see no difference (the kernel makes
// them wait while it exchanges the mapping, and bytes of live blocks are the same before and after).
// How that is done is the system's business (os/pages.h); its methods are tried in its order for every publication. On
// Linux:
//   mprotect  anonymous RW page, mprotect(RX), mremap() over the old page;
//   memfd     write() into a new memfd, sealed, its RX mapping put over the old page: works where
//             mprotect(PROT_EXEC) is denied (PR_SET_MDWE, systemd's MemoryDenyWriteExecute, SELinux).
// A publication is four system calls and a TLB flush (some 5-30 us): what is needed in numbers, as callback
// trampolines are, is published many in one block.
// Where all are denied `add` fails, and the caller uses a back end without native code.
// FERRY_PAGES=mprotect|memfd|none allows one method or none.
//
// Pages are guarded by branch target identification on AArch64 systems that have it: what indirect branches lead to -
// entries of blocks and of rows in them, the unwinder's landing pad - begins with a `bti`.
//
// After fork() both processes go on with what they have: all mappings are private, and changing code means
// exchanging a mapping of one's own address space, so a child never writes to what its parent runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace ferry::call {

// What every block of one kind has at its start, so that the unwinder can pass through any call in it
// with a single record per region (see unwind.h). The code before the first call must be exactly (in effect):
//   x86-64:  push rbp; mov rbp, rsp; then `saved` registers stored: the first of rbx, r12, r13, r14, r15
//            at [rbp-8], [rbp-16], ... ([rbp] caller's rbp, [rbp+8] return address: CFA = rbp+16);
//            with `rdi_rsi` these two in the next places, before anything changes them
//   AArch64: stp x29, x30, [sp, #-16]!; mov x29, sp; then `saved` pairs, the first of (x19, x20), (x21, x22),
//            ... (x27, x28) at [x29-16], [x29-32], ... (CFA = x29+16)
//   i386:    push ebp; mov ebp, esp; then the first of ebx, esi, edi at [ebp-4], [ebp-8], [ebp-12] (CFA = ebp+8)
// and rbp/x29/ebp must hold that frame at every call. No other callee-saved register may be changed
// (also not d8-d15 on AArch64), but xmm6-15: no unwinder of ELF systems restores vector registers. The stack is
// 16-aligned at calls, as both ABIs demand.
struct FrameShape {
  uint8_t saved = 0;             // at most kMaxSaved, on i386 3
  bool lands_exceptions = true;  // C++ exceptions of callees go to the handler of unwind.h; false: they pass through
  bool rdi_rsi = false;          // x86-64: callers by Microsoft's convention rely on them

  static constexpr uint8_t kMaxSaved = 5;
  bool operator==(const FrameShape&) const = default;
};

// A set of os::page_methods(), by their index.
using PageMethods = uint8_t;
inline constexpr PageMethods kAllPageMethods = 0xff;
inline constexpr PageMethods kNoPageMethods = 0;
// What FERRY_PAGES says; null or empty: all. Error: unknown word.
Result<PageMethods> parse_page_methods(const char* text);

// Entries are aligned to what processors fetch at once.
inline constexpr size_t kBlockAlign = 32;

// Executable copy of some code. Trivial handle: give it back to its arena, once.
struct CodeBlock {
  const uint8_t* address = nullptr;  // entry, aligned to kBlockAlign
  uint32_t bytes = 0;
};

struct CodeUsage {
  size_t regions = 0;         // reserved address ranges, each with one unwind record; never given back
  size_t pages = 0;           // pages that hold code now
  size_t live_blocks = 0;     // added, neither released nor retired
  size_t live_bytes = 0;      // in live blocks, rounded up to their alignment
  size_t retired_blocks = 0;  // code that stays for ever (see retire)
  size_t publications = 0;    // pages (re)made executable since the start
};

// All functions are thread-safe, also around fork().
class CodeArena {
 public:
  // A block larger than this is an error: no thunk of the plans that Ferry accepts comes near it.
  static constexpr size_t kMaxBlockBytes = 64 * 1024;

  explicit CodeArena(PageMethods methods);
  ~CodeArena();  // unmaps everything: no block may be in use. Never happens to process_code()
  CodeArena(const CodeArena&) = delete;
  CodeArena& operator=(const CodeArena&) = delete;

  // Writes a block's bytes to `writable`; they will run at `executable` (same size). False: give up,
  // nothing is published. Called once, with the arena's lock held: must not use the arena, throw or jump.
  using Fill = bool (*)(void* context, uint8_t* writable, const uint8_t* executable);

  // Publishes a block of `bytes` bytes. The code is callable when this returns.
  // Errors: no executable memory on this host ("executable memory is not available: ..."), out of
  // memory, block too large, `fill` gave up.
  Result<CodeBlock> add(size_t bytes, FrameShape shape, Fill fill, void* context);
  // The same for position-independent code.
  Result<CodeBlock> add(std::span<const uint8_t> code, FrameShape shape);

  // The block is unreachable (no caller, no frame on any stack): its space may be used again. A page
  // without blocks goes back to the system. An empty handle is ignored.
  void release(const CodeBlock& block);
  // The block may be called for ever, e.g. by C code that kept a callback: only counts it as such.
  void retire(const CodeBlock& block);

  // Does the address lie in memory of this arena?
  bool contains(const void* address) const;
  CodeUsage usage() const;
  // The method that made the newest page ("mprotect", "memfd"), "none" before the first.
  std::string_view method() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The arena of this process, with the methods that FERRY_PAGES allows (an unknown word there allows
// none). Made on first use, never destroyed: code may be called until the process ends.
CodeArena& process_code();
// Can process_code() make code? Tries once, by publishing and calling a function; remembers the answer.
// Error: why not.
Result<void> native_code_available();

}  // namespace ferry::call
