// Which processors this build has static routines and native code for: the one place in this folder that asks the
// compiler for its host. Included by C++ and by the assembler. FERRY_NATIVE (asmjit is linked in) comes from
// CMakeLists.txt.
#pragma once

#if defined(__ELF__) && defined(__LP64__)
#if defined(__x86_64__)
#define FERRY_STUB_X64 1
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define FERRY_STUB_A64 1
#endif
#endif
#if defined(FERRY_STUB_X64) || defined(FERRY_STUB_A64)
#define FERRY_STUB 1
#endif
