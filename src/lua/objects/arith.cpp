// Operators on cdata: finds the common type of the operands (operand.h), lets the kernel compute, boxes the result.
#include "lua/objects/arith.h"

#include <utility>

#include "base/memory.h"
#include "lua/state/guarded.h"

#include "lua/objects/arith_decimal.h"
#include "lua/objects/arith_kernel.h"
#include "lua/objects/literal.h"
#include "lua/objects/metatype.h"
#include "lua/objects/operand.h"
#include "lua/state/anchor.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"

namespace ferry::lua {

namespace {

constexpr const char* kEvents[] = {"__add",  "__sub",  "__mul", "__div",    "__mod", "__pow", "__unm",
                                   "__idiv", "__band", "__bor", "__bxor",   "__shl", "__shr", "__bnot",
                                   "__eq",   "__lt",   "__le",  "__concat", "__len"};
static_assert(sizeof kEvents / sizeof *kEvents == static_cast<size_t>(Op::len) + 1);

using Class = Operand::Class;

// --- numbers ------------------------------------------------------------------------------------

void push_boolean(lua_State* L, bool value) {
  lua_pushboolean(L, value ? 1 : 0);
}

// In ffi.strict an operation on integers takes no other numbers.
void require_integer(lua_State* L, double number) {
  if (number >= -9223372036854775808.0 && number < 18446744073709551616.0 && std::floor(number) == number) return;
  raise(L, "cannot convert %.14g to an integer without loss", number);
}

// Bit operators take integral numbers only, as Lua's own (Lua 5.3 manual, 3.4.3).
uint64_t to_int64(lua_State* L, State* st, Op op, const Operand& o) {
  if (o.kind == Class::integer) return o.bits;
  if (st->strict) require_integer(L, o.number);
  if (is_bitwise(op) && !(o.number >= -9223372036854775808.0 && o.number < 9223372036854775808.0 &&
                          static_cast<double>(static_cast<int64_t>(o.number)) == o.number)) {
    raise(L, "number has no integer representation");
  }
  return static_cast<uint64_t>(number_to_integer(o.number, sizeof(int64_t)));
}

void push_int64_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  // A shift's or complement's type does not depend on the second operand.
  const bool is_unsigned = a.is_unsigned || (b.is_unsigned && !is_shift(op));
  const uint64_t x = to_int64(L, st, op, a), y = to_int64(L, st, op, b);
  const uint64_t result = integer_operation<int64_t, uint64_t>(op, x, y, is_unsigned);
  if (is_comparison(op)) {
    push_boolean(L, result != 0);
  } else {
    push_boxed(L, st, info_of(st, is_unsigned ? Scalar::uint64 : Scalar::int64), result);
  }
}

// Numbers beyond the type: the lowest value, the 128-bit form of what SEMANTICS says for 64 bits.
UInt128 number_to_int128(double number) {
  constexpr int kBits = sizeof(Int128) * 8;
  const double limit = std::ldexp(1.0, kBits);
  if (!(number > -limit && number < limit)) return UInt128{1} << (kBits - 1);
  return number < 0 ? UInt128{0} - static_cast<UInt128>(-number) : static_cast<UInt128>(number);
}

UInt128 wide_value(const Operand& o) {
  if (o.info->rep != Rep::bit_int) return load<UInt128>(o.address);
  return joined<UInt128>(load_bit_int(o.info, o.address));
}

UInt128 to_int128(lua_State* L, State* st, Op op, const Operand& o) {
  if (o.kind == Class::wide_integer) return wide_value(o);
  if (o.kind == Class::number && !is_bitwise(op)) {
    if (st->strict && std::floor(o.number) != o.number) require_integer(L, o.number);
    return number_to_int128(o.number);
  }
  const uint64_t bits = to_int64(L, st, op, o);
  return o.is_unsigned ? UInt128{bits} : static_cast<UInt128>(static_cast<Int128>(static_cast<int64_t>(bits)));
}

void push_int128_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  const bool unsigned_a = a.kind == Class::wide_integer && a.is_unsigned;
  const bool unsigned_b = b.kind == Class::wide_integer && b.is_unsigned;
  const UInt128 x = to_int128(L, st, op, a), y = to_int128(L, st, op, b);
  if (is_shift(op) && a.kind != Class::wide_integer) {
    // The first operand decides; only the count is wide.
    const int64_t count = static_cast<Int128>(y) > 64    ? 64
                          : static_cast<Int128>(y) < -64 ? -64
                                                         : static_cast<int64_t>(y);
    push_boxed(L, st, info_of(st, a.is_unsigned ? Scalar::uint64 : Scalar::int64),
               integer_operation<int64_t, uint64_t>(op, static_cast<uint64_t>(x), static_cast<uint64_t>(count), false));
    return;
  }
  const bool is_unsigned = unsigned_a || (unsigned_b && !is_shift(op));
  const UInt128 result = integer_operation<Int128, UInt128>(op, x, y, is_unsigned);
  if (is_comparison(op)) {
    push_boolean(L, result != 0);
    return;
  }
  CData* box = new_cdata(L, st, info_of(st, is_unsigned ? Scalar::uint128 : Scalar::int128));
  std::memcpy(box->address(), &result, sizeof result);
}

