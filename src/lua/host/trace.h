// What FERRY_TRACE asks to be told of on standard error, for people who want to see why something is slow or missing.
#pragma once

#include "base/compiler.h"

namespace ferry::lua {

// FERRY_TRACE=code,learn,callback,load: any of them, or `all`.
enum class Topic : unsigned {
  code,      // native code that is made: for what, how many bytes; or why there is none
  learn,     // calls that native code left to the general way: which argument, what the code takes the next time
  callback,  // callbacks that are made, freed, refused
  load,      // libraries that are opened and symbols that are looked up
};

// The environment is read once in a process.
bool traced(Topic topic);

// Writes "ferry: TOPIC: text" and a line's end, whether or not the topic is asked for; longer lines are cut.
void trace(Topic topic, const char* format, ...) FERRY_PRINTF(2, 3);

}  // namespace ferry::lua
