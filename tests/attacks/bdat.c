/* bdat.c - chunks whose size is a lie, and what stands behind a chunk that was refused.
 *
 * Exim, November 2017, CVE-2017-16943 and 16944: BDAT left the reader of input in the wrong state,
 * which let a stranger write to freed memory, and loop the server for ever with "BDAT" and a lone
 * dot. Exim, May 2020 (21Nails), CVE-2020-28018: the end of TLS amid a chunk used freed memory.
 */
#include "attacks/attack.h"

#define CHUNK(size) SAY(TO_ALICE "BDAT " size "\r\nVRFY alice\r\n" QUIT)
/* The bytes behind a chunk whose size is not known are never commands: the connection ends. */
#define CUT(code)   TO_ALICE_OK LINE(code)
#define AGAIN(code) TO_ALICE_OK LINE(code) SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "rule 6: 2^31",             CHUNK("2147483648"),               CUT("552") },
    { MX, "rule 6: 2^32",             CHUNK("4294967296 LAST"),          CUT("552") },
    { MX, "rule 6: 2^63",             CHUNK("9223372036854775808"),      CUT("552") },
    { MX, "rule 6: 2^64",             CHUNK("18446744073709551616"),     CUT("501") },
    { MX, "rule 6: 2^64 + 1, last",   CHUNK("18446744073709551617 LAST"), CUT("501") },
    { MX, "rule 6: a thousand digits", FLOOD(TO_ALICE "BDAT ", "9", 1000, "\r\nVRFY alice\r\n"), CUT("501") },
    { MX, "rule 6: -1",               CHUNK("-1"),                       CUT("501") },
    { MX, "rule 6: +5",               CHUNK("+5"),                       CUT("501") },
    { MX, "rule 6: 0x10",             CHUNK("0x10"),                     CUT("501") },
    { MX, "rule 6: 1e3",              CHUNK("1e3"),                      CUT("501") },
    { MX, "rule 6: no size",          SAY(TO_ALICE "BDAT\r\nVRFY a\r\n"), CUT("501") },
    { MX, "rule 6: LAST without a size", SAY(TO_ALICE "BDAT LAST\r\nVRFY a\r\n"), CUT("501") },
    { MX, "rule 6: 5 FIRST",          CHUNK("5 FIRST"),                  CUT("501") },
    { MX, "rule 6: 5 LAST LAST",      CHUNK("5 LAST LAST"),              CUT("501") },
    { MX, "rule 6: a bare LF behind", SAY(TO_ALICE "BDAT 12 LAST\nVRFY alice\r\n"), CUT("500") },
    { MX, "rule 6: a NUL in it",      SAY(TO_ALICE "BDAT 12 \0LAST\r\nVRFY alice\r\n"), CUT("500") },
    { MX, "rule 6: before MAIL it is swallowed", SAY(EHLO "BDAT 12\r\nVRFY alice\r\n" QUIT), EHLO_OK LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "rule 6: before RCPT it is swallowed", SAY(EHLO "MAIL FROM:<>\r\nBDAT 12 LAST\r\nVRFY alice\r\n" QUIT), OPENED LINE("554 5\\.5\\.1") SMTP_BYE },
    { MX, "a second chunk after the last",       SAY(TO_ALICE "BDAT 8 LAST\r\nS: x\r\n\r\nBDAT 12 LAST\r\nVRFY alice\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") LINE("503 5\\.5\\.1") SMTP_BYE },
    { MX, "DATA among chunks",        SAY(TO_ALICE "BDAT 8\r\nS: x\r\n\r\nDATA\r\nRSET\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") LINE("503 5\\.5\\.1") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "MAIL among chunks",        SAY(TO_ALICE "BDAT 8\r\nS: x\r\n\r\nMAIL FROM:<y@evil.test>\r\nRSET\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") LINE("503 5\\.5\\.1") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "a recipient among chunks", SAY(TO_ALICE "BDAT 8\r\nS: x\r\n\r\nRCPT TO:<bob@a.test>\r\nBDAT 0 LAST\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") LINE("503 5\\.5\\.1") LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "CVE-2017-16944: a dot is no end", SAY(TO_ALICE "BDAT 13 LAST\r\nS: x\r\n\r\n.\r\n\r\n" QUIT), TO_ALICE_OK LINE("250 2\\.0\\.0") SMTP_BYE },
    { MX, "rule 2: a bare CR",        SAY(TO_ALICE "BDAT 12 LAST\r\nS: x\r\n\r\na\rbc" QUIT), TO_ALICE_OK LINE("550 5\\.6\\.0 message holds a CR") SMTP_BYE },
    { MX, "rule 2: CR and LF in two chunks", SAY(TO_ALICE "BDAT 5\r\nS: x\rBDAT 8 LAST\r\nNOT: LF\n" QUIT), TO_ALICE_OK LINE("(250 2\\.0\\.0|550 5\\.6\\.0)") LINE("550 5\\.6\\.0") SMTP_BYE },
    { MX, "a thousand chunks of nothing", FLOOD(TO_ALICE "BDAT 8\r\nS: x\r\n\r\n", "BDAT 0\r\n", 1000, "RSET\r\n" QUIT), TO_ALICE_OK "(250 2\\.0\\.0 [^\n]*\n)+" SMTP_BYE },
    { MX, "a chunk that never comes", LEAVE(TO_ALICE "BDAT 1000 LAST\r\nSubject: x"), TO_ALICE_OK },
};
/* clang-format on */
const struct class bdat_class = { "bdat", TABLE(attacks), NULL };
