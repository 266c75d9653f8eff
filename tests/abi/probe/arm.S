// ARM (plan_probe.cpp): r0-r3, s0-s15, for arguments and results.
        .syntax unified
        .arch armv7-a
        .fpu vfpv3-d16
        .arm
        .text
        .globl _start, probe_args, probe_call, probe_write
        .type probe_args, %function
        .type probe_call, %function
        .type probe_write, %function
        .macro save
        movw r12, #:lower16:probe_registers
        movt r12, #:upper16:probe_registers
        stmia r12!, {r0-r3}
        vstmia r12, {d0-d7}
        .endm
_start: sub sp, sp, #131072
        bic sp, sp, #15
        bl probe_main
        mov r0, #0
        mov r7, #1
        svc #0
probe_write:
        push {r7, lr}
        mov r2, r1
        mov r1, r0
        mov r0, #1
        mov r7, #4
        svc #0
        pop {r7, pc}
probe_args:
        save
        movw r12, #:lower16:probe_sp
        movt r12, #:upper16:probe_sp
        str sp, [r12]
        push {r4, lr}
        bl probe_record
        pop {r4, pc}
probe_call:
        push {r4, lr}
        mov r4, sp
        sub sp, sp, #4096
        mov r12, r0
        mov r0, r1
        blx r12
        save
        mov sp, r4
        pop {r4, pc}
        .section .note.GNU-stack,"",%progbits
