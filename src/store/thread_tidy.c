/* thread_tidy.c - forgetting the Message-IDs of threads that have no message any more.
 *
 * A row for each Message-ID names its thread (thread.c). Which threads live is found by going
 * through an account's messages, so it is done when as many were forgotten as make it worth while.
 * Threads are numbered by the email ids, so the living ones are bits. New messages come at the end
 * of a mailbox: whoever takes a row away looks there again first, inside the transaction.
 */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"
#include "run/fiber.h"

struct scanned {
    uint32_t m, below; /* the rows of UIDs below are in */
};

struct threads {
    struct store *store;
    struct account account;
    uint64_t n, forgotten; /* threads are 1 to n; what was forgotten when this began */
    uint64_t *living;      /* bit i: thread i */
    struct scanned *boxes;
    size_t heads_n, boxes_n; /* those that are there, then with the deleted */
    struct key next, last;   /* of the rows of Message-IDs: where to go on */
    struct key dead[THREAD_SWEEP_ROWS];
    size_t dead_n, looked_at;
};

static bool lives(const struct threads *t, uint64_t thread)
{
    return thread == 0 || thread > t->n || (t->living[thread / 64] >> thread % 64 & 1);
}

/* --- who lives ------------------------------------------------------------------------------- */

struct messages {
    struct threads *threads;
    uint32_t last; /* the UID looked at last */
    size_t n, max;
};

static bool take_message(void *arg, str key, str value)
{
    struct messages *rows = arg;
    struct threads *t = rows->threads;
    struct message m = { 0 };
    if (key.n != KEY_BOX_U32_BYTES) return true;
    rows->last = get_be32(key.p + KEY_BOX_BYTES);
    rows->n++;
    /* What does not read is for check to tell of. */
    if (!message_read(value, &m) && m.thread_id <= t->n)
        t->living[m.thread_id / 64] |= (uint64_t)1 << m.thread_id % 64;
    return rows->n < rows->max;
}

/* A mailbox's messages from this UID on: those that were expunged and can come back, too. */
static enum err scan_messages(struct messages *rows, struct source from, const struct scanned *box)
{
    struct key first = key_box_u32(TAG_MESSAGE, box->m, box->below);
    struct key all = key_box(TAG_MESSAGE, box->m);
    return source_scan(from, rows->threads->account, &first, &all, take_message, rows);
}

static bool take_box(void *arg, str key, str value)
{
    struct threads *t = arg;
    (void)value;
    if (key.n != KEY_BOX_BYTES) return true;
    t->boxes = mem_resize(t->boxes, t->boxes_n, t->boxes_n + 1, sizeof *t->boxes);
    t->boxes[t->boxes_n++] = (struct scanned){ get_be32(key.p + 1), 1 };
    return true;
}

static enum err scan_slice(struct threads *t, struct scanned *box, bool *more)
{
    struct head head = { 0 };
    struct messages rows = { .threads = t, .max = THREAD_SWEEP_ROWS };
    struct view *v = store_view(t->store);
    if (!v) return ERR_LATER;
    enum err e = head_get(in_view(v), t->account, box->m, &head);
    if (!e || e == ERR_NOTFOUND) e = scan_messages(&rows, in_view(v), box); /* or it is deleted */
    view_end(v);
    *more = rows.n == rows.max;
    if (rows.n) box->below = rows.last + 1;
    if (!*more && head.uidnext > box->below) box->below = head.uidnext;
    return e;
}

static void let_others_run(void)
{
    if (fiber_self()) fiber_yield();
}

static enum err scan_all(struct threads *t)
{
    struct key heads = key_of(TAG_HEAD), dying = key_of(TAG_DYING);
    struct view *v = store_view(t->store);
    if (!v) return ERR_LATER;
    enum err e = source_scan(in_view(v), t->account, &heads, &heads, take_box, t);
    t->heads_n = t->boxes_n;
    if (!e) e = source_scan(in_view(v), t->account, &dying, &dying, take_box, t);
    view_end(v);
    for (size_t i = 0; !e && i < t->boxes_n; i++) {
        bool more = true;
        while (!e && more) {
            e = scan_slice(t, &t->boxes[i], &more);
            let_others_run();
        }
    }
    return e;
}

/* --- who does not ---------------------------------------------------------------------------- */

static bool take_id(void *arg, str key, str value)
{
    struct threads *t = arg;
    struct row row = row_open(value);
    uint64_t thread = row_u64(&row);
    struct key k = { .n = (uint8_t)key.n };
    if (key.n != KEY_THREAD_BYTES) return true;
    bytes_copy(k.p, sizeof k.p, key.p, key.n);
    t->last = k;
    t->looked_at++;
    if (!row_end(&row) && !lives(t, thread)) t->dead[t->dead_n++] = k;
    return t->looked_at < THREAD_SWEEP_ROWS;
}

