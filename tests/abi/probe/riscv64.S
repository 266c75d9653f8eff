// RISC-V (plan_probe.cpp): a0-a7, fa0-fa7, for arguments and results.
        .text
        .globl _start, probe_args, probe_call, probe_write
        .macro save
        la t0, probe_registers
        sd a0, 0(t0)
        sd a1, 8(t0)
        sd a2, 16(t0)
        sd a3, 24(t0)
        sd a4, 32(t0)
        sd a5, 40(t0)
        sd a6, 48(t0)
        sd a7, 56(t0)
        fsd fa0, 64(t0)
        fsd fa1, 72(t0)
        fsd fa2, 80(t0)
        fsd fa3, 88(t0)
        fsd fa4, 96(t0)
        fsd fa5, 104(t0)
        fsd fa6, 112(t0)
        fsd fa7, 120(t0)
        .endm
_start: .option push
        .option norelax
        la gp, __global_pointer$
        .option pop
        li t0, 131072
        sub sp, sp, t0
        andi sp, sp, -16
        call probe_main
        li a0, 0
        li a7, 93
        ecall
probe_write:
        mv a2, a1
        mv a1, a0
        li a0, 1
        li a7, 64
        ecall
        ret
probe_args:
        save
        la t0, probe_sp
        sd sp, 0(t0)
        addi sp, sp, -16
        sd ra, 8(sp)
        call probe_record
        ld ra, 8(sp)
        addi sp, sp, 16
        ret
probe_call:
        addi sp, sp, -16
        sd ra, 8(sp)
        sd s0, 0(sp)
        mv s0, sp
        addi sp, sp, -2048
        mv t1, a0
        mv a0, a1
        jalr t1
        save
        mv sp, s0
        ld s0, 0(sp)
        ld ra, 8(sp)
        addi sp, sp, 16
        ret
        .section .note.GNU-stack,"",@progbits
