/* literals.c - literals whose size is a lie or too much.
 *
 * University of Washington's imapd, 1998, CVE-1999-0005: a mechanism's name for AUTHENTICATE, sent
 * as a literal longer than its buffer, gave a stranger root. Sizes that wrap have done the same
 * since in one server after another. A size that cannot be read also leaves the bytes behind it
 * without an owner: they are never commands. Rules 6 and 12.
 */
#include "attacks/attack.h"

/* The session ends before what follows could be a command. */
#define LOST(literal) SAY("a LOGIN " literal "\r\nx NOOP\r\n" LOGOUT)
#define BYE           "(a (BAD|NO) [^\n]*\n)?" IMAP_END

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS, "rule 12: 4,097 bytes before login", SAY("a LOGIN {4097}\r\n" LOGOUT), TOO_BIG },
    { IMAPS, "rule 12: 2^31 is refused before it is asked for", SAY("a LOGIN {2147483648}\r\n" LOGOUT), TOO_BIG },
    { IMAPS, "2^31 at once",          LOST("{2147483648+}"), BYE },
    { IMAPS, "2^32 at once",          LOST("{4294967296+}"), BYE },
    { IMAPS, "2^32 + 5 at once",      LOST("{4294967301+}"), BYE },
    { IMAPS, "2^63 - 1 at once",      LOST("{9223372036854775807+}"), BYE },
    { IMAPS, "2^63 at once",          LOST("{9223372036854775808+}"), BYE },
    { IMAPS, "2^64 - 1 at once",      LOST("{18446744073709551615+}"), BYE },
    { IMAPS, "2^64 at once",          LOST("{18446744073709551616+}"), BYE },
    { IMAPS, "2^64 + 1 at once",      LOST("{18446744073709551617+}"), BYE },
    { IMAPS, "2^64 + 5 at once",      LOST("{18446744073709551621+}"), BYE },
    { IMAPS, "2^128 at once",         LOST("{340282366920938463463374607431768211456+}"), BYE },
    { IMAPS, "a thousand digits",     FLOOD("a LOGIN {", "9", 1000, "+}\r\nx NOOP\r\n" LOGOUT), BYE },
    { IMAPS, "a thousand zeros before 5", FLOOD("a LOGIN {", "0", 1000, "5+}\r\nx NOOP\r\n" LOGOUT), BAD },
    { IMAPS, "behind a bare LF",      SAY("a LOGIN {9+}\nx NOOP\r\n" LOGOUT), BYE },
    { IMAPS, "-1",                    COMMAND("LOGIN {-1}"), BAD },
    { IMAPS, "-1 at once",            COMMAND("LOGIN {-1+}"), BAD },
    { IMAPS, "+5",                    COMMAND("LOGIN {+5}"), BAD },
    { IMAPS, "0x10",                  COMMAND("LOGIN {0x10}"), BAD },
    { IMAPS, "no digits",             COMMAND("LOGIN {}"), BAD },
    { IMAPS, "a plus alone",          COMMAND("LOGIN {+}"), BAD },
    { IMAPS, "two pluses",            COMMAND("LOGIN {5++}"), BAD },
    { IMAPS, "no end",                COMMAND("LOGIN {5"), BAD },
    { IMAPS, "a space in it",         COMMAND("LOGIN {5 }"), BAD },
    { IMAPS, "something behind it",   COMMAND("LOGIN {5}x"), BAD },
    { IMAPS, "of LITERAL- past 4,096", FLOOD("a LOGIN {5000+}\r\n", "x", 5000, " x\r\n" LOGOUT), "(a BAD [^\n]*\n)(" IMAP_BYE "|" IMAP_END ")" },
    { IMAPS, "a thousand of them",    FLOOD("a LOGIN", " {1+}\r\nx", 1000, "\r\n" LOGOUT), "(a BAD [^\n]*\n)(" IMAP_BYE "|" IMAP_END ")" },
    { IMAPS, "a literal in an unknown command", SAY("a FOO {8+}\r\nx NOOP\r\n\r\n" LOGOUT), BAD },
    { IMAPS, "a literal for a tag",   SAY("{4+}\r\nNOOP\r\n" LOGOUT), "\\* BAD [^\n]*\n(" IMAP_BYE "|" IMAP_END ")" },
    { IMAPS_USER, "APPEND of 2^31",   SAY("a APPEND INBOX {2147483648}\r\n" LOGOUT), LINE("a NO \\[TOOBIG\\]") IMAP_BYE },
    { IMAPS_USER, "APPEND of 2^63 at once", SAY("a APPEND INBOX {9223372036854775808+}\r\n" LOGOUT), BYE },
    { IMAPS_USER, "APPEND of nothing", SAY("a APPEND INBOX {0+}\r\n\r\n" LOGOUT), LINE("a NO \\[CANNOT\\]") IMAP_BYE },
    { IMAPS_USER, "a second message of 2^40", SAY("a APPEND Drafts {6+}\r\nx: y\r\n {1099511627776+}\r\n"), BYE },
    { IMAPS_USER, "a metadata value of 2^31", SAY("a SETMETADATA INBOX (/private/x {2147483648+}\r\n"), BYE },
    { IMAPS_USER, "a text of 2^63 to put together", SAY("a APPEND Drafts CATENATE (TEXT {9223372036854775808+}\r\n"), BYE },
    { IMAPS_USER, "a refused replacement is swallowed", SAY("s SELECT INBOX\r\na REPLACE 9 Drafts {8+}\r\nx NOOP\r\n\r\n" LOGOUT), SELECT_OK BAD },
    { IMAPS_USER, "a name of 5,000 bytes", FLOOD("a CREATE {5000+}\r\n", "x", 5000, "\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "APPEND that never comes", LEAVE("a APPEND Drafts {1000+}\r\nSubject: x\r\n"), "" },
};
/* clang-format on */
const struct class literals_class = { "literals", TABLE(attacks), NULL };
