/* model_mail_int.h - the model's operations on messages: in, out, flags, copies, quota, undelete.
 */
#ifndef STORE_MODEL_MAIL_INT_H
#define STORE_MODEL_MAIL_INT_H

#include "store/model_int.h"

/* --- coming in -------------------------------------------------------------------------------- */

static inline struct model_message new_message(struct model *m, str *text)
{
    struct model_message one = { .text = ++m->texts };
    *text = text_of_number(m, one.text);
    one.size = text->n;
    return one;
}

static inline void do_append(struct model *m)
{
    struct model_name *to = mostly_existing(m);
    size_t n = 1 + draw(m, 3);
    struct append items[3] = { { .account = { 0 } } };
    struct appended out[3];
    struct quota q = used(m);
    str text;
    struct model_message one = new_message(m, &text);
    uint8_t has[3] = { 0 };
    struct body *body = make_body(&m->world, text);
    for (size_t k = 0; k < n; k++) {
        unsigned word;
        items[k] = (struct append){ .account = m->world.alice, .mailbox = to->name, .body = body };
        items[k].flags = (uint8_t)draw(m, 32);
        draw_words(m, &word, &items[k].keywords_n);
        items[k].keywords = &words[word];
        has[k] = words_from(word, items[k].keywords_n);
    }
    arm(m);
    enum err e = store_append(m->world.store, items, n, out);
    body_free(body);
    enum err wanted = !to->box ? ERR_NOTFOUND : has_room(&q, n * text.n, n) ? OK : ERR_LIMIT;
    if (!done(m, e, wanted)) return;
    for (size_t k = 0; k < n; k++) {
        one.system = items[k].flags;
        one.words = has[k];
        demand(m, out[k].uid.n == to->box->uidnext, "the uid of an append");
        model_add(m, to->box, one);
    }
}

/* The same mark comes twice now and then: it is filed once. */
static inline void do_import(struct model *m)
{
    struct model_name *to = mostly_existing(m);
    struct import_item items[3] = { { 0 } };
    struct import batch = { m->world.alice, to->name, items, 1 + draw(m, 3) };
    struct model_message one[3];
    for (size_t k = 0; k < batch.n; k++) {
        str text;
        unsigned mark = draw(m, IMPORTS);
        one[k] = new_message(m, &text);
        one[k].system = items[k].flags = (uint8_t)draw(m, 32);
        items[k].body = make_body(&m->world, text);
        items[k].mark = (struct import_mark){ mark + 1, mark + 1 }; /* all zero is none */
    }
    arm(m);
    enum err e = store_import(m->world.store, &batch);
    for (size_t k = 0; k < batch.n; k++)
        body_free(items[k].body);
    if (!done(m, e, to->box ? OK : ERR_NOTFOUND)) return;
    for (size_t k = 0; k < batch.n; k++) {
        struct quota q = used(m);
        bool *here = &m->imported[items[k].mark.order - 1];
        enum err wanted = *here ? ERR_EXISTS : has_room(&q, one[k].size, 1) ? OK : ERR_LIMIT;
        demand(m, items[k].result == wanted, "what became of an imported message");
        if (!wanted) model_add(m, to->box, one[k]);
        *here |= !wanted;
    }
}

/* --- flags ------------------------------------------------------------------------------------ */

static inline void remember_modseq(struct model *m, const struct model_name *name)
{
    m->mark[draw(m, MARKS)] =
        (struct model_mark){ name->box, open_box(m, name).highest_modseq, m->step };
}

/* A mark of this mailbox, or none: whatever it was. */
static inline struct model_mark mark_for(struct model *m, const struct model_box *box)
{
    unsigned from = draw(m, 2 * MARKS);
    for (unsigned i = from; i < MARKS; i++)
        if (m->mark[i].box == box) return m->mark[i];
    return (struct model_mark){ box, { UINT64_MAX }, UINT64_MAX };
}

static inline void model_flag(struct model *m, struct model_message *one,
                              const struct flag_change *c, uint8_t mask)
{
    uint8_t system = c->op == FLAGS_REPLACE ? 0 : one->system;
    uint8_t has = c->op == FLAGS_REPLACE ? 0 : one->words;
    system = c->op == FLAGS_REMOVE ? (uint8_t)(system & ~c->system) : system | c->system;
    has = c->op == FLAGS_REMOVE ? (uint8_t)(has & ~mask) : has | mask;
    if (system != one->system || has != one->words) one->changed = m->step;
    one->system = system;
    one->words = has;
}

