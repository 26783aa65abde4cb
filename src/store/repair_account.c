/* repair_account.c - an account: its counters, and a name, a title and a head for each mailbox. */
#include "store/repair_int.h"

#include "base/codec.h"
#include "base/mem.h"

struct box_seen {
    uint32_t m;
    bool head, title, name;
};
struct account_mend {
    struct mending *m;
    struct account account;
    struct whose whose;
    struct view *view;
    struct box_seen *boxes;
    size_t n;
    struct ledger_row ledger;
    bool has_ledger;
    uint32_t last;                /* the highest number of a mailbox that was deleted */
    uint64_t modseq, uidvalidity; /* the highest in use */
    struct box_seen *box;         /* being put right */
    struct key bad_name;          /* n == 0: none */
};

static struct box_seen *seen(struct account_mend *a, uint32_t m)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->boxes[i].m == m) return &a->boxes[i];
    a->boxes = mem_resize(a->boxes, a->n, a->n + 1, sizeof *a->boxes);
    a->boxes[a->n] = (struct box_seen){ .m = m };
    return &a->boxes[a->n++];
}

static bool is_dying(const struct account_mend *a, uint32_t m)
{
    struct key k = key_box(TAG_DYING, m);
    str value;
    return source_get(in_view(a->view), a->account, &k, &value) == OK;
}

static void raise(uint64_t *high, uint64_t to)
{
    if (to > *high) *high = to;
}

static bool see_dying(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    (void)value;
    if (key.n == KEY_BOX_BYTES && get_be32(key.p + 1) > a->last) a->last = get_be32(key.p + 1);
    return true;
}

static bool see_head(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    struct head head;
    (void)value;
    if (key.n != KEY_BOX_BYTES || is_dying(a, get_be32(key.p + 1))) return true;
    struct box_seen *b = seen(a, get_be32(key.p + 1));
    b->head = head_get(in_view(a->view), a->account, b->m, &head) == OK;
    if (!b->head) return true;
    raise(&a->modseq, head.highest_modseq);
    raise(&a->uidvalidity, head.uidvalidity);
    return true;
}

static bool see_title(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    struct title_row title;
    (void)value;
    if (key.n != KEY_BOX_BYTES || is_dying(a, get_be32(key.p + 1))) return true;
    struct box_seen *b = seen(a, get_be32(key.p + 1));
    b->title = title_get(in_view(a->view), a->account, b->m, &title) == OK;
    return true;
}

/* A name counts if it is the title's; of two for one mailbox, one is let go. */
static bool see_name(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    struct name_row row;
    struct title_row title;
    bool good = name_read(value, &row) == OK;
    if (good && row.m == 0) return true;
    struct box_seen *b = good ? seen(a, row.m) : NULL;
    good = good && !is_dying(a, row.m) && !b->name;
    if (good && b->title && title_get(in_view(a->view), a->account, row.m, &title) == OK)
        good = str_eq(title.name, row.name);
    if (good) {
        b->name = true;
        return true;
    }
    bytes_copy(a->bad_name.p, sizeof a->bad_name.p, key.p, key.n);
    a->bad_name.n = (uint8_t)key.n;
    return false;
}

/* A message, a change or a tombstone: its mailbox exists, and its modseq was given out. */
static bool see_change(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    (void)value;
    if (key.n == 17) raise(&a->modseq, get_be64(key.p + 5));
    return true;
}

static bool see_message(void *arg, str key, str value)
{
    struct account_mend *a = arg;
    uint32_t m = get_be32(key.p + 1);
    (void)value;
    if ((a->n == 0 || a->boxes[a->n - 1].m != m) && !is_dying(a, m)) seen(a, m);
    return true;
}

