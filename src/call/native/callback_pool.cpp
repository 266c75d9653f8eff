// Entries of compiled callbacks: their slots, their code, and the code that answers zero for a callback that is gone.
// Process-wide; nothing here is ever freed.
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <tuple>

#include "call/native/callback.h"
#include "call/native/emit.h"
#include "call/native/encoder.h"

namespace ferry::call {

namespace {

// What an entry leads to; read by code (code first, data behind it). Changed under the pool's mutex, `data` before
// `code`: a foreign thread may run old code with new data, which ends at the check of the thread.
struct Slot {
  std::atomic<const void*> code{nullptr};
  std::atomic<CallbackData*> data{nullptr};
  const uint8_t* entry = nullptr;
};

// Entries are made by the row: making one executable page costs as much as a page of them.
constexpr size_t kRow = 64;

class Pool {
 public:
  Result<Slot*> take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      if (Result<void> grown = grow(); !grown.ok()) return grown.error();
    }
    Slot* slot = idle_.front();
    idle_.pop_front();
    return slot;
  }
  void lead(Slot* slot, const void* code, CallbackData* data) {
    std::lock_guard lock(mutex_);
    slot->data.store(data, std::memory_order_relaxed);
    slot->code.store(code, std::memory_order_release);
  }
  void mute(Slot* slot, const void* answer) {
    std::lock_guard lock(mutex_);
    slot->code.store(answer, std::memory_order_release);
  }
  void give_back(Slot* slot, const void* answer) {
    mute(slot, answer);
    std::lock_guard lock(mutex_);
    try {
      idle_.push_back(slot);
    } catch (const std::bad_alloc&) {  // it is lost; destructors call this
    }
  }

  // Code that returns zero as the plan's result.
  Result<const void*> answer(const abi::CallPlan& plan) {
    size_t x87 = 0;
    for (const abi::Piece& piece : plan.result_pieces()) x87 += piece.where == abi::Where::x87;
    const Key key{plan.abi, x87, plan.result.in_memory ? plan.result.size : 0, plan.callee_pops};
    std::lock_guard lock(mutex_);
    if (auto found = answers_.find(key); found != answers_.end()) return found->second;
    Encoder encoder(host_target().arch);
    static const ThunkHost host;
    assemble_answer(*emitter_of(host_target().arch).machine(encoder, host, plan));
    Result<CodeBlock> block = encoder.publish(process_code(), kThunkShape);
    if (!block.ok()) return block.error();
    process_code().retire(*block);
    answers_.emplace(key, block->address);
    return block->address;
  }

  CallbackUsage usage() {
    std::lock_guard lock(mutex_);
    return {slots_.size() * kRow, idle_.size()};
  }

 private:
  // The convention, x87 registers, bytes of a result in memory and of arguments that are removed.
  using Key = std::tuple<abi::Abi, size_t, uint64_t, uint32_t>;

  Result<void> grow() {
    auto row = std::make_unique<std::array<Slot, kRow>>();
    Encoder encoder(host_target().arch);
    std::array<const void*, kRow> addresses;
    for (size_t i = 0; i < kRow; ++i) addresses[i] = &(*row)[i];
    assemble_entries(*machine_of(host_target().arch, encoder), addresses);
    Result<CodeBlock> block = encoder.publish(process_code(), kThunkShape);
    if (!block.ok()) return block.error();
    process_code().retire(*block);
    for (size_t i = 0; i < kRow; ++i) {
      (*row)[i].entry = block->address + i * kBlockAlign;
      idle_.push_back(&(*row)[i]);
    }
    slots_.push_back(std::move(row));
    return {};
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<std::array<Slot, kRow>>> slots_;
  std::deque<Slot*> idle_;  // oldest first
  std::map<Key, const void*> answers_;
};

Pool& pool() {
  static auto* made = new Pool;  // outlives static destructors
  return *made;
}

class NativeCallback final : public Callback {
 public:
  NativeCallback(Slot* slot, const void* answer) : slot_(slot), answer_(answer) {
    address_ = reinterpret_cast<CFunction>(reinterpret_cast<uintptr_t>(slot->entry));
  }
  ~NativeCallback() override { pool().give_back(slot_, answer_); }
  NativeCallback(const NativeCallback&) = delete;
  NativeCallback& operator=(const NativeCallback&) = delete;
  void mute() override { pool().mute(slot_, answer_); }

 private:
  Slot* slot_;
  const void* answer_;
};

}  // namespace

Result<std::unique_ptr<Callback>> make_native_callback(const CodeBlock& code, CallbackData* data,
                                                       const abi::CallPlan& plan) {
  Result<const void*> answer = pool().answer(plan);
  if (!answer.ok()) return answer.error();
  Result<Slot*> slot = pool().take();
  if (!slot.ok()) return slot.error();
  auto callback = std::make_unique<NativeCallback>(*slot, *answer);
  pool().lead(*slot, code.address, data);
  return std::unique_ptr<Callback>(std::move(callback));
}

CallbackUsage callback_usage() {
  return pool().usage();
}

}  // namespace ferry::call
