// s390x (plan_probe.cpp): r2-r6, f0 f2 f4 f6, for arguments and results.
        .text
        .globl _start, probe_args, probe_call, probe_write
        .macro save
        larl %r1, probe_registers
        stmg %r2, %r6, 0(%r1)
        std %f0, 40(%r1)
        std %f2, 48(%r1)
        std %f4, 56(%r1)
        std %f6, 64(%r1)
        .endm
_start: agfi %r15, -131072
        nill %r15, 0xfff0
        aghi %r15, -160
        brasl %r14, probe_main
        lghi %r2, 0
        svc 1
probe_write:
        lgr %r4, %r3
        lgr %r3, %r2
        lghi %r2, 1
        svc 4
        br %r14
probe_args:
        save
        larl %r1, probe_sp
        stg %r15, 0(%r1)
        stmg %r14, %r15, 112(%r15)
        aghi %r15, -160
        brasl %r14, probe_record
        aghi %r15, 160
        lmg %r14, %r15, 112(%r15)
        br %r14
probe_call:
        stmg %r6, %r15, 48(%r15)
        lgr %r11, %r15
        aghi %r15, -4096
        lgr %r1, %r2
        lgr %r2, %r3
        basr %r14, %r1
        save
        lgr %r15, %r11
        lmg %r6, %r15, 48(%r15)
        br %r14
        .section .note.GNU-stack,"",@progbits
