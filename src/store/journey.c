/* journey.c - what happened to a message, event by event, for whoever asks by its id. */
#include "store/store_int.h"

#include "base/codec.h"
#include "base/mem.h"

enum { EVENT_WHAT_BYTES = 32, EVENT_TEXT_BYTES = 1600 };

/* A remote server's reply has lines and may have anything; the journey shows one printable line. */
static void add_line(struct buf *b, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool line_end = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
        if (line_end) continue;
        buf_addc(b, ascii_ctl(text.p[i]) ? ' ' : text.p[i]);
    }
}

static str cut_utf8(str text, size_t max)
{
    size_t n = text.n < max ? text.n : max;
    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return str_take(text, n);
}

static struct key key_events(struct msgid id)
{
    struct key k = key_of(TAG_EVENT);
    key_u64(&k, id.n);
    return k;
}

static enum err free_place(struct txn *t, struct msgid id, int64_t at_us, uint32_t *n,
                           struct key *out)
{
    for (;; (*n)++) {
        struct key k = key_events(id);
        key_u64(&k, (uint64_t)at_us);
        key_u32(&k, *n);
        str value;
        enum err e = source_get(in_txn(t), ACCOUNT_JOURNEY, &k, &value);
        if (e == ERR_NOTFOUND) *out = k;
        if (e) return e == ERR_NOTFOUND ? OK : e;
    }
}

static enum err put_at(struct txn *t, const struct journey_event *event, struct msgid id,
                       uint32_t *n)
{
    struct key k;
    if (id.n == 0) return OK;
    struct buf line = buf_make(STORE_VALUE_BYTES);
    add_line(&line,
             cut_utf8(event->text, EVENT_TEXT_BYTES)); /* before any call that ends its life */
    enum err e = free_place(t, id, event->at_us, n, &k);
    if (!e) {
        struct buf b = row_new();
        row_add_str(&b, str_take(event->what, EVENT_WHAT_BYTES));
        row_add_str(&b, buf_str(&line));
        row_put(t, ACCOUNT_JOURNEY, &k, &b);
        (*n)++;
    }
    buf_free(&line);
    return e;
}

enum err journey_put(struct txn *t, struct msgid id, uint32_t *n, str what, str text)
{
    struct journey_event event = { .at_us = txn_wall_us(t), .what = what, .text = text };
    return put_at(t, &event, id, n);
}

enum err journey_put_change(struct box *b, struct msgid id, struct uid uid, str what,
                            struct actor by)
{
    struct txn *t = b->ledger->txn;
    str title;
    uint32_t n = 0;
    if (id.n == 0) return OK;
    enum err e = box_title(b, &title);
    if (e) return e;
    struct buf text = buf_make(STORE_VALUE_BYTES);
    buf_add(&text, title);
    buf_addf(&text, " uid %u by ", uid.n);
    buf_add(&text, str_take(by.protocol, 32));
    buf_addc(&text, ' ');
    buf_add(&text, str_take(by.peer, 255));
    e = journey_put(t, id, &n, what, buf_str(&text));
    buf_free(&text);
    return e;
}

/* --- reading --------------------------------------------------------------------------------- */

struct telling {
    bool (*each)(void *arg, const struct journey_event *e);
    void *arg;
    bool any;
    enum err bad;
};

static bool tell(void *arg, str key, str value)
{
    struct telling *t = arg;
    struct row r = row_open(value);
    struct journey_event event = { .at_us = (int64_t)get_be64(key.p + 9) };
    event.what = row_str(&r);
    event.text = row_str(&r);
    t->bad = row_end(&r);
    t->any = true;
    return !t->bad && t->each(t->arg, &event);
}

enum err store_journey(struct view *v, struct msgid id,
                       bool (*each)(void *arg, const struct journey_event *e), void *arg)
{
    struct telling t = { .each = each, .arg = arg };
    struct key all = key_events(id);
    enum err e = source_scan(in_view(v), ACCOUNT_JOURNEY, &all, &all, tell, &t);
    if (e || t.bad) return e ? e : t.bad;
    return t.any ? OK : ERR_NOTFOUND;
}

/* --- notes that nobody waits for ------------------------------------------------------------- */

/* With the time at which it happened: the commit that it joins may come a second later. */
struct note {
    struct msgid id;
    int64_t at_us;
    str what;
    struct buf text;
};

static enum err put_note(struct txn *t, void *arg)
{
    const struct note *note = arg;
    uint32_t n = 0;
    int64_t at_us = note->at_us ? note->at_us : txn_wall_us(t);
    struct journey_event event = { at_us, note->what, buf_str(&note->text) };
    return put_at(t, &event, note->id, &n);
}

static void free_note(void *arg)
{
    struct note *note = arg;
    buf_free(&note->text);
    mem_free(note);
}

void store_journey_note(struct store *s, struct msgid id, const char *what, str text)
{
    if (id.n == 0) return;
    struct note *note = MEM_NEW(struct note);
    int64_t at_us = s->seam ? seam_wall_us(s->seam) : 0; /* 0: the commit's own */
    *note = (struct note){ id, at_us, str_of(what), buf_make(EVENT_TEXT_BYTES) };
    buf_add(&note->text, cut_utf8(text, EVENT_TEXT_BYTES));
    engine_commit_lazy(s->engine, put_note, note, free_note);
}
