// Static routines for the Windows x64 convention (ms_abi functions on System V hosts): call from and
// callbacks into System V code. Offsets: layout.h.
#include "call/stub/x64/layout.h"

#if defined(FERRY_STUB_X64)
        .text

// ferry_win_call(function, frame, const StackArea*). What ms_abi preserves includes all that System V
// does, so nothing needs saving. The area always holds the callee's 32 bytes of home space.
//
//   [rbp+8]   return address
//   [rbp]     caller's rbp
//   [rsp+32]  stack arguments, a copy of frame + area.frame_offset + 32
//   [rsp]     home space
        .globl ferry_win_call
        .hidden ferry_win_call
        .type ferry_win_call, @function
        .balign 16
ferry_win_call:
        .cfi_startproc
        endbr64
        pushq %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movq %rdi, %r11
        movq %rsi, %r10
        movq %rsp, %rax
        subq FERRY_AREA_BYTES(%rdx), %rax
        andq FERRY_AREA_MASK(%rdx), %rax
1:      leaq -FERRY_PROBE_STEP(%rsp), %rcx
        cmpq %rax, %rcx
        jbe 2f
        movq %rcx, %rsp
        orq $0, (%rsp)
        jmp 1b
2:      movq %rax, %rsp
        movq FERRY_AREA_COPY(%rdx), %rcx
        testq %rcx, %rcx
        jz 4f
        addq FERRY_AREA_OFFSET(%rdx), %rsi
3:      movups -16(%rsi,%rcx), %xmm0
        movups %xmm0, -16(%rsp,%rcx)
        subq $16, %rcx
        jnz 3b
4:      movups FERRY_WIN_FPR_OFFSET+0(%r10), %xmm0
        movups FERRY_WIN_FPR_OFFSET+16(%r10), %xmm1
        movups FERRY_WIN_FPR_OFFSET+32(%r10), %xmm2
        movups FERRY_WIN_FPR_OFFSET+48(%r10), %xmm3
        movq 0(%r10), %rcx
        movq 8(%r10), %rdx
        movq 16(%r10), %r8
        movq 24(%r10), %r9
        call *%r11
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size ferry_win_call, . - ferry_win_call

        .globl ferry_win_trampolines
        .hidden ferry_win_trampolines
        .type ferry_win_trampolines, @function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_win_trampolines:
        .cfi_startproc
        .set number, FERRY_SYSV_TRAMPOLINES
        .rept FERRY_WIN_TRAMPOLINES
        .balign FERRY_TRAMPOLINE_BYTES
        endbr64
        movl $number, %r11d
        jmp win_callback_entry
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ferry_win_trampolines, . - ferry_win_trampolines

// Common entry. Beyond the argument registers it saves what ms_abi wants preserved and System V code
// may change: rdi, rsi, xmm6-15.
//
//   [rbp+48]   the caller's stack arguments
//   [rbp+16]   home space: the outgoing area starts here
//   [rbp+8]    return address
//   [rbp]      caller's rbp
//   [rbp-8]    rdi
//   [rbp-16]   rsi
//   [rbp-176]  xmm6-15
//   [rsp]      CallbackFrame
#define SAVED_XMM(n) FERRY_CALLBACK_FRAME + ((n) - 6) * 16
        .type win_callback_entry, @function
        .balign 16
win_callback_entry:
        .cfi_startproc
        pushq %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq $(FERRY_CALLBACK_FRAME + 176), %rsp
        movq %rdi, -8(%rbp)
        .cfi_offset %rdi, -24
        movq %rsi, -16(%rbp)
        .cfi_offset %rsi, -32
        movq %rcx, 0(%rsp)
        movq %rdx, 8(%rsp)
        movq %r8, 16(%rsp)
        movq %r9, 24(%rsp)
        movaps %xmm0, FERRY_WIN_FPR_OFFSET+0(%rsp)
        movaps %xmm1, FERRY_WIN_FPR_OFFSET+16(%rsp)
        movaps %xmm2, FERRY_WIN_FPR_OFFSET+32(%rsp)
        movaps %xmm3, FERRY_WIN_FPR_OFFSET+48(%rsp)
        movaps %xmm6, SAVED_XMM(6)(%rsp)
        movaps %xmm7, SAVED_XMM(7)(%rsp)
        movaps %xmm8, SAVED_XMM(8)(%rsp)
        movaps %xmm9, SAVED_XMM(9)(%rsp)
        movaps %xmm10, SAVED_XMM(10)(%rsp)
        movaps %xmm11, SAVED_XMM(11)(%rsp)
        movaps %xmm12, SAVED_XMM(12)(%rsp)
        movaps %xmm13, SAVED_XMM(13)(%rsp)
        movaps %xmm14, SAVED_XMM(14)(%rsp)
        movaps %xmm15, SAVED_XMM(15)(%rsp)
        movq %rsp, %rdi
        leaq 16(%rbp), %rsi
        movl %r11d, %edx
        call ferry_stub_callback
        movq FERRY_CALLBACK_GPR(%rsp), %rax
        movaps FERRY_CALLBACK_FPR(%rsp), %xmm0
        movaps SAVED_XMM(6)(%rsp), %xmm6
        movaps SAVED_XMM(7)(%rsp), %xmm7
        movaps SAVED_XMM(8)(%rsp), %xmm8
        movaps SAVED_XMM(9)(%rsp), %xmm9
        movaps SAVED_XMM(10)(%rsp), %xmm10
        movaps SAVED_XMM(11)(%rsp), %xmm11
        movaps SAVED_XMM(12)(%rsp), %xmm12
        movaps SAVED_XMM(13)(%rsp), %xmm13
        movaps SAVED_XMM(14)(%rsp), %xmm14
        movaps SAVED_XMM(15)(%rsp), %xmm15
        movq -16(%rbp), %rsi
        .cfi_restore %rsi
        movq -8(%rbp), %rdi
        .cfi_restore %rdi
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size win_callback_entry, . - win_callback_entry

// IBT and SHSTK: every indirect target starts with endbr64, every call returns to its caller.
        .section .note.gnu.property, "a", @note
        .balign 8
        .long 4, 16, 5                  // name size, description size, NT_GNU_PROPERTY_TYPE_0
        .asciz "GNU"
        .long 0xc0000002, 4, 3, 0       // GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
