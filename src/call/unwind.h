// Unwinding through native code: the record of a code region that the system's unwinder asks for (unwind_dwarf.cpp),
// and what happens to C++ exceptions that reach a frame in it (unwind.cpp). Knows no Lua: what to do with an exception
// is a handler's business.
//
// A thunk is called by C code (Lua) that knows no exceptions. So a C++ exception of a callee ends at the
// innermost thunk frame whose shape says `lands_exceptions`: the personality routine of the region
// sends it to a landing pad, which copies type and text, ends the exception (__cxa_end_catch) and calls the handler.
// Untouched pass: exceptions of a passthrough type (Lua built as C++ raises errors by one), of other languages
// or run-times (exception class), and forced unwinding (thread cancellation). Without a handler all pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include "call/code_pages.h"

namespace ferry::call {

// What lands: the thunk's frame pointer (rbp, x29, ebp), with the FrameShape layout at it, and what it held at the call
// in the first two registers of that shape (rbx, r12; x19, x20; ebx, esi).
struct LandedFrame {
  void* pointer;
  void* saved[2];
};

// Never returns: it raises a Lua error (or longjmps). `type`: demangled name of the exception's type; `what`: its text
// (what(), or the string that was thrown), "" if it has none. Both are cut at kMaxExceptionText bytes, and are gone
// when the stack is: copy them. No C++ exception is active any more. It may throw a passthrough or foreign exception,
// nothing else; locals with destructors must not be alive when it jumps.
using ExceptionHandler = void (*)(const LandedFrame& frame, const char* type, const char* what);

// Long enough for every message a person reads; the buffers are on the stack of the handler's caller.

// One for the process (a null pointer: none). Thread-safe.
void set_exception_handler(ExceptionHandler handler);

// Exceptions of this type (compared by name) pass. To learn Lua's own: raise an error in a protected Lua call and look
// at the type in flight, with `catch (...)` and __cxa_current_exception_type(). Adding a type again is nothing; beyond
// kMaxPassthroughTypes, or a name longer than kMaxPassthroughName: false. Thread-safe.
bool add_passthrough_type(const std::type_info& type);
inline constexpr size_t kMaxPassthroughTypes = 8;  // one per copy of Lua whose type has another name
inline constexpr size_t kMaxPassthroughName = 127;

// What a region has at its start: the landing pad, if its shape lands exceptions. (An unwinder that finds records by
// their distance from the code would have them here as well.)
size_t region_head_bytes(FrameShape shape);
void write_region_head(FrameShape shape, uint8_t* writable);

// The unwind record of one region with such a head; known to the C++ run-time while the object lives, and takes no
// memory for it.
class UnwindRecord {
 public:
  UnwindRecord(const uint8_t* begin, size_t bytes, FrameShape shape);
  ~UnwindRecord();
  UnwindRecord(const UnwindRecord&) = delete;
  UnwindRecord& operator=(const UnwindRecord&) = delete;

 private:
  alignas(8) uint8_t bytes_[192];
  void* entry_[8];  // libgcc's: 6 or 7 words
};

}  // namespace ferry::call
