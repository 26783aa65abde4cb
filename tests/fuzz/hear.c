/* hear.c - replies in order: lines end in CRLF, literals are as long as they say, tags are ours. */
#include "hear.h"

#include <stdio.h>

#include "base/mem.h"

/* Like REQUIRE, and what was said is shown. */
#define JUDGE(x, text) ((x) ? (void)0 : refuse(#x, text))

static _Noreturn void refuse(const char *what, str text)
{
    fprintf(stderr, "said: ");
    fwrite(text.p, 1, text.n, stderr);
    fprintf(stderr, "\n");
    finding(what);
}

/* The next line without its CRLF; false when the connection ended before it did. */
static bool next_line(str *rest, str *line)
{
    size_t end = str_chr(*rest, '\n');
    if (end == STR_NPOS) return false;
    REQUIRE(end > 0 && rest->p[end - 1] == '\r');
    *line = str_take(*rest, end - 1);
    REQUIRE(!str_has(*line, '\r') && !str_has(*line, '\0'));
    *rest = str_from(*rest, end + 1);
    return true;
}

/* --- SMTP and LMTP: RFC 5321 4.2 -------------------------------------------------------------- */

static void smtp_check(str said, str heard)
{
    (void)said;
    str line, code = { 0 };
    while (next_line(&heard, &line)) {
        REQUIRE(line.n >= 4 && line.p[0] >= '2' && line.p[0] <= '5' && line.p[1] <= '5');
        REQUIRE(ascii_digit(line.p[1]) && ascii_digit(line.p[2]));
        REQUIRE(line.p[3] == ' ' || line.p[3] == '-');
        REQUIRE(!code.n || str_eq(code, str_take(line, 3))); /* one reply, one code */
        code = line.p[3] == '-' ? str_take(line, 3) : (str){ 0 };
        for (size_t i = 4; i < line.n; i++)
            JUDGE((unsigned char)line.p[i] >= ' ' && line.p[i] != 0x7f, line);
    }
}

/* --- POP3: RFC 1939 3 ------------------------------------------------------------------------- */

/* Letters come as they are, so that lines are all that can be judged behind the first. */
static void pop3_check(str said, str heard)
{
    (void)said;
    str line;
    REQUIRE(!heard.n || heard.p[0] == '+' || heard.p[0] == '-');
    REQUIRE(heard.n < 3 || str_starts(heard, S("+OK")) || str_starts(heard, S("-ER")));
    for (size_t n = 0; (n = str_chr(heard, '\n')) != STR_NPOS; heard = str_from(heard, n + 1)) {
        line = str_take(heard, n);
        REQUIRE(str_ends(line, S("\r")));
        REQUIRE(!str_starts(line, S(".")) || line.n == 2 ||
                line.p[1] == '.'); /* stuffed, or the end */
    }
}

/* --- IMAP: RFC 9051 9 ------------------------------------------------------------------------- */

/* The bytes of the literal that ends this line; false if none does. */
static bool literal_after(str line, size_t *bytes)
{
    uint64_t n = 0;
    size_t open = str_rchr(line, '{');
    if (open == STR_NPOS || !str_ends(line, S("}"))) return false;
    if (!str_u64(str_sub(line, open + 1, line.n - open - 2), SIZE_MAX, &n)) return false;
    *bytes = (size_t)n;
    return true;
}

/* A word that we said stands in front, and then how it ended. */
static void tagged(str said, str line)
{
    str tag = str_take(line, str_chr(line, ' '));
    str rest = str_from(line, tag.n + 1);
    JUDGE(tag.n && str_find(said, tag) != STR_NPOS, line);
    JUDGE(str_starts(rest, S("OK ")) || str_starts(rest, S("NO ")) || str_starts(rest, S("BAD ")),
          line);
}

/* What is open at the end of a piece of a response: strings are closed, parentheses match. */
struct nesting {
    bool judged, quoted;
    int depth;
};

static void nest(struct nesting *in, str piece)
{
    for (size_t i = 0; in->judged && i < piece.n; i++) {
        if (in->quoted && piece.p[i] == '\\') {
            i++;
            continue;
        }
        if (piece.p[i] == '"') in->quoted = !in->quoted;
        if (in->quoted) continue;
        in->depth += (piece.p[i] == '(') - (piece.p[i] == ')');
        REQUIRE(in->depth >= 0);
    }
}

/* Data, not words for people. */
static bool is_data(str line)
{
    static const str words[] = { S_INIT("OK"), S_INIT("NO"), S_INIT("BAD"), S_INIT("BYE"),
                                 S_INIT("PREAUTH") };
    str rest = str_from(line, 2), word = str_take(rest, str_chr(rest, ' '));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_eq(word, words[i])) return false;
    return str_starts(line, S("* "));
}

static void imap_check(str said, str heard)
{
    str line;
    bool begins = true;
    struct nesting in = { 0 };
    while (next_line(&heard, &line)) {
        size_t literal = 0;
        for (size_t i = 0; i < line.n; i++)
            JUDGE((uint8_t)line.p[i] >= ' ' || line.p[i] == '\t', line); /* TEXT-CHAR */
        JUDGE(!str_has(line, 0x7f), line);
        if (begins) {
            in = (struct nesting){ .judged = is_data(line) };
            if (!str_starts(line, S("* ")) && !str_starts(line, S("+ "))) tagged(said, line);
            if (str_find(line, S("OK DEFLATE from here on")) != STR_NPOS) return;
        }
        begins = !literal_after(line, &literal);
        nest(&in, line);
        if (begins) REQUIRE(!in.judged || (!in.depth && !in.quoted));
        if (literal > heard.n) return;
        heard = str_from(heard, literal);
    }
}

/* --- the control socket, and the relay -------------------------------------------------------- */

/* What the house says as a client: lines of printable text, but for the letters. */
static void client_check(str said, str heard)
{
    (void)said;
    for (size_t n = 0; (n = str_chr(heard, '\n')) != STR_NPOS; heard = str_from(heard, n + 1))
        REQUIRE(n > 0 && heard.p[n - 1] == '\r');
}

void hear_check(enum door door, str said, str heard)
{
    static void (*const checks[])(str said, str heard) = {
        [DOOR_MX] = smtp_check,   [DOOR_SUBMISSION] = smtp_check, [DOOR_LMTP] = smtp_check,
        [DOOR_IMAP] = imap_check, [DOOR_POP3] = pop3_check,       [DOOR_FAR] = client_check,
    };
    if (checks[door]) checks[door](said, heard);
}
