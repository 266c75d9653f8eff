// Static routines for s390x: loads argument registers from a register block and calls; trampolines of callbacks and
// their common entry. Offsets: layout.h.
#include "call/host.h"

#if defined(FERRY_STUB_S390X)
#include "call/stub/s390x/layout.h"

        .text

// Saves the registers that belong to the caller in its frame: r6, an argument to callees, is one.
.macro save_registers
        stmg %r6, %r15, FERRY_S390X_R6_SAVE(%r15)
        .cfi_offset %r6, -112
        .cfi_offset %r7, -104
        .cfi_offset %r8, -96
        .cfi_offset %r9, -88
        .cfi_offset %r10, -80
        .cfi_offset %r11, -72
        .cfi_offset %r12, -64
        .cfi_offset %r13, -56
        .cfi_offset %r14, -48
        .cfi_offset %r15, -40
        lgr %r11, %r15
        .cfi_def_cfa_register %r11
.endm

.macro leave
        lmg %r6, %r15, FERRY_S390X_R6_SAVE(%r11)
        .cfi_restore %r6
        .cfi_restore %r7
        .cfi_restore %r8
        .cfi_restore %r9
        .cfi_restore %r10
        .cfi_restore %r11
        .cfi_restore %r12
        .cfi_restore %r13
        .cfi_restore %r14
        .cfi_restore %r15
        .cfi_def_cfa_register %r15
        br %r14
.endm

// From the block at r3, which is loaded with the others.
.macro load_gprs
        lmg %r2, %r6, 0(%r3)
.endm

.macro load_fprs
        ld %f0, FERRY_S390X_FPR_OFFSET+0(%r3)
        ld %f2, FERRY_S390X_FPR_OFFSET+8(%r3)
        ld %f4, FERRY_S390X_FPR_OFFSET+16(%r3)
        ld %f6, FERRY_S390X_FPR_OFFSET+24(%r3)
.endm

// ferry_s390x_gprs(function, block): all arguments in general registers.
        .globl ferry_s390x_gprs
        .hidden ferry_s390x_gprs
        .type ferry_s390x_gprs, @function
        .balign 16
ferry_s390x_gprs:
        .cfi_startproc
        .cfi_def_cfa %r15, FERRY_S390X_SAVE_AREA
        save_registers
        aghi %r15, -FERRY_S390X_SAVE_AREA
        lgr %r1, %r2
        load_gprs
        basr %r14, %r1
        leave
        .cfi_endproc
        .size ferry_s390x_gprs, . - ferry_s390x_gprs

// ferry_s390x_registers(function, block): all arguments in registers.
        .globl ferry_s390x_registers
        .hidden ferry_s390x_registers
        .type ferry_s390x_registers, @function
        .balign 16
ferry_s390x_registers:
        .cfi_startproc
        .cfi_def_cfa %r15, FERRY_S390X_SAVE_AREA
        save_registers
        aghi %r15, -FERRY_S390X_SAVE_AREA
        lgr %r1, %r2
        load_fprs
        load_gprs
        basr %r14, %r1
        leave
        .cfi_endproc
        .size ferry_s390x_registers, . - ferry_s390x_registers

// ferry_s390x_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [r11+48]   caller's r6-r15, in its own frame
//   ...        up to the alignment
//   [r15+160]  outgoing area, a copy of frame + area.frame_offset
//   [r15]      for the callee to save registers
        .globl ferry_s390x_stack
        .hidden ferry_s390x_stack
        .type ferry_s390x_stack, @function
        .balign 16
ferry_s390x_stack:
        .cfi_startproc
        .cfi_def_cfa %r15, FERRY_S390X_SAVE_AREA
        save_registers
        lgr %r1, %r2
        lg %r5, FERRY_AREA_OFFSET(%r4)
        la %r5, 0(%r5, %r3)             // r5: its image
        lgr %r6, %r15
        sg %r6, FERRY_AREA_BYTES(%r4)
        ng %r6, FERRY_AREA_MASK(%r4)
        aghi %r6, -FERRY_S390X_SAVE_AREA  // r6: the new top
        lg %r7, FERRY_AREA_COPY(%r4)
1:      lgr %r8, %r15
        aghi %r8, -FERRY_PROBE_STEP
        clgr %r8, %r6
        jnh 2f
        lgr %r15, %r8
        stg %r11, 0(%r15)               // guard pages are met one by one
        j 1b
2:      lgr %r15, %r6
3:      lg %r8, 0(%r5)
        stg %r8, FERRY_S390X_SAVE_AREA(%r6)
        aghi %r5, 8
        aghi %r6, 8
        aghi %r7, -8
        jne 3b
        load_fprs
        load_gprs
        basr %r14, %r1
        leave
        .cfi_endproc
        .size ferry_s390x_stack, . - ferry_s390x_stack

// The table of trampolines: each puts its number into r0, which carries no argument, and goes to the common entry. No
// frame yet: one CFI range serves all.
        .globl ferry_s390x_trampolines
        .hidden ferry_s390x_trampolines
        .type ferry_s390x_trampolines, @function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_s390x_trampolines:
        .cfi_startproc
        .cfi_def_cfa %r15, FERRY_S390X_SAVE_AREA
        .set number, 0
        .rept FERRY_S390X_TRAMPOLINES
        lghi %r0, number
        jg s390x_callback_entry
        nopr                            // up to FERRY_TRAMPOLINE_BYTES
        nopr
        nopr
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ferry_s390x_trampolines, . - ferry_s390x_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result.
//
//   [r11+160]  the caller's outgoing area
//   [r11+48]   caller's r6-r15
//   [r15+160]  CallbackFrame
        .type s390x_callback_entry, @function
        .balign 16
s390x_callback_entry:
        .cfi_startproc
        .cfi_def_cfa %r15, FERRY_S390X_SAVE_AREA
        save_registers
        aghi %r15, -(FERRY_S390X_SAVE_AREA + FERRY_CALLBACK_FRAME)
        stmg %r2, %r6, FERRY_S390X_SAVE_AREA(%r15)
        std %f0, FERRY_S390X_SAVE_AREA+FERRY_S390X_FPR_OFFSET+0(%r15)
        std %f2, FERRY_S390X_SAVE_AREA+FERRY_S390X_FPR_OFFSET+8(%r15)
        std %f4, FERRY_S390X_SAVE_AREA+FERRY_S390X_FPR_OFFSET+16(%r15)
        std %f6, FERRY_S390X_SAVE_AREA+FERRY_S390X_FPR_OFFSET+24(%r15)
        la %r2, FERRY_S390X_SAVE_AREA(%r15)
        la %r3, FERRY_S390X_SAVE_AREA(%r11)
        lgr %r4, %r0
        brasl %r14, ferry_stub_callback
        lg %r2, FERRY_S390X_SAVE_AREA+FERRY_CALLBACK_GPR(%r15)
        ld %f0, FERRY_S390X_SAVE_AREA+FERRY_CALLBACK_FPR(%r15)
        leave
        .cfi_endproc
        .size s390x_callback_entry, . - s390x_callback_entry
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
