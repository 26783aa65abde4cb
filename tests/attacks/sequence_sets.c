/* sequence_sets.c - few bytes that name four thousand million messages, or many that name one.
 *
 * A server that walks the numbers named instead of the messages there spends minutes on
 * "1:4294967295"; one that keeps each range as it came keeps thousands of times one message. Rule
 * 17: sets are normalised, and the cost follows the matches.
 */
#include "attacks/attack.h"

#define MESSAGE(n) "\\* " #n " FETCH \\(UID " #n "\\)\n"
#define ALL_THREE  MESSAGE(1) MESSAGE(2) MESSAGE(3)
#define RANGES(again, times, last) \
    FLOOD("s SELECT INBOX\r\na UID FETCH ", again, times, last " UID\r\n" LOGOUT)

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "1:4294967295",            SELECTED("UID FETCH 1:4294967295 UID"), SELECT_OK ALL_THREE OK },
    { IMAPS_USER, "4294967295:1",            SELECTED("UID FETCH 4294967295:1 UID"), SELECT_OK ALL_THREE OK },
    { IMAPS_USER, "4294967295:*",            SELECTED("UID FETCH 4294967295:* UID"), SELECT_OK MESSAGE(3) OK },
    { IMAPS_USER, "*:4294967295",            SELECTED("UID FETCH *:4294967295 UID"), SELECT_OK MESSAGE(3) OK },
    { IMAPS_USER, "*:*",                     SELECTED("UID FETCH *:* UID"), SELECT_OK MESSAGE(3) OK },
    { IMAPS_USER, "1:4294967295 by number",  SELECTED("FETCH 1:4294967295 UID"), SELECT_OK "(" ALL_THREE "a OK|a BAD) [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "4294967295 alone",        SELECTED("UID FETCH 4294967295 UID"), SELECT_OK OK },
    { IMAPS_USER, "1:4294967295 in SEARCH",  SELECTED("SEARCH UID 1:4294967295"), SELECT_OK "\\* SEARCH 1 2 3\n" OK },
    { IMAPS_USER, "all but 1:4294967295",    SELECTED("SEARCH NOT UID 1:4294967295"), SELECT_OK "\\* SEARCH\n" OK },
    { IMAPS_USER, "1:4294967295 in UID COPY", SELECTED("UID COPY 4:4294967294 Drafts"), SELECT_OK OK },
    { IMAPS_USER, "1:4294967295 in UID EXPUNGE", SELECTED("UID EXPUNGE 4:4294967294"), SELECT_OK OK },
    { IMAPS_USER, "1:4294967295 known to QRESYNC", SAY("e ENABLE QRESYNC\r\na SELECT INBOX (QRESYNC (1 1 1:4294967295))\r\n" LOGOUT), "\\* ENABLED QRESYNC\n" LINE("e OK") "(\\* [^\n]*\n)+" OK },
    { IMAPS_USER, "nine thousand ranges",    RANGES("1:4294967295,", 4500, "1"), SELECT_OK ALL_THREE OK },
    { IMAPS_USER, "nine thousand single numbers", RANGES("3,1,", 4500, "2"), SELECT_OK ALL_THREE OK },
    { IMAPS_USER, "nine thousand backward ranges", RANGES("*:1,", 4500, "1"), SELECT_OK ALL_THREE OK },
    { IMAPS_USER, "past the most ranges",    RANGES("1,", 10001, "1"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "past the longest line",   RANGES("1,", 100000, "1"), SELECT_OK TOO_LONG },
    { IMAPS_USER, "a colon at the end",      SELECTED("FETCH 1: UID"), SELECT_OK BAD },
    { IMAPS_USER, "a comma at the end",      SELECTED("FETCH 1, UID"), SELECT_OK BAD },
    { IMAPS_USER, "a comma alone",           SELECTED("FETCH , UID"), SELECT_OK BAD },
    { IMAPS_USER, "two colons",              SELECTED("FETCH 1:2:3 UID"), SELECT_OK BAD },
    { IMAPS_USER, "two stars",               SELECTED("FETCH ** UID"), SELECT_OK BAD },
    { IMAPS_USER, "a saved result that is not there", SELECTED("UID FETCH $ UID"), SELECT_OK OK },
    { IMAPS_USER, "a saved result and a range", SELECTED("UID FETCH $,1 UID"), SELECT_OK BAD },
};
/* clang-format on */
const struct class sequence_sets_class = { "sequence_sets", TABLE(attacks), NULL };
