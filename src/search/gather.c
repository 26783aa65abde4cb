/* gather.c - which messages are not in the index yet, and their bytes for the pool.
 *
 * A message gets a new UID wherever it arrives, so that what is above a mailbox's mark, and only
 * that, may be unknown; a copy of a known one is known by its key. Rows are looked at and bodies
 * fetched on the fiber, some at a time; all computing is done by the pool.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "search/search_int.h"

struct wanted {
    uint64_t key;
    uint32_t mailbox; /* index in boxes */
    struct uid uid;
};

struct gathering {
    struct book *book;
    struct shelf *shelf;
    const struct search_question *q;
    struct arena arena;
    struct mark *boxes; /* with the UIDNEXT that this round reaches */
    size_t boxes_n;
    uint64_t *known; /* keys, sorted */
    size_t known_n;
    struct wanted *wanted;
    size_t wanted_n, at;
    uint32_t mailbox; /* being walked */
    struct uid next;  /* where the walk goes on */
    unsigned seen;
};

/* --- what is wanted ------------------------------------------------------------------------- */

static bool take_box(void *arg, const struct mailbox *m)
{
    struct gathering *g = arg;
    if (!m->exists) return true;
    struct mark *more = arena_more(&g->arena, g->boxes, g->boxes_n, sizeof *more);
    if (!more) return false;
    g->boxes = more;
    g->boxes[g->boxes_n++] = (struct mark){ m->id, m->uidnext };
    return true;
}

