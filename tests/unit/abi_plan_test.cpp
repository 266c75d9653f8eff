// Call plans as text, per target. The expectations are what gcc 12 and clang 14 generate for the same
// declarations (gcc, gcc -mabi=ms, aarch64-linux-gnu-gcc, clang --target=...); clauses where they are telling.
#include <gtest/gtest.h>

#include "abi/plan.h"
#include "cparse/parser.h"

namespace ferry {
namespace {

struct Row {
  const char* function;  // "extra" arguments of a variadic function follow after a '|'
  const char* plan;      // or "error: ..." (a part of the message)
};

constexpr const char* kTypes = R"(
  struct empty {};
  struct nowhere;
  struct c3 { char c[3]; };
  struct ff { float a, b; };
  struct fff { float a, b, c; };
  struct dd { double a, b; };
  struct di { double a; int b; };
  struct id { int a; double b; };
  struct l2 { long long a, b; };
  struct l3 { long long a, b, c; };
  struct d4 { double d[4]; };
  struct nested { struct ff f; int i[2]; };
  struct ld { long double x; };
  union ldi { long double x; int i; };
  union fi { float f; int i; };
  struct packed { short a; int b; } __attribute__((packed));
  struct packed2 { int a; short b; char c; } __attribute__((packed));
  struct al16 { double d; } __attribute__((aligned(16)));
  struct al32 { int x; } __attribute__((aligned(32)));
  struct m16 { _Alignas(16) long long a; };
  struct bits { double d; int x : 20; };
  struct zero { float a; int : 0; float b; };
  struct unnamed { float a; int : 32; };
  struct flex { long long n; double d[]; };
  struct padding { int : 18; } __attribute__((aligned(8)));
  struct big { char c[100]; };
  struct s128 { __int128 x; };
  struct h3 { _Float16 a, b, c; };
  struct b3 { __bf16 a, b, c; };
  struct hb { _Float16 a; __bf16 b; };
  typedef float v2f __attribute__((vector_size(8)));
  typedef float v4f __attribute__((vector_size(16)));
  typedef int v8i __attribute__((vector_size(32)));
  typedef char v4c __attribute__((vector_size(4)));
  typedef float v1f __attribute__((vector_size(4)));
  typedef long long v1l __attribute__((vector_size(8)));
  typedef double v1d __attribute__((vector_size(8)));
  typedef __int128 v1t __attribute__((vector_size(16)));
  struct sv { v4f v; };
  struct hva { v4f a, b; };
  struct s256 { v8i v; };
  union uf2 { float f; float g[2]; };
  typedef union { int *a; float *b; } tp __attribute__((transparent_union));
  union val { struct { char *p; unsigned long n; } str; union { double d; long double ld; } num; };
  struct val_in { union { union { float f; int i; }; float g; }; float h; };
  struct val_anonymous { union { struct { float f; int i; }; long long l; struct { double d; }; }; double e; };
  struct hdr { unsigned short len; unsigned char kind; unsigned int data[0]; } __attribute__((packed));
  struct hdr_flexible { unsigned short len; unsigned char kind; unsigned int data[]; } __attribute__((packed));
  struct hdr_nested { char c; struct { unsigned int data[0]; } x; } __attribute__((packed));
  struct absent { float f; int x[0]; };
  struct absent_whole { double d; float f; double x[0]; };
  struct six { float f; short s; } __attribute__((packed));
  struct sixes { struct six x[2]; };
  union zero_union { double d; long long : 0; };
  struct zero_within { float a; union { float z; int : 0; } u; };
  struct whole_bits { char c; struct { int b : 16; } s; } __attribute__((packed));
  struct part_bits { char c; struct { int b : 15; } s; } __attribute__((packed));
  struct union_bits { short c; union { int b : 17; } u; } __attribute__((packed));
  struct unnamed_only { int : 18; };
  union unnamed_union { int : 18; struct { long long : 0; struct unnamed_only a[2]; } s; };
  struct unnamed_large { long long : 40; long long : 40; long long : 40; };
  struct union_bits_16 { short c; union { int b : 16; } u; } __attribute__((packed));
)";

std::string plan_text(const Target& target, const std::string& row) {
  TypeTable types(target);
  auto declared = cparse::parse_declarations(types, kTypes);
  if (!declared.ok()) return "types: " + declared.message();
  size_t bar = row.find('|');
  auto function = cparse::parse_type(types, row.substr(0, bar));
  if (!function.ok()) return "function: " + function.message();
  std::vector<TypeId> extra;
  while (bar != std::string::npos) {
    size_t next = row.find('|', bar + 1);
    auto type = cparse::parse_type(types, row.substr(bar + 1, next == std::string::npos ? next : next - bar - 1));
    if (!type.ok()) return "extra: " + type.message();
    extra.push_back(*type);
    bar = next;
  }
  auto plan = abi::plan_call(types, *function, extra);
  if (!plan.ok()) return "error: " + plan.message();
  std::string text = abi::describe(*plan);
  if (plan->stack_bytes != 0) text += " / " + std::to_string(plan->stack_bytes);
  return text;
}

void check(const Target& target, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    std::string expected = row.plan;
    std::string got = plan_text(target, row.function);
    if (expected.starts_with("error: ")) {
      EXPECT_TRUE(got.starts_with("error: ") && got.find(expected.substr(7)) != std::string::npos)
          << row.function << "\n  is " << got << "\n  not " << expected;
    } else {
      EXPECT_EQ(got, expected) << row.function;
    }
  }
}

