/* auth.c - log-ins that are no log-ins: junk, cancelled exchanges, other people's names.
 *
 * Exim, 2018, CVE-2018-6789: one byte too many while base64 was decoded, in AUTH before any log-in,
 * became code that a stranger chose. Exim, 2023, CVE-2023-42115: AUTH EXTERNAL wrote past a buffer.
 * Cyrus SASL, 2011 and Postfix, CVE-2011-1720: a second AUTH with another mechanism after a
 * cancelled first used what had been freed. Rules 9 and 22.
 */
#include "attacks/attack.h"

#define SMTP(command) SAY(EHLO command "\r\n" QUIT)
#define SMTP_NO(code) EHLO_OK LINE(code) SMTP_BYE
#define CONTINUE      "334 [^\n]*\n"
#define DENIED        LINE("535 5\\.7\\.8")
#define IMAP_DENIED   LINE("a NO \\[AUTHENTICATIONFAILED\\]") IMAP_BYE
#define GO_ON         "\\+ ?[^\n]*\n"

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "a log-in on port 25",             SMTP("AUTH PLAIN AGEAYgBj"), EHLO_OK LINE("502 5\\.5\\.1") SMTP_BYE },
    { SUBMIT, "a log-in in clear",           SMTP("AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ="), SMTP_NO("538 5\\.7\\.11") },
    { SUBMITS, "before EHLO",                SAY("AUTH PLAIN AGEAYgBj\r\n" QUIT), LINE("503 5\\.5\\.1") SMTP_BYE },
    { SUBMITS, "no mechanism",               SMTP("AUTH"), SMTP_NO("504 5\\.5\\.4") },
    { SUBMITS, "a mechanism that is none",   SMTP("AUTH MAGIC"), SMTP_NO("504 5\\.5\\.4") },
    { SUBMITS, "CVE-2023-42115: EXTERNAL",   SMTP("AUTH EXTERNAL ="), SMTP_NO("504 5\\.5\\.4") },
    { SUBMITS, "NTLM",                       SMTP("AUTH NTLM TlRMTVNTUAABAAAA"), SMTP_NO("504 5\\.5\\.4") },
    { SUBMITS, "GSSAPI", SMTP("AUTH GSSAPI YIIB"), SMTP_NO("504 5\\.5\\.4") },
    { SUBMITS, "a mechanism of 4,000 letters", FLOOD(EHLO "AUTH ", "A", 4000, "\r\n" QUIT), SMTP_NO("50[04] 5\\.5\\.[46]") },
    { SUBMITS, "CVE-2018-6789: base64 of a length that is none", SMTP("AUTH PLAIN AGEAYgBjA"), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS, "base64 with a space",        SMTP("AUTH PLAIN AGEA YgBj"), SMTP_NO("501 5\\.5\\.[24]") },
    { SUBMITS, "base64 that is none",        SMTP("AUTH PLAIN ****"), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS, "bits behind the padding",    SMTP("AUTH PLAIN AGEAYgBjZA==AAAA"), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS, "an equals sign for nothing", SMTP("AUTH PLAIN ="), EHLO_OK "(501 5\\.5\\.2|535 5\\.7\\.8) [^\n]*\n" SMTP_BYE },
    { SUBMITS, "cancelled",                  SMTP("AUTH PLAIN\r\n*"), EHLO_OK CONTINUE LINE("501 5\\.[57]\\.0") SMTP_BYE },
    { SUBMITS, "CVE-2011-1720: cancelled, then another mechanism", SMTP("AUTH LOGIN\r\n*\r\nAUTH PLAIN AGFsaWNlAGI="), EHLO_OK CONTINUE LINE("501 5\\.[57]\\.0") DENIED SMTP_BYE },
    { SUBMITS, "LOGIN cancelled at its password", SMTP("AUTH LOGIN YWxpY2VAYS50ZXN0\r\n*"), EHLO_OK CONTINUE LINE("501 5\\.[57]\\.0") SMTP_BYE },
    { SUBMITS, "a command in place of an answer", SMTP("AUTH LOGIN\r\nMAIL FROM:<alice@a.test>"), EHLO_OK CONTINUE LINE("501 5\\.5\\.2") SMTP_BYE },
    { SUBMITS, "a NUL in place of an answer", SAY(EHLO "AUTH LOGIN\r\n\0\r\n" QUIT), EHLO_OK CONTINUE LINE("50[01] 5\\.5\\.2") SMTP_BYE },
    { SUBMITS, "an answer of 20,000 bytes",  FLOOD(EHLO "AUTH PLAIN\r\n", "AAAA", 5000, "\r\n" QUIT), EHLO_OK CONTINUE LINE("50[01] 5\\.5\\.[26]") SMTP_BYE },
    { SUBMITS, "a password of 8,000 bytes",  FLOOD(EHLO "AUTH PLAIN AGFsaWNlQGEudGVzdAAA", "eHh4", 2700, "\r\n" QUIT), SMTP_NO("500 5\\.5\\.2") },
    { SUBMITS, "a wrong password",           SMTP("AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw=="), EHLO_OK DENIED SMTP_BYE },
    { SUBMITS, "an empty password",          SMTP("AUTH PLAIN AGFsaWNlQGEudGVzdAA="), EHLO_OK DENIED SMTP_BYE },
    { SUBMITS, "an empty name",              SMTP("AUTH PLAIN AABzZWNyZXQ="), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS, "the right one and a NUL more", SMTP("AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQA"), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS, "rule 9: as somebody else",   SMTP("AUTH PLAIN Ym9iQGEudGVzdABhbGljZUBhLnRlc3QAc2VjcmV0"), EHLO_OK DENIED SMTP_BYE },
    { SUBMITS, "rule 9: as an administrator", SMTP("AUTH PLAIN cm9vdABhbGljZUBhLnRlc3QAc2VjcmV0"), EHLO_OK DENIED SMTP_BYE },
    { SUBMITS, "a name with a line end",     SMTP("AUTH PLAIN AGFsaWNlDQpAYS50ZXN0AHNlY3JldA=="), EHLO_OK DENIED SMTP_BYE },
    { SUBMITS, "a name in overlong UTF-8",   SMTP("AUTH PLAIN AMGhbGljZUBhLnRlc3QAc2VjcmV0"), SMTP_NO("501 5\\.5\\.2") },
    { SUBMITS_USER, "a second log-in",       SAY("AUTH PLAIN AGJvYkBhLnRlc3QAc2VjcmV0\r\n" QUIT), LINE("503 5\\.5\\.1") SMTP_BYE },
    { SUBMITS, "a transaction before it",    SMTP("MAIL FROM:<alice@a.test>\r\nAUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=\r\nRCPT TO:<x@b.test>"), EHLO_OK LINE("530 5\\.7\\.0") LINE("235 2\\.7\\.0") LINE("503 5\\.5\\.1") SMTP_BYE },
    { IMAPS, "AUTHENTICATE by what is not",  COMMAND("AUTHENTICATE MAGIC"), LINE("a (NO|BAD)( \\[[A-Z]+\\])?") IMAP_BYE },
    { IMAPS, "AUTHENTICATE EXTERNAL",        COMMAND("AUTHENTICATE EXTERNAL ="), LINE("a (NO|BAD)( \\[[A-Z]+\\])?") IMAP_BYE },
    { IMAPS, "a mechanism of 3,000 letters", FLOOD("a AUTHENTICATE ", "A", 3000, "\r\n" LOGOUT), LINE("a (NO|BAD)( \\[[A-Z]+\\])?") IMAP_BYE },
    { IMAPS, "CVE-1999-0005: a mechanism in a literal", FLOOD("a AUTHENTICATE {1160+}\r\n", "x", 1160, "\r\n" LOGOUT), BAD },
    { IMAPS, "AUTHENTICATE cancelled",       SAY("a AUTHENTICATE PLAIN\r\n*\r\n" LOGOUT), GO_ON BAD },
    { IMAPS, "a command in place of an answer", SAY("a AUTHENTICATE PLAIN\r\nb NOOP\r\n" LOGOUT), GO_ON BAD },
    { IMAPS, "an answer that is no base64",  COMMAND("AUTHENTICATE PLAIN ****"), BAD },
    { IMAPS, "rule 9: as somebody else",     COMMAND("AUTHENTICATE PLAIN Ym9iQGEudGVzdABjYXJvbEBhLnRlc3QAc2VjcmV0"), LINE("a NO \\[AUTH[A-Z]+\\]") IMAP_BYE },
    { IMAPS, "an answer of 60,000 bytes",    FLOOD("a AUTHENTICATE PLAIN ", "AAAA", 15000, "\r\n" LOGOUT), TOO_LONG },
    { IMAPS, "LOGIN with nothing",           COMMAND("LOGIN \"\" \"\""), IMAP_DENIED },
    { IMAPS, "LOGIN of the whole domain",    COMMAND("LOGIN @a.test secret"), IMAP_DENIED },
    { IMAPS, "LOGIN of a wildcard",          COMMAND("LOGIN \"*\" \"*\""), IMAP_DENIED },
    { IMAPS, "LOGIN of a name that walks",   COMMAND("LOGIN ../carol@a.test secret"), IMAP_DENIED },
    { IMAPS, "LOGIN of a master and a user", COMMAND("LOGIN \"carol@a.test*root\" secret"), IMAP_DENIED },
    { POP3S, "AUTH by what is not",          SAY("AUTH MAGIC\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "AUTH cancelled",               SAY("AUTH PLAIN\r\n*\r\nQUIT\r\n"), GO_ON POP3_NO POP3_BYE },
    { POP3S, "an answer that is no base64",  SAY("AUTH PLAIN ****\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "a command in place of an answer", SAY("AUTH PLAIN\r\nSTAT\r\nQUIT\r\n"), GO_ON POP3_NO POP3_BYE },
    { POP3S, "rule 9: as somebody else",     SAY("AUTH PLAIN Ym9iQGEudGVzdABjYXJvbEBhLnRlc3QAc2VjcmV0\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "an answer of 20,000 bytes",    FLOOD("AUTH PLAIN\r\n", "AAAA", 5000, "\r\nQUIT\r\n"), GO_ON "(-ERR [^\n]*\n)+" "(\\+OK[^\n]*\n)?" },
    { POP3S, "a password of 400 bytes",      FLOOD("USER carol@a.test\r\nPASS ", "x", 400, "\r\nQUIT\r\n"), LINE("\\+OK") POP3_NO POP3_BYE },
};
/* clang-format on */
const struct class auth_class = { "auth", TABLE(attacks), NULL };
