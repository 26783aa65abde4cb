/* play_fixture.h - for the tests of whole conversations: scripts played against the server, and what
 * they leave in the store. */
#ifndef SMTP_PLAY_FIXTURE_H
#define SMTP_PLAY_FIXTURE_H

#include "smtp/smtp_fixture.h"

static inline int begin(void **state)
{
    struct world *w = world_new();
    *state = w;
    assert_int_equal(store_domain_add(w->store, S("a.test")), OK);
    world_user(w, S("alice@a.test"), S("secret"));
    world_user(w, S("carol@a.test"), S("sesame"));
    assert_int_equal(store_alias_add(w->store, S("team@a.test"), S("alice@a.test")), OK);
    assert_int_equal(store_alias_add(w->store, S("team@a.test"), S("carol@a.test")), OK);
    assert_int_equal(store_alias_add(w->store, S("team@a.test"), S("Far@b.test")), OK);
    return 0;
}

static inline int end(void **state)
{
    world_free(*state);
    return 0;
}

/* A reply as expected: the text, or a beginning followed by "*". */
static inline bool matches(str got, str want)
{
    got = str_chomp(got);
    if (str_ends(want, S("*"))) return str_starts(got, str_take(want, want.n - 1));
    return str_eq(got, want);
}

/* Lines: "C text" is sent with CRLF, "B text" without, "S text" is the last line of the next reply,
 * "E" is the end. A C or B may be several at once. */
static inline void play_on(struct world *w, int socket, const char *script)
{
    str rest = str_of(script), line;
    while (str_split(&rest, '\n', &line)) {
        str text = str_from(line, 2);
        if (line.p[0] == 'S' || line.p[0] == 'E') {
            str got = client_reply(w, socket);
            str last = str_chomp(got);
            size_t at = str_rchr(last, '\n');
            if (at != STR_NPOS) last = str_from(last, at + 1);
            if (!matches(last, line.p[0] == 'S' ? text : S("")))
                fail_msg("wanted \"%.*s\", got \"%.*s\"", STR_ARG(text), STR_ARG(last));
            continue;
        }
        client_send(w, socket, text);
        if (line.p[0] == 'C') client_send(w, socket, S("\r\n"));
    }
}

static inline void play(struct world *w, int which, const char *script)
{
    int socket = client_open(w, which);
    play_on(w, socket, script);
    seam_socket_close(w->seam, socket);
}

/* As alice. */
#define LOGGED_IN                                                                             \
    "S 220 *\nC EHLO [127.0.0.1]\nS 250 *\nC AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 235 " \
    "2.7.0 *\n"

/* --- what lies in the store ----------------------------------------------------------------------
 */

struct newest {
    struct blob blob;
    struct msgid id;
    unsigned n;
};

static inline bool take_newest(void *arg, const struct message *m)
{
    struct newest *newest = arg;
    *newest = (struct newest){ m->blob, m->journey, newest->n + 1 };
    return true;
}

/* The newest message in a user's INBOX, and how many there are. */
static inline str inbox(struct world *w, str address, unsigned *n)
{
    struct user u;
    struct mailbox m;
    struct newest newest = { 0 };
    struct view *v = store_view(w->store);
    assert_int_equal(store_user_find(v, address, &u), OK);
    assert_int_equal(store_mailbox_find(v, u.account, S("INBOX"), &m), OK);
    struct uid_range all = { 1, UINT32_MAX };
    assert_int_equal(store_messages(v, &m, all, WANT_FLAGS | WANT_CARD, take_newest, &newest), OK);
    view_end(v);
    *n = newest.n;
    if (!newest.n) return S("");

    struct body_reader *r;
    struct buf b = buf_make(1 << 20);
    str piece;
    assert_int_equal(body_open(w->engine, newest.blob, &r), OK);
    while (!body_read(r, b.n, 65536, &piece) && piece.n)
        buf_add(&b, piece);
    body_close(r);
    str text = arena_copy(&w->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

struct queued {
    str text;
    unsigned n;
    struct arena *arena;
};

static inline bool add_queued(void *arg, const struct queue_entry *e)
{
    struct queued *q = arg;
    q->n++;
    q->text = arena_fmt(q->arena, "%.*s<%.*s> to <%.*s> notify %u orcpt %.*s\n", STR_ARG(q->text),
                        STR_ARG(e->sender), STR_ARG(e->address), e->notify, STR_ARG(e->orcpt));
    return true;
}

static inline str queue_text(struct world *w)
{
    struct queued q = { .arena = &w->arena };
    struct view *v = store_view(w->store);
    assert_int_equal(store_queue_list(v, add_queued, &q), OK);
    view_end(v);
    return q.text;
}

/* A copy of the settings to change; lives as long as the world. */
static inline struct smtp_settings *own_settings(struct world *w)
{
    struct smtp_settings *own = ARENA_NEW(&w->arena, struct smtp_settings);
    *own = *w->mx.settings;
    w->mx.settings = w->submission.settings = own;
    return own;
}

#endif