TEST(PlanSysV, Scalars) {
  check(kX64SysV,
        {
            {"void (void)", "-> void"},
            {"int (int, double)", "rdi:4s xmm0:8 -> rax:4s"},
            {"unsigned char (_Bool, signed char, unsigned short, long long)", "rdi:1z rsi:1s rdx:2z rcx:8 -> rax:1z"},
            {"char *(char *, float)", "rdi:8 xmm0:4 -> rax:8"},
            {"float (int, int, int, int, int, int, int, char)",
             "rdi:4s rsi:4s rdx:4s rcx:4s r8:4s r9:4s [0]:4s [8]:1s -> xmm0:4 / 16"},
            // psABI 3.2.3: long double is class X87, in memory as an argument, in st0 as a result.
            {"long double (long double, int)", "[0]:16 rdi:4s -> st0:10 / 16"},
            {"complex long double (complex long double)", "[0]:32 -> {st0:10 st1:10} / 32"},
            {"complex float (complex float)", "xmm0:8 -> xmm0:8"},
            {"complex (complex)", "{xmm0:8 xmm1:8} -> {xmm0:8 xmm1:8}"},
            {"_Float128 (_Float128, _Float16)", "xmm0:16 xmm1:2 -> xmm0:16"},
            {"_Decimal32 (_Decimal32, _Decimal64, _Decimal128)", "xmm0:4 xmm1:8 xmm2:16 -> xmm0:4"},
            {"_Decimal128 (int, struct { _Decimal64 d; long i; }, struct { char c; _Decimal128 d; })",
             "rdi:4s {xmm0:8 rsi:8} [0]:32 -> xmm0:16 / 32"},
            {"__bf16 (__bf16, struct b3, struct hb)", "xmm0:2 xmm1:6 xmm2:4 -> xmm0:2"},
            // An __int128 that does not fit goes to the stack as a whole, 16-aligned; r9 stays for the next.
            {"__int128 (int, int, int, int, int, __int128, int, int, __int128)",
             "rdi:4s rsi:4s rdx:4s rcx:4s r8:4s [0]:16 r9:4s [16]:4s [32]:16 -> {rax:8 rdx:8} / 48"},
            {"void (int, ...)|double|int|long double", "rdi:4s xmm0:8 rsi:4s [0]:16 -> void / 16"},
            {"void (int)|int", "error: too many arguments"},
        });
}

