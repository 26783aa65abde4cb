/* check_account.c - one account: names, heads, bitmaps, flags, changes, counters against each
 * other.
 *
 * The flags rows say what must be; everything else that is kept for speed is computed from them
 * again and compared.
 */
#include "store/check_int.h"

#include "base/codec.h"

struct box_check {
    struct checking *c;
    struct account account;
    uint32_t m;
    struct head head;
    const char *whose;
    str name;
    struct bitmap bits[BITS_KINDS]; /* of one block */
    uint32_t messages, unseen, deleted, changes;
    uint64_t size_bytes;
};

#define BOX(b) (b)->whose, STR_ARG((b)->name)

static void count_faults(struct box_check *b, const char *what, uint64_t is, uint64_t must)
{
    if (is == must) return;
    check_fault(b->c, "%s %.*s: %s says %llu, there are %llu", BOX(b), what, (unsigned long long)is,
                (unsigned long long)must);
}

/* --- messages ------------------------------------------------------------------------------------
 */

static void check_bit(struct box_check *b, enum bits kind, uint32_t uid, bool must)
{
    static const char *const word[] = { "live", "unseen", "deleted" };
    if (bitmap_has(&b->bits[kind], uid) == must) return;
    check_fault(b->c, "%s %.*s uid %u: the %s bit is wrong", BOX(b), uid, word[kind]);
}

static void check_message(struct box_check *b, struct uid uid)
{
    struct source view = in_view(b->c->view);
    struct message m = { 0 };
    struct flags_row f;
    b->messages++;
    if (message_get(view, b->account, b->m, uid, &m) ||
        flags_get(view, b->account, b->m, uid, &f)) {
        check_fault(b->c, "%s %.*s uid %u: no row", BOX(b), uid.n);
        return;
    }
    b->size_bytes += m.size_bytes;
    b->unseen += !(f.flags.system & FLAG_SEEN);
    b->deleted += (f.flags.system & FLAG_DELETED) != 0;
    check_bit(b, BITS_UNSEEN, uid.n, !(f.flags.system & FLAG_SEEN));
    check_bit(b, BITS_DELETED, uid.n, f.flags.system & FLAG_DELETED);
    if (uid.n >= b->head.uidnext || f.modseq.n > b->head.highest_modseq)
        check_fault(b->c, "%s %.*s uid %u: newer than its mailbox", BOX(b), uid.n);
    if (b->head.keywords < MAILBOX_KEYWORDS && f.flags.keywords >> b->head.keywords)
        check_fault(b->c, "%s %.*s uid %u: an unknown keyword", BOX(b), uid.n);
    struct key change = key_change(TAG_CHANGE, b->m, f.modseq, uid);
    str value;
    if (view_get(b->c->view, b->account, key_str(&change), &value))
        check_fault(b->c, "%s %.*s uid %u: no change row", BOX(b), uid.n);
}

/* Bits of messages that do not live. */
static void check_strays(struct box_check *b, enum bits kind)
{
    for (unsigned i = 0; i < BITMAP_WORDS; i++)
        if (b->bits[kind].words[i] & ~b->bits[BITS_LIVE].words[i])
            check_fault(b->c, "%s %.*s: bits of the dead in block %u", BOX(b), b->bits[kind].block);
}

static bool check_block(void *arg, const struct bitmap *live)
{
    struct box_check *b = arg;
    b->bits[BITS_LIVE] = *live;
    for (enum bits kind = BITS_UNSEEN; kind < BITS_KINDS; kind++) {
        struct bitmap_place at = { b->account, b->m, kind };
        if (bitmap_load(in_view(b->c->view), at, live->block, &b->bits[kind]))
            check_fault(b->c, "%s %.*s: a bitmap cannot be read", BOX(b));
        check_strays(b, kind);
    }
    unsigned bit = bitmap_next(live->words, 0);
    if (bit == STORE_BITMAP_UIDS) check_fault(b->c, "%s %.*s: an empty bitmap", BOX(b));
    for (; bit < STORE_BITMAP_UIDS; bit = bitmap_next(live->words, bit + 1))
        check_message(b, (struct uid){ live->block * STORE_BITMAP_UIDS + bit });
    return true;
}

/* --- changes, keywords ----------------------------------------------------------------------- */

static bool count_change(void *arg, str key, str value)
{
    struct box_check *b = arg;
    (void)key, (void)value;
    b->changes++;
    return true;
}

