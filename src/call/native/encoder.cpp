// Code on its way to a CodeArena.
#include "call/native/encoder.h"

#include <utility>

#include "call/native/asmjit.h"

namespace ferry::call {

Encoder::Encoder(Arch arch) : arch_(arch), code_(std::make_unique<Code>()) {
  code_->init(arch);
}

Encoder::~Encoder() = default;

void Encoder::keep_log() {
  code_->keep_log();
}

const char* Encoder::log() const {
  return code_->logger.data();
}

bool Encoder::failed() const {
  return code_->failed;
}

Result<size_t> Encoder::finish() {
  const size_t bytes = code_->finish();
  if (code_->failed) return Error{code_->message};
  return bytes;
}

Result<CodeBlock> Encoder::publish(CodeArena& arena, FrameShape shape) {
  if (arch_ != host_target().arch) return Error{"this is code of another processor"};
  Result<size_t> size = finish();
  if (!size.ok()) return size.error();
  auto fill = [](void* context, uint8_t* writable, const uint8_t* executable) {
    auto [code, bytes] = *static_cast<std::pair<Code*, size_t>*>(context);
    return code->copy_to(writable, bytes, reinterpret_cast<uintptr_t>(executable));
  };
  std::pair<Code*, size_t> context(code_.get(), *size);
  Result<CodeBlock> block = arena.add(*size, shape, fill, &context);
  if (code_->failed) return Error{code_->message};
  return block;
}

Result<std::vector<uint8_t>> Encoder::bytes(uint64_t base) {
  Result<size_t> size = finish();
  if (!size.ok()) return size.error();
  std::vector<uint8_t> result(*size);
  if (!code_->copy_to(result.data(), result.size(), base)) return Error{code_->message};
  result.resize(code_->size());
  return result;
}

}  // namespace ferry::call
