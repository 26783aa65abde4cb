/* client_test.c - our side of SMTP against servers that say what a table tells them to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "smtp/client_int.h"
#include "smtp/peer_fixture.h"
#include "store/store.h"

/* --- pure ---------------------------------------------------------------------------------------
 */

static void reply_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool ok, last;
        unsigned code;
        const char *text;
    } cases[] = {
        { "250 ok", true, true, 250, "ok" }, { "250-more", true, false, 250, "more" },
        { "250", true, true, 250, "" },      { "250 ", true, true, 250, "" },
        { "250-", true, false, 250, "" },    { "599 x", true, true, 599, "x" },
        { "200 x", true, true, 200, "x" },   { "199 x", false, false, 0, "" },
        { "600 x", false, false, 0, "" },    { "25", false, false, 0, "" },
        { "", false, false, 0, "" },         { "2500 x", false, false, 0, "" },
        { "250\tx", false, false, 0, "" },   { "+50 x", false, false, 0, "" },
        { " 250 x", false, false, 0, "" },   { "abc x", false, false, 0, "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned code = 0;
        bool last = false;
        str text = { 0 };
        bool ok = client_reply_line(str_of(cases[i].line), &code, &last, &text);
        if (ok != cases[i].ok || code != cases[i].code || last != cases[i].last ||
            !str_eq(text, str_of(cases[i].text)))
            fail_msg("\"%s\"", cases[i].line);
    }
}

