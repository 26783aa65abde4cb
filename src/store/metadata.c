/* metadata.c - annotations: what users and their programs note on a mailbox, or on the server.
 *
 * RFC 5464. A row of the mailbox owner's account by the mailbox's number, so that it follows a
 * rename and goes with the mailbox; the private ones of each user lie there too, under his
 * account's number. One that was removed leaves a row without a value, which tells sessions that it
 * went; such rows make room when there are too many.
 */
#include "store/store_int.h"

#include "base/codec.h"

/* 'P', mailbox, account; then the name, cut to what the key has room for. */
enum { ENTRY_HEAD_BYTES = 13, ENTRY_TEXT_BYTES = STORE_KEY_BYTES - 8 - ENTRY_HEAD_BYTES };

static struct key key_entries(const struct annotated *of)
{
    struct key k = key_box(TAG_ENTRY, mailbox_number(of->mailbox));
    key_u64(&k, of->who.n);
    return k;
}

static struct key key_entry(const struct annotated *of, str name)
{
    struct key k = key_entries(of);
    key_text(&k, name, ENTRY_TEXT_BYTES);
    return k;
}

/* --- rows --------------------------------------------------------------------------------------
 */
bool entry_read(struct account a, str key, str value, struct annotation *out)
{
    struct row r = row_open(value);
    if (key.n <= ENTRY_HEAD_BYTES) return false;
    uint32_t m = get_be32(key.p + 1);
    *out = (struct annotation){
        .of = { .account = a, .who = { get_be64(key.p + 5) } },
    };
    if (m) out->of.mailbox = mailbox_id_of(a, m);
    out->name = row_str(&r);
    out->gone = row_u64(&r) != 0;
    out->value = row_str(&r);
    out->changed = row_u64(&r);
    out->by = row_u64(&r);
    struct key must = key_entry(&out->of, out->name);
    return !row_end(&r) && str_eq(key_str(&must), key);
}

static void entry_put(struct txn *t, const struct annotation *a)
{
    struct key k = key_entry(&a->of, a->name);
    struct buf b = row_new();
    row_add_str(&b, a->name);
    buf_varint(&b, a->gone);
    row_add_str(&b, a->gone ? S("") : a->value);
    buf_varint(&b, a->changed);
    buf_varint(&b, a->by);
    row_put(t, a->of.account, &k, &b);
}

/* --- reading -----------------------------------------------------------------------------------
 */
struct showing {
    struct account account, who;
    bool news;
    uint64_t since, last; /* news */
    bool (*each)(void *arg, const struct annotation *a);
    void *arg;
    enum err bad;
};

static bool show(void *arg, str key, str value)
{
    struct showing *s = arg;
    struct annotation a;
    if (!entry_read(s->account, key, value, &a)) {
        s->bad = row_corrupt(s->account, "an annotation");
        return false;
    }
    if (!s->news) return a.gone || s->each(s->arg, &a);
    if (a.changed > s->last) s->last = a.changed;
    bool seen = a.of.who.n == 0 || a.of.who.n == s->who.n;
    return a.changed <= s->since || !seen || !s->each || s->each(s->arg, &a);
}

enum err store_annotations(struct view *v, const struct annotated *of,
                           bool (*each)(void *arg, const struct annotation *a), void *arg)
{
    struct showing s = { .account = of->account, .each = each, .arg = arg };
    struct key all = key_entries(of);
    enum err e = source_scan(in_view(v), of->account, &all, &all, show, &s);
    return e ? e : s.bad;
}

enum err store_annotation_news(struct view *v, struct account a, struct account who, uint64_t *last,
                               bool (*each)(void *arg, const struct annotation *a), void *arg)
{
    struct showing s = { .account = a, .who = who, .news = true, .since = *last, .last = *last };
    struct key all = key_of(TAG_ENTRY);
    s.each = each;
    s.arg = arg;
    enum err e = source_scan(in_view(v), a, &all, &all, show, &s);
    if (!e) *last = s.last;
    return e ? e : s.bad;
}

/* --- limits ------------------------------------------------------------------------------------
 */
struct counting {
    struct txn *t;
    struct account account;
    const struct annotated *of;
    size_t here, all, gone; /* with a value there; all rows of the account; those without a value */
    uint64_t last;
    struct key gone_keys[PURGE_KEYS];
    bool bad;
};

static bool count(void *arg, str key, str value)
{
    struct counting *c = arg;
    struct annotation a;
    c->bad = !entry_read(c->account, key, value, &a);
    if (c->bad) return false;
    c->all++;
    if (a.changed > c->last) c->last = a.changed;
    bool here = a.of.mailbox.n == c->of->mailbox.n && a.of.who.n == c->of->who.n;
    if (!a.gone) c->here += here;
    if (!a.gone || c->gone == PURGE_KEYS) return true;
    struct key *k = &c->gone_keys[c->gone++];
    k->n = (uint8_t)key.n;
    bytes_copy(k->p, sizeof k->p, key.p, key.n);
    return true;
}

static enum err count_all(struct txn *t, const struct annotated *of, struct counting **out)
{
    struct counting *c = ARENA_NEW(txn_arena(t), struct counting);
    struct key all = key_of(TAG_ENTRY);
    if (!c) return ERR_LIMIT;
    c->account = of->account;
    c->of = of;
    *out = c;
    enum err e = source_scan(in_txn(t), of->account, &all, &all, count, c);
    return e || !c->bad ? e : row_corrupt(of->account, "an annotation");
}

