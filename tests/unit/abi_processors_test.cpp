// Call plans of processors that have no back end, as rows. Judges: gcc and clang for each, asked by
// tests/abi/plan_probe; clauses where they are telling.
#include <gtest/gtest.h>

#include "abi/plan.h"
#include "abi/registry.h"
#include "cparse/parser.h"

namespace ferry {
namespace {

struct Row {
  const char* function;
  const char* plan;
};

constexpr const char* kTypes = R"(
  struct empty {};
  struct c3 { char c[3]; };
  struct f1 { float a; };
  struct f1none { float a; int none[0]; };
  struct ff { float a, b; };
  struct fi { float a; int b; };
  struct dd { double a, b; };
  struct d4 { double d[4]; };
  struct l2 { long long a, b; };
  struct l3 { long long a, b, c; };
  struct ip { int i; };
  struct big { char c[100]; };
  typedef int over_i __attribute__((aligned(32)));
  typedef float v4f __attribute__((vector_size(16)));
  struct f_width { float f; int : 0; };
  struct ff_width { float a; int : 0; float b; };
  union f_width_union { float f; int : 0; };
  struct d_none { int none[0]; double d; };
  union d_none_union { int none[0]; double d; };
  struct dd_none { int none[0]; double a, b; };
  struct c_none { int none[0]; _Complex double c; };
  struct v_none { int none[0]; v4f v; };
  struct d_empty { struct {} e; double d; };
  struct c_empty { struct {} e; _Complex double c; };
  struct d_inner { struct { int : 0; } z; double d; };
  union d_inner_union { struct { int : 0; } z; double d; };
  struct d_union { union { int : 0; } z; double d; };
  struct v_none_only { v4f none[0]; };
)";

std::string plan_text(const Target& target, const char* text) {
  TypeTable types(target);
  if (auto declared = cparse::parse_declarations(types, kTypes); !declared.ok()) return declared.message();
  auto function = cparse::parse_type(types, text);
  if (!function.ok()) return function.message();
  auto plan = abi::plan_call(types, *function);
  return plan.ok() ? abi::describe(*plan) : "error: " + plan.message();
}

void check(const Target& target, std::initializer_list<Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(plan_text(target, row.function), row.plan) << row.function;
}

TEST(PlanProcessors, I386) {
  check(
      kI386SysV,
      {
          {"int (char, double, struct c3, long long)", "[0]:1s [4]:8 [12]:3 [16]:8 -> eax:4"},
          {"long long (long double)", "[0]:12 -> {eax:4 edx:4}"},
          {"double (float)", "[0]:4 -> st0:8"},
          {"int (int, over_i, int)", "[0]:4 [4]:4 [8]:4 -> eax:4"},
          {"struct ff (int)", "[4]:4 -> *[0] pops 4"},
          {"struct empty (void)", "-> *[0] pops 4"},
          {"float _Complex (double _Complex)", "[0]:16 -> {eax:4 edx:4}"},
          {"double _Complex (int)", "[4]:4 -> *[0] pops 4"},
          {"__attribute__((stdcall)) int (int, double)", "[0]:4 [4]:8 -> eax:4 pops 12"},
          {"__attribute__((fastcall)) int (char, double, short, int)", "ecx:1s [0]:8 edx:2s [8]:4 -> eax:4 pops 12"},
          {"__attribute__((fastcall)) struct l2 (int, int)", "edx:4 [0]:4 -> *ecx pops 4"},
          {"__attribute__((thiscall)) void (void *, int)", "ecx:4 [0]:4 -> void pops 4"},
          {"__attribute__((fastcall)) void (long long, int)", "[0]:8 [8]:4 -> void pops 12"},
          {"__attribute__((fastcall)) void (union { double d; }, int)", "[0]:8 [8]:4 -> void pops 12"},
          {"__attribute__((fastcall)) void (struct { float _Complex c; struct {} e; }, int)",
           "[0]:8 ecx:4 -> void pops 8"},
          {"__attribute__((fastcall)) void (struct { double d; int n[]; }, int)", "[0]:8 [8]:4 -> void pops 12"},
          {"__attribute__((fastcall)) void (struct { double d; int n[0]; }, int)", "[0]:8 ecx:4 -> void pops 8"},
          {"__attribute__((fastcall)) void (struct { double d[1]; }, int)", "[0]:8 ecx:4 -> void pops 8"},
          {"__attribute__((fastcall)) void (struct { double d[2]; }, int)", "[0]:16 [16]:4 -> void pops 20"},
          {"__attribute__((stdcall)) int (int, ...)", "[0]:4 -> eax:4"},
          // gcc lowers records that it holds as a double or a complex number within others, whoever aligns them but the
          // user, and not _Atomic members.
          {"void (struct { char c; union { _Atomic double d; } u; }, struct { char c; _Atomic double d; })",
           "[0]:12 [12]:16 -> void"},
          {"void (int, struct { v4f n[0]; _Complex double c; }, struct { char c; struct { v4f n[0]; _Complex double c; "
           "} s; })",
           "[0]:4 [16]:16 [32]:20 -> void"},
          // gcc: aligned to 16 by itself, to 4 in a record.
          {"void (int, struct { _Decimal128 z[0]; double _Complex c; })", "[0]:4 [16]:16 -> void"},
          {"void (int, struct { struct { _Decimal128 z[0]; double _Complex c; } a[1]; })", "[0]:4 [4]:16 -> void"},
          {"void (int, union { struct { _Decimal128 z[0]; long long _Complex c; } a; })", "[0]:4 [4]:16 -> void"},
      });
  check(kWin32, {
                    {"struct ff (int)", "[0]:4 -> {eax:4 edx:4}"},
                    {"struct c3 (int)", "[4]:4 -> *[0]"},
                    {"__attribute__((stdcall)) struct ip (struct l2)", "[0]:16 -> eax:4 pops 16"},
                });
}

// Conventions that nothing plans are told from C's own where compilers tell them, and only there.
TEST(PlanProcessors, OtherConventions) {
  const std::string refused = "error: no call plan for convention ";
  const std::string c = "[0]:4 -> eax:4";
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((regparm(3))) int (int)"), refused + "regparm(3) on i386-linux");
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((regparm(1), stdcall)) int (int)"),
            refused + "regparm(1) on i386-linux");
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((stdcall, regparm(2))) int (int)"),
            refused + "regparm(2) on i386-linux");
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((regparm(0))) int (int)"), c);
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((regparm(4))) int (int)"), c);       // gcc: ignored
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((regparm(3))) int (int, ...)"), c);  // gcc, clang: nothing in registers
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((sseregparm)) int (int)"), refused + "sseregparm on i386-linux");
  EXPECT_EQ(plan_text(kI386SysV, "__attribute__((vectorcall)) int (int)"), refused + "vectorcall on i386-linux");
  EXPECT_EQ(plan_text(kX64SysV, "__attribute__((regparm(3))) int (int)"), "rdi:4s -> rax:4s");
  EXPECT_EQ(plan_text(kX64SysV, "__attribute__((regcall)) int (int)"), refused + "regcall on x86_64-linux");
  EXPECT_EQ(plan_text(kArm64Linux, "__attribute__((pcs(\"aapcs\"))) int (int)"), "x0:4s -> x0:4s");
}

