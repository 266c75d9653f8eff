// CallPlan -> ARM machine (AAPCS32): where the static routines find each register's value. Included by C++ and by the
// assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// The register block: what the argument registers hold, in the order of the plan's register numbers.
//
//     0  r0 ... r3, in 8 bytes each: callers write numbers in 8
//    32  s0 ... s15, which are d0 ... d7
//    96  end
#define FERRY_ARM_GPRS 4
#define FERRY_ARM_SINGLES 16
#define FERRY_ARM_VFP_OFFSET 32
#define FERRY_ARM_BLOCK 96

// arm::ResultRegisters.
#define FERRY_ARM_RESULT_VFP 16
#define FERRY_ARM_RESULTS 80

// arm::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_RESULTS FERRY_ARM_BLOCK
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_RESULTS + FERRY_ARM_RESULTS)

// The table is 64 KiB.
#define FERRY_ARM_VFP_TRAMPOLINES 4096
#define FERRY_ARM_BASE_TRAMPOLINES 512
#define FERRY_ARM_TRAMPOLINES (FERRY_ARM_VFP_TRAMPOLINES + FERRY_ARM_BASE_TRAMPOLINES)
