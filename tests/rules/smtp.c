/* smtp.c - rules 1 to 11: what comes in over SMTP, submission and LMTP, and what goes out. */
#include <openssl/ssl.h>

#include "attacks/recorder.h"
#include "rules/rules.h"
#include "support/chat.h"

#define FINE     "(250[ -][^\n]*\n)+"
#define ENVELOPE "EHLO e.test\r\nMAIL FROM:<x@e.test>\r\nRCPT TO:<bob@a.test>\r\n"
#define LMTP     "LHLO e.test\r\nMAIL FROM:<x@e.test>\r\nRCPT TO:<bob@a.test>\r\n"
#define MINE     "MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\n"
#define ENDS(end)                                                         \
    { PORT_SMTP, SAY(ENVELOPE "DATA\r\nx" end "y\r\n.\r\nQUIT\r\n"),      \
      FINE "354 .*\n550 .*\n221 [^\n]*\n" },                              \
        { PORT_LMTP, SAY(LMTP "DATA\r\nx" end "y\r\n.\r\nQUIT\r\n"),      \
          FINE "354 .*\n550 .*\n221 [^\n]*\n" },                          \
    {                                                                     \
        PORT_SUBMISSIONS, SAY(MINE "DATA\r\nx" end "y\r\n.\r\nQUIT\r\n"), \
            FINE "354 .*\n550 .*\n221 [^\n]*\n"                           \
    }

void rule_01_only_crlf_dot_crlf_ends_data(void **state)
{
    static const struct say rows[] = {
        ENDS("\n.\n"), ENDS("\r\n.\n"), ENDS("\n.\r\n"),
        ENDS("\r.\r"), ENDS("\r\n.\r"), ENDS("a\0b"),
    };
    (void)state;
    SAYS(rows);
    assert_int_equal(messages_of("bob@a.test"), 0);
}

static bool one_letter(void *recorder)
{
    return recorder_letters(recorder) == 1;
}

/* By BDAT no dot is doubled and the end is counted: on the way out both are made anew. */
void rule_02_what_leaves_is_clean(void **state)
{
    static const char letter[] = "Subject: dots\r\n\r\n.\r\n..\r\n.two\r\n.\r\n";
    static const char wire_form[] = "\r\n\r\n..\r\n...\r\n..two\r\n..\r\n.\r\n";
    char address[16];
    size_t n;
    (void)state;
    struct recorder *r = recorder_start(world_address(world, 9, address), PORT_SMTP);
    struct wire *w = alice(PORT_SUBMISSIONS);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test>"), 250);
    assert_int_equal(wire_smtp(w, "RCPT TO:<x@peer.test>"), 250);
    wire_say(w, "BDAT %zu LAST", sizeof letter - 1);
    wire_send(w, letter, sizeof letter - 1);
    assert_int_equal(wire_smtp(w, NULL), 250);
    assert_true(wait_until(one_letter, r, 20));
    const char *got = recorder_letter(r, 0, &n);
    assert_true(n > sizeof wire_form);
    assert_memory_equal(got + n - (sizeof wire_form - 1), wire_form, sizeof wire_form - 1);

    /* What is no line end is not sent onwards: without BINARYMIME it is not even taken. */
    assert_int_equal(wire_smtp(w, "MAIL FROM:<alice@a.test>"), 250);
    assert_int_equal(wire_smtp(w, "RCPT TO:<x@peer.test>"), 250);
    wire_say(w, "BDAT 21 LAST");
    wire_send(w, "Subject: x\r\n\r\na\n.\n\rb\r", 21);
    assert_int_equal(wire_smtp(w, NULL) / 100, 5);
    wire_close(w);
    recorder_stop(r);
    recorder_free(r);
}

/* The end of the line, taken for itself, would be a command. */
static void long_line(int port, size_t n, const char *end, const char *want)
{
    struct wire *w = stranger(port);
    char *line = malloc(n);
    memset(line, 'A', n);
    wire_send(w, line, n);
    wire_say(w, "%s", end);
    const char *all = hear_all(w);
    if (!text_matches(all, want)) fail_now("port %d, %zu letters: %s", port, n, all);
    free(line);
    wire_close(w);
}

