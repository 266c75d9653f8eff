// What the C side of a callback knows of it: the data that slots and compiled code lead to. C may be calling the
// pointer on any thread while the callback is freed or its state closes, so this is the process's memory, used again
// and never freed. A thread that calls looks at the gate there first, and at the rest only if it is inside of the
// state, or as a visitor.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "call/native/callback.h"
#include "lua/state/gate.h"

namespace ferry::lua {

struct CallbackRecord;
struct CallbackQueue;

// A result in its memory form, as a slot holds it.
struct Answer {
  std::unique_ptr<std::byte[]> bytes;
  size_t size = 0;
};

// CallbackData::state is a Gate, CallbackData::context this.
struct EntryData : call::CallbackData {
  CallbackRecord* record = nullptr;
  // What visitors may read. No other callback gets the data as long as there are any.
  std::atomic<uint32_t> visitors{0};
  std::atomic<uint64_t> id{0};                   // CallbackRecord::id; 0: freed
  std::atomic<bool> told{false};                 // that it was refused; told once
  std::atomic<const Answer*> answer{nullptr};    // of refused calls; null: zero
  std::vector<std::unique_ptr<Answer>> answers;  // all that visitors may be reading
  std::atomic<CallbackQueue*> queue{nullptr};    // where their calls go (queue.h); null: nowhere
  CallbackQueue* kept_queue = nullptr;           // the same, and after it is closed as long as they may be reading
};

// Data for a callback of the gate's state, or for one that nobody can call yet (closed_gate). Throws std::bad_alloc.
EntryData* take_entry_data(Gate* gate, CallbackRecord* record);
// The data of a callback that was made with closed_gate: from now on the gate is this one.
void open_entry_data(EntryData* data, Gate* gate);
// The callback is gone: C's calls answer zero from now on, and its slot has to be retired.
void give_back_entry_data(EntryData* data);

// What refused calls answer from now on; size 0: zero. Throws std::bad_alloc.
void set_answer(EntryData* data, const void* bytes, size_t size);

// A thread that is not inside looks at a callback's data and gate. As long as it does, neither is given to others.
class Visit {
 public:
  explicit Visit(EntryData* data);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  // Null: the callback is gone.
  Gate* gate() const { return gate_; }

 private:
  EntryData* data_;
  Gate* gate_ = nullptr;
};

}  // namespace ferry::lua
