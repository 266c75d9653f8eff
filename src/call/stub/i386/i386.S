// Static routines for i386: one for calls by every convention, trampolines of callbacks and their common entry.
// Offsets: layout.h.
#include "call/host.h"

#if defined(FERRY_STUB_I386)
#include "call/stub/i386/layout.h"

        .text

// ferry_i386_call(function, frame, const StackArea*), called as cdecl: copies the outgoing area, loads ecx and edx, which
// cdecl's callees do not read, and calls. The callee may have removed its arguments: the stack pointer comes from ebp.
//
//   [ebp+16] area
//   [ebp+12] frame
//   [ebp+8]  function
//   [ebp+4]  return address
//   [ebp]    caller's ebp
//   [ebp-4]  caller's esi
//   [ebp-8]  caller's edi
//   ...      up to the alignment
//   [esp]    outgoing area, a copy of frame + area.frame_offset
        .globl ferry_i386_call
        .hidden ferry_i386_call
        .type ferry_i386_call, @function
        .balign 16
ferry_i386_call:
        .cfi_startproc
        endbr32
        pushl %ebp
        .cfi_def_cfa_offset 8
        .cfi_offset %ebp, -8
        movl %esp, %ebp
        .cfi_def_cfa_register %ebp
        pushl %esi
        .cfi_offset %esi, -12
        pushl %edi
        .cfi_offset %edi, -16
        movl 12(%ebp), %esi
        movl 16(%ebp), %edx
        movl %esp, %eax                 // eax: the new top
        subl FERRY_AREA_BYTES(%edx), %eax
        andl FERRY_AREA_MASK(%edx), %eax
1:      leal -FERRY_PROBE_STEP(%esp), %ecx
        cmpl %eax, %ecx
        jbe 2f
        movl %ecx, %esp                 // guard pages are met one by one
        orl $0, (%esp)
        jmp 1b
2:      movl %eax, %esp
        movl FERRY_AREA_COPY(%edx), %ecx
        movl %esi, %eax                 // eax: the register block
        addl FERRY_AREA_OFFSET(%edx), %esi
        movl %esp, %edi
        shrl $2, %ecx
        rep movsl
        movl (%eax), %ecx
        movl FERRY_I386_EDX(%eax), %edx
        call *8(%ebp)
        movl -4(%ebp), %esi
        .cfi_restore %esi
        movl -8(%ebp), %edi
        .cfi_restore %edi
        leave
        .cfi_restore %ebp
        .cfi_def_cfa %esp, 4
        ret
        .cfi_endproc
        .size ferry_i386_call, . - ferry_i386_call

// The table of trampolines: each puts its number into eax, which carries no argument, and goes to the common entry. No
// frame yet: one CFI range serves all.
        .globl ferry_i386_trampolines
        .hidden ferry_i386_trampolines
        .type ferry_i386_trampolines, @function
        .balign FERRY_TRAMPOLINE_BYTES
ferry_i386_trampolines:
        .cfi_startproc
        .set number, 0
        .rept FERRY_I386_TRAMPOLINES
        .balign FERRY_TRAMPOLINE_BYTES
        endbr32
        movl $number, %eax
        jmp i386_callback_entry
        .set number, number + 1
        .endr
        .cfi_endproc
        .size ferry_i386_trampolines, . - ferry_i386_trampolines

// Common entry: saves the argument registers, has ferry_stub_callback do the work, loads the result, removes the
// arguments where the convention says so.
//
//   [ebp+8]  the caller's outgoing area
//   [ebp+4]  return address
//   [ebp]    caller's ebp
//   ...      up to the alignment
//   [esp]    CallbackFrame
        .type i386_callback_entry, @function
        .balign 16
i386_callback_entry:
        .cfi_startproc
        pushl %ebp
        .cfi_def_cfa_offset 8
        .cfi_offset %ebp, -8
        movl %esp, %ebp
        .cfi_def_cfa_register %ebp
        subl $FERRY_CALLBACK_FRAME, %esp
        andl $-16, %esp
        movl %ecx, (%esp)
        movl %edx, FERRY_I386_EDX(%esp)
        movl %esp, %ecx
        leal 8(%ebp), %edx
        subl $16, %esp
        movl %ecx, (%esp)
        movl %edx, 4(%esp)
        movl %eax, 8(%esp)
        call ferry_stub_callback        // eax: how many x87 values to load
        addl $16, %esp
        testl %eax, %eax
        jz 1f
        fldt FERRY_CALLBACK_X87(%esp)
1:      movl FERRY_CALLBACK_POPS(%esp), %ecx
        movl FERRY_CALLBACK_GPR(%esp), %eax
        movl FERRY_CALLBACK_GPR+4(%esp), %edx
        leave
        .cfi_restore %ebp
        .cfi_def_cfa %esp, 4
        testl %ecx, %ecx
        jz 2f
        popl -4(%esp,%ecx)              // the return address over the last argument (the address counts from the new esp)
        leal -4(%esp,%ecx), %esp
2:      ret
        .cfi_endproc
        .size i386_callback_entry, . - i386_callback_entry

// IBT and SHSTK: every indirect target starts with endbr32, every call returns to its caller.
        .section .note.gnu.property, "a", @note
        .balign 4
        .long 4, 12, 5                  // name size, description size, NT_GNU_PROPERTY_TYPE_0
        .asciz "GNU"
        .long 0xc0000002, 4, 3          // GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK
#endif
#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
