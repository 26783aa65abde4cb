/* search.c - the index as others see it: opened, asked. */
#include "search/search_int.h"

#include <errno.h>

#include "base/limits.h"
#include "base/log.h"

static bool keep_name(void *arg, const char *name)
{
    struct search *s = arg;
    uint64_t n = 0;
    str left = str_of(name);
    if (left.n != 16) return true;
    for (size_t i = 0; i < left.n; i++) {
        char c = left.p[i];
        if (!ascii_digit(c) && (c < 'a' || c > 'f')) return true;
        n = n << 4 | (uint64_t)(ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return shelf_known(s, (struct account){ n });
}

enum err search_open(struct seam *seam, struct store *store, const struct search_settings *settings,
                     struct search **out, struct buf *why)
{
    struct search *s = MEM_NEW(struct search);
    *s = (struct search){ .seam = seam, .store = store, .settings = settings };
    lock_init(&s->lock);
    list_init(&s->shelves);
    s->pool = pool_new(seam, "search", SEARCH_THREADS, SEARCH_ASKING);
    if (!s->pool) {
        buf_add(why, S("no thread could be started"));
        search_close(s);
        return ERR_LATER;
    }
    (void)seam_list(seam, "search", keep_name, s); /* no folder: nobody has searched yet */
    *out = s;
    return OK;
}

void search_close(struct search *s)
{
    if (!s) return;
    pool_free(s->pool);
    LIST_EACH_SAFE(&s->shelves, node)
        shelf_free(CONTAINER_OF(node, struct shelf, node));
    lock_end(&s->lock);
    mem_free(s);
}

/* --- asking --------------------------------------------------------------------------------- */

struct opening {
    struct book *book;
    enum err result;
};

static void open_job(void *arg)
{
    struct opening *o = arg;
    o->result = book_open(o->book);
}

enum err search_book(struct book *b)
{
    struct opening o = { .book = b };
    enum err e = work(b->s->pool, open_job, &o);
    if (!e) e = o.result;
    return e == ERR_NOTFOUND ? OK : e;
}

static void sort_and_look_job(void *arg)
{
    struct looking *l = arg;
    book_sort(l->book);
    look_job(l);
}

/* The rows outlive the book. */
static enum err keep_answer(const struct book *b, struct arena *a, struct search_answer *out)
{
    struct search_row *rows = ARENA_ARRAY(a, b->rows_n + 1, struct search_row);
    if (!rows) return ERR_LIMIT;
    for (size_t i = 0; i < b->rows_n; i++)
        rows[i] = b->rows[i];
    *out = (struct search_answer){ .rows = rows, .n = b->rows_n };
    return OK;
}

static enum err look_through(struct book *b, const struct search_question *q, struct arena *a,
                             struct search_answer *out)
{
    struct looking l = { .book = b, .texts = q->texts, .n = q->n };
    if (!b->end) return OK; /* no file: nothing is known */
    enum err e = work(b->s->pool, sort_and_look_job, &l);
    if (!e) e = l.result;
    return e ? e : keep_answer(b, a, out);
}

/* A full disk is told once, by whichever loop meets it first. */
static bool told_before(struct search *s)
{
    lock_take(&s->lock);
    bool before = s->told;
    s->told = true;
    lock_drop(&s->lock);
    return before;
}

static void tell(struct search *s, struct account a, enum err e)
{
    if (e != ERR_CORRUPT && told_before(s)) return;
    log_event(LOG_WARN, "search.failed", (str){ 0 }, F_NUM("account", a.n),
              F_CSTR("why", err_text(e)),
              F_CSTR("advice", e == ERR_CORRUPT ? "the file is made anew" : "room on the disk"));
}

enum err search_ask(struct search *s, const struct search_question *q, struct arena *a,
                    struct search_answer *out)
{
    struct shelf *shelf;
    *out = (struct search_answer){ 0 };
    if (!s->settings->enabled || !q->n || q->n > SEARCH_TEXTS) return OK;
    enum err e = shelf_take(s, q->account, true, &shelf);
    if (e) return e;
    struct book b = book_make(s, q->account);
    e = search_book(&b);
    enum err gathered = e ? e : search_gather(&b, shelf, q);
    if (gathered == ERR_GONE) e = ERR_GONE;
    if (!e) e = look_through(&b, q, a, out); /* of what is there, if not all could be brought in */
    if (gathered == ERR_CORRUPT) e = ERR_CORRUPT;
    if (e == ERR_CORRUPT && book_remove(s, q->account)) e = ERR_LATER;
    if (e) *out = (struct search_answer){ 0 };
    if ((e && e != ERR_GONE) || gathered == ERR_LATER) tell(s, q->account, e ? e : gathered);
    book_free(&b);
    shelf_give(s, shelf);
    return e;
}

enum search_verdict search_answer_of(const struct search_answer *answer, size_t i,
                                     const struct message *m)
{
    if (!answer->n) return SEARCH_UNKNOWN;
    struct search_row *rows = (struct search_row *)(uintptr_t)answer->rows;
    const struct search_row *row = search_row_find(rows, answer->n, search_key(m));
    if (!row) return SEARCH_UNKNOWN;
    if (row->has >> i & 1) return SEARCH_HAS;
    return row->state & ROW_CUT ? SEARCH_UNKNOWN : SEARCH_HAS_NOT;
}