/* Is there room for one more? What has no value makes it. */
static enum err make_room(struct txn *t, const struct counting *c)
{
    if (c->here >= METADATA_ENTRIES) return ERR_LIMIT;
    if (c->all < METADATA_PER_ACCOUNT) return OK;
    for (size_t i = 0; i < c->gone; i++)
        row_delete(t, c->account, &c->gone_keys[i]);
    return c->gone ? OK : ERR_LIMIT;
}

/* --- changing ----------------------------------------------------------------------------------
 */
struct annotating {
    const struct annotation *items;
    size_t n;
};

/* The directory has no counters: there the number is one more than any. */
static enum err number(struct txn *t, const struct counting *c, uint64_t *changed)
{
    struct ledger l;
    *changed = c->last + 1;
    if (c->account.n < ACCOUNT_FIRST_USER) return OK;
    enum err e = ledger_open(t, c->account, &l);
    if (e) return e;
    uint64_t modseq = ledger_modseq(&l).n;
    ledger_close(&l);
    if (modseq > *changed) *changed = modseq;
    return OK;
}

static enum err annotate_one(struct txn *t, struct annotation item)
{
    struct key k = key_entry(&item.of, item.name);
    struct annotation old = { .gone = true };
    struct counting *c;
    struct head head;
    str value;
    uint32_t m = mailbox_number(item.of.mailbox);
    enum err e = m ? head_get(in_txn(t), item.of.account, m, &head) : OK;
    if (!e) e = source_get(in_txn(t), item.of.account, &k, &value);
    if (e == ERR_NOTFOUND && m && head_get(in_txn(t), item.of.account, m, &head)) return e;
    bool there = e == OK;
    if (e && e != ERR_NOTFOUND) return e;
    if (there && !entry_read(item.of.account, key_str(&k), value, &old))
        return row_corrupt(item.of.account, "an annotation");
    if (there && !str_eq(old.name, item.name)) return ERR_LIMIT; /* two long names, one hash */
    if (old.gone && item.gone) return OK;
    e = count_all(t, &item.of, &c);
    if (!e && old.gone) e = make_room(t, c);
    if (!e) e = number(t, c, &item.changed);
    if (!e) entry_put(t, &item);
    return e;
}

static enum err annotate(struct txn *t, void *arg)
{
    const struct annotating *a = arg;
    enum err e = OK;
    for (size_t i = 0; !e && i < a->n; i++)
        e = annotate_one(t, a->items[i]);
    return e;
}

enum err store_annotate(struct store *s, const struct annotation *items, size_t n)
{
    struct annotating a = { items, n };
    if (n > METADATA_ENTRIES) return ERR_LIMIT;
    for (size_t i = 0; i < n; i++)
        if (items[i].name.n > METADATA_NAME_BYTES || items[i].value.n > METADATA_VALUE_BYTES)
            return ERR_LIMIT;
    return store_commit(s, annotate, &a);
}

/* --- many at once ------------------------------------------------------------------------------
 */
struct copying {
    struct account account;
    uint32_t to;
    struct key from, after; /* rows up to after are done */
    struct txn *txn;
    struct annotation *items; /* one transaction's */
    size_t n;
    bool done;
};
enum { COPY_AT_ONCE = 200 };

static bool take(void *arg, str key, str value)
{
    struct copying *c = arg;
    struct annotation a;
    if (str_eq(key, key_str(&c->after))) return true;
    if (c->n == COPY_AT_ONCE) {
        c->done = false;
        return false;
    }
    c->after.n = (uint8_t)key.n;
    bytes_copy(c->after.p, sizeof c->after.p, key.p, key.n);
    if (!entry_read(c->account, key, value, &a) || a.gone) return true;
    a.name = arena_copy(txn_arena(c->txn), a.name);
    a.value = arena_copy(txn_arena(c->txn), a.value);
    a.of.mailbox = mailbox_id_of(c->account, c->to);
    c->items[c->n++] = a;
    return true;
}

static enum err copy_some(struct txn *t, void *arg)
{
    struct copying *c = arg;
    struct key before = c->after;
    c->txn = t;
    c->n = 0;
    c->done = true;
    c->items = ARENA_ARRAY(txn_arena(t), COPY_AT_ONCE, struct annotation);
    if (!c->items) return ERR_LIMIT;
    enum err e =
        source_scan(in_txn(t), c->account, before.n ? &before : &c->from, &c->from, take, c);
    for (size_t i = 0; !e && i < c->n; i++)
        entry_put(t, &c->items[i]);
    if (e) c->after = before;
    return e;
}

enum err metadata_copy(struct store *s, struct account a, uint32_t from, uint32_t to)
{
    struct copying c = { .account = a, .to = to, .from = key_box(TAG_ENTRY, from) };
    enum err e = OK;
    while (!e && !c.done)
        e = store_commit(s, copy_some, &c);
    return e;
}

enum err metadata_forget(struct txn *t, struct account owner, uint32_t m, struct account who)
{
    struct annotated of = { owner, mailbox_id_of(owner, m), who };
    struct key prefix = key_entries(&of);
    bool done;
    return purge_keys(t, owner, &prefix, &prefix, &done);
}
