/* repair_users.c - each user has an account and each account a user. */
#include "store/repair_int.h"

#include "base/codec.h"
#include "base/mem.h"

struct directory {
    struct mending *m;
    struct view *view;
    struct account last; /* the highest number there is */
    /* The first fault that is found; it is mended, and the search begins anew. */
    enum { NOTHING, NO_ROW_OF, NO_USER, BAD_USER, NO_LEDGER } fault;
    struct account account;
    struct buf address;
    struct key key;
};

static struct key key_of_account(enum tag tag, struct account a)
{
    struct key k = key_of(tag);
    key_u64(&k, a.n);
    return k;
}

/* Does each name the other? */
static bool user_of(const struct directory *d, struct account a, struct user *out)
{
    return store_user_by_account(d->view, a, out) == OK && out->account.n == a.n;
}

/* Found under its own name, whole, with an account. */
static bool row_is_good(const struct directory *d, str key, const struct row *r,
                        const struct user *u)
{
    struct user whole;
    if (r->bad || u->account.n < ACCOUNT_FIRST_USER) return false;
    if (u->address.n > ADDRESS_BYTES) return false;
    struct key own = key_name(TAG_USER, u->address);
    return str_eq(key, key_str(&own)) && store_user_find(d->view, u->address, &whole) == OK;
}

/* A row that cannot stay goes: then its account has no user, and gets one. */
static bool bad_user(struct directory *d, str key)
{
    d->fault = BAD_USER;
    d->key = key_of(TAG_USER);
    bytes_copy(d->key.p, sizeof d->key.p, key.p, key.n);
    d->key.n = (uint8_t)key.n;
    return false;
}

static bool see_user(void *arg, str key, str value)
{
    struct directory *d = arg;
    struct row r = row_open(value);
    struct user u = { .address = row_str(&r) }, owner;
    u.account.n = row_u64(&r);
    if (!row_is_good(d, key, &r, &u)) return bad_user(d, key);

    bool owned = user_of(d, u.account, &owner), found = owned && str_eq(owner.address, u.address);
    if (owned && !found) return bad_user(d, key); /* of two with one account: whom it names stays */
    struct ledger_row ledger;
    if (found && ledger_row_get(in_view(d->view), u.account, &ledger) == OK) return true;
    d->fault = found ? NO_LEDGER : NO_ROW_OF;
    d->account = u.account;
    buf_add(&d->address, u.address);
    return false;
}

static bool see_account(void *arg, struct account a)
{
    struct directory *d = arg;
    struct user u;
    str value;
    if (a.n < ACCOUNT_FIRST_USER) return true;
    d->last = a;
    struct key leaving = key_of_account(TAG_LEAVING, a);
    if (source_get(in_view(d->view), ACCOUNT_DIRECTORY, &leaving, &value) == OK) return true;
    if (user_of(d, a, &u)) return true;
    d->fault = NO_USER;
    d->account = a;
    return false;
}

static bool first_domain(void *arg, str domain)
{
    struct buf *out = arg;
    if (domain.n > DOMAIN_BYTES) return true;
    buf_add(out, domain);
    return false;
}

/* The name that it had, if that can be one, and is nobody else's. */
static bool old_name(struct directory *d)
{
    struct key of = key_of_account(TAG_USER_OF, d->account);
    struct user u;
    str value;
    if (source_get(in_view(d->view), ACCOUNT_DIRECTORY, &of, &value)) return false;
    if (value.n > ADDRESS_BYTES || !str_has(value, '@') || !utf8_valid(value)) return false;
    if (utf8_has_control(value) || store_user_find(d->view, value, &u) == OK) return false;
    buf_add(&d->address, value);
    return true;
}

/* Whoever has lost a name gets one, so that the mail can be reached. */
static enum err name_for(struct directory *d)
{
    struct user u;
    enum err e = OK;
    if (old_name(d)) return OK;
    for (unsigned i = 0; !e; i++) {
        buf_reset(&d->address);
        buf_addf(&d->address, "recovered-%llu", (unsigned long long)d->account.n);
        if (i) buf_addf(&d->address, "-%u", i);
        buf_addc(&d->address, '@');
        size_t n = d->address.n;
        e = store_domains(d->view, first_domain, &d->address);
        if (d->address.n == n) buf_add(&d->address, S("recovered.invalid"));
        if (store_user_find(d->view, buf_str(&d->address), &u)) break; /* nobody has it */
    }
    return e;
}

static enum err put_user(struct txn *t, void *arg)
{
    struct directory *d = arg;
    struct key of = key_of_account(TAG_USER_OF, d->account);
    if (d->fault == BAD_USER) {
        row_delete(t, ACCOUNT_DIRECTORY, &d->key);
        return OK;
    }
    if (d->fault == NO_LEDGER) {
        ledger_row_put(t, d->account, &(struct ledger_row){ 0 }); /* its account's repair counts */
        return OK;
    }
    if (d->fault == NO_USER) {
        struct user u = { .account = d->account, .address = buf_str(&d->address) };
        u.created_us = txn_wall_us(t);
        user_put(t, &u);
    }
    txn_put(t, ACCOUNT_DIRECTORY, key_str(&of), buf_str(&d->address));
    return OK;
}

static enum err mend_next(struct mending *m, struct directory *d)
{
    struct key users = key_of(TAG_USER);
    d->fault = NOTHING;
    buf_reset(&d->address);
    d->view = store_view(m->store);
    if (!d->view) return ERR_LATER;
    enum err e = source_scan(in_view(d->view), ACCOUNT_DIRECTORY, &users, &users, see_user, d);
    if (!e && !d->fault) e = view_accounts(d->view, see_account, d);
    if (!e && d->fault == NO_USER) e = name_for(d);
    view_end(d->view);
    if (e || !d->fault) return e;
    if (d->fault == NO_USER)
        mend_lost(m,
                  "the user of account %llu: the mail is now %.*s's; posthorn user passwd gives a "
                  "password",
                  (unsigned long long)d->account.n, STR_ARG(buf_str(&d->address)));
    else if (d->fault == BAD_USER)
        mend_lost(m, "a user's row that cannot be read");
    else if (d->fault == NO_LEDGER)
        mend_done(m, "%.*s: its counters", STR_ARG(buf_str(&d->address)));
    else
        mend_done(m, "%.*s: found by account again", STR_ARG(buf_str(&d->address)));
    return store_commit(m->store, put_user, d);
}

/* Account numbers are never used twice. */
static enum err put_next(struct txn *t, void *arg)
{
    const struct directory *d = arg;
    struct key k = key_of(TAG_NEXT);
    str value;
    uint64_t last = 0;
    enum err e = source_get(in_txn(t), ACCOUNT_DIRECTORY, &k, &value);
    if (e && e != ERR_NOTFOUND && e != ERR_CORRUPT) return e;
    if (!e) {
        struct row r = row_open(value);
        last = row_u64(&r);
    }
    uint64_t must = d->last.n > last ? d->last.n : last;
    if (d->m->gap) must += d->m->gap;
    if (must == last || must < ACCOUNT_FIRST_USER) return OK;
    struct buf b = row_new();
    buf_varint(&b, must);
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
    return OK;
}

enum err mend_directory(struct mending *m)
{
    struct directory d = { .m = m, .address = buf_make(ADDRESS_BYTES + 64) };
    enum err e;
    do
        e = mend_next(m, &d);
    while (!e && d.fault);
    if (!e) e = store_commit(m->store, put_next, &d);
    buf_free(&d.address);
    return e;
}
