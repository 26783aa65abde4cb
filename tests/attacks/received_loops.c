/* received_loops.c - letters that claim to have gone round in circles, or hide that they do.
 *
 * RFC 5321 6.3: counting Received lines is all that stops a loop between servers that forward to
 * each other; a stranger who forges them must not be able to do more than have his letter refused,
 * and one who folds, repeats or mangles them must not get past the count. Vacation programs of the
 * 1990s answered each other until disks were full: what comes from the null sender is never
 * answered (rule 10).
 */
#include "attacks/attack.h"

#define LETTER(again, times, rest) FLOOD(TO_ALICE "DATA\r\n", again, times, rest ".\r\n" QUIT)
#define LOOP                       TO_ALICE_OK LINE("354") LINE("554 5\\.4\\.6") SMTP_BYE
#define TAKEN                      TO_ALICE_OK LINE("354") LINE("250 2\\.0\\.0") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "fifty hops",                  LETTER("Received: x\r\n", 50, "\r\nx\r\n"), TAKEN },
    { MX, "fifty-one hops",              LETTER("Received: x\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "a thousand hops",             LETTER("Received: x\r\n", 1000, "\r\nx\r\n"), LOOP },
    { MX, "in large and small letters",  LETTER("rEcEiVeD: x\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "with a space before the colon", LETTER("Received : x\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "without a space behind it",   LETTER("Received:x\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "empty",                       LETTER("Received:\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "folded",                      LETTER("Received:\r\n\tx\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "behind a line that is no field", LETTER("Received: x\r\nno field\r\n", 51, "\r\nx\r\n"), LOOP },
    { MX, "in the body they are text",   LETTER("\r\nReceived: x\r\n", 51, "x\r\n"), TAKEN },
    { MX, "of another name",             LETTER("X-Received: x\r\n", 51, "\r\nx\r\n"), TAKEN },
    { MX, "among 9,000 other fields",   FLOOD(TO_ALICE "DATA\r\nReceived: x\r\n", "X: y\r\n", 9000, "\r\nx\r\n.\r\n" QUIT), TAKEN },
    { SUBMITS_USER, "from a user",       FLOOD("MAIL FROM:<alice@a.test>\r\nRCPT TO:<alice@a.test>\r\nDATA\r\n", "Received: x\r\n", 51, "\r\nx\r\n.\r\n" QUIT), LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") LINE("354") LINE("554 5\\.4\\.6") SMTP_BYE },
    { MX, "by BDAT",                     FLOOD(TO_ALICE "BDAT 1105 LAST\r\n", "Received: 12345678\r\n", 55, "x\r\n\r\n" QUIT), TO_ALICE_OK LINE("554 5\\.4\\.6") SMTP_BYE },
    { MX, "from nobody, to nobody",      SAY(EHLO "MAIL FROM:<>\r\nRCPT TO:<nobody@a.test>\r\n" QUIT), OPENED LINE("550 5\\.1\\.1") SMTP_BYE },
};
/* clang-format on */
const struct class received_loops_class = { "received_loops", TABLE(attacks), NULL };
