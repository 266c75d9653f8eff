// Static routines for the System V convention on x86-64: loads argument registers from a register
// block and calls; trampolines of callbacks and their common entry. Offsets: layout.h.
#include "call/stub/x64/layout.h"

#if defined(FERRY_STUB_X64)
#include "call/stub/x64/frame.inc"
        .text

.macro load_gprs block
        movq 0(\block), %rdi
        movq 8(\block), %rsi
        movq 16(\block), %rdx
        movq 24(\block), %rcx
        movq 32(\block), %r8
        movq 40(\block), %r9
.endm

.macro load_fprs block
        movups FERRY_SYSV_FPR_OFFSET+0(\block), %xmm0
        movups FERRY_SYSV_FPR_OFFSET+16(\block), %xmm1
        movups FERRY_SYSV_FPR_OFFSET+32(\block), %xmm2
        movups FERRY_SYSV_FPR_OFFSET+48(\block), %xmm3
        movups FERRY_SYSV_FPR_OFFSET+64(\block), %xmm4
        movups FERRY_SYSV_FPR_OFFSET+80(\block), %xmm5
        movups FERRY_SYSV_FPR_OFFSET+96(\block), %xmm6
        movups FERRY_SYSV_FPR_OFFSET+112(\block), %xmm7
.endm

// ferry_sysv_gprs(function, block): all arguments in general registers. Tail jump, no frame: the
// callee returns to our caller, with every result register untouched.
        global ferry_sysv_gprs
        begin ferry_sysv_gprs
        frame_begun
        endbr64
        movq %rdi, %r11
        movq %rsi, %r10
        xorl %eax, %eax                 // psABI 3.2.3: al = vector registers of a variadic call
        load_gprs %r10
        jmp *%r11
        end ferry_sysv_gprs

// ferry_sysv_registers(function, block): all arguments in registers.
        global ferry_sysv_registers
        begin ferry_sysv_registers
        frame_begun
        endbr64
        movq %rdi, %r11
        movq %rsi, %r10
        movl $FERRY_SYSV_FPRS, %eax     // an upper bound is enough
        load_fprs %r10
        load_gprs %r10
        jmp *%r11
        end ferry_sysv_registers

// ferry_sysv_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [rbp+8]  return address
//   [rbp]    caller's rbp
//   ...      up to the alignment
//   [rsp]    outgoing area, a copy of frame + area.frame_offset
        global ferry_sysv_stack
        begin ferry_sysv_stack
        endbr64
        begin_frame
        frame_begun
        movq %rdi, %r11
        movq %rsi, %r10
        movq %rsp, %rax                 // rax: the new top
        subq FERRY_AREA_BYTES(%rdx), %rax
        andq FERRY_AREA_MASK(%rdx), %rax
1:      leaq -FERRY_PROBE_STEP(%rsp), %rcx
        cmpq %rax, %rcx
        jbe 2f
        movq %rcx, %rsp                 // guard pages are met one by one
        orq $0, (%rsp)
        jmp 1b
2:      movq %rax, %rsp
        addq FERRY_AREA_OFFSET(%rdx), %rsi
        movq FERRY_AREA_COPY(%rdx), %rcx
        cmpq $FERRY_REP_THRESHOLD, %rcx
        jae 4f
3:      movups -16(%rsi,%rcx), %xmm0
        movups %xmm0, -16(%rsp,%rcx)
        subq $16, %rcx
        jnz 3b
        jmp 5f
4:      movq %rsp, %rdi
        shrq $3, %rcx
        rep movsq
5:      movl $FERRY_SYSV_FPRS, %eax
        load_fprs %r10
        load_gprs %r10
        call *%r11
        end_frame
        end ferry_sysv_stack

// The table of trampolines: each puts its number into r11d (r10 is the static chain, rax counts
// vector registers) and goes to the common entry. No frame yet: one CFI range serves all.
        global ferry_sysv_trampolines
        begin ferry_sysv_trampolines
        frame_begun
        .set Lnumber, 0
        .rept FERRY_SYSV_TRAMPOLINES
        .balign FERRY_TRAMPOLINE_BYTES
        endbr64
        movl $(Lnumber), %r11d
        jmp symbol(sysv_callback_entry)
        .set Lnumber, Lnumber + 1
        .endr
        end ferry_sysv_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result.
//
//   [rbp+16] the caller's outgoing area
//   [rbp+8]  return address
//   [rbp]    caller's rbp
//   [rsp]    CallbackFrame
        begin sysv_callback_entry
        begin_frame_of FERRY_CALLBACK_FRAME
        frame_begun
        movq %rdi, 0(%rsp)
        movq %rsi, 8(%rsp)
        movq %rdx, 16(%rsp)
        movq %rcx, 24(%rsp)
        movq %r8, 32(%rsp)
        movq %r9, 40(%rsp)
        movaps %xmm0, FERRY_SYSV_FPR_OFFSET+0(%rsp)
        movaps %xmm1, FERRY_SYSV_FPR_OFFSET+16(%rsp)
        movaps %xmm2, FERRY_SYSV_FPR_OFFSET+32(%rsp)
        movaps %xmm3, FERRY_SYSV_FPR_OFFSET+48(%rsp)
        movaps %xmm4, FERRY_SYSV_FPR_OFFSET+64(%rsp)
        movaps %xmm5, FERRY_SYSV_FPR_OFFSET+80(%rsp)
        movaps %xmm6, FERRY_SYSV_FPR_OFFSET+96(%rsp)
        movaps %xmm7, FERRY_SYSV_FPR_OFFSET+112(%rsp)
        movq %rsp, %rdi
        leaq 16(%rbp), %rsi
        movl %r11d, %edx
        call symbol(ferry_stub_callback)  // eax: how many x87 values to load
        testl %eax, %eax
        jnz 1f
        movq FERRY_CALLBACK_GPR(%rsp), %rax
        movq FERRY_CALLBACK_GPR+8(%rsp), %rdx
        movaps FERRY_CALLBACK_FPR(%rsp), %xmm0
        movaps FERRY_CALLBACK_FPR+16(%rsp), %xmm1
        end_frame
1:      cmpl $1, %eax
        je 2f
        fldt FERRY_CALLBACK_X87+16(%rsp)  // the imaginary part first: st1 in the end
2:      fldt FERRY_CALLBACK_X87(%rsp)
        end_frame
        end sysv_callback_entry

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
