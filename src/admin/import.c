/* import.c - the server's side of an import: messages come over the control socket, and are filed
 * many to a commit.
 *
 *     box SUBSCRIBED LF name                 the mailbox of what follows, made if it is not there
 *     msg FLAGS DATE ZONE ORDER HASH N LF    label, N keywords, then the message in chunks:
 *         SIZE LF bytes … 0 LF, or "cut" LF instead of the 0 when the rest could not be read
 *     sync LF                                the answer tells of what is durable by now
 *     done LF                                likewise, of everything
 *
 * DATE is seconds as 64 bits in two's complement, ZONE minutes plus ZONE_BIAS; names, labels and
 * keywords are counted words. The answers: "ERR KEPT HAD FAILED" LF and the reason as a word, then
 * for each failed one "ERR KEYWORDS" LF and its label. After an ERR nothing more is taken; what
 * comes is read and dropped.
 *
 * While one batch is being committed, the next one comes in.
 */
#include "admin/move_int.h"
#include "base/limits.h"
#include "mail/card.h"

struct failure {
    str label;
    enum err why;
    unsigned keywords_lost;
    struct failure *next;
};

struct batch {
    struct importing *owner;
    struct arena arena; /* cards, keywords, labels */
    struct import_item *items;
    str *labels;
    size_t n;
    uint64_t bytes;
    bool under_way;
    struct fiber *waiter;
    enum err result;
};

struct importing {
    struct admin *admin;
    struct conn *conn;
    struct account account;
    struct buf mailbox;
    struct batch batches[2];
    struct batch *filling;
    struct arena told; /* failures that the next answer tells of */
    struct failure *failures, **last;
    size_t failures_n;
    uint64_t kept, had;
    enum err failed;
    str reason;
    unsigned turn;
};

/* --- committing ------------------------------------------------------------------------------- */

static void batch_reset(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        body_free(b->items[i].body);
    b->n = 0;
    b->bytes = 0;
    arena_reset(&b->arena);
}

static void commit(void *arg)
{
    struct batch *b = arg;
    struct importing *s = b->owner;
    struct import import = { s->account, buf_str(&s->mailbox), b->items, b->n };
    engine_keep_up(store_engine(s->admin->store), IMPORT_LAG_BYTES);
    b->result = store_import(s->admin->store, &import);
    b->under_way = false;
    if (b->waiter) fiber_wake(b->waiter);
}

static void note_failure(struct importing *s, str label, enum err why, unsigned keywords_lost)
{
    struct failure *f = ARENA_NEW(&s->told, struct failure);
    s->failures_n += f != NULL;
    if (!f) return;
    *f = (struct failure){ arena_copy(&s->told, label), why, keywords_lost, NULL };
    *s->last = f;
    s->last = &f->next;
}

static void stop(struct importing *s, enum err e, str reason)
{
    if (s->failed) return;
    s->failed = e;
    s->reason = reason;
}

static void count(struct importing *s, struct batch *b)
{
    if (b->result) stop(s, b->result, str_of(err_text(b->result)));
    for (size_t i = 0; i < b->n && !b->result; i++) {
        const struct import_item *item = &b->items[i];
        s->kept += item->result == OK;
        s->had += item->result == ERR_EXISTS;
        if (item->result == ERR_LIMIT)
            stop(s, ERR_LIMIT, S("no room: the user's quota is used up"));
        if (item->keywords_lost && item->result == OK)
            note_failure(s, b->labels[i], OK, item->keywords_lost);
    }
    batch_reset(b);
}

/* Waits for the batch that is being committed, if one is, and counts what became of it. */
static void settle(struct importing *s, struct batch *b)
{
    b->waiter = fiber_self();
    while (b->under_way)
        fiber_suspend();
    b->waiter = NULL;
    if (b->n) count(s, b);
}

static struct batch *other(struct importing *s)
{
    return s->filling == &s->batches[0] ? &s->batches[1] : &s->batches[0];
}

static void send_off(struct importing *s)
{
    struct batch *b = s->filling;
    settle(s, other(s));
    if (!b->n) {
        batch_reset(b);
        return;
    }
    b->under_way = true;
    if (fiber_start(conn_loop(s->conn), FIBER_SYSTEM, commit, b)) commit(b);
    s->filling = other(s);
}

static void settle_all(struct importing *s)
{
    send_off(s);
    settle(s, &s->batches[0]);
    settle(s, &s->batches[1]);
}

/* --- answering -------------------------------------------------------------------------------- */

