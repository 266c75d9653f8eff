// Decimal floating-point numbers in the binary encoding (BID) of IEEE 754-2008, 3.5.2, as gcc has them on x86: from and
// to their bytes, text, integers and binary floating-point numbers, compared and computed with. All of it rounds once,
// to nearest, ties to even. Where a value has several representations (1.2, 1.20) the exponent is as near to the one
// that IEEE 754 prefers as it can be.
#pragma once

#include <optional>
#include <string_view>

#include "base/natural.h"

namespace ferry {

struct DecimalFormat {
  unsigned size;           // bytes
  int digits;              // of precision
  int bias;                // the lowest exponent is -bias
  int highest;             // exponent
  unsigned exponent_bits;  // of the encoding
};
inline constexpr DecimalFormat kDecimal32{4, 7, 101, 90, 8};
inline constexpr DecimalFormat kDecimal64{8, 16, 398, 369, 10};
inline constexpr DecimalFormat kDecimal128{16, 34, 6176, 6111, 14};
const DecimalFormat& decimal_format(uint64_t size);

struct Decimal {
  enum class Kind : uint8_t { finite, infinity, quiet, signalling };
  Kind kind = Kind::finite;
  bool negative = false;
  int exponent = 0;
  Wide128 coefficient;  // below 10^digits; of a NaN: its payload

  bool is_nan() const { return kind >= Kind::quiet; }
  bool is_finite() const { return kind == Kind::finite; }
  bool is_zero() const { return is_finite() && coefficient == Wide128{}; }
};

// A binary floating-point number, significand * 2^exponent. Infinities and NaN have kinds of their own.
struct Binary {
  Decimal::Kind kind = Decimal::Kind::finite;
  bool negative = false;
  int exponent = 0;
  Wide128 significand;
};
// What it is converted to: bits of precision, and the exponent of the last bit of the least denormal number. An
// overflow is left to the caller.
struct BinaryFormat {
  unsigned bits;
  int lowest;
};

// Coefficients that are too large count as 0 (3.5.2: they are not canonical).
Decimal load_decimal(const DecimalFormat& format, const void* address);
void store_decimal(const DecimalFormat& format, void* address, const Decimal& value);

// [+-] (digits with a point perhaps, [eE] [+-] digits | inf | infinity | [s]nan payload), in letters of either case;
// all of the text. Nothing: it is something else.
std::optional<Decimal> decimal_from_text(const DecimalFormat& format, std::string_view text);
// C23 7.23.6.1, `a` for decimal numbers: trailing zeros are kept, and an exponent is written for those above 0 and for
// numbers below 1e-6. With a NUL behind it.
struct DecimalText {
  char text[48];
};
DecimalText text_of(const Decimal& value);

Decimal decimal_from_integer(const DecimalFormat& format, bool negative, Wide128 magnitude);
Decimal decimal_from_binary(const DecimalFormat& format, const Binary& value);
Decimal to_format(const DecimalFormat& format, const Decimal& value);

Binary binary_from_decimal(const BinaryFormat& format, const Decimal& value);
// The integral part. False: it has more than 128 bits, or there is none.
bool integer_from_decimal(const Decimal& value, Wide128& magnitude);

enum class DecimalOrder : uint8_t { less, equal, greater, unordered };
DecimalOrder compare(const Decimal& a, const Decimal& b);
DecimalOrder compare(const Decimal& a, const Binary& b);

// Both are of the format.
Decimal add(const DecimalFormat& format, const Decimal& a, const Decimal& b);
Decimal multiply(const DecimalFormat& format, const Decimal& a, const Decimal& b);
Decimal divide(const DecimalFormat& format, const Decimal& a, const Decimal& b);
inline Decimal negated(Decimal value) {
  value.negative = !value.negative;
  return value;
}

}  // namespace ferry