static enum err survey(struct account_mend *a)
{
    struct source view = in_view(a->view);
    const struct {
        enum tag tag;
        engine_each *each;
    } rows[] = {
        { TAG_DYING, see_dying },     { TAG_HEAD, see_head },     { TAG_TITLE, see_title },
        { TAG_NAME, see_name },       { TAG_CHANGE, see_change }, { TAG_TOMBSTONE, see_change },
        { TAG_MESSAGE, see_message },
    };
    enum err e = OK;
    a->n = 0;
    a->bad_name.n = 0;
    a->whose = check_whose(a->view, a->account);
    a->has_ledger = ledger_row_get(view, a->account, &a->ledger) == OK;
    if (!a->has_ledger) a->ledger = (struct ledger_row){ 0 };
    for (size_t i = 0; !e && i < COUNT_OF(rows); i++) {
        struct key all = key_of(rows[i].tag);
        e = source_scan(view, a->account, &all, &all, rows[i].each, a);
    }
    return e;
}

/* --- putting right --------------------------------------------------------------------------- */

static enum err forget_name(struct txn *t, void *arg)
{
    const struct account_mend *a = arg;
    row_delete(t, a->account, &a->bad_name);
    return OK;
}

/* No number that is in use, or was before something was lost, is given out again. */
static enum err mend_ledger(struct txn *t, void *arg)
{
    const struct account_mend *a = arg;
    struct ledger_row l = a->ledger;
    uint64_t gap = a->m->gap;
    raise(&l.modseq, a->modseq);
    raise(&l.uidvalidity, a->uidvalidity);
    raise(&l.mailboxes, a->last);
    for (size_t i = 0; i < a->n; i++)
        raise(&l.mailboxes, a->boxes[i].m);
    l.modseq += gap;
    l.emails += gap;
    /* Mailboxes are few, and their numbers have 24 bits. */
    l.mailboxes += gap < MAILBOXES_PER_ACCOUNT ? gap : MAILBOXES_PER_ACCOUNT;
    if (a->has_ledger && l.modseq == a->ledger.modseq && l.mailboxes == a->ledger.mailboxes &&
        l.emails == a->ledger.emails && l.uidvalidity == a->ledger.uidvalidity)
        return OK;
    ledger_row_put(t, a->account, &l);
    return OK;
}

static enum err name_of(const struct account_mend *a, struct txn *t, struct title_row *title,
                        struct buf *made)
{
    if (title_get(in_txn(t), a->account, a->box->m, title) == OK) return OK;
    buf_addf(made, "Recovered-%u", a->box->m);
    *title = (struct title_row){ .name = buf_str(made) };
    return OK;
}

struct named_by {
    uint32_t m;
    struct buf name;
};

static bool find_name(void *arg, str key, str value)
{
    struct named_by *by = arg;
    struct name_row row;
    (void)key;
    if (name_read(value, &row) || row.m != by->m) return true;
    buf_add(&by->name, row.name);
    return false;
}

static enum err put_rows(const struct account_mend *a, struct txn *t, struct ledger *l,
                         struct named_by *by)
{
    struct box_seen *b = a->box;
    struct key names = key_of(TAG_NAME);
    struct title_row title;
    enum err e = b->title ? OK : source_scan(in_txn(t), a->account, &names, &names, find_name, by);
    if (!e && !by->name.n) e = name_of(a, t, &title, &by->name);
    if (e) return e;
    if (by->name.n) title = (struct title_row){ .name = buf_str(&by->name) };
    if (str_eq(title.name, S("INBOX"))) title.use = USE_NONE;
    if (!b->name) {
        struct name_row row = { .m = b->m, .subscribed = true, .name = title.name };
        struct name_row other;
        /* Another mailbox may have the name by now. */
        if (name_get(in_txn(t), a->account, row.name, &other) == OK && other.m && other.m != b->m) {
            buf_reset(&by->name);
            buf_addf(&by->name, "Recovered-%u", b->m);
            title.name = row.name = buf_str(&by->name);
            b->title = false;
        }
        struct buf copy = buf_make(STORE_VALUE_BYTES);
        buf_add(&copy, row.name);
        row.name = title.name = buf_str(&copy);
        name_put(t, a->account, &row);
        if (!b->title) title_put(t, a->account, b->m, &title);
        buf_free(&copy);
    } else if (!b->title) {
        title_put(t, a->account, b->m, &title);
    }
    if (!b->head) {
        struct head head = { .uidnext = 1, .uidvalidity = ledger_uidvalidity(l) };
        head.highest_modseq = ledger_modseq(l).n;
        head_put(t, a->account, b->m, &head);
    }
    return OK;
}

