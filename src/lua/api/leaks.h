// What the process holds for its Lua states, said at its end where FERRY_LEAKS is set: once every state is closed, what
// is left of it has leaked.
#pragma once

namespace ferry::lua {

// With FERRY_LEAKS in the environment, the process writes one line to its standard error when it exits:
//   ferry: 0 states, 0 types, 0 callbacks; code: 2 pages, 3 live blocks, 1 retired; callback slots: 64, 64 idle
// Live blocks are then those that all callbacks share. For the first state of the process.
void tell_held_at_exit();

}  // namespace ferry::lua
