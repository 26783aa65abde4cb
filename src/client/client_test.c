/* client_test.c - our IMAP and POP3 clients against servers that say what a table tells them to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/pop3_client.h"

/* A line that holds the word is answered with these bytes, '%' standing for its tag. */
struct rule {
    const char *when, *say;
};

struct place {
    struct sim_world *world;
    struct seam *client, *server;
    struct loop *client_loop, *server_loop;
    struct listener *listener;
    const struct rule *rules;
    const char *greeting;
    struct buf heard, told;
    struct arena arena;
    struct client_options options;
    enum err e[4];
    bool done;
};

struct session {
    struct conn *conn;
    struct place *place;
};

static void *on_open(void *arg, struct conn *c)
{
    struct session *s = MEM_NEW(struct session);
    *s = (struct session){ c, arg };
    return s;
}

static void answer(struct session *s, str line)
{
    str rest = line, tag;
    (void)str_split(&rest, ' ', &tag);
    for (const struct rule *r = s->place->rules; r->when; r++) {
        if (str_find(line, str_of(r->when)) == STR_NPOS) continue;
        for (const char *p = r->say; *p; p++)
            conn_write(s->conn, *p == '%' ? tag : (str){ p, 1 });
        return;
    }
}

static enum serve on_serve(void *session, enum conn_why why)
{
    struct session *s = session;
    if (why == CONN_STARTED) conn_write(s->conn, str_of(s->place->greeting));
    if (why == CONN_TIMEOUT || why == CONN_DRAIN) return SERVE_CLOSE;
    while (conn_line_ready(s->conn)) {
        str line;
        if (conn_line(s->conn, 10000, &line)) return SERVE_CLOSE;
        buf_add(&s->place->heard, line);
        answer(s, line);
    }
    return conn_gone(s->conn) ? SERVE_CLOSE : SERVE_PARK;
}

static void on_closed(void *session)
{
    mem_free(session);
}

static const struct conn_handler handler = { .open = on_open,
                                             .serve = on_serve,
                                             .closed = on_closed };

static void place_open(struct place *p, const char *greeting, const struct rule *rules)
{
    *p = (struct place){ .world = sim_world_new(4),
                         .greeting = greeting,
                         .rules = rules,
                         .heard = buf_make(100000),
                         .told = buf_make(100000),
                         .arena = arena_make(1 << 20) };
    struct listener_config c = { .handler = &handler, .arg = p, .conns_max = 9 };
    p->client = sim_machine_new(p->world, "client", "10.0.0.1");
    p->server = sim_machine_new(p->world, "server", "10.0.0.2");
    p->client_loop = loop_new(p->client, 0);
    p->server_loop = loop_new(p->server, 0);
    assert_int_equal(netaddr_parse(S("0.0.0.0:143"), 0, &c.at), OK);
    assert_int_equal(listener_open(p->server, &c, &p->listener), OK);
    assert_int_equal(listener_attach(p->listener, p->server_loop), OK);
    p->options =
        (struct client_options){ .host = S("b.test"), .connect_ms = 5000, .command_ms = 5000 };
    assert_int_equal(netaddr_parse(S("10.0.0.2:143"), 0, &p->options.to), OK);
}

static void place_run(struct place *p, fiber_fn *fn)
{
    assert_int_equal(fiber_start(p->client_loop, FIBER_SYSTEM, fn, p), OK);
    for (int i = 0; i < 10000 && !p->done; i++)
        sim_world_run(p->world, seam_mono_us(p->client) + 10000);
    assert_true(p->done);
}

static void place_end(struct place *p)
{
    loop_stop(p->client_loop, 1000);
    loop_stop(p->server_loop, 1000);
    sim_world_run(p->world, seam_mono_us(p->client) + 3000000);
    loop_free(p->client_loop);
    loop_free(p->server_loop);
    listener_close(p->listener);
    sim_world_free(p->world);
    buf_free(&p->heard);
    buf_free(&p->told);
    arena_free(&p->arena);
}

static void tell(void *arg, str response)
{
    struct place *p = arg;
    buf_add(&p->told, response);
    buf_addc(&p->told, '|');
}

/* --- IMAP ------------------------------------------------------------------------------------- */