// Where Microsoft's compiler and gcc put the hidden address is not the same.
TEST(PlanProcessors, Refused) {
  EXPECT_EQ(
      plan_text(kWin32, "__attribute__((thiscall)) struct l3 (void *)"),
      "error: cannot pass 'struct l3' by value: compilers differ about thiscall functions with a result in memory");
}

TEST(PlanProcessors, Riscv64) {
  check(kRiscv64,
        {
            {"int (unsigned, double, float)", "a0:4s fa0:8 fa1:4 -> a0:4s"},
            {"struct fi (struct fi, struct ff, struct dd, struct l2, struct l3)",
             "{fa0:4 a0:4} {fa1:4 fa2:4} {fa3:8 fa4:8} {a1:8 a2:8} &a3 -> {fa0:4 a0:4}"},
            {"void (int, int, int, int, int, int, int, struct l2, char)",
             "a0:4s a1:4s a2:4s a3:4s a4:4s a5:4s a6:4s {a7:8 [0]:8} [8]:1z -> void"},
            {"long double (long double)", "{a0:8 a1:8} -> {a0:8 a1:8}"},
            {"struct d4 (int)", "a1:4s -> *a0"},
            {"void (struct empty, struct c3)", "- a0:3 -> void"},
            {"void (struct { double d; long l; int none[0]; })", "{a0:8 a1:8} -> void"},
            {"void (struct { double d; int none[0]; })", "fa0:8 -> void"},
            {"_Complex int (_Complex int, _Complex long)", "a0:8 {a1:8 a2:8} -> a0:8"},
            {"void (struct { float f; _Complex char c; })", "a0:8 -> void"},
            {"void (struct __attribute__((packed)) { float f; })", "fa0:4 -> void"},
            {"void (struct __attribute__((packed)) { float f; int none[0]; })", "a0:4 -> void"},
            {"struct ff_width (struct f_width, union f_width_union, struct ff_width)",
             "fa0:4 a0:4 {fa1:4 fa2:4} -> {fa0:4 fa1:4}"},
            {"struct c_none (struct d_none, union d_none_union, struct dd_none, struct c_none)",
             "fa0:8 a0:8 {a1:8 a2:8} {fa1:8 fa2:8} -> {fa0:8 fa1:8}"},
            {"struct v_none (struct v_none, struct d_empty, struct c_empty)",
             "{a0:8 a1:8} fa0:8 {fa1:8 fa2:8} -> {a0:8 a1:8}"},
            {"struct d_union (struct d_inner, union d_inner_union, struct d_union)", "fa0:8 a0:8 fa1:8 -> fa0:8"},
            // gcc, clang: a pointer is no integer here.
            {"struct { float f; void *p; } (struct { void *p; double d; }, struct { double d; _Bool b; })",
             "{a0:8 a1:8} {fa0:8 a2:1} -> {a0:8 a1:8}"},
            // gcc: aligned, though there is nothing.
            {"void (struct l2, struct l2, struct l2, int, struct l2, struct v_none_only, struct empty, int)",
             "{a0:8 a1:8} {a2:8 a3:8} {a4:8 a5:8} a6:4s {a7:8 [0]:8} - - [16]:4s -> void"},
            {"void (struct __attribute__((packed)) { __int128 i : 64; float f; })", "{a0:8 fa0:4} -> void"},
            {"void (struct __attribute__((packed)) { __int128 i : 65; float f; })", "{a0:8 a1:5} -> void"},
            {"void (struct __attribute__((packed)) { __int128 i : 100; double d; })", "&a0 -> void"},
        });
}

