// The type table: interning, canonical types, names, symbols, completion in place, transactions; and spelling.
#include "ctype/type_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ctype/spell.h"

namespace ferry {
namespace {

constexpr TypeId kInt = scalar_type(Scalar::int32);
constexpr TypeId kChar = scalar_type(Scalar::char_);
constexpr TypeId kVoid = scalar_type(Scalar::void_);
constexpr TypeId kDouble = scalar_type(Scalar::float64);

Param param(TypeId type) {
  Param p;
  p.type = type;
  return p;
}

Field field(TypeTable& t, const char* name, TypeId type) {
  Field f;
  f.name = t.intern(name);
  f.type = type;
  return f;
}

TEST(TypeTable, EqualTypesHaveEqualIds) {
  TypeTable t(kX64SysV);
  EXPECT_EQ(t.pointer_to(kInt), t.pointer_to(kInt));
  EXPECT_NE(t.pointer_to(kInt), t.pointer_to(kChar));
  EXPECT_EQ(*t.array_of(kInt, 3), *t.array_of(kInt, 3));
  EXPECT_NE(*t.array_of(kInt, 3), *t.array_of(kInt, kVla));
  EXPECT_EQ(t.qualified(t.qualified(kInt, kConst), kVolatile), t.qualified(kInt, kConst | kVolatile));
  EXPECT_EQ(t[t.qualified(kInt, kConst)].unqualified, kInt);
  const Param params[] = {param(kInt), param(kChar)};
  const TypeId f = *t.function_type(kVoid, params, false);
  EXPECT_EQ(f, *t.function_type(kVoid, params, false));
  EXPECT_NE(f, *t.function_type(kVoid, params, true));
  EXPECT_NE(f, t.with_conv(f, CallConv::stdcall));
  EXPECT_EQ(f, t.with_conv(t.with_conv(f, CallConv::stdcall), CallConv::c));
  Param named = param(kInt);
  named.name = t.intern("n");
  const Param renamed[] = {named, param(kChar)};
  EXPECT_EQ(f, *t.function_type(kVoid, renamed, false));
  EXPECT_NE(t.new_record(kNoName, false), t.new_record(kNoName, false));
  EXPECT_EQ(*t.vector_of(kInt, 4), *t.vector_of(kInt, 4));
}

TEST(TypeTable, QualifiersOfArraysGoToTheElement) {
  TypeTable t(kX64SysV);
  const TypeId matrix = *t.array_of(*t.array_of(kInt, 4), 3);
  const TypeId expected = *t.array_of(*t.array_of(t.qualified(kInt, kConst), 4), 3);
  EXPECT_EQ(t.qualified(matrix, kConst), expected);
  EXPECT_EQ(t[expected].quals, 0);
  EXPECT_NE(t[expected].flags & kHasConst, 0);
  TypeId deep = kInt;
  for (int i = 0; i < 200000; ++i) deep = *t.array_of(deep, 1);
  EXPECT_EQ(t[t.qualified(deep, kConst)].canonical, deep);  // no recursion
}

TEST(TypeTable, CanonicalTypes) {
  TypeTable t(kX64SysV);
  const TypeId const_char = t.qualified(kChar, kConst);
  const TypeId from = t.pointer_to(t.qualified(t.pointer_to(const_char), kConst));
  const TypeId plain = t.pointer_to(t.pointer_to(kChar));
  EXPECT_EQ(t[from].canonical, plain);
  EXPECT_EQ(t[plain].canonical, plain);
  EXPECT_EQ(t[t.pointer_to(t.aligned(kInt, 16))].canonical, t.pointer_to(kInt));
  EXPECT_EQ(t[*t.array_of(t.qualified(kInt, kVolatile), 3)].canonical, *t.array_of(kInt, 3));
  EXPECT_EQ(t[scalar_type(Scalar::schar)].canonical, kChar);
  EXPECT_NE(t[scalar_type(Scalar::uchar)].canonical, kChar);
  TypeTable arm(kArm64Linux);
  EXPECT_EQ(arm[scalar_type(Scalar::uchar)].canonical, kChar);
  EXPECT_NE(arm[scalar_type(Scalar::schar)].canonical, kChar);
  const Param params[] = {param(t.pointer_to(const_char))};
  const Param plain_params[] = {param(t.pointer_to(kChar))};
  FormatAttribute format;
  format.style = FormatAttribute::printf;
  format.string_index = 1;
  const TypeId f = *t.function_type(t.pointer_to(const_char), params, true, CallConv::c, format);
  EXPECT_EQ(t[f].canonical, *t.function_type(t.pointer_to(kChar), plain_params, true));
}

TEST(TypeTable, Alignment) {
  TypeTable t(kX64SysV);
  const TypeId wide = t.aligned(kInt, 16);
  EXPECT_EQ(t[wide].align, 16u);
  EXPECT_EQ(t[wide].size, 4u);
  EXPECT_EQ(t.aligned(wide, 4), kInt);
  EXPECT_EQ(t.aligned(t.qualified(kInt, kConst), 16), t.qualified(wide, kConst));
  EXPECT_EQ(t[t.aligned(kDouble, 4)].align, 4u);
  const TypeId record = t.new_record(t.intern("r"), false);
  const TypeId early = t.aligned(record, 16), early_const = t.qualified(early, kConst);
  ASSERT_TRUE(t.complete_record(record, {field(t, "x", kInt)}, {}, {}).ok());
  EXPECT_EQ(t[early].align, 16u);
  EXPECT_EQ(t[early_const].align, 16u);
  EXPECT_EQ(t[early_const].size, 4u);
  EXPECT_EQ(t[record].align, 4u);
}

TEST(TypeTable, ScalarsOfTargets) {
  TypeTable x64(kX64SysV), i386(kI386SysV), s390x(kS390x);
  EXPECT_EQ(x64[scalar_type(Scalar::ldouble)].size, 16u);
  EXPECT_EQ(i386[scalar_type(Scalar::ldouble)].size, 12u);
  EXPECT_EQ(i386[scalar_type(Scalar::cldouble)].size, 24u);
  EXPECT_EQ(i386[kDouble].align, 4u);
  EXPECT_EQ(s390x[scalar_type(Scalar::int128)].align, 8u);
  EXPECT_EQ(x64[scalar_type(Scalar::int128)].align, 16u);
  EXPECT_EQ(x64[kVoid].size, 0u);
  EXPECT_NE(x64[kVoid].flags & kIncomplete, 0);
  EXPECT_EQ(x64[kChar].flags & kUnsigned, 0);
  EXPECT_NE(s390x[kChar].flags & kUnsigned, 0);
  EXPECT_EQ(x64.complex_of(kDouble), scalar_type(Scalar::cdouble));
  EXPECT_EQ(x64[x64.complex_of(kInt)].size, 8u);  // gcc's extension
}

TEST(TypeTable, RefusedTypes) {
  TypeTable t(kX64SysV);
  const TypeId f = *t.function_type(kInt, {}, false);
  const TypeId a = *t.array_of(kInt, 3);
  EXPECT_EQ(t.array_of(kVoid, 3).message(), "array of incomplete type 'void'");
  EXPECT_EQ(t.array_of(f, 3).message(), "array of functions 'int ()'");
  EXPECT_EQ(t.array_of(t.reference_to(kInt), 3).message(), "array of references 'int &'");
  EXPECT_EQ(t.array_of(*t.array_of(kInt, kVla), 3).message(),
            "array of 'int [?]', whose size is not known at compile time");
  EXPECT_EQ(t.array_of(*t.array_of(kInt, kFlexible), 3).message(), "array of incomplete type 'int []'");
  EXPECT_EQ(t.array_of(kInt, uint64_t{1} << 62).message(), "size of array of 4611686018427387904 'int' is too large");
  EXPECT_EQ(t.function_type(a, {}, false).message(), "function returning an array 'int [3]'");
  EXPECT_EQ(t.function_type(f, {}, false).message(), "function returning a function 'int ()'");
  EXPECT_EQ(t.vector_of(t.pointer_to(kInt), 4).message(),
            "vector of 'int *': elements must be integers or floating-point numbers");
  EXPECT_EQ(t.vector_of(kInt, 3).message(), "number of vector elements 3 is not a power of two");
  EXPECT_FALSE(t.vector_of(kInt, uint64_t{1} << 63).ok());
}

TEST(TypeTable, CompletionReachesQualifiedForms) {
  TypeTable t(kX64SysV);
  const TypeId s = t.new_record(t.intern("s"), false);
  const TypeId cs = t.qualified(s, kConst), vs = t.qualified(s, kVolatile);
  EXPECT_NE(t[cs].flags & kIncomplete, 0);
  ASSERT_TRUE(t.complete_record(s, {field(t, "x", kDouble), field(t, "y", kInt)}, {}, {}).ok());
  for (TypeId id : {s, cs, vs}) {
    EXPECT_EQ(t[id].size, 16u);
    EXPECT_EQ(t[id].flags & kIncomplete, 0);
  }
  EXPECT_EQ(t.find_field(cs, t.find_name("y")).offset, 8u);
  const TypeId e = t.new_enum(t.intern("e"));
  const TypeId ce = t.qualified(e, kConst);
  t.set_underlying(e, scalar_type(Scalar::uchar));
  EXPECT_EQ(t[ce].size, 1u);
  EXPECT_FALSE(t.enumeration(e).complete);
  t.complete_enum(e, scalar_type(Scalar::uchar), {});
  EXPECT_TRUE(t.enumeration(ce).complete);
  EXPECT_NE(t[ce].flags & kUnsigned, 0);
}

TEST(TypeTable, FieldsOfAnonymousMembers) {
  TypeTable t(kX64SysV);
  const TypeId inner = t.new_record(kNoName, true);
  ASSERT_TRUE(t.complete_record(inner, {field(t, "a", kInt), field(t, "b", kDouble)}, {}, {}).ok());
  const TypeId outer = t.new_record(kNoName, false);
  NamedConstant constant;
  constant.name = t.intern("K");
  ASSERT_TRUE(
      t.complete_record(outer, {field(t, "x", kInt), field(t, "", t.qualified(inner, kConst))}, {constant}, {}).ok());
  const FieldPath b = t.find_field(outer, t.find_name("b"));
  ASSERT_NE(b.field, nullptr);
  EXPECT_EQ(b.offset, 8u);
  EXPECT_EQ(b.quals, kConst);
  EXPECT_NE(t.find_field(outer, t.find_name("K")).constant, nullptr);
  EXPECT_EQ(t.find_field(outer, t.intern("nothing")).field, nullptr);
  EXPECT_EQ(t.find_field(kInt, t.find_name("a")).field, nullptr);
}

TEST(TypeTable, Names) {
  TypeTable t(kX64SysV);
  std::vector<NameId> ids;
  for (int i = 0; i < 5000; ++i) ids.push_back(t.intern("name_" + std::to_string(i)));
  for (int i = 0; i < 5000; ++i) {
    const std::string text = "name_" + std::to_string(i);
    EXPECT_EQ(t.find_name(text), ids[static_cast<size_t>(i)]);
    EXPECT_EQ(t.name(ids[static_cast<size_t>(i)]), text);
    EXPECT_EQ(t.name(ids[static_cast<size_t>(i)]).data()[text.size()], '\0');
  }
  EXPECT_EQ(t.find_name("absent"), kNoName);
  EXPECT_EQ(t.intern(""), kNoName);
  const std::string longest(100000, 'x');
  EXPECT_EQ(t.name(t.intern(longest)), longest);
}

Symbol variable(TypeTable& t, const char* name, TypeId type) {
  Symbol s;
  s.kind = Symbol::Kind::variable;
  s.name = t.intern(name);
  s.type = type;
  return s;
}

std::string symbols(const TypeTable& t) {
  struct Context {
    const TypeTable& t;
    std::string text;
  } context{t, {}};
  t.for_each_symbol(
      [](void* c, const Symbol& s) {
        auto& to = *static_cast<Context*>(c);
        to.text += spell(to.t, s.type, to.t.name(s.name)) + ";";
      },
      &context);
  return context.text;
}

TEST(TypeTable, LaterDeclarationsReplaceEarlierOnes) {
  TypeTable t(kX64SysV);
  t.declare(variable(t, "a", kInt));
  t.declare(variable(t, "b", kInt));
  t.declare(variable(t, "a", kInt));
  EXPECT_EQ(symbols(t), "int a;int b;");
  t.declare(variable(t, "a", kDouble));
  EXPECT_EQ(symbols(t), "int b;double a;");
  EXPECT_EQ(t.find_symbol(t.find_name("a"))->type, kDouble);
  EXPECT_EQ(t.find_symbol(t.intern("c")), nullptr);
}

TEST(Transaction, RollbackUndoesEverything) {
  TypeTable t(kX64SysV);
  const TypeId forward = t.new_record(t.intern("forward"), false);
  const TypeId const_forward = t.qualified(forward, kConst);
  const TypeId enumeration = t.new_enum(t.intern("e"));
  t.declare_tag(t.intern("forward"), forward);
  t.declare(variable(t, "v", kInt));
  const uint32_t size = t.size();
  std::vector<TypeId> ids[2];
  for (auto& made : ids) {
    TypeTable::Transaction transaction(t);
    for (int i = 0; i < 300; ++i) {
      const std::string name = "n" + std::to_string(i);
      const TypeId r = t.new_record(t.intern(name), i % 2 != 0);
      t.declare_tag(t.intern(name), r);
      made.push_back(r);
      made.push_back(t.qualified(t.pointer_to(t.qualified(r, kConst)), kVolatile));
      EXPECT_TRUE(t.complete_record(r, {field(t, "x", kInt), field(t, "y", made.back())}, {}, {}).ok());
      const Param params[] = {param(made.back()), param(t.pointer_to(r))};
      made.push_back(*t.function_type(kInt, params, false));
      made.push_back(*t.array_of(r, 7));
      made.push_back(t.aligned(r, 64));
      made.push_back(t.intern(name));
    }
    made.push_back(t.qualified(forward, kVolatile));
    made.push_back(t.aligned(const_forward, 32));
    EXPECT_TRUE(t.complete_record(forward, {field(t, "x", kInt)}, {}, {}).ok());
    t.set_underlying(enumeration, scalar_type(Scalar::int16));
    t.complete_enum(enumeration, scalar_type(Scalar::int16), {});
    t.declare(variable(t, "v", kDouble));
    t.declare(variable(t, "w", kDouble));
    t.declare_tag(t.intern("forward"), enumeration);
    EXPECT_EQ(t[const_forward].size, 4u);
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(t.size(), size);
  EXPECT_EQ(t[forward].size, 0u);
  EXPECT_NE(t[forward].flags & kIncomplete, 0);
  EXPECT_NE(t[const_forward].flags & kIncomplete, 0);
  EXPECT_FALSE(t.record(forward).complete);
  EXPECT_TRUE(t.record(forward).fields.empty());
  EXPECT_EQ(t[enumeration].base, kNoType);
  EXPECT_FALSE(t.enumeration(enumeration).complete);
  EXPECT_EQ(t.find_name("n5"), kNoName);
  EXPECT_EQ(t.find_tag(t.find_name("forward")), forward);
  EXPECT_EQ(symbols(t), "int v;");
  EXPECT_TRUE(t.complete_record(forward, {field(t, "x", kDouble)}, {}, {}).ok());
  EXPECT_EQ(t[const_forward].size, 8u);
}

TEST(Transaction, Nested) {
  TypeTable t(kX64SysV);
  const uint32_t size = t.size();
  {
    TypeTable::Transaction outer(t);
    t.declare(variable(t, "kept", kInt));
    const TypeId s = t.new_record(t.intern("s"), false);
    {
      TypeTable::Transaction inner(t);
      t.declare(variable(t, "dropped", kInt));
      EXPECT_TRUE(t.complete_record(s, {field(t, "x", kInt)}, {}, {}).ok());
    }
    EXPECT_FALSE(t.record(s).complete);
    EXPECT_EQ(symbols(t), "int kept;");
    {
      TypeTable::Transaction inner(t);
      EXPECT_TRUE(t.complete_record(s, {field(t, "x", kInt)}, {}, {}).ok());
      inner.commit();
    }
    EXPECT_TRUE(t.record(s).complete);
  }
  EXPECT_EQ(t.size(), size);
  EXPECT_EQ(symbols(t), "");
  {
    TypeTable::Transaction transaction(t);
    t.declare(variable(t, "kept", kInt));
    transaction.commit();
  }
  EXPECT_EQ(symbols(t), "int kept;");
}

// Names as LuaJIT's tostring(ffi.typeof(...)) has them, but with parameters.
TEST(Spell, Types) {
  TypeTable t(kX64SysV);
  const TypeId const_int = t.qualified(kInt, kConst);
  const TypeId const_char_pointer = t.pointer_to(t.qualified(kChar, kConst));
  const TypeId plain_function = *t.function_type(kInt, {}, false);
  const Param printf_params[] = {param(const_char_pointer)};
  const TypeId printf_type = *t.function_type(kInt, printf_params, true);
  const Param callback_params[] = {param(kInt), param(t.pointer_to(plain_function))};
  const TypeId to_array = t.pointer_to(*t.array_of(kInt, 3));
  const TypeId foo = t.new_record(t.intern("foo"), false), bar = t.new_record(t.intern("bar"), true);
  const TypeId anonymous = t.new_record(kNoName, false);
  const TypeId returns_array_pointer = *t.function_type(to_array, {}, false);
  const TypeId matrix = *t.array_of(*t.array_of(kInt, 4), 3);
  const TypeId stdcall = t.with_conv(plain_function, CallConv::stdcall);
  const struct {
    TypeId type;
    const char* declared;
    std::string expected;
  } rows[] = {
      {kInt, "", "int"},
      {scalar_type(Scalar::uint32), "", "unsigned int"},
      {scalar_type(Scalar::int64), "", "int64_t"},
      {scalar_type(Scalar::cdouble), "", "complex"},
      {scalar_type(Scalar::cfloat), "", "complex float"},
      {t.qualified(kInt, kConst | kVolatile), "", "const volatile int"},
      {const_char_pointer, "", "const char *"},
      {t.pointer_to(t.qualified(t.pointer_to(const_int), kConst)), "", "const int *const *"},
      {t.qualified(t.pointer_to(kInt), kVolatile), "", "int *volatile"},
      {t.qualified(t.pointer_to(kInt), kConst), "p", "int *const p"},
      {matrix, "", "int [3][4]"},
      {matrix, "m", "int m[3][4]"},
      {to_array, "", "int (*)[3]"},
      {*t.array_of(t.pointer_to(kInt), 3), "", "int *[3]"},
      {*t.array_of(kInt, kVla), "", "int [?]"},
      {*t.array_of(kInt, kFlexible), "", "int []"},
      {*t.array_of(const_int, 3), "", "const int [3]"},
      {plain_function, "", "int ()"},
      {plain_function, "f", "int f()"},
      {printf_type, "", "int (const char *, ...)"},
      {t.pointer_to(printf_type), "", "int (*)(const char *, ...)"},
      {t.pointer_to(*t.function_type(kVoid, callback_params, false)), "", "void (*)(int, int (*)())"},
      {t.pointer_to(returns_array_pointer), "", "int (*(*)())[3]"},
      {t.reference_to(foo), "", "struct foo &"},
      {t.reference_to(*t.array_of(kInt, 3)), "", "int (&)[3]"},
      {t.qualified(foo, kConst), "", "const struct foo"},
      {bar, "x", "union bar x"},
      {anonymous, "", "struct " + std::to_string(t.record(anonymous).serial)},
      {*t.vector_of(scalar_type(Scalar::float32), 4), "", "float __attribute__((vector_size(16)))"},
      {t.aligned(kInt, 16), "", "int __attribute__((aligned(16)))"},
      {stdcall, "", "int () __attribute__((stdcall))"},
      {t.pointer_to(stdcall), "", "int (__attribute__((stdcall)) *)()"},
  };
  for (const auto& row : rows) EXPECT_EQ(spell(t, row.type, row.declared), row.expected);
}

TEST(Spell, HostileTypesEndInBoundedTime) {
  TypeTable t(kX64SysV);
  TypeId chain = kInt;
  for (int i = 0; i < 300000; ++i) chain = t.pointer_to(chain);
  EXPECT_LT(spell(t, chain).size(), 200000u);
  TypeId doubling = kInt;
  for (int i = 0; i < 5000; ++i) {
    const Param params[] = {param(doubling), param(doubling)};
    doubling = t.pointer_to(*t.function_type(kInt, params, false));
  }
  EXPECT_LT(spell(t, doubling).size(), 400000u);
}

}  // namespace
}  // namespace ferry
