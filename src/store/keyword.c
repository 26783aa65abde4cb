/* keyword.c - a mailbox's keywords: each has a bit, given out in order and never taken back. */
#include "store/store_int.h"

struct lookup {
    str name;
    unsigned bit;
    bool found, bad;
};

/* Of a keyword's row: those of the mailbox, then its bit. */
enum { KEYWORD_KEY_BYTES = KEY_BOX_BYTES + 1 };

/* RFC 9051 2.3.2: flag names are case-insensitive; the first spelling stays. */
static bool match_word(void *arg, str key, str value)
{
    struct lookup *l = arg;
    l->bad = key.n != KEYWORD_KEY_BYTES || (unsigned char)key.p[KEY_BOX_BYTES] >= MAILBOX_KEYWORDS;
    if (l->bad) return false;
    l->found = str_ieq(value, l->name);
    l->bit = (unsigned char)key.p[KEY_BOX_BYTES];
    return !l->found;
}

static enum err add_word(struct box *b, str name, unsigned *bit)
{
    if (b->head.keywords == MAILBOX_KEYWORDS) return ERR_LIMIT;
    if (name.n == 0 || name.n > KEYWORD_BYTES) return ERR_LIMIT;
    *bit = b->head.keywords++;
    b->dirty = true;
    struct key k = key_box(TAG_KEYWORD, b->m);
    k.p[k.n++] = (char)*bit;
    txn_put(b->ledger->txn, b->ledger->account, key_str(&k), name);
    return OK;
}

static enum err bit_for(struct box *b, str name, bool add, uint64_t *bits)
{
    struct lookup l = { .name = name };
    struct key all = key_box(TAG_KEYWORD, b->m);
    enum err e =
        source_scan(in_txn(b->ledger->txn), b->ledger->account, &all, &all, match_word, &l);
    if (l.bad) return row_corrupt(b->ledger->account, "a keyword");
    if (!e && !l.found && !add) return OK;
    if (!e && !l.found) e = add_word(b, name, &l.bit);
    if (e) return e;
    *bits |= (uint64_t)1 << l.bit;
    return OK;
}

enum err box_keywords(struct box *b, const str *names, size_t n, bool add, uint64_t *bits)
{
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) {
        enum err e = bit_for(b, names[i], add, &found);
        if (e) return e;
    }
    *bits = found;
    return OK;
}

static enum err word_of(struct txn *t, struct account a, uint32_t m, unsigned bit, str *out)
{
    struct key k = key_box(TAG_KEYWORD, m);
    k.p[k.n++] = (char)bit;
    str name;
    enum err e = source_get(in_txn(t), a, &k, &name);
    if (e) return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
    *out = arena_copy(txn_arena(t), name);
    return OK;
}

enum err box_translate(struct box *b, struct account a, uint32_t m, uint64_t *bits)
{
    uint64_t translated = 0;
    for (unsigned bit = 0; bit < MAILBOX_KEYWORDS && *bits >> bit; bit++) {
        str name;
        uint64_t one;
        if (!(*bits >> bit & 1)) continue;
        enum err e = word_of(b->ledger->txn, a, m, bit, &name);
        if (!e) e = box_keywords(b, &name, 1, true, &one);
        if (e) return e;
        translated |= one;
    }
    *bits = translated;
    return OK;
}
