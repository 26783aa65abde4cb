/* compress.c - little that inflates to much, and what is no DEFLATE at all.
 *
 * "42.zip" and its kin have filled memories since the 1990s; in mail it was RFC 4978's COMPRESS and
 * before it the archives that filters opened. A session's input may be at most so many times what
 * was sent, costs no memory on its way, and nobody else's turn. Rule 13.
 */
#include <stdio.h>
#include <string.h>

#include "attacks/attack.h"

enum { LITERAL_BYTES = 60000000, PIECE = 1 << 20 };

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

static void bomb(struct field *f)
{
    attack_begin(f, "literals of a million times A");
    struct wire *w = attack_open(f, IMAPS_USER);
    wire_imap(w, "OK", "COMPRESS DEFLATE");
    wire_compress(w);
    for (int i = 0; i < 4 && one_literal(w); i++)
        attack_others(f);
    const char *line = wire_line(w, 20, NULL);
    while (line && text_matches(line, "b NO .*"))
        line = wire_line(w, 20, NULL);
    if (!line || !text_matches(line, "\\* BYE \\[CLIENTBUG\\] .*beyond all bounds"))
        attack_fail(f, "was answered %s", line ? line : "(nothing)");
    if (!wire_ended(w, 5)) attack_fail(f, "still open");
    wire_close(w);
    attack_end(f);
}

/* What is no DEFLATE, and what comes in clear where DEFLATE should. */
static const struct {
    const char *name;
    struct say bytes;
} damaged[] = {
    { "a command in clear", SAY("a NOOP\r\n") },
    { "a block of no type", SAY("\xff\xff\xff\xff") },
    { "a block that ends before it begins", SAY("\x07\x00") },
    { "a stored block whose length is a lie", SAY("\x01\x10\x00\x00\x00xxxxxxxxxxxxxxxx") },
    { "a distance before the beginning",
      SAY("\x0c\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x04\x00") },
    { "too many symbols", SAY("\xfc\x00\x00") },
    { "lengths that fit no code", SAY("\x04\x00\xfe\xff") },
    { "a zlib header", SAY("\x78\x9c\x4b\x54\x00\x00") },
    { "a gzip header", SAY("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03") },
};

static void damage(struct field *f, size_t i)
{
    attack_begin(f, damaged[i].name);
    struct wire *w = attack_open(f, IMAPS_USER);
    wire_imap(w, "OK", "COMPRESS DEFLATE");
    attack_send(w, &damaged[i].bytes);
    wire_compress(w);
    const char *line = wire_line(w, 5, NULL);
    if (!line || !text_matches(line, "\\* BYE \\[CLIENTBUG\\] .*"))
        attack_fail(f, "was answered %s", line ? line : "(nothing)");
    if (!wire_ended(w, 5)) attack_fail(f, "still open");
    wire_close(w);
    attack_end(f);
}

static void play(struct field *f)
{
    bomb(f);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        damage(f, i);
}

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS, "before a log-in",       COMMAND("COMPRESS DEFLATE"), BAD },
    { IMAPS_USER, "by what is not",   COMMAND("COMPRESS LZMA"), BAD },
    { IMAPS_USER, "without a name",   COMMAND("COMPRESS"), BAD },
};
/* clang-format on */
const struct class compress_class = { "compress", TABLE(attacks), play };
