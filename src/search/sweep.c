/* sweep.c - what has been removed leaves the index: the file is written anew without it. */
#include <stdlib.h>

#include "base/limits.h"
#include "search/search_int.h"

struct sweeping {
    struct book *old;
    struct book fresh;
    struct record_reader reader;
    struct page page;
    const uint64_t *living; /* sorted */
    size_t living_n;
    size_t at;          /* of the old one's records */
    bool renamed, over; /* over: or it is not worth it */
    enum err result;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool lives(const struct sweeping *w, uint64_t key)
{
    return w->living_n && bsearch(&key, w->living, w->living_n, sizeof key, by_number);
}

static bool worth_it(const struct sweeping *w)
{
    const struct book *b = w->old;
    size_t dead = 0;
    for (size_t i = 0; i < b->rows_n; i++)
        dead += !lives(w, b->rows[i].key);
    int64_t age_us = seam_wall_us(b->s->seam) - b->made_us;
    return dead && (dead >= b->rows_n / 4 || age_us >= SEARCH_STALE_US);
}

static enum err keep_living(struct sweeping *w, const struct record_place *place)
{
    struct record_walk walk = { 0 };
    struct record_message m;
    enum err e = record_front(&w->reader, place);
    if (!e) e = record_text(&w->reader);
    while (!e && record_next(&w->reader, &walk, &m)) {
        if (!lives(w, m.row.key)) continue;
        page_add(&w->page, &m.row, m.signature, m.text);
        if (page_full(&w->page)) e = book_append(&w->fresh, &w->page);
    }
    return e;
}

static enum err finish(struct sweeping *w)
{
    char from[SEARCH_PATH_BYTES], to[SEARCH_PATH_BYTES];
    enum err e = book_append(&w->fresh, &w->page);
    book_path(w->old->account, true, from);
    book_path(w->old->account, false, to);
    if (!e && seam_rename(w->old->s->seam, from, to)) e = ERR_LATER;
    w->renamed = !e;
    w->over = true;
    return e;
}

/* Some records. */
static void sweep_job(void *arg)
{
    struct sweeping *w = arg;
    size_t end = w->at + SEARCH_SWEEP_RECORDS;
    if (!w->at && !worth_it(w)) {
        w->over = true;
        return;
    }
    w->result = w->at ? OK : book_begin(&w->fresh, true);
    for (; !w->result && w->at < w->old->records_n && w->at < end; w->at++)
        w->result = keep_living(w, &w->old->records[w->at]);
    if (!w->result && w->at == w->old->records_n) w->result = finish(w);
}

static enum err write_anew(struct sweeping *w)
{
    enum err e = OK;
    while (!e && !w->over) {
        e = work(w->old->s->pool, sweep_job, w); /* Waits. */
        if (!e) e = w->result;
        if (!e && loop_draining(loop_self()) && !w->over) e = ERR_GONE;
    }
    return e;
}

/* The disk was full, or the process ends. */
static void forget(const struct sweeping *w)
{
    char path[SEARCH_PATH_BYTES];
    book_path(w->old->account, true, path);
    (void)seam_unlink(w->old->s->seam, path);
}

enum err search_sweep(struct book *b, struct shelf *shelf)
{
    struct arena a = arena_make(SEARCH_BOOK_BYTES);
    struct sweeping w = {
        .old = b,
        .fresh = book_make(b->s, b->account),
        .reader = record_reader_make(b),
        .page = page_make(),
    };
    enum err e = search_living(b, &a, &w.living, &w.living_n);
    if (!e) e = write_anew(&w);
    if (w.renamed && shelf->end == b->end) { /* the marks are still true */
        shelf->salt = w.fresh.salt;
        shelf->end = w.fresh.end;
    }
    if (w.fresh.file >= 0 && !w.renamed) forget(&w);
    record_reader_free(&w.reader);
    page_free(&w.page);
    book_free(&w.fresh);
    arena_free(&a);
    return e;
}
