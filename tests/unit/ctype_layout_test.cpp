// Layout of records: fixed rows that gcc and clang printed for each target, errors, and the reading and writing of
// bits. The broad comparison is generated: tests/abi/layout_compare.
#include "ctype/layout.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace ferry {
namespace {

TypeId scalar(Scalar s) {
  return scalar_type(s);
}

Field member(TypeTable& t, const char* name, TypeId type) {
  Field f;
  f.name = t.intern(name);
  f.type = type;
  return f;
}

Field bits(TypeTable& t, const char* name, Scalar type, uint8_t width) {
  Field f = member(t, name, scalar(type));
  f.bit_width = width;
  return f;
}

TypeId complete(TypeTable& t, std::vector<Field> fields, bool is_union = false, RecordAttributes attributes = {}) {
  const TypeId id = t.new_record(kNoName, is_union);
  const Result<void> done = t.complete_record(id, std::move(fields), {}, attributes);
  EXPECT_TRUE(done.ok()) << done.message();
  return id;
}

std::string refusal(TypeTable& t, std::vector<Field> fields) {
  const TypeId id = t.new_record(t.intern("s"), false);
  const Result<void> done = t.complete_record(id, std::move(fields), {}, {});
  EXPECT_FALSE(done.ok());
  EXPECT_FALSE(t.record(id).complete);
  return done.message();
}

struct SizeAlign {
  uint64_t size;
  uint32_t align;
};

struct TargetRow {
  const Target* target;
  std::array<SizeAlign, 12> expected;
};

// What `sizeof` and `_Alignof` said in gcc (mingw for Windows' long double) and clang 14 with --target:
//   A {char c; long long x;}  B {char c; long double x;}  C {char c; double _Complex x; char d;}
//   D {int a:3; int b:30; char c; short d:5; unsigned e:20;}  E {char a:4; int :0; char b;}
//   F {char a; int :5; char b;}  G packed {char c; int x; short y;}  H pack(2) {char c; double d; int b:9;}
//   I {char a:3; short b:3; int c:3; long long d:3;}  J union {char c[5]; short s; int b:20;}
//   K {char c; int x aligned(32);}  L {char n; double d[];}
const TargetRow kTargets[] = {
    {&kX64SysV,
     {{{16, 8}, {32, 16}, {32, 8}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kI386SysV,
     {{{12, 4}, {16, 4}, {24, 4}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {4, 4}, {8, 4}, {64, 32}, {4, 4}}}},
    {&kWin64,
     {{{16, 8}, {32, 16}, {32, 8}, {16, 4}, {8, 4}, {12, 4}, {7, 1}, {14, 2}, {16, 8}, {6, 2}, {64, 32}, {8, 8}}}},
    {&kWin32,
     {{{16, 8}, {16, 4}, {32, 8}, {16, 4}, {8, 4}, {12, 4}, {7, 1}, {14, 2}, {16, 8}, {6, 2}, {64, 32}, {8, 8}}}},
    {&kArm64Linux,
     {{{16, 8}, {32, 16}, {32, 8}, {16, 4}, {8, 4}, {4, 4}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kArm64Darwin,
     {{{16, 8}, {16, 8}, {32, 8}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kArm64Windows,
     {{{16, 8}, {16, 8}, {32, 8}, {16, 4}, {8, 4}, {12, 4}, {7, 1}, {14, 2}, {16, 8}, {6, 2}, {64, 32}, {8, 8}}}},
    {&kArmEabiHf,
     {{{16, 8}, {16, 8}, {32, 8}, {16, 4}, {8, 4}, {4, 4}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kRiscv64,
     {{{16, 8}, {32, 16}, {32, 8}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kPpc64le,
     {{{16, 8}, {32, 16}, {32, 8}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
    {&kS390x,
     {{{16, 8}, {24, 8}, {32, 8}, {16, 4}, {5, 1}, {3, 1}, {7, 1}, {12, 2}, {8, 8}, {8, 4}, {64, 32}, {8, 8}}}},
};

TEST(Layout, SizesOnEveryTarget) {
  for (const TargetRow& row : kTargets) {
    TypeTable t(*row.target);
    const TypeId c = scalar(Scalar::char_), i = scalar(Scalar::int32), s = scalar(Scalar::int16);
    Field over_aligned = member(t, "x", i);
    over_aligned.align = 32;
    RecordAttributes packed, pack2;
    packed.packed = true;
    pack2.pack = 2;
    const std::array<TypeId, 12> records = {
        complete(t, {member(t, "c", c), member(t, "x", scalar(Scalar::int64))}),
        complete(t, {member(t, "c", c), member(t, "x", scalar(Scalar::ldouble))}),
        complete(t, {member(t, "c", c), member(t, "x", scalar(Scalar::cdouble)), member(t, "d", c)}),
        complete(t, {bits(t, "a", Scalar::int32, 3), bits(t, "b", Scalar::int32, 30), member(t, "c", c),
                     bits(t, "d", Scalar::int16, 5), bits(t, "e", Scalar::uint32, 20)}),
        complete(t, {bits(t, "a", Scalar::char_, 4), bits(t, "", Scalar::int32, 0), member(t, "b", c)}),
        complete(t, {member(t, "a", c), bits(t, "", Scalar::int32, 5), member(t, "b", c)}),
        complete(t, {member(t, "c", c), member(t, "x", i), member(t, "y", s)}, false, packed),
        complete(t, {member(t, "c", c), member(t, "d", scalar(Scalar::float64)), bits(t, "b", Scalar::int32, 9)}, false,
                 pack2),
        complete(t, {bits(t, "a", Scalar::char_, 3), bits(t, "b", Scalar::int16, 3), bits(t, "c", Scalar::int32, 3),
                     bits(t, "d", Scalar::int64, 3)}),
        complete(t, {member(t, "c", *t.array_of(c, 5)), member(t, "s", s), bits(t, "b", Scalar::int32, 20)}, true),
        complete(t, {member(t, "c", c), over_aligned}),
        complete(t, {member(t, "n", c), member(t, "d", *t.array_of(scalar(Scalar::float64), kFlexible))}),
    };
    for (size_t k = 0; k < records.size(); ++k) {
      EXPECT_EQ(t[records[k]].size, row.expected[k].size) << row.target->name << " " << static_cast<char>('A' + k);
      EXPECT_EQ(t[records[k]].align, row.expected[k].align) << row.target->name << " " << static_cast<char>('A' + k);
    }
  }
}

// ffi.offsetof("struct s", name) in LuaJIT 2.1 on x64, of
// struct s {int a:3; int b:30; char c; short d:5; int e:20; unsigned f:7; bool g:1; char h:7; int :0; int i:4;
//           unsigned char j:4; unsigned short k:9; int l:12;};
TEST(Layout, StorageUnitsAsLuaJIT) {
  TypeTable t(kX64SysV);
  const TypeId s =
      complete(t, {bits(t, "a", Scalar::int32, 3), bits(t, "b", Scalar::int32, 30),
                   member(t, "c", scalar(Scalar::char_)), bits(t, "d", Scalar::int16, 5),
                   bits(t, "e", Scalar::int32, 20), bits(t, "f", Scalar::uint32, 7), bits(t, "g", Scalar::bool_, 1),
                   bits(t, "h", Scalar::char_, 7), bits(t, "", Scalar::int32, 0), bits(t, "i", Scalar::int32, 4),
                   bits(t, "j", Scalar::uchar, 4), bits(t, "k", Scalar::uint16, 9), bits(t, "l", Scalar::int32, 12)});
  const struct {
    const char* name;
    uint64_t offset;
    int bit_offset;
  } rows[] = {{"a", 0, 0},  {"b", 4, 0},  {"d", 8, 8},  {"e", 12, 0}, {"f", 12, 20}, {"g", 15, 3},
              {"h", 16, 0}, {"i", 20, 0}, {"j", 20, 4}, {"k", 22, 0}, {"l", 24, 0}};
  for (const auto& row : rows) {
    const FieldPath path = t.find_field(s, t.find_name(row.name));
    ASSERT_NE(path.field, nullptr) << row.name;
    EXPECT_EQ(path.offset, row.offset) << row.name;
    EXPECT_EQ(path.field->bit_offset, row.bit_offset) << row.name;
  }
  EXPECT_EQ(t[s].size, 28u);
}

TEST(Layout, UnalignedScalarsAreSeenThroughNesting) {
  TypeTable t(kX64SysV);
  RecordAttributes packed;
  packed.packed = true;
  const TypeId c = scalar(Scalar::char_);
  const TypeId inner = complete(t, {member(t, "s", scalar(Scalar::int16))}, false, packed);
  EXPECT_FALSE(t.record(inner).unaligned_fields);  // at 0 it is aligned
  const TypeId outer = complete(t, {member(t, "c", c), member(t, "i", inner)});
  EXPECT_TRUE(t.record(outer).unaligned_fields);  // at 1 it is not
  const TypeId lucky = complete(t, {member(t, "a", scalar(Scalar::int32)), member(t, "c", c)}, false, packed);
  EXPECT_FALSE(t.record(lucky).unaligned_fields);
}

TEST(Layout, Refusals) {
  TypeTable t(kX64SysV);
  const TypeId i = scalar(Scalar::int32);
  const TypeId incomplete = t.new_record(t.intern("later"), false);
  const TypeId function = *t.function_type(i, {}, false);
  const TypeId flexible = *t.array_of(i, kFlexible), variable = *t.array_of(i, kVla);
  EXPECT_EQ(refusal(t, {member(t, "x", incomplete)}), "field 'x' has incomplete type 'struct later'");
  EXPECT_EQ(refusal(t, {member(t, "x", scalar(Scalar::void_))}), "field 'x' has incomplete type 'void'");
  EXPECT_EQ(refusal(t, {member(t, "f", function)}), "field 'f' is declared as a function 'int ()'");
  EXPECT_EQ(refusal(t, {member(t, "a", flexible), member(t, "b", i)}),
            "field 'a' is a flexible array 'int []' but not the last member");
  EXPECT_EQ(refusal(t, {member(t, "a", variable), member(t, "b", i)}),
            "field 'a' has a variable size, 'int [?]', but is not the last member");
  EXPECT_EQ(refusal(t, {member(t, "a", i), member(t, "a", i)}), "duplicate member 'a' in 'struct s'");
  const TypeId inner = complete(t, {member(t, "a", i)});
  EXPECT_EQ(refusal(t, {member(t, "a", i), member(t, "", inner)}), "duplicate member 'a' in 'struct s'");
  EXPECT_EQ(refusal(t, {bits(t, "b", Scalar::int32, 33)}),
            "width 33 of bit-field 'b' exceeds its type 'int' of 32 bits");
  EXPECT_EQ(refusal(t, {bits(t, "b", Scalar::bool_, 2)}), "width 2 of bit-field 'b' exceeds its type 'bool' of 1 bit");
  EXPECT_EQ(refusal(t, {bits(t, "b", Scalar::float32, 2)}), "bit-field 'b' has type 'float', which is not an integer");
  EXPECT_EQ(refusal(t, {bits(t, "b", Scalar::int32, 0)}), "bit-field 'b' has a name but no width");
  EXPECT_EQ(refusal(t, {member(t, "", i)}), "unnamed field 1 of type 'int' needs a name");
  const TypeId huge = *t.array_of(scalar(Scalar::char_), kMaxObjectSize);
  EXPECT_EQ(refusal(t, {member(t, "a", huge), member(t, "b", huge)}), "'struct s': size is too large");
}

TEST(Layout, AnonymousMembersAreBounded) {
  TypeTable t(kX64SysV);
  TypeId inner = complete(t, {member(t, "x", scalar(Scalar::int32))});
  int depth = 0;
  for (;; ++depth) {
    const TypeId outer = t.new_record(kNoName, false);
    if (!t.complete_record(outer, {member(t, "", inner)}, {}, {}).ok()) break;
    inner = outer;
    ASSERT_LT(depth, 1000);
  }
  EXPECT_NE(t.find_field(inner, t.find_name("x")).field, nullptr);
  // Without names, doubling per level must not double the time.
  inner = complete(t, {bits(t, "", Scalar::int32, 3)});
  for (int i = 0; i < 40; ++i) inner = complete(t, {member(t, "", inner), member(t, "", inner)}, true);
  EXPECT_EQ(t.find_field(inner, t.find_name("x")).field, nullptr);
}

// Every position and width against bits set one by one; the bytes around must stay.
TEST(Layout, BitsTouchOnlyTheirBytes) {
  for (const bool big : {false, true}) {
    for (unsigned at = 0; at < 64; ++at) {
      for (unsigned width = 1; width <= 64; ++width) {
        std::array<std::byte, 18> record;
        record.fill(std::byte{0xa5});
        std::array<std::byte, 18> expected = record;
        const uint64_t value = 0x9e3779b97f4a7c15u >> (64 - width);
        for (unsigned k = 0; k < width; ++k) {
          // On big-endian targets the first bit is the most significant one, of the field and of the byte.
          const bool bit = ((value >> (big ? width - 1 - k : k)) & 1) != 0;
          const unsigned position = at + k;
          const std::byte mask{static_cast<unsigned char>(1u << (big ? 7 - position % 8 : position % 8))};
          std::byte& b = expected[1 + position / 8];
          b = bit ? b | mask : b & ~mask;
        }
        // A heap block of exactly the bytes concerned lets the sanitizer see any other access.
        const unsigned first = at / 8, count = (at % 8 + width + 7) / 8;
        std::vector<std::byte> exact(record.begin() + 1 + first, record.begin() + 1 + first + count);
        write_bits(exact.data(), 0, at % 8, width, value, big);
        write_bits(record.data(), 1, at, width, value, big);
        ASSERT_EQ(record, expected) << big << " " << at << " " << width;
        ASSERT_TRUE(std::equal(exact.begin(), exact.end(), expected.begin() + 1 + first));
        ASSERT_EQ(read_bits(exact.data(), 0, at % 8, width, false, big), value);
        const uint64_t sign = value >> (width - 1) != 0 && width < 64 ? ~uint64_t{0} << width : 0;
        ASSERT_EQ(read_bits(record.data(), 1, at, width, true, big), value | sign);
      }
    }
  }
}

}  // namespace
}  // namespace ferry
