/* search_found.c - what a search found: the numbers that are told, and what "$" keeps of it.
 *
 * RFC 5182 (SEARCHRES); RFC 9394 3.2 (SAVE with PARTIAL).
 */
#include "imap/search_int.h"

#include "base/limits.h"

struct found imap_found_none(const struct command *c, struct arena *arena)
{
    return (struct found){
        .c = c,
        .uid = c->uid,
        .keeps_uids = c->search.returns & (RETURN_SAVE | RETURN_UPDATE),
        .numbers = uidset_make(arena),
        .uids = uidset_make(arena),
        .arena = arena,
    };
}

void imap_found_add(void *arg, struct candidate *c, struct seq seq)
{
    struct found *f = arg;
    uint32_t uid = c->m.uid.n, number = f->uid ? uid : seq.n;
    (void)uidset_add(&f->numbers, number, number); /* the arena says when it is spent */
    if (f->keeps_uids) (void)uidset_add(&f->uids, uid, uid);
    if (f->c->search.returns & RETURN_RELEVANCY) {
        uint8_t *scores = arena_more(f->arena, f->scores, f->count, 1);
        if (!scores) return;
        f->scores = scores;
        scores[f->count] = (uint8_t)c->score;
    }
    if (f->count++ == 0) f->first_modseq = c->m.modseq.n;
    f->last_modseq = c->m.modseq.n;
    if (c->m.modseq.n > f->modseq) f->modseq = c->m.modseq.n;
}

struct uidset imap_set_slice(const struct uidset *set, uint64_t from, uint64_t to, struct arena *a)
{
    struct uidset out = uidset_make(a);
    uint64_t before = 0;
    for (size_t i = 0; i < set->n && before < to; i++) {
        struct uid_range r = set->ranges[i];
        uint64_t n = (uint64_t)r.to - r.from + 1;
        uint64_t skip = from > before + 1 ? from - before - 1 : 0;
        if (skip < n) {
            uint64_t last = to - before < n ? to - before : n;
            (void)uidset_add(&out, (uint32_t)(r.from + skip), (uint32_t)(r.from + last - 1));
        }
        before += n;
    }
    return out;
}

/* --- "$" ------------------------------------------------------------------------------------ */
void imap_saved_clear(struct imap *s)
{
    s->saved = (struct uidset){ 0 };
    arena_free(&s->saved_arena);
}

static bool save_all(struct uidset *to, const struct uidset *from)
{
    for (size_t i = 0; i < from->n; i++)
        if (!uidset_add(to, from->ranges[i].from, from->ranges[i].to)) return false;
    return true;
}

static bool save(struct imap *s, const struct found *f)
{
    const struct search_args *args = &f->c->search;
    uint64_t from, to;
    bool some = args->returns & (RETURN_MIN | RETURN_MAX | RETURN_PARTIAL);
    bool all = !some || (args->returns & (RETURN_ALL | RETURN_COUNT));
    if (all) return save_all(&s->saved, &f->uids);
    struct uidset first = imap_set_slice(&f->uids, 1, 1, &s->arena);
    struct uidset last = imap_set_slice(&f->uids, f->count, f->count, &s->arena);
    if ((args->returns & RETURN_MIN) && !save_all(&s->saved, &first)) return false;
    if ((args->returns & RETURN_MAX) && !save_all(&s->saved, &last)) return false;
    if (!(args->returns & RETURN_PARTIAL) ||
        !imap_partial_places(args->places, f->count, &from, &to))
        return true;
    struct uidset part = imap_set_slice(&f->uids, from, to, &s->arena);
    return save_all(&s->saved, &part);
}

enum err imap_found_save(struct imap *s, const struct found *f)
{
    if (!(f->c->search.returns & RETURN_SAVE)) return OK;
    imap_saved_clear(s);
    s->saved_arena = imap_paid(s, arena_make(IMAP_SAVED_BYTES));
    s->saved = uidset_make(&s->saved_arena);
    if (save(s, f)) {
        uidset_normalise(&s->saved);
        return OK;
    }
    imap_saved_clear(s);
    return imap_no(s, ERR_LIMIT, S("NOTSAVED"), S("too many to be saved"));
}
