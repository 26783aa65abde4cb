/* ledger.c - the account of every letter: acknowledged or not, and how often it was read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { LETTERS_MAX = 1 << 20, LINE = 76, HEAD_MAX = 400 };

static atomic_uint sent;
static atomic_uchar acknowledged[LETTERS_MAX], found[LETTERS_MAX];

char *letter_new(size_t size, unsigned *id, size_t *n)
{
    *id = atomic_fetch_add(&sent, 1) + 1;
    if (*id >= LETTERS_MAX) fail_now("more than %d letters", LETTERS_MAX);
    char *text = malloc(size + HEAD_MAX);
    int at = snprintf(text, HEAD_MAX,
                      "From: <d0@a.test>\r\nTo: you@a.test\r\nSubject: soak %u\r\n"
                      "Message-ID: <soak.%u@c.test>\r\nX-Soak: %u\r\n\r\n",
                      *id, *id, *id);
    for (unsigned line = 0; (size_t)at < size; line++) {
        for (int i = 0; i < LINE; i++)
            text[at + i] = (char)('a' + (*id * 31 + line * 7 + (unsigned)i * (line % 5 + 1)) % 26);
        memcpy(text + at + LINE, "\r\n", 2);
        at += LINE + 2;
    }
    *n = (size_t)at;
    return text;
}

void letter_acknowledged(unsigned id)
{
    atomic_store(&acknowledged[id], 1);
}

void letter_found(unsigned id)
{
    if (id > 0 && id < LETTERS_MAX) atomic_fetch_add(&found[id], 1);
}

unsigned letter_id(const char *text)
{
    const char *at = strstr(text, "X-Soak: ");
    return at ? (unsigned)strtoul(at + 8, NULL, 10) : 0;
}

unsigned letters_acknowledged(void)
{
    unsigned n = 0;
    for (unsigned i = 1; i <= atomic_load(&sent); i++)
        n += atomic_load(&acknowledged[i]);
    return n;
}

unsigned letters_missing(void)
{
    unsigned n = 0;
    for (unsigned i = 1; i <= atomic_load(&sent); i++)
        n += atomic_load(&acknowledged[i]) && !atomic_load(&found[i]);
    return n;
}

unsigned letters_twice(void)
{
    unsigned n = 0;
    for (unsigned i = 1; i <= atomic_load(&sent); i++)
        n += atomic_load(&found[i]) > 1;
    return n;
}

unsigned letters_sent(void)
{
    return atomic_load(&sent);
}
