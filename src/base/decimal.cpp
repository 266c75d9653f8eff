// Decimal floating-point numbers (decimal.h).
#include "base/decimal.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace ferry {

namespace {

// Digits that are read of a text: enough for every format and one more, which stands for all behind it.
constexpr int kReadDigits = 40;
constexpr int64_t kHugeExponent = int64_t{1} << 40;

Decimal special(Decimal::Kind kind, bool negative, Wide128 payload = {}) {
  Decimal d;
  d.kind = kind;
  d.negative = negative;
  d.coefficient = payload;
  return d;
}

int digits_of(Natural n) {
  int digits = 0;
  while (n.bits() > 32) {
    n.divide(1000000000);
    digits += 9;
  }
  for (uint64_t rest = n.low().low; rest != 0; rest /= 10) ++digits;
  return digits;
}
int digits_of(Wide128 value) {
  return digits_of(Natural(value));
}

// (n + f) * 10^exponent in the format, where 0 < f < 1 if `inexact`, and n has more digits than the format then. The
// exponent stays as near to the given one as the format allows.
Decimal rounded(const DecimalFormat& format, bool negative, Natural n, int64_t exponent, bool inexact = false) {
  Decimal result;
  result.negative = negative;
  int digits = digits_of(n);
  int64_t drop = std::max<int64_t>(digits - format.digits, -format.bias - exponent);
  if (n.is_zero() && !inexact) drop = 0;
  if (drop > 0) {
    exponent += drop;
    uint32_t last = 0;
    if (drop > digits) {
      inexact = inexact || !n.is_zero();
      n = Natural();
    } else {
      for (; drop > 9; drop -= 9) inexact = n.divide(1000000000) != 0 || inexact;
      for (; drop > 1; --drop) inexact = n.divide(10) != 0 || inexact;
      last = n.divide(10);
    }
    if (last > 5 || (last == 5 && (inexact || n.is_odd()))) n.add(Natural(Wide128{1, 0}));
    digits = digits_of(n);
    if (digits > format.digits) {
      n.divide(10);
      --digits;
      ++exponent;
    }
  }
  if (n.is_zero()) {
    result.exponent = static_cast<int>(std::clamp<int64_t>(exponent, -format.bias, format.highest));
    return result;
  }
  for (; exponent > format.highest; --exponent) {
    if (++digits > format.digits) return special(Decimal::Kind::infinity, negative);
    n.multiply(10);
  }
  result.exponent = static_cast<int>(exponent);
  result.coefficient = n.low();
  return result;
}

bool is_below(Wide128 value, int digits) {
  return digits_of(value) <= digits;
}

}  // namespace

const DecimalFormat& decimal_format(uint64_t size) {
  return size == 4 ? kDecimal32 : size == 8 ? kDecimal64 : kDecimal128;
}

// --- bytes --------------------------------------------------------------------------------------

// IEEE 754-2008 3.5.2: sign, combination field, the rest of the coefficient. All of the sign and exponent are in the
// upper word, which of decimal128 is half of it.
Decimal load_decimal(const DecimalFormat& format, const void* address) {
  uint64_t words[2] = {0, 0};
  std::memcpy(words, address, format.size);
  const bool wide = format.size == 16;
  const unsigned width = format.size == 4 ? 32 : 64;
  uint64_t top = words[wide ? 1 : 0] << (64 - width);  // the sign is bit 63
  Decimal d;
  d.negative = top >> 63 != 0;
  const unsigned combination = static_cast<unsigned>(top >> 58 & 31);
  const unsigned tail = width - 1 - format.exponent_bits;  // bits of the upper word behind the exponent
  const uint64_t upper = top >> (64 - width);
  if (combination >= 30) {
    if (combination == 30) return special(Decimal::Kind::infinity, d.negative);
    d.kind = (top >> 57 & 1) != 0 ? Decimal::Kind::signalling : Decimal::Kind::quiet;
    const uint64_t payload = upper & ((uint64_t{1} << (tail - 3)) - 1);
    d.coefficient = wide ? Wide128{words[0], payload} : Wide128{payload, 0};
    if (!is_below(d.coefficient, format.digits - 1)) d.coefficient = {};
    return d;
  }
  const bool large = combination >= 24;  // the coefficient begins with 100
  const unsigned shift = large ? tail - 2 : tail;
  const uint64_t mask = (uint64_t{1} << format.exponent_bits) - 1;
  d.exponent = static_cast<int>(upper >> shift & mask) - format.bias;
  uint64_t digits = upper & ((uint64_t{1} << shift) - 1);
  if (large) digits |= uint64_t{1} << tail;
  d.coefficient = wide ? Wide128{words[0], digits} : Wide128{digits, 0};
  if (!is_below(d.coefficient, format.digits)) d.coefficient = {};
  return d;
}