template <typename T>
T to_float(const Operand& o) {
  switch (o.kind) {
    case Class::integer:
      return o.is_unsigned ? static_cast<T>(o.bits) : static_cast<T>(static_cast<int64_t>(o.bits));
    case Class::wide_integer:
      return o.is_unsigned ? static_cast<T>(wide_value(o)) : static_cast<T>(static_cast<Int128>(wide_value(o)));
    case Class::wide_float:
      switch (o.info->rep) {
        case Rep::bf16:
          return static_cast<T>(load_bf16(o.address));
        case Rep::f16:
          return static_cast<T>(load_f16(o.address));
        case Rep::ldouble:
          return static_cast<T>(load<long double>(o.address));
        default:
          return static_cast<T>(load<Quad>(o.address));
      }
    default:
      return static_cast<T>(o.number);
  }
}

template <typename T>
bool push_float_result(lua_State* L, State* st, Op op, Scalar scalar, const Operand& a, const Operand& b) {
  T result = 0;
  bool truth = false;
  if (!float_operation<T>(op, to_float<T>(a), to_float<T>(b), &result, &truth)) return false;
  if (is_comparison(op)) {
    push_boolean(L, truth);
  } else if constexpr (sizeof(T) == sizeof(double)) {
    lua_pushnumber(L, static_cast<double>(result));
  } else {
    CData* box = new_cdata(L, st, info_of(st, scalar));
    store(box->address(), result);
  }
  return true;
}

bool has_rep(const Operand& o, Rep rep) {
  return o.kind == Class::wide_float && o.info->rep == rep;
}

bool push_wide_float_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  if (has_rep(a, Rep::f128) || has_rep(b, Rep::f128)) return push_float_result<Quad>(L, st, op, Scalar::float128, a, b);
  if (has_rep(a, Rep::ldouble) || has_rep(b, Rep::ldouble)) {
    return push_float_result<long double>(L, st, op, Scalar::ldouble, a, b);
  }
  return push_float_result<double>(L, st, op, Scalar::float64, a, b);
}

// --- complex ------------------------------------------------------------------------------------

// Real floating types in order of rank (C11 6.2.5, with _Float128 above long double as in gcc).
enum class Rank : uint8_t { integer, f32, f64, ldouble, f128 };

Rank rank_of(State* st, const Operand& o) {
  switch (o.kind) {
    case Class::complex:
      switch ((*st->types)[o.info->id].scalar) {
        case Scalar::cfloat:
          return Rank::f32;
        case Scalar::cldouble:
          return o.info->size == 2 * sizeof(double) ? Rank::f64 : Rank::ldouble;
        case Scalar::cfloat128:
          return Rank::f128;
        default:
          return Rank::f64;
      }
    case Class::wide_float:
      return o.info->rep == Rep::f128 ? Rank::f128 : o.info->rep == Rep::ldouble ? Rank::ldouble : Rank::f32;
    case Class::number:
      return o.info != nullptr && o.info->rep == Rep::f32 ? Rank::f32 : Rank::f64;
    default:
      return o.info == nullptr ? Rank::f64 : Rank::integer;  // a Lua integer counts as a Lua number
  }
}