static struct uid marked(const struct gathering *g, struct mailbox_id id)
{
    for (size_t i = 0; i < g->shelf->marks_n; i++)
        if (g->shelf->marks[i].mailbox.n == id.n) return g->shelf->marks[i].uidnext;
    return (struct uid){ 1 };
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_known(const struct gathering *g, uint64_t key)
{
    return g->known_n && bsearch(&key, g->known, g->known_n, sizeof key, by_number);
}

static bool take_message(void *arg, const struct message *m)
{
    struct gathering *g = arg;
    uint64_t key = search_key(m);
    g->next.n = m->uid.n + 1;
    if (is_known(g, key)) return ++g->seen < SEARCH_WALK;
    struct wanted *more = arena_more(&g->arena, g->wanted, g->wanted_n, sizeof *more);
    if (!more) return false;
    g->wanted = more;
    g->wanted[g->wanted_n++] = (struct wanted){ key, g->mailbox, m->uid };
    return ++g->seen < SEARCH_WALK;
}

/* One step of the walk; *more: there is another. */
static enum err walk_some(struct gathering *g, bool *more)
{
    const struct mark *box = &g->boxes[g->mailbox];
    struct mailbox m;
    struct view *v = store_view(g->book->s->store);
    if (!v) return ERR_LATER;
    struct uid_range range = { g->next.n, box->uidnext.n - 1 };
    g->seen = 0;
    enum err e = store_mailbox_by_id(v, g->book->account, box->mailbox, &m);
    if (!e) e = store_messages(v, &m, range, WANT_CARD, take_message, g);
    view_end(v);
    *more = !e && g->seen == SEARCH_WALK && g->next.n < box->uidnext.n;
    fiber_yield();
    if (g->arena.full) return ERR_LIMIT;
    return e == ERR_NOTFOUND ? OK : e; /* the mailbox is gone */
}

static enum err walk_box(struct gathering *g)
{
    const struct mark *box = &g->boxes[g->mailbox];
    bool more = true;
    g->next = marked(g, box->mailbox);
    enum err e = OK;
    while (!e && more && g->next.n < box->uidnext.n)
        e = walk_some(g, &more);
    return e;
}

static int by_key(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static int by_place(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    if (x->mailbox != y->mailbox) return x->mailbox < y->mailbox ? -1 : 1;
    return x->uid.n < y->uid.n ? -1 : x->uid.n > y->uid.n;
}

/* Copies are wanted once; in the order in which they lie on the disk. A job, as 100,000 take 20 ms.
 */
static void order_job(void *arg)
{
    struct gathering *g = arg;
    if (!g->wanted_n) return;
    size_t n = 0;
    qsort(g->wanted, g->wanted_n, sizeof *g->wanted, by_key);
    for (size_t i = 0; i < g->wanted_n; i++)
        if (!n || g->wanted[n - 1].key != g->wanted[i].key) g->wanted[n++] = g->wanted[i];
    g->wanted_n = n;
    qsort(g->wanted, g->wanted_n, sizeof *g->wanted, by_place);
}

static enum err list_boxes(struct gathering *g)
{
    struct view *v = store_view(g->book->s->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailboxes(v, g->book->account, take_box, g);
    view_end(v);
    return g->arena.full ? ERR_LIMIT : e;
}

static bool any_new(const struct gathering *g)
{
    for (size_t i = 0; i < g->boxes_n; i++)
        if (marked(g, g->boxes[i].mailbox).n < g->boxes[i].uidnext.n) return true;
    return false;
}

static enum err walk_boxes(struct gathering *g)
{
    enum err e = OK;
    for (g->mailbox = 0; !e && g->mailbox < g->boxes_n; g->mailbox++)
        e = walk_box(g);
    return e;
}

static void known_job(void *arg)
{
    struct gathering *g = arg;
    g->known_n = g->book->rows_n;
    for (size_t i = 0; i < g->known_n; i++)
        g->known[i] = g->book->rows[i].key;
    qsort(g->known, g->known_n, sizeof *g->known, by_number);
}

static enum err find_wanted(struct gathering *g)
{
    struct pool *pool = g->book->s->pool;
    g->known = ARENA_ARRAY(&g->arena, g->book->rows_n + 1, uint64_t);
    if (!g->known) return ERR_LIMIT;
    enum err e = work(pool, known_job, g); /* Waits. */
    if (!e) e = walk_boxes(g);
    return e ? e : work(pool, order_job, g); /* Waits. */
}

/* --- bringing it in ------------------------------------------------------------------------- */

struct found { /* a message on its way */
    uint64_t key;
    struct blob blob;
    uint64_t bytes;
    str card;
};

/* The next messages' rows: as many as make a batch, or one that is too large for it. */
static enum err find_some(struct gathering *g, struct arena *a, struct found *found, size_t *n)
{
    uint64_t bytes = 0;
    struct view *v = store_view(g->book->s->store);
    if (!v) return ERR_LATER;
    for (*n = 0; g->at < g->wanted_n && *n < SEARCH_BATCH_MESSAGES; g->at++) {
        const struct wanted *w = &g->wanted[g->at];
        struct mailbox box;
        struct message m;
        if (store_mailbox_by_id(v, g->book->account, g->boxes[w->mailbox].mailbox, &box)) continue;
        if (store_message(v, &box, w->uid, &m)) continue;
        bytes += m.size_bytes;
        if (*n && bytes > SEARCH_BATCH_BYTES) break;
        found[(*n)++] = (struct found){ w->key, m.blob, m.size_bytes, arena_copy(a, m.card) };
    }
    view_end(v);
    return a->full ? ERR_LIMIT : OK;
}

static enum err add_bytes(struct digest *d, struct body_reader *reader, uint64_t size)
{
    enum err e = OK;
    for (uint64_t at = 0; !e && at < size;) {
        str piece;
        e = body_read(reader, at, (size_t)(size - at), &piece); /* Waits. */
        if (!e && !piece.n) e = ERR_CORRUPT;
        if (!e) buf_add(&d->raw, piece);
        if (!e) at += piece.n;
    }
    return d->raw.full ? ERR_LIMIT : e;
}

/* Others run between the windows of a large message. */
static enum err read_on_fiber(void *arg, uint64_t at, size_t n, str *bytes)
{
    fiber_yield();
    return body_read(arg, at, n, bytes); /* Waits. */
}

static enum err digest_large(struct gathering *g, struct digest *d, const struct found *f,
                             struct body_reader *reader)
{
    enum err e = digest_text(d, f->card, read_on_fiber, reader);
    if (e) return OK; /* it stays unknown */
    d->items[0].key = f->key;
    e = work(g->book->s->pool, digest_keep_job, d);
    return e ? e : d->result;
}

/* What cannot be read is passed over, and stays unknown. */
static enum err fetch(struct gathering *g, struct digest *d, struct arena *a, struct found *f)
{
    struct body_reader *reader;
    str side;
    if (body_open(store_engine(g->book->s->store), f->blob, &reader)) return OK;
    enum err e = f->card.n ? OK : body_side(reader, &side);
    if (!e && !f->card.n) f->card = arena_copy(a, side);
    size_t before = d->raw.n;
    if (!e && f->bytes > SEARCH_BATCH_BYTES) {
        e = digest_large(g, d, f, reader);
    } else if (!e) {
        enum err bad = add_bytes(d, reader, f->bytes);
        if (bad) buf_truncate(&d->raw, before);
        if (!bad)
            d->items[d->n++] = (struct digest_item){ f->key, f->card, before, (size_t)f->bytes };
    }
    body_close(reader);
    return e;
}

static bool goes_on(struct gathering *g)
{
    if (loop_draining(loop_self())) return false;
    if (!g->q || !g->q->progress) return true;
    return g->q->progress(g->q->arg, g->at, g->wanted_n);
}

static enum err bring_some(struct gathering *g, struct digest *d, struct arena *a)
{
    struct found *found = ARENA_ARRAY(a, SEARCH_BATCH_MESSAGES, struct found);
    size_t n = 0;
    if (!found) return ERR_LIMIT;
    enum err e = find_some(g, a, found, &n);
    for (size_t i = 0; !e && i < n; i++) {
        e = fetch(g, d, a, &found[i]);
        if (i % SEARCH_FETCH_TURN == SEARCH_FETCH_TURN - 1) fiber_yield();
    }
    if (e) return e;
    d->last = g->at == g->wanted_n;
    e = work(g->book->s->pool, digest_job, d); /* Waits. */
    return e ? e : d->result;
}

struct beginning {
    struct book *book;
    struct digest *digest;
    bool make; /* the file too */
    enum err result;
};

static void begin_job(void *arg)
{
    struct beginning *b = arg;
    b->result = b->make ? book_begin(b->book, false) : OK;
    if (!b->result) b->result = digest_begin(b->digest, b->book);
}

static enum err bring_all(struct gathering *g)
{
    struct search *s = g->book->s;
    struct digest *d = MEM_NEW(struct digest);
    struct beginning begin = { .book = g->book, .digest = d, .make = !g->book->end };
    struct arena a = arena_make(SEARCH_BATCH_MESSAGES * (CARD_BYTES + sizeof(struct found)));
    enum err e = work(s->pool, begin_job, &begin);
    if (!e) e = begin.result;
    while (!e && g->at < g->wanted_n) {
        arena_reset(&a);
        e = bring_some(g, d, &a);
        if (!e && !goes_on(g)) e = ERR_GONE;
    }
    digest_free(d);
    arena_free(&a);
    mem_free(d);
    return e;
}

/* --- the round ------------------------------------------------------------------------------ */

static bool room_on_disk(struct search *s)
{
    int64_t room = seam_free_bytes(s->seam, ".");
    return room < 0 || (uint64_t)room >= s->settings->free_bytes_min;
}

static void keep_marks(struct gathering *g)
{
    struct shelf *shelf = g->shelf;
    mem_free(shelf->marks);
    shelf->marks = MEM_ARRAY(g->boxes_n + 1, struct mark);
    shelf->marks_n = g->boxes_n;
    for (size_t i = 0; i < g->boxes_n; i++)
        shelf->marks[i] = g->boxes[i];
    shelf->salt = g->book->salt;
    shelf->end = g->book->end;
}

enum err search_gather(struct book *b, struct shelf *shelf, const struct search_question *q)
{
    struct gathering g = { .book = b, .shelf = shelf, .q = q };
    if (ceiling_reached()) return ERR_LATER; /* what it lacks is read from the messages */
    g.arena = arena_make(SEARCH_BOOK_BYTES);
    /* The marks are of this file as it was left, and of no other. */
    if (!b->end || shelf->salt != b->salt || shelf->end != b->end) shelf->marks_n = 0;
    enum err e = list_boxes(&g);
    if (!e && any_new(&g)) {
        e = find_wanted(&g);
        if (!e && g.wanted_n && !room_on_disk(b->s)) e = ERR_LATER;
        if (!e && g.wanted_n) e = bring_all(&g);
    }
    if (!e && b->end) keep_marks(&g);
    arena_free(&g.arena);
    return e;
}

struct living {
    struct gathering *g;
    uint64_t *keys;
};

static void living_job(void *arg)
{
    struct living *l = arg;
    for (size_t i = 0; i < l->g->wanted_n; i++)
        l->keys[i] = l->g->wanted[i].key;
    qsort(l->keys, l->g->wanted_n, sizeof *l->keys, by_number);
}

enum err search_living(struct book *b, struct arena *a, const uint64_t **keys, size_t *n)
{
    struct shelf unmarked = { 0 };
    struct gathering g = { .book = b, .shelf = &unmarked, .arena = arena_make(SEARCH_BOOK_BYTES) };
    struct living l = { .g = &g };
    enum err e = list_boxes(&g);
    if (!e) e = walk_boxes(&g);
    if (!e) l.keys = ARENA_ARRAY(a, g.wanted_n + 1, uint64_t);
    if (!e && !l.keys) e = ERR_LIMIT;
    if (!e) e = work(b->s->pool, living_job, &l); /* Waits. */
    *keys = l.keys;
    *n = g.wanted_n;
    arena_free(&g.arena);
    return e;
}
