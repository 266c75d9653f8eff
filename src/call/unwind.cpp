// Unwinding through native code: the .eh_frame record, the personality routine and what lands.
#include "call/unwind.h"

#include <cxxabi.h>
#include <unwind.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

// libgcc's registry of unwind records (unwind-dw2-fde.c): takes the start of an .eh_frame section.
extern "C" void __register_frame(void* begin);
extern "C" void __deregister_frame(void* begin);

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
// Its first member is the type (or, in a dependent one, the address of the primary object). On LP64 there are 80
// bytes before the _Unwind_Exception: nine pointers and two ints.
constexpr size_t kHeaderBeforeUnwind = 9 * sizeof(void*) + 2 * sizeof(int);
static_assert(sizeof(void*) == 8 && kHeaderBeforeUnwind == 80 && sizeof(_Unwind_Exception) == 32);

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

void copy_text(char* to, const char* text) {
  size_t length = text ? strnlen(text, kMaxExceptionText) : 0;
  if (length) std::memcpy(to, text, length);
  to[length] = 0;
}

// Describes the exception being handled. Nothing escapes: what is thrown here is that exception again.
void describe(char* type, char* what) {
  const std::type_info* info = abi::__cxa_current_exception_type();
  int status = 0;
  char* demangled = info ? abi::__cxa_demangle(info->name(), nullptr, nullptr, &status) : nullptr;
  copy_text(type, demangled ? demangled : info ? info->name() : "unknown type");
  std::free(demangled);
  what[0] = 0;
  try {
    throw;
  } catch (const std::exception& e) {
    copy_text(what, e.what());
  } catch (const std::string& text) {
    copy_text(what, text.c_str());
  } catch (const char* text) {
    copy_text(what, text);
  } catch (...) {
  }
}

// Where landing pads go. Not noexcept, without cleanups: the handler may leave by an exception (Lua built as C++).
extern "C" void ferry_exception_landed(void* exception, void* frame, void* first_saved, void* second_saved) {
  char type[kMaxExceptionText + 1];
  char what[kMaxExceptionText + 1];
  abi::__cxa_begin_catch(exception);
  describe(type, what);
  abi::__cxa_end_catch();
  if (ExceptionHandler handler = g_handler.load(std::memory_order_acquire)) {
    handler({frame, {first_saved, second_saved}}, type, what);
  }
  std::abort();  // the handler returned, or was taken away while an exception was in flight
}

// Itanium C++ ABI, 1.6 and 2.5.2. The language-specific data of a region is its landing pad.
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
    if (ip > landing_pad && ip <= landing_pad + kLandingPadBytes) return _URC_CONTINUE_UNWIND;
    return passes(type_of(exception, dependent)) ? _URC_CONTINUE_UNWIND : _URC_HANDLER_FOUND;
  }
  if (!(actions & _UA_HANDLER_FRAME)) return _URC_CONTINUE_UNWIND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), reinterpret_cast<uintptr_t>(exception));
  _Unwind_SetIP(context, landing_pad);
  return _URC_INSTALL_CONTEXT;
}

#if defined(__x86_64__)
// psABI 3.6.2, table 3.36: DWARF numbers. The saved registers in FrameShape's order.
constexpr uint8_t kFrameRegister = 6, kReturnColumn = 16, kRdi = 5, kRsi = 4;
constexpr uint8_t kSavedRegisters[] = {3, 12, 13, 14, 15};
static_assert(sizeof kSavedRegisters == FrameShape::kMaxSaved);
#elif defined(__aarch64__)
// AADWARF64 4.1: x0-x30 are 0-30.
constexpr uint8_t kFrameRegister = 29, kReturnColumn = 30;
#else
#error "no native code for this processor: unwind.cpp is not for it"
#endif

constexpr uint8_t kDwCfaDefCfa = 0x0c, kDwCfaOffset = 0x80, kDwEhPeAbsptr = 0;

// Writes DWARF records, padded to 8 bytes with DW_CFA_nop (0).
class RecordWriter {
 public:
  explicit RecordWriter(uint8_t* to) : start_(to), at_(to) {}
  void u8(uint8_t v) { *at_++ = v; }
  void u32(uint32_t v) { put(&v, sizeof v); }
  void pointer(const void* v) { put(&v, sizeof v); }
  void u64(uint64_t v) { put(&v, sizeof v); }
  void text(const char* v) { put(v, std::strlen(v) + 1); }
  size_t size() const { return at_ - start_; }
  void begin() {
    length_at_ = at_;
    u32(0);
  }
  void end() {
    while (size() % 8) u8(0);
    uint32_t length = uint32_t(at_ - length_at_ - 4);
    std::memcpy(length_at_, &length, sizeof length);
  }

