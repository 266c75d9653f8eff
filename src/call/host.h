// Which processors this build has static routines for: the one place in this folder that asks the compiler for its
// host. Included by C++ and by the assembler. From CMakeLists.txt come FERRY_NATIVE (there is native code, by asmjit;
// never without static routines) and FERRY_LIBFFI.
#pragma once

#if defined(__x86_64__) && (((defined(__ELF__) || defined(__MACH__)) && defined(__LP64__)) || defined(_WIN32))
#define FERRY_STUB_X64 1
#elif defined(__aarch64__) && defined(__MACH__) && defined(__LP64__)
#define FERRY_STUB_A64 1
#elif defined(__ELF__) && defined(__LP64__)
#if defined(__aarch64__) && defined(__AARCH64EL__)
#define FERRY_STUB_A64 1
#elif defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_float_abi_double)
#define FERRY_STUB_RISCV64 1
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__) && _CALL_ELF == 2
#define FERRY_STUB_PPC64 1
#elif defined(__s390x__)
#define FERRY_STUB_S390X 1
#endif
#elif defined(__ELF__) && defined(__i386__)
#define FERRY_STUB_I386 1
#elif defined(__ELF__) && defined(__ARMEL__) && defined(__ARM_PCS_VFP)
#define FERRY_STUB_ARM 1
#endif
#if defined(FERRY_STUB_X64) || defined(FERRY_STUB_A64) || defined(FERRY_STUB_I386) || defined(FERRY_STUB_RISCV64) || \
    defined(FERRY_STUB_ARM) || defined(FERRY_STUB_PPC64) || defined(FERRY_STUB_S390X)
#define FERRY_STUB 1
#endif

// AAPCS64 as this system has it: an abi::Abi.
#if defined(FERRY_STUB_A64) && defined(__MACH__)
#define FERRY_STUB_A64_ABI aapcs64_darwin
#elif defined(FERRY_STUB_A64)
#define FERRY_STUB_A64_ABI aapcs64
#endif

// How the static routines are called, and what they call back, in C++: as System V functions on every x86-64, so that
// one assembly text serves all systems.
#if defined(FERRY_STUB_X64)
#define FERRY_ROUTINE __attribute__((sysv_abi))
#else
#define FERRY_ROUTINE
#endif

#if !defined(__ASSEMBLER__)
#if defined(FERRY_NATIVE) && !defined(FERRY_STUB)
#error "native code without static routines: see src/call/CMakeLists.txt"
#endif
#if !defined(FERRY_STUB) && !defined(FERRY_LIBFFI)
#error "no back end: this processor has no static routines, so it needs libffi (FERRY_LIBFFI=on)"
#endif
#endif
