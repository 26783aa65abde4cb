/* outgoing.c - what was taken for somebody elsewhere, and what came there. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/outgoing.h"
#include "support/chat.h"
#include "support/fail.h"

struct outgoing {
    pthread_mutex_t lock;
    struct letter *letters;
    int n, size;
};

struct outgoing *outgoing_new(void)
{
    struct outgoing *o = calloc(1, sizeof *o);
    pthread_mutex_init(&o->lock, NULL);
    return o;
}

void outgoing_free(struct outgoing *o)
{
    if (!o) return;
    free(o->letters);
    free(o);
}

void outgoing_add(struct outgoing *o, struct letter t)
{
    pthread_mutex_lock(&o->lock);
    if (o->n == o->size) {
        o->size = o->size ? o->size * 2 : 256;
        o->letters = realloc(o->letters, (size_t)o->size * sizeof *o->letters);
    }
    o->letters[o->n++] = t;
    pthread_mutex_unlock(&o->lock);
}

int outgoing_count(struct outgoing *o)
{
    pthread_mutex_lock(&o->lock);
    int n = o->n;
    pthread_mutex_unlock(&o->lock);
    return n;
}

static bool is_whole(struct letter t, const char *bytes, size_t n)
{
    size_t want;
    char *sent = letter_bytes(t, &want);
    bool whole = n > want && memcmp(bytes + n - want, sent, want) == 0;
    free(sent);
    return whole;
}

/* How many copies of each token there are. */
static void count_copies(const char *text, unsigned char *copies, unsigned tokens)
{
    for (const char *at = text; strncmp(at, "* ", 2) == 0;) {
        const char *end = strstr(at, "\r\n"), *brace = memrchr(at, '{', (size_t)(end - at));
        size_t n = brace ? strtoul(brace + 1, NULL, 10) : 0;
        struct letter t = letter_of(end + 2, n);
        if (brace && (t.token == 0 || t.token > tokens || !is_whole(t, end + 2, n)))
            fail_now("letter %u came damaged (%zu bytes): %.300s", t.token, n, end + 2);
        copies[t.token] += brace != NULL;
        at = brace ? strstr(end + 2 + n, "\r\n") + 2 : end + 2;
    }
}

int outgoing_compare(struct outgoing *o, struct chat *c)
{
    enum { TOKENS = 1 << 20 };
    unsigned char *copies = calloc(TOKENS + 1, 1);
    int again = 0;
    if (chat_imap(c, "EXAMINE INBOX") != 'O') fail_now("EXAMINE: %s", c->text);
    if (!strstr(c->text, "* 0 EXISTS") && chat_imap(c, "FETCH 1:* (BODY.PEEK[])") != 'O')
        fail_now("FETCH: %.200s", c->text);
    count_copies(c->text, copies, TOKENS);
    for (int i = 0; i < o->n; i++)
        if (!copies[o->letters[i].token])
            fail_now("letter %u was answered with 250 and never arrived", o->letters[i].token);
    for (unsigned t = 1; t <= TOKENS; t++)
        again += copies[t] > 1 ? copies[t] - 1 : 0;
    free(copies);
    return again;
}
