// The built-in headers' texts (builtin_headers.h). Of the vector headers there are the types and what is a macro:
// their functions have no symbols that could be called.
#include "cpreproc/builtin_headers.h"

#include <iterator>

namespace ferry::cpreproc {
namespace {

// C libraries ask for single types by __need_NAME; each is declared once. The other guards are those by which C
// libraries and compilers tell each other what is declared.
constexpr std::string_view kStddef = R"(
#if !defined __need_wchar_t && !defined __need_size_t && !defined __need_ptrdiff_t && !defined __need_NULL && \
    !defined __need_wint_t
#define __ferry_all_of_stddef
#endif
#if defined __ferry_all_of_stddef || defined __need_ptrdiff_t
#if !defined _PTRDIFF_T && !defined _PTRDIFF_T_DEFINED
#define _PTRDIFF_T
#define _PTRDIFF_T_DEFINED
#define __PTRDIFF_T
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#endif
#endif
#if defined __ferry_all_of_stddef || defined __need_size_t
#if !defined _SIZE_T && !defined _SIZE_T_DEFINED
#define _SIZE_T
#define _SIZE_T_DEFINED
#define __SIZE_T
#define __size_t
typedef __SIZE_TYPE__ size_t;
#endif
#endif
#if defined __ferry_all_of_stddef || defined __need_wchar_t
#if !defined _WCHAR_T && !defined _WCHAR_T_DEFINED && !defined __cplusplus
#define _WCHAR_T
#define _WCHAR_T_DEFINED
#define __WCHAR_T
#define ___int_wchar_t_h
typedef __WCHAR_TYPE__ wchar_t;
#endif
#endif
#if defined __need_wint_t
#if !defined _WINT_T && !defined _WINT_T_DEFINED
#define _WINT_T
typedef __WINT_TYPE__ wint_t;
#endif
#endif
#if defined __ferry_all_of_stddef || defined __need_NULL
#undef NULL
#define NULL ((void *)0)
#endif
#ifdef __ferry_all_of_stddef
#ifndef _FERRY_STDDEF_H
#define _FERRY_STDDEF_H
#define _STDDEF_H
#define offsetof(type, member) __builtin_offsetof (type, member)
#if !defined _GCC_MAX_ALIGN_T && !defined __CLANG_MAX_ALIGN_T_DEFINED
#define _GCC_MAX_ALIGN_T
#define __CLANG_MAX_ALIGN_T_DEFINED
typedef struct {
  long long __max_align_ll __attribute__((__aligned__(__alignof__(long long))));
  long double __max_align_ld __attribute__((__aligned__(__alignof__(long double))));
#ifdef __i386__
  __float128 __max_align_f128 __attribute__((__aligned__(__alignof(__float128))));
#endif
} max_align_t;
#endif
#if __STDC_VERSION__ > 201710L
typedef __typeof__(nullptr) nullptr_t;
#define unreachable() (__builtin_unreachable ())
#endif
#endif
#endif
#undef __ferry_all_of_stddef
#undef __need_ptrdiff_t
#undef __need_size_t
#undef __need_wchar_t
#undef __need_wint_t
#undef __need_NULL
)";

constexpr std::string_view kStdarg = R"(
#ifndef __GNUC_VA_LIST
#define __GNUC_VA_LIST
typedef __builtin_va_list __gnuc_va_list;
#endif
#ifdef __need___va_list
#undef __need___va_list
#elif !defined _STDARG_H
#define _STDARG_H
#define va_start(v, l) __builtin_va_start(v, l)
#define va_end(v) __builtin_va_end(v)
#define va_arg(v, l) __builtin_va_arg(v, l)
#define va_copy(d, s) __builtin_va_copy(d, s)
#define __va_copy(d, s) __builtin_va_copy(d, s)
#ifndef _VA_LIST_DEFINED
#define _VA_LIST_DEFINED
#define _VA_LIST
#define _VA_LIST_T_H
#define __va_list__
typedef __gnuc_va_list va_list;
#endif
#endif
)";