static const struct rule imap_rules[] = {
    { "LOGIN \"al\\\"ice\" \"s\\\\e\"", "% OK in\r\n" },
    { "NOOP", "* 1 EXISTS\r\n* 2 FETCH (X {5}\r\n) {9} Y \"z\")\r\n% OK done\r\n" },
    { "CHECK", "% NO not now\r\n" },
    { "BREAK", "% BAD what\r\n" },
    { "IDLE", "+ idling\r\n" },
    { "DONE", "A0002 OK idled\r\nA0003 OK idled\r\n" },
    { "APPEND", "+ go\r\n" },
    { "body", "A0003 OK [APPENDUID 1 2] kept\r\n" },
    { "LOGOUT", "* BYE\r\n% OK\r\n" },
    { NULL, NULL },
};

static void imap_talk(void *arg)
{
    struct place *p = arg;
    struct imap_client *c;
    p->e[0] = imap_client_open(&p->options, &p->arena, &c);
    if (!p->e[0]) {
        str text = { 0 };
        p->e[1] = imap_client_login(c, S("al\"ice"), S("s\\e"), &text);
        p->e[2] = imap_client_command(c, S("NOOP"), tell, p, &text);
        tell(p, text);
        p->e[3] = imap_client_append(c, S("INBOX"), S("body\r\n"), &text);
        tell(p, text);
        imap_client_close(c);
    }
    p->done = true;
}

static void imap_responses_are_whole(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, "* OK hi\r\n", imap_rules);
    place_run(&p, imap_talk);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(p.e[i], OK);
    assert_true(str_eq(buf_str(&p.told), S("* 1 EXISTS|* 2 FETCH (X {5}\r\n) {9} Y \"z\")|OK done|"
                                           "OK [APPENDUID 1 2] kept|")));
    assert_true(str_find(buf_str(&p.heard), S("APPEND INBOX {6}\r\nbody\r\n\r\n")) != STR_NPOS);
    place_end(&p);
}

static void imap_refusals(void *arg)
{
    struct place *p = arg;
    struct imap_client *c;
    p->e[0] = imap_client_open(&p->options, &p->arena, &c);
    if (!p->e[0]) {
        p->e[1] = imap_client_command(c, S("CHECK"), NULL, NULL, NULL);
        p->e[2] = imap_client_command(c, S("BREAK"), NULL, NULL, NULL);
        p->e[3] = imap_client_login(c, S("x"), S("y\"\r\nA9 DELETE INBOX"), NULL);
        imap_client_close(c);
    }
    p->done = true;
}

static void imap_no_and_bad_and_injection(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, "* OK hi\r\n", imap_rules);
    place_run(&p, imap_refusals);
    assert_int_equal(p.e[1], ERR_DENIED);
    assert_int_equal(p.e[2], ERR_SYNTAX);
    assert_int_equal(p.e[3], ERR_SYNTAX);
    assert_true(str_find(buf_str(&p.heard), S("DELETE")) == STR_NPOS);
    place_end(&p);
    place_open(&p, "* BYE go\r\n", imap_rules);
    place_run(&p, imap_refusals);
    assert_int_equal(p.e[0], ERR_DENIED);
    place_end(&p);
}

static void imap_idles(void *arg)
{
    struct place *p = arg;
    struct imap_client *c;
    p->e[0] = imap_client_open(&p->options, &p->arena, &c);
    if (!p->e[0]) {
        p->e[1] = imap_client_command(c, S("CHECK"), NULL, NULL, NULL);
        p->e[2] = imap_client_idle(c, 30000, tell, p);
        p->e[3] = imap_client_command(c, S("NOOP"), tell, p, NULL);
        imap_client_close(c);
    }
    p->done = true;
}

/* Its time passes, and the connection lives. */
static void imap_idle_ends_in_peace(void **state)
{
    (void)state;
    static const struct rule rules[] = {
        { "CHECK", "% NO x\r\n" }, { "IDLE", "+ idling\r\n" }, { "DONE", "A0002 OK idled\r\n" },
        { "NOOP", "% OK\r\n" },    { "LOGOUT", "% OK\r\n" },   { NULL, NULL }
    };
    static const struct rule news[] = { { "CHECK", "% NO x\r\n" },
                                        { "IDLE", "+ idling\r\n* 7 EXISTS\r\n" },
                                        { "DONE", "* 8 EXISTS\r\nA0002 OK idled\r\n" },
                                        { "NOOP", "% OK\r\n" },
                                        { "LOGOUT", "% OK\r\n" },
                                        { NULL, NULL } };
    struct place p;
    place_open(&p, "* OK hi\r\n", rules);
    place_run(&p, imap_idles);
    assert_int_equal(p.e[2], ERR_LATER);
    assert_int_equal(p.e[3], OK);
    assert_int_equal(p.told.n, 0);
    place_end(&p);
    place_open(&p, "* OK hi\r\n", news);
    place_run(&p, imap_idles);
    assert_int_equal(p.e[2], OK);
    assert_int_equal(p.e[3], OK);
    assert_true(str_eq(buf_str(&p.told), S("* 7 EXISTS|* 8 EXISTS|")));
    place_end(&p);
}

