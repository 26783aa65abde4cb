/* smtp.c - what strangers send to port 25. */
#include "attacks/attack.h"

#define OPEN "EHLO evil.test\r\nMAIL FROM:<x@evil.test>\r\nRCPT TO:<alice@a.test>\r\n"
#define SECOND                                                             \
    "MAIL FROM:<y@evil.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nSubject: " \
    "smuggled\r\n\r\nx\r\n.\r\n"
#define SMUGGLE(end) SAY(OPEN "DATA\r\nSubject: first\r\n\r\nhello" end SECOND "QUIT\r\n")
/* One message, refused; its inner "end" was none, so MAIL and RCPT behind it were body. */
#define REFUSED(why) ".*\n354 [^\n]*\n550 5\\.6\\.0 message holds a" why "[^\n]*\n221 .*"
#define RCPT(path)   SAY("EHLO evil.test\r\nMAIL FROM:<x@evil.test>\r\nRCPT TO:" path "\r\nQUIT\r\n")
#define NO_RELAY     ".*\n550 5\\.[17]\\.1 [^\n]*\n221 .*"
#define NO_ADDRESS   ".*\n501 5\\.1\\.3 [^\n]*\n221 .*"
#define TAKEN        ".*\n250 2\\.1\\.5 [^\n]*\n221 .*"
#define CHUNK(size)  SAY(OPEN "BDAT " size "\r\nVRFY alice\r\n")
/* The bytes behind a chunk that cannot be read are never commands: no 252. */
#define CUT(code) ".*\n250 2\\.1\\.5 [^\n]*\n" code " [^\n]*\n"

