/* acl_care.c - grants against the rows that say where they are, annotations against mailboxes:
 * check and repair. */
#include "store/repair_int.h"

#include "base/mem.h"

/* What is wrong with one row, and what mends it. */
struct finding {
    struct account account; /* of the row that is to come or to go */
    struct key key;
    bool missing;
    const char *what;
};
struct looking {
    struct view *view;
    struct account account;
    void (*found)(struct looking *l, const struct finding *f);
    struct checking *checking; /* check */
    struct finding *findings;  /* repair; NULL: none yet */
    size_t n, max;
};

static bool there(const struct looking *l, struct account a, const struct key *k)
{
    str value;
    return source_get(in_view(l->view), a, k, &value) == OK;
}

/* Of a user who is being removed they are still there until all is. */
static bool is_somebody(const struct looking *l, struct account a)
{
    struct key of = key_of(TAG_USER_OF), leaving = key_of(TAG_LEAVING);
    key_u64(&of, a.n);
    key_u64(&leaving, a.n);
    return a.n <= GRANT_AUTHUSER || there(l, ACCOUNT_DIRECTORY, &of) ||
           there(l, ACCOUNT_DIRECTORY, &leaving);
}

static struct key key_copy(str key)
{
    struct key k = { .n = (uint8_t)key.n };
    bytes_copy(k.p, sizeof k.p, key.p, key.n);
    return k;
}

static bool look_at_grant(void *arg, str key, str value)
{
    struct looking *l = arg;
    struct finding f = { .account = l->account, .key = key_copy(key) };
    struct grantee to;
    uint32_t m = 0;
    (void)value;
    if (!key_grant_read(key, &m, &to)) {
        f.what = "a grant that cannot be read";
    } else {
        struct key head = key_box(TAG_HEAD, m), dying = key_box(TAG_DYING, m);
        struct key shared = key_shared(l->account, m);
        struct account holder = grant_holder(to.who);
        if (!there(l, l->account, &head) && !there(l, l->account, &dying))
            f.what = "a grant of no mailbox";
        else if (!is_somebody(l, to.who))
            f.what = "a grant to nobody";
        else if (!there(l, holder, &shared))
            f = (struct finding){ holder, shared, true,
                                  "a grant that is not found by whom it is for" };
    }
    if (f.what) l->found(l, &f);
    return l->n < l->max;
}

static bool look_at_shared(void *arg, str key, str value)
{
    struct looking *l = arg;
    struct finding f = { .account = l->account, .key = key_copy(key) };
    struct account owner = { 0 };
    uint32_t m = 0;
    (void)value;
    bool good = key_shared_read(key, &owner, &m);
    if (good && l->account.n == ACCOUNT_DIRECTORY.n)
        good = grant_any(in_view(l->view), owner, m, (struct account){ GRANT_ANYONE }) ||
               grant_any(in_view(l->view), owner, m, (struct account){ GRANT_AUTHUSER });
    else if (good)
        good = grant_any(in_view(l->view), owner, m, l->account);
    if (!good) {
        f.what = "something is shared here that nobody granted";
        l->found(l, &f);
    }
    return l->n < l->max;
}

static bool look_at_entry(void *arg, str key, str value)
{
    struct looking *l = arg;
    struct finding f = { .account = l->account, .key = key_copy(key) };
    struct annotation a;
    if (!entry_read(l->account, key, value, &a)) {
        f.what = "an annotation that cannot be read";
    } else {
        uint32_t m = mailbox_number(a.of.mailbox);
        struct key head = key_box(TAG_HEAD, m), dying = key_box(TAG_DYING, m);
        if (m && !there(l, l->account, &head) && !there(l, l->account, &dying))
            f.what = "an annotation of no mailbox";
    }
    if (f.what) l->found(l, &f);
    return l->n < l->max;
}

static enum err look(struct looking *l)
{
    struct key entries = key_of(TAG_ENTRY);
    struct key grants = key_of(TAG_GRANT), shared = key_of(TAG_SHARED);
    enum err e = OK;
    if (l->account.n >= ACCOUNT_FIRST_USER)
        e = source_scan(in_view(l->view), l->account, &grants, &grants, look_at_grant, l);
    if (!e) e = source_scan(in_view(l->view), l->account, &shared, &shared, look_at_shared, l);
    if (!e) e = source_scan(in_view(l->view), l->account, &entries, &entries, look_at_entry, l);
    return e;
}

/* --- check ----------------------------------------------------------------------------------- */
static void tell(struct looking *l, const struct finding *f)
{
    struct whose whose = check_whose(l->view, l->account);
    check_fault(l->checking, "%s: %s", whose.text, f->what);
}

enum err check_sharing(struct checking *c, struct account a)
{
    struct looking l = { .view = c->view, .account = a, .found = tell, .checking = c, .max = 1 };
    return look(&l);
}

/* --- repair ---------------------------------------------------------------------------------- */
static void keep(struct looking *l, const struct finding *f)
{
    if (l->n < l->max) l->findings[l->n++] = *f;
}

static enum err mend(struct txn *t, void *arg)
{
    const struct looking *l = arg;
    for (size_t i = 0; i < l->n; i++) {
        const struct finding *f = &l->findings[i];
        if (f->missing)
            row_put_empty(t, f->account, &f->key);
        else
            row_delete(t, f->account, &f->key);
    }
    return OK;
}

enum err mend_sharing(struct mending *m, struct account a)
{
    struct looking l = { .account = a, .found = keep, .max = PURGE_KEYS };
    struct whose whose;
    enum err e;
    l.findings = MEM_ARRAY(PURGE_KEYS, struct finding);
    do {
        l.n = 0;
        l.view = store_view(m->store);
        if (!l.view) {
            e = ERR_LATER;
            break;
        }
        whose = check_whose(l.view, a);
        e = look(&l);
        view_end(l.view);
        if (!e && l.n) e = store_commit(m->store, mend, &l);
        for (size_t i = 0; !e && i < l.n; i++)
            mend_done(m, "%s: %s", whose.text, l.findings[i].what);
    } while (!e && l.n);
    mem_free(l.findings);
    return e;
}
