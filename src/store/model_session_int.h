/* model_session_int.h - clients that keep a copy of a mailbox and bring it up to date now and then.
 */
#ifndef STORE_MODEL_SESSION_INT_H
#define STORE_MODEL_SESSION_INT_H

#include "store/model_box_int.h"

enum { TOMBSTONE_DAYS = 30 };

static inline struct model_message *in_copy(struct session *s, uint32_t uid)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->copy[i].uid == uid) return &s->copy[i];
    return NULL;
}

struct syncing {
    struct model *m;
    struct session *s;
    struct view *view;
    const struct mailbox *box;
    struct modseq last;
};

/* A place for it among the others: changes come by modseq. */
static inline struct model_message *into_copy(struct session *s, uint32_t uid)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        s->copy = mem_resize(s->copy, s->room, room, sizeof *s->copy);
        s->room = room;
    }
    size_t at = s->n++;
    for (; at > 0 && s->copy[at - 1].uid > uid; at--)
        s->copy[at] = s->copy[at - 1];
    s->copy[at] = (struct model_message){ .uid = uid };
    return &s->copy[at];
}

static inline bool take_change(void *arg, const struct change *c)
{
    struct syncing *y = arg;
    struct model_message *one = in_copy(y->s, c->uid.n);
    demand(y->m, c->modseq.n >= y->last.n && c->modseq.n > y->s->told.modseq.n, "a modseq");
    y->last = c->modseq;
    if (c->kind == CHANGE_EXPUNGE) {
        if (one) one->fate = EXPUNGED;
        return true;
    }
    struct message have;
    demand(y->m, store_message(y->view, y->box, c->uid, &have) == OK, "a changed message");
    if (!one) one = into_copy(y->s, c->uid.n);
    one->system = have.flags.system;
    one->words = words_of(y->m, y->view, y->box, have.flags.keywords);
    return true;
}

/* The numbers before the sync must be those of the copy, whatever was expunged since. */
static inline enum err check_numbers(struct model *m, struct session *s, struct view *v,
                                     const struct mailbox *box)
{
    struct seqmap map;
    uint32_t n = 0;
    enum err e = store_seqmap(v, box, &s->told, &m->world.arena, &map);
    if (e) return e;
    for (size_t i = 0; i < s->n; i++) {
        if (s->copy[i].fate != LIVE) continue;
        struct uid uid = { s->copy[i].uid };
        n++;
        demand(m, seqmap_seq(&map, uid).n == n, "a sequence number");
        demand(m, seqmap_uid(&map, (struct seq){ n }).n == uid.n, "the uid of a number");
        demand(m, seqmap_next(&map, uid).n == uid.n, "the next uid");
    }
    demand(m, map.count == n, "how many numbers there are");
    return OK;
}

static inline void compare_copy(struct model *m, const struct session *s)
{
    const struct model_box *box = s->box;
    size_t at = 0;
    for (size_t i = 0; i < box->n; i++) {
        if (box->messages[i].fate != LIVE) continue;
        while (at < s->n && s->copy[at].fate != LIVE)
            at++;
        demand(m, at < s->n && s->copy[at].uid == box->messages[i].uid, "a copy's uid");
        demand(m, s->copy[at].system == box->messages[i].system, "a copy's flags");
        demand(m, s->copy[at++].words == box->messages[i].words, "a copy's keywords");
    }
    while (at < s->n && s->copy[at].fate != LIVE)
        at++;
    demand(m, at == s->n, "a copy has a message too many");
}

static inline bool take_message(void *arg, const struct message *have)
{
    struct syncing *y = arg;
    struct model_message *one = into_copy(y->s, have->uid.n);
    one->system = have->flags.system;
    one->words = words_of(y->m, y->view, y->box, have->flags.keywords);
    return true;
}

/* A new client asks for all there is. */
static inline enum err begin_session(struct syncing *y)
{
    struct uid_range all = { 1, UINT32_MAX };
    y->s->n = 0;
    y->s->told = told_of(y->box);
    return store_messages(y->view, y->box, all, WANT_FLAGS, take_message, y);
}

static inline enum err sync_session(struct syncing *y)
{
    enum err e = check_numbers(y->m, y->s, y->view, y->box);
    if (e) return e;
    return store_changes(y->view, y->box, y->s->told.modseq, take_change, y);
}

static inline void do_sync(struct model *m)
{
    struct session *s = &m->session[draw(m, SESSIONS)];
    bool fresh = !s->box;
    if (fresh) s->box = existing(m)->box;
    struct mailbox box = open_box(m, &m->names[s->box->name]);
    demand(m, fresh || box.id.n == s->told.mailbox.n, "the mailbox's id");
    demand(m, fresh || box.uidvalidity == s->told.uidvalidity, "uidvalidity");
    struct view *v = store_view(m->world.store);
    struct syncing y = { .m = m, .s = s, .view = v, .box = &box };
    enum err e = fresh ? begin_session(&y) : sync_session(&y);
    view_end(v);
    if (e == ERR_TOO_OLD) { /* only who was away for that long */
        demand(m, m->day - s->day >= TOMBSTONE_DAYS, "tombstones are forgotten too early");
        s->box = NULL;
        return;
    }
    demand(m, e == OK, "changes");
    s->told = told_of(&box);
    s->day = m->day;
    compare_copy(m, s);
}

#endif
