/* relay.c - the forms of an address that have made servers carry strangers' mail elsewhere.
 *
 * Until about 2000 most of the net's servers were open relays, and lists of the tests that found
 * them are as old: source routes of RFC 821, the percent hack, bang paths of UUCP, routes in
 * quotes, address literals. Rules 7 and 8: one strict parser; whoever is not logged in reaches our
 * mailboxes.
 */
#include "attacks/attack.h"

#define TO(path)   SAY(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:" path "\r\n" QUIT)
#define FROM(path) SAY(EHLO "MAIL FROM:" path "\r\n" QUIT)
#define NO_RELAY   OPENED LINE("550 5\\.7\\.1") SMTP_BYE
#define NOBODY     OPENED LINE("550 5\\.1\\.1") SMTP_BYE
#define NO_ADDRESS OPENED LINE("501 5\\.1\\.3") SMTP_BYE
#define NEEDS_UTF8 OPENED LINE("553 5\\.6\\.7") SMTP_BYE
#define TAKEN      OPENED LINE("250 2\\.1\\.5") SMTP_BYE
#define NO_SENDER  EHLO_OK LINE("501 5\\.1\\.7") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "a stranger's relay",                 TO("<x@b.test>"),                 NO_RELAY },
    { MX, "from one of us",                     SAY(EHLO "MAIL FROM:<alice@a.test>\r\nRCPT TO:<x@b.test>\r\n" QUIT), NO_RELAY },
    { MX, "from nobody",                        SAY(EHLO "MAIL FROM:<>\r\nRCPT TO:<x@b.test>\r\n" QUIT), NO_RELAY },
    { MX, "from our postmaster",                SAY(EHLO "MAIL FROM:<postmaster@a.test>\r\nRCPT TO:<x@b.test>\r\n" QUIT), NO_RELAY },
    { MX, "as our own name",                    SAY("EHLO mail.a.test\r\nMAIL FROM:<x@mail.a.test>\r\nRCPT TO:<x@b.test>\r\n" QUIT), NO_RELAY },
    { MX, "as localhost",                       SAY("EHLO localhost\r\nMAIL FROM:<root@localhost>\r\nRCPT TO:<x@b.test>\r\n" QUIT), NO_RELAY },
    { MX, "a source route",                     TO("<@a.test:x@b.test>"),         NO_RELAY },
    { MX, "a source route through two",         TO("<@a.test,@b.test:x@c.test>"), NO_RELAY },
    { MX, "a source route to an open end",      TO("<@a.test:>"),                 NO_ADDRESS },
    { MX, "a source route without a host",      TO("<@:x@b.test>"),               NO_ADDRESS },
    { MX, "the percent hack",                   TO("<x%b.test@a.test>"),          NOBODY },
    { MX, "two percent hacks",                  TO("<x%c.test%b.test@a.test>"),   NOBODY },
    { MX, "the percent hack without us",        TO("<x%b.test>"),                 NO_ADDRESS },
    { MX, "the percent hack in a literal",      TO("<x%b.test@[127.0.0.1]>"),     NO_RELAY },
    { MX, "a bang path",                        TO("<b.test!x@a.test>"),          NOBODY },
    { MX, "a bang path without us",             TO("<b.test!x>"),                 NO_ADDRESS },
    { MX, "a bang path through us",             TO("<a.test!b.test!x>"),          NO_ADDRESS },
    { MX, "an address in quotes",               TO("<\"x@b.test\"@a.test>"),      NOBODY },
    { MX, "an address in quotes, alone",        TO("<\"x@b.test\">"),             NO_ADDRESS },
    { MX, "a percent in quotes",                TO("<\"x%b.test\"@a.test>"),      NOBODY },
    { MX, "a bang in quotes",                   TO("<\"b.test!x\"@a.test>"),      NOBODY },
    { MX, "an escaped at sign",                 TO("<\"x\\@b.test\"@a.test>"),    NOBODY },
    { MX, "a quote that does not end",          TO("<\"alice@a.test>"),           NO_ADDRESS },
    { MX, "a literal",                          TO("<x@[127.0.0.1]>"),            NO_RELAY },
    { MX, "an IPv6 literal",                    TO("<x@[IPv6:::1]>"),             NO_RELAY },
    { MX, "a literal of a private network",     TO("<x@[192.168.0.1]>"),          NO_RELAY },
    { MX, "a literal in no form",               TO("<x@[127.1]>"),                NO_ADDRESS },
    { MX, "a literal with a scope",             TO("<x@[IPv6:fe80::1%eth0]>"),    NO_ADDRESS },
    { MX, "a number for a literal",             TO("<x@#2130706433>"),            NO_ADDRESS },
    { MX, "a general literal",                  TO("<x@[x-tag:127.0.0.1]>"),      NO_RELAY },
    { MX, "an address without brackets in a literal", TO("<x@127.0.0.1>"),        NO_RELAY },
    { MX, "two at signs",                       TO("<alice@b.test@a.test>"),      NO_ADDRESS },
    { MX, "two at signs, the other way round",  TO("<alice@a.test@b.test>"),      NO_ADDRESS },
    { MX, "a dot at the end of ours",           TO("<alice@a.test.>"),            NO_ADDRESS },
    { MX, "a dot at the end of another's",      TO("<x@b.test.>"),                NO_ADDRESS },
    { MX, "two dots",                           TO("<x@b..test>"),                NO_ADDRESS },
    { MX, "a host under ours",                  TO("<alice@x.a.test>"),           NO_RELAY },
    { MX, "a host that begins like ours",       TO("<alice@a.test.b.test>"),      NO_RELAY },
    { MX, "a host that ends like ours",         TO("<alice@xa.test>"),            NO_RELAY },
    { MX, "two mailboxes",                      TO("<alice@a.test>,<x@b.test>"),  OPENED LINE("501 5\\.[15]\\.[34]") SMTP_BYE },
    { MX, "two in one pair of brackets",        TO("<alice@a.test,x@b.test>"),    NO_ADDRESS },
    { MX, "brackets in brackets",               TO("<<x@b.test>@a.test>"),        NO_ADDRESS },
    { MX, "a semicolon",                        TO("<alice@a.test;x@b.test>"),    NO_ADDRESS },
    { MX, "a group",                            TO("<all:alice@a.test,x@b.test;>"), NO_ADDRESS },
    { MX, "a comment",                          TO("<x@b.test(@a.test)>"),        NO_ADDRESS },
    { MX, "a space",                            TO("<x@b.test @a.test>"),         NO_ADDRESS },
    { MX, "a tab",                              TO("<x@b.test\t@a.test>"),        NO_ADDRESS },
    { MX, "no host",                            TO("<alice>"),                    NO_ADDRESS },
    { MX, "an empty host",                      TO("<alice@>"),                   NO_ADDRESS },
    { MX, "an empty name",                      TO("<@a.test>"),                  NO_ADDRESS },
    { MX, "nobody at all",                      TO("<>"),                         NO_ADDRESS },
    { MX, "overlong UTF-8",                     TO("<\xc0\xaf@a.test>"),          NO_ADDRESS },
    { MX, "a fullwidth at sign",                TO("<x\xef\xbc\xa0" "b.test@a.test>"), NEEDS_UTF8 },
    { MX, "an ideographic full stop",           TO("<alice@a\xe3\x80\x82test>"),  NEEDS_UTF8 },
    { MX, "a name of 65 bytes",                 FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<", "x", 65, "@a.test>\r\n" QUIT), NO_ADDRESS },
    { MX, "a host of 1,000 bytes",              FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<x@", "x.", 500, "test>\r\n" QUIT), NO_ADDRESS },
    { MX, "a label of 64 bytes",                FLOOD(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:<x@", "x", 64, ".test>\r\n" QUIT), NO_ADDRESS },
    { MX, "quotes mean nothing",                TO("<\"alice\"@A.TEST>"),         TAKEN },
    { MX, "a source route to us is dropped",    TO("<@b.test:alice@a.test>"),     TAKEN },
    { MX, "postmaster without a host is ours",  TO("<postmaster>"),               OPENED LINE("(250 2\\.1\\.5|550 5\\.1\\.1)") SMTP_BYE },
    { MX, "a sender with two at signs",         FROM("<x@b.test@a.test>"),        NO_SENDER },
    { MX, "a sender without a host",            FROM("<x>"),                      NO_SENDER },
    { SUBMITS, "a submission without a log-in", SAY(EHLO "MAIL FROM:<alice@a.test>\r\n" QUIT), EHLO_OK LINE("530 5\\.7\\.0") SMTP_BYE },
    { SUBMIT, "a submission in clear",          SAY(EHLO "MAIL FROM:<alice@a.test>\r\n" QUIT), EHLO_OK LINE("530 5\\.7\\.0") SMTP_BYE },
    { SUBMITS_USER, "rule 9: another's sender", SAY("MAIL FROM:<bob@a.test>\r\nRCPT TO:<alice@a.test>\r\n" QUIT), LINE("(550|553) 5\\.7\\.1") LINE("503 5\\.5\\.1") SMTP_BYE },
    { SUBMITS_USER, "rule 9: another's From",   SAY("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nFrom: bob@a.test\r\n\r\nx\r\n.\r\n" QUIT), LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") LINE("354") LINE("550 5\\.7\\.1") SMTP_BYE },
    { SUBMITS_USER, "rule 9: two Froms",        SAY("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nFrom: alice@a.test\r\nFrom: bob@a.test\r\n\r\nx\r\n.\r\n" QUIT), LINE("250 2\\.1\\.0") LINE("250 2\\.1\\.5") LINE("354") LINE("550 5\\.[67]\\.[01]") SMTP_BYE },
};
/* clang-format on */
const struct class relay_class = { "relay", TABLE(attacks), NULL };
