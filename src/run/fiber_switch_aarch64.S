/* fiber_switch_aarch64.S - exchange stacks under AAPCS64: x19-x30, the low halves of v8-v15, sp. */
#include "run/fiber_switch.h"

#if defined(__aarch64__) && !defined(FIBER_UCONTEXT)
    .text

/* void fiber_switch(void **save_sp, void *to_sp) */
    .globl fiber_switch
    .hidden fiber_switch
    .type fiber_switch, %function
    .balign 16
fiber_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x2, sp
    str x2, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size fiber_switch, . - fiber_switch

/* The first frame of every stack: x19 is the function, x20 its argument. No way back: unwinders stop. */
    .globl fiber_first
    .hidden fiber_first
    .type fiber_first, %function
    .balign 16
fiber_first:
    .cfi_startproc
    .cfi_undefined x30
    mov x29, #0
    mov x0, x20
    blr x19
    brk #1
    .cfi_endproc
    .size fiber_first, . - fiber_first
#endif

    .section .note.GNU-stack, "", %progbits
