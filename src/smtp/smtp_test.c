/* smtp_test.c - the server as its peers see it: whole conversations, and what they leave behind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/smtp_fixture.h"

static int begin(void **state)
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

static int end(void **state)
{
    world_free(*state);
    return 0;
}

/* A reply as expected: the text, or a beginning followed by "*". */
static bool matches(str got, str want)
{
    got = str_chomp(got);
    if (str_ends(want, S("*"))) return str_starts(got, str_take(want, want.n - 1));
    return str_eq(got, want);
}

/* Lines: "C text" is sent with CRLF, "B text" without, "S text" is the last line of the next reply,
 * "E" is the end. A C or B may be several at once. */
static void play_on(struct world *w, int socket, const char *script)
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

static void play(struct world *w, int which, const char *script)
{
    int socket = client_open(w, which);
    play_on(w, socket, script);
    seam_socket_close(w->seam, socket);
}

/* --- what lies in the store ----------------------------------------------------------------------
 */

struct newest {
    struct blob blob;
    struct msgid id;
    unsigned n;
};

static bool take_newest(void *arg, const struct message *m)
{
    struct newest *newest = arg;
    *newest = (struct newest){ m->blob, m->journey, newest->n + 1 };
    return true;
}

/* The newest message in a user's INBOX, and how many there are. */
static str inbox(struct world *w, str address, unsigned *n)
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

static bool add_queued(void *arg, const struct queue_entry *e)
{
    struct queued *q = arg;
    q->n++;
    q->text = arena_fmt(q->arena, "%.*s<%.*s> to <%.*s> notify %u orcpt %.*s\n", STR_ARG(q->text),
                        STR_ARG(e->sender), STR_ARG(e->address), e->notify, STR_ARG(e->orcpt));
    return true;
}

static str queue_text(struct world *w)
{
    struct queued q = { .arena = &w->arena };
    struct view *v = store_view(w->store);
    assert_int_equal(store_queue_list(v, add_queued, &q), OK);
    view_end(v);
    return q.text;
}

/* --- conversations ------------------------------------------------------------------------------
 */

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

static void recipients_are_judged_one_by_one(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nS 250 *\n"
         "C RCPT TO:<alice@a.test>\nS 503 5.5.1 *\n"
         "C DATA\nS 503 5.5.1 *\n"
         "C MAIL FROM:<>\nS 250 *\n"
         "C MAIL FROM:<>\nS 503 5.5.1 *\n"
         "C RCPT TO:<nobody@a.test>\nS 550 5.1.1 *\n"
         "C RCPT TO:<bob@b.test>\nS 550 5.7.1 relaying denied\n"
         "C DATA\nS 554 5.5.1 no valid recipients\n");
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\n"
         "C RCPT TO:<alice%b.test@a.test>\nS 550 5.1.1 *\n"
         "C RCPT TO:<postmaster>\nS 250 *\n"
         "C RCPT TO:<Postmaster@a.test>\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 250 *\n"
         "C RCPT TO:<alice@a.test>\nS 452 4.5.3 *\n"
         "C DATA\nS 354 *\n"
         "C .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
}

static void everything_at_once(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\n"
         "C EHLO x\nC MAIL FROM:<a@b.test>\nC RCPT TO:<alice@a.test>\nC DATA\n"
         "S 250 *\nS 250 *\nS 250 *\nS 354 *\n"
         "C a: b\nC \nC hi\nC .\nC NOOP\nC MAIL FROM:<>\nC RSET\nC QUIT\n"
         "S 250 2.0.0 ok, id *\nS 250 2.0.0 ok\nS 250 2.1.0 *\nS 250 2.0.0 forgotten\nS 221 *\nE");
    unsigned n;
    assert_true(str_ends(inbox(w, S("alice@a.test"), &n), S("a: b\r\n\r\nhi\r\n")));
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

static void errors_have_a_limit(void **state)
{
    struct world *w = *state;
    play(
        w, MX,
        "S 220 *\nC A\nC B\nC C\nC D\nC E\nC F\nC G\nC H\n"
        "S 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\nS 500 5.5.1 *\n"
        "S 500 5.5.1 *\nS 500 5.5.1 *\nS 421 4.7.0 mail.a.test too many errors\nE");
}

