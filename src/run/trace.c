/* trace.c - where every fiber of this thread's loop is, told from within a signal handler.
 *
 * Frames are followed by their frame pointers, which every build keeps. Nothing is believed that
 * lies outside the stack it was found on.
 */
#include <link.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/loop_int.h"
#include "run/watchdog.h"

struct line {
    char text[TRACE_LINE_BYTES];
    size_t n;
};

static void add(struct line *l, const char *words)
{
    for (; *words && l->n < sizeof l->text; words++)
        l->text[l->n++] = *words;
}

static void add_hex(struct line *l, uintptr_t number)
{
    char digits[2 * sizeof number + 1];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number);
    add(l, "0x");
    add(l, digits + at);
}

static void say(struct line *l)
{
    add(l, "\n");
    (void)!write(STDERR_FILENO, l->text, l->n);
}

/* --- one stack -------------------------------------------------------------------------------- */

extern const char __executable_start[], etext[]; /* the linker's */

static void add_place(struct line *l, uintptr_t pc)
{
    uintptr_t start = (uintptr_t)__executable_start;
    bool ours = pc >= start && pc < (uintptr_t)etext;
    add(l, ours ? " " : " lib:");
    add_hex(l, ours ? pc - start : pc);
}

/* Two words at each frame pointer: the caller's, and where it goes on. */
static void add_frames(struct line *l, struct fiber_frame at, const struct fiber_context *stack)
{
    uintptr_t low = (uintptr_t)stack->stack, high = low + stack->bytes;
    add_place(l, at.pc);
    for (int i = 0; i < TRACE_FRAMES; i++) {
        if (at.fp < low || at.fp > high - 2 * sizeof(uintptr_t) || at.fp % sizeof(uintptr_t))
            return;
        const uintptr_t *frame = (const uintptr_t *)at.fp;
        if (frame[1] == 0) return;
        add_place(l, frame[1]);
        if (frame[0] <= at.fp) return; /* callers lie above */
        at.fp = frame[0];
    }
}

static struct fiber_frame frame_of(const void *context)
{
    const mcontext_t *m = &((const ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
    return (struct fiber_frame){ (uintptr_t)m->gregs[REG_RIP], (uintptr_t)m->gregs[REG_RBP] };
#elif defined(__aarch64__)
    return (struct fiber_frame){ m->pc, m->regs[29] };
#else
    (void)m;
    return (struct fiber_frame){ 0 };
#endif
}

/* --- all of them ------------------------------------------------------------------------------ */

static void say_fiber(const struct fiber *f, struct fiber_frame at)
{
    static const char *const states[] = { "free", "runnable", "running", "suspended" };
    static const char *const classes[] = { "stranger", "known", "system" };
    struct line l = { .n = 0 };
    add(&l, "fiber ");
    add(&l, classes[f->class]);
    add(&l, " ");
    add(&l, states[f->state]);
    add(&l, ":");
    add_frames(&l, at, &f->context);
    say(&l);
}

static void say_host(struct fiber_frame at)
{
    /* The thread's own stack has no bounds that we know: what is near the frame is taken for it. */
    struct fiber_context near = { .stack = (const void *)at.fp, .bytes = TRACE_HOST_BYTES };
    struct line l = { .n = 0 };
    add(&l, "loop:");
    add_frames(&l, at, &near);
    say(&l);
}

void trace_all(const void *context)
{
    struct loop *loop = loop_current();
    struct fiber_frame here = frame_of(context);
    if (!loop || !loop->fibers.current)
        say_host(here);
    else
        say_fiber(loop->fibers.current, here);
    int left = loop ? FIBERS_PER_WORKER : 0;
    for (struct list *node = left ? loop->fibers.all.next : NULL;
         left-- && node != &loop->fibers.all; node = node->next) {
        const struct fiber *f = CONTAINER_OF(node, struct fiber, every);
        if (f->state == FIBER_SUSPENDED || f->state == FIBER_RUNNABLE)
            say_fiber(f, fiber_context_frame(&f->context));
    }
}
