/* fill.c - mailboxes with many messages, put there over IMAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap_int.h"

enum { A_COMMAND = 100, CONNECTIONS = 16 };

enum { APPEND_HEAD_MAX = 200 }; /* a command up to its literal */

struct filling {
    const char *mailbox;
    enum mail_kind kind;
    unsigned next;
};

static size_t one_literal(char *out, enum mail_kind kind, unsigned i)
{
    static char message[MAIL_BYTES_MAX];
    size_t n = mail_make(kind, i, message);
    size_t head = (size_t)snprintf(out, APPEND_HEAD_MAX, "%s {%zu+}\r\n", mail_flags(i), n);
    memcpy(out + head, message, n);
    return head + n;
}

static size_t next_append(void *arg, unsigned i, char *out, size_t max)
{
    struct filling *f = arg;
    (void)i, (void)max;
    size_t n = (size_t)snprintf(out, APPEND_HEAD_MAX, "APPEND %s", f->mailbox);
    n += one_literal(out + n, f->kind, f->next++);
    return n + (size_t)snprintf(out + n, 3, "\r\n");
}

static void many_a_command(struct client *c, const struct filling *f, unsigned count)
{
    char *out = malloc((size_t)A_COMMAND * (MAIL_BYTES_MAX + 100));
    for (unsigned i = 0; i < count;) {
        size_t n = (size_t)snprintf(out, APPEND_HEAD_MAX, "T%u APPEND %s", ++c->tag, f->mailbox);
        for (unsigned end = i + A_COMMAND; i < count && i < end; i++)
            n += one_literal(out + n, f->kind, i);
        n += (size_t)snprintf(out + n, 3, "\r\n");
        client_send(c, out, n);
        while (!client_take(c))
            ;
    }
    free(out);
}

double fill(const struct system *s, const char *mailbox, enum mail_kind kind, unsigned count)
{
    struct filling f = { mailbox, kind, 0 };
    struct client c;
    client_open(&c, s);
    double start = now_s();
    if (client_offers(&c, "MULTIAPPEND"))
        many_a_command(&c, &f, count);
    else
        load_run(&(struct load){ .system = s,
                                 .connections = CONNECTIONS,
                                 .count = count,
                                 .next = next_append,
                                 .arg = &f });
    double rate = count / (now_s() - start);
    client_close(&c);
    return rate;
}

double fill_by_copies(const struct system *s, const char *mailbox, enum mail_kind kind,
                      unsigned count)
{
    struct client c;
    client_open(&c, s);
    double start = now_s();
    client_run(&c, "CREATE seed");
    fill(s, "seed", kind, count / 10);
    client_run(&c, "SELECT seed");
    for (int i = 0; i < 10; i++)
        client_run(&c, "COPY 1:* %s", mailbox);
    double rate = count / (now_s() - start);
    client_close(&c);
    return rate;
}
