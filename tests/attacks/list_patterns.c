/* list_patterns.c - patterns that take a matcher which goes back for years.
 *
 * CVE-2010-2632: a pattern of a few stars made the FTP servers of several systems, which handed it
 * to the C library's glob, exhaust a machine; matchers of mailbox names that try each star at each
 * place are the same. Rule 16: the cost is the pattern's length times the name's.
 */
#include "attacks/attack.h"

/* Names for the patterns to work on: each is a level of the one before. */
#define DEEP "aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa"

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "names of many a",        COMMAND("CREATE " DEEP), OK },
    { IMAPS_USER, "*%*%*%*%…q",             COMMAND("LIST \"\" *%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%q"), OK },
    { IMAPS_USER, "*a*a*a…q",               FLOOD("a LIST \"\" \"", "*a", 490, "q\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "%a%a%a…q",               FLOOD("a LIST \"\" \"", "%a", 490, "q\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "nine hundred stars",       FLOOD("a LIST \"\" \"", "*", 900, "q\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "nine hundred percent signs", FLOOD("a LIST \"\" \"", "%", 900, "q\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "nine hundred stars that match", FLOOD("a LIST \"\" \"", "*", 900, "\"\r\n" LOGOUT), "(\\* LIST [^\n]*\n)+" OK },
    { IMAPS_USER, "a pattern of 60,000 bytes", FLOOD("a LIST \"\" \"", "*a", 30000, "\"\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "500 patterns",           FLOOD("a LIST \"\" (*", " *", 499, ")\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "twenty long patterns",   FLOOD("a LIST \"\" (x", " *%a*%a*%a*%a*%a*%a*%a*%a*%a*%aq", 19, ")\r\n" LOGOUT), OK },
    { IMAPS_USER, "a reference that walks", COMMAND("LIST \"../../../etc/\" *"), OK },
    { IMAPS_USER, "a reference that is absolute", COMMAND("LIST \"/etc/\" *"), OK },
    { IMAPS_USER, "a reference of a home",  COMMAND("LIST \"~root/\" *"), OK },
    { IMAPS_USER, "a pattern that walks",   COMMAND("LIST \"\" \"../%\""), OK },
    { IMAPS_USER, "a pattern of separators", FLOOD("a LIST \"\" \"", "/", 1000, "\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "LSUB *%*%",              FLOOD("a LSUB \"\" \"", "*%", 490, "q\"\r\n" LOGOUT), OK },
    { IMAPS_USER, "RETURN of what is not",  COMMAND("LIST \"\" * RETURN (PASSWORDS)"), BAD },
    { IMAPS_USER, "RETURN a thousand times", FLOOD("a LIST \"\" * RETURN (CHILDREN", " CHILDREN", 1000, ")\r\n" LOGOUT), "((\\* LIST [^\n]*\n)+a OK|a BAD) [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "selected by what is not", COMMAND("LIST (RECURSIVEMATCH) \"\" *"), BAD },
    { IMAPS_USER, "the names are gone again", SAY("a DELETE " DEEP "\r\nb DELETE aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa\r\nc DELETE aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa\r\nd DELETE aaaaaaaaaaaaaaaa\r\n" LOGOUT), LINE("a OK") LINE("b OK") LINE("c OK") LINE("d OK") IMAP_BYE },
};
/* clang-format on */
const struct class list_patterns_class = { "list_patterns", TABLE(attacks), NULL };
