/* logs.c - the journal's logs as compaction sees them, and how one is taken away. */
#include "store/embedded/logs_int.h"
#include "base/mem.h"

#include <assert.h>

static struct log *add(struct logs *l, const struct log *log)
{
    assert(l->n == 0 || l->at[l->n - 1].number < log->number);
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        l->at = mem_resize(l->at, l->cap, cap, sizeof *l->at);
        l->cap = cap;
    }
    l->at[l->n] = *log;
    return &l->at[l->n++];
}

void logs_load(struct logs *l, const struct catalog *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct found *f = &c->found[i];
        if (!found_is_log(f) || f->abandoned) continue;
        /* Without an end here its successor cannot be read: its own end is anybody's guess. */
        add(l, &(struct log){ .number = f->number,
                              .previous = f->head.previous,
                              .end = f->end ? f->end : f->size,
                              .created_us = f->head.created_us,
                              .damaged = f->end == 0 });
    }
}

void logs_free(struct logs *l)
{
    mem_free(l->at);
    *l = (struct logs){ 0 };
}

struct log *logs_find(const struct logs *l, uint64_t number)
{
    for (size_t low = 0, high = l->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (l->at[middle].number == number) return &l->at[middle];
        if (l->at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool logs_older(const struct logs *l, uint64_t horizon, uint64_t number)
{
    for (size_t i = 0; i < l->n && l->at[i].number <= horizon; i++)
        if (l->at[i].number != number) return true;
    return false;
}

/* --- new ones --------------------------------------------------------------------------------- */

static bool read_head(struct segments *t, uint64_t number, struct segment_head *out)
{
    struct segment *s;
    if (segment_open(t, number, &s)) return false;
    *out = s->head;
    segment_drop(t, s);
    return true;
}

/* The first log after those in the table, going back from `number`. */
static bool first_new(const struct logs *l, struct segments *t, uint64_t number,
                      struct segment_head *out)
{
    uint64_t known = l->n ? l->at[l->n - 1].number : 0;
    if (!read_head(t, number, out)) return false;
    while (out->previous > known)
        if (!read_head(t, out->previous, out)) return false;
    return true;
}

bool logs_follow(struct logs *l, struct segments *t, uint64_t newest)
{
    while (newest && (l->n == 0 || l->at[l->n - 1].number < newest)) {
        struct segment_head head;
        if (!first_new(l, t, newest, &head)) return false;
        struct log *before = logs_find(l, head.previous);
        if (before) before->end = head.previous_end;
        add(l, &(struct log){ .number = head.number,
                              .previous = head.previous,
                              .created_us = head.created_us });
    }
    return true;
}

/* --- taking one away -------------------------------------------------------------------------- */

/* What lies past its end was never durable, and only the header of the log after it says so. */
static bool cut(struct segments *t, struct log *log)
{
    struct segment *s;
    if (log->cut) return true;
    if (segment_open(t, log->number, &s)) return false;
    int64_t size = seam_size(t->seam, s->file);
    int code = size < 0 ? (int)size : 0;
    if (!code && (uint64_t)size > log->end) code = seam_truncate(t->seam, s->file, log->end);
    if (!code) code = seam_fdatasync(t->seam, s->file);
    segment_drop(t, s);
    log->cut = code == 0;
    return log->cut;
}

/* Logs that failed before anything in them was durable: only this log's header passes over them. */
static bool remove_abandoned(struct segments *t, const struct log *log)
{
    for (uint64_t n = log->previous + 1; n < log->number; n++) {
        struct segment *s;
        enum err e = segment_open(t, n, &s);
        if (e == ERR_LATER) return false;
        if (e) continue;
        bool abandoned = s->head.kind == SEGMENT_LOG;
        segment_drop(t, s);
        if (abandoned && !segment_remove(t, n)) return false;
    }
    return true;
}

bool logs_remove(struct logs *l, struct segments *t, uint64_t number)
{
    struct log *log = logs_find(l, number), *before = logs_find(l, log->previous);
    if (before && !cut(t, before)) return false;
    if (!remove_abandoned(t, log)) return false;
    if (seam_sync_dir(t->seam, "journal")) return false;
    if (!segment_remove(t, number)) return false;
    if (seam_sync_dir(t->seam, "journal")) return false;
    size_t i = (size_t)(log - l->at);
    for (l->n--; i < l->n; i++)
        l->at[i] = l->at[i + 1];
    return true;
}
