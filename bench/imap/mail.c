/* mail.c - ordinary mail, made up: words as often as words are, the usual shapes of messages. */
#include <stdio.h>
#include <string.h>

#include "imap_int.h"

/* Knuth's MMIX generator. */
unsigned mail_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33);
}

struct letter {
    char *out;
    size_t n;
    uint64_t dice;
};

static void add(struct letter *l, const char *text)
{
    size_t n = strlen(text);
    if (l->n + n > MAIL_BYTES_MAX) bench_die("a message is too long");
    memcpy(l->out + l->n, text, n);
    l->n += n;
}

/* --- words ------------------------------------------------------------------------------------ */

enum { WORDS = 8192 };

const char *mail_word(unsigned rank, char out[16])
{
    static const char *const syllables[16] = { "ba", "ce", "di", "fo", "gu", "ka", "le", "mi",
                                               "no", "pu", "ra", "se", "ti", "vo", "wu", "zy" };
    size_t n = 0;
    rank += 16;
    for (unsigned left = rank; left; left /= 16) {
        memcpy(out + n, syllables[left % 16], 2);
        n += 2;
    }
    out[n] = '\0';
    return out;
}

/* Few words make most of a text. */
static unsigned rank(struct letter *l)
{
    double x = mail_random(&l->dice) / 2147483648.0;
    return (unsigned)(WORDS * x * x * x * x);
}

static void words(struct letter *l, unsigned count, unsigned a_line)
{
    char word[16];
    for (unsigned i = 0; i < count; i++) {
        add(l, mail_word(rank(l), word));
        add(l, (i + 1) % a_line == 0 || i + 1 == count ? "\r\n" : " ");
    }
}

/* --- parts ------------------------------------------------------------------------------------ */

static void person(struct letter *l, const char *field, unsigned who)
{
    char line[120], first[16], last[16];
    snprintf(line, sizeof line, "%s: %s %s <%s%u@example.org>\r\n", field,
             mail_word(who % 97, first), mail_word(who % 1009 + 300, last), first, who);
    add(l, line);
}

static void header(struct letter *l, unsigned i)
{
    char line[200], word[16];
    snprintf(line, sizeof line,
             "Received: from mx%u.example.org (mx%u.example.org [192.0.2.%u])\r\n"
             "\tby mail.bench.test with ESMTPS id %08x;\r\n"
             "\tMon, %u Jun 2026 %02u:%02u:%02u +0000\r\n",
             i % 7, i % 7, i % 250, i * 2654435761u, i % 28 + 1, i % 24, i % 60, i % 59);
    add(l, line);
    person(l, "From", mail_random(&l->dice) % 500);
    person(l, "To", mail_random(&l->dice) % 50);
    if (i % 3 == 0) person(l, "Cc", mail_random(&l->dice) % 500);
    add(l, i % 2 ? "Subject: Re:" : "Subject:");
    for (unsigned k = 0; k < 5; k++) {
        add(l, " ");
        add(l, mail_word(rank(l), word));
    }
    snprintf(
        line, sizeof line,
        "\r\nDate: Mon, %u Jun 2026 %02u:%02u:%02u +0000\r\nMessage-ID: <%u.%u@example.org>\r\n",
        i % 28 + 1, i % 24, i % 60, i % 59, i, mail_random(&l->dice));
    add(l, line);
    if (i % 2) {
        snprintf(line, sizeof line, "In-Reply-To: <%u.x@example.org>\r\n", i - 1);
        add(l, line);
    }
    add(l, "MIME-Version: 1.0\r\n");
}

static void attachment(struct letter *l, unsigned lines)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    add(l, "Content-Type: application/pdf; name=\"report.pdf\"\r\n"
           "Content-Transfer-Encoding: base64\r\n"
           "Content-Disposition: attachment; filename=\"report.pdf\"\r\n\r\n");
    for (unsigned i = 0; i < lines; i++) {
        char line[80];
        for (unsigned k = 0; k < 76; k++)
            line[k] = digits[mail_random(&l->dice) % 64];
        memcpy(line + 76, "\r\n", 3);
        add(l, line);
    }
}

static void html(struct letter *l, unsigned paragraphs)
{
    add(l,
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body style=3D\"margin:0\">\r\n");
    for (unsigned i = 0; i < paragraphs; i++) {
        add(l, "<p class=3D\"text\">");
        words(l, 60, 9);
        add(l, "</p>\r\n");
    }
    add(l, "</body></html>\r\n");
}

static void plain(struct letter *l, unsigned count)
{
    add(l, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    words(l, count, 11);
}

/* --- messages --------------------------------------------------------------------------------- */

static const char begin[] = "--=_b\r\n", end[] = "--=_b--\r\n";

static void ordinary(struct letter *l, unsigned i)
{
    unsigned shape = mail_random(&l->dice) % 10, size = 60 + mail_random(&l->dice) % 500;
    if (shape < 5) {
        plain(l, size * 2);
        return;
    }
    add(l, shape < 8 ? "Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n"
                     : "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n");
    add(l, begin);
    plain(l, size);
    add(l, begin);
    if (shape < 8)
        html(l, 4 + i % 12);
    else
        attachment(l, 50 + i % 200);
    add(l, end);
}

size_t mail_make(enum mail_kind kind, unsigned i, char out[MAIL_BYTES_MAX])
{
    struct letter l = { .out = out, .dice = i * 7919u + 1 };
    for (int k = 0; k < 4; k++)
        mail_random(&l.dice);
    header(&l, i);
    if (kind == MAIL_SMALL) plain(&l, 90);
    if (kind == MAIL_ORDINARY) ordinary(&l, i);
    if (kind != MAIL_4K) return l.n;
    plain(&l, 10);
    while (l.n < 4096 - 100)
        words(&l, 11, 11);
    return l.n;
}

const char *mail_flags(unsigned i)
{
    if (i % 20 == 0) return " (\\Seen \\Flagged)";
    if (i % 7 == 0) return " (\\Seen \\Answered)";
    return i % 10 < 7 ? " (\\Seen)" : "";
}