constexpr std::string_view kStdbool = R"(
#ifndef _STDBOOL_H
#define _STDBOOL_H
#if __STDC_VERSION__ <= 201710L
#define bool _Bool
#define true 1
#define false 0
#endif
#define __bool_true_false_are_defined 1
#endif
)";

constexpr std::string_view kStdint = R"(
#if __has_include_next(<stdint.h>)
#include_next <stdint.h>
#elif !defined _FERRY_STDINT_H
#define _FERRY_STDINT_H
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INT_LEAST8_TYPE__ int_least8_t;
typedef __INT_LEAST16_TYPE__ int_least16_t;
typedef __INT_LEAST32_TYPE__ int_least32_t;
typedef __INT_LEAST64_TYPE__ int_least64_t;
typedef __UINT_LEAST8_TYPE__ uint_least8_t;
typedef __UINT_LEAST16_TYPE__ uint_least16_t;
typedef __UINT_LEAST32_TYPE__ uint_least32_t;
typedef __UINT_LEAST64_TYPE__ uint_least64_t;
typedef __INT_FAST8_TYPE__ int_fast8_t;
typedef __INT_FAST16_TYPE__ int_fast16_t;
typedef __INT_FAST32_TYPE__ int_fast32_t;
typedef __INT_FAST64_TYPE__ int_fast64_t;
typedef __UINT_FAST8_TYPE__ uint_fast8_t;
typedef __UINT_FAST16_TYPE__ uint_fast16_t;
typedef __UINT_FAST32_TYPE__ uint_fast32_t;
typedef __UINT_FAST64_TYPE__ uint_fast64_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef __INTMAX_TYPE__ intmax_t;
typedef __UINTMAX_TYPE__ uintmax_t;
#define INT8_MAX __INT8_MAX__
#define INT8_MIN (-INT8_MAX - 1)
#define UINT8_MAX __UINT8_MAX__
#define INT16_MAX __INT16_MAX__
#define INT16_MIN (-INT16_MAX - 1)
#define UINT16_MAX __UINT16_MAX__
#define INT32_MAX __INT32_MAX__
#define INT32_MIN (-INT32_MAX - 1)
#define UINT32_MAX __UINT32_MAX__
#define INT64_MAX __INT64_MAX__
#define INT64_MIN (-INT64_MAX - 1)
#define UINT64_MAX __UINT64_MAX__
#define INTPTR_MAX __INTPTR_MAX__
#define INTPTR_MIN (-INTPTR_MAX - 1)
#define UINTPTR_MAX __UINTPTR_MAX__
#define INTMAX_MAX __INTMAX_MAX__
#define INTMAX_MIN (-INTMAX_MAX - 1)
#define UINTMAX_MAX __UINTMAX_MAX__
#define PTRDIFF_MAX __PTRDIFF_MAX__
#define PTRDIFF_MIN (-PTRDIFF_MAX - 1)
#define SIZE_MAX __SIZE_MAX__
#endif
)";

