/* exim.c - what was done to Exim: strings that are programs, and lines in fields of an envelope.
 *
 * CVE-2019-10149, June 2019: "${run{...}}" in a recipient's address was expanded and executed, as
 * root; worms went round within days. CVE-2019-15846: a backslash at the end of the TLS name
 * (SNI) read beyond a buffer. CVE-2019-16928: an EHLO of some kilobytes overflowed one.
 * 21Nails, May 2021: twenty-one holes in one audit; among them line ends in AUTH= and ORCPT= that
 * became lines of the queue's files (CVE-2020-28021, 28026), a count of recipients that wrapped
 * (28017), continuation lines of a header whose length wrapped (28020), a DSN field with no end.
 */
#include "attacks/attack.h"

#define FROM(rest) SAY(EHLO "MAIL FROM:<x@evil.test>" rest "\r\n" QUIT)
#define TO(rest)   SAY(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:" rest "\r\n" QUIT)
#define NOT_FROM   EHLO_OK LINE("(501|555) 5\\.5\\.4") SMTP_BYE
#define NOT_TO     OPENED LINE("(501|555) 5\\.5\\.4") SMTP_BYE
#define NOBODY     OPENED LINE("550 5\\.1\\.1") SMTP_BYE
#define NO_ADDRESS OPENED LINE("501 5\\.1\\.3") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "CVE-2019-10149: ${run}",       TO("<${run{x}}@a.test>"),  NOBODY },
    { MX, "CVE-2019-10149: as it was sent", TO("<\"${run{\\x2Fbin\\x2Fsh\\t-c\\t\\x22id\\x22}}\"@a.test>"), NOBODY },
    { MX, "CVE-2019-10149: at localhost", TO("<${run{id}}@localhost>"), OPENED LINE("550 5\\.7\\.1") SMTP_BYE },
    { MX, "CVE-2019-10149: in a sender",  SAY(EHLO "MAIL FROM:<${run{x}}@evil.test>\r\n" QUIT), EHLO_OK LINE("250 2\\.1\\.0") SMTP_BYE },
    { MX, "CVE-2019-16928: an EHLO of 4 KiB", FLOOD("EHLO ", "a", 4090, "\r\n" QUIT), LINE("50[01] 5\\.5\\.[24]") SMTP_BYE },
    { MX, "CVE-2019-16928: an EHLO of 64 KiB", FLOOD("EHLO ", "a", 65536, "\r\n" QUIT), LINE("500 5\\.5\\.[26]") SMTP_BYE },
    { MX, "CVE-2019-16928: a HELO of 1,000 labels", FLOOD("HELO ", "a.", 1000, "test\r\n" QUIT), LINE("250") SMTP_BYE },
    { MX, "CVE-2020-28021: a line end in AUTH=", FROM(" AUTH=x+0Ay"), NOT_FROM },
    { SUBMITS_USER, "CVE-2020-28021: the same from a user", SAY("MAIL FROM:<alice@a.test> AUTH=x+0Ay\r\n" QUIT), LINE("501 5\\.5\\.4") SMTP_BYE },
    { SUBMITS_USER, "CVE-2020-28021: half of an xtext", SAY("MAIL FROM:<alice@a.test> AUTH=x+0\r\n" QUIT), LINE("501 5\\.5\\.4") SMTP_BYE },
    { MX, "CVE-2020-28026: CRLF in ORCPT=", TO("<alice@a.test> ORCPT=rfc822;a+0D+0Ab@a.test"), NOT_TO },
    { MX, "CVE-2020-28026: LF in ORCPT=",  TO("<alice@a.test> ORCPT=rfc822;a+0Ab@a.test"), NOT_TO },
    { MX, "a NUL in ORCPT=",               TO("<alice@a.test> ORCPT=rfc822;a+00@a.test"), NOT_TO },
    { MX, "small letters in ORCPT='s xtext", TO("<alice@a.test> ORCPT=rfc822;a+0a@a.test"), NOT_TO },
    { MX, "a plus at the end of ORCPT=",   TO("<alice@a.test> ORCPT=rfc822;a+"), NOT_TO },
    { MX, "ORCPT= without a type",         TO("<alice@a.test> ORCPT=alice@a.test"), NOT_TO },
    { MX, "ORCPT= of 501 bytes",           FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test> ORCPT=rfc822;", "x", 501, "\r\n" QUIT), NOT_TO },
    { MX, "CRLF in ENVID=",                FROM(" ENVID=a+0D+0Ab"), NOT_FROM },
    { MX, "ESC in ENVID=",                 FROM(" ENVID=a+1Bb"), NOT_FROM },
    { MX, "ENVID= of 101 bytes",           FLOOD(EHLO "MAIL FROM:<x@evil.test> ENVID=", "x", 101, "\r\n" QUIT), NOT_FROM },
    { MX, "ENVID= twice",                  FROM(" ENVID=a ENVID=b"), NOT_FROM },
    { MX, "NOTIFY=NEVER and more",         TO("<alice@a.test> NOTIFY=NEVER,SUCCESS"), NOT_TO },
    { MX, "NOTIFY= a hundred times",       FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test> NOTIFY=", "SUCCESS,", 100, "DELAY\r\n" QUIT), NOT_TO },
    { MX, "RET=EVERYTHING",                FROM(" RET=EVERYTHING"), NOT_FROM },
    { MX, "SIZE=-1",                       FROM(" SIZE=-1"), NOT_FROM },
    { MX, "SIZE=2^64",                     FROM(" SIZE=18446744073709551616"), EHLO_OK LINE("(501 5\\.5\\.4|552 5\\.3\\.4)") SMTP_BYE },
    { MX, "SIZE=2^63",                     FROM(" SIZE=9223372036854775808"), EHLO_OK LINE("552 5\\.3\\.4") SMTP_BYE },
    { MX, "BODY= of what is not",          FROM(" BODY=16BITMIME"), NOT_FROM },
    { MX, "a parameter that is none",      FROM(" XSHELL=id"), NOT_FROM },
    { MX, "a parameter without a name",    FROM(" =x"), NOT_FROM },
    { MX, "a thousand parameters",         FLOOD(EHLO "MAIL FROM:<x@evil.test>", " A=B", 1000, "\r\n" QUIT), NOT_FROM },
    { MX, "CVE-2020-28017: 2,000 recipients", FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\n", "RCPT TO:<alice@a.test>\r\n", 2000, QUIT), OPENED "(250 2\\.1\\.5 [^\n]*\n)+(452 4\\.5\\.3 [^\n]*\n)*(221|421) [^\n]*\n" },
    { MX, "CVE-2020-28020: 100,000 continuation lines", FLOOD(TO_ALICE "DATA\r\nSubject: x\r\n", " y\r\n", 100000, "\r\nx\r\n.\r\n" QUIT), TO_ALICE_OK LINE("354") LINE("(250 2\\.0\\.0|55[024] 5\\.[0-9]\\.[0-9])") SMTP_BYE },
};
/* clang-format on */
const struct class exim_class = { "exim", TABLE(attacks), NULL };
