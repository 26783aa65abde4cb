/* mailbox.c - the selected mailbox: looking at it, and which messages a command names. */
#include "imap/session_int.h"

#include "base/limits.h"

enum err imap_look(struct imap *s, struct look *look)
{
    *look = (struct look){ 0 };
    look->view = store_view(s->server->store);
    if (!look->view) return ERR_LATER;
    enum err e = store_mailbox_by_id(look->view, s->selected, s->told.mailbox, &look->mailbox);
    bool gone = e == ERR_NOTFOUND ||
                (!e && (!look->mailbox.exists || look->mailbox.uidvalidity != s->told.uidvalidity));
    if (!e && !gone)
        e = store_rights(look->view, s->selected, s->told.mailbox, s->account, &look->rights);
    if (!e && !(look->rights & RIGHT_READ)) gone = true; /* RFC 4314 5.1.1: no longer */
    if (!e && !gone)
        e = store_keywords(look->view, &look->mailbox, &s->arena, &look->keywords,
                           &look->keywords_n);
    if (!e && !gone) return OK;

    imap_look_end(look);
    if (!gone) return e;
    imap_bye(s, S("UNAVAILABLE"), S("the selected mailbox is not there for you any more"));
    return ERR_GONE;
}

void imap_look_end(struct look *look)
{
    view_end(look->view);
    look->view = NULL;
}

/* A run of sequence numbers is a run of UIDs: what lies between and is no message is dead. */
static bool add_seqs(const struct seqmap *map, struct seqset set, struct uidset *uids)
{
    for (size_t i = 0; i < set.n; i++) {
        struct uid first = seqmap_uid(map, (struct seq){ set.ranges[i].first });
        struct uid last = seqmap_uid(map, (struct seq){ set.ranges[i].last });
        if (!uidset_add(uids, first.n, last.n)) return false;
    }
    return true;
}

static bool add_uids(struct seqset set, struct uidset *uids)
{
    for (size_t i = 0; i < set.n; i++)
        if (!uidset_add(uids, set.ranges[i].first, set.ranges[i].last)) return false;
    return true;
}

enum err imap_named(struct imap *s, struct look *look, const struct command *c, struct seqset set,
                    struct named *out)
{
    struct arena *a = &s->arena;
    *out = (struct named){ .uids = uidset_make(a) };
    enum err e = store_seqmap(look->view, &look->mailbox, &s->told, a, &out->map);
    if (e) return e;
    if (!c->uid && seqset_largest(set) > out->map.count)
        return imap_bad(s, S("no message has this number"));

    if (set.saved) {
        for (size_t i = 0; i < s->saved.n; i++)
            if (!uidset_add(&out->uids, s->saved.ranges[i].from, s->saved.ranges[i].to))
                return ERR_LIMIT;
        return OK;
    }
    uint32_t last = out->map.count ? seqmap_uid(&out->map, (struct seq){ out->map.count }).n : 0;
    struct seqset resolved = seqset_resolve(set, c->uid ? last : out->map.count, a);
    bool fits = c->uid ? add_uids(resolved, &out->uids) : add_seqs(&out->map, resolved, &out->uids);
    if (!fits || a->full) return ERR_LIMIT;
    uidset_normalise(&out->uids);
    return OK;
}

enum err imap_named_gone(struct imap *s, const struct look *look, const struct named *named,
                         struct uidset *out)
{
    struct told all_told = s->told;
    struct seqmap live;
    *out = uidset_make(&s->arena);
    all_told.held = (struct uidset){ 0 };
    all_told.expunge_modseq = look->mailbox.highest_modseq;
    enum err e = store_seqmap(look->view, &look->mailbox, &all_told, &s->arena, &live);
    if (e || live.count == named->map.count) return e;
    struct uid uid = seqmap_next_without(&named->map, &live, (struct uid){ 1 });
    for (; uid.n; uid = seqmap_next_without(&named->map, &live, (struct uid){ uid.n + 1 }))
        if (uidset_has(&named->uids, uid) && !uidset_add(out, uid.n, uid.n)) return ERR_LIMIT;
    return OK;
}

/* The first message at or after `from` that is in the set. */
static struct uid named_from(const struct named *n, struct named_walk *w, uint32_t from)
{
    for (; w->range < n->uids.n; w->range++) {
        const struct uid_range *range = &n->uids.ranges[w->range];
        struct uid uid =
            seqmap_next(&n->map, (struct uid){ from > range->from ? from : range->from });
        if (uid.n == 0) break;
        if (uid.n > range->to) continue;
        w->uid = uid;
        return uid;
    }
    w->range = n->uids.n;
    return w->uid = (struct uid){ 0 };
}

struct uid imap_named_first(const struct named *n, struct named_walk *w)
{
    *w = (struct named_walk){ 0 };
    return named_from(n, w, 1);
}

struct uid imap_named_next(const struct named *n, struct named_walk *w)
{
    if (w->uid.n == UINT32_MAX) return w->uid = (struct uid){ 0 };
    return named_from(n, w, w->uid.n + 1);
}

uint32_t imap_numbers_of(const struct seqmap *map, struct uid_range range, uint32_t *first)
{
    struct uid from = seqmap_next(map, (struct uid){ range.from }), past = { 0 };
    if (from.n == 0 || from.n > range.to) return 0;
    if (range.to < UINT32_MAX) past = seqmap_next(map, (struct uid){ range.to + 1 });
    *first = seqmap_seq(map, from).n;
    return (past.n ? seqmap_seq(map, past).n : map->count + 1) - *first;
}

bool imap_partial_places(struct partial places, uint64_t count, uint64_t *from, uint64_t *to)
{
    if (places.from > count) return false;
    uint64_t last = places.to < count ? places.to : count;
    *from = places.from_end ? count + 1 - last : places.from;
    *to = places.from_end ? count + 1 - places.from : last;
    return true;
}

uint64_t imap_named_count(const struct named *n, uint32_t up_to)
{
    uint64_t count = 0;
    uint32_t first;
    for (size_t i = 0; i < n->uids.n && n->uids.ranges[i].from <= up_to; i++) {
        struct uid_range range = n->uids.ranges[i];
        if (range.to > up_to) range.to = up_to;
        count += imap_numbers_of(&n->map, range, &first);
    }
    return count;
}

bool imap_named_slice(const struct named *n, uint64_t from, uint64_t to, struct arena *a,
                      struct uidset *out)
{
    struct uidset kept = uidset_make(a);
    uint64_t at = 0;
    for (size_t i = 0; from && i < n->uids.n; i++) {
        uint32_t first = 0, count = imap_numbers_of(&n->map, n->uids.ranges[i], &first);
        uint64_t low = from > at + 1 ? from : at + 1, high = to < at + count ? to : at + count;
        if (low <= high) {
            struct seq one = { (uint32_t)(first + low - at - 1) };
            struct seq last = { (uint32_t)(first + high - at - 1) };
            if (!uidset_add(&kept, seqmap_uid(&n->map, one).n, seqmap_uid(&n->map, last).n))
                return false;
        }
        at += count;
    }
    *out = kept;
    return true;
}

struct actor imap_actor(struct imap *s)
{
    struct buf peer = buf_make(256);
    netaddr_text(conn_peer(s->conn), &peer);
    struct actor actor = { .protocol = S("imap"), .peer = arena_copy(&s->arena, buf_str(&peer)) };
    buf_free(&peer);
    return actor;
}
