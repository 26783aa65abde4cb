/* letters.c - letters made from their numbers, and the store's calls as the workloads use them. */
#include "crash/letters.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/card.h"

const str people_names[PEOPLE] = { S_INIT("ann@a.test"), S_INIT("bob@a.test"),
                                   S_INIT("cyd@a.test") };
static const struct actor actor = { S_INIT("imap"), S_INIT("127.0.0.1:1") };

void must(enum err e, const char *what)
{
    if (e == OK) return;
    fprintf(stderr, "%s: %s\n", what, err_text(e));
    abort();
}

/* Once something was put off, what rests on it may fail otherwise: its mailbox is not there. */
static bool put_off;

void must_or_later(enum err e, const char *what)
{
    bool follows = e == ERR_NOTFOUND || e == ERR_EXISTS || e == ERR_CONFLICT || e == ERR_LIMIT;
    put_off = put_off || e == ERR_LATER;
    if (e == ERR_LATER || (put_off && follows)) return;
    must(e, what);
}

bool letters_put_off(void)
{
    bool was = put_off;
    put_off = false;
    return was;
}

/* --- letters */

void letter_write(struct buf *out, unsigned serial, size_t size, char kind)
{
    uint32_t x = serial * 2654435761u + 1;
    buf_addf(out, "Subject: %u %zu %c\r\nMessage-ID: <%u@a.test>\r\n\r\n", serial, size, kind,
             serial);
    while (out->n < size) { /* nothing that could be compressed */
        x = x * 1664525 + 1013904223;
        buf_addc(out, (char)(x >> 25 | 0x40));
    }
}

bool letter_read(str text, unsigned *serial, char *kind)
{
    str line = str_take(text, 60), word;
    uint64_t number, size;
    if (!str_starts(line, S("Subject: "))) return false;
    line = str_from(line, 9);
    if (!str_split(&line, ' ', &word) || !str_u64(word, UINT32_MAX, &number)) return false;
    if (!str_split(&line, ' ', &word) || !str_u64(word, UINT32_MAX, &size) || !line.n) return false;
    struct buf wanted = buf_make(size + 1000);
    letter_write(&wanted, (unsigned)number, size, line.p[0]);
    bool same = str_eq(text, buf_str(&wanted));
    buf_free(&wanted);
    *serial = (unsigned)number;
    *kind = line.p[0];
    return same;
}

struct letter {
    struct body *body;
    struct buf card;
};

static enum err letter_make(struct life *l, size_t size, char kind, struct letter *out)
{
    struct buf text = buf_make(size + 1000);
    letter_write(&text, ++l->serial, size, kind);
    *out = (struct letter){ .card = buf_make(CARD_BYTES) };
    if (!card_build(&out->card, buf_str(&text))) abort();
    enum err e = body_begin(l->engine, &out->body);
    for (size_t at = 0; !e && at < text.n; at += 50000)
        e = body_write(out->body, str_sub(buf_str(&text), at, 50000));
    if (!e) e = body_seal(out->body, S(""));
    buf_free(&text);
    return e;
}

static void letter_end(struct letter *m)
{
    if (m->body) body_free(m->body);
    buf_free(&m->card);
}

enum err send(struct life *l, const struct sending *s)
{
    static const struct queue_rcpt far[] = { { .address = S_INIT("x@b.test") },
                                             { .address = S_INIT("y@c.test") },
                                             { .address = S_INIT("z@b.test") } };
    struct local_rcpt local[PEOPLE];
    struct accept a = { .local = local, .queue = far, .queue_n = s->remote };
    struct letter m;
    for (unsigned i = 0; i < PEOPLE; i++)
        if (s->local >> i & 1)
            local[a.local_n++] =
                (struct local_rcpt){ l->people[i], S("INBOX"), people_names[i], 0 };
    enum err e = letter_make(l, s->size, s->kind, &m);
    a.id = store_msgid_new(l->store);
    a.sender = S("ann@a.test");
    a.received = S("from a test");
    a.body = m.body;
    a.card = buf_str(&m.card);
    if (!e) e = store_accept(l->store, &a);
    letter_end(&m);
    return e;
}

enum err append_to(struct life *l, unsigned person, str mailbox, size_t size, char kind)
{
    struct letter m;
    struct appended out;
    enum err e = letter_make(l, size, kind, &m);
    struct append item = { .account = l->people[person], .mailbox = mailbox, .body = m.body };
    item.card = buf_str(&m.card);
    item.internal_date_s = 1767225600;
    if (!e) e = store_append(l->store, &item, 1, &out);
    letter_end(&m);
    return e;
}

/* --- what is done with them */

