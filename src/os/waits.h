// Waiting for a word to change. std::atomic has that, too, but without futexes libstdc++ looks at the word before it
// takes the lock that notifications do not take, and waits for ever (GCC 12, bits/atomic_wait.h).
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::os {

// Waits while the word has this value. May return early: whoever waits looks at what it waits for.
void wait_while(const std::atomic<uint32_t>& word, uint32_t value);
// To be called after the word was changed. Its memory may be gone.
void wake_one(std::atomic<uint32_t>& word);
void wake_all(std::atomic<uint32_t>& word);

}  // namespace ferry::os