static void enhanced_codes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
    } cases[] = {
        { "2.1.5 ok", "2.1.5" },
        { "5.7.509 no", "5.7.509" },
        { "4.0.0", "4.0.0" },
        { "2.1.5ok", "" },
        { "2.1 ok", "" },
        { "25.1.5 ok", "" },
        { "2.1234.5 ok", "" },
        { "2..5 ok", "" },
        { "", "" },
        { " 2.1.5 ok", "" },
        { "2.1.5.6 ok", "" },
        { "2.1.", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (!str_eq(client_enhanced(str_of(cases[i].text)), str_of(cases[i].code)))
            fail_msg("\"%s\"", cases[i].text);
}

static void what_a_server_offers(void **state)
{
    (void)state;
    unsigned set = 0;
    uint64_t size = 0;
    static const char *const lines[] = { "pipelining",   "SIZE 1000", "AUTH LOGIN plain",
                                         "8BITMIME",     "X-DSN",     "DSNX",
                                         "STARTTLS now", "",          "SIZE" };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        client_extension(str_of(lines[i]), &set, &size);
    assert_int_equal(set, EXT_PIPELINING | EXT_SIZE | EXT_AUTH_LOGIN | EXT_AUTH_PLAIN |
                              EXT_8BITMIME | EXT_STARTTLS);
    assert_int_equal(size, 1000);
    client_extension(S("SIZE 18446744073709551616"), &set, &size);
    assert_int_equal(size, 1000);
}

/* --- conversations ---------------------------------------------------------------------------- */

struct talk {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct peer peer;
    struct arena arena;
    bool lmtp, ran;
    enum smtp_tls tls;
    const char *user;
    const char *const *pieces; /* of the letter; NULL ends; "!" is an error of the source */
    size_t piece;
    struct smtp_client_message message;
    struct smtp_client_rcpt rcpts[4];
    enum err opened, sent;
    bool tls_failed;
    struct smtp_reply reply;
};

static enum err give(void *arg, str *bytes, bool *end)
{
    struct talk *t = arg;
    *bytes = str_of(t->pieces[t->piece++]);
    if (str_eq(*bytes, S("!"))) return ERR_CORRUPT;
    *end = !t->pieces[t->piece];
    return OK;
}

static void talk_run(void *arg)
{
    struct talk *t = arg;
    struct tls_client *tls = NULL;
    str why;
    assert_int_equal(tls_client_new(TLS_OPPORTUNISTIC, NULL, &t->arena, &tls, &why), OK);
    struct smtp_client_options o = { .host = S("mail.b.test"),
                                     .hello = S("me"),
                                     .lmtp = t->lmtp,
                                     .tls = t->tls,
                                     .tls_client = tls,
                                     .user = str_of(t->user),
                                     .password = S("secret"),
                                     .connect_ms = 5000,
                                     .greeting_ms = 5000,
                                     .command_ms = 5000,
                                     .data_ms = 5000,
                                     .end_ms = 5000 };
    struct smtp_client *c;
    assert_int_equal(netaddr_parse(S("10.0.0.2:25"), 0, &o.to), OK);
    t->opened = smtp_client_open(&o, &t->arena, &c, &t->reply, &t->tls_failed);
    if (!t->opened) {
        t->sent = smtp_client_send(c, &t->message, &t->reply);
        smtp_client_close(c);
    }
    tls_client_free(tls);
    t->ran = true;
}

static const char *const one_line[] = { "Subject: x\r\n\r\nText.\r\n", NULL };

static void talk_make(struct talk *t, const struct peer_rule *rules)
{
    *t = (struct talk){ .world = sim_world_new(9),
                        .arena = arena_make(1 << 20),
                        .pieces = one_line };
    t->seam = sim_machine_new(t->world, "client", "10.0.0.1");
    t->loop = loop_new(t->seam, 0);
    peer_start(&t->peer, t->world, "peer", "10.0.0.2", rules);
    t->rcpts[0].address = S("bob@b.test");
    t->message = (struct smtp_client_message){
        .sender = S("alice@a.test"), .rcpts = t->rcpts, .n = 1, .source = give, .source_arg = t
    };
}

static void talk_do(struct talk *t)
{
    assert_int_equal(fiber_start(t->loop, FIBER_SYSTEM, talk_run, t), OK);
    for (int i = 0; i < 600 && !t->ran; i++)
        sim_world_run(t->world, seam_mono_us(t->seam) + 100000);
    assert_true(t->ran);
}

static void talk_end(struct talk *t)
{
    loop_stop(t->loop, 1000);
    sim_world_run(t->world, seam_mono_us(t->seam) + 2000000);
    loop_free(t->loop);
    peer_stop(&t->peer, t->world);
    sim_world_free(t->world);
    arena_free(&t->arena);
}

static void a_whole_conversation(void **state)
{
    (void)state;
    struct talk t;
    talk_make(&t, NULL);
    t.rcpts[1].address = S("carol@b.test");
    t.message.n = 2;
    talk_do(&t);
    assert_int_equal(t.sent, OK);
    assert_true(t.rcpts[0].accepted && t.rcpts[1].accepted);
    assert_true(
        str_eq(buf_str(&t.peer.heard),
               S("EHLO me\r\nMAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\n"
                 "RCPT TO:<carol@b.test>\r\nDATA\r\nSubject: x\r\n\r\nText.\r\n.\r\nQUIT\r\n")));
    talk_end(&t);
}

static void an_old_server_is_greeted_with_helo(void **state)
{
    (void)state;
    static const struct peer_rule old[] = { { "EHLO", "500 what?\r\n", 0 }, { NULL, NULL, 0 } };
    struct talk t;
    talk_make(&t, old);
    talk_do(&t);
    assert_int_equal(t.sent, OK);
    assert_true(peer_heard(&t.peer, "HELO me\r\n"));
    talk_end(&t);
}

/* Every split of a text with dots where they hurt gives the same bytes on the wire. */
static void dots_are_doubled_wherever_the_letter_is_cut(void **state)
{
    (void)state;
    static const char text[] = "a: b\r\n\r\n.\r\n..\r\nx.\r\n.end";
    static const char wire[] = "DATA\r\na: b\r\n\r\n..\r\n...\r\nx.\r\n..end\r\n.\r\nQUIT\r\n";
    for (size_t i = 0; i < sizeof text; i++) {
        struct buf head = buf_make(100), tail = buf_make(100);
        buf_add(&head, str_take(str_of(text), i));
        buf_addc(&head, '\0');
        buf_add(&tail, str_from(str_of(text), i));
        buf_addc(&tail, '\0');
        const char *const pieces[] = { head.p, tail.p, NULL };
        struct talk t;
        talk_make(&t, NULL);
        t.pieces = pieces;
        talk_do(&t);
        assert_int_equal(t.sent, OK);
        assert_true(str_ends(buf_str(&t.peer.heard), str_of(wire)));
        talk_end(&t);
        buf_free(&head);
        buf_free(&tail);
    }
}

/* Outcomes of the whole by what the server says where. */
static void every_answer_has_its_meaning(void **state)
{
    (void)state;
    static const struct {
        struct peer_rule rule;
        enum err opened, sent;
        bool accepted;
        unsigned code; /* of the one recipient */
    } cases[] = {
        { { "greeting", "554 no\r\n", 0 }, ERR_DENIED, OK, false, 0 },
        { { "greeting", "421 busy\r\n", 0 }, ERR_LATER, OK, false, 0 },
        { { "greeting", "354 what\r\n", 0 }, ERR_GONE, OK, false, 0 },
        { { "greeting", "hello there\r\n", 0 }, ERR_GONE, OK, false, 0 },
        { { "greeting", NULL, 0 }, ERR_GONE, OK, false, 0 },
        { { "greeting", "", 0 }, ERR_GONE, OK, false, 0 },
        { { "EHLO", "421 busy\r\n", 0 }, ERR_LATER, OK, false, 0 },
        { { "MAIL", "550 5.7.1 no\r\n", 0 }, OK, ERR_DENIED, false, 550 },
        { { "MAIL", "451 later\r\n", 0 }, OK, ERR_LATER, false, 451 },
        { { "MAIL", "354 go\r\n", 0 }, OK, ERR_GONE, false, 0 },
        { { "MAIL", "", 0 }, OK, ERR_GONE, false, 0 },
        { { "RCPT", "550 5.1.1 no\r\n", 0 }, OK, OK, false, 550 },
        { { "RCPT", "450 later\r\n", 0 }, OK, OK, false, 450 },
        { { "RCPT", "251 will forward\r\n", 0 }, OK, OK, true, 250 },
        { { "RCPT", "354 go\r\n", 0 }, OK, ERR_GONE, false, 354 },
        { { "RCPT", "250-a\r\n251 b\r\n", 0 }, OK, ERR_GONE, false, 0 },
        { { "DATA", "554 no\r\n", 0 }, OK, OK, false, 554 },
        { { "DATA", "250 ok\r\n", 0 }, OK, ERR_GONE, true, 250 },
        { { "end", "554 5.6.0 spam\r\n", 0 }, OK, OK, false, 554 },
        { { "end", "452 full\r\n", 0 }, OK, OK, false, 452 },
        { { "end", "354 more\r\n", 0 }, OK, ERR_GONE, false, 354 },
        { { "end", "250 2.0.0 done\r\n", 0 }, OK, OK, true, 250 },
        { { "QUIT", "500 what\r\n", 0 }, OK, OK, true, 250 },
        { { "QUIT", NULL, 0 }, OK, OK, true, 250 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer_rule rules[2] = { cases[i].rule };
        struct talk t;
        talk_make(&t, rules);
        talk_do(&t);
        bool good = t.opened == cases[i].opened && t.sent == cases[i].sent;
        /* After ERR_GONE nothing is known of the recipients, and nobody asks. */
        if (good && !t.opened && t.sent != ERR_GONE)
            good =
                t.rcpts[0].accepted == cases[i].accepted && t.rcpts[0].reply.code == cases[i].code;
        if (!good)
            fail_msg("case %zu: opened %d sent %d accepted %d code %u", i, t.opened, t.sent,
                     t.rcpts[0].accepted, t.rcpts[0].reply.code);
        talk_end(&t);
    }
}

static void a_reply_without_end_is_an_end(void **state)
{
    (void)state;
    struct buf many = buf_make(1 << 20), line = buf_make(1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_add(&many, S("220-again\r\n"));
    buf_add(&many, S("220 peer\r\n"));
    buf_addc(&many, '\0');
    buf_add(&line, S("220 "));
    buf_fill(&line, 'x', 20000);
    buf_add(&line, S("\r\n"));
    buf_addc(&line, '\0');
    const char *const greetings[] = { many.p, line.p };
    for (size_t i = 0; i < COUNT_OF(greetings); i++) {
        struct peer_rule rules[2] = { { "greeting", greetings[i], 0 } };
        struct talk t;
        talk_make(&t, rules);
        talk_do(&t);
        assert_int_equal(t.opened, ERR_GONE);
        talk_end(&t);
    }
    buf_free(&many);
    buf_free(&line);
}

static void a_letter_that_cannot_be_read_is_not_ended(void **state)
{
    (void)state;
    static const char *const torn[] = { "Subject: x\r\n", "!", NULL };
    struct talk t;
    talk_make(&t, NULL);
    t.pieces = torn;
    talk_do(&t);
    assert_int_equal(t.sent, OK);
    assert_int_equal(t.rcpts[0].reply.code, 451);
    assert_false(t.rcpts[0].accepted);
    assert_int_equal(t.peer.letters, 0);
    assert_false(peer_heard(&t.peer, "QUIT")); /* it would be text of the letter */
    talk_end(&t);
}

static void no_address_can_end_a_line(void **state)
{
    (void)state;
    struct talk t;
    talk_make(&t, NULL);
    t.rcpts[1].address = S("x@b.test>\r\nRCPT TO:<y@b.test");
    t.message.n = 2;
    talk_do(&t);
    assert_int_equal(t.sent, OK);
    assert_true(t.rcpts[0].accepted);
    assert_false(t.rcpts[1].accepted);
    assert_int_equal(t.rcpts[1].reply.code, 553);
    assert_false(peer_heard(&t.peer, "y@b.test"));
    talk_end(&t);
    talk_make(&t, NULL);
    t.message.sender = S("x@a.test>\nRSET");
    talk_do(&t);
    assert_int_equal(t.sent, ERR_LIMIT);
    assert_false(peer_heard(&t.peer, "RSET\r\n"));
    talk_end(&t);
}

/* What the next server cannot take is known before anything is said. */
static void what_a_server_does_not_offer_is_not_asked_of_it(void **state)
{
    (void)state;
    static const struct peer_rule small[] = { { "EHLO", "250-peer\r\n250 SIZE 100\r\n", 0 },
                                              { NULL, NULL, 0 } };
    static const struct {
        struct smtp_client_message m;
        unsigned code;
    } cases[] = {
        { { .size_bytes = 101 }, 552 },   { { .utf8 = true }, 550 },
        { { .eight_bit = true }, 550 },   { { .binary = true }, 550 },
        { { .require_tls = true }, 550 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct talk t;
        talk_make(&t, small);
        t.message.size_bytes = cases[i].m.size_bytes;
        t.message.utf8 = cases[i].m.utf8;
        t.message.eight_bit = cases[i].m.eight_bit;
        t.message.binary = cases[i].m.binary;
        t.message.require_tls = cases[i].m.require_tls;
        talk_do(&t);
        assert_int_equal(t.sent, ERR_LIMIT);
        assert_int_equal(t.rcpts[0].reply.code, cases[i].code);
        assert_false(peer_heard(&t.peer, "MAIL"));
        talk_end(&t);
    }
}

static void lmtp_answers_for_each_recipient(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = { { "LHLO", "250 peer\r\n", 0 },
                                              { "RCPT TO:<carol", "550 5.1.1 no\r\n", 0 },
                                              { "end", "250 2.0.0 one\r\n452 4.2.2 full\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct talk t;
    talk_make(&t, rules);
    t.lmtp = true;
    t.rcpts[1].address = S("carol@b.test");
    t.rcpts[2].address = S("dave@b.test");
    t.message.n = 3;
    talk_do(&t);
    assert_int_equal(t.sent, OK);
    assert_true(t.rcpts[0].accepted);
    assert_int_equal(t.rcpts[1].reply.code, 550);
    assert_false(t.rcpts[2].accepted);
    assert_int_equal(t.rcpts[2].reply.code, 452);
    assert_true(str_eq(t.rcpts[2].reply.enhanced, S("4.2.2")));
    talk_end(&t);
}

static void binary_goes_in_chunks(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = {
        { "EHLO", "250-peer\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", 0 },
        { "BDAT 3\r\n", "250 go on\r\n", 0 },
        { NULL, NULL, 0 }
    };
    static const char *const pieces[] = { "\r\n\n", "\r\n", NULL };
    struct talk t;
    talk_make(&t, rules);
    t.pieces = pieces;
    t.message.binary = true;
    talk_do(&t);
    assert_true(peer_heard(&t.peer, "MAIL FROM:<alice@a.test> BODY=BINARYMIME\r\n"));
    assert_true(peer_heard(&t.peer, "BDAT 3\r\n"));
    talk_end(&t);
}

/* --- secrets and TLS -------------------------------------------------------------------------- */

static void a_password_is_not_sent_in_clear(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = { { "EHLO", "250-peer\r\n250 AUTH PLAIN\r\n", 0 },
                                              { NULL, NULL, 0 } };
    struct talk t;
    talk_make(&t, rules);
    t.user = "alice";
    talk_do(&t);
    assert_int_equal(t.opened, ERR_DENIED);
    assert_false(peer_heard(&t.peer, "AUTH"));
    talk_end(&t);
}

static void what_is_said_between_starttls_and_tls_is_injected(void **state)
{
    (void)state;
    static const struct peer_rule rules[] = { { "EHLO", "250-peer\r\n250 STARTTLS\r\n", 0 },
                                              { "STARTTLS",
                                                "220 go on\r\n250-peer\r\n250 AUTH PLAIN\r\n", 0 },
                                              { NULL, NULL, 0 } };
    static const enum smtp_tls modes[] = { SMTP_TLS_MAY, SMTP_TLS_MUST, SMTP_TLS_VERIFY };
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct talk t;
        talk_make(&t, rules);
        t.tls = modes[i];
        t.user = "alice";
        talk_do(&t);
        assert_int_equal(t.opened, ERR_LATER);
        assert_true(t.tls_failed);
        assert_false(peer_heard(&t.peer, "AUTH"));
        talk_end(&t);
    }
}

static void tls_that_is_demanded_must_be_offered(void **state)
{
    (void)state;
    static const struct peer_rule refuses[] = { { "EHLO", "250-peer\r\n250 STARTTLS\r\n", 0 },
                                                { "STARTTLS", "454 not now\r\n", 0 },
                                                { NULL, NULL, 0 } };
    static const struct peer_rule *const tables[] = { NULL, refuses };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct talk t;
        talk_make(&t, tables[i]);
        t.tls = SMTP_TLS_MUST;
        talk_do(&t);
        assert_int_equal(t.opened, ERR_LATER);
        assert_false(peer_heard(&t.peer, "MAIL"));
        talk_end(&t);
        talk_make(&t, tables[i]);
        t.tls = SMTP_TLS_MAY;
        talk_do(&t);
        assert_int_equal(t.opened, OK);
        assert_int_equal(t.sent, OK);
        talk_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_lines),
        cmocka_unit_test(enhanced_codes),
        cmocka_unit_test(what_a_server_offers),
        cmocka_unit_test(a_whole_conversation),
        cmocka_unit_test(an_old_server_is_greeted_with_helo),
        cmocka_unit_test(dots_are_doubled_wherever_the_letter_is_cut),
        cmocka_unit_test(every_answer_has_its_meaning),
        cmocka_unit_test(a_reply_without_end_is_an_end),
        cmocka_unit_test(a_letter_that_cannot_be_read_is_not_ended),
        cmocka_unit_test(no_address_can_end_a_line),
        cmocka_unit_test(what_a_server_does_not_offer_is_not_asked_of_it),
        cmocka_unit_test(lmtp_answers_for_each_recipient),
        cmocka_unit_test(binary_goes_in_chunks),
        cmocka_unit_test(a_password_is_not_sent_in_clear),
        cmocka_unit_test(what_is_said_between_starttls_and_tls_is_injected),
        cmocka_unit_test(tls_that_is_demanded_must_be_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
