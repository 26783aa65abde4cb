/* header_floods.c - headers of great length, in number or in a single field.
 *
 * Dovecot, August 2024, CVE-2024-23184: each address was added by walking the list of those before
 * it; 100,000 fields took 12 seconds, 500,000 took 18 minutes. CVE-2024-23185: a header as large as
 * the letter was kept whole in memory. Another server of today asserts at 100,000 address groups.
 * Rule 19: linear time, caps, and what is past them is cut off, never asserted.
 */
#include "attacks/letters.h"

/* clang-format off */
static const struct letter letters[] = {
    { "CVE-2024-23184: 9,000 To fields",     FLOOD("Subject: x\r\n", "To: a@b.test\r\n", 9000, "\r\nx\r\n"), 250 },
    { "CVE-2024-23184: 100,000 To fields",   FLOOD("Subject: x\r\n", "To: a@b.test\r\n", 100000, "\r\nx\r\n"), 552 },
    { "CVE-2024-23185: a header of 2 MB",    FLOOD("Subject: x\r\n", "X-Y: abcdefghijklmnopqrstuvwxyz\r\n", 60000, "\r\nx\r\n"), 552 },
    { "a field of 200,000 bytes, folded",    FLOOD("Subject: x\r\nX-Y:", " abcdefghijklmnopqrstuvwxyz\r\n", 7000, "\r\nx\r\n"), 250 },
    { "20,000 addresses in one field",       FLOOD("Subject: x\r\nTo: a@b.test", ",\r\n a@b.test", 15000, "\r\n\r\nx\r\n"), 250 },
    { "70,000 address groups",               FLOOD("Subject: x\r\nTo:", " a:;a:;a:;a:;a:;a:;a:;a:;a:;a:;\r\n", 7000, "\r\nx\r\n"), 250 },
    { "groups within groups",                FLOOD("Subject: x\r\nTo: ", "a:", 30000, "\r\n\r\nx\r\n"), 250 },
    { "commas only",                         FLOOD("Subject: x\r\nTo: ", ",", 60000, "\r\n\r\nx\r\n"), 250 },
    { "comments within comments",            FLOOD("Subject: x\r\nFrom: ", "(", 60000, "\r\n\r\nx\r\n"), 250 },
    { "comments that end and end",           FLOOD("Subject: x\r\nFrom: a@b.test ", ")", 60000, "\r\n\r\nx\r\n"), 250 },
    { "angle brackets",                      FLOOD("Subject: x\r\nFrom: ", "<", 60000, "\r\n\r\nx\r\n"), 250 },
    { "routes without an end",               FLOOD("Subject: x\r\nFrom: <", "@a.test,", 7000, "\r\n\r\nx\r\n"), 250 },
    { "a quoted string of backslashes",      FLOOD("Subject: x\r\nFrom: \"", "\\", 60001, "\" <a@b.test>\r\n\r\nx\r\n"), 250 },
    { "encoded words without an end",        FLOOD("Subject:", " =?utf-8?q?x?=\r\n", 12000, "\r\nx\r\n"), 250 },
    { "encoded words of base64",             FLOOD("Subject:", " =?utf-8?b?4oKs?=\r\n", 10000, "\r\nx\r\n"), 250 },
    { "encoded words within encoded words",  FLOOD("Subject: ", "=?utf-8?q?", 6000, "\r\n\r\nx\r\n"), 250 },
    { "encoded words that only begin",       FLOOD("Subject: ", "=?", 30000, "\r\n\r\nx\r\n"), 250 },
    { "Re: Re: Re:",                         FLOOD("Subject:", " Re:\r\n", 30000, "\r\nx\r\n"), 250 },
    { "[a][a][a] in a subject",              FLOOD("Subject:", " [a]\r\n", 30000, "\r\nx\r\n"), 250 },
    { "(fwd)(fwd)(fwd) in a subject",        FLOOD("Subject: x", " (fwd)\r\n", 20000, "\r\nx\r\n"), 250 },
    { "10,000 references",                   FLOOD("Subject: x\r\nReferences:", " <a@b.test>\r\n", 10000, "\r\nx\r\n"), 250 },
    { "references that only begin",          FLOOD("Subject: x\r\nReferences: ", "<", 60000, "\r\n\r\nx\r\n"), 250 },
    { "a date of 60,000 digits",             FLOOD("Subject: x\r\nDate: Mon, ", "1", 60000, " Jan 2020 00:00:00 +0000\r\n\r\nx\r\n"), 250 },
    { "a field without a name",              FLOOD("Subject: x\r\n", ":\r\n", 5000, "\r\nx\r\n"), 250 },
    { "a field's name of 60,000 bytes",      FLOOD("Subject: x\r\n", "x", 60000, ": y\r\n\r\nx\r\n"), 250 },
    { "no field at all",                     FLOOD("", "x", 60000, "\r\n"), 250 },
    { "continuation lines before any field", FLOOD("", " x\r\n", 10000, "\r\nx\r\n"), 250 },
    { "a line of 70,000 bytes",              FLOOD("Subject: x\r\n\r\n", "x", 70000, "\r\n"), 550 },
};
/* clang-format on */

static void play(struct field *f)
{
    letters_play(f, letters, sizeof letters / sizeof *letters);
}

const struct class header_floods_class = { "header_floods", NULL, 0, play };