 private:
  void put(const void* v, size_t bytes) {
    std::memcpy(at_, v, bytes);
    at_ += bytes;
  }
  uint8_t* start_;
  uint8_t* at_;
  uint8_t* length_at_ = nullptr;
};

// DW_CFA_offset: `reg` is saved at CFA - 8 * slots.
void saved_at(RecordWriter& out, uint8_t reg, uint8_t slots) {
  out.u8(kDwCfaOffset | reg);
  out.u8(slots);
}

// The frame of FrameShape, in CFA terms.
void frame_rules(RecordWriter& out, FrameShape shape) {
  out.u8(kDwCfaDefCfa);
  out.u8(kFrameRegister);
  out.u8(16);
  saved_at(out, kReturnColumn, 1);
  saved_at(out, kFrameRegister, 2);
  for (uint8_t i = 0; i < shape.saved; i++) {
#if defined(__x86_64__)
    saved_at(out, kSavedRegisters[i], 3 + i);
#else
    saved_at(out, 20 + 2 * i, 3 + 2 * i);
    saved_at(out, 19 + 2 * i, 4 + 2 * i);
#endif
  }
#if defined(__x86_64__)
  if (!shape.rdi_rsi) return;
  saved_at(out, kRdi, 3 + shape.saved);
  saved_at(out, kRsi, 4 + shape.saved);
#endif
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

// Entered by the unwinder with the registers as they were at the call, the frame pointer with them.
void write_landing_pad(uint8_t* writable) {
  auto target = reinterpret_cast<uint64_t>(&ferry_exception_landed);
#if defined(__x86_64__)
  static constexpr uint8_t kHead[] = {
      0xF3, 0x0F, 0x1E, 0xFA,  // endbr64: the unwinder jumps here indirectly
      0x48, 0x89, 0xC7,        // mov rdi, rax     the exception
      0x48, 0x89, 0xEE,        // mov rsi, rbp     the frame
      0x48, 0x89, 0xDA,        // mov rdx, rbx
      0x4C, 0x89, 0xE1,        // mov rcx, r12
      0x48, 0xB8,              // mov rax, target
  };
  static constexpr uint8_t kTail[] = {
      0xFF, 0xD0,  // call rax
      0x0F, 0x0B,  // ud2
  };
  std::memcpy(writable, kHead, sizeof kHead);
  std::memcpy(writable + sizeof kHead, &target, sizeof target);
  std::memcpy(writable + sizeof kHead + sizeof target, kTail, sizeof kTail);
  static_assert(sizeof kHead + sizeof target + sizeof kTail <= kLandingPadBytes);
#else
  static constexpr uint32_t kCode[] = {
      0xD503249F,  // bti j          the unwinder jumps here indirectly
      0xAA1D03E1,  // mov x1, x29     the frame; x0 is the exception
      0xAA1303E2,  // mov x2, x19
      0xAA1403E3,  // mov x3, x20
      0x58000090,  // ldr x16, target (16 bytes on)
      0xD63F0200,  // blr x16
      0xD4200000,  // brk #0
      0xD4200000,  // up to the alignment of target
  };
  std::memcpy(writable, kCode, sizeof kCode);
  std::memcpy(writable + sizeof kCode, &target, sizeof target);
  static_assert(sizeof kCode + sizeof target <= kLandingPadBytes);
#endif
}

// LSB 5.0 core, 10.6 (.eh_frame): one CIE, one FDE over the whole region, terminator.
UnwindRecord::UnwindRecord(const uint8_t* begin, size_t bytes, FrameShape shape, const uint8_t* landing_pad) {
  RecordWriter out(bytes_);
  out.begin();
  out.u32(0);  // a CIE
  out.u8(1);   // version
  out.text(landing_pad ? "zPLR" : "zR");
  out.u8(1);     // code alignment
  out.u8(0x78);  // data alignment -8
  out.u8(kReturnColumn);
  if (landing_pad) {
    out.u8(1 + sizeof(void*) + 2);
    out.u8(kDwEhPeAbsptr);  // P
    out.pointer(reinterpret_cast<const void*>(&ferry_code_personality));
    out.u8(kDwEhPeAbsptr);  // L
  } else {
    out.u8(1);
  }
  out.u8(kDwEhPeAbsptr);  // R
  frame_rules(out, shape);
  out.end();

  size_t cie_bytes = out.size();
  out.begin();
  out.u32(uint32_t(cie_bytes + 4));  // from here back to the CIE
  out.pointer(begin);
  out.u64(bytes);
  out.u8(landing_pad ? sizeof(void*) : 0);
  if (landing_pad) out.pointer(landing_pad);
  out.end();
  out.u32(0);
  __register_frame(bytes_);
}

UnwindRecord::~UnwindRecord() {
  __deregister_frame(bytes_);
}

}  // namespace ferry::call
