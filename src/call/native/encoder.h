// Assembling with asmjit into a CodeArena: what every emitter shares. Knows no plans and no Lua.
//
//   Encoder encoder(Arch::x86_64);
//   asmjit::x86::Assembler a(&encoder.code());
//   a.push(asmjit::x86::rbp); ...                        // no checks in between
//   Result<CodeBlock> block = encoder.publish(process_code(), FrameShape{.saved = 1});
//
// The first error of any instruction is kept, and `publish` and `bytes` return it.
#pragma once

#include <asmjit/core.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "call/code_pages.h"
#include "ctype/target.h"

namespace ferry::call {

// For frames: `to` is a power of two.
constexpr int align_up(int value, int to) {
  return (value + to - 1) & -to;
}

class Encoder {
 public:
  // Code for x86-64 and AArch64 can be assembled anywhere; only the host's can be published.
  explicit Encoder(Arch arch);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Attach one assembler to it: asmjit::x86::Assembler or asmjit::a64::Assembler, which must die first.
  // Absolute call and jump targets (`a.call(uint64_t)`, `a.call(asmjit::imm(address))`) become relative ones where they
  // are in reach of the final address, else go through a table behind the code.
  asmjit::CodeHolder& code() { return code_; }
  // What is assembled from now on is also kept as text, one instruction a line (listing.h).
  void keep_log() { code_.setLogger(&log_); }
  const char* log() const { return log_.data(); }
  bool failed() const { return errors_.failed; }

  // Puts the code in the arena, relocated to its final address. Once per encoder.
  // Errors: code of another processor; the first one of the assembler; those of CodeArena::add.
  Result<CodeBlock> publish(CodeArena& arena, FrameShape shape);
  // The bytes that would run at `base`, for tests and for other processors. Once per encoder.
  Result<std::vector<uint8_t>> bytes(uint64_t base);

 private:
  struct Errors : asmjit::ErrorHandler {
    void handleError(asmjit::Error error, const char* message, asmjit::BaseEmitter* origin) override;
    bool failed = false;
    std::string message;
  };
  Result<size_t> finish();
  bool relocate(uint8_t* writable, size_t bytes, uint64_t base);

  const Arch arch_;
  Errors errors_;
  asmjit::StringLogger log_;
  asmjit::CodeHolder code_;
};

}  // namespace ferry::call
