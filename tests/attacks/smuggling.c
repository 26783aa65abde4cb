/* smuggling.c - what might be taken for the end of a message and is not: none smuggles a second one
 * in, neither on its way to a mailbox nor on its way through us to another server.
 *
 * SMTP smuggling (Longin, December 2023): Postfix (CVE-2023-51764), Sendmail (51765) and Exim
 * (51766) took LF.LF or LF.CRLF for an end where the servers before them had taken it for text, so
 * a letter carried a second one with a sender that passed every check. Rules 1 and 2. Two servers
 * play: one refuses bare line ends, the other is set to repair them. Each variant is sent by a
 * stranger for alice, and by a user for another server, which records what it gets to the byte.
 * Whatever is not refused must be one letter in which no reader, however careless, finds a second
 * end.
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
#include "attacks/recorder.h"
#include "support/fail.h"
#include "support/wire.h"

#define END(literal) literal, sizeof(literal) - 1

/* clang-format off */
static const struct end {
    const char *name, *bytes;
    size_t n;
    int strict; /* the answer of the server that repairs nothing */
} table[] = {
    { "LF.LF",                   END("\n.\n"),              550 },
    { "LF.CRLF",                 END("\n.\r\n"),            550 },
    { "CRLF.LF",                 END("\r\n.\n"),            550 },
    { "CR.CR",                   END("\r.\r"),              550 },
    { "CR.CRLF",                 END("\r.\r\n"),            550 },
    { "CRLF.CR",                 END("\r\n.\r"),            550 },
    { "CR.LF",                   END("\r.\n"),              550 },
    { "LF.CR",                   END("\n.\r"),              550 },
    { "CRLF.CRCRLF",             END("\r\n.\r\r\n"),        550 },
    { "CRCRLF.CRCRLF",           END("\r\r\n.\r\r\n"),      550 },
    { "CRCR.CRCR",               END("\r\r.\r\r"),          550 },
    { "LFLF.LFLF",               END("\n\n.\n\n"),          550 },
    { "LFCR.LFCR",               END("\n\r.\n\r"),          550 },
    { "CRLF.LFCR",               END("\r\n.\n\r"),          550 },
    { "LFCR.CRLF",               END("\n\r.\r\n"),          550 },
    { "CRLF CR.CRLF",            END("\r\n\r.\r\n"),        550 },
    { "CRLF LF.CRLF",            END("\r\n\n.\r\n"),        550 },
    { "CRLF.LFLF",               END("\r\n.\n\n"),          550 },
    { "CRLF.CR at a line's end", END("\r\n.\rx\r\n"),       550 },
    { "CRLF NUL.CRLF",           END("\r\n\0.\r\n"),        550 },
    { "CRLF.NUL CRLF",           END("\r\n.\0\r\n"),        550 },
    { "CR NUL LF.CRLF",          END("\r\0\n.\r\n"),        550 },
    { "CRLF.CR NUL LF",          END("\r\n.\r\0\n"),        550 },
    { "NUL.NUL",                 END("\0.\0"),              550 },
    { "UTF-16 CRLF.CRLF",        END("\r\0\n\0.\0\r\0\n\0"), 550 },
    { "CRLF..CRLF",              END("\r\n..\r\n"),         250 },
    { "CRLF...CRLF",             END("\r\n...\r\n"),        250 },
    { "CRLF.SP CRLF",            END("\r\n. \r\n"),         250 },
    { "CRLF.TAB CRLF",           END("\r\n.\t\r\n"),        250 },
    { "CRLF SP.CRLF",            END("\r\n .\r\n"),         250 },
    { "CRLF.VT CRLF",            END("\r\n.\v\r\n"),        250 },
    { "CRLF.BS CRLF",            END("\r\n.\b\r\n"),        250 },
    { "VT.VT",                   END("\v.\v"),              250 },
    { "FF.FF",                   END("\f.\f"),              250 },
    { "RS.RS",                   END("\x1e.\x1e"),          250 },
    { "EOT",                     END("\x04"),               250 },
    { "SUB",                     END("\x1a"),               250 },
    { "NEL.NEL, Latin-1",        END("\x85.\x85"),          250 },
    { "NEL.NEL, UTF-8",          END("\xc2\x85.\xc2\x85"),  250 },
    { "LS.LS",                   END("\xe2\x80\xa8.\xe2\x80\xa8"), 250 },
    { "PS.PS",                   END("\xe2\x80\xa9.\xe2\x80\xa9"), 250 },
    { "overlong LF.LF",          END("\xc0\x8a.\xc0\x8a"),  250 },
    { "high-bit CRLF.CRLF",      END("\x8d\x8a.\x8d\x8a"),  250 },
    { "quoted-printable",        END("=0D=0A.=0D=0A"),      250 },
    { "percent signs",           END("%0d%0a.%0d%0a"),      250 },
    { "backslashes",             END("\\r\\n.\\r\\n"),      250 },
};
/* clang-format on */
enum { VARIANTS = sizeof table / sizeof *table };

/* Two lines of header: the first says which variant it is. */
#define LETTER "Subject: first\r\n\r\nhello"

static struct server *repairing;
static size_t relayed; /* letters that were taken for the recorder */

/* --- sending ---------------------------------------------------------------------------------- */

/* Whole, or with every byte of the end in a packet of its own. */
static void send_end(struct wire *w, const struct end *end, bool bytewise)
{
    if (!bytewise) wire_send(w, end->bytes, end->n);
    for (size_t i = 0; bytewise && i < end->n; i++)
        wire_send(w, end->bytes + i, 1);
}

