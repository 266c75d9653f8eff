// Static routines for RISC-V, LP64D: loads argument registers from a register block and calls; trampolines of
// callbacks and their common entry. Offsets: layout.h.
#include "call/host.h"

#if defined(FERRY_STUB_RISCV64)
#include "call/stub/riscv64/layout.h"

        .text

// From the block at t2. Temporaries are t0-t6; t0 is a link register to the predictor of returns, so no jump is by it.
.macro load_gprs
        ld a0, 0(t2)
        ld a1, 8(t2)
        ld a2, 16(t2)
        ld a3, 24(t2)
        ld a4, 32(t2)
        ld a5, 40(t2)
        ld a6, 48(t2)
        ld a7, 56(t2)
.endm

.macro load_fprs
        fld fa0, FERRY_RISCV_FPR_OFFSET+0(t2)
        fld fa1, FERRY_RISCV_FPR_OFFSET+8(t2)
        fld fa2, FERRY_RISCV_FPR_OFFSET+16(t2)
        fld fa3, FERRY_RISCV_FPR_OFFSET+24(t2)
        fld fa4, FERRY_RISCV_FPR_OFFSET+32(t2)
        fld fa5, FERRY_RISCV_FPR_OFFSET+40(t2)
        fld fa6, FERRY_RISCV_FPR_OFFSET+48(t2)
        fld fa7, FERRY_RISCV_FPR_OFFSET+56(t2)
.endm

// Ends a function whose frame s0 points above, and returns.
.macro leave_frame
        addi sp, s0, -16
        .cfi_def_cfa sp, 16
        ld ra, 8(sp)
        .cfi_restore ra
        ld s0, 0(sp)
        .cfi_restore s0
        addi sp, sp, 16
        .cfi_def_cfa_offset 0
        ret
.endm

// ferry_lp64d_gprs(function, block): all arguments in general registers. Tail jump, no frame: the callee returns to our
// caller, with every result register untouched.
        .globl ferry_lp64d_gprs
        .hidden ferry_lp64d_gprs
        .type ferry_lp64d_gprs, @function
        .balign 16
ferry_lp64d_gprs:
        .cfi_startproc
        mv t1, a0
        mv t2, a1
        load_gprs
        jr t1
        .cfi_endproc
        .size ferry_lp64d_gprs, . - ferry_lp64d_gprs

// ferry_lp64d_registers(function, block): all arguments in registers.
        .globl ferry_lp64d_registers
        .hidden ferry_lp64d_registers
        .type ferry_lp64d_registers, @function
        .balign 16
ferry_lp64d_registers:
        .cfi_startproc
        mv t1, a0
        mv t2, a1
        load_fprs
        load_gprs
        jr t1
        .cfi_endproc
        .size ferry_lp64d_registers, . - ferry_lp64d_registers

// ferry_lp64d_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [s0-8]   return address
//   [s0-16]  caller's s0
//   ...      up to the alignment
//   [sp]     outgoing area, a copy of frame + area.frame_offset
        .globl ferry_lp64d_stack
        .hidden ferry_lp64d_stack
        .type ferry_lp64d_stack, @function
        .balign 16
ferry_lp64d_stack:
        .cfi_startproc
        addi sp, sp, -16
        .cfi_def_cfa_offset 16
        sd ra, 8(sp)
        .cfi_offset ra, -8
        sd s0, 0(sp)
        .cfi_offset s0, -16
        addi s0, sp, 16
        .cfi_def_cfa s0, 0
        mv t1, a0
        mv t2, a1
        ld t3, FERRY_AREA_OFFSET(a2)
        ld t4, FERRY_AREA_BYTES(a2)
        ld t5, FERRY_AREA_COPY(a2)
        ld t6, FERRY_AREA_MASK(a2)
        add t3, a1, t3                  // t3: its image
        sub t4, sp, t4
        and t4, t4, t6                  // t4: the new top
        li t6, FERRY_PROBE_STEP
1:      sub t0, sp, t6
        bleu t0, t4, 2f
        mv sp, t0                       // guard pages are met one by one
        sd zero, 0(sp)
        j 1b
2:      mv sp, t4
3:      ld t0, 0(t3)
        ld t6, 8(t3)
        sd t0, 0(t4)
        sd t6, 8(t4)
        addi t3, t3, 16
        addi t4, t4, 16
        addi t5, t5, -16
        bnez t5, 3b
        load_fprs
        load_gprs
        jalr t1
        leave_frame
        .cfi_endproc
        .size ferry_lp64d_stack, . - ferry_lp64d_stack

// The table of trampolines: each puts its number into the upper part of t1 and goes to the common entry. No frame yet:
// one CFI range serves all. All instructions are of four bytes, and none is relaxed.
        .option push
        .option norvc
        .option norelax
        .globl ferry_lp64d_trampolines
        .hidden ferry_lp64d_trampolines
        .type ferry_lp64d_trampolines, @function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_lp64d_trampolines:
        .cfi_startproc
        .set number, 0
        .rept FERRY_RISCV_TRAMPOLINES
        lui t1, number
        j lp64d_callback_entry
        nop                             // up to FERRY_TRAMPOLINE_BYTES
        nop
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ferry_lp64d_trampolines, . - ferry_lp64d_trampolines
        .option pop

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result.
//
//   [s0]     the caller's outgoing area
//   [s0-8]   return address
//   [s0-16]  caller's s0
//   [sp]     CallbackFrame
        .type lp64d_callback_entry, @function
        .balign 16
lp64d_callback_entry:
        .cfi_startproc
        addi sp, sp, -16
        .cfi_def_cfa_offset 16
        sd ra, 8(sp)
        .cfi_offset ra, -8
        sd s0, 0(sp)
        .cfi_offset s0, -16
        addi s0, sp, 16
        .cfi_def_cfa s0, 0
        addi sp, sp, -FERRY_CALLBACK_FRAME
        sd a0, 0(sp)
        sd a1, 8(sp)
        sd a2, 16(sp)
        sd a3, 24(sp)
        sd a4, 32(sp)
        sd a5, 40(sp)
        sd a6, 48(sp)
        sd a7, 56(sp)
        fsd fa0, FERRY_RISCV_FPR_OFFSET+0(sp)
        fsd fa1, FERRY_RISCV_FPR_OFFSET+8(sp)
        fsd fa2, FERRY_RISCV_FPR_OFFSET+16(sp)
        fsd fa3, FERRY_RISCV_FPR_OFFSET+24(sp)
        fsd fa4, FERRY_RISCV_FPR_OFFSET+32(sp)
        fsd fa5, FERRY_RISCV_FPR_OFFSET+40(sp)
        fsd fa6, FERRY_RISCV_FPR_OFFSET+48(sp)
        fsd fa7, FERRY_RISCV_FPR_OFFSET+56(sp)
        mv a0, sp
        mv a1, s0
        srliw a2, t1, 12
        call ferry_stub_callback
        ld a0, FERRY_CALLBACK_GPR(sp)
        ld a1, FERRY_CALLBACK_GPR+8(sp)
        fld fa0, FERRY_CALLBACK_FPR(sp)
        fld fa1, FERRY_CALLBACK_FPR+8(sp)
        leave_frame
        .cfi_endproc
        .size lp64d_callback_entry, . - lp64d_callback_entry
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
