/* service.c - rules 20 to 25: service beside others, after failures, and at the end. */
#include <signal.h>

#include "rules/rules.h"

/* --- large messages and many connections ------------------------------------------------------ */

enum { LARGE_BYTES = 8 << 20, READERS = 16, READER_BYTES = 512 * 1024, SLOW = 100 };

void rule_20_large_messages_stream(void **state)
{
    static struct wire *readers[READERS];
    (void)state;
    char *letter = malloc(LARGE_BYTES);
    int n = snprintf(letter, LARGE_BYTES, "Subject: large\r\n\r\n");
    for (size_t i = (size_t)n; i < LARGE_BYTES; i++)
        letter[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : (char)('a' + (i * i / 64) % 26);
    struct wire *w = alice(PORT_IMAPS);
    wire_imap(w, "OK", "CREATE large");
    wire_say(w, "a APPEND large {%d+}", LARGE_BYTES);
    wire_send(w, letter, LARGE_BYTES);
    wire_say(w, "%s", "");
    wire_expect(w, "a OK .*");
    free(letter);

    /* Asked for, and not taken: what is not yet sent stays on the disk. */
    uint64_t before = memory_bytes();
    for (int i = 0; i < READERS; i++) {
        readers[i] = alice(PORT_IMAPS);
        wire_imap(readers[i], "OK", "SELECT large");
        wire_say(readers[i], "f FETCH 1 BODY.PEEK[]");
    }
    for (int i = 0; i < 20; i++)
        wire_imap(w, "OK", "NOOP");
    for (int i = 0; i < READERS; i++)
        wire_expect(readers[i], "\\* 1 FETCH .*\\{8388608\\}");
    uint64_t grown = memory_bytes() > before ? memory_bytes() - before : 0;
    if (grown > (uint64_t)READERS * READER_BYTES)
        fail_now("%d who do not read cost %llu bytes", READERS, (unsigned long long)grown);
    for (int i = 0; i < READERS; i++)
        wire_close(readers[i]);
    wire_close(w);
}

void rule_21_strangers_do_not_crowd_out(void **state)
{
    static const int ports[] = { PORT_SMTP, PORT_IMAP, PORT_POP3, PORT_IMAPS };
    static struct wire *slow[SLOW];
    (void)state;
    for (int i = 0; i < SLOW; i++) {
        slow[i] = wire_open(server_address(server), ports[i % 4]);
        wire_send(slow[i], i % 4 == 3 ? "\x16\x03\x01" : "A",
                  i % 4 == 3 ? 3 : 1); /* half a handshake */
    }
    double began = now_s();
    wire_close(alice(PORT_IMAPS));
    wire_close(alice(PORT_POP3S));
    wire_close(alice(PORT_SUBMISSIONS));
    double took = now_s() - began;
    if (took > 3 * 2) fail_now("three log-ins took %.1f s", took);
    for (int i = 0; i < SLOW; i++)
        wire_close(slow[i]);
}

/* --- failed log-ins --------------------------------------------------------------------------- */

/* The answer to one, and how long it took. */
static const char *refusal(int port, const char *user, double *took)
{
    static char answer[500];
    struct wire *w = wire_open(server_address(server), port);
    wire_tls(w, world_ca(world), "mail.a.test");
    wire_line(w, 10, NULL);
    double began = now_s();
    if (port == PORT_IMAPS) wire_say(w, "a LOGIN %s wrong", user);
    if (port == PORT_POP3S) wire_say(w, "USER %s", user);
    if (port == PORT_POP3S) wire_expect(w, "\\+OK .*");
    if (port == PORT_POP3S) wire_say(w, "PASS wrong");
    snprintf(answer, sizeof answer, "%s", wire_expect(w, "(a NO|-ERR) .*"));
    *took = now_s() - began;
    wire_close(w);
    return answer;
}

void rule_22_failures_tell_nothing(void **state)
{
    static const int ports[] = { PORT_IMAPS, PORT_POP3S };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char known[500];
        double known_s, unknown_s;
        snprintf(known, sizeof known, "%s", refusal(ports[i], "bob@a.test", &known_s));
        assert_string_equal(refusal(ports[i], "nobody@a.test", &unknown_s), known);
        assert_string_equal(refusal(ports[i], "nobody@elsewhere.test", &unknown_s), known);
        assert_true(known_s > 0.19 && unknown_s > 0.19); /* the delay that is set */
    }
}

/* --- crashes ---------------------------------------------------------------------------------- */

static unsigned number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    if (!at) fail_now("no %s in: %s", word, text);
    return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

void rule_23_one_transaction_an_acknowledgement(void **state)
{
    (void)state;
    int before = messages_of("bob@a.test");
    struct wire *w = stranger(PORT_SMTP);
    assert_int_equal(wire_smtp(w, "EHLO e"), 250);
    assert_int_equal(smtp_message(w, "x@e.test", "bob@a.test", "Subject: kept\r\n\r\nx\r\n"), 250);
    server_kill(server);
    wire_close(w);
    server_restart(server);
    assert_int_equal(messages_of("bob@a.test"), before + 1);
}

void rule_24_readable_at_once_after_a_crash(void **state)
{
    char output[4000];
    (void)state;
    struct wire *w = alice(PORT_IMAPS);
    append(w, "Subject: x\r\n\r\nx\r\n", 17);
    const char *said = wire_imap(w, "OK", "STATUS INBOX (UIDNEXT UIDVALIDITY)");
    unsigned uidnext = number_after(said, "UIDNEXT "),
             validity = number_after(said, "UIDVALIDITY ");
    wire_close(w);

    /* A second server on the same folder: the kernel says that the first lives, no file does. */
    int status = RUN(output, sizeof output, 10, NULL, program_posthorn(), "--config",
                     server_config(server), "serve");
    assert_int_not_equal(status, 0);
    server_kill(server);
    double began = now_s();
    server_restart(server);
    w = alice(PORT_IMAPS);
    if (now_s() - began > 5)
        fail_now("%.1f s until the first log-in after a crash", now_s() - began);
    said = wire_imap(w, "OK", "STATUS INBOX (UIDNEXT UIDVALIDITY)");
    assert_int_equal(number_after(said, "UIDNEXT "), uidnext);
    assert_int_equal(number_after(said, "UIDVALIDITY "), validity);
    wire_close(w);
}

/* --- the end ---------------------------------------------------------------------------------- */

void rule_25_resources_end(void **state)
{
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "/proc/%d/status", (int)server_pid(server));
    char *text = file_read(path, NULL);
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    assert_non_null(strstr(text, "Seccomp:\t2"));
    free(text);

    /* One idles, one is in the middle of a message that it never ends. */
    struct wire *idle = alice(PORT_IMAPS), *half = stranger(PORT_SMTP);
    wire_imap(idle, "OK", "SELECT INBOX");
    wire_say(idle, "i IDLE");
    wire_expect(idle, "\\+ .*");
    assert_int_equal(wire_smtp(half, "EHLO e"), 250);
    assert_int_equal(wire_smtp(half, "MAIL FROM:<x@e.test>"), 250);
    assert_int_equal(wire_smtp(half, "RCPT TO:<bob@a.test>"), 250);
    assert_int_equal(wire_smtp(half, "DATA"), 354);
    double began = now_s();
    assert_int_equal(server_stop(server), 0);
    if (now_s() - began > 15) fail_now("SIGTERM took %.1f s", now_s() - began);
    wire_expect(idle, "\\* BYE .*");
    wire_expect(half, "421 .*");
    wire_close(idle);
    wire_close(half);
    server_restart(server);
    wire_close(alice(PORT_IMAPS));
}
