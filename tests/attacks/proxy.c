/* proxy.c - PROXY headers from those who are no proxy, and bad ones from those who are.
 *
 * A header in clear that says who the client is, believed from anybody, makes every limit by
 * address and every trusted network a matter of the stranger's choice; that mistake is as common as
 * the protocol (haproxy.org, 2010). One listener here trusts 127.0.0.1 to be a proxy, the others
 * trust nobody.
 */
#include "attacks/attack.h"

#define TOLD "220 [^\n]*\n" EHLO_OK SMTP_BYE
#define REST EHLO QUIT
#define V2   "\r\n\r\n\0\r\nQUIT\n"

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "version 1 from a stranger",      SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\n" QUIT), LINE("500 5\\.5\\.1") SMTP_BYE },
    { MX, "version 2 from a stranger",      SAY(V2 "\x21\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x19"), LINE("500 5\\.5\\.1") LINE("500 5\\.5\\.1") LINE("500 5\\.5\\.2") LINE("500 5\\.5\\.2") },
    { IMAP, "to IMAP from a stranger",      SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 143\r\n" LOGOUT), LINE("PROXY BAD") IMAP_BYE },
    { POP3, "to POP3 from a stranger",      SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 110\r\nQUIT\r\n"), POP3_NO POP3_BYE },
    { PROXIED, "a good one is believed",    SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\n" REST), TOLD },
    { PROXIED, "none",                      SAY(REST), "" },
    { PROXIED, "a second one",              SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\nPROXY TCP4 10.0.0.9 10.0.0.2 1 25\r\n" QUIT), LINE("220") LINE("500 5\\.5\\.1") SMTP_BYE },
    { PROXIED, "a number past 255",         SAY("PROXY TCP4 10.0.0.256 10.0.0.2 1 25\r\n" REST), "" },
    { PROXIED, "a port past 65535",         SAY("PROXY TCP4 10.0.0.1 10.0.0.2 65536 25\r\n" REST), "" },
    { PROXIED, "a port of 2^32 + 1",        SAY("PROXY TCP4 10.0.0.1 10.0.0.2 4294967297 25\r\n" REST), "" },
    { PROXIED, "an address of the other family", SAY("PROXY TCP4 ::1 ::1 1 25\r\n" REST), "" },
    { PROXIED, "a host's name",             SAY("PROXY TCP4 evil.test a.test 1 25\r\n" REST), "" },
    { PROXIED, "too few words",             SAY("PROXY TCP4 10.0.0.1\r\n" REST), "" },
    { PROXIED, "two spaces",                SAY("PROXY  TCP4 10.0.0.1 10.0.0.2 1 25\r\n" REST), "" },
    { PROXIED, "a bare LF",                 SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 25\n" REST), "" },
    { PROXIED, "a NUL",                     SAY("PROXY TCP4 10.0.0.1\0 10.0.0.2 1 25\r\n" REST), "" },
    { PROXIED, "no end",                    FLOOD("PROXY TCP4 ", "1", 3000, ""), "" },
    { PROXIED, "version 2 of 65,535 bytes", FLOOD(V2 "\x21\x11\xff\xff", "x", 65535, QUIT), "" },
    { PROXIED, "version 3",                 SAY(V2 "\x31\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x19" REST), "" },
    { PROXIED, "version 2, shorter than its family", SAY(V2 "\x21\x11\x00\x04\x0a\x00\x00\x01" REST), "" },
    { PROXIED, "version 2 of a command that is none", SAY(V2 "\x2f\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x19" REST), "" },
    { PROXIED, "version 2, a TLV past the end", SAY(V2 "\x21\x11\x00\x0f\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x19\x01\xff\xff" REST), "(" TOLD ")?" },
};
/* clang-format on */
const struct class proxy_class = { "proxy", TABLE(attacks), NULL };
