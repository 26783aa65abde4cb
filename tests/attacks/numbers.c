/* numbers.c - numbers past what they count, in IMAP.
 *
 * A server of today reads 18446744073709551617 as 1 and fetches the wrong message; another's
 * 4294967296 is 0. Rule 14: every number is judged in 64 bits, and what does not fit is BAD.
 */
#include "attacks/attack.h"

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "message 0",                SELECTED("FETCH 0 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "message 2^32",             SELECTED("FETCH 4294967296 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "message 2^32 + 1",         SELECTED("FETCH 4294967297 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "message 2^64 + 1",         SELECTED("FETCH 18446744073709551617 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "UID 2^64 + 1",             SELECTED("UID FETCH 18446744073709551617 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "a negative message",       SELECTED("FETCH -1 FLAGS"), SELECT_OK BAD },
    { IMAPS_USER, "zeros do not overflow",    SELECTED("FETCH 00000000000000000000001 UID"), SELECT_OK "\\* 1 FETCH \\(UID 1\\)\n" OK },
    { IMAPS_USER, "2^64 + 1 in STORE",        SELECTED("STORE 18446744073709551617 +FLAGS (\\Deleted)"), SELECT_OK BAD },
    { IMAPS_USER, "2^64 + 1 in COPY",         SELECTED("COPY 18446744073709551617 Archive"), SELECT_OK BAD },
    { IMAPS_USER, "2^64 + 1 in MOVE",         SELECTED("MOVE 18446744073709551617 Archive"), SELECT_OK BAD },
    { IMAPS_USER, "2^64 + 1 in UID EXPUNGE",  SELECTED("UID EXPUNGE 18446744073709551617"), SELECT_OK BAD },
    { IMAPS_USER, "2^64 + 1 in SEARCH",       SELECTED("SEARCH UID 18446744073709551617"), SELECT_OK BAD },
    { IMAPS_USER, "larger than 2^64",         SELECTED("SEARCH LARGER 18446744073709551616"), SELECT_OK BAD },
    { IMAPS_USER, "smaller than -1",          SELECTED("SEARCH SMALLER -1"), SELECT_OK BAD },
    { IMAPS_USER, "changed since 2^64",       SELECTED("FETCH 1 FLAGS (CHANGEDSINCE 18446744073709551616)"), SELECT_OK BAD },
    { IMAPS_USER, "a MODSEQ of 2^64 - 1",     SELECTED("STORE 1 (UNCHANGEDSINCE 18446744073709551615) FLAGS ()"), SELECT_OK BAD },
    { IMAPS_USER, "a MODSEQ of 2^63",         SELECTED("SEARCH MODSEQ 9223372036854775808"), SELECT_OK BAD },
    { IMAPS_USER, "a part past its end",      SELECTED("FETCH 1 BODY.PEEK[]<4294967295.4294967295>"), SELECT_OK "\\* 1 FETCH \\(BODY\\[\\]<4294967295> (\\{0\\}\n|\"\")\\)\n" OK },
    { IMAPS_USER, "a part from 2^64",         SELECTED("FETCH 1 BODY.PEEK[]<18446744073709551616.1>"), SELECT_OK BAD },
    { IMAPS_USER, "a part of nothing",        SELECTED("FETCH 1 BODY.PEEK[]<0.0>"), SELECT_OK BAD },
    { IMAPS_USER, "section 2^32",             SELECTED("FETCH 1 BODY.PEEK[4294967296]"), SELECT_OK BAD },
    { IMAPS_USER, "section 0",                SELECTED("FETCH 1 BODY.PEEK[0]"), SELECT_OK BAD },
    { IMAPS_USER, "a binary part 2^32",       SELECTED("FETCH 1 BINARY.PEEK[4294967296]"), SELECT_OK BAD },
    { IMAPS_USER, "results 0 to 5",           SELECTED("SEARCH RETURN (PARTIAL 0:5) ALL"), SELECT_OK BAD },
    { IMAPS_USER, "results past 2^32",        SELECTED("SEARCH RETURN (PARTIAL 4294967296:4294967297) ALL"), SELECT_OK BAD },
    { IMAPS_USER, "QRESYNC of UIDVALIDITY 0", SAY("e ENABLE QRESYNC\r\na SELECT INBOX (QRESYNC (0 1))\r\n" LOGOUT), "\\* ENABLED QRESYNC\n" LINE("e OK") BAD },
    { IMAPS_USER, "QRESYNC of 2^32 known UIDs", SAY("e ENABLE QRESYNC\r\na SELECT INBOX (QRESYNC (1 1 1:4294967296))\r\n" LOGOUT), "\\* ENABLED QRESYNC\n" LINE("e OK") BAD },
    { IMAPS_USER, "QRESYNC without ENABLE",   COMMAND("SELECT INBOX (QRESYNC (1 1))"), BAD },
    { IMAPS_USER, "a quota of 2^64",          COMMAND("SETQUOTA \"\" (STORAGE 18446744073709551616)"), BAD },
    { IMAPS_USER, "within 2^64 seconds",      SELECTED("SEARCH YOUNGER 18446744073709551616"), SELECT_OK BAD },
    { IMAPS_USER, "32 January",               SAY("a APPEND Drafts \"32-Jan-2020 00:00:00 +0000\" {3+}\r\nabc\r\n" LOGOUT), BAD },
    { IMAPS_USER, "the year 0",               SELECTED("SEARCH SINCE 1-Jan-0000"), SELECT_OK "(\\* SEARCH[^\n]*\na OK|a BAD) [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "a zone of 99 hours",       SAY("a APPEND Drafts \"01-Jan-2020 00:00:00 +9999\" {3+}\r\nabc\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a replacement of message 0", SAY("s SELECT INBOX\r\na REPLACE 0 Drafts {8+}\r\nx NOOP\r\n\r\n" LOGOUT), SELECT_OK BAD },
};
/* clang-format on */
const struct class numbers_class = { "numbers", TABLE(attacks), NULL };
