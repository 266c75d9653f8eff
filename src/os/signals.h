// Signals of the process: their names, and who is called when one arrives.
#pragma once

#include <span>
#include <string_view>

namespace ferry::os {

// Signals have the numbers from 1 to this.
inline constexpr int kMaxSignal = 64;

struct SignalName {
  std::string_view text;  // "INT"
  int number;
};
// Those that programs of this system may catch or wait for.
std::span<const SignalName> signal_names();
// "SIGINT", "INT"; 0: there is none of that name.
int signal_number(std::string_view name);
// Whether a program may go on where it was when the signal arrived. Not so after an error of the processor.
bool may_wait(int number);

// From now on the handler is called, with the number, on whatever thread; system calls that it interrupts start over
// where the system can. What was before is kept, once. False: errno says why not.
bool catch_signal(int number, void (*handler)(int));
// Puts back what was before.
void release_signal(int number);

}  // namespace ferry::os
