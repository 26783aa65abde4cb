/* loop_timer.c - timers: a binary heap of pointers into the structs of their owners.
 *
 * A parked connection has one timer, so the heap is as large as the number of connections; setting
 * and cancelling cost log2 of that.
 */
#include <assert.h>

#include "run/loop_int.h"

enum { HEAP_FIRST = 1, HEAP_START_CAP = 64 };

static void put(struct timers *t, size_t slot, struct timer *timer)
{
    t->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct timers *t, size_t slot, struct timer *timer)
{
    while (slot > HEAP_FIRST && t->heap[slot / 2]->at_mono_us > timer->at_mono_us) {
        put(t, slot, t->heap[slot / 2]);
        slot /= 2;
    }
    put(t, slot, timer);
}

static void sift_down(struct timers *t, size_t slot, struct timer *timer)
{
    for (;;) {
        size_t child = slot * 2;
        if (child > t->n) break;
        if (child < t->n && t->heap[child + 1]->at_mono_us < t->heap[child]->at_mono_us) child++;
        if (t->heap[child]->at_mono_us >= timer->at_mono_us) break;
        put(t, slot, t->heap[child]);
        slot = child;
    }
    put(t, slot, timer);
}

static void place(struct timers *t, size_t slot, struct timer *timer)
{
    if (slot > HEAP_FIRST && t->heap[slot / 2]->at_mono_us > timer->at_mono_us)
        sift_up(t, slot, timer);
    else
        sift_down(t, slot, timer);
}

void timer_set(struct loop *l, struct timer *timer, uint64_t at_mono_us)
{
    struct timers *t = &l->timers;

    assert(timer->fire);
    timer->at_mono_us = at_mono_us;
    if (timer->slot) {
        place(t, timer->slot, timer);
        return;
    }
    if (t->n + 1 >= t->cap) {
        size_t cap = t->cap ? t->cap * 2 : HEAP_START_CAP;
        t->heap = mem_resize(t->heap, t->cap, cap, sizeof(*t->heap));
        t->cap = cap;
    }
    t->n++;
    sift_up(t, t->n, timer);
}

void timer_cancel(struct loop *l, struct timer *timer)
{
    struct timers *t = &l->timers;
    size_t slot = timer->slot;

    if (!slot) return;
    assert(slot <= t->n && t->heap[slot] == timer);
    timer->slot = 0;
    struct timer *last = t->heap[t->n--];
    if (last != timer) place(t, slot, last);
}

uint64_t timers_next_us(const struct timers *t)
{
    return t->n ? t->heap[HEAP_FIRST]->at_mono_us : UINT64_MAX;
}

/* A timer that sets itself again for now waits for the next turn: as many fire as there were. */
void timers_fire(struct timers *t, struct loop *l)
{
    for (size_t left = t->n; left && timers_next_us(t) <= l->now_us; left--) {
        struct timer *timer = t->heap[HEAP_FIRST];
        timer_cancel(l, timer);
        timer->fire(timer);
    }
}

void timers_free(struct timers *t)
{
    mem_free(t->heap);
    *t = (struct timers){ 0 };
}