static void nothing_may_follow_starttls(void **state)
{
    struct world *w = *state;
    int socket = client_open(w, MX);
    play_on(w, socket, "S 220 *\nC EHLO x\nS 250 *\n");
    client_send(w, socket, S("STARTTLS\r\nNOOP\r\n"));
    play_on(w, socket, "S 503 5.5.1 nothing may follow*\nE");
    seam_socket_close(w->seam, socket);
    /* Later still it can only be the beginning of a handshake, which it is not. */
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC STARTTLS\nS 220 2.0.0 *\nC NOOP\nE");
    play(w, MX, "S 220 *\nB NOOP\nB  \nC \nS 250 *\n"); /* a half line waits for its end */
}

static void submission_wants_a_login(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         "S 220 *\nC EHLO x\nS 250 *\n"
         "C MAIL FROM:<alice@a.test>\nS 530 5.7.0 *\n"
         "C AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==\nS 535 5.7.8 *\n"
         "C AUTH PLAIN\nS 334 \nC *\nS 501 5.7.0 cancelled\n"
         "C AUTH CRAM-MD5\nS 504 5.5.4 *\n"
         "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC YWxpY2VAYS50ZXN0\nS 334 UGFzc3dvcmQ6\nC c2VjcmV0\nS "
         "235 2.7.0 *\n"
         "C AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 503 5.5.1 *\n"
         "C MAIL FROM:<carol@a.test>\nS 550 5.7.1 *\n"
         "C MAIL FROM:<Alice+x@a.test>\nS 250 *\n"
         "C QUIT\nS 221 *\nE");
    w->submission.auth_in_clear = false;
    play(w, SUBMISSION,
         "S 220 *\nC EHLO x\nS 250 *\nC AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 538 5.7.11 *\n");
    w->submission.auth_in_clear = true;
    play(w, MX, "S 220 *\nC EHLO x\nS 250 *\nC AUTH PLAIN =\nS 502 5.5.1 *\n");
}

#define LOGGED_IN                                                                             \
    "S 220 *\nC EHLO [127.0.0.1]\nS 250 *\nC AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\nS 235 " \
    "2.7.0 *\n"

static void submission_completes_and_hides(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test> RET=HDRS ENVID=e1\nS 250 *\n"
         "C RCPT TO:<bob@b.test> NOTIFY=DELAY,FAILURE ORCPT=rfc822;bob+2Bx@b.test\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\n"
         "C From: Alice <alice@a.test>\nC Bcc: carol@a.test,\nC  secret@b.test\nC "
         "Subject: x\nC \nC hi\nC .\n"
         "S 250 2.0.0 ok, id *\nC QUIT\nS 221 *\nE");
    unsigned n;
    str text = inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
    assert_int_not_equal(str_find(text, S("\r\nMessage-ID: <")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("\r\nDate: ")), STR_NPOS);
    assert_int_not_equal(str_find(text, S("with ESMTPA")), STR_NPOS);
    assert_int_equal(str_find(text, S("Bcc")), STR_NPOS);
    assert_int_equal(str_find(text, S("secret@")), STR_NPOS);
    assert_int_equal(str_find(text, S("for <")), STR_NPOS);
    assert_true(str_ends(text, S("From: Alice <alice@a.test>\r\nSubject: x\r\n\r\nhi\r\n")));
    assert_true(str_eq(queue_text(w),
                       S("<alice@a.test> to <bob@b.test> notify 12 orcpt rfc822;bob+x@b.test\n")));
}

static void no_relay_to_this_machine(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test>\nS 250 *\n"
         "C RCPT TO:<x@[127.0.0.1]>\nS 550 5.1.2 *\nC RCPT TO:<x@[127.9.8.7]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[0.0.0.0]>\nS 550 5.1.2 *\nC RCPT TO:<x@[IPv6:::1]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[IPv6:::]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[IPv6:::ffff:127.0.0.1]>\nS 550 5.1.2 *\n"
         "C RCPT TO:<x@[192.0.2.1]>\nS 250 *\nC RCPT TO:<x@[IPv6:2001:db8::1]>\nS 250 *\n"
         "C QUIT\nS 221 *\nE");
}