void rule_03_long_lines_are_refused_whole(void **state)
{
    static const size_t smtp[] = { 4095, 4096, 4097, 8192, 16384, 100000 };
    static const size_t pop3[] = { 511, 512, 513, 4096, 20000 };
    static const size_t imap[] = { 65535, 65536, 65537, 200000 };
    (void)state;
    for (size_t i = 0; i < sizeof smtp / sizeof *smtp; i++) {
        /* What ends it is no line end: nothing behind it is believed. */
        long_line(PORT_SMTP, smtp[i], "\nHELP\r\nQUIT", "500 [^\n]*\n");
        long_line(PORT_SMTP, smtp[i], "QUIT\r\nNOOP\r\nQUIT",
                  "500 [^\n]*\n250 [^\n]*\n221 [^\n]*\n");
        long_line(PORT_LMTP, smtp[i], "QUIT\r\nNOOP\r\nQUIT",
                  "500 [^\n]*\n250 [^\n]*\n221 [^\n]*\n");
    }
    for (size_t i = 0; i < sizeof pop3 / sizeof *pop3; i++)
        long_line(PORT_POP3, pop3[i], "\nCAPA\r\nQUIT", "-ERR [^\n]*\n");
    for (size_t i = 0; i < sizeof pop3 / sizeof *pop3; i++)
        long_line(PORT_POP3, pop3[i], "QUIT\r\nNOOP\r\nQUIT",
                  "-ERR [^\n]*\n-ERR [^\n]*\n\\+OK [^\n]*\n");
    for (size_t i = 0; i < sizeof imap / sizeof *imap; i++)
        long_line(PORT_IMAP, imap[i], "\r\nx LOGOUT",
                  "(\\* BAD [^\n]*\n)?\\* BYE [^\n]*\n(x OK [^\n]*\n)?");
}

/* --- TLS -------------------------------------------------------------------------------------- */

void rule_04_starttls_forgets(void **state)
{
    static const struct say behind[] = {
        { PORT_SMTP, SAY("EHLO e\r\nSTARTTLS\r\nNOOP\r\n"), FINE "503 [^\n]*\n" },
        { PORT_SUBMISSION, SAY("EHLO e\r\nSTARTTLS\r\nNOOP\r\n"), FINE "503 [^\n]*\n" },
        { PORT_IMAP, SAY("a STARTTLS\r\nb NOOP\r\n"), "\\* BYE [^\n]*\na BAD [^\n]*\n" },
        { PORT_POP3, SAY("STLS\r\nNOOP\r\n"), "-ERR [^\n]*\n" },
    };
    (void)state;
    SAYS(behind);

    struct wire *w = stranger(PORT_SMTP);
    assert_int_equal(wire_smtp(w, "EHLO e"), 250);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<x@e.test>"), 250);
    assert_int_equal(wire_smtp(w, "STARTTLS"), 220);
    wire_tls(w, world_ca(world), "mail.a.test");
    assert_int_equal(wire_smtp(w, "RCPT TO:<bob@a.test>"), 503);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<x@e.test>"), 503); /* the EHLO is forgotten too */
    wire_close(w);

    w = stranger(PORT_IMAP);
    wire_imap(w, "OK", "STARTTLS");
    wire_tls(w, world_ca(world), "mail.a.test");
    assert_null(strstr(wire_imap(w, "OK", "CAPABILITY"), "STARTTLS"));
    wire_imap(w, "BAD", "STARTTLS");
    wire_close(w);

    w = stranger(PORT_POP3);
    assert_true(wire_pop3(w, "STLS"));
    wire_tls(w, world_ca(world), "mail.a.test");
    assert_false(wire_pop3(w, "PASS secret")); /* of nobody */
    wire_close(w);
}

/* TLS ends in the middle of a chunk, and the rest comes in clear. */
void rule_05_the_end_of_tls_is_the_end(void **state)
{
    (void)state;
    struct chat *c = chat_open(server_address(server), PORT_SMTP);
    assert_int_equal(chat_smtp_reply(c), 220);
    assert_int_equal(chat_smtp(c, "EHLO e.test"), 250);
    assert_int_equal(chat_smtp(c, "STARTTLS"), 220);
    assert_true(chat_tls(c, world_ca(world), "mail.a.test"));
    assert_int_equal(chat_smtp(c, "EHLO e.test"), 250);
    assert_int_equal(chat_smtp(c, "MAIL FROM:<x@e.test>"), 250);
    assert_int_equal(chat_smtp(c, "RCPT TO:<bob@a.test>"), 250);
    chat_say(c, "BDAT 30 LAST");
    chat_send(c, "Subject: x\r\n", 12);
    SSL_shutdown(c->tls);
    SSL_free(c->tls);
    c->tls = NULL;
    chat_send(c, "\r\nin clear 4567890\r\nNOOP\r\n", 27);
    assert_int_equal(chat_smtp_reply(c), 0);
    assert_true(c->dead);
    chat_close(c);
    assert_int_equal(messages_of("bob@a.test"), 0);
}

/* --- sizes and addresses ---------------------------------------------------------------------- */

#define CHUNK(size)                                                                       \
    {                                                                                     \
        PORT_SMTP, SAY(ENVELOPE "BDAT " size "\r\nNOOP\r\nQUIT\r\n"), FINE "501 [^\n]*\n" \
    }

