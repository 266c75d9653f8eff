// CallPlan -> AArch64 machine (AAPCS64): where the static routines find each register's value. Included by C++
// and by the assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// The register block: what the argument registers hold, in the order of the plan's register numbers.
//
//     0  x0 ... x7
//    64  x8: where a result in memory goes (AAPCS64 6.9)
//    72  nothing: q registers are loaded in pairs from multiples of 16
//    80  v0 ... v7, 16 bytes each
//   208  end
#define FERRY_A64_GPRS 8
#define FERRY_A64_FPRS 8
#define FERRY_A64_X8_OFFSET 64
#define FERRY_A64_FPR_OFFSET 80
#define FERRY_A64_BLOCK 208

// a64::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_A64_BLOCK
#define FERRY_CALLBACK_FPR (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_FPR + 64)

// The table is 64 KiB. Programs with more live callbacks than this at one time are served by native code.
#define FERRY_A64_TRAMPOLINES 4096
