// Static routines for POWER, ELFv2: loads argument registers from a register block and calls; trampolines of callbacks
// and their common entry. Offsets: layout.h.
#include "call/host.h"

#if defined(FERRY_STUB_PPC64)
#include "call/stub/ppc64/layout.h"

#define FERRY_REGISTERS_FRAME (FERRY_PPC64_HEADER + FERRY_PPC64_SAVE_AREA)
#define FERRY_ENTRY_FRAME (FERRY_PPC64_HEADER + FERRY_CALLBACK_FRAME)

        .abiversion 2
        .machine power8
        .text

// From the block at r11.
.macro load_gprs
        ld %r3, 0(%r11)
        ld %r4, 8(%r11)
        ld %r5, 16(%r11)
        ld %r6, 24(%r11)
        ld %r7, 32(%r11)
        ld %r8, 40(%r11)
        ld %r9, 48(%r11)
        ld %r10, 56(%r11)
.endm

// Does OPERATION, a load or a store, on registers FIRST to LAST and 8 bytes each from OFFSET(BASE) on.
.macro each operation, first, last, offset, base
        .set register, \first
        .rept \last - \first + 1
        \operation register, \offset + 8 * (register - \first)(\base)
        .set register, register + 1
        .endr
.endm

// The same for vectors, from OFFSET(BASE) on; r10 is lost.
.macro each_vector operation, first, last, offset, base
        addi %r10, \base, \offset
        .set register, \first
        .rept \last - \first
        \operation register, 0, %r10
        addi %r10, %r10, 16
        .set register, register + 1
        .endr
        \operation register, 0, %r10
.endm

.macro load_all
        each lfd, 1, 13, FERRY_PPC64_FPR_OFFSET, %r11
        each_vector lvx, 2, 13, FERRY_PPC64_VECTOR_OFFSET, %r11
        load_gprs
.endm

// Calls the function at r12, where its global entry expects itself. r2 belongs to the callee's module then; the load
// that follows tells unwinders where ours is.
.macro call_function
        mtctr %r12
        bctrl
        ld %r2, FERRY_PPC64_TOC_SAVE(%r1)
.endm

.macro enter_frame size
        mflr %r0
        std %r0, FERRY_PPC64_LR_SAVE(%r1)
        stdu %r1, -(\size)(%r1)
        .cfi_def_cfa_offset \size
        .cfi_offset lr, FERRY_PPC64_LR_SAVE
.endm

.macro leave_frame size
        addi %r1, %r1, \size
        .cfi_def_cfa_offset 0
        ld %r0, FERRY_PPC64_LR_SAVE(%r1)
        mtlr %r0
        .cfi_restore lr
        blr
.endm

// ferry_elfv2_gprs(function, block): all arguments in general registers. The callee may keep its registers in the
// caller's parameter save area, if it is variadic: so there is a frame.
        .globl ferry_elfv2_gprs
        .hidden ferry_elfv2_gprs
        .type ferry_elfv2_gprs, @function
        .balign 16
ferry_elfv2_gprs:
        .cfi_startproc
        enter_frame FERRY_REGISTERS_FRAME
        std %r2, FERRY_PPC64_TOC_SAVE(%r1)
        mr %r12, %r3
        mr %r11, %r4
        load_gprs
        call_function
        leave_frame FERRY_REGISTERS_FRAME
        .cfi_endproc
        .size ferry_elfv2_gprs, . - ferry_elfv2_gprs

// ferry_elfv2_registers(function, block): all arguments in registers.
        .globl ferry_elfv2_registers
        .hidden ferry_elfv2_registers
        .type ferry_elfv2_registers, @function
        .balign 16
ferry_elfv2_registers:
        .cfi_startproc
        enter_frame FERRY_REGISTERS_FRAME
        std %r2, FERRY_PPC64_TOC_SAVE(%r1)
        mr %r12, %r3
        mr %r11, %r4
        load_all
        call_function
        leave_frame FERRY_REGISTERS_FRAME
        .cfi_endproc
        .size ferry_elfv2_registers, . - ferry_elfv2_registers

// ferry_elfv2_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [r31+16]  return address, in the caller's frame
//   [r31-8]   caller's r31
//   ...       up to the alignment
//   [r1+32]   outgoing area, a copy of frame + area.frame_offset
//   [r1+24]   r2
//   [r1]      back chain
        .globl ferry_elfv2_stack
        .hidden ferry_elfv2_stack
        .type ferry_elfv2_stack, @function
        .balign 16
ferry_elfv2_stack:
        .cfi_startproc
        mflr %r0
        std %r0, FERRY_PPC64_LR_SAVE(%r1)
        .cfi_offset lr, FERRY_PPC64_LR_SAVE
        std %r31, -8(%r1)
        .cfi_offset r31, -8
        mr %r31, %r1
        .cfi_def_cfa_register r31
        mr %r12, %r3
        mr %r11, %r4
        ld %r6, FERRY_AREA_OFFSET(%r5)
        ld %r7, FERRY_AREA_BYTES(%r5)
        ld %r8, FERRY_AREA_COPY(%r5)
        ld %r9, FERRY_AREA_MASK(%r5)
        add %r6, %r4, %r6               // r6: its image
        addi %r10, %r1, -16
        subf %r10, %r7, %r10
        and %r10, %r10, %r9             // r10: the area
        addi %r9, %r10, -FERRY_PPC64_HEADER  // r9: the new top