/* clang-format off */
const struct attack smtp_attacks[] = {
    /* SMTP smuggling, CVE-2023-51764, 51765, 51766: rules 1 and 2. */
    { "smuggling LF.LF",         SMUGGLE("\n.\n"),         REFUSED("n LF") },
    { "smuggling LF.CRLF",       SMUGGLE("\n.\r\n"),       REFUSED("n LF") },
    { "smuggling CRLF.LF",       SMUGGLE("\r\n.\n"),       REFUSED("n LF") },
    { "smuggling CR.CR",         SMUGGLE("\r.\r"),         REFUSED(" CR") },
    { "smuggling CR.CRLF",       SMUGGLE("\r.\r\n"),       REFUSED(" CR") },
    { "smuggling CRLF.CR",       SMUGGLE("\r\n.\r"),       REFUSED(" CR") },
    { "smuggling CRLF.CRCRLF",   SMUGGLE("\r\n.\r\r\n"),   REFUSED(" CR") },
    { "smuggling CRCRLF.CRLF",   SMUGGLE("\r\r\n.\r\r\n"), REFUSED(" CR") },
    { "smuggling CRLF NUL.CRLF", SMUGGLE("\r\n\0.\r\n"),   REFUSED(" NUL") },
    { "smuggling CRLF.NUL CRLF", SMUGGLE("\r\n.\0\r\n"),   REFUSED(" NUL") },
    { "smuggling NEL.NEL",       SMUGGLE("\xc2\x85.\xc2\x85"), ".*\n354 [^\n]*\n250 2\\.0\\.0 ok, id [^\n]*\n221 .*" },
    { "rule 2: a bare CR by BDAT", SAY(OPEN "BDAT 12 LAST\r\nS: x\r\n\r\na\rbcQUIT\r\n"), ".*\n550 5\\.6\\.0 message holds a CR[^\n]*\n221 .*" },
    /* Rules 3 and 6. */
    { "rule 6: BDAT 2^64",       CHUNK("18446744073709551616"),      CUT("501") },
    { "rule 6: BDAT 2^64 LAST",  CHUNK("18446744073709551616 LAST"), CUT("501") },
    { "rule 6: BDAT 2^63",       CHUNK("9223372036854775808"),       CUT("552") },
    { "rule 6: BDAT 2^32",       CHUNK("4294967296 LAST"),           CUT("552") },
    { "rule 6: BDAT -1",         CHUNK("-1"),                        CUT("501") },
    { "rule 6: BDAT +5",         CHUNK("+5"),                        CUT("501") },
    { "rule 6: BDAT 0x10",       CHUNK("0x10"),                      CUT("501") },
    { "rule 6: BDAT without a size", SAY(OPEN "BDAT\r\nVRFY a\r\n"), CUT("501") },
    { "rule 6: BDAT 5 FIRST",    CHUNK("5 FIRST"),                   CUT("501") },
    { "rule 6: BDAT behind a bare LF", SAY(OPEN "BDAT 12 LAST\nVRFY alice\r\n"), CUT("500") },
    { "rule 6: BDAT with a NUL", SAY(OPEN "BDAT 12 \0LAST\r\nVRFY alice\r\n"), CUT("500") },
    { "rule 6: a refused chunk is swallowed", SAY("EHLO e\r\nBDAT 12\r\nVRFY alice\r\nQUIT\r\n"), ".*\n503 5\\.5\\.1 [^\n]*\n221 .*" },
    { "rule 6: a chunk before RCPT is swallowed", SAY("EHLO e\r\nMAIL FROM:<>\r\nBDAT 12 LAST\r\nVRFY alice\r\nQUIT\r\n"), ".*\n554 5\\.5\\.1 [^\n]*\n221 .*" },
    { "NUL in a command, CVE-2019-11500's kin", SAY("EHLO e\r\nVRFY a\0b\r\nQUIT\r\n"), ".*\n500 5\\.5\\.2 [^\n]*\n221 .*" },
    { "a bare CR in a command", SAY("EHLO e\r\nNOOP a\rMAIL FROM:<>\r\nQUIT\r\n"), ".*\n500 5\\.5\\.2 [^\n]*\n221 .*" },
    /* NO STARTTLS, 2021: rule 4. */
    { "rule 4: commands behind STARTTLS", SAY("EHLO e\r\nSTARTTLS\r\nMAIL FROM:<>\r\nNOOP\r\n"), ".*\n503 5\\.5\\.1 nothing may follow[^\n]*\n" },
    { "log-ins only where they belong", SAY("EHLO e\r\nAUTH PLAIN AGEAYgBj\r\nQUIT\r\n"), ".*\n502 5\\.5\\.1 [^\n]*\n221 .*" },
    /* Open relay and addresses: rules 7 and 8. */
    { "rule 8: a stranger's relay",    RCPT("<x@b.test>"),                NO_RELAY },
    { "rule 8: a source route",        RCPT("<@a.test:x@b.test>"),        NO_RELAY },
    { "rule 8: two source routes",     RCPT("<@a.test,@b.test:x@c.test>"), NO_RELAY },
    { "rule 8: the percent hack",      RCPT("<x%b.test@a.test>"),         NO_RELAY },
    { "rule 8: a bang path",           RCPT("<b.test!x@a.test>"),         NO_RELAY },
    { "rule 8: a quoted address",      RCPT("<\"x@b.test\"@a.test>"),     NO_RELAY },
    { "rule 8: an address literal",    RCPT("<x@[127.0.0.1]>"),           NO_RELAY },
    { "rule 8: an IPv6 literal",       RCPT("<x@[IPv6:::1]>"),            NO_RELAY },
    { "rule 7: an empty path",         RCPT("<>"),                        NO_ADDRESS },
    { "rule 7: no at sign",            RCPT("<alice>"),                   NO_ADDRESS },
    { "rule 7: two at signs",          RCPT("<alice@b.test@a.test>"),     NO_ADDRESS },
    { "rule 7: a dot at the end",      RCPT("<alice@a.test.>"),           NO_ADDRESS },
    { "rule 7: overlong UTF-8",        RCPT("<\xc0\xaf@a.test>"),         NO_ADDRESS },
    { "rule 7: a path that walks",     RCPT("<alice+../../x@a.test>"),    NO_ADDRESS },
    { "OpenSMTPD 2020: a shell's words", RCPT("<;for i in 0;do x;done;@a.test>"), NO_ADDRESS },
    { "OpenSMTPD 2020: a pipe",        RCPT("<|sh@a.test>"),              NO_RELAY },
    { "Exim 2019: ${run}",             RCPT("<${run{x}}@a.test>"),        NO_RELAY },
    { "rule 7: CR in decoded xtext",   RCPT("<alice@a.test> ORCPT=rfc822;a+0D+0Ab"), ".*\n501 5\\.5\\.4 .*" },
    { "rule 7: quotes mean nothing",   RCPT("<\"alice\"@A.TEST>"),        TAKEN },
    { "rule 11: VRFY tells nothing",   SAY("EHLO e\r\nVRFY alice\r\nVRFY nobody\r\nQUIT\r\n"), ".*\n(252 [^\n]*\n)252 [^\n]*\n221 .*" },
    { "terminal escapes do not come back", SAY("\x1b[31m\r\nHELO \x1b]0;x\x07\r\nQUIT\r\n"), "[ -~\n]*" },
};
/* clang-format on */
const size_t smtp_attacks_n = sizeof smtp_attacks / sizeof *smtp_attacks;
