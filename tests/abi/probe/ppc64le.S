// POWER (plan_probe.cpp): r3-r10, f1-f13, v2-v13, for arguments and results.
        .abiversion 2
        .text
        .globl _start, probe_args, probe_call, probe_write
        .macro save
        lis 11, probe_registers@ha
        addi 11, 11, probe_registers@l
        .irp n, 3,4,5,6,7,8,9,10
        std \n, (\n-3)*8(11)
        .endr
        .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13
        stfd \n, (64+(\n-1)*8)(11)
        .endr
        .irp n, 2,3,4,5,6,7,8,9,10,11,12,13
        li 12, 176+(\n-2)*16
        stvx \n, 11, 12
        .endr
        .endm
_start: lis 2, .TOC.@ha
        addi 2, 2, .TOC.@l
        addis 1, 1, -2
        clrrdi 1, 1, 4
        li 0, 0
        stdu 0, -64(1)
        bl probe_main
        nop
        li 3, 0
        li 0, 1
        sc
probe_write:
        mr 5, 4
        mr 4, 3
        li 3, 1
        li 0, 4
        sc
        blr
probe_args:
        save
        lis 11, probe_sp@ha
        addi 11, 11, probe_sp@l
        std 1, 0(11)
        mflr 0
        std 0, 16(1)
        stdu 1, -64(1)
        bl probe_record
        nop
        addi 1, 1, 64
        ld 0, 16(1)
        mtlr 0
        blr
probe_call:
        mflr 0
        std 0, 16(1)
        std 31, -8(1)
        mr 31, 1
        stdu 1, -4096(1)
        mr 12, 3
        mr 3, 4
        mtctr 12
        bctrl
        save
        mr 1, 31
        ld 31, -8(1)
        ld 0, 16(1)
        mtlr 0
        blr
        .section .note.GNU-stack,"",@progbits