TEST(PlanSysV, Aggregates) {
  check(kX64SysV, {
                      {"struct c3 (struct c3)", "rdi:3 -> rax:3"},
                      {"struct ff (struct ff)", "xmm0:8 -> xmm0:8"},
                      {"struct fff (struct fff)", "{xmm0:8 xmm1:4} -> {xmm0:8 xmm1:4}"},
                      {"struct di (struct id)", "{rdi:8 xmm0:8} -> {xmm0:8 rax:8}"},
                      {"struct nested (struct nested)", "{xmm0:8 rdi:8} -> {xmm0:8 rax:8}"},
                      {"struct l3 (struct l3, int)", "[0]:24 rsi:4s -> *rdi / 32"},
                      // Either all eightbytes fit the registers left, or none is used.
                      {"void (long long, long long, long long, long long, long long, struct l2, int)",
                       "rdi:8 rsi:8 rdx:8 rcx:8 r8:8 [0]:16 r9:4s -> void / 16"},
                      {"void (double, double, double, double, double, double, double, struct dd, float)",
                       "xmm0:8 xmm1:8 xmm2:8 xmm3:8 xmm4:8 xmm5:8 xmm6:8 [0]:16 xmm7:4 -> void / 16"},
                      {"void (struct empty, int, struct empty)", "- rdi:4s - -> void"},
                      {"struct ld (struct ld)", "[0]:16 -> st0:10 / 16"},
                      // Merging X87 with INTEGER leaves X87UP alone: class MEMORY.
                      {"union ldi (union ldi)", "[0]:16 -> *rdi / 16"},
                      {"union fi (union fi)", "rdi:4 -> rax:4"},
                      // psABI 3.2.3: an unaligned field forces class MEMORY.
                      {"struct packed (struct packed)", "[0]:6 -> *rdi / 16"},
                      {"struct packed2 (struct packed2)", "rdi:7 -> rax:7"},
                      {"struct al16 (struct al16)", "xmm0:8 -> xmm0:8"},
                      {"struct bits (struct bits)", "{xmm0:8 rdi:8} -> {xmm0:8 rax:8}"},
                      {"struct zero (struct zero)", "xmm0:8 -> xmm0:8"},
                      {"struct unnamed (struct unnamed)", "rdi:8 -> rax:8"},
                      // gcc: nothing but unnamed bit-fields travels in registers, but takes no stack.
                      {"void (struct unnamed_only, int)", "rdi:3 rsi:4s -> void"},
                      {"void (struct l2, struct l2, struct l2, struct unnamed_only, union unnamed_union, int)",
                       "{rdi:8 rsi:8} {rdx:8 rcx:8} {r8:8 r9:8} - - [0]:4s -> void / 16"},
                      {"void (struct unnamed_large, int)", "- rdi:4s -> void"},
                      {"struct unnamed_only (void)", "-> rax:3"},
                      {"struct unnamed_large (void)", "error: compilers differ"},
                      {"struct flex (struct flex)", "rdi:8 -> rax:8"},
                      {"struct s128 (struct s128)", "{rdi:8 rsi:8} -> {rax:8 rdx:8}"},
                      {"struct sv (struct sv, v2f)", "xmm0:16 xmm1:8 -> xmm0:16"},
                      {"v4f (v4f, v4c, v1f)", "xmm0:16 rdi:4 [0]:4 -> xmm0:16 / 16"},
                      {"void (v8i)", "error: AVX"},
                      {"struct s256 (void)", "error: AVX"},
                      {"void (int, tp)", "rdi:4s rsi:8 -> void"},
                      // gcc and clang align the whole area for over-aligned arguments.
                      {"void (int, int, int, int, int, int, int, struct al32, int)",
                       "rdi:4s rsi:4s rdx:4s rcx:4s r8:4s r9:4s [0]:4s [32]:32 [64]:4s -> void / 96"},
                      {"void (int, struct c3, struct ff, struct big)", "rdi:4s rsi:3 xmm0:8 [0]:100 -> void / 112"},
                  });
}

