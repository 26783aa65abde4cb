/* progress.c - INPROGRESS: a sign of life, and of how far it is, from a command that takes long.
 *
 * RFC 9585 4. At most one each imap.progress; a client that waits need not think us dead, and no
 * middlebox the connection.
 */
#include "imap/session_int.h"

void imap_progress_begin(struct imap *s, str tag)
{
    s->progress_tag = tag;
    s->progress_us = loop_now_us(conn_loop(s->conn)) + s->server->settings->progress_ms * 1000;
}

static void number(struct imap *s, uint64_t n)
{
    reply_words(&s->reply, S(" "));
    if (n)
        reply_number(&s->reply, n);
    else
        reply_words(&s->reply, S("NIL"));
}

static uint64_t now_us(const struct imap *s)
{
    return seam_mono_us(loop_seam(conn_loop(s->conn)));
}

bool imap_progress_due(const struct imap *s)
{
    return now_us(s) >= s->progress_us && !conn_gone(s->conn);
}

void imap_progress(struct imap *s, uint64_t done, uint64_t goal)
{
    if (!imap_progress_due(s)) return;
    s->progress_us = now_us(s) + s->server->settings->progress_ms * 1000;
    reply_words(&s->reply, S("* OK [INPROGRESS ("));
    reply_string(&s->reply, s->progress_tag);
    number(s, done);
    number(s, goal > done ? goal : 0); /* RFC 9585 4: done is less than the goal */
    reply_words(&s->reply, S(")] working on it"));
    reply_end(&s->reply);
    imap_send(s);
    imap_went_on(s);
}

static void step(void *arg, struct uid up_to)
{
    const struct doing *d = arg;
    bool known = d->named != NULL;
    imap_progress(d->s, known ? imap_named_count(d->named, up_to.n) : 0,
                  known ? imap_named_count(d->named, UINT32_MAX) : 0);
}

struct steps imap_steps(struct doing *doing)
{
    return (struct steps){ .step = step, .arg = doing };
}
