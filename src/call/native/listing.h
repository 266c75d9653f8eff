// Native code as text: what a thunk or the code of a callback type is made of, by the encoder's own log. So labels and
// instructions are what the emitter said, for any processor on any host, without a disassembler. Knows no Lua.
//
// Addresses are printed as names (lua_gettop, State, function, slow ...), so that the text is the same in every run.
// One instruction a line, four spaces before it; a label is "L1:" on a line of its own, numbered as they appear.
#pragma once

#include <cstddef>
#include <string>

#include "call/native/callback.h"
#include "call/native/thunk.h"

namespace ferry::call {

struct Listing {
  std::string text;
  size_t bytes = 0;  // of code, where everything that it calls is near
};

// Errors: what make_thunk() and make_callback_code() refuse, executable memory aside.
Result<Listing> thunk_listing(const ThunkHost& host, const ThunkSpec& spec);
Result<Listing> callback_listing(const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                                 const CallbackSpec& spec);
// A callback's entry, and what it leads to once it is retired.
Result<Listing> callback_entry_listing(const abi::CallPlan& plan);

}  // namespace ferry::call