static void from_is_ones_own(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN
         "C MAIL FROM:<alice@a.test>\nS 250 *\nC RCPT TO:<carol@a.test>\nS 250 *\nC DATA\nS 354 *\n"
         "C From: The Boss <carol@a.test>\nC \nC .\nS 550 5.7.1 the From address is not yours\n");
}

static void an_alias_goes_far(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<bob@b.test>\nS 250 *\n"
         "C RCPT TO:<TEAM@a.test>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nC .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 1);
    assert_true(str_eq(queue_text(w), S("<bob@b.test> to <Far@b.test> notify 0 orcpt \n")));
}

static void success_is_reported(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test> ENVID=e+2B1 RET=FULL\nS 250 *\n"
                   "C RCPT TO:<carol@a.test> NOTIFY=SUCCESS ORCPT=rfc822;c+2Bx@a.test\nS 250 *\n"
                   "C RCPT TO:<bob@b.test> NOTIFY=SUCCESS,DELAY\nS 250 *\n"
                   "C DATA\nS 354 *\nC Subject: report me\nC \nC body text\nC .\nS 250 *\n");
    unsigned n;
    str report = inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    static const char *const lines[] = {
        "Return-Path: <>\r\n",
        "\r\nOriginal-Envelope-Id: e+1\r\n",
        "\r\nAction: delivered\r\n",
        "\r\nOriginal-Recipient: rfc822;c+x@a.test\r\n",
        "carol@a.test",
        "Subject: report me",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (str_find(report, str_of(lines[i])) == STR_NPOS)
            fail_msg("%s is not in %.*s", lines[i], STR_ARG(report));
    assert_int_equal(str_find(report, S("body text")), STR_NPOS);
    assert_int_equal(str_find(report, S("bob@b.test")), STR_NPOS);
    assert_true(str_eq(queue_text(w), S("<alice@a.test> to <bob@b.test> notify 10 orcpt \n")));

    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\n"
         "C RCPT TO:<carol@a.test> NOTIFY=SUCCESS\nS 250 *\nC DATA\nS 354 *\nC .\nS 250 *\n");
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 1);
    inbox(w, S("carol@a.test"), &n);
    assert_int_equal(n, 2);
}

static void an_expansion_is_reported(void **state)
{
    struct world *w = *state;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\n"
                   "C RCPT TO:<team@a.test> NOTIFY=SUCCESS\nS 250 *\n"
                   "C DATA\nS 354 *\nC .\nS 250 *\n");
    unsigned n;
    str report = inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 2); /* the letter, and the report */
    assert_int_not_equal(str_find(report, S("\r\nAction: expanded\r\n")), STR_NPOS);
    assert_true(str_eq(queue_text(w), S("<alice@a.test> to <Far@b.test> notify 1 orcpt \n")));
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

static void full_and_suspended(void **state)
{
    struct world *w = *state;
    struct user u = { .address = S("alice@a.test"), .password_hash = S("x"), .quota_messages = 1 };
    assert_int_equal(store_user_update(w->store, &u), OK);
    u = (struct user){ .address = S("carol@a.test"), .password_hash = S("x"), .suspended = true };
    assert_int_equal(store_user_update(w->store, &u), OK);
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C RCPT TO:<carol@a.test>\nS 550 5.2.1 *\nC DATA\nS 354 *\nC .\nS 250 *\n"
         "C MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 452 4.2.2 *\n");
}

/* A copy of the settings to change; lives as long as the world. */
static struct smtp_settings *own_settings(struct world *w)
{
    struct smtp_settings *own = ARENA_NEW(&w->arena, struct smtp_settings);
    *own = *w->mx.settings;
    w->mx.settings = w->submission.settings = own;
    return own;
}

