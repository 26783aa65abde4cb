/* submit.c - Alice's mail client: logs in on the submission port over TLS and hands a letter over.
 */
#include <stdio.h>
#include <string.h>

#include "demo/people.h"

/* The letter as smtp_client_send asks for it, in pieces. */
struct giving {
    struct demo *demo;
    struct submission *sub;
    size_t given;
};

static enum err give(void *arg, str *bytes, bool *end)
{
    struct giving *g = arg;
    struct submission *s = g->sub;
    if (s->halfway && g->given > s->message.n / 2) {
        s->halfway(g->demo);
        s->halfway = NULL;
    }
    *bytes = str_sub(s->message, g->given, 16384);
    g->given += bytes->n;
    *end = g->given >= s->message.n;
    return OK;
}

void id_after(str text, const char *words, char id[ID_BYTES])
{
    size_t at = str_find(text, str_of(words)), n = 0;
    id[0] = '\0';
    if (at == STR_NPOS) return;
    for (str rest = str_from(text, at + strlen(words)); n < rest.n && n < ID_BYTES - 1; n++) {
        if (!ascii_alnum(rest.p[n]) && rest.p[n] != '-') break;
        id[n] = rest.p[n];
        id[n + 1] = '\0';
    }
}

static void note_reply(struct submission *s, const struct smtp_reply *r)
{
    s->code = r->code;
    snprintf(s->text, sizeof s->text, "%.*s", STR_ARG(r->text));
    id_after(r->text, "ok, id ", s->id);
}

static bool transact(struct demo *d, struct submission *s, struct smtp_client *c)
{
    struct giving giving = { .demo = d, .sub = s };
    struct smtp_client_rcpt rcpts[RCPTS_MAX] = { 0 };
    struct smtp_reply reply = { 0 };
    struct smtp_client_message m = { .sender = str_of(s->from),
                                     .eight_bit = !str_is_ascii(s->message),
                                     .size_bytes = s->message.n,
                                     .rcpts = rcpts,
                                     .source = give,
                                     .source_arg = &giving };
    for (; m.n < RCPTS_MAX && s->rcpts[m.n]; m.n++)
        rcpts[m.n].address = str_of(s->rcpts[m.n]);
    s->result = smtp_client_send(c, &m, &reply);
    s->answered_s = now_s();
    note_reply(s, &reply);
    bool taken = false;
    for (size_t i = 0; i < m.n; i++) {
        s->rcpt_codes[i] = rcpts[i].reply.code;
        if (rcpts[i].accepted) note_reply(s, &rcpts[i].reply);
        taken |= rcpts[i].accepted;
    }
    return !s->result && taken;
}

bool submit(struct demo *d, struct server *s, struct submission *sub)
{
    struct wire wire = { .quiet = sub->quiet };
    char host[160];
    snprintf(host, sizeof host, "mail.%s", server_domain(s));
    struct smtp_client_options o = { .to =
                                         address_of(d, s, sub->port ? sub->port : PORT_SUBMISSION),
                                     .host = str_of(host),
                                     .hello = S("alices-laptop"),
                                     .tls = SMTP_TLS_VERIFY,
                                     .tls_client = d->tls,
                                     .user = str_of(sub->user),
                                     .password = str_of(sub->password),
                                     .connect_ms = DEMO_WAIT_MS,
                                     .greeting_ms = DEMO_WAIT_MS,
                                     .command_ms = DEMO_WAIT_MS,
                                     .data_ms = DEMO_WAIT_MS,
                                     .end_ms = DEMO_WAIT_MS,
                                     .trace = wire_trace,
                                     .trace_arg = &wire };
    struct smtp_client *c;
    struct smtp_reply reply;
    bool tls_failed;
    sub->began_s = now_s();
    sub->result = smtp_client_open(&o, &d->arena, &c, &reply, &tls_failed);
    if (sub->result) {
        note_reply(sub, &reply);
        wire_end(&wire);
        return false;
    }
    bool taken = transact(d, sub, c);
    smtp_client_close(c);
    wire_end(&wire);
    return taken;
}

bool submit_letter(struct demo *d, struct submission *sub, const char *to, str letter)
{
    *sub = (struct submission){ .user = "alice@a.test",
                                .password = alice_password,
                                .from = "alice@a.test",
                                .rcpts = { to },
                                .message = letter,
                                .quiet = true };
    return submit(d, d->a, sub);
}