TEST(PlanProcessors, Arm) {
  check(kArmEabiHf,
        {
            {"int (char, long long, short)", "r0:1z {r2:4 r3:4} [0]:2s -> r0:4"},
            {"void (float, double, float)", "s0:4 d1:8 s1:4 -> void"},
            {"struct d4 (struct d4, struct ff)", "{d0:8 d1:8 d2:8 d3:8} {s8:4 s9:4} -> {d0:8 d1:8 d2:8 d3:8}"},
            {"void (int, int, struct big, int)", "r0:4 r1:4 {r2:4 r3:4 [0]:92} [92]:4 -> void"},
            {"struct c3 (struct l2)", "{r0:4 r1:4 r2:4 r3:4} -> r0:3"},
            {"struct l2 (int)", "r1:4 -> *r0"},
            {"int (int, ...)", "r0:4 -> r0:4"},
            {"void (int, struct { long long none[0]; }, int)", "r0:4 - r2:4 -> void"},
            {"void (int, int, int, struct { long long none[0]; }, int)", "r0:4 r1:4 r2:4 - [0]:4 -> void"},
            {"_Complex char (int, _Complex int)", "r0:4 {r1:4 r2:4} -> r0:2"},
            {"_Complex int (int, _Complex int)", "r1:4 {r2:4 r3:4} -> *r0"},
            {"__attribute__((pcs(\"aapcs\"))) double (float, double, struct ff)",
             "r0:4 {r2:4 r3:4} [0]:8 -> {r0:4 r1:4}"},
            {"__attribute__((pcs(\"aapcs-vfp\"))) double (float, double)", "s0:4 d1:8 -> d0:8"},
            // gcc: `:0` is nothing, but in a union, and [0] makes a record no candidate; clang: both do not.
            {"struct ff_width (struct f_width, union f_width_union, struct ff_width)",
             "s0:4 r0:4 {s1:4 s2:4} -> {s0:4 s1:4}"},
            {"union f_width_union (struct d_none, union d_none_union)", "{r0:4 r1:4} {r2:4 r3:4} -> r0:4"},
            {"struct c_none (int, struct c_none)", "r1:4 {r2:4 r3:4 [0]:8} -> *r0"},
            {"struct v_none (int, struct v_none)", "r1:4 {r2:4 r3:4 [0]:8} -> *r0"},
            {"struct c_empty (struct d_empty, struct c_empty)", "d0:8 {d1:8 d2:8} -> {d0:8 d1:8}"},
            {"union d_inner_union (struct d_inner, union d_inner_union, struct d_union)",
             "d0:8 d1:8 {r0:4 r1:4} -> d0:8"},
        });
}

