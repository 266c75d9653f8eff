// C++ exceptions that reach native code: which ones land, and what lands (unwind.h). By the Itanium C++ ABI.
#include "call/unwind.h"

#include <cxxabi.h>
#include <unwind.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "base/round.h"
#include "call/exception_text.h"
#include "call/processor.h"

namespace ferry::call {

namespace {

std::atomic<ExceptionHandler> g_handler{nullptr};

// Names are copied: a host may unload the library that owned the type_info. A slot below the count is
// complete before the count says so, and never changes.
char g_passthrough[kMaxPassthroughTypes][kMaxPassthroughName + 1];
std::atomic<size_t> g_passthrough_count{0};
std::mutex g_passthrough_lock;

bool passes(const std::type_info& type) {
  size_t count = g_passthrough_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; i++) {
    if (std::strcmp(g_passthrough[i], type.name()) == 0) return true;
  }
  return false;
}

// Itanium C++ ABI, 2.2.1: the class is "vendor, language"; libstdc++ marks a dependent exception
// (std::rethrow_exception) by a last byte of 1.
constexpr uint64_t kGnuCxx = 0x474e5543432b2b00;  // "GNUCC++\0"
constexpr uint64_t kGnuCxxDependent = kGnuCxx | 1;

// Itanium C++ ABI, 2.2.1: the thrown object follows the header whose last member is the _Unwind_Exception.
// Its first member is the type (or, in a dependent one, the address of the primary object). Before the
// _Unwind_Exception there are nine pointers and two ints, and what aligns it: 80 bytes on LP64, 48 on i386.
constexpr size_t kHeaderBeforeUnwind = round_up(9 * sizeof(void*) + 2 * sizeof(int), alignof(_Unwind_Exception));
static_assert(kHeaderBeforeUnwind == (sizeof(void*) == 8 ? 80 : 48) && sizeof(_Unwind_Exception) == 32);

const std::type_info& type_of(const _Unwind_Exception* exception, bool dependent) {
  auto* header = reinterpret_cast<const char*>(exception) - kHeaderBeforeUnwind;
  const void* first;
  std::memcpy(&first, header, sizeof first);
  if (dependent) {
    header = static_cast<const char*>(first) - sizeof(_Unwind_Exception) - kHeaderBeforeUnwind;
    std::memcpy(&first, header, sizeof first);
  }
  return *static_cast<const std::type_info*>(first);
}

// Where landing pads go. Not noexcept, without cleanups: the handler may leave by an exception (Lua built as C++).
extern "C" void ferry_exception_landed(void* exception, void* frame, void* first_saved, void* second_saved) {
  ExceptionText text;
  abi::__cxa_begin_catch(exception);
  describe_exception(&text);
  abi::__cxa_end_catch();
  if (ExceptionHandler handler = g_handler.load(std::memory_order_acquire)) {
    handler({frame, {first_saved, second_saved}}, text.type, text.what);
  }
  std::abort();  // the handler returned, or was taken away while an exception was in flight
}

// Itanium C++ ABI, 1.6 and 2.5.2. The language-specific data of a region is its landing pad, at its start.
extern "C" _Unwind_Reason_Code ferry_code_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                                                      _Unwind_Exception* exception, _Unwind_Context* context) {
  if (version != 1) return _URC_FATAL_PHASE1_ERROR;
  bool dependent = kind == kGnuCxxDependent;
  if ((actions & _UA_FORCE_UNWIND) || (kind != kGnuCxx && !dependent)) return _URC_CONTINUE_UNWIND;
  auto landing_pad = reinterpret_cast<uintptr_t>(_Unwind_GetLanguageSpecificData(context));
  if (actions & _UA_SEARCH_PHASE) {
    if (!landing_pad || !g_handler.load(std::memory_order_acquire)) return _URC_CONTINUE_UNWIND;
    // What leaves the handler has landed already.
    uintptr_t ip = _Unwind_GetIP(context);
    if (ip > landing_pad && ip <= landing_pad + region_head_bytes(FrameShape{})) return _URC_CONTINUE_UNWIND;
    return passes(type_of(exception, dependent)) ? _URC_CONTINUE_UNWIND : _URC_HANDLER_FOUND;
  }
  if (!(actions & _UA_HANDLER_FRAME)) return _URC_CONTINUE_UNWIND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), reinterpret_cast<uintptr_t>(exception));
  _Unwind_SetIP(context, landing_pad);
  return _URC_INSTALL_CONTEXT;
}

}  // namespace

void set_exception_handler(ExceptionHandler handler) {
  g_handler.store(handler, std::memory_order_release);
}

bool add_passthrough_type(const std::type_info& type) {
  if (std::strlen(type.name()) > kMaxPassthroughName) return false;
  std::lock_guard lock(g_passthrough_lock);
  if (passes(type)) return true;
  size_t count = g_passthrough_count.load(std::memory_order_relaxed);
  if (count == kMaxPassthroughTypes) return false;
  std::strcpy(g_passthrough[count], type.name());
  g_passthrough_count.store(count + 1, std::memory_order_release);
  return true;
}

size_t region_head_bytes(FrameShape shape) {
  const Processor& processor = host_processor();
  return shape.lands_exceptions ? processor.landing_head.size() + sizeof(uintptr_t) + processor.landing_tail.size() : 0;
}

// Entered by the unwinder with the registers as they were at the call, the frame pointer with them.
void write_region_head(FrameShape shape, uint8_t* writable) {
  if (!shape.lands_exceptions) return;
  const Processor& processor = host_processor();
  const auto target = reinterpret_cast<uintptr_t>(&ferry_exception_landed);
  const auto append = [&writable](const void* bytes, size_t size) {
    if (size != 0) std::memcpy(writable, bytes, size);
    writable += size;
  };
  append(processor.landing_head.data(), processor.landing_head.size());
  append(&target, sizeof target);
  append(processor.landing_tail.data(), processor.landing_tail.size());
}

}  // namespace ferry::call
