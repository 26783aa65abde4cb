/* mailbox_names.c - names that walk paths, and names that are responses.
 *
 * University of Washington's imapd opened any file its user could read when it was SELECTed by its
 * path, for years by design; Courier, Cyrus and dbmail each had a name with "../" that led out of
 * the mail folder; servers that sent names back unquoted let a name with a line end speak for
 * them. Rules 15 and 18: a name is a key of a table, in valid UTF-8, and goes out through one
 * encoder.
 */
#include "attacks/attack.h"

/* Dots are letters like any other: a level of the name, and nothing of a path. */
#define MADE LINE("a OK \\[MAILBOXID \\([A-Za-z0-9]+\\)\\]")

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "a path that walks",        COMMAND("SELECT ../../../etc/passwd"), NO },
    { IMAPS_USER, "an absolute path",         COMMAND("SELECT /etc/passwd"), NO },
    { IMAPS_USER, "a home",                   COMMAND("SELECT ~root/mbox"), NO },
    { IMAPS_USER, "a namespace of news",      COMMAND("SELECT #news.comp.mail.imap"), NO },
    { IMAPS_USER, "a path that walks, made",  SAY("a CREATE ../x\r\nb DELETE ../x\r\nc DELETE ..\r\n" LOGOUT), MADE LINE("b OK") LINE("c OK") IMAP_BYE },
    { IMAPS_USER, "a dot for a name",         SAY("a CREATE .\r\nb DELETE .\r\n" LOGOUT), MADE LINE("b OK") IMAP_BYE },
    { IMAPS_USER, "two dots for a level",     SAY("a CREATE q/../../b\r\nb DELETE q/../../b\r\nc DELETE q/../..\r\nd DELETE q/..\r\ne DELETE q\r\n" LOGOUT), MADE LINE("b OK") LINE("c OK") LINE("d OK") LINE("e OK") IMAP_BYE },
    { IMAPS_USER, "a name that begins with a separator", COMMAND("CREATE /etc/passwd"), NO },
    { IMAPS_USER, "an empty level",           COMMAND("CREATE a//b"), NO },
    { IMAPS_USER, "an empty name",            COMMAND("CREATE \"\""), BAD },
    { IMAPS_USER, "forty levels",             FLOOD("a CREATE a", "/a", 39, "\r\n" LOGOUT), NO },
    { IMAPS_USER, "a name of 1,100 bytes",    FLOOD("a CREATE ", "x", 1100, "\r\n" LOGOUT), TOO_BIG },
    { IMAPS_USER, "a wildcard",               COMMAND("CREATE \"a*\""), NO },
    { IMAPS_USER, "a percent sign",           COMMAND("CREATE \"a%b\""), NO },
    { IMAPS_USER, "UTF-7 of plain ASCII",     COMMAND("CREATE &AGE-"), BAD },
    { IMAPS_USER, "UTF-7 of ../",             COMMAND("CREATE &AC4ALgAv-x"), BAD },
    { IMAPS_USER, "UTF-7 of NUL",             COMMAND("CREATE &AAA-"), BAD },
    { IMAPS_USER, "UTF-7 of CR LF",           COMMAND("CREATE &AA0ACg-"), BAD },
    { IMAPS_USER, "UTF-7 of half a surrogate", COMMAND("CREATE &2AA-"), BAD },
    { IMAPS_USER, "half a UTF-7",             COMMAND("CREATE &Jjo"), BAD },
    { IMAPS_USER, "two UTF-7 in a row",       COMMAND("CREATE &Jjo-&Jjo-"), BAD },
    { IMAPS_USER, "overlong UTF-8",           COMMAND("CREATE \"\xc0\xaf\""), BAD },
    { IMAPS_USER, "overlong ../",             COMMAND("CREATE \"\xc0\xae\xc0\xae\xc0\xaf\""), BAD },
    { IMAPS_USER, "a surrogate",              COMMAND("CREATE \"\xed\xa0\x80\""), BAD },
    { IMAPS_USER, "past Unicode",             COMMAND("CREATE \"\xf4\x90\x80\x80\""), BAD },
    { IMAPS_USER, "half a character",         COMMAND("CREATE \"a\xe2\x82\""), BAD },
    { IMAPS_USER, "a line separator",         COMMAND("CREATE \"a\xe2\x80\xa8" "b\""), NO },
    { IMAPS_USER, "a CSI of eight bits",      COMMAND("CREATE \"a\xc2\x9b" "31m\""), BAD },
    { IMAPS_USER, "an escape sequence",       SAY("a CREATE {6+}\r\na\x1b[31m\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a response in a name",     SAY("a CREATE {8+}\r\nx\r\n* BAD\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a tagged answer in a name", SAY("a CREATE {9+}\r\nx\r\na OK x\r\n" LOGOUT), BAD },
    { IMAPS_USER, "a bare LF in a name",      SAY("a CREATE {3+}\r\nx\ny\r\n" LOGOUT), BAD },
    { IMAPS_USER, "quotes in a name come back quoted", SAY("a CREATE \"x\\\" (\\\\Noselect) \\\"y\"\r\nb LIST \"\" x*\r\nc DELETE \"x\\\" (\\\\Noselect) \\\"y\"\r\n" LOGOUT), LINE("a OK") "\\* LIST \\([^)]*\\) \"/\" (\"x\\\\\" \\(\\\\\\\\Noselect\\) \\\\\"y\"|\\{18\\}\nx\" \\(\\\\Noselect\\) \"y)\n" LINE("b OK") LINE("c OK") IMAP_BYE },
    { IMAPS_USER, "a literal for a name comes back as a name", SAY("a CREATE \"{5}\"\r\nb LIST \"\" {3+}\r\n{5}\r\nc DELETE \"{5}\"\r\n" LOGOUT), LINE("a OK") "\\* LIST \\([^)]*\\) \"/\" \"\\{5\\}\"\n" LINE("b OK") LINE("c OK") IMAP_BYE },
    { IMAPS_USER, "NIL for a name",           SAY("a CREATE \"NIL\"\r\nb LIST \"\" NIL\r\nc DELETE NIL\r\n" LOGOUT), LINE("a OK") "\\* LIST \\([^)]*\\) \"/\" \"NIL\"\n" LINE("b OK") LINE("c OK") IMAP_BYE },
    { IMAPS_USER, "INBOX is not deleted",     COMMAND("DELETE INBOX"), NO },
    { IMAPS_USER, "nor in small letters",     COMMAND("DELETE inbox"), NO },
    { IMAPS_USER, "a mailbox into its own child", COMMAND("RENAME Archive Archive/x"), NO },
    { IMAPS_USER, "a mailbox onto itself",    COMMAND("RENAME Archive Archive"), NO },
    { IMAPS_USER, "a mailbox onto INBOX",     COMMAND("RENAME Archive INBOX"), NO },
    { IMAPS_USER, "a path in a special use",  COMMAND("CREATE x (USE (\\../../etc))"), LINE("a NO \\[USEATTR\\]") IMAP_BYE },
};
/* clang-format on */
const struct class mailbox_names_class = { "mailbox_names", TABLE(attacks), NULL };
