/* terminal.c - words that a terminal would obey, in whatever the log and the commands print.
 *
 * A log or a subject that is shown with cat has set window titles, hidden lines and, where a
 * terminal answers questions, typed commands: H. D. Moore's "Terminal Emulator Security Issues" of
 * 2003 (CVE-2003-0063 and its neighbours) and iTerm2's CVE-2019-9535 are sixteen years apart.
 * "Trojan Source" (CVE-2021-42574) did with the direction of text what escape sequences did with
 * colours. What a stranger wrote is shown with all of it taken out.
 */
#include <stdio.h>
#include <string.h>

#include "attacks/shown.h"

#define TITLE "\x1b]0;owned\x07"
#define CLEAR "\x1b[2J"
#define C1     \
    "\xc2\x9b" \
    "2J"
#define OVERRIDE "\xe2\x80\xae"
#define ISOLATE  "\xe2\x81\xa6"
#define LETTER(header)                                                          \
    EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test>\r\nDATA\r\n" header \
         "\r\n\r\nx\r\n.\r\n" QUIT
#define ACCEPTED TO_ALICE_OK LINE("354") LINE("250 2\\.0\\.0") SMTP_BYE
#define QUEUED \
    LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") LINE("354") LINE("250 2\\.0\\.0") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "a title for a command",         SAY(EHLO TITLE "\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.1") SMTP_BYE },
    { MX, "an escape sequence for a name", SAY("EHLO " CLEAR "\r\n" QUIT), EHLO_OK SMTP_BYE },
    { MX, "a C1 for a name",               SAY("EHLO " C1 "\r\n" QUIT), EHLO_OK SMTP_BYE },
    { MX, "an override for a name",        SAY("EHLO " OVERRIDE "gpj.exe\r\n" QUIT), EHLO_OK SMTP_BYE },
    { MX, "a C1 for a command",            SAY(EHLO C1 "\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.1") SMTP_BYE },
    { MX, "an escape sequence for a sender", SAY(EHLO "MAIL FROM:<\"" CLEAR "\"@evil.test>\r\n" QUIT), EHLO_OK LINE("501 5\\.1\\.7") SMTP_BYE },
    { MX, "a C1 for a sender",             SAY(EHLO "MAIL FROM:<" C1 "@evil.test> SMTPUTF8\r\n" QUIT), EHLO_OK LINE("501 5\\.1\\.7") SMTP_BYE },
    { MX, "an override for a recipient",   SAY(EHLO "MAIL FROM:<x@evil.test> SMTPUTF8\r\nRCPT TO:<" OVERRIDE "x@a.test>\r\n" QUIT), OPENED LINE("550 5\\.1\\.1") SMTP_BYE },
    { MX, "an escape sequence in a subject", SAY(LETTER("Subject: " TITLE CLEAR)), ACCEPTED },
    { MX, "an escape sequence in an encoded subject", SAY(LETTER("Subject: =?utf-8?q?=1B]0;owned=07=1B[2J?=")), ACCEPTED },
    { MX, "an override in a subject",      SAY(LETTER("Subject: " OVERRIDE "gpj.exe" ISOLATE)), ACCEPTED },
    { MX, "a C1 in a message's id",        SAY(LETTER("Message-ID: <" C1 "@" OVERRIDE ">")), ACCEPTED },
    { MX, "an escape sequence in a message's id", SAY(LETTER("Message-ID: <" CLEAR "@" TITLE ">")), ACCEPTED },
    { MX, "an escape sequence in From",    SAY(LETTER("From: \"" CLEAR "\" <x@evil.test>")), ACCEPTED },
    { MX, "an escape sequence in a client's name", SAY(LETTER("User-Agent: " TITLE)), ACCEPTED },
    { MX, "an escape sequence in a field's name", SAY(LETTER(TITLE ": x")), ACCEPTED },
    { SUBMITS_USER, "an override in an address that is queued", SAY("MAIL FROM:<alice@a.test> SMTPUTF8\r\nRCPT TO:<" OVERRIDE "x@d.test>\r\nDATA\r\nSubject: " CLEAR "\r\n\r\nx\r\n.\r\n" QUIT), QUEUED },
    { SUBMITS_USER, "an override in a host that is queued", SAY("MAIL FROM:<alice@a.test> SMTPUTF8\r\nRCPT TO:<x@" OVERRIDE "d.test>\r\n" QUIT), LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") SMTP_BYE },
    { SUBMITS, "an escape sequence for a user", SAY(EHLO "AUTH PLAIN ABtbMkoAeA==\r\n" QUIT), EHLO_OK LINE("535 5\\.7\\.8") SMTP_BYE },
    { IMAPS, "IMAP: an escape sequence for a user", SAY("a LOGIN {4+}\r\n" CLEAR " x\r\n" LOGOUT), LINE("a (NO \\[AUTHENTICATIONFAILED\\]|BAD)") IMAP_BYE },
    { IMAPS, "IMAP: a C1 for a user",      SAY("a LOGIN \"" C1 "\" x\r\n" LOGOUT), LINE("a (NO \\[AUTHENTICATIONFAILED\\]|BAD)") IMAP_BYE },
    { IMAPS, "IMAP: an override for a user", SAY("a LOGIN \"" OVERRIDE "x@a.test\" x\r\n" LOGOUT), LINE("a NO \\[AUTHENTICATIONFAILED\\]") IMAP_BYE },
    { IMAPS, "IMAP: an escape sequence for a tag", SAY(CLEAR " NOOP\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS, "IMAP: an escape sequence for a command", SAY("a " CLEAR "\r\n" LOGOUT), BAD },
    { IMAPS, "IMAP: an escape sequence in ID", SAY("a ID (\"name\" \"" TITLE "\")\r\n" LOGOUT), BAD },
    { IMAPS, "IMAP: an override in ID",    SAY("a ID (\"name\" \"" OVERRIDE "x\")\r\n" LOGOUT), LINE("\\* ID") OK },
    { POP3S, "POP3: an escape sequence for a user", SAY("USER " CLEAR "\r\nPASS x\r\nQUIT\r\n"), LINE("\\+OK") POP3_NO POP3_BYE },
    { POP3S, "POP3: an override for a user", SAY("USER " OVERRIDE "x@a.test\r\nPASS x\r\nQUIT\r\n"), LINE("\\+OK") POP3_NO POP3_BYE },
    { POP3S, "POP3: a title for a command", SAY(TITLE "\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { IMAPS_USER, "a letter with such a subject in such a mailbox, both deleted",
      SAY("a CREATE \"gpj" OVERRIDE ".exe" ISOLATE "\"\r\n"
          "b APPEND \"gpj" OVERRIDE ".exe" ISOLATE "\" {48+}\r\nSubject: =?utf-8?q?=1B]0;owned=07=E2=80=AE?=\r\n\r\n\r\n"
          "c DELETE \"gpj" OVERRIDE ".exe" ISOLATE "\"\r\n" LOGOUT), LINE("a OK \\[MAILBOXID [^]]*\\]") LINE("b OK \\[APPENDUID [^]]*\\]") LINE("c OK") IMAP_BYE },
};
/* clang-format on */

/* What was said above is now all over the server: everything that prints it. */
static const struct {
    const char *name;
    const char *const words[6];
} commands[] = {
    { "queue list", { "queue", "list" } },
    { "trace of an address", { "trace", "--address", "127.0.0.1" } },
    { "undelete's list", { "undelete", "carol@a.test", "--list" } },
    { "undelete's list of a mailbox",
      { "undelete", "carol@a.test", "--list", "--mailbox", "gpj" OVERRIDE ".exe" } },
    { "a command's own words", { "user", "remove", CLEAR TITLE "@a.test" } },
    { "an address to trace", { "trace", "--address", CLEAR } },
    { "an id to trace", { "trace", CLEAR OVERRIDE } },
};

static void play(struct field *f)
{
    attack_begin(f, "the log");
    shown_log(f);
    attack_end(f);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        attack_begin(f, commands[i].name);
        shown_command(f, commands[i].words, "");
        attack_end(f);
    }
}

const struct class terminal_class = { "terminal", TABLE(attacks), play };