template <typename T, typename From>
void widen(const void* address, T (&out)[2]) {
  From parts[2];
  std::memcpy(parts, address, sizeof parts);
  out[0] = static_cast<T>(parts[0]), out[1] = static_cast<T>(parts[1]);
}

template <typename T>
void to_complex(State* st, const Operand& o, T (&out)[2]) {
  if (o.kind != Class::complex) {
    out[0] = to_float<T>(o), out[1] = 0;
    return;
  }
  if (is_integer_complex((*st->types)[o.info->id])) {
    TypeInfo* part = base_of(st, o.info);
    out[0] = static_cast<T>(load_double(st, part, o.address));
    out[1] = static_cast<T>(load_double(st, part, static_cast<const char*>(o.address) + part->size));
    return;
  }
  switch (rank_of(st, o)) {
    case Rank::f32:
      return widen<T, float>(o.address, out);
    case Rank::ldouble:
      return widen<T, long double>(o.address, out);
    case Rank::f128:
      return widen<T, Quad>(o.address, out);
    default:
      return widen<T, double>(o.address, out);
  }
}

template <typename T>
bool push_complex_result(lua_State* L, State* st, Op op, Scalar scalar, const Operand& a, const Operand& b) {
  T x[2], y[2], result[2] = {0, 0};
  bool truth = false;
  to_complex<T>(st, a, x);
  to_complex<T>(st, b, y);
  if (!complex_operation<T>(op, x, y, result, &truth)) return false;
  if (is_comparison(op)) {
    push_boolean(L, truth);
  } else {
    CData* box = new_cdata(L, st, info_of(st, scalar));
    auto* parts = static_cast<char*>(static_cast<void*>(box->address()));
    store(parts, result[0]);
    store(parts + sizeof(T), result[1]);
  }
  return true;
}

bool push_any_complex_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  const Rank rank_a = rank_of(st, a), rank_b = rank_of(st, b);
  switch (rank_a > rank_b ? rank_a : rank_b) {
    case Rank::f32:
      return push_complex_result<float>(L, st, op, Scalar::cfloat, a, b);
    case Rank::ldouble:
      return push_complex_result<long double>(L, st, op, Scalar::cldouble, a, b);
    case Rank::f128:
      return push_complex_result<Quad>(L, st, op, Scalar::cfloat128, a, b);
    default:
      return push_complex_result<double>(L, st, op, Scalar::cdouble, a, b);
  }
}

// --- pointers -----------------------------------------------------------------------------------

// The pointee's or element's type. Null for nil.
TypeInfo* element_of(State* st, const Operand& o) {
  if (o.info == nullptr) return nullptr;
  return o.info->rep == Rep::function ? o.info : base_of(st, o.info);
}

bool is_void(const TypeInfo* element) {
  return element == nullptr || element->kind == Kind::void_;
}
bool is_function(const TypeInfo* element) {
  return element != nullptr && element->kind == Kind::function;
}
bool is_sized(const TypeInfo* element) {
  return !is_void(element) && !is_function(element) && (element->type_flags & (kIncomplete | kVariable)) == 0;
}

// Whether < and - are defined: the same pointee but for qualifiers, where `void` is a pointee like others, nil points
// to it, and all functions are the same, as in LuaJIT.
bool are_comparable(State* st, const Operand& a, const Operand& b) {
  const TypeInfo* x = element_of(st, a);
  const TypeInfo* y = element_of(st, b);
  if (x == nullptr || y == nullptr) return is_void(x) && is_void(y);
  if (is_function(x) && is_function(y)) return true;
  return is_void(x) == is_void(y) && pointer_compatible(st, x->id, y->id, Qualifiers::first_ignored);
}

