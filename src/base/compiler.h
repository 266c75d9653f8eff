// What compilers, object formats and C libraries say in different words.
#pragma once

#include <cinttypes>
#include <cstdint>
#if defined(_MSC_VER)
#include <malloc.h>
#endif

// FERRY_EXPORTED: seen from outside of the shared object. FERRY_HIDDEN: seen by all of it, and from nowhere else; in
// COFF that is so of whatever is not exported.
#if defined(_WIN32)
#define FERRY_EXPORTED __declspec(dllexport)
#define FERRY_HIDDEN
#else
#define FERRY_EXPORTED __attribute__((visibility("default")))
#define FERRY_HIDDEN __attribute__((visibility("hidden")))
#endif

// FERRY_PRINTF(n, m): parameter n is a format of C's printf for the arguments from m on. To MinGW's gcc "printf" is
// that of msvcrt, and C++ gets another one.
#if defined(__MINGW32__) && !defined(__clang__)
#define FERRY_PRINTF(n, m) __attribute__((format(gnu_printf, n, m)))
#elif defined(_MSC_VER) && !defined(__clang__)
#define FERRY_PRINTF(n, m)
#else
#define FERRY_PRINTF(n, m) __attribute__((format(printf, n, m)))
#endif

// FERRY_NO_INLINE: a function of its own, so that what seldom runs keeps registers and stack of its caller free.
// FERRY_ALLOCA(bytes): memory on the stack until the function returns; not as an argument of a call.
#if defined(_MSC_VER)
#define FERRY_NO_INLINE __declspec(noinline)
#define FERRY_ALLOCA(bytes) _alloca(bytes)
#else
#define FERRY_NO_INLINE __attribute__((noinline))
#define FERRY_ALLOCA(bytes) __builtin_alloca(bytes)
#endif

// FERRY_ALIGNS_STACK: a function whose caller may keep its stack aligned to words, as code of i386 may.
#if defined(__i386__)
#define FERRY_ALIGNS_STACK __attribute__((force_align_arg_pointer))
#else
#define FERRY_ALIGNS_STACK
#endif

// In a format, for address_number(), everywhere as tostring() of cdata has it: "%p" of Windows' libraries has no "0x".
#define FERRY_ADDRESS "0x%08" PRIxPTR

namespace ferry {

inline uintptr_t address_number(const void* address) {
  return reinterpret_cast<uintptr_t>(address);
}

}  // namespace ferry
