// Static routines for the Windows x64 convention: call from and callbacks into System V code, which the C++ side of the stub
// is on every system (host.h). Offsets: layout.h.
#include "call/stub/x64/layout.h"

#if defined(FERRY_STUB_X64)
#include "call/stub/x64/frame.inc"
        .text

// ferry_win_call(function, frame, const StackArea*). What ms_abi preserves includes all that System V
// does, so nothing needs saving. The area always holds the callee's 32 bytes of home space.
//
//   [rbp+8]   return address
//   [rbp]     caller's rbp
//   [rsp+32]  stack arguments, a copy of frame + area.frame_offset + 32
//   [rsp]     home space
        global ferry_win_call
        begin ferry_win_call
        endbr64
        begin_frame
        frame_begun
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
        end_frame
        end ferry_win_call

        global ferry_win_trampolines
        begin ferry_win_trampolines
        frame_begun
        .set Lnumber, FERRY_SYSV_TRAMPOLINES
        .rept FERRY_WIN_TRAMPOLINES
        .balign FERRY_TRAMPOLINE_BYTES
        endbr64
        movl $(Lnumber), %r11d
        jmp symbol(win_callback_entry)
        .set Lnumber, Lnumber + 1
        .endr
        end ferry_win_trampolines

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
#define WIN_FRAME (FERRY_CALLBACK_FRAME + 176)
#define SAVED_XMM(n) (FERRY_CALLBACK_FRAME + ((n) - 6) * 16)
        begin win_callback_entry
        begin_frame_of WIN_FRAME
        save %rdi, WIN_FRAME-8
        save %rsi, WIN_FRAME-16
        save_xmm %xmm6, SAVED_XMM(6)
        save_xmm %xmm7, SAVED_XMM(7)
        save_xmm %xmm8, SAVED_XMM(8)
        save_xmm %xmm9, SAVED_XMM(9)
        save_xmm %xmm10, SAVED_XMM(10)
        save_xmm %xmm11, SAVED_XMM(11)
        save_xmm %xmm12, SAVED_XMM(12)
        save_xmm %xmm13, SAVED_XMM(13)
        save_xmm %xmm14, SAVED_XMM(14)
        save_xmm %xmm15, SAVED_XMM(15)
        frame_begun
        movq %rcx, 0(%rsp)
        movq %rdx, 8(%rsp)
        movq %r8, 16(%rsp)
        movq %r9, 24(%rsp)
        movaps %xmm0, FERRY_WIN_FPR_OFFSET+0(%rsp)
        movaps %xmm1, FERRY_WIN_FPR_OFFSET+16(%rsp)
        movaps %xmm2, FERRY_WIN_FPR_OFFSET+32(%rsp)
        movaps %xmm3, FERRY_WIN_FPR_OFFSET+48(%rsp)
        movq %rsp, %rdi
        leaq 16(%rbp), %rsi
        movl %r11d, %edx
        call symbol(ferry_stub_callback)
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
        movq -8(%rbp), %rdi
        end_frame
        end win_callback_entry

#if defined(__ELF__)
// IBT and SHSTK: every indirect target starts with endbr64, every call returns to its caller.
        .section .note.gnu.property, "a", @note
        .balign 8
        .long 4, 16, 5                  // name size, description size, NT_GNU_PROPERTY_TYPE_0
        .asciz "GNU"
        .long 0xc0000002, 4, 3, 0       // GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK
#endif
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