// A C library's own <limits.h> adds what POSIX has; _GCC_LIMITS_H_ tells it that this one was here.
constexpr std::string_view kLimits = R"(
#ifndef _GCC_LIMITS_H_
#define _GCC_LIMITS_H_
#if __has_include_next(<limits.h>)
#include_next <limits.h>
#endif
#endif
#ifndef _LIMITS_H___
#define _LIMITS_H___
#undef CHAR_BIT
#define CHAR_BIT __CHAR_BIT__
#ifndef MB_LEN_MAX
#define MB_LEN_MAX 1
#endif
#undef SCHAR_MIN
#define SCHAR_MIN (-SCHAR_MAX - 1)
#undef SCHAR_MAX
#define SCHAR_MAX __SCHAR_MAX__
#undef UCHAR_MAX
#define UCHAR_MAX (SCHAR_MAX * 2 + 1)
#undef CHAR_MIN
#undef CHAR_MAX
#ifdef __CHAR_UNSIGNED__
#define CHAR_MIN 0
#define CHAR_MAX UCHAR_MAX
#else
#define CHAR_MIN SCHAR_MIN
#define CHAR_MAX SCHAR_MAX
#endif
#undef SHRT_MIN
#define SHRT_MIN (-SHRT_MAX - 1)
#undef SHRT_MAX
#define SHRT_MAX __SHRT_MAX__
#undef USHRT_MAX
#define USHRT_MAX (SHRT_MAX * 2 + 1)
#undef INT_MIN
#define INT_MIN (-INT_MAX - 1)
#undef INT_MAX
#define INT_MAX __INT_MAX__
#undef UINT_MAX
#define UINT_MAX (INT_MAX * 2U + 1U)
#undef LONG_MIN
#define LONG_MIN (-LONG_MAX - 1L)
#undef LONG_MAX
#define LONG_MAX __LONG_MAX__
#undef ULONG_MAX
#define ULONG_MAX (LONG_MAX * 2UL + 1UL)
#undef LLONG_MIN
#define LLONG_MIN (-LLONG_MAX - 1LL)
#undef LLONG_MAX
#define LLONG_MAX __LONG_LONG_MAX__
#undef ULLONG_MAX
#define ULLONG_MAX (LLONG_MAX * 2ULL + 1ULL)
#undef LONG_LONG_MIN
#define LONG_LONG_MIN LLONG_MIN
#undef LONG_LONG_MAX
#define LONG_LONG_MAX LLONG_MAX
#undef ULONG_LONG_MAX
#define ULONG_LONG_MAX ULLONG_MAX
#endif
)";

constexpr std::string_view kFloat = R"(
#ifndef _FLOAT_H___
#define _FLOAT_H___
#define FLT_RADIX __FLT_RADIX__
#define FLT_MANT_DIG __FLT_MANT_DIG__
#define DBL_MANT_DIG __DBL_MANT_DIG__
#define LDBL_MANT_DIG __LDBL_MANT_DIG__
#define FLT_DIG __FLT_DIG__
#define DBL_DIG __DBL_DIG__
#define LDBL_DIG __LDBL_DIG__
#define FLT_MIN_EXP __FLT_MIN_EXP__
#define DBL_MIN_EXP __DBL_MIN_EXP__
#define LDBL_MIN_EXP __LDBL_MIN_EXP__
#define FLT_MIN_10_EXP __FLT_MIN_10_EXP__
#define DBL_MIN_10_EXP __DBL_MIN_10_EXP__
#define LDBL_MIN_10_EXP __LDBL_MIN_10_EXP__
#define FLT_MAX_EXP __FLT_MAX_EXP__
#define DBL_MAX_EXP __DBL_MAX_EXP__
#define LDBL_MAX_EXP __LDBL_MAX_EXP__
#define FLT_MAX_10_EXP __FLT_MAX_10_EXP__
#define DBL_MAX_10_EXP __DBL_MAX_10_EXP__
#define LDBL_MAX_10_EXP __LDBL_MAX_10_EXP__
#define FLT_MAX __FLT_MAX__
#define DBL_MAX __DBL_MAX__
#define LDBL_MAX __LDBL_MAX__
#define FLT_EPSILON __FLT_EPSILON__
#define DBL_EPSILON __DBL_EPSILON__
#define LDBL_EPSILON __LDBL_EPSILON__
#define FLT_MIN __FLT_MIN__
#define DBL_MIN __DBL_MIN__
#define LDBL_MIN __LDBL_MIN__
#define FLT_ROUNDS 1
#define FLT_EVAL_METHOD __FLT_EVAL_METHOD__
#define DECIMAL_DIG __DECIMAL_DIG__
#define FLT_DECIMAL_DIG __FLT_DECIMAL_DIG__
#define DBL_DECIMAL_DIG __DBL_DECIMAL_DIG__
#define LDBL_DECIMAL_DIG __LDBL_DECIMAL_DIG__
#define FLT_HAS_SUBNORM __FLT_HAS_DENORM__
#define DBL_HAS_SUBNORM __DBL_HAS_DENORM__
#define LDBL_HAS_SUBNORM __LDBL_HAS_DENORM__
#define FLT_TRUE_MIN __FLT_DENORM_MIN__
#define DBL_TRUE_MIN __DBL_DENORM_MIN__
#define LDBL_TRUE_MIN __LDBL_DENORM_MIN__
#endif
)";

