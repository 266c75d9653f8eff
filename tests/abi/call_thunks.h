// Calls and callbacks of generated functions through compiled code, on a Lua that is not there (call_fake_lua.h): by
// either convention of x86-64 and by both ways to reach Lua's stack. On other hosts there is none of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "abi/plan.h"
#include "base/result.h"
#include "call/backend.h"
#include "ctype/type_table.h"

namespace ferry::call {

using ValueBytes = std::vector<unsigned char>;

// How compiled code is called and calls Lua, and whether it reads the stack itself.
struct ThunkMode {
  bool ms_host = false;
  bool direct = false;
};
std::vector<ThunkMode> thunk_modes();
std::string mode_name(ThunkMode mode);

// Calls `function` with these values. *result: what it will return, then what came back. Numbers travel as numbers
// where their bits survive that, records by either way, all else in memory. Error: no thunk for this plan, or something
// went wrong in it.
Result<void> call_by_thunk(const TypeTable& types, const abi::CallPlan& plan, ThunkMode mode, CFunction function,
                           const std::vector<ValueBytes>& args, ValueBytes* result);

// A compiled callback that is there while `run` calls its address with the values of `args`: *seen are its arguments as
// they arrived, `give` its result. Where all are numbers the code itself pushes and converts.
Result<void> call_back_compiled(const TypeTable& types, const abi::CallPlan& plan, ThunkMode mode,
                                const std::function<void(CFunction)>& run, const std::vector<ValueBytes>& args,
                                const ValueBytes& give, std::vector<ValueBytes>* seen);

}  // namespace ferry::call
