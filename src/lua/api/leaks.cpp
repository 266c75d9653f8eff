// The leak check at exit (leaks.h).
#include "lua/api/leaks.h"

#include <cstdio>
#include <cstdlib>

#include "lua/calls/thunks.h"
#include "lua/state/held.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

void tell() {
  const CodeHeld code = code_held();
  char line[512];
  const int length = std::snprintf(
      line, sizeof line,
      "ferry: %lld Lua states are open at the process's end, with %lld C types and %lld callbacks that were not freed; "
      "compiled code takes %zu pages, %zu routines in use and %zu kept for C that may still call them; "
      "%zu C function pointers were made for callbacks, %zu of them are free\n",
      static_cast<long long>(held.states), static_cast<long long>(held.types), static_cast<long long>(held.callbacks),
      code.pages, code.live_blocks, code.retired_blocks, code.callback_slots, code.idle_callback_slots);
  if (length > 0) os::write_standard_error(line, static_cast<size_t>(length));
}

}  // namespace

void tell_held_at_exit() {
  static const bool told = [] {
    const char* wanted = std::getenv("FERRY_LEAKS");
    return wanted != nullptr && *wanted != '\0' && std::atexit(tell) == 0;
  }();
  (void)told;
}

}  // namespace ferry::lua