void store_decimal(const DecimalFormat& format, void* address, const Decimal& value) {
  const bool wide = format.size == 16;
  const unsigned width = format.size == 4 ? 32 : 64;
  const unsigned tail = width - 1 - format.exponent_bits;
  const uint64_t digits = wide ? value.coefficient.high : value.coefficient.low;
  uint64_t upper = uint64_t{value.negative} << (width - 1);
  switch (value.kind) {
    case Decimal::Kind::infinity:
      upper |= uint64_t{30} << (width - 6);
      break;
    case Decimal::Kind::quiet:
    case Decimal::Kind::signalling:
      upper |= uint64_t{31} << (width - 6) | digits;
      if (value.kind == Decimal::Kind::signalling) upper |= uint64_t{1} << (width - 7);
      break;
    case Decimal::Kind::finite: {
      const auto exponent = static_cast<uint64_t>(value.exponent + format.bias);
      if (digits >> tail == 0) {
        upper |= exponent << tail | digits;
      } else {
        upper |= uint64_t{3} << (width - 3) | exponent << (tail - 2) | (digits & ((uint64_t{1} << (tail - 2)) - 1));
      }
      break;
    }
  }
  const uint64_t words[2] = {wide && value.kind != Decimal::Kind::infinity ? value.coefficient.low
                             : wide                                        ? 0
                                                                           : upper,
                             upper};
  std::memcpy(address, words, format.size);
}

// --- text ---------------------------------------------------------------------------------------

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether the text begins with the word, in letters of either case; takes it.
bool take_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  text.remove_prefix(word.size());
  return true;
}

bool take_sign(std::string_view& text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  return negative;
}

std::optional<Decimal> nan_from_text(const DecimalFormat& format, Decimal::Kind kind, bool negative,
                                     std::string_view payload) {
  while (!payload.empty() && payload[0] == '0') payload.remove_prefix(1);
  if (payload.size() >= static_cast<size_t>(format.digits)) return std::nullopt;
  Natural n;
  for (const char c : payload) {
    if (!is_digit(c)) return std::nullopt;
    n.multiply(10, static_cast<uint32_t>(c - '0'));
  }
  return special(kind, negative, n.low());
}

}  // namespace

std::optional<Decimal> decimal_from_text(const DecimalFormat& format, std::string_view text) {
  const bool negative = take_sign(text);
  if (std::string_view rest = text; take_word(rest, "inf")) {
    if (!rest.empty() && !(take_word(rest, "inity") && rest.empty())) return std::nullopt;
    return special(Decimal::Kind::infinity, negative);
  }
  if (std::string_view rest = text; take_word(rest, "nan"))
    return nan_from_text(format, Decimal::Kind::quiet, negative, rest);
  if (std::string_view rest = text; take_word(rest, "snan"))
    return nan_from_text(format, Decimal::Kind::signalling, negative, rest);

  Natural n;
  int64_t exponent = 0;
  int taken = 0;
  bool any = false, point = false, inexact = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    any = true;
    const auto digit = static_cast<uint32_t>(text[at] - '0');
    if (taken < kReadDigits) {
      n.multiply(10, digit);
      if (!n.is_zero()) ++taken;
      if (point) --exponent;
    } else {
      inexact = inexact || digit != 0;
      if (!point) ++exponent;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size()) {
    if (lower(text[at]) != 'e') return std::nullopt;
    std::string_view rest = text.substr(at + 1);
    const bool below = take_sign(rest);
    if (rest.empty()) return std::nullopt;
    int64_t given = 0;
    for (const char c : rest) {
      if (!is_digit(c)) return std::nullopt;
      given = std::min(given * 10 + (c - '0'), kHugeExponent);
    }
    exponent += below ? -given : given;
  }
  return rounded(format, negative, n, exponent, inexact);
}

