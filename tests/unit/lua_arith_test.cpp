// The arithmetic kernel against what other implementations compute: Lua 5.3 for shifts and `//` (its own output for
// these operands; a zero divisor, which Lua refuses, gives the lowest integer), the compiler's 128-bit arithmetic for
// the rest.
#include <gtest/gtest.h>

#include "lua/objects/arith_kernel.h"

namespace ferry::lua {
namespace {

int64_t signed_operation(Op op, int64_t a, int64_t b) {
  return static_cast<int64_t>(
      integer_operation<int64_t, uint64_t>(op, static_cast<uint64_t>(a), static_cast<uint64_t>(b), false));
}
uint64_t unsigned_operation(Op op, uint64_t a, uint64_t b) {
  return integer_operation<int64_t, uint64_t>(op, a, b, true);
}

struct Lua53Row {
  int64_t a, b, shl, shr, idiv;
};
constexpr Lua53Row kLua53Rows[] = {
    // clang-format off
    {0, 0, 0, 0, INT64_MIN},
    {0, 3, 0, 0, 0},
    {0, 64, 0, 0, 0},
    {0, 9223372036854775807, 0, 0, 0},
    {0, INT64_MIN, 0, 0, 0},
    {1, -1, 0, 2, -1},
    {1, 7, 128, 0, 0},
    {1, -63, 0, INT64_MIN, -1},
    {1, INT64_MIN, 0, 0, -1},
    {1, 1311768467463790320, 0, 0, 0},
    {-1, -2, 4611686018427387903, -4, 0},
    {-1, 63, INT64_MIN, 1, -1},
    {-1, -65, 0, 0, 0},
    {-1, INT64_MIN, 0, 0, 0},
    {2, 1, 4, 1, 2},
    {2, -3, 0, 16, -1},
    {2, 65, 0, 0, 0},
    {2, INT64_MIN, 0, 0, -1},
    {-2, 2, -8, 4611686018427387903, -1},
    {-2, -7, 144115188075855871, -256, 0},
    {-2, -64, 0, 0, 0},
    {-2, INT64_MIN, 0, 0, 0},
    {3, 0, 3, 3, INT64_MIN},
    {3, 3, 24, 0, 1},
    {3, 64, 0, 0, 0},
    {3, 9223372036854775807, 0, 0, 0},
    {3, INT64_MIN, 0, 0, -1},
    {-3, -1, 9223372036854775806, -6, 3},
    {-3, 7, -384, 144115188075855871, -1},
    {-3, -63, 1, INT64_MIN, 0},
    {-3, INT64_MIN, 0, 0, 0},
    {-3, 1311768467463790320, 0, 0, -1},
    {7, -2, 1, 28, -4},
    {7, 63, INT64_MIN, 0, 0},
    {7, -65, 0, 0, -1},
    {7, INT64_MIN, 0, 0, -1},
    {-7, 1, -14, 9223372036854775804, -7},
    {-7, -3, 2305843009213693951, -56, 2},
    {-7, 65, 0, 0, -1},
    {-7, INT64_MIN, 0, 0, 0},
    {63, 2, 252, 15, 31},
    {63, -7, 0, 8064, -9},
    {63, -64, 0, 0, -1},
    {63, INT64_MIN, 0, 0, -1},
    {64, 0, 64, 64, INT64_MIN},
    {64, 3, 512, 8, 21},
    {64, 64, 0, 0, 1},
    {64, 9223372036854775807, 0, 0, 0},
    {64, INT64_MIN, 0, 0, -1},
    {65, -1, 32, 130, -65},
    {65, 7, 8320, 0, 9},
    {65, -63, 0, INT64_MIN, -2},
    {65, INT64_MIN, 0, 0, -1},
    {65, 1311768467463790320, 0, 0, 0},
    {-63, -2, 4611686018427387888, -252, 31},
    {-63, 63, INT64_MIN, 1, -1},
    {-63, -65, 0, 0, 0},
    {-63, INT64_MIN, 0, 0, 0},
    {-64, 1, -128, 9223372036854775776, -64},
    {-64, -3, 2305843009213693944, -512, 21},
    {-64, 65, 0, 0, -1},
    {-64, INT64_MIN, 0, 0, 0},
    {-65, 2, -260, 4611686018427387887, -33},
    {-65, -7, 144115188075855871, -8320, 9},
    {-65, -64, 0, 0, 1},
    {-65, INT64_MIN, 0, 0, 0},
    {9223372036854775807, 0, 9223372036854775807, 9223372036854775807, INT64_MIN},
    {9223372036854775807, 3, -8, 1152921504606846975, 3074457345618258602},
    {9223372036854775807, 64, 0, 0, 144115188075855871},
    {9223372036854775807, 9223372036854775807, 0, 0, 1},
    {9223372036854775807, INT64_MIN, 0, 0, -1},
    {INT64_MIN, -1, 4611686018427387904, 0, INT64_MIN},
    {INT64_MIN, 7, 0, 72057594037927936, -1317624576693539402},
    {INT64_MIN, -63, 1, 0, 146402730743726600},
    {INT64_MIN, INT64_MIN, 0, 0, 1},
    {INT64_MIN, 1311768467463790320, 0, 0, -8},
    {1311768467463790320, -2, 327942116865947580, 5247073869855161280, -655884233731895160},
    {1311768467463790320, 63, 0, 0, 20821721705774449},
    {1311768467463790320, -65, 0, 0, -20181053345596775},
    {1311768467463790320, INT64_MIN, 0, 0, -1},
    // clang-format on
};

TEST(ArithKernel, ShiftsAndFloorDivisionAsLua53) {
  for (const Lua53Row& row : kLua53Rows) {
    EXPECT_EQ(signed_operation(Op::shl, row.a, row.b), row.shl) << row.a << " << " << row.b;
    EXPECT_EQ(signed_operation(Op::shr, row.a, row.b), row.shr) << row.a << " >> " << row.b;
    EXPECT_EQ(signed_operation(Op::idiv, row.a, row.b), row.idiv) << row.a << " // " << row.b;
  }
}

#ifdef __SIZEOF_INT128__
constexpr int64_t kValues[] = {0,  1,  -1, 2,         -2,        3,         -3,        10,
                               -7, 63, 64, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 0x123456789abcdef0};

TEST(ArithKernel, AsTheCompilerIn128Bits) {
  for (int64_t a : kValues) {
    for (int64_t b : kValues) {
      const Int128 x = a, y = b;
      EXPECT_EQ(signed_operation(Op::add, a, b), static_cast<int64_t>(x + y));
      EXPECT_EQ(signed_operation(Op::sub, a, b), static_cast<int64_t>(x - y));
      EXPECT_EQ(signed_operation(Op::mul, a, b),
                static_cast<int64_t>(static_cast<UInt128>(x) * static_cast<UInt128>(y)));
      EXPECT_EQ(signed_operation(Op::unm, a, b), static_cast<int64_t>(-x));
      EXPECT_EQ(signed_operation(Op::lt, a, b), a < b);
      EXPECT_EQ(signed_operation(Op::le, a, b), a <= b);
      EXPECT_EQ(signed_operation(Op::eq, a, b), a == b);
      const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
      EXPECT_EQ(unsigned_operation(Op::lt, ua, ub), ua < ub ? 1u : 0u);
      EXPECT_EQ(unsigned_operation(Op::le, ua, ub), ua <= ub ? 1u : 0u);
      if (b == 0) continue;
      EXPECT_EQ(signed_operation(Op::div, a, b), static_cast<int64_t>(x / y));
      EXPECT_EQ(signed_operation(Op::mod, a, b), static_cast<int64_t>(x % y));
      EXPECT_EQ(unsigned_operation(Op::div, ua, ub), ua / ub);
      EXPECT_EQ(unsigned_operation(Op::idiv, ua, ub), ua / ub);
      EXPECT_EQ(unsigned_operation(Op::mod, ua, ub), ua % ub);
    }
  }
}

TEST(ArithKernel, PowersByRepeatedMultiplication) {
  for (int64_t a : kValues) {
    uint64_t expected = 1;
    for (int64_t k = 0; k < 70; ++k, expected *= static_cast<uint64_t>(a)) {
      EXPECT_EQ(signed_operation(Op::pow, a, k), static_cast<int64_t>(expected)) << a << "^" << k;
      EXPECT_EQ(unsigned_operation(Op::pow, static_cast<uint64_t>(a), static_cast<uint64_t>(k)), expected);
    }
  }
}

TEST(ArithKernel, NothingTrapsIn128Bits) {
  constexpr UInt128 kLowest = UInt128{1} << 127;
  const auto run = [](Op op, UInt128 a, UInt128 b) { return integer_operation<Int128, UInt128>(op, a, b, false); };
  EXPECT_TRUE(run(Op::div, kLowest, ~UInt128{0}) == kLowest);
  EXPECT_TRUE(run(Op::mod, kLowest, ~UInt128{0}) == 0);
  EXPECT_TRUE(run(Op::idiv, kLowest, ~UInt128{0}) == kLowest);
  EXPECT_TRUE(run(Op::div, 1, 0) == kLowest);
  EXPECT_TRUE(run(Op::mod, 1, 0) == kLowest);
  EXPECT_TRUE(run(Op::shl, 1, 127) == kLowest);
  EXPECT_TRUE(run(Op::shl, 1, 128) == 0);
  EXPECT_TRUE(run(Op::shr, kLowest, 127) == 1);
}
#endif

// LuaJIT manual, ext_ffi_semantics "Arithmetic on cdata objects": undefined cases give 2^63; its interpreter's values
// for negative exponents.
TEST(ArithKernel, EdgesAsLuaJit) {
  EXPECT_EQ(signed_operation(Op::div, 1, 0), INT64_MIN);
  EXPECT_EQ(signed_operation(Op::mod, 1, 0), INT64_MIN);
  EXPECT_EQ(unsigned_operation(Op::div, 1, 0), uint64_t{1} << 63);
  EXPECT_EQ(unsigned_operation(Op::mod, 1, 0), uint64_t{1} << 63);
  EXPECT_EQ(signed_operation(Op::div, INT64_MIN, -1), INT64_MIN);
  EXPECT_EQ(signed_operation(Op::mod, INT64_MIN, -1), 0);
  EXPECT_EQ(signed_operation(Op::pow, 0, -1), INT64_MAX);
  EXPECT_EQ(signed_operation(Op::pow, 1, -3), 1);
  EXPECT_EQ(signed_operation(Op::pow, -1, -3), -1);
  EXPECT_EQ(signed_operation(Op::pow, -1, -4), 1);
  EXPECT_EQ(signed_operation(Op::pow, 2, -1), 0);
}

}  // namespace
}  // namespace ferry::lua
