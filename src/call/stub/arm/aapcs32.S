// Static routines for ARM, AAPCS32 with VFP registers: loads argument registers from a register block and calls;
// trampolines of callbacks and their common entry. Offsets: layout.h. Unwinding: EHABI32 9.
#include "call/host.h"

#if defined(FERRY_STUB_ARM)
#include "call/stub/arm/layout.h"

        .syntax unified
        .arch armv6
        .fpu vfp
        .eabi_attribute Tag_ABI_VFP_args, 1
        .arm
        .text

// From a block; r0 last, which may be its address.
.macro load_gprs block
        ldr r1, [\block, #8]
        ldr r2, [\block, #16]
        ldr r3, [\block, #24]
        ldr r0, [\block]
.endm

// ferry_aapcs32_gprs(function, block): all arguments in general registers. Tail jump, no frame: the callee returns to our
// caller, with every result register untouched. r12 is neither an argument nor preserved.
        .globl ferry_aapcs32_gprs
        .hidden ferry_aapcs32_gprs
        .type ferry_aapcs32_gprs, %function
        .balign 16
ferry_aapcs32_gprs:
        .fnstart
        mov r12, r0
        mov r0, r1
        load_gprs r0
        bx r12
        .fnend
        .size ferry_aapcs32_gprs, . - ferry_aapcs32_gprs

// ferry_aapcs32_registers(function, block): all arguments in registers.
        .globl ferry_aapcs32_registers
        .hidden ferry_aapcs32_registers
        .type ferry_aapcs32_registers, %function
        .balign 16
ferry_aapcs32_registers:
        .fnstart
        mov r12, r0
        add r0, r1, #FERRY_ARM_VFP_OFFSET
        vldmia r0, {d0-d7}
        mov r0, r1
        load_gprs r0
        bx r12
        .fnend
        .size ferry_aapcs32_registers, . - ferry_aapcs32_registers

// ferry_aapcs32_stack(function, frame, const StackArea*): arguments on the stack as well.
//
//   [r11+4]  return address
//   [r11]    caller's r11
//   [r11-4]  caller's r5
//   [r11-8]  caller's r4
//   ...      up to the alignment
//   [sp]     outgoing area, a copy of frame + area.frame_offset
        .globl ferry_aapcs32_stack
        .hidden ferry_aapcs32_stack
        .type ferry_aapcs32_stack, %function
        .balign 16
ferry_aapcs32_stack:
        .fnstart
        push {r4, r5, r11, lr}
        .save {r4, r5, r11, lr}
        .setfp r11, sp, #8
        add r11, sp, #8
        mov r12, r0
        mov r4, r1
        ldr r3, [r2, #FERRY_AREA_OFFSET]
        ldr r5, [r2, #FERRY_AREA_BYTES]
        ldr r0, [r2, #FERRY_AREA_MASK]
        ldr r2, [r2, #FERRY_AREA_COPY]
        add r3, r1, r3                  // r3: its image
        sub r5, sp, r5
        and r5, r5, r0                  // r5: the new top
1:      sub r0, sp, #FERRY_PROBE_STEP
        cmp r0, r5
        bls 2f
        mov sp, r0                      // guard pages are met one by one
        str r0, [sp]
        b 1b
2:      mov sp, r5
3:      ldrd r0, r1, [r3], #8
        strd r0, r1, [r5], #8
        subs r2, r2, #8
        bne 3b
        add r0, r4, #FERRY_ARM_VFP_OFFSET
        vldmia r0, {d0-d7}
        load_gprs r4
        blx r12
        sub sp, r11, #8
        pop {r4, r5, r11, pc}
        .fnend
        .size ferry_aapcs32_stack, . - ferry_aapcs32_stack

// ferry_aapcs32_keep(routine, function, frame, const StackArea*, ResultRegisters*): runs one of the above, and keeps all
// that a result may be in.
        .globl ferry_aapcs32_keep
        .hidden ferry_aapcs32_keep
        .type ferry_aapcs32_keep, %function
        .balign 16
ferry_aapcs32_keep:
        .fnstart
        push {r4, lr}
        .save {r4, lr}
        ldr r4, [sp, #8]
        mov r12, r0
        mov r0, r1
        mov r1, r2
        mov r2, r3
        blx r12
        stmia r4!, {r0-r3}
        vstmia r4, {d0-d7}
        pop {r4, pc}
        .fnend
        .size ferry_aapcs32_keep, . - ferry_aapcs32_keep

// The table of trampolines: each puts its number into r12, which carries no argument, and goes to the common entry.
// No frame yet: one record serves all.
        .globl ferry_aapcs32_trampolines
        .hidden ferry_aapcs32_trampolines
        .type ferry_aapcs32_trampolines, %function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_aapcs32_trampolines:
        .fnstart
        .set number, 0
        .rept FERRY_ARM_TRAMPOLINES
        mov r12, #(number & 0xff)
        orr r12, r12, #(number & 0xf00)
        orr r12, r12, #(number & 0xf000)
        b aapcs32_callback_entry
        .set number, number + 1
        .endr
        .fnend
        .size ferry_aapcs32_trampolines, . - ferry_aapcs32_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result.
//
//   [r11+8]  the caller's outgoing area
//   [r11+4]  return address
//   [r11]    caller's r11
//   [sp]     CallbackFrame
        .type aapcs32_callback_entry, %function
        .balign 16
aapcs32_callback_entry:
        .fnstart
        push {r11, lr}
        .save {r11, lr}
        .setfp r11, sp
        mov r11, sp
        sub sp, sp, #FERRY_CALLBACK_FRAME
        str r0, [sp]
        str r1, [sp, #8]
        str r2, [sp, #16]
        str r3, [sp, #24]
        add r0, sp, #FERRY_ARM_VFP_OFFSET
        vstmia r0, {d0-d7}
        mov r0, sp
        add r1, r11, #8
        mov r2, r12
        bl ferry_stub_callback
        add r12, sp, #FERRY_CALLBACK_RESULTS
        ldmia r12!, {r0-r3}
        vldmia r12, {d0-d7}
        mov sp, r11
        pop {r11, pc}
        .fnend
        .size aapcs32_callback_entry, . - aapcs32_callback_entry
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