// psABI 3.2.3: each aggregate is classified by itself, members first. gcc decides where clang differs.
TEST(PlanSysV, Nested) {
  check(kX64SysV, {
                      {"union val (union val)", "[0]:16 -> *rdi / 16"},
                      {"struct val_in (struct val_in)", "rdi:8 -> rax:8"},
                      {"struct val_anonymous (struct val_anonymous)", "{rdi:8 xmm0:8} -> {rax:8 xmm0:8}"},
                      {"struct hdr (struct hdr)", "[0]:3 -> *rdi / 16"},
                      {"struct hdr_flexible (struct hdr_flexible)", "rdi:3 -> rax:3"},
                      {"void (struct hdr_nested)", "[0]:1 -> void / 16"},
                      {"void (struct absent)", "rdi:4 -> void"},
                      {"void (struct absent_whole)", "{xmm0:8 xmm1:8} -> void"},
                      {"void (struct sixes)", "{rdi:8 rsi:4} -> void"},
                      {"void (union zero_union)", "rdi:8 -> void"},
                      {"void (struct zero_within)", "rdi:8 -> void"},
                      {"void (struct whole_bits)", "[0]:5 -> void / 16"},
                      {"void (struct part_bits)", "rdi:5 -> void"},
                      {"void (struct union_bits)", "[0]:6 -> void / 16"},
                      {"void (struct union_bits_16)", "rdi:6 -> void"},
                  });
}

TEST(PlanWin64, All) {
  check(kWin64, {
                    {"int (int, double, char, float, short, float)",
                     "rcx:4s xmm1:8 r8:1s xmm3:4 [32]:2s [40]:4 -> rax:4s / 48"},
                    {"double (void)", "-> xmm0:8 / 32"},
                    // A record of 1, 2, 4, 8 bytes is an integer; any other is passed by reference.
                    {"struct ff (struct ff, struct c3, struct dd, union fi, struct dd)",
                     "rcx:8 &rdx &r8 r9:4 &[32] -> rax:8 / 48"},
                    {"struct c3 (int)", "rdx:4s -> *rcx / 32"},
                    {"complex float (complex float, complex)", "rcx:8 &rdx -> rax:8 / 32"},
                    {"v4f (v4f)", "&rcx -> xmm0:16 / 32"},
                    // Variadic: floating-point values in both register files.
                    {"void (int, ...)|double|double", "rcx:4s {xmm1:8 rdx:8} {xmm2:8 r8:8} -> void / 32"},
                    {"void (v8i)", "error: AVX"},
                    // On the stack gcc passes nothing for it, Microsoft's compiler eight bytes.
                    {"void (int, struct padding)", "rcx:4s rdx:8 -> void / 32"},
                    {"void (int, int, int, int, struct padding)", "error: no named members"},
                });
  check(kX64SysV,
        {
            {"__attribute__((ms_abi)) __int128 (__int128, long double, _Float16)", "&rcx &rdx r8:2 -> xmm0:16 / 32"},
            {"__attribute__((ms_abi)) long double (int, _Float128)", "rdx:4s &r8 -> *rcx / 32"},
            {"__attribute__((ms_abi)) _Decimal64 (_Decimal32, _Decimal128)", "rcx:4 &rdx -> rax:8 / 32"},
        });
  check(kWin64, {{"__attribute__((sysv_abi)) int (int, double)", "rdi:4s xmm0:8 -> rax:4s"}});
}

