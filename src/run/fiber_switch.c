/* fiber_switch.c - the C half of the raw switch: first frames, and what the checkers must be told.
 */
#include "run/fiber_switch.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define TELL_VALGRIND 1
#endif

/* ASan keeps a shadow stack per stack; `from` is NULL when the stack left behind is given up. */
static inline void announce(struct fiber_context *from, const struct fiber_context *to)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(from ? &from->asan_fake_stack : NULL, to->stack, to->bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
    (void)from;
    (void)to;
}

/* On the new stack. The bounds of the one we came from are learnt here: the thread's own are not
 * known otherwise. */
static inline void arrived(struct fiber_context *here)
{
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(here->asan_fake_stack, &here->from->stack, &here->from->bytes);
#endif
    (void)here;
}

static void begin(struct fiber_context *c)
{
    arrived(c);
    c->entry(c->arg);
    abort(); /* an entry function leaves by fiber_context_leave */
}

#ifdef FIBER_UCONTEXT

/* makecontext passes ints: a pointer goes as two halves. */
static void begin_halves(unsigned high, unsigned low)
{
    uintptr_t p = (uintptr_t)(((uint64_t)high << 32) | low);
    begin((struct fiber_context *)p);
}

static void frame_make(struct fiber_context *c, void *stack, size_t bytes)
{
    uint64_t p = (uintptr_t)c;
    getcontext(&c->place);
    c->place.uc_stack.ss_sp = stack;
    c->place.uc_stack.ss_size = bytes;
    c->place.uc_link = NULL;
    makecontext(&c->place, (void (*)(void))begin_halves, 2, (unsigned)(p >> 32), (unsigned)p);
}

static inline void jump(struct fiber_context *from, struct fiber_context *to)
{
    swapcontext(&from->place, &to->place);
}

/* The C library's own layout: no trace is worth depending on it. */
struct fiber_frame fiber_context_frame(const struct fiber_context *c)
{
    (void)c;
    return (struct fiber_frame){ 0 };
}

#else

/* fiber_switch_*.S: push the callee-saved registers, exchange stack pointers, pop, return. */
void fiber_switch(void **save_sp, void *to_sp);
/* Where a new stack's first "return" goes: calls the function in one saved register with another
 * as its argument, from a stack that is aligned as the ABI wants. */
void fiber_first(void);

/* The saved registers as they lie from the stack pointer upwards. */
#if defined(__x86_64__)
enum {
    SAVED_WORDS = 7,
    WORD_ARG = 2,
    WORD_FN = 3,
    WORD_FRAME = 5,
    WORD_RETURN = 6
}; /* r15-r12 rbx rbp, return */
#else
enum {
    SAVED_WORDS = 20,
    WORD_FN = 0,
    WORD_ARG = 1,
    WORD_FRAME = 10,
    WORD_RETURN = 11
}; /* x19-x30 d8-d15 */
#endif

/* A stack that looks as if fiber_first had once called fiber_switch. All of the frame is popped on
 * the first switch, so fiber_first begins with sp == top: a multiple of 16, as both ABIs want it
 * where a call is made. (A frame that is 8 off works until the first SSE spill.) */
static void frame_make(struct fiber_context *c, void *stack, size_t bytes)
{
    uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15;
    void **frame = (void **)(top - SAVED_WORDS * sizeof(void *));

    for (int i = 0; i < SAVED_WORDS; i++)
        frame[i] = NULL;
    frame[WORD_FN] = (void *)(uintptr_t)begin;
    frame[WORD_ARG] = c;
    frame[WORD_RETURN] = (void *)(uintptr_t)fiber_first;
    c->sp = frame;
}

static inline void jump(struct fiber_context *from, struct fiber_context *to)
{
    fiber_switch(&from->sp, to->sp);
}

struct fiber_frame fiber_context_frame(const struct fiber_context *c)
{
    const uintptr_t *saved = c->sp;
    return (struct fiber_frame){ saved[WORD_RETURN], saved[WORD_FRAME] };
}

#endif

void fiber_context_host(struct fiber_context *host)
{
#ifdef FIBER_TSAN
    host->tsan_fiber = __tsan_get_current_fiber();
#endif
    host->entry = NULL;
}

void fiber_context_make(struct fiber_context *c, void *stack, size_t bytes,
                        void (*entry)(void *arg), void *arg)
{
    assert(entry);
    *c = (struct fiber_context){ .stack = stack, .bytes = bytes, .entry = entry, .arg = arg };
    frame_make(c, stack, bytes);
#ifdef FIBER_TSAN
    c->tsan_fiber = __tsan_create_fiber(0);
#endif
#ifdef TELL_VALGRIND
    c->valgrind_stack = VALGRIND_STACK_REGISTER(stack, (char *)stack + bytes);
#endif
}

void fiber_context_switch(struct fiber_context *from, struct fiber_context *to)
{
    to->from = from;
    announce(from, to);
    jump(from, to);
    arrived(from);
}

_Noreturn void fiber_context_leave(struct fiber_context *from, struct fiber_context *to)
{
    to->from = from;
    announce(NULL, to);
    jump(from, to);
    abort(); /* somebody switched to a context that had left for ever */
}

void fiber_context_free(struct fiber_context *c)
{
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(c->tsan_fiber);
#endif
#ifdef TELL_VALGRIND
    VALGRIND_STACK_DEREGISTER(c->valgrind_stack);
#endif
    c->entry = NULL;
}
