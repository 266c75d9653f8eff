// What translated chunks use at run time.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Pushes the run-time table. Its functions compare any two values as LuaJIT does; its other keys are literals that
// Lua has not: [5], ["=text"] and null are userdata that stand for a number, a string and nil where Lua itself compares
// them with a cdata, ["1LL"], ["1ULL"], ["2i"] are boxed numbers.
void push_run_time(lua_State* L, State* st);

// More of its functions, for ferry.luajit (luajit_world.cpp).
extern const luaL_Reg kWorldFunctions[];

}  // namespace ferry::lua
