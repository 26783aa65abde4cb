/* message_test.c - a message on its way in: trace lines, line ends, chunks, sizes, room. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/play_fixture.h"

static void a_letter_arrives(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 mail.a.test ESMTP Posthorn\n"
         "C EHLO mail.b.test\n"
         "S 250 SMTPUTF8\n"
         "C MAIL FROM:<bob@b.test> SIZE=100\n"
         "S 250 2.1.0 sender ok\n"
         "C RCPT TO:<Alice+shop@A.test>\n"
         "S 250 2.1.5 recipient ok\n"
         "C DATA\n"
         "S 354 *\n"
         "C Subject: hello\n"
         "C Return-Path: <forged@b.test>\n"
         "C Bcc: shown@b.test\n"
         "C \n"
         "C ..two dots\n"
         "C .\n"
         "S 250 2.0.0 ok, id *\n"
         "C QUIT\n"
         "S 221 2.0.0 mail.a.test goodbye\n"
         "E");
    unsigned n;
    str text = inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    assert_true(str_starts(
        text, S("Return-Path: <bob@b.test>\r\nReceived: from mail.b.test ([127.0.0.1])")));
    assert_true(str_ends(text, S("Subject: hello\r\nBcc: shown@b.test\r\n\r\n.two dots\r\n")));
    assert_int_equal(str_find(text, S("forged")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("with ESMTP")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("for <Alice+shop@A.test>")), STR_NPOS);
    size_t line = deliver_return_path_bytes(text);
    assert_true(str_starts(str_from(text, line), S("Received:")));
}

static void smugglers_get_one_refusal(void **state)
{
    struct world *w = *state;
    static const char *const ends[] = { "\n.\n", "\n.\r\n",     "\r\n.\n",
                                        "\r.\r", "\r\n.\r\r\n", "\r.\r\n" };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        int socket = client_open(w, MX);
        play_on(w, socket,
                "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
                "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\nB one");
        client_send(w, socket, str_of(ends[i]));
        play_on(w, socket,
                "C MAIL FROM:<smuggled@b.test>\nC RCPT TO:<carol@a.test>\nC DATA\nC two\n"
                "C .\nS 550 5.6.0 *\nC NOOP\nS 250 2.0.0 ok\n");
        seam_socket_close(w->seam, socket);
    }
    unsigned n;
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 0);
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

static void chunks_arrive(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\n"
         "C BDAT 6\nC NOOP\nS 503 5.5.1 say EHLO first\n"
         "C EHLO x\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\n"
         "C BDAT 6 LAST\nC QUIT\nS 554 5.5.1 no valid recipients\n"
         "C RCPT TO:<alice@a.test>\nS 250 *\n"
         "C BDAT 6\nC a: b\nS 250 2.0.0 6 bytes received\n"
         "C DATA\nS 503 5.5.1 BDAT goes on*\n"
         "C BDAT 5\nC \nC .\nS 250 2.0.0 5 bytes received\n"
         "C BDAT 0 LAST\nS 250 2.0.0 ok, id *\n"
         "C BDAT 6 LAST\nC QUIT\nS 503 5.5.1 say MAIL first\n"
         "C BDAT 12345678901234567890123\nS 501 5.5.4 *\nE");
    unsigned n;
    assert_true(str_ends(inbox(w, S("alice@a.test"), &n), S("a: b\r\n\r\n.\r\n")));
    assert_int_equal(n, 1);
}

static void sizes_have_limits(void **state)
{
    struct world *w = *state;
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<> SIZE=200001\nS 552 5.3.4 *\n");
    struct buf big = buf_make(1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_add(&big, S("..............................................\r\n"));
    int socket = client_open(w, MX);
    play_on(w, socket,
            "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
            "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\nC \n");
    client_send(w, socket, buf_str(&big));
    play_on(w, socket, "C .\nS 552 5.3.4 message too big\nC NOOP\nS 250 *\n");
    seam_socket_close(w->seam, socket);

    buf_reset(&big);
    for (int i = 0; i < 6; i++)
        buf_add(&big, S("Received: again\r\n"));
    socket = client_open(w, MX);
    play_on(w, socket,
            "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
            "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\n");
    client_send(w, socket, buf_str(&big));
    play_on(w, socket, "C .\nS 554 5.4.6 *\n");
    seam_socket_close(w->seam, socket);

    buf_reset(&big);
    buf_fill(&big, 'x', 5000);
    socket = client_open(w, MX);
    client_send(w, socket, buf_str(&big));
    play_on(w, socket, "S 220 *\nC \nS 500 5.5.2 line too long\nC NOOP\nS 250 *\n");
    seam_socket_close(w->seam, socket);
    buf_free(&big);
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

static void line_ends_are_repaired_where_it_is_set(void **state)
{
    struct world *w = *state;
    static struct netblock loopback;
    assert_int_equal(netblock_parse(S("127.0.0.0/8"), &loopback), OK);
    own_settings(w)->repair_networks = (struct setting_nets){ &loopback, 1 };
    int socket = client_open(w, MX);
    play_on(w, socket,
            "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
            "C RCPT TO:<alice@a.test>\nS 250 *\nC DATA\nS 354 *\n");
    client_send(w, socket, S("a: b\n\none\n.\ntwo\r\n.\r\n"));
    play_on(w, socket, "S 250 2.0.0 ok, id *\n");
    seam_socket_close(w->seam, socket);
    unsigned n;
    assert_true(str_ends(inbox(w, S("alice@a.test"), &n), S("a: b\r\n\r\none\r\n.\r\ntwo\r\n")));
}

static void no_room_means_later(void **state)
{
    struct world *w = *state;
    int socket = client_open(w, MX);
    play_on(
        w, socket,
        "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
        "C DATA\nS 354 *\n");
    engine_memory_fail(w->engine, 1);
    play_on(w, socket, "C hi\nC .\nS 452 4.3.1 *\nC MAIL FROM:<>\nS 250 *\n");
    seam_socket_close(w->seam, socket);
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

/* RFC 3030 3: what is binary is stored as it came, to the last byte. */
static void binary_is_kept_byte_for_byte(void **state)
{
    struct world *w = *state;
    static const char text[] = "a: b\r\n\r\n\0\n\r.\r\n.\r\n..\xff\r";
    int socket = client_open(w, MX);
    play_on(w, socket,
            "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<> BODY=BINARYMIME\nS 250 *\n"
            "C RCPT TO:<alice@a.test>\nS 250 *\nC RCPT TO:<team@a.test>\nS 250 *\nC BDAT 10\n");
    client_send(w, socket, (str){ text, 10 });
    str rest = { text + 10, sizeof(text) - 1 - 10 };
    play_on(w, socket, "S 250 2.0.0 10 bytes received\n");
    client_send(w, socket, arena_fmt(&w->arena, "BDAT %zu LAST\r\n", rest.n));
    client_send(w, socket, rest);
    play_on(w, socket, "S 250 2.0.0 ok, id *\n");
    seam_socket_close(w->seam, socket);
    unsigned n;
    assert_true(str_ends(inbox(w, S("alice@a.test"), &n), (str){ text, sizeof(text) - 1 }));
}

