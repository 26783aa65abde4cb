/* imap.c - what strangers and users send to an IMAP port. */
#include "attacks/attack.h"

#define OUT           "z LOGOUT\r\n"
#define END           "\\* BYE [^\n]*\nz OK [^\n]*\n"
#define ONLY(command) SAY("a " command "\r\n" OUT)
#define BAD           "a BAD [^\n]*\n" END
#define NO            "a NO [^\n]*\n" END
/* The session ends before what follows the literal could be a command. */
#define LOST(literal) SAY("a LOGIN " literal "\r\nx NOOP\r\n" OUT)
#define BEHIND        "\\* BYE commands behind STARTTLS [^\n]*\na BAD nothing may follow[^\n]*\n"
#define BYE           "(a BAD [^\n]*\n)?\\* BYE [^\n]*\n"

/* clang-format off */
const struct attack imap_stranger_attacks[] = {
    { "rule 12: a literal of 4097",   SAY("a LOGIN {4097}\r\n" OUT), "a BAD \\[TOOBIG\\][^\n]*\n" END },
    { "rule 12: a literal of 2^31",   SAY("a LOGIN {2147483648}\r\n" OUT), "a BAD \\[TOOBIG\\][^\n]*\n" END },
    { "rule 6: literal 2^31+",        LOST("{2147483648+}"), BYE },
    { "rule 6: literal 2^32+",        LOST("{4294967296+}"), BYE },
    { "rule 6: literal 2^63-1+",      LOST("{9223372036854775807+}"), BYE },
    { "rule 6: literal 2^63+",        LOST("{9223372036854775808+}"), BYE },
    { "rule 6: literal 2^64+",        LOST("{18446744073709551616+}"), BYE },
    { "rule 6: literal 2^64+5",       LOST("{18446744073709551621+}"), BYE },
    { "rule 6: literal behind a bare LF", SAY("a LOGIN {9+}\nx NOOP\r\n" OUT), BYE },
    { "rule 6: a negative literal",   ONLY("LOGIN {-1}"), BAD },
    { "rule 6: a refused literal is swallowed", SAY("a FOO {8+}\r\nx NOOP\r\n\r\n" OUT), BAD },
    { "NUL in a literal, CVE-2019-11500", SAY("a LOGIN {3+}\r\na\0b x\r\n" OUT), BAD },
    { "NUL in a quoted string, CVE-2019-11500", SAY("a LOGIN \"a\0b\" x\r\n" OUT), BAD },
    { "an escape at a string's end, CVE-2019-11500", ONLY("LOGIN \"a\\"), BAD },
    { "a bare CR in a string",        ONLY("LOGIN \"a\rb\" x"), BAD },
    { "rule 13: nested before login", ONLY("ID (((((((((((((((((((((((((((((((((((((((("), BAD },
    { "rule 4: commands behind STARTTLS", SAY("a STARTTLS\r\nx NOOP\r\n" OUT), BEHIND },
    { "a log-in in clear",            ONLY("LOGIN alice@a.test secret"), "a NO \\[PRIVACYREQUIRED\\][^\n]*\n" END },
    { "commands of users",            ONLY("SELECT INBOX"), BAD },
    { "a tag with a plus",            SAY("+ NOOP\r\n" OUT), "\\* BAD [^\n]*\n" END },
    { "a tag of 300 bytes",           SAY("tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt NOOP\r\n" OUT), "\\* BAD [^\n]*\n" END },
};
const struct attack imap_user_attacks[] = {
    { "rule 14: FETCH 2^64+1",        SAY("s SELECT INBOX\r\na FETCH 18446744073709551617 FLAGS\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 14: FETCH 2^32",          SAY("s SELECT INBOX\r\na FETCH 4294967296 FLAGS\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 14: message 0",           SAY("s SELECT INBOX\r\na FETCH 0 FLAGS\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 17: 1:4294967295",        SAY("s SELECT INBOX\r\na UID FETCH 1:4294967295 UID\r\n" OUT), ".*\n\\* 1 FETCH \\(UID 1\\)\n\\* 2 FETCH \\(UID 2\\)\na OK [^\n]*\n" END },
    { "rule 17: *:4294967295",        SAY("s SELECT INBOX\r\na UID FETCH *:4294967295 UID\r\n" OUT), ".* SELECT completed\n\\* 2 FETCH \\(UID 2\\)\na OK [^\n]*\n" END },
    { "rule 14: a part past its end", SAY("s SELECT INBOX\r\na FETCH 1 BODY.PEEK[]<4294967295.4294967295>\r\n" OUT), ".*BODY\\[\\]<4294967295> (\\{0\\}\n|\"\")\\)\na OK [^\n]*\n" END },
    { "rule 14: a part of nothing",   SAY("s SELECT INBOX\r\na FETCH 1 BODY.PEEK[]<0.0>\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 13: brackets in brackets", SAY("s SELECT INBOX\r\na FETCH 1 BODY[1[1[1[1[1\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 16: SEARCH NOT NOT …",    SAY("s SELECT INBOX\r\na SEARCH NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT ALL\r\n" OUT), ".*\na BAD \\[TOOBIG\\][^\n]*\n" END },
    { "rule 16: SEARCH ((((",         SAY("s SELECT INBOX\r\na SEARCH ((((((((((((((((((((((((((((((((((((((((ALL))))))))))))))))))))))))))))))))))))))))\r\n" OUT), ".*\na BAD \\[TOOBIG\\][^\n]*\n" END },
    { "rule 16: LIST *%*%*%",         ONLY("LIST \"\" *%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%*%q"), "a OK [^\n]*\n" END },
    { "rule 15: a path that walks",   ONLY("SELECT ../../../etc/passwd"), NO },
    { "rule 15: a name that begins with /", ONLY("CREATE /etc/passwd"), NO },
    { "rule 15: an empty level",      ONLY("CREATE a//b"), NO },
    { "rule 15: 40 levels",           ONLY("CREATE a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"), NO },
    { "rule 15: a wildcard in a name", ONLY("CREATE \"a*\""), NO },
    { "rule 15: UTF-7 of plain ASCII", ONLY("CREATE &AGE-"), BAD },
    { "rule 15: UTF-7 of NUL",        ONLY("CREATE &AAA-"), BAD },
    { "rule 15: UTF-7 of LF",         ONLY("CREATE &AAo-"), BAD },
    { "rule 15: half a UTF-7",        ONLY("CREATE &Jjo"), BAD },
    { "rule 15: overlong UTF-8",      ONLY("CREATE \"\xc0\xaf\""), BAD },
    { "rule 15: a surrogate",         ONLY("CREATE \"\xed\xa0\x80\""), BAD },
    { "rule 15: a line separator in a name", ONLY("CREATE \"a\xe2\x80\xa8" "b\""), NO },
    { "rule 15: NUL in a name",       SAY("a CREATE {3+}\r\na\0b\r\n" OUT), BAD },
    { "rule 18: a response in a name", SAY("a CREATE {8+}\r\nx\r\n* BAD\r\n" OUT), BAD },
    { "rename into its own child",    ONLY("RENAME Archive Archive/x"), NO },
    { "INBOX is not deleted",         ONLY("DELETE INBOX"), NO },
    { "STORE of 100 keywords",        SAY("s SELECT INBOX\r\na STORE 1 FLAGS (k1 k2 k3 k4 k5 k6 k7 k8 k9 k10 k11 k12 k13 k14 k15 k16 k17 k18 k19 k20 k21 k22 k23 k24 k25 k26 k27 k28 k29 k30 k31 k32 k33 k34 k35 k36 k37 k38 k39 k40 k41 k42 k43 k44 k45 k46 k47 k48 k49 k50 k51 k52 k53 k54 k55 k56 k57 k58 k59 k60 k61 k62 k63 k64 k65)\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "rule 14: MODSEQ 2^64-1",       SAY("s SELECT INBOX\r\na STORE 1 (UNCHANGEDSINCE 18446744073709551615) FLAGS ()\r\n" OUT), ".*\na BAD [^\n]*\n" END },
    { "APPEND on 32 January",         SAY("a APPEND INBOX \"32-Jan-2020 00:00:00 +0000\" {3+}\r\nabc\r\n" OUT), BAD },
    { "APPEND of a NUL",              SAY("a APPEND INBOX {3+}\r\na\0c\r\n" OUT), NO },
    { "APPEND 2^63",                  SAY("a APPEND INBOX {9223372036854775808+}\r\n" OUT), BYE },
    { "APPEND to nowhere is swallowed", SAY("a APPEND nowhere {8+}\r\nx NOOP\r\n\r\n" OUT), NO },
    { "commands behind IDLE",         SAY("a IDLE\r\nb DELETE Archive\r\n" OUT), "\\+ [^\n]*\na BAD [^\n]*\n" END },
};
/* clang-format on */
const size_t imap_stranger_attacks_n = sizeof imap_stranger_attacks / sizeof *imap_stranger_attacks;
const size_t imap_user_attacks_n = sizeof imap_user_attacks / sizeof *imap_user_attacks;