static enum err find_box(struct life *l, unsigned person, str name, struct mailbox *out)
{
    struct view *v = store_view(l->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_find(v, l->people[person], name, out);
    view_end(v);
    return e;
}

enum err flag_all(struct life *l, unsigned person, str mailbox, enum flag_op op, uint8_t system,
                  str keyword)
{
    struct mailbox box;
    struct uidset all = uidset_make(&l->arena);
    uidset_add(&all, 1, UINT32_MAX);
    enum err e = find_box(l, person, mailbox, &box);
    if (e) return e;
    struct flag_change c = { .account = l->people[person],
                             .mailbox = box.id,
                             .uids = &all,
                             .op = op,
                             .system = system,
                             .keywords = &keyword };
    c.keywords_n = keyword.n > 0;
    c.unchanged_since.n = UINT64_MAX;
    c.actor = actor;
    return store_flags(l->store, &c, NULL);
}

enum err copy_all(struct life *l, unsigned person, str from, str to, uint32_t uid_from,
                  uint32_t uid_to, bool move)
{
    struct mailbox box;
    struct uidset some = uidset_make(&l->arena);
    uidset_add(&some, uid_from, uid_to);
    enum err e = find_box(l, person, from, &box);
    if (e) return e;
    struct copied out = { .from = uidset_make(&l->arena), .to = uidset_make(&l->arena) };
    struct copy c = { .account = l->people[person], .from = box.id, .uids = &some, .to = to };
    c.move = move;
    c.actor = actor;
    return store_copy(l->store, &c, &out);
}

enum err expunge_box(struct life *l, unsigned person, str mailbox, bool unconditional)
{
    struct mailbox box;
    struct uidset all = uidset_make(&l->arena);
    uidset_add(&all, 1, UINT32_MAX);
    enum err e = find_box(l, person, mailbox, &box);
    if (e) return e;
    struct expunge x = { l->people[person], box.id, &all, unconditional, actor };
    return store_expunge(l->store, &x, NULL);
}

enum err letter_fetch(struct life *l, struct blob blob, struct buf *out)
{
    struct body_reader *r;
    str part;
    enum err e = body_open(l->engine, blob, &r);
    if (e) return e;
    while (!e && out->n < body_reader_size(r)) {
        e = body_read(r, out->n, 65536, &part);
        if (!e) buf_add(out, part);
    }
    body_close(r);
    return e;
}

enum { BOX_MAX = 64 };
struct blobs {
    struct blob at[BOX_MAX];
    size_t n;
};

static bool take_blob(void *arg, const struct message *m)
{
    struct blobs *b = arg;
    b->at[b->n++] = m->blob;
    return b->n < BOX_MAX;
}

enum err read_box(struct life *l, unsigned person, str mailbox)
{
    struct mailbox box;
    struct blobs blobs = { .n = 0 };
    struct uid_range all = { 1, UINT32_MAX };
    enum err e = find_box(l, person, mailbox, &box);
    struct view *v = e ? NULL : store_view(l->store);
    if (v) e = store_messages(v, &box, all, WANT_CARD, take_blob, &blobs);
    if (v) view_end(v);
    for (size_t i = 0; !e && i < blobs.n; i++) {
        struct buf text = buf_make(1 << 20);
        unsigned serial;
        char kind;
        e = letter_fetch(l, blobs.at[i], &text);
        if (!e && !letter_read(buf_str(&text), &serial, &kind)) e = ERR_CORRUPT;
        buf_free(&text);
    }
    return e;
}

static bool take_key(void *arg, const struct queue_entry *e)
{
    *(struct queue_key *)arg = e->key;
    return false;
}

enum err queue_answer(struct life *l, enum queue_outcome outcome, bool notice)
{
    struct queue_result r = { .outcome = outcome, .reply = S("450 4.2.0 later") };
    struct local_rcpt back = { l->people[0], S("INBOX"), people_names[0], 0 };
    struct accept bounce = { .local = &back, .local_n = 1, .received = S("a bounce") };
    struct letter m = { .body = NULL };
    struct view *v = store_view(l->store);
    if (!v) return ERR_LATER;
    bool any = store_queue_count(v) > 0;
    enum err e = store_queue_list(v, take_key, &r.key);
    view_end(v);
    if (e || !any) return e;
    r.next_us = seam_wall_us(l->seam) + 60000000;
    if (notice) e = letter_make(l, 700, LETTER_PLAIN, &m);
    bounce.id = store_msgid_new(l->store);
    bounce.body = m.body;
    bounce.card = buf_str(&m.card);
    if (!e) e = store_queue_results(l->store, &r, 1, &bounce, notice);
    if (notice) letter_end(&m);
    return e;
}

/* --- people */

void people_make(struct life *l)
{
    must(store_domain_add(l->store, S("a.test")), "a domain");
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct user u = { .address = people_names[i], .password_hash = S("hash") };
        must(store_user_add(l->store, &u, &l->people[i]), "a user");
    }
}

void people_find(struct life *l)
{
    struct view *v = store_view(l->store);
    for (unsigned i = 0; v && i < PEOPLE; i++) {
        struct user u;
        l->people[i] = store_user_find(v, people_names[i], &u) ? (struct account){ 0 } : u.account;
    }
    if (v) view_end(v);
}