/* --- POP3 ------------------------------------------------------------------------------------- */

static const struct rule pop3_rules[] = { { "USER alice", "+OK\r\n" },
                                          { "PASS secret", "+OK in\r\n" },
                                          { "RETR", "+OK\r\n..\r\n..dot\r\nx.\r\n.\r\n" },
                                          { "DELE", "-ERR no\r\n" },
                                          { "QUIT", "+OK\r\n" },
                                          { NULL, NULL } };

static void pop3_talk(void *arg)
{
    struct place *p = arg;
    struct pop3_client *c;
    p->e[0] = pop3_client_open(&p->options, &p->arena, &c);
    if (!p->e[0]) {
        p->e[1] = pop3_client_login(c, S("alice"), S("secret"), NULL);
        p->e[2] = pop3_client_command(c, S("RETR 1"), &p->told, NULL);
        p->e[3] = pop3_client_command(c, S("DELE 1"), NULL, NULL);
        pop3_client_close(c, true);
    }
    p->done = true;
}

static void pop3_inject(void *arg)
{
    struct place *p = arg;
    struct pop3_client *c;
    p->e[0] = pop3_client_open(&p->options, &p->arena, &c);
    p->e[1] = pop3_client_login(c, S("alice\r\nDELE 1"), S("secret"), NULL);
    p->e[2] = pop3_client_login(c, S("alice"), S("secret\rDELE 1"), NULL);
    pop3_client_close(c, false);
    p->done = true;
}

static void pop3_lines_lose_their_dots(void **state)
{
    (void)state;
    struct place p;
    place_open(&p, "+OK hi\r\n", pop3_rules);
    place_run(&p, pop3_talk);
    assert_int_equal(p.e[1], OK);
    assert_int_equal(p.e[2], OK);
    assert_int_equal(p.e[3], ERR_DENIED);
    assert_true(str_eq(buf_str(&p.told), S(".\r\n.dot\r\nx.\r\n")));
    assert_true(str_ends(buf_str(&p.heard), S("QUIT\r\n")));
    place_end(&p);
    place_open(&p, "+OK hi\r\n", pop3_rules);
    place_run(&p, pop3_inject);
    assert_int_equal(p.e[1], ERR_SYNTAX);
    assert_int_equal(p.e[2], ERR_SYNTAX);
    assert_true(str_find(buf_str(&p.heard), S("DELE")) == STR_NPOS);
    place_end(&p);
}

/* What was injected between the agreement and TLS ends it (RFC 2595 2.1 and the attack of 2021). */
static void nothing_may_be_said_before_tls(void **state)
{
    (void)state;
    static const struct rule rules[] = { { "STARTTLS", "% OK go\r\n* OK injected\r\n" },
                                         { "STLS", "+OK go\r\n+OK injected\r\n" },
                                         { NULL, NULL } };
    static const struct {
        const char *greeting;
        fiber_fn *talk;
    } cases[] = { { "* OK hi\r\n", imap_talk }, { "+OK hi\r\n", pop3_talk } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct place p;
        str why;
        place_open(&p, cases[i].greeting, rules);
        p.options.tls = CLIENT_STARTTLS;
        assert_int_equal(
            tls_client_new(TLS_OPPORTUNISTIC, NULL, &p.arena, &p.options.tls_client, &why), OK);
        place_run(&p, cases[i].talk);
        assert_int_equal(p.e[0], ERR_DENIED);
        tls_client_free(p.options.tls_client);
        place_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imap_responses_are_whole),
        cmocka_unit_test(imap_no_and_bad_and_injection),
        cmocka_unit_test(imap_idle_ends_in_peace),
        cmocka_unit_test(pop3_lines_lose_their_dots),
        cmocka_unit_test(nothing_may_be_said_before_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
