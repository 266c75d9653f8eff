// The state behind a callback's C function pointer: handler and context that change when it is
// muted, retired or reused while C may be calling it on any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "call/backend.h"

namespace ferry::call {

// What a C function pointer leads to. Written by one thread at a time (under its owner's mutex), read without a lock,
// and consistently: `version` is odd while a write is under way and different after it.
template <typename Shape>
struct CallbackSlot {
  std::atomic<uint32_t> version{0};
  std::atomic<const Shape*> shape{nullptr};
  std::atomic<CallbackHandler> handler{nullptr};  // null: answer with zero
  std::atomic<void*> context{nullptr};

  struct State {
    const Shape* shape;
    CallbackHandler handler;
    void* context;
  };

  void write(const State& state) {
    uint32_t v = version.load(std::memory_order_relaxed);
    version.store(v + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    shape.store(state.shape, std::memory_order_relaxed);
    handler.store(state.handler, std::memory_order_relaxed);
    context.store(state.context, std::memory_order_relaxed);
    version.store(v + 2, std::memory_order_release);
  }

  State read() const {
    // A write takes nanoseconds; a signal handler that interrupted it would wait for ever.
    for (int attempt = 0; attempt < 10000; ++attempt) {
      uint32_t v = version.load(std::memory_order_acquire);
      State state{shape.load(std::memory_order_relaxed), handler.load(std::memory_order_relaxed),
                  context.load(std::memory_order_relaxed)};
      std::atomic_thread_fence(std::memory_order_acquire);
      if (v % 2 == 0 && version.load(std::memory_order_relaxed) == v) return state;
    }
    return {shape.load(std::memory_order_relaxed), nullptr, nullptr};
  }
};

}  // namespace ferry::call
