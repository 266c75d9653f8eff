// AArch64 (plan_probe.cpp): x0-x8, v0-v7, for arguments and results.
        .text
        .globl _start, probe_args, probe_call, probe_write
        .macro save
        adrp x16, probe_registers
        add x16, x16, :lo12:probe_registers
        stp x0, x1, [x16]
        stp x2, x3, [x16, 16]
        stp x4, x5, [x16, 32]
        stp x6, x7, [x16, 48]
        str x8, [x16, 64]
        stp q0, q1, [x16, 80]
        stp q2, q3, [x16, 112]
        stp q4, q5, [x16, 144]
        stp q6, q7, [x16, 176]
        .endm
_start: sub sp, sp, 131072
        bl probe_main
        mov x0, 0
        mov x8, 93
        svc 0
probe_write:
        mov x2, x1
        mov x1, x0
        mov x0, 1
        mov x8, 64
        svc 0
        ret
probe_args:
        save
        adrp x16, probe_sp
        mov x17, sp
        str x17, [x16, :lo12:probe_sp]
        stp x29, x30, [sp, -16]!
        bl probe_record
        ldp x29, x30, [sp], 16
        ret
probe_call:
        stp x29, x30, [sp, -16]!
        mov x29, sp
        sub sp, sp, 4096
        mov x16, x0
        mov x0, x1
        mov x8, x1
        blr x16
        save
        mov sp, x29
        ldp x29, x30, [sp], 16
        ret
        .section .note.GNU-stack,"",@progbits
