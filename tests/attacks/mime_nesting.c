/* mime_nesting.c - letters within letters, and other trees that a recursive reader falls from.
 *
 * Dovecot, August 2020, CVE-2020-12100: each nested part took a frame of the stack, so one letter
 * of some thousand levels crashed whoever delivered or showed it. Dovecot, January 2021,
 * CVE-2020-25275: ten thousand parts ended in an assertion. Dovecot, 2026, CVE-2026-27859: RFC 2231
 * parameters in great number took minutes. Rule 19: one pass without recursion, and caps on depth,
 * parts and parameters.
 */
#include "attacks/letters.h"

#define MIXED(boundary) \
    "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n--" boundary "\r\n"
#define TO_COME "Subject: x\r\nMIME-Version: 1.0\r\n"

/* clang-format off */
static const struct letter letters[] = {
    { "10,000 multiparts within each other", FLOOD(TO_COME, MIXED("b"), 10000, "\r\nx\r\n"), 250 },
    { "10,000 letters within each other",    FLOOD(TO_COME, "Content-Type: message/rfc822\r\n\r\n", 10000, "\r\nx\r\n"), 250 },
    { "multiparts and letters in turn",      FLOOD(TO_COME, MIXED("b") "Content-Type: message/rfc822\r\n\r\n", 5000, "\r\nx\r\n"), 250 },
    { "a boundary that begins the other",    FLOOD(TO_COME, MIXED("b") MIXED("bb") MIXED("bbb"), 2000, "\r\n--b--\r\n--bb--\r\n"), 250 },
    { "100,000 parts",                       FLOOD(TO_COME MIXED("b"), "\r\nx\r\n--b\r\n", 100000, "\r\n--b--\r\n"), 250 },
    { "100,000 empty parts",                 FLOOD(TO_COME MIXED("b"), "--b\r\n", 100000, "--b--\r\n"), 250 },
    { "100,000 ends of a multipart",         FLOOD(TO_COME MIXED("b"), "--b--\r\n", 100000, ""), 250 },
    { "a boundary of 60,000 bytes",          FLOOD(TO_COME "Content-Type: multipart/mixed; boundary=\"", "b", 60000, "\"\r\n\r\nx\r\n"), 250 },
    { "an empty boundary",                   FLOOD(TO_COME "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n", "--\r\n", 10000, "----\r\n"), 250 },
    { "a boundary of dashes",                FLOOD(TO_COME "Content-Type: multipart/mixed; boundary=\"--------\"\r\n\r\n", "------------\r\n", 10000, "\r\n"), 250 },
    { "a multipart without a boundary",      FLOOD(TO_COME "Content-Type: multipart/mixed\r\n\r\n", "--\r\n", 1000, "\r\n"), 250 },
    { "lines that almost are boundaries",    FLOOD(TO_COME MIXED("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), "--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbx\r\n", 20000, "\r\n"), 250 },
    { "20,000 parameters",                   FLOOD(TO_COME "Content-Type: text/plain", ";\r\n x=y", 20000, "\r\n\r\nx\r\n"), 250 },
    { "CVE-2026-27859: 10,000 parameters of RFC 2231", FLOOD(TO_COME "Content-Type: text/plain", ";\r\n name*1*=%41%42", 10000, "\r\n\r\nx\r\n"), 250 },
    { "a parameter number of 2^64 + 1",      FLOOD(TO_COME "Content-Type: text/plain", ";\r\n name*18446744073709551617*=x", 100, "\r\n\r\nx\r\n"), 250 },
    { "a type of 60,000 bytes",              FLOOD(TO_COME "Content-Type: text/", "x", 60000, "\r\n\r\nx\r\n"), 250 },
    { "a type that is a comment",            FLOOD(TO_COME "Content-Type: ", "(", 60000, "\r\n\r\nx\r\n"), 250 },
    { "10,000 languages",                    FLOOD(TO_COME "Content-Language: en", ",\r\n en", 10000, "\r\n\r\nx\r\n"), 250 },
    { "a charset that walks",                FLOOD(TO_COME "Content-Type: text/plain; charset=\"", "../", 1000, "etc/passwd\"\r\n\r\nx\r\n"), 250 },
    { "base64 without an end",               FLOOD(TO_COME "Content-Transfer-Encoding: base64\r\n\r\n", "AAAA", 16000, "=\r\n"), 250 },
    { "quoted-printable of equals signs",    FLOOD(TO_COME "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=", 60000, "\r\n"), 250 },
};
/* clang-format on */

static void play(struct field *f)
{
    letters_play(f, letters, sizeof letters / sizeof *letters);
}

const struct class mime_nesting_class = { "mime_nesting", NULL, 0, play };
