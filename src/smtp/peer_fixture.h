/* peer_fixture.h - for client_test and relay_test: somebody else's mail server, which says what a
 * table tells it to, and keeps what it heard. */
#ifndef SMTP_PEER_FIXTURE_H
#define SMTP_PEER_FIXTURE_H

#include "base/buf.h"
#include "base/mem.h"
#include "run/conn.h"

/* The first rule whose word begins the command speaks. "greeting" and "end" (of the letter) are
 * such words too. What is said goes out as it is; NULL is silence, "" the end of the connection.
 * Without a rule the peer is kind. */
struct peer_rule {
    const char *when, *say;
    unsigned times; /* 0: always; n: the first n times, counted in a session */
};

struct peer {
    struct seam *seam;
    struct loop *loop;
    struct listener *listener;
    const struct peer_rule *rules;
    struct buf heard; /* every line of every session, letters too */
    unsigned sessions, letters;
};

struct peer_session {
    struct conn *conn;
    struct peer *peer;
    bool in_data, ended;
    unsigned used[16]; /* of each rule */
};

static const struct peer_rule peer_kind[] = {
    { "greeting", "220 peer\r\n", 0 }, { "EHLO", "250-peer\r\n250 PIPELINING\r\n", 0 },
    { "DATA", "354 go on\r\n", 0 },    { "QUIT", "221 bye\r\n", 0 },
    { "", "250 ok\r\n", 0 },           { NULL, NULL, 0 },
};

static inline const char *peer_words(const struct peer_rule *rules, str line, unsigned *used)
{
    for (size_t i = 0; rules && rules[i].when; i++) {
        if (!str_istarts(line, str_of(rules[i].when))) continue;
        if (used && rules[i].times && used[i]++ >= rules[i].times) continue;
        return rules[i].say;
    }
    return rules == peer_kind ? NULL : peer_words(peer_kind, line, NULL);
}

static inline void peer_answer(struct peer_session *s, str line)
{
    const char *words = peer_words(s->peer->rules, line, s->used);
    if (!words) return;
    if (!words[0]) s->ended = true;
    if (str_istarts(line, S("QUIT"))) s->ended = true;
    if (str_istarts(line, S("DATA"))) s->in_data = str_starts(str_of(words), S("354"));
    conn_write(s->conn, str_of(words));
}

static inline void peer_hear(struct peer_session *s, str line)
{
    buf_add(&s->peer->heard, line);
    if (!s->in_data) {
        peer_answer(s, line);
    } else if (str_eq(line, S(".\r\n"))) {
        s->in_data = false;
        s->peer->letters++;
        peer_answer(s, S("end"));
    }
}

static inline void *peer_open(void *arg, struct conn *c)
{
    struct peer_session *s = MEM_NEW(struct peer_session);
    *s = (struct peer_session){ .conn = c, .peer = arg };
    s->peer->sessions++;
    return s;
}

static inline enum serve peer_serve(void *session, enum conn_why why)
{
    struct peer_session *s = session;
    if (why == CONN_STARTED) peer_answer(s, S("greeting"));
    if (why == CONN_TIMEOUT || why == CONN_DRAIN) return SERVE_CLOSE;
    while (!s->ended && conn_line_ready(s->conn)) {
        str line;
        if (conn_line(s->conn, 8192, &line)) return SERVE_CLOSE;
        peer_hear(s, line);
    }
    return s->ended || conn_gone(s->conn) ? SERVE_CLOSE : SERVE_PARK;
}

static inline void peer_closed(void *session)
{
    mem_free(session);
}

static const struct conn_handler peer_handler = { .open = peer_open,
                                                  .serve = peer_serve,
                                                  .closed = peer_closed };

static inline void peer_start(struct peer *p, struct sim_world *w, const char *name, const char *ip,
                              const struct peer_rule *rules)
{
    *p = (struct peer){ .seam = sim_machine_new(w, name, ip),
                        .rules = rules,
                        .heard = buf_make(1 << 20) };
    struct listener_config c = { .handler = &peer_handler, .arg = p, .conns_max = 100 };
    p->loop = loop_new(p->seam, 0);
    assert_int_equal(netaddr_parse(S("0.0.0.0:25"), 0, &c.at), OK);
    assert_int_equal(listener_open(p->seam, &c, &p->listener), OK);
    assert_int_equal(listener_attach(p->listener, p->loop), OK);
}

static inline void peer_stop(struct peer *p, struct sim_world *w)
{
    loop_stop(p->loop, 1000);
    sim_world_run(w, seam_mono_us(p->seam) + 2000000);
    loop_free(p->loop);
    listener_close(p->listener);
    buf_free(&p->heard);
}

static inline bool peer_heard(const struct peer *p, const char *text)
{
    return str_find(buf_str(&p->heard), str_of(text)) != STR_NPOS;
}

#endif
