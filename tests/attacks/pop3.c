/* pop3.c - what strangers and users send to a POP3 port. */
#include "attacks/attack.h"

#define NO(say) SAY(say "\r\nQUIT\r\n"), "-ERR [^\n]*\n\\+OK [^\n]*\n"

/* clang-format off */
const struct attack pop3_stranger_attacks[] = {
    { "rule 4: commands behind STLS", SAY("STLS\r\nNOOP\r\n"), "-ERR [^\n]*\n" },
    { "a log-in in clear",            NO("USER alice@a.test") },
    { "commands of users",            NO("STAT") },
    { "NUL in a command",             NO("USER a\0b") },
    { "rule 11: errors are counted",  SAY("X\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nQUIT\r\n"), "(-ERR [^\n]*\n){11}" },
};
const struct attack pop3_user_attacks[] = {
    { "rule 14: RETR 0",         NO("RETR 0") },
    { "rule 14: RETR -1",        NO("RETR -1") },
    { "rule 14: RETR 2^32+1",    NO("RETR 4294967297") },
    { "rule 14: RETR 2^64+1",    NO("RETR 18446744073709551617") },
    { "rule 14: DELE 2^64+1",    NO("DELE 18446744073709551617") },
    { "rule 14: LIST 2^64+1",    NO("LIST 18446744073709551617") },
    { "rule 14: TOP 1 2^64",     NO("TOP 1 18446744073709551616") },
    { "rule 14: TOP 1 -1",       NO("TOP 1 -1") },
    { "RETR of what is marked",  SAY("DELE 1\r\nRETR 1\r\nRSET\r\nQUIT\r\n"), "\\+OK [^\n]*\n-ERR [^\n]*\n\\+OK [^\n]*\n\\+OK [^\n]*\n" },
};
/* clang-format on */
const size_t pop3_stranger_attacks_n = sizeof pop3_stranger_attacks / sizeof *pop3_stranger_attacks;
const size_t pop3_user_attacks_n = sizeof pop3_user_attacks / sizeof *pop3_user_attacks;
