// CallPlan -> s390x machine: where the static routines find each register's value. Included by C++ and by the
// assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// The register block: what the argument registers hold, in the order of the plan's register numbers.
//
//     0  r2 ... r6
//    40  nothing: blocks are multiples of 16
//    48  f0 f2 f4 f6
//    80  end
#define FERRY_S390X_GPRS 5
#define FERRY_S390X_FPRS 4
#define FERRY_S390X_FPR_OFFSET 48
#define FERRY_S390X_BLOCK 80

// s390x::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_S390X_BLOCK
#define FERRY_CALLBACK_FPR (FERRY_CALLBACK_GPR + 8)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_FPR + 8)

// A stack frame begins with where its callees save registers, r6 at 48; the outgoing area lies behind.
#define FERRY_S390X_SAVE_AREA 160
#define FERRY_S390X_R6_SAVE 48

// The table is 64 KiB.
#define FERRY_S390X_TRAMPOLINES 4096
