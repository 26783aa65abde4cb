/* scan.c - walking a log segment: records, damage in the middle, a torn tail at the end. */
#include "store/embedded/scan_int.h"
#include "base/limits.h"

static const size_t window_bytes = 1024 * 1024;

struct scan_state {
    struct segments *segments;
    struct segment *segment;
    struct place place;
    struct buf window;
    uint64_t window_at;
    uint64_t size; /* of the file, when the walk began */
    bool failed;   /* the disk did: what was not found may be there */
};

/* The window holds n bytes from at on, or as many as the file has. */
static enum err load(struct scan_state *s, uint64_t at, size_t n)
{
    if (at >= s->window_at && at + n <= s->window_at + s->window.n) return OK;
    if (n < window_bytes) n = window_bytes;
    buf_reset(&s->window);
    char *room = buf_reserve(&s->window, n);
    if (!room) return ERR_CORRUPT;
    ssize_t got = seam_pread(s->segments->seam, s->segment->file, room, n, at);
    if (got < 0) return ERR_LATER;
    buf_commit(&s->window, (size_t)got);
    s->window_at = at;
    return OK;
}

static str loaded(const struct scan_state *s, uint64_t at)
{
    return str_from(buf_str(&s->window), (size_t)(at - s->window_at));
}

/* ERR_NOTFOUND: zeros, or the end of the file. */
static enum err record_at(struct scan_state *s, uint64_t at, struct record *r)
{
    uint64_t need = RECORD_HEADER_BYTES;
    for (int tries = 0; tries < 2; tries++) {
        enum err e = load(s, at, (size_t)need);
        if (e) return e;
        e = record_read(loaded(s, at), &s->place, at, r, &need);
        if (e != ERR_LIMIT) return e;
    }
    return loaded(s, at).n ? ERR_CORRUPT : ERR_NOTFOUND; /* cut by the file's end */
}

/* The first whole record at or after *at; false when there is none up to the end of the file, or
 * when the disk fails. */
static bool find(struct scan_state *s, uint64_t *at, struct record *r)
{
    for (; *at < s->size && !s->failed; *at += RECORD_ALIGN) {
        enum err e = record_at(s, *at, r);
        if (e == OK) return true;
        s->failed = e == ERR_LATER;
    }
    return false;
}

/* Whether a record from `at` on says that what lies at `bad` was durable before it was written. */
static bool was_durable(struct scan_state *s, uint64_t bad, uint64_t at)
{
    struct record r;
    for (; find(s, &at, &r); at += r.bytes)
        if (r.group_start > bad) return true;
    return false;
}

/* Past what cannot be read at *at. False: the segment ends here. */
static bool skip(struct scan_state *s, uint64_t *at, uint64_t end, const struct log_visitor *v)
{
    uint64_t bad = *at, next = *at + RECORD_ALIGN;
    struct record r;
    bool found = find(s, &next, &r) && (!end || next < end);
    if (s->failed) return false;
    if (!found && end) v->damage(v->arg, bad, end);
    if (!found || (!end && !was_durable(s, bad, next))) return false;
    v->damage(v->arg, bad, next);
    *at = next;
    return true;
}

static enum err walk(struct segments *t, struct segment *segment, uint64_t from, uint64_t end,
                     uint64_t stop, const struct log_visitor *v, uint64_t *end_found)
{
    struct scan_state s = { .segments = t,
                            .segment = segment,
                            .place = segment_place(segment),
                            .window = buf_make(STORE_RECORD_BYTES + window_bytes) };
    int64_t size = seam_size(t->seam, segment->file);
    uint64_t at = from;
    enum err e = size < 0 ? ERR_LATER : OK;
    s.size = size < 0 ? 0 : (uint64_t)size;
    while (e != ERR_LATER && e != ERR_DENIED && at < stop && !(end && at >= end)) {
        struct record r;
        e = record_at(&s, at, &r);
        if (e == OK) {
            v->record(v->arg, at, &r);
            at += r.bytes;
        } else if (e != ERR_LATER && e != ERR_DENIED && !skip(&s, &at, end, v)) {
            break;
        }
    }
    buf_free(&s.window);
    *end_found = end && at < stop ? end : at;
    if (e == ERR_DENIED) return e;
    return e == ERR_LATER || s.failed ? ERR_LATER : OK;
}

enum err log_walk(struct segments *t, struct segment *s, uint64_t from, uint64_t end,
                  const struct log_visitor *v, uint64_t *end_found)
{
    return walk(t, s, from, end, UINT64_MAX, v, end_found);
}

enum err log_walk_some(struct segments *t, struct segment *s, uint64_t from, uint64_t end,
                       size_t bytes, const struct log_visitor *v, uint64_t *next)
{
    return walk(t, s, from, end, from + bytes, v, next);
}