DecimalText text_of(const Decimal& value) {
  DecimalText result;
  char* to = result.text;
  const auto put = [&](std::string_view text) { to = std::copy(text.begin(), text.end(), to); };
  if (value.negative) *to++ = '-';
  char digits[sizeof result.text];
  char* from = digits + sizeof digits;
  for (Natural n(value.coefficient); !n.is_zero();) *--from = static_cast<char>('0' + n.divide(10));
  const bool is_zero = from == digits + sizeof digits;
  if (is_zero) *--from = '0';
  std::string_view left(from, static_cast<size_t>(digits + sizeof digits - from));
  const auto put_digit = [&] {
    *to++ = left.front();
    left.remove_prefix(1);
  };
  const int first = value.exponent + static_cast<int>(left.size()) - 1;  // the exponent of the first digit
  if (value.kind == Decimal::Kind::infinity) {
    put("Infinity");
  } else if (value.is_nan()) {
    put(value.kind == Decimal::Kind::signalling ? "sNaN" : "NaN");
    if (!is_zero) put(left);
  } else if (value.exponent <= 0 && first >= -6) {
    if (first < 0) put("0.");
    for (int place = -1; place > first; --place) *to++ = '0';
    for (int place = first; !left.empty(); --place) {
      if (place == -1 && first >= 0) *to++ = '.';
      put_digit();
    }
  } else {
    put_digit();
    if (!left.empty()) *to++ = '.';
    put(left);
    put(first < 0 ? "E-" : "E+");
    to = std::to_chars(to, result.text + sizeof result.text, std::abs(first)).ptr;
  }
  *to = '\0';
  return result;
}

// --- other numbers ------------------------------------------------------------------------------

Decimal decimal_from_integer(const DecimalFormat& format, bool negative, Wide128 magnitude) {
  return rounded(format, negative, Natural(magnitude), 0);
}

Decimal decimal_from_binary(const DecimalFormat& format, const Binary& value) {
  if (value.kind != Decimal::Kind::finite) return special(value.kind, value.negative);
  Natural n(value.significand);
  int exponent = value.exponent;
  if (n.is_zero()) return rounded(format, value.negative, n, 0);
  for (; exponent < 0 && !n.is_odd(); ++exponent) n.shift_right(1);
  if (exponent < 0)
    return rounded(format, value.negative, n.multiply_by_power_of_5(static_cast<unsigned>(-exponent)), exponent);
  return rounded(format, value.negative, n.shift_left(static_cast<unsigned>(exponent)), 0);
}

Decimal to_format(const DecimalFormat& format, const Decimal& value) {
  if (value.is_finite()) return rounded(format, value.negative, Natural(value.coefficient), value.exponent);
  Decimal d = value;
  if (d.kind == Decimal::Kind::signalling) d.kind = Decimal::Kind::quiet;
  if (!is_below(d.coefficient, format.digits - 1)) d.coefficient = {};
  return d;
}

Binary binary_from_decimal(const BinaryFormat& format, const Decimal& value) {
  Binary b;
  b.kind = value.kind;
  b.negative = value.negative;
  if (!value.is_finite() || value.is_zero()) return b;
  Natural n(value.coefficient);
  bool inexact = false;
  b.exponent = value.exponent;
  if (value.exponent >= 0) {
    n.multiply_by_power_of_5(static_cast<unsigned>(value.exponent));
  } else {
    Natural divisor(Wide128{1, 0});
    divisor.multiply_by_power_of_5(static_cast<unsigned>(-value.exponent));
    // Two bits more than are wanted, and whether there is anything behind them.
    const unsigned wanted = format.bits + 2 + divisor.bits();
    const unsigned up = wanted > n.bits() ? wanted - n.bits() : 0;
    n.shift_left(up);
    b.exponent -= static_cast<int>(up);
    const Natural quotient = divide(n, divisor);
    inexact = !n.is_zero();
    n = quotient;
  }
  const int drop = std::max(static_cast<int>(n.bits()) - static_cast<int>(format.bits), format.lowest - b.exponent);
  if (drop > 0) {
    inexact = n.shift_right(static_cast<unsigned>(drop - 1)) || inexact;
    const bool half = n.is_odd();
    n.shift_right(1);
    b.exponent += drop;
    if (half && (inexact || n.is_odd())) n.add(Natural(Wide128{1, 0}));
  }
  // A coefficient that has more bits than 128 is none here, but one times a power of 10 may.
  b.significand = n.low();
  return b;
}

