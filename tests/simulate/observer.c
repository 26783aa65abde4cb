/* observer.c - what a store once showed stays true: UIDs, UIDVALIDITY, modseqs (RFC 9051 2.3.1.1,
 * RFC 7162 3.1). Looked at before each mishap and at the end; only what is durable is ever shown.
 */
#include <stdio.h>

#include "base/map.h"
#include "simulate/simulate.h"

enum { SEEN_MAX = 100000 };

struct seen_box {
    uint32_t uidvalidity, uidnext;
    uint64_t modseq;
};
struct seen_message {
    uint64_t email_id, modseq;
};
struct observer {
    struct map *boxes, *messages;
    struct arena arena;
};

struct looking {
    struct world *world;
    struct server *server;
    struct view *view;
    struct account account;
    const struct mailbox *box;
    uint32_t uidnext_before;
};

struct observer *observer_new(void)
{
    static const uint8_t seed[16];
    struct observer *o = MEM_NEW(struct observer);
    o->boxes = map_new(SEEN_MAX, seed);
    o->messages = map_new(SEEN_MAX, seed);
    o->arena = arena_make(64 << 20);
    return o;
}

void observer_free(struct observer *o)
{
    map_free(o->boxes);
    map_free(o->messages);
    arena_free(&o->arena);
    mem_free(o);
}

/* What is remembered of this key; *fresh: nothing was. */
static void *recall(struct observer *o, struct map *m, const uint64_t *key, size_t size,
                    bool *fresh)
{
    str bytes = { (const char *)key, 4 * sizeof *key };
    void *item = map_get(m, bytes);
    *fresh = !item;
    if (item) return item;
    item = arena_alloc(&o->arena, size);
    must(item && !map_put(m, bytes, item));
    return item;
}

static bool look_message(void *arg, const struct message *message)
{
    struct looking *l = arg;
    struct world *w = l->world;
    bool fresh;
    uint64_t key[4] = { l->server->index, l->account.n,
                        (uint64_t)l->box->id.n << 32 | l->box->uidvalidity, message->uid.n };
    struct seen_message *seen =
        recall(w->observer, w->observer->messages, key, sizeof *seen, &fresh);
    const char *host = l->server->host;
    if (fresh && message->uid.n < l->uidnext_before)
        world_broken(w, "%s: %.*s uid %u is new, and UIDNEXT was %u already", host,
                     STR_ARG(l->box->name), message->uid.n, l->uidnext_before);
    if (!fresh && seen->email_id != message->email_id)
        world_broken(w, "%s: %.*s uid %u is another message than before", host,
                     STR_ARG(l->box->name), message->uid.n);
    if (message->modseq.n < seen->modseq || message->modseq.n > l->box->highest_modseq.n)
        world_broken(w, "%s: %.*s uid %u has modseq %llu after %llu, HIGHESTMODSEQ %llu", host,
                     STR_ARG(l->box->name), message->uid.n, (unsigned long long)message->modseq.n,
                     (unsigned long long)seen->modseq,
                     (unsigned long long)l->box->highest_modseq.n);
    *seen = (struct seen_message){ message->email_id, message->modseq.n };
    return true;
}

static bool look_box(void *arg, const struct mailbox *box)
{
    struct looking *l = arg;
    struct world *w = l->world;
    bool fresh;
    if (!box->exists) return true;
    uint64_t key[4] = { l->server->index, l->account.n, box->id.n, 0 };
    struct seen_box *seen = recall(w->observer, w->observer->boxes, key, sizeof *seen, &fresh);
    if (!fresh && seen->uidvalidity != box->uidvalidity)
        world_broken(w, "%s: %.*s has another UIDVALIDITY", l->server->host, STR_ARG(box->name));
    if (box->uidnext.n < seen->uidnext)
        world_broken(w, "%s: %.*s has UIDNEXT %u after %u", l->server->host, STR_ARG(box->name),
                     box->uidnext.n, seen->uidnext);
    if (box->highest_modseq.n < seen->modseq)
        world_broken(w, "%s: %.*s has HIGHESTMODSEQ %llu after %llu", l->server->host,
                     STR_ARG(box->name), (unsigned long long)box->highest_modseq.n,
                     (unsigned long long)seen->modseq);
    l->box = box;
    l->uidnext_before = seen->uidnext;
    *seen = (struct seen_box){ box->uidvalidity, box->uidnext.n, box->highest_modseq.n };
    enum err e = store_messages(l->view, box, (struct uid_range){ 1, UINT32_MAX },
                                WANT_FLAGS | WANT_CARD, look_message, l);
    if (e) world_broken(w, "%s: %.*s cannot be read", l->server->host, STR_ARG(box->name));
    return true;
}

static bool look_user(void *arg, const struct user *u)
{
    struct looking *l = arg;
    l->account = u->account;
    enum err e = store_mailboxes(l->view, u->account, look_box, l);
    if (e) world_broken(l->world, "%s: the mailboxes cannot be read", l->server->host);
    return true;
}

void observer_look(struct world *w)
{
    for (unsigned i = 0; i < w->servers_n; i++) {
        struct server *s = &w->servers[i];
        if (s->state != SERVER_UP || !sim_machine_has_power(s->m.seam)) continue;
        struct view *v = store_view(s->m.store);
        if (!v) continue;
        struct looking l = { .world = w, .server = s, .view = v };
        if (store_users(v, look_user, &l)) world_broken(w, "%s: users cannot be read", s->host);
        view_end(v);
    }
}
