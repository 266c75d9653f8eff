// Sorts the operands of operators into kinds (operand.h).
#include "lua/objects/operand.h"

#include "base/memory.h"
#include "lua/values/numbers.h"
#include "lua/values/source.h"

namespace ferry::lua {

using Class = Operand::Class;

void set_integer(Operand* o, uint64_t bits, bool is_unsigned) {
  o->kind = Class::integer;
  o->bits = bits;
  o->is_unsigned = is_unsigned;
}

void set_identity(Operand* o, void* address) {
  o->has_identity = true;
  o->pointer = address;
}

namespace {

// A scalar, pointer or aggregate of type o->info at `address`.
void sort_c_value(Operand* o, void* address) {
  switch (o->info->rep) {
    case Rep::array:
    case Rep::function:
      o->kind = Class::pointer;
      set_identity(o, address);
      return;
    case Rep::record:
    case Rep::vector:
      set_identity(o, address);
      return;
    case Rep::none:
      if (is_opaque(*o->info)) set_identity(o, address);
      return;
    case Rep::reference:
      return;
    default:
      break;
  }
  if (address == nullptr) return;  // a NULL reference: no operator is predefined for it
  o->address = address;
  switch (o->info->rep) {
    case Rep::boolean:
      set_integer(o, load<uint8_t>(address) != 0);
      return;
    case Rep::i8:
      set_integer(o, static_cast<uint64_t>(int64_t{load<int8_t>(address)}));
      return;
    case Rep::u8:
      set_integer(o, load<uint8_t>(address));
      return;
    case Rep::i16:
      set_integer(o, static_cast<uint64_t>(int64_t{load<int16_t>(address)}));
      return;
    case Rep::u16:
      set_integer(o, load<uint16_t>(address));
      return;
    case Rep::i32:
      set_integer(o, static_cast<uint64_t>(int64_t{load<int32_t>(address)}));
      return;
    case Rep::u32:
      set_integer(o, load<uint32_t>(address));
      return;
    case Rep::i64:
      set_integer(o, load<uint64_t>(address));
      return;
    case Rep::u64:
      set_integer(o, load<uint64_t>(address), true);
      return;
    case Rep::f32:
      o->kind = Class::number, o->number = load<float>(address);
      return;
    case Rep::f64:
      o->kind = Class::number, o->number = load<double>(address);
      return;
    case Rep::i128:
      o->kind = Class::wide_integer;
      return;
    case Rep::u128:
      o->kind = Class::wide_integer, o->is_unsigned = true;
      return;
    case Rep::bit_int: {
      const bool is_unsigned = (o->info->type_flags & kUnsigned) != 0;
      if (o->info->size > 8)
        o->kind = Class::wide_integer, o->is_unsigned = is_unsigned;
      else
        set_integer(o, load_bit_int(o->info, address).low, is_unsigned && o->info->size == 8);
      return;
    }
    case Rep::bf16:
    case Rep::f16:
    case Rep::ldouble:
    case Rep::f128:
      o->kind = Class::wide_float;
      return;
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      o->kind = Class::decimal;
      return;
    case Rep::complex:
      o->kind = Class::complex;
      return;
    case Rep::pointer:
      o->kind = Class::pointer;
      set_identity(o, load<void*>(address));
      return;
    default:
      return;
  }
}

}  // namespace

void sort_operand(lua_State* L, State* st, int idx, Operand* o) {
  const Source value = classify(L, st, idx);
  switch (value.kind) {
    case Source::Kind::cdata:
      // Objects are compared by their address; of all else the value is needed.
      if (value.info->rep < Rep::record && value.info->rep != Rep::vector) require_object(L, st, value);
      o->info = value.info;
      sort_c_value(o, value.address);
      return;
    case Source::Kind::c_function:  // stands for the C function it calls
      o->info = value.info;
      sort_c_value(o, value.address);
      return;
    case Source::Kind::number:
      if (is_integer_subtype(L, idx)) {
        int64_t integer = 0;
        exact_integer(L, idx, &integer);
        set_integer(o, static_cast<uint64_t>(integer));
      } else {
        o->kind = Class::number;
        o->number = lua_tonumber(L, idx);
      }
      return;
    case Source::Kind::nil:
      o->kind = Class::pointer;
      set_identity(o, nullptr);
      return;
    default:
      return;
  }
}

bool sort_enum_constant(lua_State* L, State* st, int idx, const Operand& enumeration, Operand* o) {
  const NamedConstant* constant = enum_constant(L, st, enumeration.info, idx);
  if (constant == nullptr) return false;
  set_integer(o, static_cast<uint64_t>(constant->value.integer), enumeration.is_unsigned);
  return true;
}

}  // namespace ferry::lua