static enum err mend_mailbox(struct txn *t, void *arg)
{
    struct account_mend *a = arg;
    struct ledger l;
    struct named_by by = { a->box->m, buf_make(STORE_VALUE_BYTES) };
    enum err e = ledger_open(t, a->account, &l);
    if (!e) e = put_rows(a, t, &l, &by);
    if (!e) ledger_close(&l);
    buf_free(&by.name);
    return e;
}

static enum err mend_mailboxes(struct account_mend *a)
{
    enum err e = OK;
    for (size_t i = 0; !e && i < a->n; i++) {
        a->box = &a->boxes[i];
        if (a->box->head && a->box->title && a->box->name) continue;
        mend_done(a->m, "%s: mailbox %u: its %s", a->whose.text, a->box->m,
                  !a->box->head   ? "head; it has a new UIDVALIDITY"
                  : a->box->title ? "name"
                                  : "title");
        e = store_commit(a->m->store, mend_mailbox, a);
    }
    return e;
}

struct totals {
    struct account_mend *a;
    struct box_sums sums;
    bool changed;
};

static enum err mend_totals(struct txn *t, void *arg)
{
    struct totals *sum = arg;
    struct ledger_row l;
    enum err e = ledger_row_get(in_txn(t), sum->a->account, &l);
    if (e) return e;
    sum->changed = l.messages != sum->sums.messages || l.bytes != sum->sums.bytes;
    if (!sum->changed && l.emails >= sum->sums.email_max) return OK;
    l.messages = sum->sums.messages;
    l.bytes = sum->sums.bytes;
    raise(&l.emails, sum->sums.email_max);
    ledger_row_put(t, sum->a->account, &l);
    return OK;
}

static enum err survey_in_view(struct account_mend *a)
{
    enum err e;
    do {
        a->view = store_view(a->m->store);
        if (!a->view) return ERR_LATER;
        e = survey(a);
        view_end(a->view);
        if (!e && a->bad_name.n) {
            mend_done(a->m, "%s: a name that led nowhere", a->whose.text);
            e = store_commit(a->m->store, forget_name, a);
        }
    } while (!e && a->bad_name.n);
    return e;
}

static enum err mend_inbox(struct account_mend *a)
{
    struct mailbox_id id;
    struct mailbox inbox;
    struct view *v = store_view(a->m->store);
    if (!v) return ERR_LATER;
    enum err e = store_mailbox_find(v, a->account, S("INBOX"), &inbox);
    view_end(v);
    if (e != ERR_NOTFOUND && (e || inbox.exists)) return e;
    mend_done(a->m, "%s: a new INBOX", a->whose.text);
    return store_mailbox_create(a->m->store, a->account, S("INBOX"), USE_NONE, &id);
}

enum err mend_account(struct mending *m, struct account account)
{
    struct account_mend a = { .m = m, .account = account };
    struct totals totals = { .a = &a };
    enum err e = survey_in_view(&a);
    if (!e && !a.has_ledger) mend_done(m, "%s: its counters", a.whose.text);
    if (!e) e = store_commit(m->store, mend_ledger, &a);
    if (!e) e = mend_mailboxes(&a);
    if (!e) e = mend_inbox(&a);
    for (size_t i = 0; !e && i < a.n; i++)
        e = mend_box(m, account, a.boxes[i].m, a.whose.text, &totals.sums);
    if (!e) e = store_commit(m->store, mend_totals, &totals);
    if (!e) e = mend_sharing(m, account);
    if (!e && totals.changed) mend_done(m, "%s: its quota counted again", a.whose.text);
    m->report->mailboxes += a.n;
    m->report->messages += totals.sums.messages;
    mem_free(a.boxes);
    return e;
}
