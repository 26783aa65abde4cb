/* search_nesting.c - SEARCH keys within each other until a stack ends.
 *
 * A recursive reader of SEARCH takes a frame a key; 64 KiB of "NOT NOT NOT" or of parentheses are
 * some ten thousand frames, and on servers whose sessions have small stacks a crash. Courier and
 * others have had it in SEARCH and in parenthesised lists alike. Rules 13 and 16.
 */
#include "attacks/attack.h"

#define SEARCH(again, times, last) \
    FLOOD("s SELECT INBOX\r\na SEARCH ", again, times, last "\r\n" LOGOUT)
#define BAD_AT_LAST SELECT_OK LINE("a BAD( \\[[A-Z]+\\])?") IMAP_BYE
#define ALL_FOUND   SELECT_OK "\\* SEARCH 1 2 3\n" OK
#define NONE_FOUND  SELECT_OK "\\* SEARCH\n" OK

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "thirty NOT",             SEARCH("NOT ", 30, "ALL"), ALL_FOUND },
    { IMAPS_USER, "forty NOT",              SEARCH("NOT ", 40, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "16,000 NOT",             SEARCH("NOT ", 16000, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "forty parentheses",      SEARCH("(", 40, "ALL))))))))))))))))))))))))))))))))))))))))"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "60,000 parentheses",     SEARCH("(", 60000, ""), BAD_AT_LAST },
    { IMAPS_USER, "60,000 closing ones",    SEARCH(")", 60000, ""), BAD_AT_LAST },
    { IMAPS_USER, "OR OR OR to the left",   SEARCH("OR ", 16000, "ALL ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "OR to the right",        SEARCH("OR ALL ", 8000, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "NOT ( NOT (",            SEARCH("NOT (", 8000, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "OR without its second",  SELECTED("SEARCH OR ALL"), SELECT_OK BAD },
    { IMAPS_USER, "NOT of nothing",         SELECTED("SEARCH NOT"), SELECT_OK BAD },
    { IMAPS_USER, "empty parentheses",      SELECTED("SEARCH ()"), SELECT_OK BAD },
    { IMAPS_USER, "10,000 keys side by side", SEARCH("ALL ", 10000, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "900 texts",              SEARCH("TEXT qqqq ", 900, "ALL"), NONE_FOUND },
    { IMAPS_USER, "a text of 60,000 bytes", FLOOD("s SELECT INBOX\r\na SEARCH TEXT \"", "x", 60000, "\"\r\n" LOGOUT), NONE_FOUND },
    { IMAPS_USER, "an empty text",          SELECTED("SEARCH TEXT \"\""), ALL_FOUND },
    { IMAPS_USER, "FUZZY FUZZY",            SEARCH("FUZZY ", 1000, "ALL"), SELECT_OK TOO_BIG },
    { IMAPS_USER, "900 sets of everything", SEARCH("UID 1:4294967295 ", 900, "ALL"), ALL_FOUND },
    { IMAPS_USER, "HEADER of a field of 60,000 bytes", FLOOD("s SELECT INBOX\r\na SEARCH HEADER ", "x", 60000, " y\r\n" LOGOUT), SELECT_OK "(\\* SEARCH\na OK|a BAD) [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "a charset that walks",   SELECTED("SEARCH CHARSET ../../etc/passwd TEXT x"), SELECT_OK LINE("a NO \\[BADCHARSET[^]]*\\]") IMAP_BYE },
    { IMAPS_USER, "a charset of 500 bytes", FLOOD("s SELECT INBOX\r\na SEARCH CHARSET ", "X", 500, " TEXT x\r\n" LOGOUT), SELECT_OK LINE("a NO \\[BADCHARSET[^]]*\\]") IMAP_BYE },
    { IMAPS_USER, "an iconv option in a charset", SELECTED("SEARCH CHARSET UTF-8//TRANSLIT TEXT x"), SELECT_OK LINE("a NO \\[BADCHARSET[^]]*\\]") IMAP_BYE },
    { IMAPS_USER, "SORT by 200 keys",       FLOOD("s SELECT INBOX\r\na SORT (SIZE", " SIZE", 199, ") UTF-8 ALL\r\n" LOGOUT), SELECT_OK TOO_BIG },
    { IMAPS_USER, "SORT by nothing",        SELECTED("SORT () UTF-8 ALL"), SELECT_OK BAD },
    { IMAPS_USER, "SORT in reverse of reverse", SELECTED("SORT (REVERSE REVERSE DATE) UTF-8 ALL"), SELECT_OK BAD },
    { IMAPS_USER, "THREAD by what is not",  SELECTED("THREAD MAGIC UTF-8 ALL"), SELECT_OK BAD },
    { IMAPS_USER, "ESEARCH in 2,000 mailboxes", FLOOD("a ESEARCH IN (mailboxes (INBOX", " INBOX", 2000, ")) ALL\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "NOT of a saved result",  SELECTED("SEARCH NOT $"), ALL_FOUND },
};
/* clang-format on */
const struct class search_nesting_class = { "search_nesting", TABLE(attacks), NULL };
