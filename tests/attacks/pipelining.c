/* pipelining.c - commands sent ahead of an answer that should have changed what they mean.
 *
 * RFC 2920 lets a client send ahead; RFC 5321 4.5.3.2 and practice say what follows a refusal. A
 * server that takes the text of a refused DATA for commands lets a web form or a letter speak
 * SMTP; one that goes on after QUIT works for a client that has left. Sendmail, 2006,
 * CVE-2006-0058: a timeout at the right moment left the server's state half undone.
 */
#include "attacks/attack.h"

#define TEXT \
    "Subject: x\r\n\r\nMAIL FROM:<y@evil.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nx\r\n.\r\n"
#define TO(rcpt) EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<" rcpt ">\r\n"

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "what follows QUIT is not done",   SAY(EHLO QUIT "MAIL FROM:<x@evil.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\n" TEXT), EHLO_OK SMTP_BYE },
    { MX, "DATA before MAIL",                SAY(EHLO "DATA\r\n.\r\n" QUIT), EHLO_OK LINE("503 5\\.5\\.1") LINE("500 5\\.5\\.[12]") SMTP_BYE },
    { MX, "DATA after refused recipients",   SAY(TO("nobody@a.test") "DATA\r\nQUIT\r\n"), OPENED LINE("550 5\\.1\\.1") LINE("554 5\\.5\\.1") SMTP_BYE },
    { MX, "DATA with an argument",           SAY(TO("alice@a.test") "DATA now\r\n" QUIT), TO_ALICE_OK LINE("501 5\\.5\\.4") SMTP_BYE },
    { MX, "RCPT before MAIL",                SAY(EHLO "RCPT TO:<alice@a.test>\r\n" QUIT), EHLO_OK LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "MAIL twice",                      SAY(EHLO "MAIL FROM:<x@evil.test>\r\nMAIL FROM:<alice@a.test>\r\n" QUIT), OPENED LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "MAIL before a greeting",          SAY("MAIL FROM:<x@evil.test>\r\n" QUIT), LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "EHLO forgets recipients",         SAY(TO("alice@a.test") EHLO "DATA\r\n" QUIT), TO_ALICE_OK EHLO_OK LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "RSET forgets recipients",         SAY(TO("alice@a.test") "RSET\r\nDATA\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "a letter without recipients is no state for the next", SAY(TO("nobody@a.test") "RSET\r\nMAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test>\r\nRSET\r\n" QUIT), OPENED LINE("550 5\\.1\\.1") LINE("250 2\\.0\\.0") LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "an end at once",                  SAY(TO("alice@a.test") "DATA\r\n.\r\n" QUIT), TO_ALICE_OK LINE("354") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "an end that never comes",         LEAVE(TO("alice@a.test") "DATA\r\nSubject: x\r\n\r\nx\r\n.\r"), TO_ALICE_OK LINE("354") },
    { MX, "dots only",                       SAY(TO("alice@a.test") "DATA\r\n..\r\n...\r\n....\r\n.\r\n" QUIT), TO_ALICE_OK LINE("354") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "two thousand commands at once",   FLOOD(EHLO, "RSET\r\n", 2000, QUIT), EHLO_OK "(250 2\\.0\\.0 [^\n]*\n)+((221|421) [^\n]*\n)" },
    { IMAPS, "what follows LOGOUT is not done", SAY("z LOGOUT\r\na LOGIN carol@a.test secret\r\nb DELETE Archive\r\n"), IMAP_BYE },
    { IMAPS, "commands behind a refused LOGIN", SAY("a LOGIN carol@a.test wrong\r\nb SELECT INBOX\r\n" LOGOUT), LINE("a NO \\[AUTHENTICATIONFAILED\\]") LINE("b BAD") IMAP_BYE },
    { IMAPS_USER, "commands behind IDLE",    SAY("a IDLE\r\nb DELETE Archive\r\n" LOGOUT), LINE("\\+") LINE("a BAD") IMAP_BYE },
    { IMAPS_USER, "what follows a refused APPEND", SAY("a APPEND nowhere {8+}\r\nx NOOP\r\n\r\n" LOGOUT), NO },
    { IMAPS_USER, "what follows an unknown command", SAY("a FOO {8+}\r\nx NOOP\r\n\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a second log-in",         COMMAND("LOGIN bob@a.test secret"), BAD },
    { IMAPS_USER, "a user's command after UNAUTHENTICATE", SAY("a UNAUTHENTICATE\r\nb SELECT INBOX\r\n" LOGOUT), LINE("a OK") LINE("b BAD") IMAP_BYE },
    { IMAPS_USER, "a message after CLOSE",   SAY("s SELECT INBOX\r\nc UNSELECT\r\na FETCH 1 FLAGS\r\n" LOGOUT), SELECT_OK LINE("c OK") BAD },
    { IMAPS_USER, "STORE in what is only examined", SAY("s EXAMINE INBOX\r\na STORE 1 +FLAGS (\\Deleted)\r\n" LOGOUT), SELECT_OK NO },
    { POP3S, "what follows QUIT is not done", SAY("QUIT\r\nUSER carol@a.test\r\nPASS secret\r\nDELE 1\r\n"), POP3_BYE },
    { POP3S, "PASS without USER",            SAY("PASS secret\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S, "PASS again after a refusal",   SAY("USER carol@a.test\r\nPASS wrong\r\nPASS secret\r\nQUIT\r\n"), LINE("\\+OK") POP3_NO POP3_NO POP3_BYE },
    { POP3S_USER, "a second log-in",         SAY("USER bob@a.test\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { POP3S_USER, "RETR of what is marked",  SAY("DELE 1\r\nRETR 1\r\nRSET\r\nQUIT\r\n"), LINE("\\+OK") POP3_NO LINE("\\+OK") POP3_BYE },
};
/* clang-format on */
const struct class pipelining_class = { "pipelining", TABLE(attacks), NULL };
