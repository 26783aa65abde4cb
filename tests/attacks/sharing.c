/* sharing.c - reaching for what is another's: mailboxes, rights, quotas, annotations.
 *
 * Dovecot, 2007 to 2011 (CVE-2008-4577, CVE-2010-3304 and 3707): rights that were negative, or
 * inherited in the wrong order, opened mailboxes that were closed; Cyrus, CVE-2019-18928 and
 * others: what one user or state may, another got. Bob has shared nothing here, so nothing of his
 * is there: no answer may tell a mailbox that he has from one that he has not.
 */
#include "attacks/attack.h"

#define NOT_THERE "a NO (\\[NONEXISTENT\\] )?[^\n]*\n" IMAP_BYE
#define REFUSED   "a (NO|BAD) [^\n]*\n" IMAP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "another's mailbox is not there", COMMAND("SELECT Shared/bob@a.test/INBOX"), NOT_THERE },
    { IMAPS_USER, "nor is one that he has not",  COMMAND("SELECT Shared/bob@a.test/none"), NOT_THERE },
    { IMAPS_USER, "nor is it examined",          COMMAND("EXAMINE \"Shared/bob@a.test/INBOX\""), NOT_THERE },
    { IMAPS_USER, "nor listed",                  COMMAND("LIST \"\" Shared/*"), OK },
    { IMAPS_USER, "nor listed by its name",      COMMAND("LIST \"\" \"Shared/bob@a.test/INBOX\""), OK },
    { IMAPS_USER, "nor counted",                 COMMAND("STATUS Shared/bob@a.test/INBOX (MESSAGES)"), NOT_THERE },
    { IMAPS_USER, "nor subscribed to",           COMMAND("SUBSCRIBE Shared/bob@a.test/INBOX"), NOT_THERE },
    { IMAPS_USER, "its rights are not told",     COMMAND("MYRIGHTS Shared/bob@a.test/INBOX"), NOT_THERE },
    { IMAPS_USER, "nor its list of them",        COMMAND("GETACL Shared/bob@a.test/INBOX"), NOT_THERE },
    { IMAPS_USER, "nor given away",              COMMAND("SETACL Shared/bob@a.test/INBOX carol@a.test lrswipkxtea"), NOT_THERE },
    { IMAPS_USER, "nor taken from him",          COMMAND("DELETEACL Shared/bob@a.test/INBOX bob@a.test"), NOT_THERE },
    { IMAPS_USER, "nothing is made there",       COMMAND("CREATE Shared/bob@a.test/x"), NO },
    { IMAPS_USER, "nothing is deleted there",    COMMAND("DELETE Shared/bob@a.test/Archive"), NOT_THERE },
    { IMAPS_USER, "nothing is moved there",      COMMAND("RENAME Archive Shared/bob@a.test/x"), NO },
    { IMAPS_USER, "nothing is taken from there", COMMAND("RENAME Shared/bob@a.test/Archive mine"), NOT_THERE },
    { IMAPS_USER, "nothing is copied there",     SELECTED("COPY 1 Shared/bob@a.test/INBOX"), SELECT_OK NO },
    { IMAPS_USER, "nothing is appended there",   COMMAND("APPEND Shared/bob@a.test/INBOX {8+}\r\nx: y\r\n\r\n"), NO },
    { IMAPS_USER, "its annotations are not told", COMMAND("GETMETADATA Shared/bob@a.test/INBOX /private/comment"), NOT_THERE },
    { IMAPS_USER, "its quota is not told",       COMMAND("GETQUOTAROOT Shared/bob@a.test/INBOX"), NOT_THERE },
    { IMAPS_USER, "it is not searched",          COMMAND("ESEARCH IN (mailboxes \"Shared/bob@a.test/INBOX\") ALL"), OK },
    { IMAPS_USER, "it is not watched",           COMMAND("NOTIFY SET (mailboxes Shared/bob@a.test/INBOX (MessageNew MessageExpunge))"), OK },
    { IMAPS_USER, "rule 15: a path through Shared", COMMAND("SELECT Shared/../bob@a.test/INBOX"), NO },
    { IMAPS_USER, "rule 15: a path through an owner", COMMAND("SELECT Shared/bob@a.test/../carol@a.test/INBOX"), NO },
    { IMAPS_USER, "rule 15: an owner without a name", COMMAND("SELECT Shared//INBOX"), NO },
    { IMAPS_USER, "rule 15: an owner with a wildcard", COMMAND("SELECT \"Shared/*/INBOX\""), NO },
    { IMAPS_USER, "rule 15: an owner with a NUL", SAY("a SELECT {24+}\r\nShared/bob@a.test\0/INBOX\r\n" LOGOUT), BAD },
    { IMAPS_USER, "an owner of 900 bytes",       FLOOD("a SELECT Shared/", "x", 900, "/INBOX\r\n" LOGOUT), NO },
    { IMAPS_USER, "Shared itself",               COMMAND("CREATE Shared"), NO },
    { IMAPS_USER, "Shared of nobody",            COMMAND("CREATE Shared/x"), NO },
    { IMAPS_USER, "rights that are none",        COMMAND("SETACL INBOX bob@a.test lr0"), BAD },
    { IMAPS_USER, "rights with an umlaut",       COMMAND("SETACL INBOX bob@a.test \"l\xc3\xa4\""), BAD },
    { IMAPS_USER, "rights of 600 letters, of the owner",       FLOOD("a SETACL Archive carol@a.test ", "lr", 300, "\r\n" LOGOUT), LINE("a NO \\[CANNOT\\]") IMAP_BYE },
    { IMAPS_USER, "rights of nobody",            COMMAND("SETACL Archive nobody@a.test lr"), LINE("a NO \\[NONEXISTENT\\]") IMAP_BYE },
    { IMAPS_USER, "an identifier of 2,000 bytes", FLOOD("a SETACL Archive ", "b", 2000, " lr\r\n" LOGOUT), REFUSED },
    { IMAPS_USER, "an identifier with a line end", SAY("a SETACL Archive {6+}\r\nb\r\n* x lr\r\n" LOGOUT), REFUSED },
    { IMAPS_USER, "a quota of one's own",        COMMAND("SETQUOTA \"\" (STORAGE 1000000)"), REFUSED },
    { IMAPS_USER, "a quota root of another",     COMMAND("GETQUOTA \"bob@a.test\""), REFUSED },
    { IMAPS_USER, "a quota resource of 3,000 bytes", FLOOD("a SETQUOTA \"\" (", "X", 3000, " 1)\r\n" LOGOUT), REFUSED },
    { IMAPS_USER, "an annotation of the server", COMMAND("SETMETADATA \"\" (/shared/comment \"mine now\")"), REFUSED },
    { IMAPS_USER, "an annotation with a star",   COMMAND("SETMETADATA INBOX (/private/* \"x\")"), BAD },
    { IMAPS_USER, "an annotation with //",       COMMAND("SETMETADATA INBOX (/private//x \"x\")"), BAD },
    { IMAPS_USER, "an annotation that is no one's", COMMAND("SETMETADATA INBOX (/x \"x\")"), REFUSED },
    { IMAPS_USER, "an annotation with a line end in its name", SAY("a SETMETADATA INBOX ({14+}\r\n/private/x\r\n* \"x\")\r\n" LOGOUT), BAD },
    { IMAPS_USER, "an annotation's name is only a name", SAY("a SETMETADATA INBOX (/private/../shared/x \"x\")\r\nb GETMETADATA INBOX /shared/x\r\nc SETMETADATA INBOX (/private/../shared/x NIL)\r\n" LOGOUT), LINE("a OK") "(\\* METADATA [^\n]* \\(/shared/x NIL\\)\n)?" LINE("b OK") LINE("c OK") IMAP_BYE },
    { IMAPS_USER, "an annotation of 60,000 bytes", FLOOD("a SETMETADATA INBOX (/private/x \"", "x", 60000, "\")\r\n" LOGOUT), LINE("a NO \\[METADATA MAXSIZE [0-9]+\\]") IMAP_BYE },
    { IMAPS_USER, "a line end in an annotation comes back as a literal", SAY("a SETMETADATA INBOX (/private/x {8+}\r\nx\r\n* BAD)\r\nb GETMETADATA INBOX /private/x\r\nc SETMETADATA INBOX (/private/x NIL)\r\n" LOGOUT), LINE("a OK") "\\* METADATA \"?INBOX\"? \\(/private/x \\{8\\}\nx\n\\* BAD\\)\n" LINE("b OK") LINE("c OK") IMAP_BYE },
};
/* clang-format on */
const struct class sharing_class = { "sharing", TABLE(attacks), NULL };
