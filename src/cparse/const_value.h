// Values of constant expressions and their arithmetic by the rules of C (C11 6.3, 6.5, 6.6). No syntax.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cparse/keywords.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// What an expression is: its type always, its value where that is known at translation time.
struct Value {
  enum class Known : uint8_t { no, integer, floating };
  TypeId type = kNoType;
  Known known = Known::no;
  bool lvalue = false;        // an object; Known::integer is then its address (`((T *)0)->member`)
  uint8_t bits = 0;           // of a bit-field: its width
  uint32_t node = 0;          // how it is computed, where a tree is made and it is not known
  const char* why = nullptr;  // Known::no: why not, for the message when the value is needed after all
  int64_t integer = 0;        // sign- or zero-extended by the type; of a pointer: the address
  long double floating = 0;   // rounded to the type
};

constexpr const char* kDecimalIsUnknown = "the value of a decimal floating-point number is not computed";
constexpr const char* kNoDecimal = "the target has no decimal floating-point types";
constexpr const char* kComplexIsUnknown = "the value of a complex number is not constant";

class Arithmetic {
 public:
  explicit Arithmetic(const TypeTable& types) : types_(types) {}

  Value integer(int64_t value, TypeId type) const;  // wraps to the type's width
  Value floating(long double value, TypeId type) const;
  Value unknown(TypeId type, const char* why) const;

  // C11 6.3.1.1: bool, char, short and enums become int, unsigned int or their wider underlying type.
  TypeId promoted(TypeId type) const;
  // The same of a bit-field: an int where that holds all values of so many bits, whatever its type is (gcc, clang).
  TypeId promoted_bits(TypeId type, unsigned bits) const;
  // C11 6.3.1.8; kNoType if one is no number, real or complex.
  TypeId common(TypeId a, TypeId b) const;
  // C11 6.3.1, 6.5.4: a conversion to a scalar type. Out of range floating values saturate, as in gcc.
  Value convert(const Value& value, TypeId type) const;
  // False when the truth of the value is not known.
  bool truth(const Value& value, bool& result) const;

  // Unary + - ~ !. Error: not for this type.
  Result<Value> unary(Tok op, const Value& operand) const;
  // Binary operators except && and ||, which do not evaluate both sides. Error: not for these types.
  Result<Value> binary(Tok op, const Value& left, const Value& right) const;

  bool is_number(TypeId type) const;  // a real one
  bool is_decimal(TypeId type) const { return types_[type].kind == Kind::decimal; }
  bool is_complex(TypeId type) const { return types_[type].kind == Kind::complex; }
  TypeId part_of(TypeId type) const;  // of a complex type; of others the type itself, unqualified
  bool is_integer(TypeId type) const { return is_integer_like(types_[type]); }
  TypeId integer_type(unsigned size, bool is_unsigned) const;  // kNoType: there is none
  TypeId size_type() const { return integer_type(types_.target().pointer_size, true); }
  TypeId int_type() const { return scalar_type(Scalar::int32); }

 private:
  Result<Value> pointer_binary(Tok op, const Value& left, const Value& right) const;
  Value shift(Tok op, const Value& left, const Value& right) const;
  Value integer_binary(Tok op, const Value& left, const Value& right, TypeId type) const;
  Value floating_binary(Tok op, const Value& left, const Value& right, TypeId type) const;

  const TypeTable& types_;
};

// C11 6.4.4.1 and 6.4.4.2 with the suffixes of gcc and MSVC. Of an imaginary constant the value is not known, but
// `integer` or `floating` has its imaginary part; that of a decimal one is in the text.
Result<Value> number_value(TypeTable& types, std::string_view text);
// C11 6.4.4.4; several characters in one constant combine as in gcc.
Result<Value> character_value(const TypeTable& types, std::string_view text);
// The type of the elements of a string literal, by its prefix.
TypeId string_element(const TypeTable& types, std::string_view text);
// Appends the literal's elements, of `unit` bytes each, as this machine has them; returns how many there are without
// the final zero. The unit is that of all literals that are joined: C11 6.4.5p5.
uint64_t decode_string(std::string_view text, unsigned unit, std::string* out);

}  // namespace ferry::cparse
