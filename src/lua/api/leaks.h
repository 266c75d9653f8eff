// What the process holds for its Lua states, said at its end where FERRY_LEAKS is set: once every state is closed, what
// is left of it has leaked.
#pragma once

namespace ferry::lua {

// With FERRY_LEAKS in the environment, the process writes one line to its standard error when it exits:
//   ferry: 0 Lua states are open at the process's end, with 0 C types and 0 callbacks that were not freed; compiled
//   code takes 2 pages, 3 routines in use and 1 kept for C that may still call them; 64 C function pointers were made
//   for callbacks, 64 of them are free
// The routines are then those that all callbacks share. For the first state of the process.
void tell_held_at_exit();

}  // namespace ferry::lua
