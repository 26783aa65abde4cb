/* old_commands.c - commands that once opened doors, and lines too long to be any.
 *
 * Sendmail, 1988: DEBUG let a sender name a program as recipient, and the Morris worm went through
 * it; WIZ gave a root shell before that. VRFY and EXPN told guessers who is there; TURN handed a
 * domain's mail to whoever claimed its name (RFC 5321 F.1 retires it). Exchange, 2003,
 * CVE-2003-0714: XEXCH50 with a size took memory before any log-in. A form on a web page, posted by
 * its reader's browser to port 25, spoke SMTP line by line (2001, Topf); ALPACA in 2021 did it over
 * TLS. Rules 3 and 11.
 */
#include "attacks/attack.h"

#define ASK(command)  SAY(EHLO command "\r\n" QUIT)
#define UNKNOWN       EHLO_OK LINE("500 5\\.5\\.[12]") SMTP_BYE
#define NOT_HERE      EHLO_OK LINE("50[02] 5\\.5\\.[12]") SMTP_BYE
#define TELLS_NOTHING EHLO_OK LINE("252 2\\.[0-9]\\.[0-9]") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "DEBUG",                    ASK("DEBUG"),              UNKNOWN },
    { MX, "WIZ",                      ASK("WIZ"),                UNKNOWN },
    { MX, "KILL",                     ASK("KILL"),               UNKNOWN },
    { MX, "SHOWQ",                    ASK("SHOWQ"),              UNKNOWN },
    { MX, "TURN",                     ASK("TURN"),               NOT_HERE },
    { MX, "ATRN",                     ASK("ATRN a.test"),        NOT_HERE },
    { MX, "ETRN",                     ASK("ETRN #queue"),        NOT_HERE },
    { MX, "SEND",                     ASK("SEND FROM:<x@evil.test>"), NOT_HERE },
    { MX, "SOML",                     ASK("SOML FROM:<x@evil.test>"), NOT_HERE },
    { MX, "SAML",                     ASK("SAML FROM:<x@evil.test>"), NOT_HERE },
    { MX, "XEXCH50, CVE-2003-0714",   ASK("XEXCH50 2147483648 2"), UNKNOWN },
    { MX, "X-LINK2STATE, CVE-2005-0560", ASK("X-LINK2STATE FIRST CHUNK={0000006d} x"), UNKNOWN },
    { MX, "XCLIENT from anywhere",    ASK("XCLIENT ADDR=127.0.0.2 LOGIN=alice@a.test"), NOT_HERE },
    { MX, "XFORWARD from anywhere",   ASK("XFORWARD ADDR=127.0.0.2"), UNKNOWN },
    { MX, "LHLO on port 25",          ASK("LHLO evil.test"),     NOT_HERE },
    { MX, "an IMAP command",          ASK("a LOGIN x y"),        UNKNOWN },
    { MX, "rule 11: VRFY of who is there", ASK("VRFY alice@a.test"), TELLS_NOTHING },
    { MX, "rule 11: VRFY of who is not", ASK("VRFY nobody@a.test"), TELLS_NOTHING },
    { MX, "rule 11: EXPN",            ASK("EXPN alice@a.test"),  EHLO_OK LINE("(252 2|502 5)\\.[0-9]\\.[0-9]") SMTP_BYE },
    { MX, "HELP",                     ASK("HELP ../../etc/passwd"), EHLO_OK "((214|502)[ -][^\n]*\n)+" SMTP_BYE },
    { MX, "a web browser",            SAY("GET / HTTP/1.1\r\nHost: mail.a.test\r\n\r\n"), "421 4\\.7\\.0 mail\\.a\\.test is no web server\n" },
    { MX, "a web form that posts mail", SAY("POST / HTTP/1.1\r\nHost: mail.a.test\r\n\r\nEHLO evil.test\r\nMAIL FROM:<x@evil.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nx\r\n.\r\n" QUIT), LINE("421 4\\.7\\.0") },
    { IMAPS, "a web form for IMAP",     SAY("POST / HTTP/1.1\r\nHost: mail.a.test\r\n\r\na LOGIN carol@a.test secret\r\n"), "\\* BYE this is no web server\n" },
    { POP3S, "a web form for POP3",     SAY("POST / HTTP/1.1\r\nHost: mail.a.test\r\n\r\nUSER carol@a.test\r\nPASS secret\r\n"), "-ERR this is no web server, goodbye\n" },
    { MX, "a command without an end", FLOOD_AND_LEAVE(EHLO, "NOOP", 20000), EHLO_OK },
    { MX, "rule 3: a line of 100,000 bytes is not cut", FLOOD(EHLO "NOOP ", "x", 100000, "MAIL FROM:<>\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.[26]") SMTP_BYE },
    { MX, "rule 3: what stands where a line is cut", FLOOD(EHLO, "NOOP                        \t  \t", 128, "VRFY a\r\n" QUIT), EHLO_OK LINE("500 5\\.5\\.[26]") SMTP_BYE },
    { MX, "a bare CR in a command",   ASK("NOOP a\rMAIL FROM:<>"), EHLO_OK LINE("500 5\\.5\\.2") SMTP_BYE },
    { MX, "bare LFs for line ends",   SAY("EHLO evil.test\nMAIL FROM:<>\n" QUIT), LINE("500 5\\.5\\.2") },
    { MX, "8-bit commands",           SAY("\xff\xf4\xff\xfd\x06\r\n" QUIT), LINE("500 5\\.5\\.[12]") SMTP_BYE },
    { MX, "empty lines",              FLOOD("", "\r\n", 1000, QUIT), "(500 5\\.5\\.[12] [^\n]*\n)+" LINE("421 4\\.7\\.0") },
    { MX, "rule 11: errors are counted", FLOOD(EHLO, "FOO\r\n", 1000, QUIT), EHLO_OK "(500 5\\.5\\.[12] [^\n]*\n)+" LINE("421 4\\.7\\.0") },
    { MX, "rule 11: guessed recipients are counted", FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\n", "RCPT TO:<guess@a.test>\r\n", 1000, QUIT), OPENED "(550 5\\.1\\.1 [^\n]*\n)+" LINE("421 4\\.7\\.0") },
    { POP3, "XTND XMIT",              SAY("XTND XMIT\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3, "APOP with a flood", FLOOD("APOP carol@a.test ", "a", 4000, "\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "LAST and RPOP",         SAY("LAST\r\nRPOP carol@a.test\r\nQUIT\r\n"), POP3_NO POP3_NO POP3_BYE },
    { POP3S, "rule 3: a line of 100,000 bytes", FLOOD("USER ", "A", 100000, "\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "rule 11: errors are counted", FLOOD("", "X\r\n", 1000, "QUIT\r\n"), "(-ERR [^\n]*\n)+" },
    { IMAPS, "rule 3: a line of 200,000 bytes", FLOOD("a NOOP ", "A", 200000, "\r\nb NOOP\r\n" LOGOUT), TOO_LONG },
    { IMAPS, "rule 11: errors are counted", FLOOD("", "a FOO\r\n", 1000, LOGOUT), "(a BAD [^\n]*\n)+" IMAP_END },
    { IMAPS, "a tag of 300 bytes",    FLOOD("", "t", 300, " NOOP\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS, "a tag with a plus",     SAY("+ NOOP\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS, "a tag with a wildcard", SAY("* NOOP\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS, "a response for a command", SAY("* OK [ALERT] x\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS, "commands of users",     COMMAND("SELECT INBOX"), BAD },
    { IMAP, "a log-in in clear",      COMMAND("LOGIN carol@a.test secret"), LINE("a NO \\[PRIVACYREQUIRED\\]") IMAP_BYE },
    { POP3, "a log-in in clear",      SAY("USER carol@a.test\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "commands of users",     SAY("STAT\r\nRETR 1\r\nQUIT\r\n"), POP3_NO POP3_NO POP3_BYE },
};
/* clang-format on */
const struct class old_commands_class = { "old_commands", TABLE(attacks), NULL };
