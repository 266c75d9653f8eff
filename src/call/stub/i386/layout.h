// CallPlan -> i386 machine: where the static routines find each register's value. Included by C++ and by the assembler;
// the #defines are the single source of every offset.
#pragma once

#include "call/stub/layout.h"

// A register block: what fastcall and thiscall have in registers, ecx and edx, in 8 bytes each.
#define FERRY_I386_EDX 8
#define FERRY_I386_BLOCK 16

// i386::CallbackFrame: the register block first, then what to return, and what to remove.
#define FERRY_CALLBACK_GPR FERRY_I386_BLOCK
#define FERRY_CALLBACK_X87 (FERRY_CALLBACK_GPR + 16)
#define FERRY_CALLBACK_POPS (FERRY_CALLBACK_X87 + 16)
#define FERRY_CALLBACK_FRAME (FERRY_CALLBACK_POPS + 16)

// One table serves all conventions: what differs is in the slots. Each has a part of it: cdecl the first.
#define FERRY_I386_CDECL_TRAMPOLINES 4096
#define FERRY_I386_OTHER_TRAMPOLINES 512
#define FERRY_I386_TRAMPOLINES (FERRY_I386_CDECL_TRAMPOLINES + 3 * FERRY_I386_OTHER_TRAMPOLINES)
