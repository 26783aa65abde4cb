/* pop3_numbers.c - numbers of POP3 past what they count.
 *
 * RETR and DELE by an index that was not checked have read and written outside the list of
 * messages in one server after another; a famous server of
 * today takes 18446744073709551617 for 1 and hands out, or deletes, the first message. Rule 14.
 */
#include "attacks/attack.h"

#define ASK(command) SAY(command "\r\nQUIT\r\n")
#define REFUSED      POP3_NO POP3_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { POP3S_USER, "RETR 0",              ASK("RETR 0"), REFUSED },
    { POP3S_USER, "RETR -1",             ASK("RETR -1"), REFUSED },
    { POP3S_USER, "RETR +1",             ASK("RETR +1"), REFUSED },
    { POP3S_USER, "RETR 4, of three",    ASK("RETR 4"), REFUSED },
    { POP3S_USER, "RETR 2^31",           ASK("RETR 2147483648"), REFUSED },
    { POP3S_USER, "RETR 2^32",           ASK("RETR 4294967296"), REFUSED },
    { POP3S_USER, "RETR 2^32 + 1",       ASK("RETR 4294967297"), REFUSED },
    { POP3S_USER, "RETR 2^63 + 1",       ASK("RETR 9223372036854775809"), REFUSED },
    { POP3S_USER, "RETR 2^64 + 1",       ASK("RETR 18446744073709551617"), REFUSED },
    { POP3S_USER, "RETR of 400 digits",  FLOOD("RETR ", "1", 400, "\r\nQUIT\r\n"), REFUSED },
    { POP3S_USER, "RETR of hexadecimal", ASK("RETR 0x1"), REFUSED },
    { POP3S_USER, "RETR of a fraction",  ASK("RETR 1.5"), REFUSED },
    { POP3S_USER, "RETR of two",         ASK("RETR 1 2"), REFUSED },
    { POP3S_USER, "RETR of nothing",     ASK("RETR"), REFUSED },
    { POP3S_USER, "RETR of fullwidth digits", ASK("RETR \xef\xbc\x91"), REFUSED },
    { POP3S_USER, "DELE 0",              ASK("DELE 0"), REFUSED },
    { POP3S_USER, "DELE 2^32 + 1",       ASK("DELE 4294967297"), REFUSED },
    { POP3S_USER, "DELE 2^64 + 1",       ASK("DELE 18446744073709551617"), REFUSED },
    { POP3S_USER, "DELE -1",             ASK("DELE -1"), REFUSED },
    { POP3S_USER, "LIST 2^64 + 1",       ASK("LIST 18446744073709551617"), REFUSED },
    { POP3S_USER, "LIST -1",             ASK("LIST -1"), REFUSED },
    { POP3S_USER, "UIDL 2^64 + 1",       ASK("UIDL 18446744073709551617"), REFUSED },
    { POP3S_USER, "UIDL 0",              ASK("UIDL 0"), REFUSED },
    { POP3S_USER, "TOP 1 -1",            ASK("TOP 1 -1"), REFUSED },
    { POP3S_USER, "TOP 1 2^64",          ASK("TOP 1 18446744073709551616"), REFUSED },
    { POP3S_USER, "TOP 2^64 + 1 0",      ASK("TOP 18446744073709551617 0"), REFUSED },
    { POP3S_USER, "TOP 1",               ASK("TOP 1"), REFUSED },
    { POP3S_USER, "TOP 1 2^63",          ASK("TOP 1 9223372036854775808"), REFUSED },
    { POP3S_USER, "no message was deleted", ASK("STAT"), "\\+OK 3 [0-9]+\n" POP3_BYE },
};
/* clang-format on */
const struct class pop3_numbers_class = { "pop3_numbers", TABLE(attacks), NULL };
