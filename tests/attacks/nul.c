/* nul.c - NULs, and what else ends a string too early for a parser in C.
 *
 * Dovecot, August 2019, CVE-2019-11500: the IMAP and ManageSieve parsers lost count when a quoted
 * string held a NUL, and wrote beyond their buffer, before anybody had logged in.
 */
#include "attacks/attack.h"

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS, "a NUL in a quoted string",          SAY("a LOGIN \"a\0b\" x\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL behind a backslash",          SAY("a LOGIN \"a\\\0\" x\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in place of the last quote",  SAY("a LOGIN \"a\0 x\r\n" LOGOUT), BAD },
    { IMAPS, "many NULs in a quoted string",      SAY("a LOGIN \"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\" \"\0\0\"\r\n" LOGOUT), BAD },
    { IMAPS, "a backslash at a string's end",     SAY("a LOGIN \"a\\\r\n" LOGOUT), BAD },
    { IMAPS, "an escape of what needs none",      SAY("a LOGIN \"a\\b\" x\r\n" LOGOUT), BAD },
    { IMAPS, "a string without an end",           SAY("a LOGIN \"a\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in a literal",                SAY("a LOGIN {3+}\r\na\0b x\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in a password",               SAY("a LOGIN carol@a.test {7+}\r\nsecret\0\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in an atom",                  SAY("a LOGIN car\0ol x\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in a tag",                    SAY("a\0b NOOP\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in a command's name",         SAY("a NO\0OP\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL behind a command",            SAY("a NOOP\0\r\n" LOGOUT), BAD },
    { IMAPS, "a NUL in a literal's size",         SAY("a LOGIN {3\0+}\r\nabc x\r\n" LOGOUT), LINE("a BAD") LINE("abc BAD") IMAP_BYE },
    { IMAPS, "a NUL in ID",                       SAY("a ID (\"na\0me\" \"x\")\r\n" LOGOUT), BAD },
    { IMAPS, "a bare CR in a string",             SAY("a LOGIN \"a\rb\" x\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a NUL in a mailbox's name",    SAY("a CREATE \"a\0b\"\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a NUL in a mailbox's literal", SAY("a CREATE {3+}\r\na\0b\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a NUL in a text to look for",  SAY("s SELECT INBOX\r\na SEARCH TEXT \"a\0b\"\r\n" LOGOUT), SELECT_OK BAD },
    { IMAPS_USER, "a NUL in a field's name",      SAY("s SELECT INBOX\r\na FETCH 1 BODY.PEEK[HEADER.FIELDS (\"a\0b\")]\r\n" LOGOUT), SELECT_OK BAD },
    { IMAPS_USER, "a NUL in a message",           SAY("a APPEND Drafts {3+}\r\na\0c\r\n" LOGOUT), NO },
    { IMAPS_USER, "a NUL in a binary message",    SAY("a APPEND Drafts ~{9+}\r\nS: x\0\r\n\r\n\r\n" LOGOUT), NO },
    { POP3S, "a NUL in a name",                   SAY("USER a\0b\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "a NUL behind a name",               SAY("USER carol@a.test\0\r\nPASS secret\r\nQUIT\r\n"), POP3_NO POP3_NO POP3_BYE },
    { POP3S_USER, "a NUL in a number",            SAY("RETR 1\0\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { MX, "a NUL in a command",                   SAY(EHLO "VRFY a\0b\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.2") SMTP_BYE },
    { MX, "a NUL behind a path",                  SAY(EHLO "MAIL FROM:<x@evil.test\0>\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.2") SMTP_BYE },
    { MX, "a NUL in a greeting",                  SAY("EHLO a\0b\r\n" QUIT), LINE("500 5\\.5\\.2") SMTP_BYE },
    { MX, "a NUL alone",                          SAY("\0\r\n" QUIT), LINE("500 5\\.5\\.2") SMTP_BYE },
};
/* clang-format on */
const struct class nul_class = { "nul", TABLE(attacks), NULL };