static void silence_has_an_end(void **state)
{
    struct world *w = *state;
    struct smtp_settings *own = own_settings(w);
    own->idle_ms = 50;
    own->data_ms = 50;
    play(w, MX, "S 220 *\nS 421 4.4.2 mail.a.test nothing heard for too long\nE");
    play(w, MX, "S 220 *\nB EHL\nS 421 4.4.2 *\nE");
    own->idle_ms = 60000;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nB half a li\nE");
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C BDAT 100 LAST\nB half a chu\nE");
    unsigned n;
    inbox(w, S("alice@a.test"), &n);
    assert_int_equal(n, 0);
}

static void the_end_of_the_process_is_told(void **state)
{
    struct world *w = *state;
    int idle = client_open(w, MX), busy = client_open(w, MX);
    play_on(w, idle, "S 220 *\nC EHLO x\nS 250 *\n");
    play_on(
        w, busy,
        "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
        "C DATA\nS 354 *\nB half a li\n");
    loop_stop(w->loop, 3000);
    play_on(w, idle, "S 421 4.3.2 mail.a.test going down, try again soon\nE");
    play_on(w, busy, "E");
    seam_socket_close(w->seam, idle);
    seam_socket_close(w->seam, busy);
}

static void a_cut_connection_leaves_nothing(void **state)
{
    struct world *w = *state;
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C DATA\nS 354 *\nC a: b\nC \nC half a letter\n");
    play(w, MX,
         "S 220 *\nC EHLO x\nS 250 *\nC MAIL FROM:<>\nS 250 *\nC RCPT TO:<alice@a.test>\nS 250 *\n"
         "C BDAT 6\nC a: b\nS 250 *\n");
    play(w, MX, "S 220 *\nC NOOP\nS 250 *\n");
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

static void a_client_may_be_hidden(void **state)
{
    struct world *w = *state;
    own_settings(w)->hide_client = true;
    play(w, SUBMISSION,
         LOGGED_IN "C MAIL FROM:<alice@a.test>\nS 250 *\nC RCPT TO:<carol@a.test>\nS 250 *\n"
                   "C DATA\nS 354 *\nC .\nS 250 2.0.0 ok, id *\n");
    unsigned n;
    assert_int_equal(str_find(inbox(w, S("carol@a.test"), &n), S("127.0.0.1")), STR_NPOS);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_letter_arrives, begin, end),
        cmocka_unit_test_setup_teardown(recipients_are_judged_one_by_one, begin, end),
        cmocka_unit_test_setup_teardown(everything_at_once, begin, end),
        cmocka_unit_test_setup_teardown(smugglers_get_one_refusal, begin, end),
        cmocka_unit_test_setup_teardown(chunks_arrive, begin, end),
        cmocka_unit_test_setup_teardown(sizes_have_limits, begin, end),
        cmocka_unit_test_setup_teardown(errors_have_a_limit, begin, end),
        cmocka_unit_test_setup_teardown(nothing_may_follow_starttls, begin, end),
        cmocka_unit_test_setup_teardown(no_relay_to_this_machine, begin, end),
        cmocka_unit_test_setup_teardown(submission_wants_a_login, begin, end),
        cmocka_unit_test_setup_teardown(submission_completes_and_hides, begin, end),
        cmocka_unit_test_setup_teardown(from_is_ones_own, begin, end),
        cmocka_unit_test_setup_teardown(an_alias_goes_far, begin, end),
        cmocka_unit_test_setup_teardown(success_is_reported, begin, end),
        cmocka_unit_test_setup_teardown(an_expansion_is_reported, begin, end),
        cmocka_unit_test_setup_teardown(no_room_means_later, begin, end),
        cmocka_unit_test_setup_teardown(full_and_suspended, begin, end),
        cmocka_unit_test_setup_teardown(silence_has_an_end, begin, end),
        cmocka_unit_test_setup_teardown(the_end_of_the_process_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_cut_connection_leaves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(line_ends_are_repaired_where_it_is_set, begin, end),
        cmocka_unit_test_setup_teardown(a_client_may_be_hidden, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
