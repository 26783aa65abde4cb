/* world_fixture.h - for relay_test and world_test: what lies in the mailboxes of a simulated server,
 * and a person who submits a letter. */
#ifndef RELAY_WORLD_FIXTURE_H
#define RELAY_WORLD_FIXTURE_H

#include "base/codec.h"
#include "relay/machine_fixture.h"

enum { LETTERS_MAX = 16, LETTER_BYTES = 8192 };

/* --- what lies there ----------------------------------------------------------------------------
 */

struct mailbox_text {
    size_t n;
    size_t bytes[LETTERS_MAX];
    char text[LETTERS_MAX][LETTER_BYTES];
};

struct reading {
    struct machine *machine;
    struct mailbox_text *out;
    struct blob blobs[LETTERS_MAX];
};

static inline bool note_blob(void *arg, const struct message *message)
{
    struct reading *r = arg;
    assert_true(r->out->n < LETTERS_MAX);
    r->blobs[r->out->n++] = message->blob;
    return true;
}

static inline void read_bodies(void *arg)
{
    struct reading *r = arg;
    for (size_t i = 0; i < r->out->n; i++) {
        struct body_reader *body;
        assert_int_equal(body_open(store_engine(r->machine->store), r->blobs[i], &body), OK);
        uint64_t size = body_reader_size(body);
        assert_true(size < LETTER_BYTES);
        for (uint64_t at = 0; at < size;) {
            str bytes;
            assert_int_equal(body_read(body, at, size - at, &bytes), OK);
            bytes_copy(r->out->text[i] + at, LETTER_BYTES - at, bytes.p, bytes.n);
            at += bytes.n;
        }
        r->out->bytes[i] = size;
        body_close(body);
    }
    r->machine->step_done = true;
}

/* The whole INBOX of the machine's one user. Free it with mem_free. */
static inline struct mailbox_text *inbox(struct machine *m)
{
    struct mailbox_text *out = MEM_NEW(struct mailbox_text);
    struct reading r = { .machine = m, .out = out };
    struct view *v = store_view(m->store);
    struct user u;
    struct mailbox box;
    assert_int_equal(store_user_find(v, str_of(m->user), &u), OK);
    assert_int_equal(store_mailbox_find(v, u.account, S("INBOX"), &box), OK);
    assert_int_equal(
        store_messages(v, &box, (struct uid_range){ 1, UINT32_MAX }, WANT_CARD, note_blob, &r), OK);
    view_end(v);
    on_fiber(m, read_bodies, &r);
    return out;
}

/* Letters in the INBOX that hold this text. */
static inline size_t count_letters(struct machine *m, const char *text)
{
    struct mailbox_text *box = inbox(m);
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += str_find((str){ box->text[i], box->bytes[i] }, str_of(text)) != STR_NPOS;
    mem_free(box);
    return n;
}

static inline uint64_t queue_count(struct machine *m)
{
    struct view *v = store_view(m->store);
    uint64_t n = store_queue_count(v);
    view_end(v);
    return n;
}

/* --- a person who sends a letter -------------------------------------------------------------- */

struct person {
    struct machine *at;   /* whose submission port is used */
    const char *mail;     /* the whole line; NULL: the usual one */
    const char *rcpts[4]; /* whole lines; none: the usual one */
    const char *letter;   /* CRLF lines */
    bool acked;           /* the 250 after the letter was read */
    struct buf last;      /* the last reply */
};

static inline bool hear(struct person *p, struct conn *c, char class)
{
    str line;
    do {
        if (conn_line(c, 1000, &line)) return false;
        buf_reset(&p->last);
        buf_add(&p->last, line);
    } while (line.n > 3 && line.p[3] == '-');
    return line.n && line.p[0] == class;
}

static inline bool say(struct person *p, struct conn *c, const char *line, char class)
{
    conn_write(c, str_of(line));
    conn_write(c, S("\r\n"));
    return hear(p, c, class);
}

static inline bool say_rcpts(struct person *p, struct conn *c)
{
    if (!p->rcpts[0]) return say(p, c, "RCPT TO:<bob@b.test>", '2');
    for (size_t i = 0; i < COUNT_OF(p->rcpts) && p->rcpts[i]; i++)
        if (!say(p, c, p->rcpts[i], '2')) return false;
    return true;
}

static inline bool submission(struct person *p, struct conn *c)
{
    struct buf plain = buf_make(200);
    buf_add(&plain, S("AUTH PLAIN "));
    struct buf secret = buf_make(200);
    buf_addc(&secret, '\0');
    buf_add(&secret, str_of(p->at->user));
    buf_add(&secret, (str){ "\0secret", 7 });
    base64_encode(&plain, buf_str(&secret));
    buf_addc(&plain, '\0');
    bool ok = hear(p, c, '2') && say(p, c, "EHLO there", '2') && say(p, c, plain.p, '2') &&
              say(p, c, p->mail ? p->mail : "MAIL FROM:<alice@a.test>", '2') && say_rcpts(p, c) &&
              say(p, c, "DATA", '3');
    if (ok) {
        conn_write(c, str_of(p->letter));
        ok = say(p, c, ".", '2');
    }
    buf_free(&plain);
    buf_free(&secret);
    return ok;
}

/* On the server's own machine, over loopback: a webmail. */
static inline void submit_run(void *arg)
{
    struct person *p = arg;
    struct connect_options to = { .connect_ms = 10000 };
    struct conn *c;
    assert_int_equal(netaddr_parse(S("127.0.0.1:587"), 0, &to.to), OK);
    if (!conn_connect(&to, &c, NULL)) {
        conn_deadline(c, 30000);
        p->acked = submission(p, c);
        conn_close(c);
    }
    p->at->step_done = true;
}

static inline void submit(struct person *p)
{
    p->last = buf_make(2000);
    on_fiber(p->at, submit_run, p);
    if (sim_machine_has_power(p->at->seam) && !p->acked)
        print_error("%.*s\n", STR_ARG(buf_str(&p->last)));
    buf_free(&p->last);
}

#endif
