/* look.c - which messages have the texts: by signature, then by their text itself. */
#include "base/limits.h"
#include "search/search_int.h"

struct look {
    struct looking *q;
    struct record_reader reader;
    struct grams *grams; /* of each text */
};

/* The texts, as bits, that a message may have. */
static uint32_t may_have(const struct look *l, str signature)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < l->q->n; i++)
        if (signature_may(signature, &l->grams[i])) bits |= (uint32_t)1 << i;
    return bits;
}

static bool any_may(const struct look *l)
{
    struct record_walk w = { 0 };
    struct record_message m;
    while (record_next(&l->reader, &w, &m))
        if (may_have(l, m.signature)) return true;
    return false;
}

static uint32_t has(const struct look *l, const struct record_message *m)
{
    uint32_t bits = may_have(l, m->signature);
    for (size_t i = 0; i < l->q->n; i++) {
        const struct search_text *t = &l->q->texts[i];
        uint32_t bit = (uint32_t)1 << i;
        if (bits & bit && str_find(t->body_only ? m->body : m->text, t->folded) == STR_NPOS)
            bits &= ~bit;
    }
    return bits;
}

static void note(struct book *b, uint64_t key, uint32_t bits, uint32_t state)
{
    struct search_row *row = search_row_find(b->rows, b->rows_n, key);
    if (!row) return;
    row->has |= bits;
    row->state |= state;
}

static enum err look_in(struct look *l, const struct record_place *place)
{
    enum err e = record_front(&l->reader, place);
    if (!e && !any_may(l)) return OK;
    if (!e) e = record_text(&l->reader);
    struct record_walk w = { 0 };
    struct record_message m;
    while (!e && record_next(&l->reader, &w, &m)) {
        uint32_t bits = has(l, &m);
        if (bits) note(l->q->book, m.row.key, bits, 0);
    }
    return e;
}

void look_job(void *arg)
{
    struct looking *q = arg;
    struct look l = { .q = q, .reader = record_reader_make(q->book) };
    l.grams = MEM_ARRAY(q->n ? q->n : 1, struct grams);
    for (size_t i = 0; i < q->n; i++)
        grams_of(&l.grams[i], q->texts[i].folded);
    q->result = OK;
    for (size_t i = 0; i < q->book->records_n && !q->result; i++)
        q->result = look_in(&l, &q->book->records[i]);
    mem_free(l.grams);
    record_reader_free(&l.reader);
}