constexpr std::string_view kStdatomic = R"(
#ifndef _STDATOMIC_H
#define _STDATOMIC_H
typedef enum {
  memory_order_relaxed = __ATOMIC_RELAXED,
  memory_order_consume = __ATOMIC_CONSUME,
  memory_order_acquire = __ATOMIC_ACQUIRE,
  memory_order_release = __ATOMIC_RELEASE,
  memory_order_acq_rel = __ATOMIC_ACQ_REL,
  memory_order_seq_cst = __ATOMIC_SEQ_CST
} memory_order;
typedef _Atomic _Bool atomic_bool;
typedef _Atomic char atomic_char;
typedef _Atomic signed char atomic_schar;
typedef _Atomic unsigned char atomic_uchar;
typedef _Atomic short atomic_short;
typedef _Atomic unsigned short atomic_ushort;
typedef _Atomic int atomic_int;
typedef _Atomic unsigned int atomic_uint;
typedef _Atomic long atomic_long;
typedef _Atomic unsigned long atomic_ulong;
typedef _Atomic long long atomic_llong;
typedef _Atomic unsigned long long atomic_ullong;
typedef _Atomic __CHAR16_TYPE__ atomic_char16_t;
typedef _Atomic __CHAR32_TYPE__ atomic_char32_t;
typedef _Atomic __WCHAR_TYPE__ atomic_wchar_t;
typedef _Atomic __INT_LEAST8_TYPE__ atomic_int_least8_t;
typedef _Atomic __UINT_LEAST8_TYPE__ atomic_uint_least8_t;
typedef _Atomic __INT_LEAST16_TYPE__ atomic_int_least16_t;
typedef _Atomic __UINT_LEAST16_TYPE__ atomic_uint_least16_t;
typedef _Atomic __INT_LEAST32_TYPE__ atomic_int_least32_t;
typedef _Atomic __UINT_LEAST32_TYPE__ atomic_uint_least32_t;
typedef _Atomic __INT_LEAST64_TYPE__ atomic_int_least64_t;
typedef _Atomic __UINT_LEAST64_TYPE__ atomic_uint_least64_t;
typedef _Atomic __INT_FAST8_TYPE__ atomic_int_fast8_t;
typedef _Atomic __UINT_FAST8_TYPE__ atomic_uint_fast8_t;
typedef _Atomic __INT_FAST16_TYPE__ atomic_int_fast16_t;
typedef _Atomic __UINT_FAST16_TYPE__ atomic_uint_fast16_t;
typedef _Atomic __INT_FAST32_TYPE__ atomic_int_fast32_t;
typedef _Atomic __UINT_FAST32_TYPE__ atomic_uint_fast32_t;
typedef _Atomic __INT_FAST64_TYPE__ atomic_int_fast64_t;
typedef _Atomic __UINT_FAST64_TYPE__ atomic_uint_fast64_t;
typedef _Atomic __INTPTR_TYPE__ atomic_intptr_t;
typedef _Atomic __UINTPTR_TYPE__ atomic_uintptr_t;
typedef _Atomic __SIZE_TYPE__ atomic_size_t;
typedef _Atomic __PTRDIFF_TYPE__ atomic_ptrdiff_t;
typedef _Atomic __INTMAX_TYPE__ atomic_intmax_t;
typedef _Atomic __UINTMAX_TYPE__ atomic_uintmax_t;
typedef _Atomic struct { unsigned char __val; } atomic_flag;
extern void atomic_thread_fence(memory_order);
extern void atomic_signal_fence(memory_order);
extern _Bool atomic_flag_test_and_set(volatile atomic_flag *);
extern _Bool atomic_flag_test_and_set_explicit(volatile atomic_flag *, memory_order);
extern void atomic_flag_clear(volatile atomic_flag *);
extern void atomic_flag_clear_explicit(volatile atomic_flag *, memory_order);
#define ATOMIC_VAR_INIT(value) (value)
#define ATOMIC_FLAG_INIT { 0 }
#define ATOMIC_BOOL_LOCK_FREE __GCC_ATOMIC_BOOL_LOCK_FREE
#define ATOMIC_CHAR_LOCK_FREE __GCC_ATOMIC_CHAR_LOCK_FREE
#define ATOMIC_CHAR16_T_LOCK_FREE __GCC_ATOMIC_CHAR16_T_LOCK_FREE
#define ATOMIC_CHAR32_T_LOCK_FREE __GCC_ATOMIC_CHAR32_T_LOCK_FREE
#define ATOMIC_WCHAR_T_LOCK_FREE __GCC_ATOMIC_WCHAR_T_LOCK_FREE
#define ATOMIC_SHORT_LOCK_FREE __GCC_ATOMIC_SHORT_LOCK_FREE
#define ATOMIC_INT_LOCK_FREE __GCC_ATOMIC_INT_LOCK_FREE
#define ATOMIC_LONG_LOCK_FREE __GCC_ATOMIC_LONG_LOCK_FREE
#define ATOMIC_LLONG_LOCK_FREE __GCC_ATOMIC_LLONG_LOCK_FREE
#define ATOMIC_POINTER_LOCK_FREE __GCC_ATOMIC_POINTER_LOCK_FREE
#define atomic_init(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_store_explicit(p, v, o) __atomic_store_n(p, v, o)
#define atomic_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define atomic_load_explicit(p, o) __atomic_load_n(p, o)
#define atomic_exchange(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_exchange_explicit(p, v, o) __atomic_exchange_n(p, v, o)
#define atomic_fetch_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_add_explicit(p, v, o) __atomic_fetch_add(p, v, o)
#define atomic_fetch_sub(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_sub_explicit(p, v, o) __atomic_fetch_sub(p, v, o)
#define atomic_fetch_or(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or_explicit(p, v, o) __atomic_fetch_or(p, v, o)
#define atomic_fetch_xor(p, v) __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_xor_explicit(p, v, o) __atomic_fetch_xor(p, v, o)
#define atomic_fetch_and(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_and_explicit(p, v, o) __atomic_fetch_and(p, v, o)
#define atomic_compare_exchange_strong(p, e, d) \
  __atomic_compare_exchange_n(p, e, d, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define atomic_compare_exchange_weak(p, e, d) \
  __atomic_compare_exchange_n(p, e, d, 1, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#endif
)";

constexpr std::string_view kStdalign = R"(
#ifndef _STDALIGN_H
#define _STDALIGN_H
#define alignas _Alignas
#define alignof _Alignof
#define __alignas_is_defined 1
#define __alignof_is_defined 1
#endif
)";

