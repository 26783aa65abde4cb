/* slow_readers.c - who asks for a large message and does not read it costs a bounded buffer
 * (docs/security.md, rule 20): by IMAP and POP3, in clear, in TLS and in DEFLATE.
 *
 *   slow_readers [MEGABYTES]      of the letter (100)
 *
 * Judged unless the program carries AddressSanitizer, which pads every allocation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/wire.h"

enum { PORT_CLEAR = 3143, PORT_CLEAR_POP3 = 3110, READERS = 12 };
enum { READER_MAX_BYTES = 600 * 1024 }; /* a stack, input and output, frames of the body, TLS */

static size_t letter_bytes = (size_t)100 << 20;
static struct world *world;
static struct server *server;

static double own_mb(void)
{
    char path[80], line[200];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", server_pid(server));
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssAnon: %lf", &kb) == 1) break;
    if (f) fclose(f);
    return kb / 1024;
}

/* --- the ways -----------------------------------------------------------------------------------
 */

static void imap_ask(struct wire *w, int i, bool compressed)
{
    wire_imap(w, "OK", "LOGIN r%d@b.test sesame", i);
    if (compressed) {
        wire_imap(w, "OK", "COMPRESS DEFLATE");
        wire_compress(w);
    }
    wire_imap(w, "OK", "SELECT INBOX");
    wire_say(w, "f FETCH 1 BODY.PEEK[]");
}

static struct wire *imap_begin(int port)
{
    struct wire *w = wire_open(server_address(server), port);
    if (port == PORT_IMAPS) wire_tls(w, world_ca(world), "mail.b.test");
    wire_expect(w, "\\* OK.*");
    return w;
}

static struct wire *imap_clear(int i)
{
    struct wire *w = imap_begin(PORT_CLEAR);
    imap_ask(w, i, false);
    return w;
}

static struct wire *imap_tls(int i)
{
    struct wire *w = imap_begin(PORT_IMAPS);
    imap_ask(w, i, false);
    return w;
}

static struct wire *imap_deflate(int i)
{
    struct wire *w = imap_begin(PORT_CLEAR);
    imap_ask(w, i, true);
    return w;
}

static struct wire *imap_both(int i)
{
    struct wire *w = imap_begin(PORT_IMAPS);
    imap_ask(w, i, true);
    return w;
}

static struct wire *pop3(int i, int port)
{
    struct wire *w = wire_open(server_address(server), port);
    if (port == PORT_POP3S) wire_tls(w, world_ca(world), "mail.b.test");
    wire_expect(w, "\\+OK.*");
    if (!wire_pop3(w, "USER r%d@b.test", i) || !wire_pop3(w, "PASS sesame"))
        fail_now("POP3 log-in: %s", wire_got(w));
    wire_say(w, "RETR 1");
    return w;
}

static struct wire *pop3_clear(int i)
{
    return pop3(i, PORT_CLEAR_POP3);
}

static struct wire *pop3_tls(int i)
{
    return pop3(i, PORT_POP3S);
}

static const struct way {
    const char *what;
    struct wire *(*begin)(int i);
} ways[] = {
    { "IMAP FETCH", imap_clear },
    { "IMAP FETCH in TLS", imap_tls },
    { "IMAP FETCH in DEFLATE", imap_deflate },
    { "IMAP FETCH in DEFLATE in TLS", imap_both },
    { "POP3 RETR", pop3_clear },
    { "POP3 RETR in TLS", pop3_tls },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* --- the cost -----------------------------------------------------------------------------------
 */

static bool padded(void)
{
    return file_has(program_posthorn(), "__asan_init");
}

/* A line of the answer is read, so that all is under way, and nothing else for a while. */
static void read_nothing(const struct way *way)
{
    struct wire *all[READERS];
    double before = own_mb(), each;
    for (int i = 0; i < READERS; i++)
        all[i] = way->begin(i);
    for (int i = 0; i < READERS; i++)
        if (!wire_line(all[i], 30, NULL)) fail_now("%s: no answer", way->what);
    usleep(500000);
    each = (own_mb() - before) / READERS;
    printf("# %s: %.0f KB a reader of %zu MB who does not read\n", way->what, each * 1024,
           letter_bytes >> 20);
    if (!padded() && each * (1 << 20) > READER_MAX_BYTES) fail_now("%s: too much", way->what);
    for (int i = 0; i < READERS; i++)
        wire_close(all[i]);
}

static void test_readers(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++)
        read_nothing(&ways[i]);
}

/* --- the world ----------------------------------------------------------------------------------
 */

static char *make_letter(void)
{
    static const char head[] = "From: ann@c.test\r\nSubject: large\r\n\r\n";
    unsigned random = 1;
    char *text = malloc(letter_bytes + 1);
    for (size_t i = 0; i < letter_bytes; i++) { /* hardly to be compressed */
        random = random * 1664525 + 1013904223;
        text[i] = (char)(i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : '0' + (random >> 16) % 75);
        if (text[i] == '.') text[i] = 'x';
    }
    memcpy(text, head, sizeof head - 1);
    return text;
}

/* One letter to all: its bytes are kept once. */
static void deliver(void)
{
    char *text = make_letter();
    size_t whole = letter_bytes / 78 * 78;
    struct wire *w = wire_open(server_address(server), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO c.test"), 250);
    assert_int_equal(wire_smtp(w, "MAIL FROM:<ann@c.test>"), 250);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(wire_smtp(w, "RCPT TO:<r%d@b.test>", i), 250);
    wire_say(w, "BDAT %zu LAST", whole);
    wire_send(w, text, whole);
    wire_expect(w, "250 .*");
    wire_close(w);
    free(text);
}

static int set_up(void **state)
{
    char extra[600], at[16], user[32];
    (void)state;
    world = world_new();
    world_address(world, 2, at);
    snprintf(
        extra, sizeof extra,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener clear3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
        "[smtp]\nsize_max = 200M\n",
        at, PORT_CLEAR, at, PORT_CLEAR_POP3);
    server = server_start(world, "b.test", extra);
    for (int i = 0; i < READERS; i++) {
        snprintf(user, sizeof user, "r%d@b.test", i);
        server_user(server, user, "sesame");
    }
    deliver();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_readers) };
    if (argc > 1) letter_bytes = strtoul(argv[1], NULL, 10) << 20;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