static bool check_tombstone(void *arg, str key, str value)
{
    struct box_check *b = arg;
    (void)value;
    struct bitmap_place at = { b->account, b->m, BITS_LIVE };
    struct bitmap *live = &b->bits[BITS_LIVE];
    uint32_t uid = get_be32(key.p + 13);
    enum err e = bitmap_load(in_view(b->c->view), at, bitmap_block(uid), live);
    if (e || bitmap_has(live, uid))
        check_fault(b->c, "%s %.*s uid %u: expunged and live", BOX(b), uid);
    return true;
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return true;
}

static enum err check_rows(struct box_check *b)
{
    struct source view = in_view(b->c->view);
    struct key changes = key_box(TAG_CHANGE, b->m);
    struct key tombstones = key_box(TAG_TOMBSTONE, b->m);
    struct key keywords = key_box(TAG_KEYWORD, b->m);
    struct bitmap_place live = { b->account, b->m, BITS_LIVE };
    uint32_t words = 0;
    enum err e = bitmap_each(view, live, 0, check_block, b);
    if (!e) e = source_scan(view, b->account, &changes, &changes, count_change, b);
    if (!e) e = source_scan(view, b->account, &tombstones, &tombstones, check_tombstone, b);
    if (!e) e = source_scan(view, b->account, &keywords, &keywords, count_row, &words);
    if (e) return e;
    count_faults(b, "its head's messages", b->head.messages, b->messages);
    count_faults(b, "its head's unseen", b->head.unseen, b->unseen);
    count_faults(b, "its head's deleted", b->head.deleted, b->deleted);
    count_faults(b, "its head's size", b->head.size_bytes, b->size_bytes);
    count_faults(b, "its head's keywords", b->head.keywords, words);
    count_faults(b, "its change rows", b->changes, b->messages);
    return OK;
}

/* --- the account ----------------------------------------------------------------------------- */

struct account_check {
    struct checking *c;
    struct account account;
    struct whose whose;
    struct ledger_row ledger;
    uint64_t messages, bytes;
    uint32_t named, heads;
    enum err failed;
};

static void check_box(struct account_check *a, uint32_t m, str name)
{
    struct title_row title;
    struct box_check b = {
        .c = a->c, .account = a->account, .m = m, .whose = a->whose.text, .name = name
    };
    a->named++;
    if (title_get(in_view(a->c->view), a->account, m, &title) || !str_eq(title.name, name) ||
        head_get(in_view(a->c->view), a->account, m, &b.head)) {
        check_fault(a->c, "%s %.*s: no such mailbox", BOX(&b));
        return;
    }
    a->failed = check_rows(&b);
    if (a->failed == ERR_CORRUPT) {
        check_fault(a->c, "%s %.*s: rows cannot be read", BOX(&b));
        a->failed = OK;
    }
    if (b.head.highest_modseq > a->ledger.modseq || b.head.uidvalidity > a->ledger.uidvalidity)
        check_fault(a->c, "%s %.*s: newer than its account", BOX(&b));
    a->messages += b.messages;
    a->bytes += b.size_bytes;
}

static bool check_name(void *arg, str key, str value)
{
    struct account_check *a = arg;
    (void)key;
    struct name_row row;
    if (name_read(value, &row)) {
        check_fault(a->c, "%s: a name of a mailbox cannot be read", a->whose.text);
        return true;
    }
    if (row.m) check_box(a, row.m, row.name);
    return !a->failed;
}

enum err check_account(struct checking *c, struct account account)
{
    struct account_check a = { .c = c, .account = account };
    struct key names = key_of(TAG_NAME), heads = key_of(TAG_HEAD);
    a.whose = check_whose(c->view, account);
    if (ledger_row_get(in_view(c->view), account, &a.ledger)) return OK; /* was said of its user */
    enum err e = source_scan(in_view(c->view), account, &names, &names, check_name, &a);
    if (!e) e = source_scan(in_view(c->view), account, &heads, &heads, count_row, &a.heads);
    if (!e && !a.failed) e = check_sharing(c, account);
    if (e || a.failed) return e ? e : a.failed;
    if (a.named != a.heads)
        check_fault(c, "%s: %u mailboxes have no name", a.whose.text, a.heads - a.named);
    if (a.ledger.messages != a.messages || a.ledger.bytes != a.bytes)
        check_fault(c, "%s: quota says %llu messages, %llu bytes; there are %llu, %llu",
                    a.whose.text, (unsigned long long)a.ledger.messages,
                    (unsigned long long)a.ledger.bytes, (unsigned long long)a.messages,
                    (unsigned long long)a.bytes);
    return OK;
}
