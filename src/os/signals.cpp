// What of signals is the same on every system.
#include "os/signals.h"

namespace ferry::os {

int signal_number(std::string_view name) {
  if (name.substr(0, 3) == "SIG") name.remove_prefix(3);
  for (const SignalName& n : signal_names()) {
    if (n.text == name) return n.number;
  }
  return 0;
}

}  // namespace ferry::os