TEST(PlanProcessors, Power) {
  check(
      kPpc64le,
      {
          {"int (char, double, short)", "r3:1z f1:8 r5:2s -> r3:4s"},
          {"struct d4 (float, struct d4)", "f1:4 {f2:8 f3:8 f4:8 f5:8} -> {f1:8 f2:8 f3:8 f4:8}"},
          {"long double (long double)", "{f1:8 f2:8} -> {f1:8 f2:8}"},
          {"void (struct big, int)", "{r3:8 r4:8 r5:8 r6:8 r7:8 r8:8 r9:8 r10:8 [64]:36} [104]:4s -> void"},
          {"float _Complex (float _Complex, int)", "{f1:4 f2:4} r5:4s -> {f1:4 f2:4}"},
          {"struct l3 (int)", "r4:4s -> *r3"},
          // An argument that is one floating-point or vector member and what has no bytes travels as that member, a
          // result as words; of two members, and complex, it is words, and a union, too (gcc).
          {"struct f1none (struct f1none, struct f_width, struct d_none)", "f1:4 f2:4 f3:8 -> r3:4"},
          {"struct f_width (union f_width_union, struct ff_width, union d_none_union)", "r3:4 r4:8 r5:8 -> r3:4"},
          {"struct ff_width (struct dd_none, struct c_none)", "{r3:8 r4:8} {r5:8 r6:8} -> r3:8"},
          {"struct d_empty (struct v_none, struct d_empty, struct c_empty)", "v2:16 f1:8 {f2:8 f3:8} -> f1:8"},
          {"struct v_none (void)",
           "error: cannot pass 'struct v_none' by value: compilers differ about the order of its halves"},
          {"struct { int none[0]; _Float128 q; } (struct { _Float128 q; int : 0; })", "v2:16 -> v2:16"},
          {"struct { int none[0]; long double l; } (struct { long double l; int : 0; })", "{f1:8 f2:8} -> {r3:8 r4:8}"},
          {"struct d_inner (struct d_inner, union d_inner_union, struct d_union)", "f1:8 r4:8 f2:8 -> r3:8"},
          {"void (int, struct v_none_only, int)", "r3:4s - r5:4s -> void"},
          {"_Complex int (_Complex int, int, _Complex long)", "{r3:4 r4:4} r5:4s {r6:8 r7:8} -> {r3:4 r4:4}"},
      });
}

TEST(PlanProcessors, S390x) {
  check(kS390x,
        {
            {"int (char, float, double)", "r2:1z f0:4h f2:8 -> r2:4s"},
            {"struct ip (struct ip, struct c3, struct f1)", "r3:4 &r4 f0:4h -> *r2"},
            {"void (int, int, int, int, int, int, struct ip)", "r2:4s r3:4s r4:4s r5:4s r6:4s [0]:4s [12]:4 -> void"},
            {"long double (long double)", "&r3 -> *r2"},
            {"void (float, float, float, float, float)", "f0:4h f2:4h f4:4h f6:4h [4]:4 -> void"},
            {"void (struct empty, int)", "&r2 r3:4s -> void"},
            {"_Complex int (_Complex int, _Complex long)", "&r3 &r4 -> *r2"},
            // gcc, clang: a member without bytes is one, so that the other is not alone.
            {"void (struct f1, struct f_width, struct d_none, struct d_empty)", "f0:4h r2:4 r3:8 r4:8 -> void"},
            {"void (struct d_inner, struct d_union, struct c_empty)", "r2:8 r3:8 &r4 -> void"},
        });
}

// One row for each name, with a planner and names for what it hands out.
TEST(PlanProcessors, Registry) {
  for (int i = 0; i < static_cast<int>(abi::Abi::none); ++i) {
    const abi::AbiInfo& row = abi::info(static_cast<abi::Abi>(i));
    EXPECT_EQ(static_cast<int>(row.abi), i);
    EXPECT_NE(row.planner, nullptr) << row.name;
    EXPECT_FALSE(row.gprs.empty() || row.result_gprs.empty()) << row.name;
    EXPECT_EQ(abi::info(row.variadic).word, row.word) << row.name;
  }
  EXPECT_EQ(abi::info(abi::Abi::none).planner, nullptr);
}

}  // namespace
}  // namespace ferry
