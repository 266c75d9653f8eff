// The processors that have native code, as code pages and unwinding see them.
#include "call/processor.h"

#include "call/code_pages.h"
#include "call/host.h"

namespace ferry::call {

namespace {

namespace x64 {
constexpr uint8_t kReturns42[] = {0xB8, 42, 0, 0, 0, 0xC3};  // mov eax, 42; ret
// psABI 3.6.2, table 3.36: rbx, r12-r15; rdi, rsi.
constexpr uint8_t kSaved[] = {3, 12, 13, 14, 15};
constexpr uint8_t kRdiRsi[] = {5, 4};
constexpr uint8_t kLandingHead[] = {
    0xF3, 0x0F, 0x1E, 0xFA,  // endbr64: the unwinder jumps here indirectly
    0x48, 0x89, 0xC7,        // mov rdi, rax     the exception
    0x48, 0x89, 0xEE,        // mov rsi, rbp     the frame
    0x48, 0x89, 0xDA,        // mov rdx, rbx
    0x4C, 0x89, 0xE1,        // mov rcx, r12
    0x48, 0xB8,              // mov rax, the address
};
constexpr uint8_t kLandingTail[] = {
    0xFF, 0xD0,  // call rax
    0x0F, 0x0B,  // ud2
};
constexpr Processor kProcessor{.trap = 0xCC,  // int3
                               .returns_42 = kReturns42,
                               .frame_register = 6,
                               .return_column = 16,
                               .saved = kSaved,
                               .saved_group = 1,
                               .rdi_rsi = kRdiRsi,
                               .landing_head = kLandingHead,
                               .landing_tail = kLandingTail};
static_assert(sizeof kSaved == FrameShape::kMaxSaved);
}  // namespace x64

namespace a64 {
constexpr uint8_t kReturns42[] = {0x5F, 0x24, 0x03, 0xD5,   // bti c
                                  0x40, 0x05, 0x80, 0x52,   // mov w0, #42
                                  0xC0, 0x03, 0x5F, 0xD6};  // ret
// AADWARF64 4.1: x0-x30 are 0-30. stp puts the second of a pair above the first.
constexpr uint8_t kSaved[] = {20, 19, 22, 21, 24, 23, 26, 25, 28, 27};
constexpr uint8_t kLandingHead[] = {
    0x9F, 0x24, 0x03, 0xD5,  // bti j          the unwinder jumps here indirectly
    0xE1, 0x03, 0x1D, 0xAA,  // mov x1, x29     the frame; x0 is the exception
    0xE2, 0x03, 0x13, 0xAA,  // mov x2, x19
    0xE3, 0x03, 0x14, 0xAA,  // mov x3, x20
    0x90, 0x00, 0x00, 0x58,  // ldr x16, the address (16 bytes on)
    0x00, 0x02, 0x3F, 0xD6,  // blr x16
    0x00, 0x00, 0x20, 0xD4,  // brk #0
    0x00, 0x00, 0x20, 0xD4,  // up to the alignment of the address
};
constexpr Processor kProcessor{.trap = 0,  // the zero word is udf
                               .returns_42 = kReturns42,
                               .frame_register = 29,
                               .return_column = 30,
                               .saved = kSaved,
                               .saved_group = 2,
                               .rdi_rsi = {},
                               .landing_head = kLandingHead,
                               .landing_tail = {}};
static_assert(sizeof kSaved == 2 * FrameShape::kMaxSaved);
}  // namespace a64

namespace x86 {
constexpr uint8_t kReturns42[] = {0xF3, 0x0F, 0x1E, 0xFB,  // endbr32
                                  0xB8, 42,   0,    0,    0, 0xC3};
// As ELF systems number them: ebx, esi, edi; ebp is 5, the return address 8.
constexpr uint8_t kSaved[] = {3, 6, 7};
constexpr uint8_t kLandingHead[] = {
    0xF3, 0x0F, 0x1E, 0xFB,  // endbr32
    0x56,                    // push esi
    0x53,                    // push ebx
    0x55,                    // push ebp     the frame
    0x50,                    // push eax     the exception: four words, so that the stack is aligned as it was
    0xB8,                    // mov eax, the address
};
constexpr uint8_t kLandingTail[] = {
    0xFF, 0xD0,  // call eax
    0x0F, 0x0B,  // ud2
};
constexpr Processor kProcessor{.trap = 0xCC,
                               .returns_42 = kReturns42,
                               .frame_register = 5,
                               .return_column = 8,
                               .saved = kSaved,
                               .saved_group = 1,
                               .rdi_rsi = {},
                               .landing_head = kLandingHead,
                               .landing_tail = kLandingTail};
}  // namespace x86

}  // namespace

const Processor* processor_of(Arch arch) {
  switch (arch) {
    case Arch::x86_64:
      return &x64::kProcessor;
    case Arch::aarch64:
      return &a64::kProcessor;
    case Arch::i386:
      return &x86::kProcessor;
    default:
      return nullptr;
  }
}

const char* host_lacks() {
#if defined(FERRY_STUB_I386)
  // All have it that were made since 2005.
  return __builtin_cpu_supports("sse3") != 0 ? nullptr : "SSE3";
#else
  return nullptr;
#endif
}

const Processor& host_processor() {
  static const Processor& processor = *processor_of(host_target().arch);
  return processor;
}

}  // namespace ferry::call
