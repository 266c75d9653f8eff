// Code on its way to a CodeArena: what every emitter shares. Knows no plans and no Lua. Which library encodes the
// instructions is known to asmjit.h, and to the machines that emit by it.
//
//   Encoder encoder(Arch::x86_64);
//   ...                                                 // a Machine, made for this encoder, emits; it dies first
//   Result<CodeBlock> block = encoder.publish(process_code(), FrameShape{.saved = 1});
//
// The first error of any instruction is kept, and `publish` and `bytes` return it. Absolute targets of calls and jumps
// become relative ones where they are in reach of the final address, else go through a table behind the code.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "call/code_pages.h"
#include "ctype/target.h"

namespace ferry::call {

class Encoder {
 public:
  // Code for x86-64, AArch64 and i386 can be assembled anywhere; only the host's can be published.
  explicit Encoder(Arch arch);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  struct Code;  // asmjit.h
  Code& code() { return *code_; }
  // What is assembled from now on is also kept as text, one instruction a line (listing.h).
  void keep_log();
  const char* log() const;
  bool failed() const;

  // Puts the code in the arena, relocated to its final address. Once per encoder.
  // Errors: code of another processor; the first one of the assembler; those of CodeArena::add.
  Result<CodeBlock> publish(CodeArena& arena, FrameShape shape);
  // The bytes that would run at `base`, for tests and for other processors. Once per encoder.
  Result<std::vector<uint8_t>> bytes(uint64_t base);

 private:
  Result<size_t> finish();

  const Arch arch_;
  std::unique_ptr<Code> code_;
};

}  // namespace ferry::call
