// Assembling with asmjit into a CodeArena.
#include "call/native/encoder.h"

#include <utility>

namespace ferry::call {

namespace {

asmjit::Environment environment(Arch arch) {
  asmjit::Environment env;
  env.init(arch == Arch::x86_64 ? asmjit::Arch::kX64 : asmjit::Arch::kAArch64);
  return env;
}

}  // namespace

void Encoder::Errors::handleError(asmjit::Error, const char* text, asmjit::BaseEmitter*) {
  if (failed) return;
  failed = true;
  message = std::string("cannot assemble: ") + text;
}

Encoder::Encoder(Arch arch) : arch_(arch) {
  if (asmjit::Error error = code_.init(environment(arch)); error != asmjit::kErrorOk) {
    errors_.handleError(error, asmjit::DebugUtils::errorAsString(error), nullptr);
    return;
  }
  code_.setErrorHandler(&errors_);
}

Encoder::~Encoder() = default;

Result<size_t> Encoder::finish() {
  if (!errors_.failed) {
    asmjit::Error error = code_.flatten();
    if (error == asmjit::kErrorOk) error = code_.resolveUnresolvedLinks();
    // Each label that is jumped to and not bound stays unresolved.
    if (error == asmjit::kErrorOk && code_.hasUnresolvedLinks()) error = asmjit::kErrorExpressionLabelNotBound;
    if (error != asmjit::kErrorOk) errors_.handleError(error, asmjit::DebugUtils::errorAsString(error), nullptr);
  }
  if (errors_.failed) return Error{errors_.message};
  return code_.codeSize();
}

bool Encoder::relocate(uint8_t* writable, size_t bytes, uint64_t base) {
  asmjit::Error error = code_.relocateToBase(base);
  // Relocation shrinks the code where the address table turns out not to be needed; it never grows.
  if (error == asmjit::kErrorOk && code_.codeSize() > bytes) error = asmjit::kErrorTooLarge;
  if (error == asmjit::kErrorOk) {
    error = code_.copyFlattenedData(writable, bytes, asmjit::CopySectionFlags::kPadTargetBuffer);
  }
  if (error != asmjit::kErrorOk) errors_.handleError(error, asmjit::DebugUtils::errorAsString(error), nullptr);
  return error == asmjit::kErrorOk;
}

Result<CodeBlock> Encoder::publish(CodeArena& arena, FrameShape shape) {
  if (arch_ != host_target().arch) return Error{"this is code of another processor"};
  Result<size_t> size = finish();
  if (!size.ok()) return size.error();
  auto fill = [](void* context, uint8_t* writable, const uint8_t* executable) {
    auto [self, bytes] = *static_cast<std::pair<Encoder*, size_t>*>(context);
    return self->relocate(writable, bytes, reinterpret_cast<uintptr_t>(executable));
  };
  std::pair<Encoder*, size_t> context(this, *size);
  Result<CodeBlock> block = arena.add(*size, shape, fill, &context);
  if (errors_.failed) return Error{errors_.message};
  return block;
}

Result<std::vector<uint8_t>> Encoder::bytes(uint64_t base) {
  Result<size_t> size = finish();
  if (!size.ok()) return size.error();
  std::vector<uint8_t> result(*size);
  if (!relocate(result.data(), result.size(), base)) return Error{errors_.message};
  result.resize(code_.codeSize());
  return result;
}

}  // namespace ferry::call
