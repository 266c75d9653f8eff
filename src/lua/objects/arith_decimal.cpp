// Operators on _DecimalN (arith_decimal.h).
#include "lua/objects/arith_decimal.h"

#include "lua/state/cdata.h"
#include "lua/values/decimals.h"

namespace ferry::lua {

namespace {

using Class = Operand::Class;

// An integer, or a Lua number, as the exact number that it is. False: C does not compute with it and decimal numbers.
bool to_binary(const Operand& o, bool is_comparison, State* st, Binary* out) {
  SignedWide value{};
  switch (o.kind) {
    case Class::integer:
      value = o.is_unsigned ? SignedWide{false, {o.bits, 0}} : signed_wide(static_cast<int64_t>(o.bits));
      break;
    case Class::wide_integer:
      value = load_signed(o.info, o.address);
      break;
    case Class::number:
      if (o.info != nullptr && !is_comparison) return false;
      *out = binary_of(o.number);
      return true;
    case Class::wide_float:
      if (!is_comparison) return false;
      *out = load_binary(st, o.info, o.address);
      return true;
    default:
      return false;
  }
  out->negative = value.negative;
  out->significand = value.magnitude;
  return true;
}

DecimalOrder reversed(DecimalOrder order) {
  return order == DecimalOrder::less      ? DecimalOrder::greater
         : order == DecimalOrder::greater ? DecimalOrder::less
                                          : order;
}

}  // namespace

bool push_decimal_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  const bool both = a.kind == Class::decimal && b.kind == Class::decimal;
  const TypeInfo* info = a.kind != Class::decimal || (both && b.info->size > a.info->size) ? b.info : a.info;
  const DecimalFormat& format = format_of(info);
  Decimal x, y;
  Binary other;
  if (!both && !to_binary(a.kind == Class::decimal ? b : a, is_comparison(op), st, &other)) return false;
  x = a.kind == Class::decimal ? load_decimal(format_of(a.info), a.address) : decimal_from_binary(format, other);
  y = b.kind == Class::decimal ? load_decimal(format_of(b.info), b.address) : decimal_from_binary(format, other);
  if (is_comparison(op)) {
    const DecimalOrder order = both                       ? compare(x, y)
                               : a.kind == Class::decimal ? compare(x, other)
                                                          : reversed(compare(y, other));
    const bool truth = op == Op::eq   ? order == DecimalOrder::equal
                       : op == Op::lt ? order == DecimalOrder::less
                                      : order == DecimalOrder::less || order == DecimalOrder::equal;
    lua_pushboolean(L, truth ? 1 : 0);
    return true;
  }
  Decimal result;
  switch (op) {
    case Op::add:
      result = add(format, x, y);
      break;
    case Op::sub:
      result = add(format, x, y.is_nan() ? y : negated(y));
      break;
    case Op::mul:
      result = multiply(format, x, y);
      break;
    case Op::div:
      result = divide(format, x, y);
      break;
    case Op::unm:
      result = negated(x);
      break;
    default:
      return false;
  }
  CData* box = new_cdata(L, st, info_of(st, info->id));
  store_decimal(format, box->address(), result);
  return true;
}

}  // namespace ferry::lua
