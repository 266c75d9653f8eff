// CallPlan -> RISC-V machine (LP64D): where the static routines find each register's value. Included by C++ and by the
// assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// The register block: what the argument registers hold, in the order of the plan's register numbers.
//
//     0  a0 ... a7
//    64  fa0 ... fa7
//   128  end
#define FERRY_RISCV_GPRS 8
#define FERRY_RISCV_FPRS 8
#define FERRY_RISCV_FPR_OFFSET 64
#define FERRY_RISCV_BLOCK 128

// riscv64::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_RISCV_BLOCK
#define FERRY_CALLBACK_FPR (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_FPR + 16)

// The table is 64 KiB.
#define FERRY_RISCV_TRAMPOLINES 4096