static bool take_entry(void *arg, const struct queue_entry *e)
{
    *(struct queue_entry *)arg = *e;
    return true;
}

/* The one entry of the queue; its numbers, not its texts. */
static struct queue_entry queued_now(struct world *w)
{
    struct queue_entry e = { .attempts = 0 };
    struct view *v = store_view(w->store);
    assert_int_equal(store_queue_list(v, take_entry, &e), OK);
    view_end(v);
    return e;
}

/* What is asked of a letter goes with it into the queue. */
static void what_is_asked_is_queued(void **state)
{
    struct world *w = *state;
    assert_int_equal(store_alias_add(w->store, S("far@a.test"), S("far@b.test")), OK);
    static const struct {
        const char *mail, *header;
        struct queue_entry want;
    } cases[] = {
        { "", "A: b", { .notify = 0 } },
        { " SMTPUTF8 BODY=8BITMIME", "A: b", { .notify = 0 } }, /* ASCII all the same */
        { " SMTPUTF8", "A: \xc3\xa9", { .utf8 = true, .eight_bit = true } },
        { " MT-PRIORITY=-7", "TLS-Required: no", { .priority = -7, .tls_optional = true } },
        { " MT-PRIORITY=7", "TLS-Required: yes", { .priority = 0 } },
        { "", "TLS-Required: No\nC TLS-Required: No", { .priority = 0 } },
        { " BY=60;NT", "A: b", { .by = { .notify = true, .trace = true } } },
        { " BY=60;R", "A: b", { .by = { .at_us = 1 } } },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str script = arena_fmt(&w->arena,
                               "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<a@b.test>%s\nS 250 *\n"
                               "C RCPT TO:<far@a.test>\nS 250 *\nC DATA\nS 354 *\nC %s\nC \nC .\n"
                               "S 250 *\n",
                               cases[i].mail, cases[i].header);
        play(w, MX, arena_cstr(&w->arena, script));
        struct queue_entry got = queued_now(w), want = cases[i].want;
        bool by = want.by.at_us || want.by.notify;
        if (got.utf8 != want.utf8 || got.eight_bit != want.eight_bit ||
            got.priority != want.priority || got.tls_optional != want.tls_optional ||
            got.by.notify != want.by.notify || got.by.trace != want.by.trace ||
            (got.by.at_us != 0) != by || got.require_tls || got.binary)
            fail_msg("case %zu", i);
        struct queue_result gone = { .key = got.key, .outcome = QUEUE_DROPPED };
        assert_int_equal(store_queue_results(w->store, &gone, 1, NULL, 0), OK);
    }
}