struct late {
    const struct threads *threads;
    struct scanned at[THREAD_SWEEP_LATE];
    size_t n;
    bool full;
};

/* Mailboxes were gathered in the order of their numbers. */
static uint32_t scanned_below(const struct threads *t, uint32_t m)
{
    size_t low = 0, high = t->heads_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->boxes[middle].m == m) return t->boxes[middle].below;
        if (t->boxes[middle].m < m)
            low = middle + 1;
        else
            high = middle;
    }
    return 1;
}

static bool take_late(void *arg, str key, str value)
{
    struct late *l = arg;
    struct head head;
    if (key.n != KEY_BOX_BYTES || head_read(value, &head)) return true;
    struct scanned at = { get_be32(key.p + 1), 0 };
    at.below = scanned_below(l->threads, at.m);
    if (head.uidnext <= at.below) return true;
    l->full = l->n == THREAD_SWEEP_LATE;
    if (!l->full) l->at[l->n++] = at;
    return !l->full;
}

/* The messages that came since: their threads live. ERR_LIMIT: in too many mailboxes. */
static enum err scan_late(struct threads *t, struct txn *txn)
{
    struct key heads = key_of(TAG_HEAD);
    struct late *l = ARENA_NEW(txn_arena(txn), struct late);
    if (!l) return ERR_LIMIT;
    l->threads = t;
    enum err e = source_scan(in_txn(txn), t->account, &heads, &heads, take_late, l);
    if (!e && l->full) return ERR_LIMIT;
    struct messages rows = { .threads = t, .max = THREAD_SWEEP_ROWS };
    for (size_t i = 0; !e && i < l->n; i++)
        e = scan_messages(&rows, in_txn(txn), &l->at[i]);
    return !e && rows.n == rows.max ? ERR_LIMIT : e;
}

static enum err delete_dead(struct txn *txn, void *arg)
{
    struct threads *t = arg;
    enum err e = scan_late(t, txn);
    for (size_t i = 0; !e && i < t->dead_n; i++) {
        str value = { 0 }; /* not set when it is gone */
        e = source_get(in_txn(txn), t->account, &t->dead[i], &value);
        if (e == ERR_NOTFOUND) e = OK;
        if (e || value.n == 0) continue;
        struct row row = row_open(value);
        uint64_t thread = row_u64(&row);
        if (!row_end(&row) && !lives(t, thread)) row_delete(txn, t->account, &t->dead[i]);
    }
    return e;
}

static enum err next_ids(struct threads *t)
{
    struct key all = key_of(TAG_THREAD);
    struct view *v = store_view(t->store);
    if (!v) return ERR_LATER;
    t->dead_n = t->looked_at = 0;
    enum err e = source_scan(in_view(v), t->account, &t->next, &all, take_id, t);
    view_end(v);
    t->next = t->last;
    t->next.p[t->next.n++] = 0; /* the first key after it */
    return e;
}

static enum err delete_all(struct threads *t)
{
    enum err e;
    t->next = key_of(TAG_THREAD);
    do {
        e = next_ids(t);
        if (!e && t->dead_n) e = store_commit(t->store, delete_dead, t);
        let_others_run();
    } while (!e && t->looked_at == THREAD_SWEEP_ROWS);
    return e;
}

/* --- when ------------------------------------------------------------------------------------ */

static enum err count_down(struct txn *txn, void *arg)
{
    const struct threads *t = arg;
    struct ledger_row row;
    enum err e = ledger_row_get(in_txn(txn), t->account, &row);
    if (e) return e;
    row.forgotten -= row.forgotten < t->forgotten ? row.forgotten : t->forgotten;
    ledger_row_put(txn, t->account, &row);
    return OK;
}

static enum err sweep(struct threads *t)
{
    enum err e = scan_all(t);
    if (!e) e = delete_all(t);
    return e ? e : store_commit(t->store, count_down, t);
}

enum err thread_tidy(struct store *s, struct account a)
{
    struct ledger_row row;
    struct view *v = store_view(s);
    if (!v) return ERR_LATER;
    enum err e = ledger_row_get(in_view(v), a, &row);
    view_end(v);
    if (e) return e == ERR_NOTFOUND ? OK : e;
    bool due = row.forgotten >= THREAD_SWEEP_MIN && row.forgotten >= row.messages / 8;
    if (!due || row.emails > THREAD_SWEEP_MAX) return OK;
    struct threads *t = MEM_NEW(struct threads);
    *t = (struct threads){ .store = s, .account = a, .n = row.emails, .forgotten = row.forgotten };
    t->living = mem_array(row.emails / 64 + 1, sizeof *t->living);
    e = sweep(t);
    mem_free(t->living);
    mem_free(t->boxes);
    mem_free(t);
    return e == ERR_LIMIT ? OK : e; /* too much came meanwhile: another time */
}
