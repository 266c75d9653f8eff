// The process's entry data of callbacks (callback_data.h).
#include "lua/calls/callback_data.h"

#include <cstring>
#include <mutex>

#include "lua/calls/queue.h"

namespace ferry::lua {

namespace {

struct Entries {
  std::mutex mutex;
  std::vector<std::unique_ptr<EntryData>> all;
  std::vector<EntryData*> idle;  // has room for all of them: giving one back cannot fail
};

Entries& entries() {
  static auto* made = new Entries;  // outlives static destructors
  return *made;
}

// Whoever visits says so first and looks at the state then; whoever takes the data away has changed the state first and
// counts the visitors then: one of them sees the other.
EntryData* take_idle(Entries& e) {
  for (size_t i = e.idle.size(); i-- > 0;) {
    EntryData* data = e.idle[i];
    if (data->visitors.load() != 0) continue;
    e.idle.erase(e.idle.begin() + static_cast<ptrdiff_t>(i));
    return data;
  }
  return nullptr;
}

}  // namespace

EntryData* take_entry_data(Gate* gate, CallbackRecord* record) {
  Entries& e = entries();
  EntryData* data;
  {
    std::lock_guard lock(e.mutex);
    data = take_idle(e);
    if (data == nullptr) {
      e.all.reserve(e.all.size() + 1);
      e.idle.reserve(e.all.size() + 1);
      e.all.push_back(std::make_unique<EntryData>());
      data = e.all.back().get();
      data->context = data;
    }
  }
  data->answer = nullptr;
  data->answers.clear();
  drop_queue(data);
  data->record = record;
  data->active = 0;
  data->told = false;
  open_entry_data(data, gate);
  return data;
}

void open_entry_data(EntryData* data, Gate* gate) {
  __atomic_store_n(&data->state, static_cast<void*>(gate), __ATOMIC_SEQ_CST);
}

void give_back_entry_data(EntryData* data) {
  close_queue(data);
  __atomic_store_n(&data->state, static_cast<void*>(&closed_gate), __ATOMIC_SEQ_CST);
  data->live = false;
  data->id = 0;
  data->record = nullptr;
  drop_queue(data);
  Entries& e = entries();
  std::lock_guard lock(e.mutex);
  e.idle.push_back(data);
}

void set_answer(EntryData* data, const void* bytes, size_t size) {
  if (size == 0) {
    data->answer = nullptr;
  } else {
    auto answer = std::make_unique<Answer>(Answer{std::make_unique<std::byte[]>(size), size});
    std::memcpy(answer->bytes.get(), bytes, size);
    data->answers.push_back(std::move(answer));
    data->answer = data->answers.back().get();
  }
  if (data->visitors.load() != 0) return;
  // Nobody reads the others any more.
  std::erase_if(data->answers, [data](const auto& answer) { return answer.get() != data->answer.load(); });
}

Visit::Visit(EntryData* data) : data_(data) {
  data->visitors.fetch_add(1);
  auto* gate = static_cast<Gate*>(__atomic_load_n(&data->state, __ATOMIC_SEQ_CST));
  if (gate == &closed_gate) return;
  gate->visitors.fetch_add(1);
  if (__atomic_load_n(&data->state, __ATOMIC_SEQ_CST) == gate) {
    gate_ = gate;
  } else {
    gate->visitors.fetch_sub(1);
  }
}

Visit::~Visit() {
  if (gate_ != nullptr) gate_->visitors.fetch_sub(1);
  data_->visitors.fetch_sub(1);
}

}  // namespace ferry::lua
