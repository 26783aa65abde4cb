/* model_int.h - the model that model_test.c compares the store with: mailboxes as arrays. */
#ifndef STORE_MODEL_INT_H
#define STORE_MODEL_INT_H

#include "store/testing_int.h"

enum { BOXES = 8, MESSAGES = 6000, SESSIONS = 3, WORDS = 3 };
static const str words[WORDS] = { S_INIT("$Forwarded"), S_INIT("work"), S_INIT("later") };
static const str box_names[BOXES] = { S_INIT("INBOX"), S_INIT("Sent"), S_INIT("Trash"),
                                      S_INIT("a"),     S_INIT("a/b"),  S_INIT("a/c"),
                                      S_INIT("d"),     S_INIT("d/e/f") };

struct model_message {
    uint32_t uid;
    uint8_t system, words;
    uint64_t size;
    bool live;
};

struct model_box {
    bool exists;
    uint32_t uidnext;
    struct model_message *messages;
    size_t n;
};

/* A client that keeps a copy of one mailbox: index by uid. */
struct session {
    unsigned box;
    struct told told;
    struct model_message *copy;
    size_t n;
};

struct model {
    struct world world;
    uint64_t seed, random;
    struct model_box box[BOXES];
    struct session session[SESSIONS];
    unsigned queued;
    bool in_memory;
};

static inline uint32_t draw(struct model *m, uint32_t below)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (uint32_t)((m->random >> 16) % below);
}

static inline void demand(struct model *m, bool what, const char *why)
{
    if (!what) fail_msg("seed %llu: %s", (unsigned long long)m->seed, why);
}

static inline struct actor tester(void)
{
    return (struct actor){ S("test"), S("model") };
}

/* --- what the store says -------------------------------------------------------------------------
 */

static inline struct mailbox open_box(struct model *m, unsigned i)
{
    struct mailbox box;
    struct view *v = store_view(m->world.store);
    enum err e = store_mailbox_find(v, m->world.alice, box_names[i], &box);
    view_end(v);
    demand(m, e == OK, "a mailbox is missing");
    box.name = box_names[i];
    return box;
}

static inline uint8_t words_of(struct model *m, struct view *v, const struct mailbox *box, uint64_t bits)
{
    const str *names;
    size_t n;
    uint8_t found = 0;
    demand(m, store_keywords(v, box, &m->world.arena, &names, &n) == OK, "keywords");
    for (size_t i = 0; i < n; i++)
        for (unsigned w = 0; w < WORDS; w++)
            if ((bits >> i & 1) && str_ieq(names[i], words[w])) found |= (uint8_t)(1u << w);
    return found;
}

struct compare {
    struct model *m;
    const struct model_box *box;
    struct view *view;
    const struct mailbox *mailbox;
    size_t at;
};

static inline bool compare_message(void *arg, const struct message *have)
{
    struct compare *c = arg;
    while (c->at < c->box->n && !c->box->messages[c->at].live)
        c->at++;
    demand(c->m, c->at < c->box->n, "a message too many");
    const struct model_message *want = &c->box->messages[c->at++];
    demand(c->m, have->uid.n == want->uid, "a uid");
    demand(c->m, have->flags.system == want->system, "system flags");
    demand(c->m, have->size_bytes == want->size, "a size");
    demand(c->m, words_of(c->m, c->view, c->mailbox, have->flags.keywords) == want->words,
           "keywords");
    return true;
}

static inline void compare_counts(struct model *m, const struct model_box *want,
                           const struct mailbox *have)
{
    uint32_t messages = 0, unseen = 0, deleted = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < want->n; i++) {
        const struct model_message *one = &want->messages[i];
        if (!one->live) continue;
        messages++;
        unseen += !(one->system & FLAG_SEEN);
        deleted += (one->system & FLAG_DELETED) != 0;
        bytes += one->size;
    }
    demand(m, have->messages == messages && have->unseen == unseen, "messages or unseen");
    demand(m, have->deleted == deleted && have->size_bytes == bytes, "deleted or size");
    demand(m, have->uidnext.n == want->uidnext, "uidnext");
}

static inline void compare_box(struct model *m, unsigned i)
{
    struct mailbox have;
    struct view *v = store_view(m->world.store);
    enum err e = store_mailbox_find(v, m->world.alice, box_names[i], &have);
    demand(m, e == (m->box[i].exists ? OK : ERR_NOTFOUND), "whether a mailbox exists");
    if (!e) {
        struct compare c = { m, &m->box[i], v, &have, 0 };
        struct uid_range all = { 1, UINT32_MAX };
        compare_counts(m, &m->box[i], &have);
        e = store_messages(v, &have, all, WANT_CARD | WANT_FLAGS, compare_message, &c);
        demand(m, e == OK, "reading messages");
        while (c.at < c.box->n && !c.box->messages[c.at].live)
            c.at++;
        demand(m, c.at == c.box->n, "a message is missing");
    }
    view_end(v);
}

static inline void compare_all(struct model *m)
{
    struct check_report report = { .fault = print_fault, .unread = true };
    for (unsigned i = 0; i < BOXES; i++)
        compare_box(m, i);
    struct view *v = store_view(m->world.store);
    demand(m, store_queue_count(v) == m->queued, "the queue's length");
    view_end(v);
    demand(m, store_check(m->world.store, &report) == OK, "the check is not clean");
}

#endif