/* The letter, the end that is none, and a second transaction behind it; its code. */
static int smuggle(struct wire *w, const struct end *end, const char *domain, bool bytewise)
{
    char second[400];
    int n = snprintf(second, sizeof second,
                     "MAIL FROM:<alice@%s>\r\nRCPT TO:<bob@%s>\r\nDATA\r\nSubject: smuggled by "
                     "%s\r\n\r\nx\r\n.\r\n",
                     domain, domain, end->name);
    assert_int_equal(wire_smtp(w, "DATA"), 354);
    wire_send(w, LETTER, sizeof LETTER - 1);
    send_end(w, end, bytewise);
    wire_send(w, second, (size_t)n);
    int code = wire_smtp(w, NULL);
    /* One answer, and the session goes on with what comes now. */
    if (wire_smtp(w, "VRFY x") != 252)
        fail_now("%s: after %d came %s", end->name, code, wire_got(w));
    return code;
}

static void judge(struct server *s, const struct end *end, int code)
{
    bool wanted = s == repairing ? code == 250 || code == 550 : code == end->strict;
    if (!wanted) fail_now("%s was answered %d", end->name, code);
}

static void open_envelope(struct wire *w, const char *from, const char *to)
{
    assert_int_equal(wire_smtp(w, "MAIL FROM:<%s>", from), 250);
    if (wire_smtp(w, "RCPT TO:<%s>", to) != 250) fail_now("%s: %s", to, wire_got(w));
}

static void by_a_stranger(struct server *s, const struct end *end, bool bytewise)
{
    char alice[40];
    snprintf(alice, sizeof alice, "alice@%s", server_domain(s));
    struct wire *w = wire_open(server_address(s), PORT_SMTP);
    assert_int_equal(wire_smtp(w, NULL), 220);
    assert_int_equal(wire_smtp(w, "EHLO evil.test"), 250);
    open_envelope(w, "x@evil.test", alice);
    judge(s, end, smuggle(w, end, server_domain(s), bytewise));
    wire_close(w);
}

static void by_a_user(struct field *f, struct server *s, const struct end *end, bool bytewise)
{
    char alice[40];
    snprintf(alice, sizeof alice, "alice@%s", server_domain(s));
    struct wire *w = submit_open(s, field_ca(f), alice, "secret");
    open_envelope(w, alice, "x@peer.test");
    int code = smuggle(w, end, server_domain(s), bytewise);
    judge(s, end, code);
    relayed += code == 250;
    wire_close(w);
}

static void play_end(struct field *f, const struct end *end)
{
    struct server *const servers[] = { field_server(f), repairing };
    attack_begin(f, end->name);
    for (int i = 0; i < 4; i++) {
        by_a_stranger(servers[i / 2], end, i % 2);
        by_a_user(f, servers[i / 2], end, i % 2);
    }
    attack_end(f);
}

/* --- what came of it -------------------------------------------------------------------------- */

static void bob_has_nothing(struct field *f)
{
    static const char bob[] = "bob@b.test";
    struct wire *w = imap_open(repairing, field_ca(f), bob, "secret");
    if (imap_count(w, "INBOX") != 0) {
        const char *said = wire_imap(w, "OK", "SELECT INBOX");
        said = wire_imap(w, "OK", "FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject)]");
        fail_now("%s: %s", bob, said);
    }
    wire_close(w);
}

static bool queue_is_empty(void *server)
{
    int status;
    return strstr(CLI(server, NULL, &status, "queue", "list"), "the queue is empty") != NULL;
}

/* No bare CR, no bare LF, no NUL, one end, and every other dot at a line's start doubled. */
static void is_clean(const char *letter, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool cr = letter[i] == '\r', lf = letter[i] == '\n';
        bool bad = !letter[i] || (cr && (i + 1 == n || letter[i + 1] != '\n')) ||
                   (lf && (i == 0 || letter[i - 1] != '\r'));
        bool dot = letter[i] == '.' && i > 0 && letter[i - 1] == '\n' && i + 3 != n;
        if (bad || (dot && letter[i + 1] != '.'))
            fail_now("byte %zu of a relayed letter:\n%.*s", i, (int)n, letter);
        i += dot; /* the doubled one */
    }
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    while ((text = strstr(text, word))) {
        n++;
        text++;
    }
    return n;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void judge_recorder(const struct recorder *recorder)
{
    assert_true(relayed >= 2 * 2 * 20); /* two servers, two ways, what is text */
    assert_int_equal(recorder_letters(recorder), relayed);
    const char *commands = recorder_commands(recorder);
    assert_int_equal(count(commands, "MAIL FROM:"), relayed);
    assert_int_equal(count(commands, "RCPT TO:<x@peer.test>"), relayed);
    assert_int_equal(count(commands, "bob@"), 0);
    for (size_t i = 0; i < relayed; i++) {
        size_t n;
        const char *letter = recorder_letter(recorder, i, &n);
        is_clean(letter, n);
    }
}

static void play(struct field *f)
{
    char peer[16];
    struct world *world = field_world(f);
    struct recorder *recorder = recorder_start(world_address(world, 9, peer), PORT_SMTP);
    repairing = server_start(world, "b.test", "\n[smtp]\nrepair_networks = 127.0.0.0/8\n");
    server_user(repairing, "alice@b.test", "secret");
    server_user(repairing, "bob@b.test", "secret");
    for (size_t i = 0; i < VARIANTS; i++)
        play_end(f, &table[i]);
    assert_true(wait_until(queue_is_empty, field_server(f), 30));
    assert_true(wait_until(queue_is_empty, repairing, 30));
    recorder_stop(recorder);
    bob_has_nothing(f);
    judge_recorder(recorder);
    recorder_free(recorder);
    assert_int_equal(server_stop(repairing), 0);
}

const struct class smuggling_class = { "smuggling", NULL, 0, play };
