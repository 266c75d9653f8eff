// CallPlan -> x86-64 machine: where the static routines find each register's value. Included by C++ and by
// the assembler; the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// A register block: what the argument registers hold, in the order of the plan's register numbers.
//
//   System V                              Windows
//     0  rdi rsi rdx rcx r8 r9              0  rcx rdx r8 r9
//    48  xmm0 ... xmm7, 16 bytes each      32  xmm0 ... xmm3, 16 bytes each
//   176  end                               96  end
#define FERRY_SYSV_GPRS 6
#define FERRY_SYSV_FPRS 8
#define FERRY_SYSV_FPR_OFFSET 48
#define FERRY_SYSV_BLOCK 176
#define FERRY_WIN_GPRS 4
#define FERRY_WIN_FPRS 4
#define FERRY_WIN_FPR_OFFSET 32
#define FERRY_WIN_BLOCK 96

// From here `rep movsq` beats a loop of 16-byte moves (its start costs some 30 cycles).
#define FERRY_REP_THRESHOLD 1024

// x64::CallbackFrame: the register block first, then what to return.
#define FERRY_CALLBACK_GPR FERRY_SYSV_BLOCK
#define FERRY_CALLBACK_FPR (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_X87 (FERRY_CALLBACK_FPR + 32)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_X87 + 32)

// Trampolines are numbered through, System V's first: the tables are 64 and 16 KiB. Programs with more live
// callbacks than this at one time are served by native code.
#define FERRY_SYSV_TRAMPOLINES 4096
#define FERRY_WIN_TRAMPOLINES 1024