bool integer_from_decimal(const Decimal& value, Wide128& magnitude) {
  magnitude = {};
  if (!value.is_finite()) return false;
  Natural n(value.coefficient);
  if (value.exponent > 39) return n.is_zero();
  if (value.exponent >= 0) n.multiply_by_power_of_10(static_cast<unsigned>(value.exponent));
  for (int i = value.exponent; i < 0 && !n.is_zero(); ++i) n.divide(10);
  magnitude = n.low();
  return n.bits() <= 128;
}

// --- order --------------------------------------------------------------------------------------

namespace {

DecimalOrder order_of(int sign, bool negative) {
  if (sign == 0) return DecimalOrder::equal;
  return (sign < 0) != negative ? DecimalOrder::less : DecimalOrder::greater;
}

// What is decided by kinds and signs alone.
std::optional<DecimalOrder> simple_order(Decimal::Kind a, bool a_negative, bool a_zero, Decimal::Kind b,
                                         bool b_negative, bool b_zero) {
  if (a >= Decimal::Kind::quiet || b >= Decimal::Kind::quiet) return DecimalOrder::unordered;
  if (a_zero && b_zero) return DecimalOrder::equal;
  if (a_zero) return b_negative ? DecimalOrder::greater : DecimalOrder::less;
  if (b_zero) return a_negative ? DecimalOrder::less : DecimalOrder::greater;
  if (a_negative != b_negative) return a_negative ? DecimalOrder::less : DecimalOrder::greater;
  const bool a_infinite = a == Decimal::Kind::infinity, b_infinite = b == Decimal::Kind::infinity;
  if (a_infinite || b_infinite) return order_of(int{a_infinite} - int{b_infinite}, a_negative);
  return std::nullopt;
}

}  // namespace

DecimalOrder compare(const Decimal& a, const Decimal& b) {
  if (const auto order = simple_order(a.kind, a.negative, a.is_zero(), b.kind, b.negative, b.is_zero())) return *order;
  const int first_a = a.exponent + digits_of(a.coefficient), first_b = b.exponent + digits_of(b.coefficient);
  if (first_a != first_b) return order_of(first_a < first_b ? -1 : 1, a.negative);
  // As the first digits stand at one place, the exponents differ by the formats' digits at most.
  Natural x(a.coefficient), y(b.coefficient);
  if (a.exponent > b.exponent) x.multiply_by_power_of_10(static_cast<unsigned>(a.exponent - b.exponent));
  if (b.exponent > a.exponent) y.multiply_by_power_of_10(static_cast<unsigned>(b.exponent - a.exponent));
  return order_of(compare(x, y), a.negative);
}

DecimalOrder compare(const Decimal& a, const Binary& b) {
  if (const auto order = simple_order(a.kind, a.negative, a.is_zero(), b.kind, b.negative, b.significand == Wide128{}))
    return *order;
  // c * 5^q * 2^q with m * 2^e, the power of 5 on the side where it is none of a fraction.
  Natural x(a.coefficient), y(b.significand);
  if (a.exponent >= 0)
    x.multiply_by_power_of_5(static_cast<unsigned>(a.exponent));
  else
    y.multiply_by_power_of_5(static_cast<unsigned>(-a.exponent));
  const int high_x = a.exponent + static_cast<int>(x.bits()), high_y = b.exponent + static_cast<int>(y.bits());
  if (high_x != high_y) return order_of(high_x < high_y ? -1 : 1, a.negative);
  if (a.exponent > b.exponent) x.shift_left(static_cast<unsigned>(a.exponent - b.exponent));
  if (b.exponent > a.exponent) y.shift_left(static_cast<unsigned>(b.exponent - a.exponent));
  return order_of(compare(x, y), a.negative);
}

// --- arithmetic ---------------------------------------------------------------------------------

