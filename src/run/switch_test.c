/* switch_test.c - the raw switch: registers, alignment and depth survive it.
 *
 * Needs neither cmocka nor any other part of the program, so that it can be built for another CPU:
 *
 *   aarch64-linux-gnu-gcc -std=gnu11 -static -O2 -I src src/run/fiber_switch.c \
 *       src/run/fiber_switch_aarch64.S src/run/switch_test.c -o switch_test && qemu-aarch64
 * switch_test
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "run/fiber_switch.h"

#define STACK_BYTES (64 * 1024 * FIBER_STACK_FACTOR)
#define WANT(condition)                                                             \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

static struct fiber_context host, one, two;
static int turns;

/* Values in every kind of register that a call must preserve; the compiler keeps them there. */
static double churn(struct fiber_context *from, struct fiber_context *to, int seed)
{
    uint64_t a = seed + 1, b = seed + 2, c = seed + 3, d = seed + 4, e = seed + 5, f = seed + 6;
    double u = seed + 0.5, v = seed + 1.5, w = seed + 2.5, x = seed + 3.5;

    for (int i = 0; i < 1000; i++) {
        turns++;
        fiber_context_switch(from, to);
        a += b, b += c, c += d, d += e, e += f, f += a;
        u += v, v += w, w += x, x += 1;
    }
    uint64_t sum = a ^ b ^ c ^ d ^ e ^ f;
    return u + v + w + x + (double)(sum % 1000);
}

static double churn_alone(int seed)
{
    uint64_t a = seed + 1, b = seed + 2, c = seed + 3, d = seed + 4, e = seed + 5, f = seed + 6;
    double u = seed + 0.5, v = seed + 1.5, w = seed + 2.5, x = seed + 3.5;

    for (int i = 0; i < 1000; i++) {
        a += b, b += c, c += d, d += e, e += f, f += a;
        u += v, v += w, w += x, x += 1;
    }
    uint64_t sum = a ^ b ^ c ^ d ^ e ^ f;
    return u + v + w + x + (double)(sum % 1000);
}

static double result[2];

static void body(void *arg)
{
    struct fiber_context *me = arg;
    struct fiber_context *other = me == &one ? &two : &one;
    int seed = me == &one ? 7 : 70;

    result[me == &two] = churn(me, other, seed);
    if (me == &one)
        fiber_context_leave(me, other); /* two is one switch behind and goes on to its end */
    fiber_context_leave(me, &host);
}

static void test_registers(void *stack_one, void *stack_two)
{
    fiber_context_make(&one, stack_one, STACK_BYTES, body, &one);
    fiber_context_make(&two, stack_two, STACK_BYTES, body, &two);
    fiber_context_switch(&host, &one);
    WANT(turns == 2000);
    WANT(result[0] == churn_alone(7));
    WANT(result[1] == churn_alone(70));
    fiber_context_free(&one);
    fiber_context_free(&two);
}

/* The trap: a first frame 8 bytes off works until something needs 16. */
static uintptr_t seen_frame;
static double seen_product;

static void __attribute__((noinline)) look(volatile double x)
{
    _Alignas(16) volatile char local[32];
    local[0] = 1;
    seen_frame = (uintptr_t)local;
    char text[64];
    snprintf(text, sizeof text, "%.3f", x); /* variadic doubles: movaps in the prologue */
    seen_product = strtod(text, NULL);
}

static void aligned_body(void *arg)
{
    (void)arg;
#if defined(__x86_64__) && !defined(FIBER_ASAN) /* ASan realigns frames by itself */
    /* After `call` and `push %rbp` the frame pointer is a multiple of 16. */
    WANT((uintptr_t)__builtin_frame_address(0) % 16 == 0);
#endif
    look(1.125);
    fiber_context_leave(&one, &host);
}

static void test_alignment(void *stack)
{
    for (int shift = 0; shift < 32; shift++) { /* whatever the stack's size */
        fiber_context_make(&one, stack, STACK_BYTES - (size_t)shift, aligned_body, NULL);
        seen_product = 0;
        fiber_context_switch(&host, &one);
        WANT(seen_frame % 16 == 0);
        WANT(seen_product == 1.125);
        fiber_context_free(&one);
    }
}

/* A fiber's context is resumed, not remade, from one piece of work to the next. */
static int laps;
static void lapping_body(void *arg)
{
    (void)arg;
    for (;;) {
        laps++;
        if (laps == 100) fiber_context_leave(&one, &host);
        fiber_context_switch(&one, &host);
    }
}

static void test_resume(void *stack)
{
    fiber_context_make(&one, stack, STACK_BYTES, lapping_body, NULL);
    for (int i = 0; i < 100; i++)
        fiber_context_switch(&host, &one);
    WANT(laps == 100);
    fiber_context_free(&one);
}

/* Deep into the stack, but not out of it. */
static int __attribute__((noinline)) dig(int depth)
{
    volatile char room[256];
    for (int i = 0; i < 256; i++)
        room[i] = (char)depth;
    if (depth == 0)
        fiber_context_switch(&one, &host);
    else
        dig(depth - 1);
    return room[17] == (char)depth;
}

static void deep_body(void *arg)
{
    (void)arg;
    WANT(dig(100));
    fiber_context_leave(&one, &host);
}

static void test_depth(void *stack)
{
    fiber_context_make(&one, stack, STACK_BYTES, deep_body, NULL);
    fiber_context_switch(&host, &one);
    fiber_context_switch(&host, &one);
    fiber_context_free(&one);
}

static void spin_body(void *arg)
{
    (void)arg;
    for (;;)
        fiber_context_switch(&one, &host);
}

static void print_speed(void *stack)
{
    enum { PAIRS = 200000 };
    struct timespec a, b;
    fiber_context_make(&one, stack, STACK_BYTES, spin_body, NULL);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < PAIRS; i++)
        fiber_context_switch(&host, &one);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
    printf("switch: %.1f ns\n", ns / (2.0 * PAIRS));
    fiber_context_free(&one);
}

int main(void)
{
    char *stacks = aligned_alloc(4096, 2 * STACK_BYTES);
    WANT(stacks);
    fiber_context_host(&host);
    test_registers(stacks, stacks + STACK_BYTES);
    test_alignment(stacks);
    test_resume(stacks);
    test_depth(stacks);
    print_speed(stacks);
    free(stacks);
    return 0;
}
