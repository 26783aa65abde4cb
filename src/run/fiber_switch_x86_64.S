/* fiber_switch_x86_64.S - exchange stacks under the System V ABI: six registers and the return address.
 *
 * The control bits of MXCSR and the x87 word are callee-saved too, but nothing in this program
 * changes them, so all stacks agree on them.
 */
#include "run/fiber_switch.h"

#if defined(__x86_64__) && !defined(FIBER_UCONTEXT)
    .text

/* void fiber_switch(void **save_sp, void *to_sp) */
    .globl fiber_switch
    .hidden fiber_switch
    .type fiber_switch, @function
    .balign 16
fiber_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size fiber_switch, . - fiber_switch

/* The first frame of every stack: r12 is the function, r13 its argument. No way back: unwinders stop. */
    .globl fiber_first
    .hidden fiber_first
    .type fiber_first, @function
    .balign 16
fiber_first:
    .cfi_startproc
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %r13, %rdi
    callq *%r12
    ud2
    .cfi_endproc
    .size fiber_first, . - fiber_first
#endif

    .section .note.GNU-stack, "", @progbits