constexpr std::string_view kStdnoreturn = R"(
#ifndef _STDNORETURN_H
#define _STDNORETURN_H
#define noreturn _Noreturn
#endif
)";

constexpr std::string_view kIso646 = R"(
#ifndef _ISO646_H
#define _ISO646_H
#define and &&
#define and_eq &=
#define bitand &
#define bitor |
#define compl ~
#define not !
#define not_eq !=
#define or ||
#define or_eq |=
#define xor ^
#define xor_eq ^=
#endif
)";

constexpr std::string_view kTgmath = R"(
#include <math.h>
#include <complex.h>
)";

constexpr std::string_view kStdckdint = R"(
#ifndef __STDC_VERSION_STDCKDINT_H__
#define __STDC_VERSION_STDCKDINT_H__ 202311L
#define ckd_add(r, a, b) ((_Bool)__builtin_add_overflow(a, b, r))
#define ckd_sub(r, a, b) ((_Bool)__builtin_sub_overflow(a, b, r))
#define ckd_mul(r, a, b) ((_Bool)__builtin_mul_overflow(a, b, r))
#endif
)";

constexpr std::string_view kVectors = R"(
#ifndef _FERRY_X86_VECTORS
#define _FERRY_X86_VECTORS
typedef int __m64 __attribute__((__vector_size__(8), __may_alias__));
typedef float __m128 __attribute__((__vector_size__(16), __may_alias__));
typedef double __m128d __attribute__((__vector_size__(16), __may_alias__));
typedef long long __m128i __attribute__((__vector_size__(16), __may_alias__));
typedef float __m128_u __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)));
typedef double __m128d_u __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)));
typedef long long __m128i_u __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)));
typedef float __m256 __attribute__((__vector_size__(32), __may_alias__));
typedef double __m256d __attribute__((__vector_size__(32), __may_alias__));
typedef long long __m256i __attribute__((__vector_size__(32), __may_alias__));
typedef float __m512 __attribute__((__vector_size__(64), __may_alias__));
typedef double __m512d __attribute__((__vector_size__(64), __may_alias__));
typedef long long __m512i __attribute__((__vector_size__(64), __may_alias__));
typedef unsigned char __mmask8;
typedef unsigned short __mmask16;
typedef unsigned int __mmask32;
typedef unsigned long long __mmask64;
#define _MM_SHUFFLE(z, y, x, w) (((z) << 6) | ((y) << 4) | ((x) << 2) | (w))
#define _MM_SHUFFLE2(x, y) (((x) << 1) | (y))
#endif
)";

