/* fiber_switch.h - the raw switch between two stacks of one thread; fiber.c builds fibers on it.
 *
 * Private to run/. Assembly on x86-64 and aarch64 (fiber_switch_*.S), ucontext elsewhere and with
 * the build option of that name. Knows nothing of loops, pools or waiting, so that switch_test.c can
 * be built for another CPU from three files.
 */
#ifndef RUN_FIBER_SWITCH_H
#define RUN_FIBER_SWITCH_H

#if !defined(FIBER_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define FIBER_UCONTEXT 1
#endif

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef FIBER_UCONTEXT
#include <ucontext.h>
#endif

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define FIBER_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define FIBER_TSAN 1
#endif
#if defined(FIBER_ASAN) || defined(FIBER_TSAN)
#define FIBER_STACK_FACTOR 3 /* redzones and shadow frames */
#else
#define FIBER_STACK_FACTOR 1
#endif

/* A place where execution was left: a fiber's, or the thread's own stack (the host). */
struct fiber_context {
    void *sp;                       /* the saved registers lie here */
    const void *stack;              /* lowest usable byte */
    size_t bytes;                   /* usable bytes from there */
    struct fiber_context *from;     /* who switched here last */
    void (*entry)(void *arg);       /* never returns */
    void *arg;
    void *asan_fake_stack;
    void *tsan_fiber;
    unsigned valgrind_stack;
#ifdef FIBER_UCONTEXT
    ucontext_t place;
#endif
};

/* The thread's own stack, before the first switch away from it. May be repeated. */
void fiber_context_host(struct fiber_context *host);
/* A context that runs entry(arg) on this stack when first switched to. */
void fiber_context_make(struct fiber_context *c, void *stack, size_t bytes,
                        void (*entry)(void *arg), void *arg);
/* Leave `from`, go on in `to`; returns when somebody switches back to `from`. */
void fiber_context_switch(struct fiber_context *from, struct fiber_context *to);
/* The same for ever: nobody may switch to `from` again. */
_Noreturn void fiber_context_leave(struct fiber_context *from, struct fiber_context *to);
/* Where a context that does not run goes on, and its frame: what a trace begins with. */
struct fiber_frame { uintptr_t pc, fp; };
struct fiber_frame fiber_context_frame(const struct fiber_context *c);
/* Forget a context made by fiber_context_make; it does not run. The stack is the caller's. */
void fiber_context_free(struct fiber_context *c);

#endif
#endif