bool push_difference(lua_State* L, State* st, const Operand& a, const Operand& b) {
  const TypeInfo* element = element_of(st, a);
  if (!is_sized(element) || !is_sized(element_of(st, b)) || element->size == 0 || !are_comparable(st, a, b))
    return false;
  const uintptr_t bytes = reinterpret_cast<uintptr_t>(a.pointer) - reinterpret_cast<uintptr_t>(b.pointer);
  push_small_integer(L, static_cast<int64_t>(static_cast<intptr_t>(bytes)) / static_cast<int64_t>(element->size));
  return true;
}

// pointer + index * size; wraps instead of overflowing. `source` is where the pointer is on the stack.
bool push_moved_pointer(lua_State* L, State* st, const Operand& p, uint64_t index, int source) {
  const TypeInfo* element = element_of(st, p);
  if (!is_sized(element)) return false;
  TypeInfo* result = p.info;
  if (result->rep != Rep::pointer || result->quals != 0) {
    TypeId id = kNoType;
    const TypeId base = p.info->base_id;
    if (!without_exceptions(st, [&] {
          id = st->types->pointer_to(base);
          return true;
        })) {
      raise_error(L, st);
    }
    result = info_of(st, id);
  }
  const uintptr_t moved = reinterpret_cast<uintptr_t>(p.pointer) + static_cast<uintptr_t>(index * element->size);
  if (pointers_are_checked(st)) {
    require_distance(L, st, source, static_cast<int64_t>(index), element->size);
    require_within(L, st, source, p.pointer, reinterpret_cast<void*>(moved));
  }
  push_pointer(L, st, result, reinterpret_cast<void*>(moved), worth_keeping(L, st, source) ? source : 0);
  return true;
}

bool is_index(const Operand& o) {
  return o.kind == Class::integer || o.kind == Class::number;
}

bool push_pointer_result(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  if (a.kind == Class::pointer && b.kind == Class::pointer) {
    const uintptr_t x = reinterpret_cast<uintptr_t>(a.pointer), y = reinterpret_cast<uintptr_t>(b.pointer);
    switch (op) {
      case Op::sub:
        return push_difference(L, st, a, b);
      case Op::eq:
        push_boolean(L, x == y);
        return true;
      case Op::lt:
      case Op::le:
        if (!are_comparable(st, a, b)) return false;
        push_boolean(L, op == Op::lt ? x < y : x <= y);
        return true;
      default:
        return false;
    }
  }
  if (a.kind == Class::pointer && is_index(b)) {
    if (op == Op::add) return push_moved_pointer(L, st, a, to_int64(L, st, op, b), 1);
    if (op == Op::sub) return push_moved_pointer(L, st, a, 0 - to_int64(L, st, op, b), 1);
  }
  if (b.kind == Class::pointer && is_index(a) && op == Op::add)
    return push_moved_pointer(L, st, b, to_int64(L, st, op, a), 2);
  return false;
}

// --- dispatch -----------------------------------------------------------------------------------

bool push_predefined(lua_State* L, State* st, Op op, const Operand& a, const Operand& b) {
  if (op == Op::concat || op == Op::len) return false;
  if (a.kind == Class::integer && b.kind == Class::integer) {
    push_int64_result(L, st, op, a, b);
    return true;
  }
  if (a.kind == Class::pointer || b.kind == Class::pointer) return push_pointer_result(L, st, op, a, b);
  if (a.kind == Class::complex || b.kind == Class::complex) {
    if ((a.kind != Class::complex && !is_real(a)) || (b.kind != Class::complex && !is_real(b))) return false;
    return push_any_complex_result(L, st, op, a, b);
  }
  if (a.kind == Class::decimal || b.kind == Class::decimal) return push_decimal_result(L, st, op, a, b);
  if (!is_real(a) || !is_real(b)) return false;
  if (a.kind == Class::wide_float || b.kind == Class::wide_float) return push_wide_float_result(L, st, op, a, b);
  if (a.kind == Class::wide_integer || b.kind == Class::wide_integer) {
    push_int128_result(L, st, op, a, b);
  } else {
    push_int64_result(L, st, op, a, b);
  }
  return true;
}