TEST(PlanAapcs64, Linux) {
  check(
      kArm64Linux,
      {
          {"int (int, double, char)", "x0:4s v0:8 x1:1z -> x0:4s"},
          {"struct fff (struct fff)", "{v0:4 v1:4 v2:4} -> {v0:4 v1:4 v2:4}"},
          {"struct d4 (struct d4)", "{v0:8 v1:8 v2:8 v3:8} -> {v0:8 v1:8 v2:8 v3:8}"},
          {"long double (long double, complex long double, _Float16)", "v0:16 {v1:16 v2:16} v3:2 -> v0:16"},
          {"__bf16 (__bf16, _Float16)", "v0:2 v1:2 -> v0:2"},
          {"void (struct b3)", "error: compilers differ about aggregates of __bf16"},
          {"struct hb (void)", "error: compilers differ about aggregates of __bf16"},
          {"struct hva (struct hva, v2f)", "{v0:16 v1:16} v2:8 -> {v0:16 v1:16}"},
          // 6.9: results that would be passed in memory come back through x8, which is no argument register.
          {"struct l3 (int, struct l3)", "x0:4s &x1 -> *x8"},
          // C.10 for alignment 16, C.13 once registers have run out.
          {"void (int, struct m16, int, struct m16, int, struct m16, int)",
           "x0:4s {x2:8 x3:8} x4:4s {x6:8 x7:8} [0]:4s [16]:16 [32]:4s -> void / 48"},
          {"void (long long, long long, long long, long long, long long, long long, long long, struct l2, int)",
           "x0:8 x1:8 x2:8 x3:8 x4:8 x5:8 x6:8 [0]:16 [16]:4s -> void / 32"},
          // C.3: once an HFA has not fitted, no SIMD register is used any more.
          {"void (double, double, double, double, double, double, struct fff, float, double, float, v4f, struct hva, "
           "complex float, struct h3, short)",
           "v0:8 v1:8 v2:8 v3:8 v4:8 v5:8 [0]:12 [16]:4 [24]:8 [32]:4 [48]:16 [64]:32 [96]:8 [104]:6 x0:2s -> void / "
           "112"},
          {"void (struct zero, union uf2, struct packed)", "{v0:4 v1:4} {v2:4 v3:4} x0:6 -> void"},
          {"void (int, ...)|int|double|struct fff|struct d4|struct l2|struct l3|struct m16|__int128|complex "
           "float|v4f|int",
           "x0:4s x1:4s v0:8 {v1:4 v2:4 v3:4} {v4:8 v5:8 v6:8 v7:8} {x2:8 x3:8} &x4 {x6:8 x7:8} [0]:16 [16]:8 [32]:16 "
           "[48]:4s -> void / 64"},
          {"v4c (v4c, v8i)", "x0:4 &x1 -> x0:4"},
          {"void (v1f)", "error: compilers differ"},
          {"void (struct empty, int)", "- x0:4s -> void"},
          // gcc: beside a vector or a complex number members without bytes do not count, elsewhere they do.
          {"void (struct { int n[0]; v2f v; }, struct { struct { complex double c; } s[1]; int n[0]; })",
           "v0:8 {v1:8 v2:8} -> void"},
          {"void (struct { int n[0]; double d; }, struct { v2f v; int n[]; }, union { int n[0]; v2f v; })",
           "x0:8 x1:8 x2:8 -> void"},
          {"void (struct { float f; int : 0; }, union { float f; int : 0; })", "v0:4 x0:4 -> void"},
          // A vector of one integer has that one's mode.
          {"void (struct { int n[0]; v1l v; }, struct { int n[0]; v1d v; }, struct { v1l v; })",
           "x0:8 v0:8 v1:8 -> void"},
          {"void (int, struct { int n[0]; v1t v; })", "x0:4s {x2:8 x3:8} -> void"},
      });
}