1:      addi %r7, %r1, -FERRY_PROBE_STEP
        cmpld %r7, %r9
        ble 2f
        stdu %r31, -FERRY_PROBE_STEP(%r1)  // guard pages are met one by one
        b 1b
2:      subf %r7, %r1, %r9
        stdux %r31, %r1, %r7
        std %r2, FERRY_PPC64_TOC_SAVE(%r1)
3:      ld %r5, 0(%r6)
        ld %r7, 8(%r6)
        std %r5, 0(%r10)
        std %r7, 8(%r10)
        addi %r6, %r6, 16
        addi %r10, %r10, 16
        addic. %r8, %r8, -16
        bne 3b
        load_all
        call_function
        mr %r1, %r31
        .cfi_def_cfa_register r1
        ld %r31, -8(%r1)
        .cfi_restore r31
        ld %r0, FERRY_PPC64_LR_SAVE(%r1)
        mtlr %r0
        .cfi_restore lr
        blr
        .cfi_endproc
        .size ferry_elfv2_stack, . - ferry_elfv2_stack

// ferry_elfv2_keep(routine, function, frame, const StackArea*, ResultRegisters*): runs one of the above, and keeps what
// the elements of a result may be in. The routine leaves r2 as it is.
        .globl ferry_elfv2_keep
        .hidden ferry_elfv2_keep
        .type ferry_elfv2_keep, @function
        .balign 16
ferry_elfv2_keep:
        .cfi_startproc
        std %r31, -8(%r1)
        .cfi_offset r31, -8
        enter_frame FERRY_PPC64_HEADER + 16
        mr %r31, %r7
        mr %r12, %r3
        mr %r3, %r4
        mr %r4, %r5
        mr %r5, %r6
        mtctr %r12
        bctrl
        each stfd, 1, FERRY_PPC64_RESULT_FPRS, 0, %r31
        each_vector stvx, 2, FERRY_PPC64_RESULT_VECTORS + 1, FERRY_PPC64_RESULT_VECTOR_OFFSET, %r31
        ld %r31, FERRY_PPC64_HEADER + 16 - 8(%r1)
        .cfi_restore r31
        leave_frame FERRY_PPC64_HEADER + 16
        .cfi_endproc
        .size ferry_elfv2_keep, . - ferry_elfv2_keep

// The table of trampolines: each puts its number into r11, which carries no argument, and goes to the common entry. No
// frame yet: one CFI range serves all.
        .globl ferry_elfv2_trampolines
        .hidden ferry_elfv2_trampolines
        .type ferry_elfv2_trampolines, @function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_elfv2_trampolines:
        .cfi_startproc
        .set number, 0
        .rept FERRY_PPC64_TRAMPOLINES
        li %r11, number
        b elfv2_callback_entry
        nop                             // up to FERRY_TRAMPOLINE_BYTES
        nop
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ferry_elfv2_trampolines, . - ferry_elfv2_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result. r2 is the caller's
// concern, who loads it again after a call by a pointer.
//
//   [r1+FERRY_ENTRY_FRAME+32]  the caller's outgoing area
//   [r1+32]                    CallbackFrame
        .type elfv2_callback_entry, @function
        .balign 16
elfv2_callback_entry:
        .cfi_startproc
        enter_frame FERRY_ENTRY_FRAME
        each std, 3, 10, FERRY_PPC64_HEADER, %r1
        each stfd, 1, 13, FERRY_PPC64_HEADER + FERRY_PPC64_FPR_OFFSET, %r1
        each_vector stvx, 2, 13, FERRY_PPC64_HEADER + FERRY_PPC64_VECTOR_OFFSET, %r1
        bcl 20, 31, 1f                  // the next address: where our own r2 counts from
1:      mflr %r2
        addis %r2, %r2, (.TOC. - 1b)@ha
        addi %r2, %r2, (.TOC. - 1b)@l
        addi %r3, %r1, FERRY_PPC64_HEADER
        addi %r4, %r1, FERRY_ENTRY_FRAME + FERRY_PPC64_HEADER
        mr %r5, %r11
        bl ferry_stub_callback
        nop
        ld %r3, FERRY_PPC64_HEADER + FERRY_CALLBACK_GPR(%r1)
        ld %r4, FERRY_PPC64_HEADER + FERRY_CALLBACK_GPR + 8(%r1)
        each lfd, 1, FERRY_PPC64_RESULT_FPRS, FERRY_PPC64_HEADER + FERRY_CALLBACK_RESULTS, %r1
        each_vector lvx, 2, FERRY_PPC64_RESULT_VECTORS + 1, \
                FERRY_PPC64_HEADER + FERRY_CALLBACK_RESULTS + FERRY_PPC64_RESULT_VECTOR_OFFSET, %r1
        leave_frame FERRY_ENTRY_FRAME
        .cfi_endproc
        .size elfv2_callback_entry, . - elfv2_callback_entry
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