static enum err answer(struct importing *s)
{
    conn_writef(s->conn, "%d %ju %ju %zu\n", s->failed, (uintmax_t)s->kept, (uintmax_t)s->had,
                s->failures_n);
    stream_word(s->conn, s->reason);
    for (const struct failure *f = s->failures; f; f = f->next) {
        conn_writef(s->conn, "%d %u\n", f->why, f->keywords_lost);
        stream_word(s->conn, f->label);
    }
    s->failures = NULL;
    s->last = &s->failures;
    s->failures_n = 0;
    arena_reset(&s->told);
    return conn_flush(s->conn);
}

/* --- a message -------------------------------------------------------------------------------- */

struct coming {
    struct import_item item;
    str label;
    struct card_builder *card;
    bool known;   /* it is here already */
    bool dropped; /* nothing is taken any more, or its rest could not be read: who sends it names it
                   */
    enum err bad;
};

static bool is_known(struct importing *s, struct import_mark mark)
{
    struct view *v = store_view(s->admin->store);
    bool known = v && store_imported(v, s->account, mark);
    if (v) view_end(v);
    return known;
}

static enum err read_words(struct importing *s, struct coming *m, uint64_t keywords)
{
    struct arena *a = &s->filling->arena;
    if (keywords > MAILBOX_KEYWORDS) return ERR_SYNTAX;
    str *words = ARENA_ARRAY(a, keywords, str);
    enum err e = stream_read_word(s->conn, a, &m->label);
    if (!e && keywords && !words) e = ERR_LIMIT;
    for (size_t i = 0; i < keywords && !e; i++)
        e = stream_read_word(s->conn, a, &words[i]);
    m->item.keywords = words;
    m->item.keywords_n = keywords;
    return e;
}

static void take(struct coming *m, str piece)
{
    if (m->known || m->dropped || m->bad) return;
    card_feed(m->card, piece);
    m->bad = body_size(m->item.body) + piece.n > IMPORT_MESSAGE_BYTES
                 ? ERR_LIMIT
                 : body_write(m->item.body, piece);
}

static enum err read_chunk(struct importing *s, struct coming *m, uint64_t n)
{
    while (n) {
        str piece;
        enum err e = conn_read(s->conn, n, &piece);
        if (e) return e;
        take(m, piece);
        n -= piece.n;
    }
    return OK;
}

static enum err read_chunks(struct importing *s, struct coming *m)
{
    for (;;) {
        str line;
        uint64_t n;
        enum err e = conn_line(s->conn, 64, &line);
        if (e) return e;
        line = str_chomp(line);
        if (str_eq(line, S("cut"))) {
            m->dropped = true;
            return OK;
        }
        if (!str_u64(line, MOVE_CHUNK_BYTES, &n)) return ERR_SYNTAX;
        if (n == 0) return OK;
        e = read_chunk(s, m, n);
        if (e) return e;
    }
}

/* The card, then the message is one of the batch. */
static enum err keep(struct importing *s, struct coming *m)
{
    struct batch *b = s->filling;
    struct buf card = buf_make(CARD_BYTES);
    enum err e = card_end(m->card, &card) ? OK : ERR_LIMIT;
    bool beside = card.n > STORE_CARD_INLINE_BYTES;
    if (!e) e = body_seal(m->item.body, beside ? buf_str(&card) : (str){ 0 });
    if (!e) m->item.card = arena_copy(&b->arena, buf_str(&card));
    buf_free(&card);
    if (e) return e;
    if (b->arena.full) return ERR_LIMIT;
    b->bytes += body_size(m->item.body);
    b->labels[b->n] = m->label;
    b->items[b->n++] = m->item;
    m->item.body = NULL;
    return OK;
}

/* What is wrong with one message passes it over; what is wrong with the store ends the import. */
static void conclude(struct importing *s, struct coming *m)
{
    if (m->dropped) return;
    s->had += m->known;
    if (m->known) return;
    if (!m->bad) m->bad = keep(s, m);
    if (m->bad == ERR_LATER)
        stop(s, ERR_LATER, S("the store takes nothing now: is the disk full?"));
    else if (m->bad)
        note_failure(s, m->label, m->bad, 0);
}

static bool batch_full(const struct batch *b)
{
    return b->n == IMPORT_MESSAGES || b->bytes >= IMPORT_BATCH_BYTES ||
           b->arena.used >= IMPORT_BATCH_BYTES;
}