void rule_06_sizes_are_digits(void **state)
{
    static const struct say rows[] = {
        CHUNK("-1"),
        CHUNK("+6"),
        CHUNK("0x6"),
        CHUNK("6 6"),
        CHUNK("6,"),
        CHUNK("6 LAST x"),
        CHUNK(""),
        CHUNK("18446744073709551616"),
        CHUNK("18446744073709551622 LAST"),
        CHUNK("99999999999999999999999"),
        /* Refused, and swallowed: what it holds is no command. */
        { PORT_SMTP, SAY("EHLO e\r\nBDAT 6\r\nQUIT\r\nNOOP\r\nQUIT\r\n"),
          FINE "503 [^\n]*\n250 [^\n]*\n221 [^\n]*\n" },
        { PORT_SMTP, SAY("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\nQUIT\r\n"),
          "503 [^\n]*\n250 [^\n]*\n221 [^\n]*\n" },
        { PORT_SUBMISSION, SAY("EHLO e\r\nBDAT 6\r\nQUIT\r\nNOOP\r\nQUIT\r\n"),
          FINE "503 [^\n]*\n250 [^\n]*\n221 [^\n]*\n" },
        { PORT_IMAP, SAY("a LOGIN {18446744073709551621+}\r\nb NOOP\r\nc LOGOUT\r\n"),
          "(a BAD [^\n]*\n)?\\* BYE [^\n]*\n" },
        { PORT_IMAP, SAY("a LOGIN {-1}\r\nc LOGOUT\r\n"),
          "a BAD [^\n]*\n\\* BYE [^\n]*\nc OK [^\n]*\n" },
        { PORT_IMAP, SAY("a NONE {8+}\r\nx NOOP\r\n\r\nc LOGOUT\r\n"),
          "a BAD [^\n]*\n\\* BYE [^\n]*\nc OK [^\n]*\n" },
    };
    (void)state;
    SAYS(rows);
}

#define RCPT(path, code)                                                                  \
    {                                                                                     \
        PORT_SMTP, SAY("EHLO e\r\nMAIL FROM:<x@e.test>\r\nRCPT TO:" path "\r\nQUIT\r\n"), \
            FINE code " [^\n]*\n221 [^\n]*\n"                                             \
    }

void rule_07_addresses_are_strict(void **state)
{
    static const struct say rows[] = {
        RCPT("<bob@a.test>", "250"),
        RCPT("<\"bob\"@A.TEST>", "250"),
        RCPT("<bob@a.test", "501"),
        RCPT("<<bob@a.test>>", "501"),
        RCPT("<bob>@a.test", "501"),
        RCPT("<bob@@a.test>", "501"),
        RCPT("<.bob@a.test>", "501"),
        RCPT("<bob@a..test>", "501"),
        RCPT("<bob@a.test,alice@a.test>", "501"),
        RCPT("<bob@a.test\0>", "500"),
        RCPT("<;id;@a.test>", "501"),
        RCPT("<|id@a.test>", "550"),
        RCPT("<`id`@a.test>", "550"),
        RCPT("<bob@a.test> ORCPT=rfc822;a+0D+0AQUIT", "501"),
        RCPT("<bob@a.test> ORCPT=rfc822;a+00b", "501"),
        RCPT("<bob@a.test> ORCPT=rfc822;a+0", "501"),
    };
    (void)state;
    SAYS(rows);
}

/* --- who may do what -------------------------------------------------------------------------- */

void rule_08_no_relay_for_strangers(void **state)
{
    static const struct say rows[] = {
        RCPT("<x@b.test>", "550"),
        RCPT("<@a.test:x@b.test>", "(550|501|551)"),
        RCPT("<x%b.test@a.test>", "550"),
        RCPT("<b.test!x@a.test>", "550"),
        RCPT("<\"x@b.test\"@a.test>", "550"),
        RCPT("<x@[127.0.0.1]>", "550"),
        RCPT("<x@b.test@a.test>", "501"),
        RCPT("<\"x@b.test\">", "501"),
        RCPT("<x@b.test.>", "501"),
        { PORT_SMTP, SAY("EHLO e\r\nMAIL FROM:<>\r\nRCPT TO:<x@b.test>\r\nQUIT\r\n"),
          FINE "550 [^\n]*\n221 [^\n]*\n" },
        { PORT_SMTP, SAY("EHLO e\r\nMAIL FROM:<alice@a.test>\r\nRCPT TO:<x@b.test>\r\nQUIT\r\n"),
          FINE "550 [^\n]*\n221 [^\n]*\n" },
        { PORT_SUBMISSION, SAY("EHLO e\r\nMAIL FROM:<alice@a.test>\r\nQUIT\r\n"),
          FINE "530 [^\n]*\n221 [^\n]*\n" },
        { PORT_LMTP, SAY("LHLO e\r\nMAIL FROM:<x@e.test>\r\nRCPT TO:<x@b.test>\r\nQUIT\r\n"),
          FINE "550 [^\n]*\n221 [^\n]*\n" },
        { PORT_SMTP, SAY("EHLO e\r\nAUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\nQUIT\r\n"),
          FINE "502 [^\n]*\n221 [^\n]*\n" },
    };
    (void)state;
    SAYS(rows);
}