[[noreturn]] void raise_operator(lua_State* L, Op op, const char* left, const char* right) {
  switch (op) {
    case Op::len:
      raise(L, "attempt to get length of '%s'", left);
    case Op::concat:
      raise(L, "attempt to concatenate '%s' and '%s'", left, right);
    case Op::eq:
    case Op::lt:
    case Op::le:
      raise(L, "attempt to compare '%s' with '%s'", left, right);
    default:
      break;
  }
  raise(L,
        is_bitwise(op) ? "attempt to perform bitwise operation on '%s' and '%s'"
                       : "attempt to perform arithmetic on '%s' and '%s'",
        left, right);
}

// 1: equal, 0: different, -1: not two ctypes.
int compare_ctypes(lua_State* L, State* st) {
  const CData* a = to_ctype(L, st, 1);
  const CData* b = a != nullptr ? to_ctype(L, st, 2) : nullptr;
  return b == nullptr ? -1 : a->type == b->type ? 1 : 0;
}

// Userdata that stand for a literal beside a cdata (literal.h) give way to it.
void unwrap_literals(lua_State* L, State* st, Operand* operands) {
  for (int i = 0; i < 2; ++i) {
    Side side = Side::left;
    if (operands[i].info != nullptr || lua_type(L, i + 1) != LUA_TUSERDATA || !push_literal(L, st, i + 1, &side)) {
      continue;
    }
    lua_replace(L, i + 1);
    operands[i] = Operand();
    sort_operand(L, st, i + 1, &operands[i]);
    if (i == 0 && side == Side::right) {  // it only stood in front to be asked first
      lua_insert(L, 1);
      std::swap(operands[0], operands[1]);
      return;
    }
  }
}

int operate(lua_State* L, Op op) {
  State* st = state_of(L);
  lua_settop(L, 2);
  if (st->closed()) {
    if (op != Op::eq) raise_closed(L);
    push_boolean(L, raw_equal(L, 1, 2));
    return 1;
  }
  Operand operands[2];
  sort_operand(L, st, 1, &operands[0]);
  sort_operand(L, st, 2, &operands[1]);
  if (op == Op::eq) unwrap_literals(L, st, operands);
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  TypeId unknown_in = kNoType;  // the enum that a string is no constant of
  for (int i = 0; i < 2; ++i) {
    const Operand& beside = operands[1 - i];
    if (lua_type(L, i + 1) != LUA_TSTRING || beside.info == nullptr) continue;
    if (op == Op::eq && beside.kind == Class::pointer) {  // asked by translated Lua: a string is its own address
      if (call_metatype(L, st, "__eq", 2, 1)) return 1;
      operands[i].kind = Class::pointer;
      set_identity(&operands[i], const_cast<char*>(lua_tostring(L, i + 1)));
    }
    if (beside.info->kind != Kind::enumeration) continue;
    if (!sort_enum_constant(L, st, i + 1, beside, &operands[i])) unknown_in = beside.info->id;
  }
  const bool is_complex = a.kind == Class::complex || b.kind == Class::complex;
  if (is_complex && call_metatype(L, st, kEvents[static_cast<size_t>(op)], 2, 1)) return 1;
  if (push_predefined(L, st, op, a, b)) return 1;
  if (!is_complex && call_metatype(L, st, kEvents[static_cast<size_t>(op)], 2, 1)) return 1;
  if (op == Op::eq) {
    const int ctypes = compare_ctypes(L, st);
    push_boolean(L, ctypes >= 0 ? ctypes != 0 : a.has_identity && b.has_identity && a.pointer == b.pointer);
    return 1;
  }
  if (unknown_in != kNoType) raise(L, "cannot convert 'string' to '%s'", type_name(st, unknown_in));
  const char* left = describe_value(L, st, 1);
  raise_operator(L, op, left, describe_value(L, st, 2));
}

