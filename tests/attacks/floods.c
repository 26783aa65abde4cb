/* floods.c - much of what is cheap to ask for and dear to keep: NOTIFY, ID, ENABLE, contexts.
 *
 * Each extension of IMAP that remembers something for a session is a way to make it remember too
 * much; RFC 5465 11 and RFC 5267 3.2 say so of themselves. Rule 13, and limits.h for each.
 */
#include "attacks/attack.h"

#define CONTEXT(tag) tag " SEARCH RETURN (UPDATE) ALL\r\n"

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS, "ID of 31 fields",              FLOOD("a ID (", "\"a\" \"b\" ", 31, "\"c\" \"d\")\r\n" LOGOUT), "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS, "ID of a name of 31 bytes",     FLOOD("a ID (\"", "x", 31, "\" \"y\")\r\n" LOGOUT), "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS, "ID of a value of 1,025 bytes", FLOOD("a ID (\"name\" \"", "x", 1025, "\")\r\n" LOGOUT), "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS, "ID of half a pair",            COMMAND("ID (\"name\")"), BAD },
    { IMAPS, "ID of a line end",             SAY("a ID (\"name\" {6+}\r\nx\r\n* y)\r\n" LOGOUT), "(\\* ID [^\n]*\na OK|a BAD) [^\n]*\n" IMAP_BYE },
    { IMAPS, "ID a thousand times",          FLOOD("", "a ID NIL\r\n", 1000, LOGOUT), "(\\* ID [^\n]*\na OK [^\n]*\n)+" IMAP_END },
    { IMAPS, "CAPABILITY a hundred times", FLOOD("", "a CAPABILITY\r\n", 100, LOGOUT), "(\\* CAPABILITY [^\n]*\na OK [^\n]*\n)+" IMAP_BYE },
    { IMAPS_USER, "ENABLE of what is not",   COMMAND("ENABLE X-ROOT ADMIN"), "\\* ENABLED\n" OK },
    { IMAPS_USER, "ENABLE of 10,000",        FLOOD("a ENABLE", " X", 10000, "\r\n" LOGOUT), "a BAD [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "NOTIFY of 500 groups",    FLOOD("a NOTIFY SET", " (inboxes (MessageNew MessageExpunge))", 500, "\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "NOTIFY of 2,000 mailboxes", FLOOD("a NOTIFY SET (mailboxes (INBOX", " INBOX", 2000, ") (MessageNew MessageExpunge))\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "NOTIFY of an event that is none", COMMAND("NOTIFY SET (personal (WorldEnds))"), LINE("a NO \\[BADEVENT [^]]*\\]") IMAP_BYE },
    { IMAPS_USER, "NOTIFY of 5,000 events", FLOOD("a NOTIFY SET (personal (MessageNew MessageExpunge", " FlagChange", 5000, "))\r\n" LOGOUT), OK },
    { IMAPS_USER, "NOTIFY of whole messages elsewhere", COMMAND("NOTIFY SET (personal (MessageNew (BODY[]) MessageExpunge))"), BAD },
    { IMAPS_USER, "NOTIFY again and again",  FLOOD("", "a NOTIFY SET (personal (MessageNew MessageExpunge))\r\n", 200, LOGOUT), "((\\* [^\n]*\n)*a OK [^\n]*\n)+" IMAP_BYE },
    { IMAPS_USER, "the ninth context of a session", SAY("s SELECT INBOX\r\n" CONTEXT("1") CONTEXT("2") CONTEXT("3") CONTEXT("4") CONTEXT("5") CONTEXT("6") CONTEXT("7") CONTEXT("8") CONTEXT("9") LOGOUT), SELECT_OK "((\\* ESEARCH [^\n]*\n)+[1-8] OK [^\n]*\n){8}" "\\* ESEARCH [^\n]*\n\\* NO \\[NOUPDATE \"9\"\\] [^\n]*\n9 OK [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "an update that was never asked for", SELECTED("CANCELUPDATE \"nobody\""), SELECT_OK NO },
    { IMAPS_USER, "SELECT 300 times", FLOOD("", "s SELECT INBOX\r\n", 300, LOGOUT), "((\\* [^\n]*\n)+s OK [^\n]*\n)+" IMAP_BYE },
    { IMAPS_USER, "FETCH 300 times",  FLOOD("s SELECT INBOX\r\n", "a FETCH 1:* FLAGS\r\n", 300, LOGOUT), SELECT_OK "((\\* [^\n]*\n)+a OK [^\n]*\n)+" IMAP_BYE },
    { IMAPS_USER, "APPEND of 1,000 nothings", FLOOD("a APPEND Drafts", " {0+}\r\n", 1000, "\r\n" LOGOUT), LINE("a NO \\[CANNOT\\]") IMAP_BYE },
    { IMAPS_USER, "flags of 1,000 names",    FLOOD("a APPEND Drafts (x", " yyyyyyyyyyyyyyyy", 1000, ") {3+}\r\nabc\r\n" LOGOUT), LINE("a OK \\[APPENDUID [0-9]+ 1\\]") IMAP_BYE },
    { IMAPS_USER, "STARTTLS within TLS",     COMMAND("STARTTLS"), BAD },
    { POP3S_USER, "NOOP a thousand times",   FLOOD("", "NOOP\r\n", 1000, "QUIT\r\n"), "(\\+OK[^\n]*\n)+" },
    { POP3S_USER, "UIDL a thousand times",   FLOOD("", "UIDL\r\n", 1000, "QUIT\r\n"), "(\\+OK[^\n]*\n(([0-9]+ [^\n]*)\n)*(\\.\n)?)+" },
};
/* clang-format on */
const struct class floods_class = { "floods", TABLE(attacks), NULL };