constexpr std::string_view kArmNeon = R"(
#ifndef _FERRY_ARM_NEON
#define _FERRY_ARM_NEON
#include <stdint.h>
typedef float float32_t;
typedef double float64_t;
typedef uint8_t poly8_t;
typedef uint16_t poly16_t;
typedef uint64_t poly64_t;
#define __FERRY_NEON(type, element, count, count2)                                       \
  typedef element type##x##count##_t __attribute__((__vector_size__(8)));                 \
  typedef element type##x##count2##_t __attribute__((__vector_size__(16)));               \
  typedef struct { type##x##count##_t val[2]; } type##x##count##x2_t;                     \
  typedef struct { type##x##count##_t val[3]; } type##x##count##x3_t;                     \
  typedef struct { type##x##count##_t val[4]; } type##x##count##x4_t;                     \
  typedef struct { type##x##count2##_t val[2]; } type##x##count2##x2_t;                   \
  typedef struct { type##x##count2##_t val[3]; } type##x##count2##x3_t;                   \
  typedef struct { type##x##count2##_t val[4]; } type##x##count2##x4_t;
__FERRY_NEON(int8, int8_t, 8, 16)
__FERRY_NEON(int16, int16_t, 4, 8)
__FERRY_NEON(int32, int32_t, 2, 4)
__FERRY_NEON(int64, int64_t, 1, 2)
__FERRY_NEON(uint8, uint8_t, 8, 16)
__FERRY_NEON(uint16, uint16_t, 4, 8)
__FERRY_NEON(uint32, uint32_t, 2, 4)
__FERRY_NEON(uint64, uint64_t, 1, 2)
__FERRY_NEON(poly8, poly8_t, 8, 16)
__FERRY_NEON(poly16, poly16_t, 4, 8)
__FERRY_NEON(float32, float32_t, 2, 4)
__FERRY_NEON(float64, float64_t, 1, 2)
#undef __FERRY_NEON
#endif
)";

constexpr std::string_view kUnwind = R"(
#if __has_include_next(<unwind.h>)
#include_next <unwind.h>
#elif !defined _UNWIND_H
#define _UNWIND_H
struct _Unwind_Context;
struct _Unwind_Exception;
typedef __UINTPTR_TYPE__ _Unwind_Ptr;
typedef __UINTPTR_TYPE__ _Unwind_Word;
typedef enum {
  _URC_NO_REASON = 0, _URC_FOREIGN_EXCEPTION_CAUGHT = 1, _URC_FATAL_PHASE2_ERROR = 2, _URC_FATAL_PHASE1_ERROR = 3,
  _URC_NORMAL_STOP = 4, _URC_END_OF_STACK = 5, _URC_HANDLER_FOUND = 6, _URC_INSTALL_CONTEXT = 7,
  _URC_CONTINUE_UNWIND = 8
} _Unwind_Reason_Code;
typedef _Unwind_Reason_Code (*_Unwind_Trace_Fn)(struct _Unwind_Context *, void *);
extern _Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn, void *);
extern _Unwind_Ptr _Unwind_GetIP(struct _Unwind_Context *);
#endif
)";

constexpr std::string_view kNothing = "\n";

enum class Where : uint8_t { everywhere, x86, arm };

struct Header {
  std::string_view name;
  Where where;
  std::string_view text;
};

constexpr Header kHeaders[] = {
    {"stddef.h", Where::everywhere, kStddef},
    {"stdarg.h", Where::everywhere, kStdarg},
    {"stdbool.h", Where::everywhere, kStdbool},
    {"stdint.h", Where::everywhere, kStdint},
    {"limits.h", Where::everywhere, kLimits},
    {"float.h", Where::everywhere, kFloat},
    {"stdatomic.h", Where::everywhere, kStdatomic},
    {"stdalign.h", Where::everywhere, kStdalign},
    {"stdnoreturn.h", Where::everywhere, kStdnoreturn},
    {"stdckdint.h", Where::everywhere, kStdckdint},
    {"iso646.h", Where::everywhere, kIso646},
    {"tgmath.h", Where::everywhere, kTgmath},
    {"unwind.h", Where::everywhere, kUnwind},
    {"mmintrin.h", Where::x86, kVectors},
    {"xmmintrin.h", Where::x86, kVectors},
    {"emmintrin.h", Where::x86, kVectors},
    {"pmmintrin.h", Where::x86, kVectors},
    {"tmmintrin.h", Where::x86, kVectors},
    {"smmintrin.h", Where::x86, kVectors},
    {"nmmintrin.h", Where::x86, kVectors},
    {"ammintrin.h", Where::x86, kVectors},
    {"wmmintrin.h", Where::x86, kVectors},
    {"immintrin.h", Where::x86, kVectors},
    {"x86intrin.h", Where::x86, kVectors},
    {"popcntintrin.h", Where::x86, kVectors},
    {"mm_malloc.h", Where::x86, kNothing},
    {"cpuid.h", Where::x86, kNothing},
    {"arm_neon.h", Where::arm, kArmNeon},
    {"arm_acle.h", Where::arm, kNothing},
};

}  // namespace

std::string_view builtin_header(std::string_view name, const Target& target) {
  const bool x86 = target.arch == Arch::x86_64 || target.arch == Arch::i386;
  const bool arm = target.arch == Arch::aarch64 || target.arch == Arch::arm;
  for (const Header& header : kHeaders) {
    if (header.name != name) continue;
    if ((header.where == Where::x86 && !x86) || (header.where == Where::arm && !arm)) return {};
    return header.text;
  }
  return {};
}

}  // namespace ferry::cpreproc