// Rep::pointer, i64 or u64 of a value that lies in its cdata, else Rep::none.
Rep quick_rep(State* st, const CData* cd) {
  if (cd == nullptr || (cd->flags & kInSlot) == 0) return Rep::none;
  const Rep rep = info_of(st, cd->type)->rep;
  return rep == Rep::pointer || rep == Rep::i64 || rep == Rep::u64 ? rep : Rep::none;
}

// Whether two pointers or two boxed 64-bit integers are equal, or a pointer and nil: most of what == is asked about, of
// which operate() would say the same. False: there is no telling.
bool is_quickly_equal(lua_State* L, State* st, bool* result) {
  if (st->closed()) return false;
  const CData* a = to_cdata(L, st, 1);
  const CData* b = to_cdata(L, st, 2);
  const Rep rep_a = quick_rep(st, a), rep_b = quick_rep(st, b);
  if (rep_a != Rep::none && rep_b != Rep::none) {
    if ((rep_a == Rep::pointer) != (rep_b == Rep::pointer)) return false;
    *result = rep_a == Rep::pointer ? a->pointer == b->pointer : a->bits == b->bits;
    return true;
  }
  const Literals& literals = st->literals;
  if (literals.any_address == nullptr) return false;
  const void* x = lua_touserdata(L, 1);
  const void* y = lua_touserdata(L, 2);
  if (x == literals.any_address || y == literals.any_address) return *result = true;
  if (rep_a == Rep::pointer && y == literals.null_address) {
    *result = a->pointer == nullptr;
    return true;
  }
  if (rep_b == Rep::pointer && x == literals.null_address) {
    *result = b->pointer == nullptr;
    return true;
  }
  return false;
}

}  // namespace

int l_eq(lua_State* L) {
  bool result = false;
  if (!is_quickly_equal(L, state_of(L), &result)) return operate(L, Op::eq);
  push_boolean(L, result);
  return 1;
}
int l_lt(lua_State* L) {
  return operate(L, Op::lt);
}
int l_le(lua_State* L) {
  return operate(L, Op::le);
}

namespace {
template <Op op>
int l_operator(lua_State* L) {
  return operate(L, op);
}
// A row that this Lua version has no operator for ends the list.
constexpr luaL_Reg if_integer_operators(const char* name, lua_CFunction f) {
  return kHasIntegerOperators ? luaL_Reg{name, f} : luaL_Reg{nullptr, nullptr};
}
}  // namespace

const luaL_Reg kArithmeticMetamethods[] = {
    {"__add", guarded<l_operator<Op::add>>},
    {"__sub", guarded<l_operator<Op::sub>>},
    {"__mul", guarded<l_operator<Op::mul>>},
    {"__div", guarded<l_operator<Op::div>>},
    {"__mod", guarded<l_operator<Op::mod>>},
    {"__pow", guarded<l_operator<Op::pow>>},
    {"__unm", guarded<l_operator<Op::unm>>},
    {"__concat", guarded<l_operator<Op::concat>>},
    {"__len", guarded<l_operator<Op::len>>},
    {"__eq", guarded<l_eq>},
    {"__lt", guarded<l_lt>},
    {"__le", guarded<l_le>},
    if_integer_operators("__idiv", guarded<l_operator<Op::idiv>>),
    if_integer_operators("__band", guarded<l_operator<Op::band>>),
    if_integer_operators("__bor", guarded<l_operator<Op::bor>>),
    if_integer_operators("__bxor", guarded<l_operator<Op::bxor>>),
    if_integer_operators("__shl", guarded<l_operator<Op::shl>>),
    if_integer_operators("__shr", guarded<l_operator<Op::shr>>),
    if_integer_operators("__bnot", guarded<l_operator<Op::bnot>>),
    {nullptr, nullptr},
};

}  // namespace ferry::lua
