/* catenate.c - URLs that point elsewhere: at other servers, at files, at another's mail.
 *
 * What fetches a URL for a stranger fetches from where the stranger cannot go: the request forgery
 * of the web (CWE-918). RFC 4469 lets APPEND take parts by URL; ours name the user's own messages
 * and nothing else.
 */
#include "attacks/attack.h"

#define URL(url) COMMAND("APPEND Drafts CATENATE (URL \"" url "\")")
#define BAD_URL  LINE("a NO \\[BADURL [^\n]*\\]") IMAP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { IMAPS_USER, "another server",           URL("imap://evil.test/INBOX/;UID=1"), BAD_URL },
    { IMAPS_USER, "this server by its name",  URL("imap://bob@a.test@mail.a.test/INBOX/;UID=1"), BAD_URL },
    { IMAPS_USER, "this server by its address", URL("imap://127.0.0.1/INBOX/;UID=1"), BAD_URL },
    { IMAPS_USER, "the metadata of a cloud",  URL("http://169.254.169.254/latest/meta-data/"), BAD_URL },
    { IMAPS_USER, "a file",                   URL("file:///etc/passwd"), BAD_URL },
    { IMAPS_USER, "a path that walks",        URL("/../../etc/passwd/;UID=1"), BAD_URL },
    { IMAPS_USER, "two slashes",              URL("//evil.test/INBOX/;UID=1"), BAD_URL },
    { IMAPS_USER, "another's message",        URL("/Shared/bob%40a.test/INBOX/;UID=1"), BAD_URL },
    { IMAPS_USER, "a NUL",                    URL("/INBOX%00/;UID=1"), BAD_URL },
    { IMAPS_USER, "a line end",               URL("/INBOX%0d%0aTEXT/;UID=1"), BAD_URL },
    { IMAPS_USER, "half a percent",           URL("/INBOX%4/;UID=1"), BAD_URL },
    { IMAPS_USER, "a percent of what is no digit", URL("/INBOX%zz/;UID=1"), BAD_URL },
    { IMAPS_USER, "overlong UTF-8",           URL("/%c0%af/;UID=1"), BAD_URL },
    { IMAPS_USER, "UID 0",                    URL("/INBOX/;UID=0"), BAD_URL },
    { IMAPS_USER, "UID 2^32",                 URL("/INBOX/;UID=4294967296"), BAD_URL },
    { IMAPS_USER, "UID 2^64 + 1",             URL("/INBOX/;UID=18446744073709551617"), BAD_URL },
    { IMAPS_USER, "a UIDVALIDITY that is past", URL("/INBOX;UIDVALIDITY=1/;UID=1"), BAD_URL },
    { IMAPS_USER, "a part that is not there", URL("/INBOX/;UID=1/;SECTION=9.9.9"), BAD_URL },
    { IMAPS_USER, "a part past its end",      URL("/INBOX/;UID=1/;PARTIAL=4294967295.4294967295"), "a NO [^\n]*\n" IMAP_BYE },
    { IMAPS_USER, "a mailbox, not a message", URL("/INBOX"), BAD_URL },
    { IMAPS_USER, "a search, not a message",  URL("/INBOX?TEXT%20x"), BAD_URL },
    { IMAPS_USER, "a key of URLAUTH",         URL("/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:00"), BAD_URL },
    { IMAPS_USER, "nothing",                  URL(""), BAD_URL },
    { IMAPS_USER, "5,000 bytes",              FLOOD("a APPEND Drafts CATENATE (URL \"/", "x", 5000, "/;UID=1\")\r\n" LOGOUT), BAD_URL },
    { IMAPS_USER, "2,000 parts",              FLOOD("a APPEND Drafts CATENATE (", "URL \"/INBOX/;UID=1\" ", 2000, "URL \"/INBOX/;UID=1\")\r\n" LOGOUT), LINE("a NO \\[LIMIT\\]") IMAP_BYE },
    { IMAPS_USER, "a bad one behind a good",  COMMAND("APPEND Drafts CATENATE (URL \"/INBOX/;UID=1\" URL \"/INBOX/;UID=99\")"), BAD_URL },
    { IMAPS_USER, "a text behind a bad one is swallowed", COMMAND("APPEND Drafts CATENATE (URL \"/none/;UID=1\" TEXT {8+}\r\nx NOOP\r\n)"), BAD_URL },
    { IMAPS_USER, "a text in a URL's literal", SAY("a APPEND Drafts CATENATE (URL {9+}\r\n/some-url TEXT {16+}\r\nx NOOP\r\ny NOOP\r\n)\r\n" LOGOUT), BAD_URL },
    { IMAPS_USER, "nothing of all that was kept", COMMAND("STATUS Drafts (MESSAGES)"), "\\* STATUS \"?Drafts\"? \\(MESSAGES 0\\)\n" OK },
};
/* clang-format on */
const struct class catenate_class = { "catenate", TABLE(attacks), NULL };
