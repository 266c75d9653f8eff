// i386 (plan_probe.cpp): registers ecx, edx; results eax, edx, st0.
        .text
        .globl _start, probe_args, probe_call, probe_write
_start: subl $131072, %esp
        andl $-16, %esp
        call probe_main
        xorl %ebx, %ebx
        movl $1, %eax
        int $0x80
probe_write:
        pushl %ebx
        movl $1, %ebx
        movl 8(%esp), %ecx
        movl 12(%esp), %edx
        movl $4, %eax
        int $0x80
        popl %ebx
        ret
probe_args:
        movl %ecx, probe_registers
        movl %edx, probe_registers+4
        leal 4(%esp), %eax
        movl %eax, probe_sp
        pushl %ebp
        movl %esp, %ebp
        andl $-16, %esp
        call probe_record
        leave
        popl %edx
        addl probe_pop, %esp
        jmp *%edx
probe_call:
        pushl %ebp
        movl %esp, %ebp
        pushl %ebx
        pushl %esi
        pushl %edi
        fninit
        movl 8(%ebp), %eax
        movl 12(%ebp), %ecx
        subl $4096, %esp
        andl $-16, %esp
        movl %ecx, (%esp)
        movl %ecx, %edx
        movl %esp, %esi
        call *%eax
        movl %eax, probe_registers
        movl %edx, probe_registers+4
        fstpt probe_registers+8
        fninit
        movl %esp, %eax
        subl %esi, %eax
        movl %eax, probe_popped
        leal -12(%ebp), %esp
        popl %edi
        popl %esi
        popl %ebx
        popl %ebp
        ret
        .section .note.GNU-stack,"",@progbits
