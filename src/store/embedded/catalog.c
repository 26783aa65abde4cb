/* catalog.c - which segments there are, and what of each log counts. */
#include "store/embedded/catalog_int.h"
#include "base/mem.h"

static bool add_found(void *arg, const char *name)
{
    struct catalog *c = arg;
    uint64_t number;
    if (!segment_number(name, &number)) return true;
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        c->found = mem_resize(c->found, c->cap, cap, sizeof *c->found);
        c->cap = cap;
    }
    c->found[c->n++] = (struct found){ .number = number };
    return true;
}

static void sort(struct found *f, size_t n)
{
    /* Shell's: no recursion, no library call that may allocate. */
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++)
            for (size_t j = i; j >= gap && f[j - gap].number > f[j].number; j -= gap) {
                struct found swap = f[j];
                f[j] = f[j - gap];
                f[j - gap] = swap;
            }
}

enum err catalog_list(struct embedded *e, struct catalog *c)
{
    if (seam_list(e->seam, "journal", add_found, c) < 0) return ERR_LATER;
    sort(c->found, c->n);
    return OK;
}

bool stream_is_committed(struct embedded *e, uint64_t segment)
{
    struct snapshot *s = snapshot_take(e);
    if (!s) return true; /* nothing is swept on a guess */
    struct blob_key key = blob_key(BLOB_SEGMENT, segment);
    struct full_key full = full_key(ACCOUNT_ENGINE, blob_key_str(&key));
    str value;
    enum err err = merge_get(&s->sources, full_key_str(&full), &value);
    snapshot_give(e, s);
    return err != ERR_NOTFOUND;
}

void catalog_head(struct embedded *e, struct found *f)
{
    struct segment *s;
    f->committed = stream_is_committed(e, f->number);
    if (f->committed) return;
    f->state = segment_open(&e->segments, f->number, &s);
    if (f->state) return;
    f->head = s->head;
    int64_t size = seam_size(e->seam, s->file);
    f->size = size < 0 ? 0 : (uint64_t)size;
    segment_drop(&e->segments, s);
}

bool found_is_log(const struct found *f)
{
    return !f->committed && !f->state && f->head.kind == SEGMENT_LOG;
}

static const struct found *find(const struct catalog *c, uint64_t number)
{
    for (size_t low = 0, high = c->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (c->found[middle].number == number) return &c->found[middle];
        if (c->found[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A log whose successor was compacted away has been cut to what counts of it before that. */
static void link_over_gaps(struct catalog *c)
{
    struct found *before = NULL;
    for (size_t i = 0; i < c->n; i++) {
        struct found *f = &c->found[i];
        if (!found_is_log(f) || f->abandoned) continue;
        if (before && !before->end && !find(c, f->head.previous)) before->end = before->size;
        before = f;
    }
}

/* Each log's header says where its predecessor ends; logs in between failed and were given up. */
void catalog_link(struct catalog *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct segment_head *h = &c->found[i].head;
        if (!found_is_log(&c->found[i])) continue;
        for (size_t j = i; j-- > 0 && c->found[j].number >= h->previous;) {
            struct found *f = &c->found[j];
            if (f->number == h->previous) f->end = h->previous_end;
            if (f->number > h->previous) f->abandoned = found_is_log(f);
        }
    }
    link_over_gaps(c);
}

void catalog_free(struct catalog *c)
{
    mem_free(c->found);
}
