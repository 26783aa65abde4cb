/* model.c - the mailboxes as RFC 9051 says they come out of each act. */
#include "converge/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- acts ------------------------------------------------------------------------------------- */

static struct letter *find(struct box *box, uint32_t uid)
{
    for (size_t i = 0; i < box->n; i++)
        if (box->letters[i].uid == uid) return &box->letters[i];
    return NULL;
}

static void add(const struct device *d, struct box *box, uint32_t uid, const struct letter *like)
{
    if (uid < box->uidnext) wrong(d, "UID %u is not new: %u were given", uid, box->uidnext);
    if (box->n == MESSAGES_MAX) abort();
    struct letter *l = &box->letters[box->n++];
    *l = *like;
    l->uid = uid;
    l->modseq = 0;
    box->uidnext = uid + 1;
}

static void take_out(struct box *box, const struct set *uids, unsigned flags)
{
    size_t kept = 0;
    for (size_t i = 0; i < box->n; i++) {
        const struct letter *l = &box->letters[i];
        if ((l->flags & flags) != flags || (uids && !set_has(uids, l->uid)))
            box->letters[kept++] = *l;
    }
    box->n = kept;
}

/* MODIFIED names exactly those that changed after the modification sequence: RFC 7162 3.1.3. */
static void apply_store(struct box *box, const struct device *d, const struct act *a)
{
    struct set named = { 0 };
    if (strncmp(d->code, "MODIFIED ", 9) == 0) set_read(&named, d->code + 9);
    for (size_t i = 0; i < box->n; i++) {
        struct letter *l = &box->letters[i];
        if (!set_has(&a->set, l->uid)) continue;
        size_t place = device_find(d, l->uid);
        bool failed = set_has(&named, a->uid ? l->uid : (uint32_t)place + 1);
        if (failed != (a->unchanged_since && l->modseq > a->unchanged_since))
            wrong(d, "UID %u of MODSEQ %ju is %s MODIFIED", l->uid, (uintmax_t)l->modseq,
                  failed ? "said to be" : "not said to be");
        if (!failed) l->flags = flags_after(l->flags, a);
    }
}

static void apply_append(struct model *m, const struct device *d, const struct act *a)
{
    unsigned uidvalidity, uid;
    struct letter l = { .flags = a->flags, .text = a->text };
    if (sscanf(d->code, "APPENDUID %u %u", &uidvalidity, &uid) != 2) wrong(d, "no APPENDUID");
    add(d, &m->boxes[a->box], uid, &l);
}

/* All that are there are copied, and the code says which became which. */
static void apply_copy(struct model *m, const struct device *d, const struct act *a)
{
    struct set from = { 0 }, to = { 0 };
    struct box *source = &m->boxes[a->box];
    const char *at = strncmp(d->code, "COPYUID ", 8) ? NULL : strchr(d->code + 8, ' ');
    if (at) at = set_read(&from, at + 1);
    if (at && *at == ' ') set_read(&to, at + 1);
    size_t range = 0, copied = 0, n = source->n;
    uint32_t uid = to.n ? to.ranges[0][0] : 0;
    for (size_t i = 0; i < n; i++) {
        struct letter l = source->letters[i];
        if (!set_has(&a->set, l.uid)) continue;
        if (!set_has(&from, l.uid)) wrong(d, "COPYUID is silent of %u", l.uid);
        if (range >= to.n) wrong(d, "COPYUID gives too few UIDs");
        add(d, &m->boxes[a->to], uid, &l);
        if (uid++ == to.ranges[range][1]) uid = ++range < to.n ? to.ranges[range][0] : 0;
        copied++;
    }
    if (range != to.n) wrong(d, "COPYUID gives more UIDs than %zu", copied);
    if (a->what == ACT_MOVE) take_out(source, &from, 0);
}

void model_apply(struct model *m, const struct device *d, const struct act *a)
{
    if (a->what == ACT_NONE || !a->applied) return;
    struct box *box = a->box < 0 ? NULL : &m->boxes[a->box];
    switch (a->what) {
    case ACT_STORE: apply_store(box, d, a); break;
    case ACT_APPEND: apply_append(m, d, a); break;
    case ACT_COPY:
    case ACT_MOVE: apply_copy(m, d, a); break;
    case ACT_CLOSE:
        if (d->read_only) return;
        take_out(box, NULL, 1u << FLAG_DELETED_BIT);
        break;
    case ACT_EXPUNGE: take_out(box, NULL, 1u << FLAG_DELETED_BIT); break;
    case ACT_UID_EXPUNGE: take_out(box, &a->set, 1u << FLAG_DELETED_BIT); break;
    default: break;
    }
}

/* --- looking ---------------------------------------------------------------------------------- */

static void look(struct device *witness, int box)
{
    witness->box = box;
    witness->n = 0;
    witness->condstore = true;
    device_do(witness, "EXAMINE %s (CONDSTORE)", box_names[box]);
    if (witness->n) device_do(witness, "UID FETCH 1:* (FLAGS MODSEQ)");
}

static void check_letter(struct box *box, const struct device *w, size_t i)
{
    const struct known *k = &w->known[i];
    struct letter *l = find(box, k->uid);
    if (!l) wrong(w, "UID %u is there, and should not be", k->uid);
    if (k->flags != l->flags) wrong(w, "UID %u has flags %x, not %x", k->uid, k->flags, l->flags);
    if (k->modseq < l->modseq || k->modseq > w->highest_modseq)
        wrong(w, "UID %u: MODSEQ %ju", k->uid, (uintmax_t)k->modseq);
    if (k->modseq != l->modseq && k->modseq <= box->modseq)
        wrong(w, "UID %u changed, and its MODSEQ %ju is not new", k->uid, (uintmax_t)k->modseq);
    l->modseq = k->modseq;
}

void model_check(struct model *m, struct device *witness)
{
    for (int i = 0; i < BOXES; i++) {
        struct box *box = &m->boxes[i];
        look(witness, i);
        for (size_t k = 0; k < witness->n; k++)
            check_letter(box, witness, k);
        if (witness->n != box->n)
            wrong(witness, "%zu messages are there, not %zu", witness->n, box->n);
        if (witness->uidnext < box->uidnext) wrong(witness, "UIDNEXT goes back");
        box->modseq = witness->highest_modseq;
    }
}

void model_compare(const struct model *m, const struct device *d)
{
    const struct box *box = &m->boxes[d->box];
    if (d->n != box->n) wrong(d, "it knows %zu messages of %zu", d->n, box->n);
    for (size_t i = 0; i < d->n; i++) {
        const struct known *k = &d->known[i];
        const struct letter *l = &box->letters[i];
        if (k->uid && k->uid != l->uid) wrong(d, "%zu is UID %u, not %u", i + 1, k->uid, l->uid);
        if (k->sure && k->flags != l->flags)
            wrong(d, "UID %u has flags %x, not %x", l->uid, k->flags, l->flags);
    }
}

void model_take(struct model *m, struct device *witness)
{
    for (int i = 0; i < BOXES; i++) {
        struct box *box = &m->boxes[i];
        look(witness, i);
        box->n = witness->n;
        for (size_t k = 0; k < witness->n; k++)
            box->letters[k] =
                (struct letter){ .uid = witness->known[k].uid, .flags = witness->known[k].flags };
    }
}