static inline void do_flags(struct model *m)
{
    struct model_name *in = existing(m);
    struct uidset set = some_uids(m, in->box), failed = uidset_make(&m->world.arena);
    struct model_mark mark = mark_for(m, in->box);
    struct flag_change c = { .account = m->world.alice, .mailbox = open_box(m, in).id };
    unsigned word;
    draw_words(m, &word, &c.keywords_n);
    c.keywords = &words[word];
    c.uids = &set;
    c.op = draw(m, 3);
    c.system = (uint8_t)draw(m, 32);
    c.unchanged_since = mark.modseq;
    c.actor = tester();
    arm(m);
    if (!done(m, store_flags(m->world.store, &c, &failed), OK)) return;
    uint64_t refused = 0;
    for (size_t k = 0; k < in->box->n; k++) {
        struct model_message *one = &in->box->messages[k];
        struct uid uid = { one->uid };
        if (one->fate != LIVE || !uidset_has(&set, uid)) continue;
        bool too_late = one->changed > mark.step;
        refused += too_late;
        demand(m, uidset_has(&failed, uid) == too_late, "unchanged since");
        if (!too_late) model_flag(m, one, &c, words_from(word, c.keywords_n));
    }
    demand(m, uidset_count(&failed) == refused, "how many have changed since");
    if (draw(m, 3) == 0) remember_modseq(m, in);
}

/* --- going ------------------------------------------------------------------------------------ */

static inline void do_expunge(struct model *m)
{
    struct model_name *in = existing(m);
    struct uidset set = some_uids(m, in->box), gone = uidset_make(&m->world.arena);
    struct expunge x = { .account = m->world.alice, .mailbox = open_box(m, in).id };
    x.uids = draw(m, 3) ? &set : NULL;
    x.unconditional = x.uids && draw(m, 3) == 0;
    x.actor = tester();
    arm(m);
    if (!done(m, store_expunge(m->world.store, &x, &gone), OK)) return;
    uint64_t n = 0;
    for (size_t k = 0; k < in->box->n; k++) {
        struct model_message *one = &in->box->messages[k];
        struct uid uid = { one->uid };
        if (one->fate != LIVE || (x.uids && !uidset_has(&set, uid))) continue;
        if (!x.unconditional && !(one->system & FLAG_DELETED)) continue;
        demand(m, uidset_has(&gone, uid), "an expunged uid is not named");
        model_remove(m, one, EXPUNGED);
        n++;
    }
    demand(m, uidset_count(&gone) == n, "the number of expunged");
}

static inline enum err copy_wanted(struct model *m, const struct model_box *from,
                                   const struct copy *c, bool there)
{
    struct quota q = used(m);
    uint64_t bytes = 0, messages = 0;
    for (size_t k = 0; k < from->n; k++) {
        const struct model_message *one = &from->messages[k];
        if (one->fate != LIVE || !uidset_has(c->uids, (struct uid){ one->uid })) continue;
        messages++;
        bytes += one->size;
    }
    if (!c->move && !has_room(&q, bytes, messages)) return ERR_LIMIT;
    return there ? OK : ERR_NOTFOUND;
}

static inline void do_copy(struct model *m)
{
    struct model_name *from = existing(m), *to = mostly_existing(m);
    struct uidset set = some_uids(m, from->box);
    struct copied out = { .from = uidset_make(&m->world.arena),
                          .to = uidset_make(&m->world.arena) };
    struct copy c = { .account = m->world.alice, .from = open_box(m, from).id, .uids = &set };
    c.to = to->name;
    c.move = draw(m, 2);
    c.actor = tester();
    size_t n = from->box->n;
    uint64_t copied = 0;
    enum err wanted = copy_wanted(m, from->box, &c, to->box);
    arm(m);
    if (!done(m, store_copy(m->world.store, &c, &out), wanted)) return;
    for (size_t k = 0; k < n; k++) {
        struct model_message one = from->box->messages[k];
        if (one.fate != LIVE || !uidset_has(&set, (struct uid){ one.uid })) continue;
        demand(m, uidset_has(&out.from, (struct uid){ one.uid }), "a copied uid is not named");
        demand(m, uidset_has(&out.to, (struct uid){ to->box->uidnext }), "a copy's uid");
        copied++;
        model_add(m, to->box, one);
        if (c.move) model_remove(m, &from->box->messages[k], MOVED);
    }
    demand(m, uidset_count(&out.from) == copied && uidset_count(&out.to) == copied, "copied");
}

/* --- quota ------------------------------------------------------------------------------------ */

static inline void do_quota(struct model *m)
{
    struct quota q = used(m), limits = { 0 };
    struct user u = { .address = S("alice@a.test"), .password_hash = S("hash") };
    if (draw(m, 2)) limits.messages_max = 1 + q.messages * (90 + draw(m, 20)) / 100;
    if (draw(m, 4) == 0) limits.bytes_max = 1 + q.bytes * (90 + draw(m, 20)) / 100;
    u.quota_messages = limits.messages_max;
    u.quota_bytes = limits.bytes_max;
    arm(m);
    if (done(m, store_user_update(m->world.store, &u), OK)) m->limits = limits;
}

#endif
