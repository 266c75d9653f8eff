// Operators on decimal floating-point numbers.
#pragma once

#include "lua/objects/arith_kernel.h"
#include "lua/objects/operand.h"

namespace ferry::lua {

// C11 6.3.1.8 with C23 H.4.2: integers become decimal numbers, the narrower format the wider one. Comparisons are
// exact. Pushes + - * / and unary - as a boxed number of the wider format, comparisons as a boolean. False: it is
// another operator, or a number that C does not compute with beside a decimal one (a float, a double).
bool push_decimal_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b);

}  // namespace ferry::lua
