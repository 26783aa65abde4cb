/* starttls.c - what is said in clear and believed inside TLS.
 *
 * Postfix, 2011, CVE-2011-0411, found by its own author in a dozen servers: commands that came in
 * one packet with STARTTLS stayed in the buffer and were executed after the handshake, as if the
 * client had sent them encrypted. Ten years later "NO STARTTLS" (Poddebniak and others, 2021) found
 * fifteen servers that still did (CVE-2021-33515 in Dovecot, CVE-2021-38371 in Exim's client).
 * Rule 4: nothing may stand behind STARTTLS, and all that went before is forgotten. The other side,
 * what a server says before TLS to us as its client, is in smtp/client_test.c.
 */
#include <string.h>

#include "attacks/attack.h"

#define BEHIND_SMTP EHLO_OK LINE("503 5\\.5\\.1 nothing may follow")
#define BEHIND_IMAP "\\* BYE commands behind STARTTLS [^\n]*\n" LINE("a BAD nothing may follow")

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "MAIL behind STARTTLS",        SAY(EHLO "STARTTLS\r\nMAIL FROM:<>\r\nNOOP\r\n"), BEHIND_SMTP },
    { MX, "one byte behind STARTTLS",    SAY(EHLO "STARTTLS\r\n\n"), BEHIND_SMTP },
    { MX, "half a command behind it",    SAY(EHLO "STARTTLS\r\nEHL"), BEHIND_SMTP },
    { MX, "a NUL behind it",             SAY(EHLO "STARTTLS\r\n\0"), BEHIND_SMTP },
    { MX, "a handshake in one packet with it", SAY(EHLO "STARTTLS\r\n\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), BEHIND_SMTP },
    { MX, "STARTTLS with an argument",   SAY(EHLO "STARTTLS now\r\n" QUIT), EHLO_OK LINE("501 5\\.5\\.4") SMTP_BYE },
    { MX, "STARTTLS with a bare LF",     SAY(EHLO "STARTTLS\nMAIL FROM:<>\r\n"), EHLO_OK LINE("500 5\\.5\\.2") },
    { MX, "STARTTLS before a greeting",  SAY("STARTTLS\r\nNOOP\r\n" QUIT), LINE("503 5\\.5\\.1") LINE("250 2\\.0\\.0") SMTP_BYE },
    { SUBMIT, "a log-in behind STARTTLS", SAY(EHLO "STARTTLS\r\nAUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\n"), BEHIND_SMTP },
    { SUBMITS, "STARTTLS within TLS",    SAY(EHLO "STARTTLS\r\n" QUIT), EHLO_OK LINE("50[023] 5\\.5\\.1") SMTP_BYE },
    { IMAP, "a command behind STARTTLS", SAY("a STARTTLS\r\nx NOOP\r\n" LOGOUT), BEHIND_IMAP },
    { IMAP, "a log-in behind STARTTLS",  SAY("a STARTTLS\r\nx LOGIN carol@a.test secret\r\n"), BEHIND_IMAP },
    { IMAP, "a literal behind STARTTLS", SAY("a STARTTLS {8+}\r\nx NOOP\r\n\r\n" LOGOUT), BAD },
    { IMAP, "one byte behind it",        SAY("a STARTTLS\r\nx"), BEHIND_IMAP },
    { IMAPS, "STARTTLS within IMAPS",    COMMAND("STARTTLS"), BAD },
    { POP3, "a command behind STLS",     SAY("STLS\r\nNOOP\r\n"), LINE("-ERR") },
    { POP3, "a log-in behind STLS",      SAY("STLS\r\nUSER carol@a.test\r\nPASS secret\r\n"), LINE("-ERR") },
    { POP3, "one byte behind it",        SAY("STLS\r\nx"), LINE("-ERR") },
    { POP3S, "STLS within TLS",          SAY("STLS\r\nQUIT\r\n"), POP3_NO POP3_BYE },
};

/* What is said in clear, and what of it is left once there is TLS. */
static const struct {
    enum door door;
    const char *name, *clear, *start; /* answered one by one */
    struct say inside;
    const char *want;
} upgrades[] = {
    { MX, "a greeting is forgotten",        "EHLO evil.test", "STARTTLS", SAY("MAIL FROM:<x@evil.test>\r\n" QUIT), LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "a sender is forgotten",          "EHLO evil.test\nMAIL FROM:<x@evil.test>", "STARTTLS", SAY(EHLO "RCPT TO:<alice@a.test>\r\n" QUIT), EHLO_OK LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "recipients are forgotten",       "EHLO evil.test\nMAIL FROM:<x@evil.test>\nRCPT TO:<bob@a.test>", "STARTTLS", SAY(EHLO "DATA\r\n" QUIT), EHLO_OK LINE("503 5\\.5\\.1") SMTP_BYE },
    { SUBMIT, "a log-in is needed inside",  "EHLO evil.test", "STARTTLS", SAY(EHLO "MAIL FROM:<alice@a.test>\r\n" QUIT), EHLO_OK LINE("530 5\\.7\\.0") SMTP_BYE },
    { MX, "a second STARTTLS",              "EHLO evil.test", "STARTTLS", SAY(EHLO "STARTTLS\r\n" QUIT), EHLO_OK LINE("50[023] 5\\.5\\.1") SMTP_BYE },
    { IMAP, "IMAP: a second STARTTLS",      "", "a STARTTLS", SAY("b STARTTLS\r\n" LOGOUT), LINE("b BAD") IMAP_BYE },
    { IMAP, "IMAP: nobody is logged in",    "", "a STARTTLS", SAY("a SELECT INBOX\r\n" LOGOUT), BAD },
    { POP3, "POP3: a second STLS",          "", "STLS", SAY("STLS\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3, "POP3: a name is forgotten",    "USER carol@a.test", "STLS", SAY("PASS secret\r\nQUIT\r\n"), POP3_NO POP3_BYE },
};
/* clang-format on */

static void answered(struct wire *w)
{
    const char *line;
    do
        line = wire_line(w, 5, NULL);
    while (line && strncmp(line, "250-", 4) == 0);
}

static void say_in_clear(struct wire *w, const char *lines)
{
    for (const char *end; *lines; lines = *end ? end + 1 : end) {
        end = strchrnul(lines, '\n');
        wire_say(w, "%.*s", (int)(end - lines), lines);
        answered(w);
    }
}

static void upgrade(struct field *f, size_t i)
{
    attack_begin(f, upgrades[i].name);
    struct wire *w = attack_open(f, upgrades[i].door);
    say_in_clear(w, upgrades[i].clear);
    say_in_clear(w, upgrades[i].start);
    wire_tls(w, field_ca(f), "mail.a.test");
    attack_send(w, &upgrades[i].inside);
    attack_hear(f, w, upgrades[i].want);
    attack_end(f);
}

/* In clear, where a handshake should come: after the answer, so that the buffer was empty. */
static void late(struct field *f, enum door door, const char *start, const char *more)
{
    struct wire *w = attack_open(f, door);
    if (door == MX) say_in_clear(w, "EHLO evil.test");
    say_in_clear(w, start);
    wire_say(w, "%s", more);
    size_t n = 0;
    for (const char *line; (line = wire_line(w, 5, &n));)
        if (n && line[0] != 0x15) attack_fail(f, "%s was answered %s", more, line);
    if (!wire_ended(w, 5)) attack_fail(f, "still open");
    wire_close(w);
}

static void play(struct field *f)
{
    for (size_t i = 0; i < sizeof upgrades / sizeof *upgrades; i++)
        upgrade(f, i);
    attack_begin(f, "a command in place of a handshake");
    late(f, MX, "STARTTLS", "MAIL FROM:<x@evil.test>");
    attack_end(f);
    attack_begin(f, "IMAP: a command in place of a handshake");
    late(f, IMAP, "a STARTTLS", "b LOGIN carol@a.test secret");
    attack_end(f);
    attack_begin(f, "POP3: a command in place of a handshake");
    late(f, POP3, "STLS", "USER carol@a.test");
    attack_end(f);
}

const struct class starttls_class = { "starttls", TABLE(attacks), play };
