// asmjit under names that are the same for every version of it that Ferry knows: 1.9 to 1.11, where functions are
// called newLabel, and 1.18 to 1.21, where they are called new_label and a register's size is no type any more. Besides
// the machines, which emit by it, and encoder.cpp nobody includes this.
//
//   x86::Assembler a(encoder.code());
//   a.push(x86::rbp); ...                             // no checks in between
#pragma once

#include <asmjit/core.h>
#if ASMJIT_LIBRARY_VERSION >= 0x010c00  // 1.12
#include <asmjit/a64.h>
#define FERRY_ASMJIT_SNAKE_CASE 1
#else
#include <asmjit/arm/a64assembler.h>
#define FERRY_ASMJIT_SNAKE_CASE 0
#endif
#include <asmjit/x86.h>

#include <string>

#include "call/native/encoder.h"

namespace ferry::call {

// What an Encoder holds.
struct Encoder::Code final : asmjit::ErrorHandler {
  asmjit::CodeHolder holder;
  asmjit::StringLogger logger;
  bool failed = false;
  std::string message;

  // Keeps the first error.
  void fail(const char* text) {
    if (!failed) message = std::string("cannot assemble: ") + text;
    failed = true;
  }
  void init(Arch arch);
  void keep_log();
  // The bytes that the code takes at most, or 0 and `failed`.
  size_t finish();
  // Relocation shrinks the code where the table of addresses turns out not to be needed; it never grows.
  bool copy_to(uint8_t* writable, size_t bytes, uint64_t base);
  size_t size() const;

#if FERRY_ASMJIT_SNAKE_CASE
  void handle_error(asmjit::Error, const char* text, asmjit::BaseEmitter*) override {
    fail(text);
  }
#else
  void handleError(asmjit::Error, const char* text, asmjit::BaseEmitter*) override {
    fail(text);
  }
#endif
  bool holds(asmjit::Error error) {
    if (error == asmjit::kErrorOk) return true;
#if FERRY_ASMJIT_SNAKE_CASE
    fail(asmjit::DebugUtils::error_as_string(error));
#else
    fail(asmjit::DebugUtils::errorAsString(error));
#endif
    return false;
  }
};

inline void Encoder::Code::init(Arch arch) {
  asmjit::Environment environment;
  environment.init(arch == Arch::x86_64 ? asmjit::Arch::kX64
                   : arch == Arch::i386 ? asmjit::Arch::kX86
                                        : asmjit::Arch::kAArch64);
  if (!holds(holder.init(environment))) return;
#if FERRY_ASMJIT_SNAKE_CASE
  holder.set_error_handler(this);
#else
  holder.setErrorHandler(this);
#endif
}

inline void Encoder::Code::keep_log() {
#if FERRY_ASMJIT_SNAKE_CASE
  holder.set_logger(&logger);
#else
  holder.setLogger(&logger);
#endif
}

inline size_t Encoder::Code::size() const {
#if FERRY_ASMJIT_SNAKE_CASE
  return holder.code_size();
#else
  return holder.codeSize();
#endif
}

inline size_t Encoder::Code::finish() {
  if (failed || !holds(holder.flatten())) return 0;
#if FERRY_ASMJIT_SNAKE_CASE
  if (!holds(holder.resolve_cross_section_fixups())) return 0;
  const bool unresolved = holder.has_unresolved_fixups();
#else
  if (!holds(holder.resolveUnresolvedLinks())) return 0;
  const bool unresolved = holder.hasUnresolvedLinks();
#endif
  if (unresolved) fail("a label that is jumped to has no place");
  return failed ? 0 : size();
}

inline bool Encoder::Code::copy_to(uint8_t* writable, size_t bytes, uint64_t base) {
#if FERRY_ASMJIT_SNAKE_CASE
  if (!holds(holder.relocate_to_base(base))) return false;
#else
  if (!holds(holder.relocateToBase(base))) return false;
#endif
  if (size() > bytes) {
    fail("relocation made the code longer");
    return false;
  }
#if FERRY_ASMJIT_SNAKE_CASE
  return holds(holder.copy_flattened_data(writable, bytes, asmjit::CopySectionFlags::kPadTargetBuffer));
#else
  return holds(holder.copyFlattenedData(writable, bytes, asmjit::CopySectionFlags::kPadTargetBuffer));
#endif
}

// An assembler of asmjit's with the functions that are called differently. Dies before its Encoder.
template <typename Base>
class Assembling : public Base {
 public:
  explicit Assembling(Encoder::Code& code) : Base(&code.holder) {}

  asmjit::Label label() {
#if FERRY_ASMJIT_SNAKE_CASE
    return this->new_label();
#else
    return this->newLabel();
#endif
  }
  void data(uint32_t word) {
#if FERRY_ASMJIT_SNAKE_CASE
    this->embed_uint32(word);
#else
    this->embedUInt32(word);
#endif
  }
  void data(uint64_t word) {
#if FERRY_ASMJIT_SNAKE_CASE
    this->embed_uint64(word);
#else
    this->embedUInt64(word);
#endif
  }
};

using asmjit::AlignMode;
using asmjit::imm;
using AsmLabel = asmjit::Label;

namespace x86 {

using namespace asmjit::x86;
using Assembler = Assembling<asmjit::x86::Assembler>;
#if FERRY_ASMJIT_SNAKE_CASE
using Xmm = asmjit::x86::Vec;
#endif

inline Mem in_segment(const SReg& segment, int64_t offset, uint32_t bytes) {
  Mem at = ptr_abs(static_cast<uint64_t>(offset), bytes);
#if FERRY_ASMJIT_SNAKE_CASE
  at.set_segment(segment);
#else
  at.setSegment(segment);
#endif
  return at;
}

}  // namespace x86

namespace arm {

using namespace asmjit::a64;
using Assembler = Assembling<asmjit::a64::Assembler>;
#if FERRY_ASMJIT_SNAKE_CASE
using GpX = asmjit::a64::Gp;
using GpW = asmjit::a64::Gp;
using VecV = asmjit::a64::Vec;
using CondCode = asmjit::a64::CondCode;
constexpr GpX gp_x(uint32_t number) {
  return Gp::make_r64(number);
}
constexpr GpW gp_w(uint32_t number) {
  return Gp::make_r32(number);
}
constexpr VecV vec_v(uint32_t number) {
  return Vec::make_v128(number);
}
#else
constexpr GpX gp_x(uint32_t number) {
  return GpX(number);
}
constexpr GpW gp_w(uint32_t number) {
  return GpW(number);
}
constexpr VecV vec_v(uint32_t number) {
  return VecV(number);
}
#endif

}  // namespace arm

}  // namespace ferry::call