/* Who says BINARYMIME to be sure shall not find that nobody takes the letter. */
static void what_is_no_more_than_text_is_not_binary(void **state)
{
    struct world *w = *state;
    assert_int_equal(store_alias_add(w->store, S("far@a.test"), S("far@b.test")), OK);
    static const struct {
        str text;
        bool binary, eight_bit;
    } cases[] = {
        { S_INIT("a: b\r\n\r\ntext\r\n"), false, false },
        { S_INIT("a: b\r\n\r\nt\xc3\xa9xt\r\n"), false, true },
        { S_INIT("a: b\r\n\r\ntext"), true, true }, /* without its last line end */
        { S_INIT("a: b\r\n\r\n\0\r\n"), true, true },
        { S_INIT("a: b\r\n\r\na\nb\r\n"), true, true },
        { S_INIT("a: b\r\n\r\na\rb\r\n"), true, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int socket = client_open(w, MX);
        play_on(w, socket,
                "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<> BODY=BINARYMIME\nS 250 *\n"
                "C RCPT TO:<far@a.test>\nS 250 *\n");
        client_send(w, socket, arena_fmt(&w->arena, "BDAT %zu LAST\r\n", cases[i].text.n));
        client_send(w, socket, cases[i].text);
        play_on(w, socket, "S 250 2.0.0 ok, id *\n");
        seam_socket_close(w->seam, socket);
        struct queue_entry got = queued_now(w);
        if (got.binary != cases[i].binary || got.eight_bit != cases[i].eight_bit)
            fail_msg("case %zu", i);
        struct queue_result gone = { .key = got.key, .outcome = QUEUE_DROPPED };
        assert_int_equal(store_queue_results(w->store, &gone, 1, NULL, 0), OK);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_no_more_than_text_is_not_binary),
        CASE(binary_is_kept_byte_for_byte),
        CASE(what_is_asked_is_queued),
        CASE(a_letter_arrives),
        CASE(smugglers_get_one_refusal),
        CASE(chunks_arrive),
        CASE(sizes_have_limits),
        CASE(line_ends_are_repaired_where_it_is_set),
        CASE(no_room_means_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
