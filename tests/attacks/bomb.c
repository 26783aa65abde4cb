/* bomb.c - little that inflates to much: a compressed session may not grow beyond bounds, and
 * meanwhile costs no memory and nobody's turn.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks/attack.h"
#include "support/fail.h"

enum { LITERAL_BYTES = 60000000, PIECE = 1 << 20, MEMORY_MAX_KB = 16 * 1024 };

static long memory_kb(struct server *s)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", server_pid(s));
    char *text = file_read(path, NULL), *at = text ? strstr(text, "VmRSS:") : NULL;
    if (!at) fail_now("no %s", path);
    long kb = strtol(at + 6, NULL, 10);
    free(text);
    return kb;
}

/* Small literals that are refused and swallowed: each is within its limit. False: it was ended. */
static bool one_literal(struct wire *w)
{
    static char piece[PIECE];
    memset(piece, 'A', sizeof piece);
    if (!wire_say(w, "b APPEND nowhere {%d+}", LITERAL_BYTES)) return false;
    for (size_t left = LITERAL_BYTES, n; left; left -= n) {
        n = left < PIECE ? left : PIECE;
        if (!wire_send(w, piece, n)) return false;
    }
    return wire_say(w, "%s", "");
}

void play_bomb(struct server *s, const char *ca, struct wire *other)
{
    struct wire *w = imap_open(s, ca, "alice@a.test", "secret");
    wire_imap(w, "OK", "COMPRESS DEFLATE");
    wire_compress(w);
    wire_imap(w, "OK", "NOOP");
    long before = memory_kb(s);
    bool ended = false;
    for (int i = 0; i < 4 && !ended; i++) {
        double began = now_s();
        ended = !one_literal(w);
        wire_imap(other, "OK", "NOOP");
        assert_true(now_s() - began < 20);
    }
    const char *line = wire_line(w, 20, NULL);
    while (line && text_matches(line, "b NO .*"))
        line = wire_line(w, 20, NULL);
    if (!line || !text_matches(line, "\\* BYE \\[CLIENTBUG\\] .*beyond all bounds"))
        fail_now("a bomb was answered: %s", line ? line : "(nothing)");
    assert_true(wire_ended(w, 5));
    wire_close(w);
    long grown = memory_kb(s) - before;
    printf("# a bomb left %ld KB\n", grown);
    if (!file_has(program_posthorn(), "__asan_init")) assert_true(grown < MEMORY_MAX_KB);
}

/* What is no DEFLATE at all, and a stream that ends in the middle of a command. */
void play_damage(struct server *s, const char *ca)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        { "a NOOP\r\n", 8, "\\* BYE \\[CLIENTBUG\\] .*" },
        { "\xff\xff\xff\xff", 4, "\\* BYE \\[CLIENTBUG\\] .*" },
        { "\x07\x00", 2, "\\* BYE \\[CLIENTBUG\\] .*" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire *w = imap_open(s, ca, "alice@a.test", "secret");
        wire_imap(w, "OK", "COMPRESS DEFLATE");
        wire_send(w, cases[i].bytes, cases[i].n);
        wire_compress(w);
        wire_expect(w, cases[i].want);
        assert_true(wire_ended(w, 5));
        wire_close(w);
    }
}
