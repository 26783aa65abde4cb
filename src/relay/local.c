/* local.c - queued recipients who are our own users: filed, when their time has come.
 *
 * A submitted message that is held until later (RFC 4865) waits in the queue wherever it goes, and
 * is routed again on release: aliases, quotas and accounts are judged as they are then. So is mail
 * for a domain that became ours while it waited. The copy is committed together with the results.
 */
#include "mail/card.h"
#include "relay/relay_int.h"

/* What is gathered for the one letter that is filed. */
struct release {
    struct job *job;
    struct local_rcpt *local;
    size_t local_n;
    struct queue_rcpt *queue;
    size_t queue_n;
};

static struct verdict refusal(enum err why)
{
    switch (why) {
    case ERR_NOTFOUND:
        return (struct verdict){ QUEUE_BOUNCED, S("550 5.1.1 no such user here"), { 0 }, { 0 } };
    case ERR_DENIED:
        return (struct verdict){
            QUEUE_BOUNCED, S("550 5.2.1 that account takes no mail"), { 0 }, { 0 }
        };
    case ERR_LIMIT:
        return (struct verdict){
            QUEUE_BOUNCED, S("550 5.4.6 that alias goes in circles, or too far"), { 0 }, { 0 }
        };
    default:
        return (
            struct verdict){ QUEUE_DEFERRED, S("452 4.2.2 that mailbox is full"), { 0 }, { 0 } };
    }
}

static bool has_room(const struct release *r, const struct route *route)
{
    return r->local_n + r->queue_n + route->local_n + route->remote_n <= ACCEPT_RCPTS;
}

static void add(struct release *r, size_t i, const struct route *route)
{
    const struct queue_entry *e = &r->job->entries[i];
    for (size_t k = 0; k < route->local_n; k++)
        r->local[r->local_n++] = route->local[k];
    for (size_t k = 0; k < route->remote_n; k++) {
        r->queue[r->queue_n] = route->remote[k];
        r->queue[r->queue_n].orcpt = e->orcpt;
        r->queue[r->queue_n++].notify = e->notify;
    }
}

/* One recipient: its targets are added, or it is settled as refused. What finds no room in this
 * commit waits for the next. */
static void route_one(struct release *r, size_t i)
{
    struct job *j = r->job;
    struct address to;
    struct route route;
    struct verdict filed = { QUEUE_DELIVERED, { 0 }, S("filed here"), { 0 } };
    enum err e = address_parse(&j->arena, j->entries[i].address, ADDRESS_UTF8, &to)
                     ? route_find(j->relay->deliver, &to, &j->arena, &route)
                     : ERR_NOTFOUND;
    if (!e && !has_room(r, &route)) e = ERR_LATER;
    if (!e) add(r, i, &route);
    struct verdict refused = refusal(e);
    job_settle(j, i, e ? &refused : &filed);
}

/* --- the letter, once more -------------------------------------------------------------------- */

/* Its bytes are copied: the queue lets go of its own with the last recipient. */
static enum err copy_body(struct body_reader *from, struct body *to, struct card_builder *card)
{
    enum err e = OK;
    for (uint64_t at = 0, size = body_reader_size(from); at < size && !e;) {
        str piece;
        e = body_read(from, at, RELAY_READ_BYTES, &piece);
        if (e) return e;
        e = body_write(to, piece);
        card_feed(card, piece);
        at += piece.n;
    }
    return e;
}

static enum err seal(struct job *j, struct card_builder *builder)
{
    j->card = buf_make(CARD_BYTES);
    if (!card_end(builder, &j->card)) return ERR_LIMIT;
    j->letter.card = buf_str(&j->card);
    bool aside = j->card.n > STORE_CARD_INLINE_BYTES;
    return body_seal(j->letter.body, aside ? j->letter.card : (str){ 0 });
}

static enum err copy_letter(struct job *j)
{
    struct engine *engine = store_engine(j->relay->store);
    struct body_reader *from;
    enum err e = body_open(engine, j->entries[0].blob, &from);
    if (e) return e;
    struct card_builder *card = card_begin();
    e = body_begin(engine, &j->letter.body);
    if (!e) e = copy_body(from, j->letter.body, card);
    if (!e) e = seal(j, card);
    card_free(card);
    body_close(from);
    return e;
}

static str received_text(struct job *j)
{
    struct buf b = buf_make(128);
    buf_add(&b, S("released from the queue, where it was "));
    msgid_text(j->entries[0].key.id, &b);
    str text = arena_copy(&j->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

static void describe(struct release *r)
{
    const struct queue_entry *e = &r->job->entries[0];
    struct accept *a = &r->job->letter;
    a->id = store_msgid_new(r->job->relay->store);
    a->sender = e->sender;
    a->envid = e->envid;
    a->ret_full = e->ret_full;
    a->utf8 = e->utf8;
    a->eight_bit = e->eight_bit;
    a->binary = e->binary;
    a->require_tls = e->require_tls;
    a->tls_optional = e->tls_optional;
    a->priority = e->priority;
    a->by = e->by;
    a->local = r->local;
    a->local_n = r->local_n;
    a->queue = r->queue;
    a->queue_n = r->queue_n;
    a->received = received_text(r->job);
    deliver_merge(a);
}

/* --- the door --------------------------------------------------------------------------------- */

static bool is_ours(struct job *j)
{
    struct address to;
    struct route route;
    struct arena_mark mark = arena_mark(&j->arena);
    bool remote =
        !address_parse(&j->arena, j->entries[0].address, ADDRESS_UTF8, &to) ||
        (!route_find(j->relay->deliver, &to, &j->arena, &route) && route.kind == ROUTE_REMOTE);
    arena_rewind(&j->arena, mark);
    return !remote;
}

enum err local_release(struct job *j)
{
    if (!is_ours(j)) return ERR_NOTFOUND;
    struct release r = { .job = j };
    r.local = ARENA_ARRAY(&j->arena, ACCEPT_RCPTS, struct local_rcpt);
    r.queue = ARENA_ARRAY(&j->arena, ACCEPT_RCPTS, struct queue_rcpt);
    enum err e = r.local && r.queue ? OK : ERR_LIMIT;
    for (size_t i = 0; i < j->n && !e; i++)
        route_one(&r, i);
    if (!e && r.local_n + r.queue_n) e = copy_letter(j);
    if (!e) {
        if (j->letter.body) describe(&r);
        return OK;
    }
    body_free(j->letter.body);
    j->letter.body = NULL;
    struct verdict later = {
        QUEUE_DEFERRED, S("451 4.3.0 the stored message cannot be read now"), { 0 }, { 0 }
    };
    for (size_t i = 0; i < j->n; i++)
        job_settle(j, i, &later);
    return OK;
}
