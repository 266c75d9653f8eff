// CallPlan -> POWER machine (ELFv2): where the static routines find each register's value. Included by C++ and by the
// assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// The register block: what the argument registers hold, in the order of the plan's register numbers.
//
//     0  r3 ... r10
//    64  f1 ... f13
//   168  nothing: vectors are loaded from multiples of 16
//   176  v2 ... v13
//   368  end
#define FERRY_PPC64_GPRS 8
#define FERRY_PPC64_FPRS 13
#define FERRY_PPC64_VECTORS 12
#define FERRY_PPC64_FPR_OFFSET 64
#define FERRY_PPC64_VECTOR_OFFSET 176
#define FERRY_PPC64_BLOCK 368

// ppc64::ResultRegisters: f1 ... f8, v2 ... v9.
#define FERRY_PPC64_RESULT_FPRS 8
#define FERRY_PPC64_RESULT_VECTORS 8
#define FERRY_PPC64_RESULT_VECTOR_OFFSET 64
#define FERRY_PPC64_RESULTS 192

// ppc64::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_PPC64_BLOCK
#define FERRY_CALLBACK_RESULTS (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_RESULTS + FERRY_PPC64_RESULTS)

// A stack frame begins with the back chain and what its callees save there; the outgoing area lies behind, eight
// doublewords at least where there is one.
#define FERRY_PPC64_HEADER 32
#define FERRY_PPC64_LR_SAVE 16
#define FERRY_PPC64_TOC_SAVE 24
#define FERRY_PPC64_SAVE_AREA 64

// The table is 64 KiB.
#define FERRY_PPC64_TRAMPOLINES 4096
