/* nesting.c - lists and brackets of IMAP within each other, and commands of many small pieces.
 *
 * Dovecot, March 2026, CVE-2026-27857: NOOP followed by parentheses alone made the parser keep a
 * megabyte for a connection that had not logged in, a thousand of them a gigabyte. Rule 13: one
 * budget of bytes, tokens and depth for every command, over both kinds of brackets, before login
 * too.
 */
#include "attacks/attack.h"

#define FETCH(again, times, last) \
    FLOOD("s SELECT INBOX\r\na FETCH 1 ", again, times, last "\r\n" LOGOUT)

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS, "forty parentheses in ID",        FLOOD("a ID ", "(", 40, "\r\n" LOGOUT), BAD },
    { IMAPS, "3,000 parentheses in ID",        FLOOD("a ID ", "(", 3000, "\r\n" LOGOUT), BAD },
    { IMAPS, "CVE-2026-27857: 60,000 parentheses behind NOOP", FLOOD("a NOOP ", "(", 60000, "\r\n" LOGOUT), TOO_LONG },
    { IMAPS, "CVE-2026-27857: 3,000 parentheses behind NOOP", FLOOD("a NOOP ", "(", 3000, "\r\n" LOGOUT), BAD },
    { IMAPS, "CVE-2026-27857: parentheses without an end", FLOOD_AND_LEAVE("a NOOP ", "(", 60000), TOO_LONG },
    { IMAPS, "CVE-2026-27857: fewer, without an end", FLOOD_AND_LEAVE("a NOOP ", "(", 3000), "" },
    { IMAPS, "3,000 closing parentheses",      FLOOD("a ID ", ")", 3000, "\r\n" LOGOUT), BAD },
    { IMAPS, "1,500 empty lists",              FLOOD("a ID (", "()", 1500, ")\r\n" LOGOUT), BAD },
    { IMAPS, "1,000 empty strings",            FLOOD("a ID (", "\"\" ", 1000, "\"\")\r\n" LOGOUT), BAD },
    { IMAPS, "1,500 arguments of LOGIN",       FLOOD("a LOGIN", " x", 1500, "\r\n" LOGOUT), BAD },
    { IMAPS, "parentheses for a command",      SAY("(((((((((((((((\r\n" LOGOUT), LINE("\\* BAD") IMAP_BYE },
    { IMAPS_USER, "FETCH ((((",                FETCH("(", 60000, ""), SELECT_OK BAD },
    { IMAPS_USER, "FETCH BODY[1[1[1[",         FETCH("BODY[1[1[1[1[1", 1, ""), SELECT_OK BAD },
    { IMAPS_USER, "FETCH BODY[[[[",            FETCH("BODY[", 10000, ""), SELECT_OK BAD },
    { IMAPS_USER, "FETCH BODY[1.1.1.1…]",      FLOOD("s SELECT INBOX\r\na FETCH 1 BODY.PEEK[", "1.", 10000, "1]\r\n" LOGOUT), SELECT_OK "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "FETCH BINARY[1.1.1.1…]",    FLOOD("s SELECT INBOX\r\na FETCH 1 BINARY.PEEK[", "1.", 200, "1]\r\n" LOGOUT), SELECT_OK TOO_BIG },
    { IMAPS_USER, "FETCH of 10,000 items",     FETCH("UID ", 10000, "UID"), SELECT_OK BAD },
    { IMAPS_USER, "FETCH of 5,000 fields",     FLOOD("s SELECT INBOX\r\na FETCH 1 BODY.PEEK[HEADER.FIELDS (", "X ", 5000, "X)]\r\n" LOGOUT), SELECT_OK "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "FETCH of a field without an end", SELECTED("FETCH 1 BODY.PEEK[HEADER.FIELDS (X"), SELECT_OK BAD },
    { IMAPS_USER, "FETCH of no fields",        SELECTED("FETCH 1 BODY.PEEK[HEADER.FIELDS ()]"), SELECT_OK BAD },
    { IMAPS_USER, "STATUS of 9,000 items",    FLOOD("a STATUS INBOX (", "UNSEEN ", 9000, "UNSEEN)\r\n" LOGOUT), "\\* STATUS \"INBOX\" \\(UNSEEN 3\\)\n" OK },
    { IMAPS_USER, "STORE of 100 keywords",     FLOOD("s SELECT INBOX\r\na STORE 1 FLAGS (", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz ", 100, "x)\r\n" LOGOUT), SELECT_OK TOO_BIG },
    { IMAPS_USER, "STORE of 30,000 flags",     FLOOD("s SELECT INBOX\r\na STORE 1 +FLAGS (", "a ", 30000, "a)\r\n" LOGOUT), SELECT_OK LINE("\\* FLAGS") LINE("\\* OK \\[PERMANENTFLAGS") "\\* 1 FETCH \\(FLAGS \\(a\\)\\)\n" OK },
    { IMAPS_USER, "a flag that is a response", SELECTED("STORE 1 +FLAGS (\\Recent)"), SELECT_OK BAD },
    { IMAPS_USER, "a flag that is none",       SELECTED("STORE 1 +FLAGS (\\X-Root)"), SELECT_OK BAD },
};
/* clang-format on */
const struct class nesting_class = { "nesting", TABLE(attacks), NULL };