namespace {

// IEEE 754-2008 6.2: the result is one of the operands that are NaN, quiet.
std::optional<Decimal> nan_of(const Decimal& a, const Decimal& b) {
  if (!a.is_nan() && !b.is_nan()) return std::nullopt;
  Decimal d = a.is_nan() ? a : b;
  d.kind = Decimal::Kind::quiet;
  return d;
}

Decimal invalid() {
  return special(Decimal::Kind::quiet, false);
}

}  // namespace

Decimal add(const DecimalFormat& format, const Decimal& a, const Decimal& b) {
  if (const auto nan = nan_of(a, b)) return *nan;
  if (!a.is_finite() || !b.is_finite()) {
    if (!a.is_finite() && !b.is_finite() && a.negative != b.negative) return invalid();
    return special(Decimal::Kind::infinity, a.is_finite() ? b.negative : a.negative);
  }
  const Decimal& upper = a.exponent >= b.exponent ? a : b;
  const Decimal& lower = a.exponent >= b.exponent ? b : a;
  Natural x(upper.coefficient), y(lower.coefficient);
  int64_t up = upper.exponent - lower.exponent;
  bool inexact = false;
  // Beyond that many places only the direction of what is added counts, or of zeros their number.
  if (const int64_t most = 2 * format.digits + 3; up > most && !x.is_zero()) {
    up = most;
    if (!y.is_zero()) y = Natural(Wide128{1, 0}), inexact = true;
  } else if (x.is_zero()) {
    up = 0;
  }
  const int64_t exponent = x.is_zero() ? lower.exponent : upper.exponent - up;
  x.multiply_by_power_of_10(static_cast<unsigned>(up));
  bool negative = upper.negative;
  if (upper.negative == lower.negative) {
    x.add(y);
  } else {
    const int order = compare(x, y);
    if (order == 0) {
      negative = false;
      x = Natural();
    } else if (order > 0) {
      x.subtract(y);
    } else {
      y.subtract(x);
      x = y;
      negative = lower.negative;
    }
  }
  return rounded(format, negative, x, exponent, inexact);
}

Decimal multiply(const DecimalFormat& format, const Decimal& a, const Decimal& b) {
  if (const auto nan = nan_of(a, b)) return *nan;
  const bool negative = a.negative != b.negative;
  if (!a.is_finite() || !b.is_finite()) {
    return a.is_zero() || b.is_zero() ? invalid() : special(Decimal::Kind::infinity, negative);
  }
  Natural product;
  for (int i = 3; i >= 0; --i) {  // by the words of b
    const uint64_t half = i >= 2 ? b.coefficient.high : b.coefficient.low;
    Natural part(a.coefficient);
    part.multiply(static_cast<uint32_t>(i % 2 != 0 ? half >> 32 : half));
    product.shift_left(32).add(part);
  }
  return rounded(format, negative, product, int64_t{a.exponent} + b.exponent);
}

Decimal divide(const DecimalFormat& format, const Decimal& a, const Decimal& b) {
  if (const auto nan = nan_of(a, b)) return *nan;
  const bool negative = a.negative != b.negative;
  if (!a.is_finite()) return b.is_finite() ? special(Decimal::Kind::infinity, negative) : invalid();
  if (!b.is_finite()) return rounded(format, negative, Natural(), -format.bias);
  if (b.is_zero()) return a.is_zero() ? invalid() : special(Decimal::Kind::infinity, negative);
  const int64_t preferred = int64_t{a.exponent} - b.exponent;
  if (a.is_zero()) return rounded(format, negative, Natural(), preferred);
  // Digits for the format and two more.
  const int up = std::max(0, format.digits + 2 + digits_of(b.coefficient) - digits_of(a.coefficient));
  Natural rest(a.coefficient);
  rest.multiply_by_power_of_10(static_cast<unsigned>(up));
  Natural quotient = divide(rest, Natural(b.coefficient));
  int64_t exponent = preferred - up;
  if (rest.is_zero()) {  // exact: as near to the preferred exponent as zeros allow
    for (Natural shorter = quotient; exponent < preferred && shorter.divide(10) == 0; ++exponent) quotient = shorter;
  }
  return rounded(format, negative, quotient, exponent, !rest.is_zero());
}

}  // namespace ferry
