/* facts.c - what the rows of a mailbox's messages say, read ahead for long commands.
 *
 * A command that goes through thousands of messages would seek twice for each; read in order, a
 * row costs a tenth of a seek. The window grows as long as the command comes to what it holds.
 */
#include "store/box_int.h"

#include "base/codec.h"

enum { FACTS_AHEAD = 256 };

struct facts_page {
    uint32_t from, n; /* the UIDs it is about */
    unsigned parts;
    struct facts at[FACTS_AHEAD];
};

static struct facts *place_on(struct facts_page *p, str key)
{
    if (key.n != KEY_BOX_U32_BYTES) return NULL;
    uint32_t i = get_be32(key.p + KEY_BOX_BYTES) - p->from;
    return i < p->n ? &p->at[i] : NULL;
}

/* What does not read is left to the question that asks for it. */
static bool take_flags(void *arg, str key, str value)
{
    struct facts *f = place_on(arg, key);
    if (f && !flags_read(value, &f->flags)) f->parts |= FACTS_FLAGS;
    return true;
}

static void from_message(struct facts *f, const struct message *m)
{
    f->blob = m->blob;
    f->size_bytes = m->size_bytes;
    f->journey = m->journey;
    f->parts |= FACTS_MESSAGE;
}

static bool take_message(void *arg, str key, str value)
{
    struct facts *f = place_on(arg, key);
    struct message m = { 0 };
    if (f && !message_read(value, &m)) from_message(f, &m);
    return true;
}

static enum err read_rows(struct box *b, enum tag tag, engine_each *each)
{
    struct facts_page *p = b->page;
    struct key first = key_box_u32(tag, b->m, p->from);
    struct key end = key_after(key_box_u32(tag, b->m, p->from + (p->n - 1)));
    return txn_scan(b->ledger->txn, b->ledger->account, key_str(&first), key_str(&end), each, p);
}

static enum err read_page(struct box *b, struct uid_range in, unsigned want)
{
    struct arena *a = txn_arena(b->ledger->txn);
    if (!b->page) b->page = ARENA_NEW(a, struct facts_page);
    struct facts_page *p = b->page;
    if (!p) return ERR_LIMIT;
    *p = (struct facts_page){ .from = in.from, .n = in.to - in.from + 1, .parts = want };
    enum err e = OK;
    if (want & FACTS_FLAGS) e = read_rows(b, TAG_FLAGS, take_flags);
    if (!e && (want & FACTS_MESSAGE)) e = read_rows(b, TAG_MESSAGE, take_message);
    return e;
}

static enum err ask(struct box *b, struct uid uid, unsigned want, struct facts *out)
{
    struct source from = in_txn(b->ledger->txn);
    struct message m = { 0 };
    enum err e = OK;
    if (want & FACTS_FLAGS) e = flags_get(from, b->ledger->account, b->m, uid, &out->flags);
    if (e && e != ERR_NOTFOUND) return e;
    if (!e) out->parts |= want & FACTS_FLAGS;
    if (!(want & FACTS_MESSAGE)) return OK;
    e = message_get(from, b->ledger->account, b->m, uid, &m);
    if (!e) from_message(out, &m);
    return e == ERR_NOTFOUND ? OK : e;
}

/* How far to read: as far again as the last time if the command came here without a leap. */
static uint32_t reach(struct box *b, struct uid_range in)
{
    bool on = b->asked && in.from > b->asked && in.from - b->asked <= b->ahead;
    b->ahead = !on ? 1 : b->ahead * 2 < FACTS_AHEAD ? b->ahead * 2 : FACTS_AHEAD;
    return in.to - in.from < b->ahead ? in.to : in.from + (b->ahead - 1);
}

enum err box_facts(struct box *b, struct uid_range in, unsigned want, struct facts *out)
{
    struct facts_page *p = b->page;
    struct uid uid = { in.from };
    if (!p || in.from < p->from || in.from - p->from >= p->n || want & ~p->parts) {
        in.to = reach(b, in);
        b->asked = in.to;
        if (in.to > in.from) {
            enum err e = read_page(b, in, want);
            if (e) return e;
        }
        p = in.to > in.from ? b->page : NULL;
    }
    *out = (struct facts){ 0 };
    if (!p) return ask(b, uid, want, out);
    struct facts *here = &p->at[in.from - p->from];
    *out = *here;
    here->parts = 0; /* given once: the command may change the rows */
    return want & ~out->parts ? ask(b, uid, want & ~out->parts, out) : OK;
}
