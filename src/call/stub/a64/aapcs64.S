// Static routines for AAPCS64 (AArch64): loads argument registers from a register block and calls;
// trampolines of callbacks and their common entry. Offsets: layout.h.
#include "call/stub/a64/layout.h"

#if defined(FERRY_STUB_A64)
#include "call/stub/a64/frame.inc"
        .text

// From the block at x17. AAPCS64 6.1.1: x9-x17 are neither arguments nor preserved; x18 is the platform's.
.macro load_gprs
        ldp x2, x3, [x17, #16]
        ldp x4, x5, [x17, #32]
        ldp x6, x7, [x17, #48]
        ldr x8, [x17, #FERRY_A64_X8_OFFSET]
        ldp x0, x1, [x17]
.endm

.macro load_fprs
        ldp q0, q1, [x17, #FERRY_A64_FPR_OFFSET]
        ldp q2, q3, [x17, #FERRY_A64_FPR_OFFSET+32]
        ldp q4, q5, [x17, #FERRY_A64_FPR_OFFSET+64]
        ldp q6, q7, [x17, #FERRY_A64_FPR_OFFSET+96]
.endm

// ferry_aapcs64_gprs(function, block): all arguments in general registers. Tail jump, no frame: the callee
// returns to our caller, with every result register untouched. A `bti c` of the callee takes a jump by x16.
        global ferry_aapcs64_gprs
        begin ferry_aapcs64_gprs
        hint #34                        // bti c
        mov x16, x0
        mov x17, x1
        load_gprs
        br x16
        end ferry_aapcs64_gprs

// ferry_aapcs64_registers(function, block): all arguments in registers.
        global ferry_aapcs64_registers
        begin ferry_aapcs64_registers
        hint #34
        mov x16, x0
        mov x17, x1
        load_fprs
        load_gprs
        br x16
        end ferry_aapcs64_registers

// ferry_aapcs64_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [x29+8]  return address
//   [x29]    caller's x29
//   ...      up to the alignment
//   [sp]     outgoing area, a copy of frame + area.frame_offset
        global ferry_aapcs64_stack
        begin ferry_aapcs64_stack
        hint #34
        sign_return
        stp x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset 29, -16
        .cfi_offset 30, -8
        mov x29, sp
        .cfi_def_cfa_register 29
        mov x16, x0
        mov x17, x1
        ldp x9, x10, [x2, #FERRY_AREA_OFFSET]  // its image, its size
        ldp x11, x12, [x2, #FERRY_AREA_COPY]   // bytes to copy, mask
        add x9, x17, x9
        sub x10, x29, x10
        and x10, x10, x12               // x10: the new top
1:      sub x12, sp, #FERRY_PROBE_STEP
        cmp x12, x10
        b.ls 2f
        mov sp, x12                     // guard pages are met one by one
        str xzr, [sp]
        b 1b
2:      mov sp, x10
3:      sub x11, x11, #16
        ldr q0, [x9, x11]
        str q0, [x10, x11]
        cbnz x11, 3b
        load_fprs
        load_gprs
        blr x16
        mov sp, x29
        .cfi_def_cfa_register 31
        ldp x29, x30, [sp], #16
        .cfi_restore 30
        .cfi_restore 29
        .cfi_def_cfa_offset 0
        check_return
        ret
        end ferry_aapcs64_stack

// The table of trampolines: each puts its number into w9 (x16, x17 are the linker's, x18 the platform's)
// and goes to the common entry. No frame yet: one CFI range serves all.
        global ferry_aapcs64_trampolines
        begin ferry_aapcs64_trampolines
        .set Lnumber, 0
        .rept FERRY_A64_TRAMPOLINES
        hint #34
        mov w9, #Lnumber
        b symbol(aapcs64_callback_entry)
        nop                             // up to FERRY_TRAMPOLINE_BYTES
        .set Lnumber, Lnumber + 1
        .endr
        end ferry_aapcs64_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result.
//
//   [x29+16] the caller's outgoing area
//   [x29+8]  return address
//   [x29]    caller's x29
//   [sp]     CallbackFrame
        begin aapcs64_callback_entry
        sign_return
        stp x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset 29, -16
        .cfi_offset 30, -8
        mov x29, sp
        .cfi_def_cfa_register 29
        sub sp, sp, #FERRY_CALLBACK_FRAME
        stp x0, x1, [sp]
        stp x2, x3, [sp, #16]
        stp x4, x5, [sp, #32]
        stp x6, x7, [sp, #48]
        str x8, [sp, #FERRY_A64_X8_OFFSET]
        stp q0, q1, [sp, #FERRY_A64_FPR_OFFSET]
        stp q2, q3, [sp, #FERRY_A64_FPR_OFFSET+32]
        stp q4, q5, [sp, #FERRY_A64_FPR_OFFSET+64]
        stp q6, q7, [sp, #FERRY_A64_FPR_OFFSET+96]
        mov x0, sp
        add x1, x29, #16
        mov w2, w9
        bl symbol(ferry_stub_callback)
        ldp x0, x1, [sp, #FERRY_CALLBACK_GPR]
        ldp q0, q1, [sp, #FERRY_CALLBACK_FPR]
        ldp q2, q3, [sp, #FERRY_CALLBACK_FPR+32]
        mov sp, x29
        .cfi_def_cfa_register 31
        ldp x29, x30, [sp], #16
        .cfi_restore 30
        .cfi_restore 29
        .cfi_def_cfa_offset 0
        check_return
        ret
        end aapcs64_callback_entry

#if defined(__ELF__)
// Every indirect target starts with bti c, every frame has a signed return address.
        .section .note.gnu.property, "a", %note
        .balign 8
        .word 4, 16, 5                  // name size, description size, NT_GNU_PROPERTY_TYPE_0
        .asciz "GNU"
        .word 0xc0000000, 4, 3, 0       // GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI, PAC
#endif
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