TEST(PlanAapcs64, Darwin) {
  check(
      kArm64Darwin,
      {
          // Apple: stack arguments take their own size; composites other than HFAs whole slots; no even registers.
          {"void (long long, long long, long long, long long, long long, long long, long long, long long, char, short, "
           "int, "
           "char, long long, char, struct fff, struct c3, char, struct l2, char, struct m16, char, __int128, char, "
           "float, "
           "struct l3)",
           "x0:8 x1:8 x2:8 x3:8 x4:8 x5:8 x6:8 x7:8 [0]:1 [2]:2 [4]:4 [8]:1 [16]:8 [24]:1 {v0:4 v1:4 v2:4} [32]:3 "
           "[40]:1 "
           "[48]:16 [64]:1 [80]:16 [96]:1 [112]:16 [128]:1 v3:4 &[136] -> void / 144"},
          {"void (double, double, double, double, double, double, struct fff, float, double, float, v4f, struct hva, "
           "complex float, struct h3, short)",
           "v0:8 v1:8 v2:8 v3:8 v4:8 v5:8 [0]:12 [12]:4 [16]:8 [24]:4 [32]:16 [48]:32 [80]:8 [88]:6 x0:2s -> void / "
           "96"},
          {"void (int, ...)|int|double|struct fff|struct d4|struct l2|struct l3|struct m16|__int128|complex "
           "float|v4f|int",
           "x0:4s [0]:4s [8]:8 [16]:12 [32]:32 [64]:16 &[80] [96]:16 [112]:16 [128]:8 [144]:16 [160]:4s -> void / 176"},
          {"void (float, struct fff, ...)|double|int|int|int|struct l2|int|__int128",
           "v0:4 {v1:4 v2:4 v3:4} [0]:8 [8]:4s [16]:4s [24]:4s [32]:16 [48]:4s [64]:16 -> void / 80"},
          {"void (int, struct m16, int, struct m16, int, struct m16, int, struct m16, int)",
           "x0:4s {x1:8 x2:8} x3:4s {x4:8 x5:8} x6:4s [0]:16 [16]:4 [32]:16 [48]:4 -> void / 64"},
          {"void (struct zero)", "x0:8 -> void"},
          {"long double (long double)", "v0:8 -> v0:8"},
      });
}

TEST(PlanAapcs64, Windows) {
  check(kArm64Windows,
        {
            {"void (int, struct m16, int, struct m16, int, struct m16, int)",
             "x0:4s {x2:8 x3:8} x4:4s {x6:8 x7:8} [0]:4s [16]:16 [32]:4s -> void / 48"},
            {"double (double, struct fff)", "v0:8 {v1:4 v2:4 v3:4} -> v0:8"},
            // Microsoft: variadic functions use general registers only; the first 64 bytes of an imaginary stack.
            {"void (float, struct fff, ...)|double|int|int|int|long long|int|__int128",
             "x0:4 {x1:8 x2:4} x3:8 x4:4s x5:4s x6:4s x7:8 [0]:4s [16]:16 -> void / 32"},
            {"void (int, ...)|struct d4|struct m16", "x0:4s &x1 {x2:8 x3:8} -> void"},
            {"void (long long, long long, long long, long long, long long, long long, long long, ...)|struct l2|int",
             "x0:8 x1:8 x2:8 x3:8 x4:8 x5:8 x6:8 {x7:8 [0]:8} [8]:4s -> void / 16"},
        });
}

TEST(Plan, Refused) {
  check(kX64SysV, {
                      {"void (struct nowhere)", "error: incomplete"},
                      {"struct nowhere (void)", "error: incomplete"},
                  });
  EXPECT_EQ(abi::abi_of(kRiscv64, CallConv::ms_abi), abi::Abi::none);
  EXPECT_EQ(abi::abi_of(kArm64Linux, CallConv::ms_abi), abi::Abi::none);
  EXPECT_EQ(abi::abi_of(kI386SysV, CallConv::stdcall), abi::Abi::i386_stdcall);
  EXPECT_EQ(abi::abi_of(kX64SysV, CallConv::stdcall), abi::Abi::sysv_x64);
  // Unions of unions: exponentially many paths, few bytes.
  std::string text = "union u0 { int a; float b; };";
  for (int i = 1; i < 60; ++i) {
    std::string before = std::to_string(i - 1);
    text += "union u" + std::to_string(i) + " { union u" + before + " a, b; };";
  }
  TypeTable types(kX64SysV);
  ASSERT_TRUE(cparse::parse_declarations(types, text).ok());
  auto function = cparse::parse_type(types, "void (union u59)");
  ASSERT_TRUE(function.ok());
  auto plan = abi::plan_call(types, *function);
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.message().find("too deeply nested"), std::string::npos) << plan.message();
}

}  // namespace
}  // namespace ferry