/* alice's password, and bob's name to act for; the same with a name of nobody. */
#define FOR_BOB "Ym9iQGEudGVzdABhbGljZUBhLnRlc3QAc2VjcmV0"

void rule_09_the_sender_is_who_logged_in(void **state)
{
    (void)state;
    struct wire *w = alice(PORT_SUBMISSIONS);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<bob@a.test>"), 550);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<x@b.test>"), 550);
    assert_int_equal(
        smtp_message(w, "alice@a.test", "bob@a.test", "From: bob@a.test\r\n\r\nx\r\n") / 100, 5);
    assert_int_equal(smtp_message(w, "alice@a.test", "bob@a.test",
                                  "From: alice@a.test\r\nFrom: bob@a.test\r\n\r\nx\r\n") /
                         100,
                     5);
    assert_int_equal(smtp_message(w, "", "bob@a.test", "From: bob@a.test\r\n\r\nx\r\n") / 100, 5);
    wire_close(w);
    assert_int_equal(messages_of("bob@a.test"), 0);

    w = wire_open(server_address(server), PORT_SUBMISSIONS);
    wire_tls(w, world_ca(world), "mail.a.test");
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO e"), 250);
    assert_int_equal(wire_smtp(w, "AUTH PLAIN " FOR_BOB), 535);
    wire_close(w);
    w = wire_open(server_address(server), PORT_IMAPS);
    wire_tls(w, world_ca(world), "mail.a.test");
    wire_expect(w, "\\* OK .*");
    wire_imap(w, "NO", "AUTHENTICATE PLAIN " FOR_BOB);
    wire_close(w);
    w = wire_open(server_address(server), PORT_POP3S);
    wire_tls(w, world_ca(world), "mail.a.test");
    wire_expect(w, "\\+OK .*");
    assert_false(wire_pop3(w, "AUTH PLAIN " FOR_BOB));
    wire_close(w);
}

static bool queue_is_empty(void *arg)
{
    int status;
    (void)arg;
    return strstr(CLI(server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

void rule_10_unknown_recipients_loops_and_bounces(void **state)
{
    static const struct say unknown[] = { RCPT("<nobody@a.test>", "550") };
    static char looped[10000];
    size_t n = 0;
    (void)state;
    SAYS(unknown);

    for (int i = 0; i < 51; i++)
        n += (size_t)snprintf(looped + n, sizeof looped - n,
                              "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n");
    snprintf(looped + n, sizeof looped - n, "\r\nx\r\n");
    struct wire *w = stranger(PORT_SMTP);
    assert_int_equal(wire_smtp(w, "EHLO e"), 250);
    assert_int_equal(smtp_message(w, "x@e.test", "bob@a.test", looped), 554);
    wire_close(w);

    /* Undeliverable, with the null sender: it ends, and nobody is told; with a sender he is. */
    int before = messages_of("alice@a.test");
    w = alice(PORT_SUBMISSIONS);
    assert_int_equal(smtp_message(w, "", "x@c.test", "From: alice@a.test\r\n\r\nx\r\n"), 250);
    assert_int_equal(smtp_message(w, "alice@a.test", "x@c.test", "From: alice@a.test\r\n\r\nx\r\n"),
                     250);
    wire_close(w);
    assert_true(wait_until(queue_is_empty, NULL, 20));
    assert_int_equal(messages_of("alice@a.test"), before + 1);
}

void rule_11_errors_and_harvesting_are_limited(void **state)
{
    static const struct say same[] = { { PORT_SMTP,
                                         SAY("EHLO e\r\nVRFY bob\r\nVRFY none\r\nQUIT\r\n"),
                                         FINE "(252 [^\n]*\n){2}221 [^\n]*\n" } };
    int refused = 0, code = 0;
    (void)state;
    struct wire *w = stranger(PORT_SMTP);
    assert_int_equal(wire_smtp(w, "EHLO e"), 250);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<x@e.test>"), 250);
    /* The end comes behind the last answer, as a 421 of its own. */
    while (refused < 100 && (code = wire_smtp(w, "RCPT TO:<user%d@a.test>", refused)) == 550)
        if (++refused == 20) break;
    assert_int_equal(refused, 20);
    wire_expect(w, "421 .*");
    assert_true(wire_ended(w, 5));
    wire_close(w);
    SAYS(same);
}