static enum err message(struct importing *s, str words)
{
    enum { FLAGS, DATE, ZONE, ORDER, HASH, KEYWORDS, NUMBERS };
    uint64_t n[NUMBERS];
    struct coming m = { 0 };
    enum err e = stream_numbers(words, n, NUMBERS);
    if (e) return e;
    m.item.flags = (uint8_t)n[FLAGS];
    m.item.internal_date_s = (int64_t)n[DATE];
    m.item.internal_zone_min = (int16_t)((int64_t)n[ZONE] - MOVE_ZONE_BIAS);
    m.item.mark = (struct import_mark){ n[ORDER], n[HASH] };
    e = read_words(s, &m, n[KEYWORDS]);
    if (e) return e;
    m.dropped = s->failed != OK;
    m.known = !m.dropped && is_known(s, m.item.mark);
    bool take_it = !m.known && !m.dropped;
    if (take_it) m.bad = body_begin(store_engine(s->admin->store), &m.item.body);
    if (take_it) m.card = card_begin();
    e = read_chunks(s, &m);
    if (!e) conclude(s, &m);
    card_free(m.card);
    body_free(m.item.body);
    if (batch_full(s->filling)) send_off(s);
    return e;
}

/* --- a mailbox -------------------------------------------------------------------------------- */

static enum err make_box(struct importing *s, bool subscribed)
{
    struct mailbox_id id;
    struct mailbox m;
    str name = buf_str(&s->mailbox);
    struct view *v = store_view(s->admin->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_find(v, s->account, name, &m);
    subscribed = subscribed && (e || !m.subscribed);
    view_end(v);
    if (e == ERR_NOTFOUND)
        e = store_mailbox_create(s->admin->store, s->account, name, USE_NONE, &id);
    if (!e && subscribed) e = store_mailbox_subscribe(s->admin->store, s->account, name, true);
    return e;
}

static enum err box(struct importing *s, str words)
{
    uint64_t subscribed, n;
    enum err e = stream_numbers(words, &subscribed, 1);
    if (!e) e = stream_number(s->conn, ADMIN_WORD_BYTES, &n);
    if (e) return e;
    settle_all(s);
    buf_reset(&s->mailbox);
    e = stream_bytes(s->conn, n, &s->mailbox);
    if (e) return e;
    enum err made = s->failed ? s->failed : make_box(s, subscribed);
    stream_say(s->conn, made, s->failed ? s->reason : str_of(err_text(made)));
    return OK;
}

/* --- the conversation ------------------------------------------------------------------------- */

static enum err sync(struct importing *s, str words)
{
    return words.n ? ERR_SYNTAX : answer(s);
}

static enum err done(struct importing *s, str words)
{
    if (words.n) return ERR_SYNTAX;
    settle_all(s);
    return answer(s);
}

static const struct {
    str word;
    enum err (*run)(struct importing *s, str words);
} orders[] = {
    { S_INIT("msg"), message },
    { S_INIT("sync"), sync },
    { S_INIT("box"), box },
    { S_INIT("done"), done },
};

static enum err order(struct importing *s)
{
    str line, word;
    conn_deadline(s->conn, STREAM_MS);
    enum err e = conn_line(s->conn, 256, &line);
    if (e) return e;
    line = str_chomp(line);
    if (!str_split(&line, ' ', &word)) return ERR_SYNTAX;
    for (size_t i = 0; i < COUNT_OF(orders); i++)
        if (str_eq(word, orders[i].word)) return orders[i].run(s, line);
    return ERR_SYNTAX;
}

static void batch_make(struct importing *s, struct batch *b)
{
    *b = (struct batch){ .owner = s,
                         .arena = arena_make(2 * CARD_BYTES),
                         .items = MEM_ARRAY(IMPORT_MESSAGES, struct import_item),
                         .labels = MEM_ARRAY(IMPORT_MESSAGES, str) };
}

static void batch_free(struct batch *b)
{
    batch_reset(b);
    arena_free(&b->arena);
    mem_free(b->items);
    mem_free(b->labels);
}

void admin_import(struct admin *a, struct conn *c, const struct admin_request *r)
{
    enum { OTHERS_EVERY = 16 }; /* messages, then other sessions of this loop have a turn */
    struct importing *s = MEM_NEW(struct importing);
    *s = (struct importing){ .admin = a,
                             .conn = c,
                             .mailbox = buf_make(ADMIN_WORD_BYTES),
                             .told = arena_make(8 * CARD_BYTES) };
    s->last = &s->failures;
    batch_make(s, &s->batches[0]);
    batch_make(s, &s->batches[1]);
    s->filling = &s->batches[0];
    if (stream_user(a, c, r, &s->account))
        while (order(s) == OK)
            if (++s->turn % OTHERS_EVERY == 0) fiber_yield();
    settle_all(s); /* what came whole is kept also if the other side has gone */
    batch_free(&s->batches[0]);
    batch_free(&s->batches[1]);
    arena_free(&s->told);
    buf_free(&s->mailbox);
    mem_free(s);
}
