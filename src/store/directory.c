/* directory.c - our domains and users.
 *
 * All rows lie in ACCOUNT_DIRECTORY. A user who is removed is gone at once; the mail follows in
 * as many transactions as it takes (purge.c).
 */
#include "store/store_int.h"

#include "base/mem.h"

enum { PASSWORD_HASH_BYTES = 512 };

/* --- domains --------------------------------------------------------------------------------- */

static bool has_row(struct source from, struct account a, const struct key *k)
{
    str value;
    return source_get(from, a, k, &value) == OK;
}

static bool domain_exists(struct source from, str domain)
{
    struct key k = key_name(TAG_DOMAIN, domain);
    str value;
    if (source_get(from, ACCOUNT_DIRECTORY, &k, &value)) return false;
    struct row r = row_open(value);
    return str_eq(row_str(&r), domain);
}

static enum err domain_add(struct txn *t, void *arg)
{
    str domain = *(const str *)arg;
    struct key k = key_name(TAG_DOMAIN, domain);
    if (has_row(in_txn(t), ACCOUNT_DIRECTORY, &k)) return ERR_EXISTS;
    struct buf b = row_new();
    row_add_str(&b, domain);
    row_add_i64(&b, txn_wall_us(t));
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
    return OK;
}

enum err store_domain_add(struct store *s, str domain)
{
    if (domain.n == 0 || domain.n > DOMAIN_BYTES) return ERR_LIMIT;
    return store_commit(s, domain_add, &domain);
}

/* Does any address that a scan finds end in this domain? */
struct in_domain {
    str domain;
    bool found, bad;
};

static str domain_of(str address)
{
    return str_from(address, str_rchr(address, '@') + 1);
}

static bool see_address(void *arg, str key, str value)
{
    struct in_domain *d = arg;
    (void)key;
    struct row r = row_open(value);
    str address = row_str(&r); /* the first field of a user and of an alias */
    d->bad = r.bad;
    d->found = !r.bad && str_eq(domain_of(address), d->domain);
    return !d->found && !d->bad;
}

static enum err domain_remove(struct txn *t, void *arg)
{
    static const enum tag tags[] = { TAG_USER, TAG_ALIAS };
    struct in_domain d = { .domain = *(const str *)arg };
    if (!domain_exists(in_txn(t), d.domain)) return ERR_NOTFOUND;
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        struct key all = key_of(tags[i]);
        enum err e = source_scan(in_txn(t), ACCOUNT_DIRECTORY, &all, &all, see_address, &d);
        if (e || d.bad) return e ? e : ERR_CORRUPT;
        if (d.found) return ERR_CONFLICT;
    }
    struct key k = key_name(TAG_DOMAIN, d.domain);
    row_delete(t, ACCOUNT_DIRECTORY, &k);
    return OK;
}

enum err store_domain_remove(struct store *s, str domain)
{
    return store_commit(s, domain_remove, &domain);
}

bool store_domain_is_ours(struct view *v, str domain)
{
    return domain_exists(in_view(v), domain);
}

struct domains {
    bool (*each)(void *arg, str domain);
    void *arg;
};

static bool show_domain(void *arg, str key, str value)
{
    const struct domains *d = arg;
    (void)key;
    struct row r = row_open(value);
    return d->each(d->arg, row_str(&r));
}

enum err store_domains(struct view *v, bool (*each)(void *arg, str domain), void *arg)
{
    struct domains d = { each, arg };
    struct key all = key_of(TAG_DOMAIN);
    return source_scan(in_view(v), ACCOUNT_DIRECTORY, &all, &all, show_domain, &d);
}

/* --- users ----------------------------------------------------------------------------------- */

static enum err user_read(str value, struct user *out)
{
    struct row r = row_open(value);
    struct user u = { .address = row_str(&r) };
    u.account.n = row_u64(&r);
    u.password_hash = row_str(&r);
    u.quota_bytes = row_u64(&r);
    u.quota_messages = row_u64(&r);
    u.created_us = row_i64(&r);
    u.suspended = row_u64(&r) != 0;
    u.administrator = row_u64(&r) != 0;
    enum err e = row_end(&r);
    if (!e) *out = u;
    return e;
}

void user_put(struct txn *t, const struct user *u)
{
    struct key k = key_name(TAG_USER, u->address);
    struct buf b = row_new();
    row_add_str(&b, u->address);
    buf_varint(&b, u->account.n);
    row_add_str(&b, u->password_hash);
    buf_varint(&b, u->quota_bytes);
    buf_varint(&b, u->quota_messages);
    row_add_i64(&b, u->created_us);
    buf_varint(&b, u->suspended);
    buf_varint(&b, u->administrator);
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
}

static enum err user_get(struct source from, str address, struct user *out)
{
    struct key k = key_name(TAG_USER, address);
    struct user u;
    str value;
    enum err e = source_get(from, ACCOUNT_DIRECTORY, &k, &value);
    if (!e) e = user_read(value, &u);
    if (e) return e;
    if (!str_eq(u.address, address)) return ERR_NOTFOUND;
    *out = u;
    return OK;
}

static struct key key_account(enum tag tag, struct account a)
{
    struct key k = key_of(tag);
    key_u64(&k, a.n);
    return k;
}

static enum err account_new(struct txn *t, struct account *out)
{
    struct key k = key_of(TAG_NEXT);
    uint64_t last = ACCOUNT_FIRST_USER - 1;
    str value;
    enum err e = source_get(in_txn(t), ACCOUNT_DIRECTORY, &k, &value);
    if (e && e != ERR_NOTFOUND) return e;
    if (!e) {
        struct row r = row_open(value);
        last = row_u64(&r);
        if (r.bad) return ERR_CORRUPT;
    }
    struct buf b = row_new();
    buf_varint(&b, last + 1);
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
    out->n = last + 1;
    return OK;
}

/* clang-format off */
static const struct { str name; enum special_use use; } first_mailboxes[] = {
    { S_INIT("INBOX"),   USE_NONE },
    { S_INIT("Drafts"),  USE_DRAFTS },
    { S_INIT("Sent"),    USE_SENT },
    { S_INIT("Junk"),    USE_JUNK },
    { S_INIT("Trash"),   USE_TRASH },
    { S_INIT("Archive"), USE_ARCHIVE },
};
/* clang-format on */

static enum err make_first_mailboxes(struct txn *t, struct account a)
{
    struct ledger l = { .txn = t, .account = a, .dirty = true };
    for (size_t i = 0; i < COUNT_OF(first_mailboxes); i++) {
        struct title_row title = { first_mailboxes[i].name, first_mailboxes[i].use };
        uint32_t m;
        enum err e = mailbox_make(&l, &title, true, &m);
        if (e) return e;
    }
    ledger_close(&l);
    return OK;
}

static bool address_taken(struct txn *t, str address)
{
    struct key k = key_name(TAG_USER, address);
    return has_row(in_txn(t), ACCOUNT_DIRECTORY, &k) || alias_exists(in_txn(t), address);
}

struct user_add {
    const struct user *user;
    struct account made;
};

static enum err user_add(struct txn *t, void *arg)
{
    struct user_add *add = arg;
    struct user u = *add->user;
    if (!domain_exists(in_txn(t), domain_of(u.address))) return ERR_NOTFOUND;
    if (address_taken(t, u.address)) return ERR_EXISTS;
    enum err e = account_new(t, &u.account);
    if (!e) e = make_first_mailboxes(t, u.account);
    if (e) return e;
    u.created_us = txn_wall_us(t);
    user_put(t, &u);
    struct key of = key_account(TAG_USER_OF, u.account);
    txn_put(t, ACCOUNT_DIRECTORY, key_str(&of), u.address);
    add->made = u.account;
    return OK;
}

static bool user_fits(const struct user *u)
{
    return u->address.n > 0 && u->address.n <= ADDRESS_BYTES && str_has(u->address, '@') &&
           u->password_hash.n <= PASSWORD_HASH_BYTES;
}

enum err store_user_add(struct store *s, const struct user *u, struct account *out)
{
    if (!user_fits(u)) return ERR_LIMIT;
    struct user_add add = { .user = u };
    enum err e = store_commit(s, user_add, &add);
    if (!e) *out = add.made;
    return e;
}

static enum err user_update(struct txn *t, void *arg)
{
    struct user u = *(const struct user *)arg;
    struct user old;
    enum err e = user_get(in_txn(t), u.address, &old);
    if (e) return e;
    u.account = old.account;
    u.created_us = old.created_us;
    user_put(t, &u);
    return OK;
}

enum err store_user_update(struct store *s, const struct user *u)
{
    if (!user_fits(u)) return ERR_LIMIT;
    struct user copy = *u;
    return store_commit(s, user_update, &copy);
}

struct user_quota {
    str address;
    uint64_t bytes, messages;
};

static enum err user_quota(struct txn *t, void *arg)
{
    const struct user_quota *quota = arg;
    struct user u;
    enum err e = user_get(in_txn(t), quota->address, &u);
    if (e) return e;
    u.quota_bytes = quota->bytes;
    u.quota_messages = quota->messages;
    user_put(t, &u);
    return OK;
}

enum err store_user_quota(struct store *s, str address, uint64_t bytes, uint64_t messages)
{
    struct user_quota quota = { address, bytes, messages };
    return store_commit(s, user_quota, &quota);
}

struct user_remove {
    str address;
    struct account account;
};

/* Without the ledger no change of the account succeeds any more. */
static enum err user_remove(struct txn *t, void *arg)
{
    struct user_remove *gone = arg;
    struct user u;
    enum err e = user_get(in_txn(t), gone->address, &u);
    if (e) return e;
    struct key user = key_name(TAG_USER, gone->address);
    struct key of = key_account(TAG_USER_OF, u.account);
    struct key leaving = key_account(TAG_LEAVING, u.account);
    struct key ledger = key_of(TAG_LEDGER);
    gone->account = u.account;
    row_delete(t, ACCOUNT_DIRECTORY, &user);
    row_delete(t, ACCOUNT_DIRECTORY, &of);
    row_put_empty(t, ACCOUNT_DIRECTORY, &leaving);
    row_delete(t, u.account, &ledger);
    return OK;
}

enum err store_user_remove(struct store *s, str address)
{
    struct user_remove gone = { .address = address };
    enum err e = store_commit(s, user_remove, &gone);
    return e ? e : purge_account(s, gone.account);
}

enum err store_user_find(struct view *v, str address, struct user *out)
{
    return user_get(in_view(v), address, out);
}

enum err user_by_account(struct source from, struct account a, struct user *out)
{
    struct key of = key_account(TAG_USER_OF, a);
    str address;
    enum err e = source_get(from, ACCOUNT_DIRECTORY, &of, &address);
    if (e) return e;
    struct key k = key_name(TAG_USER, address);
    str value;
    e = source_get(from, ACCOUNT_DIRECTORY, &k, &value);
    return e ? e : user_read(value, out);
}

enum err store_user_by_account(struct view *v, struct account a, struct user *out)
{
    return user_by_account(in_view(v), a, out);
}

struct users {
    bool (*each)(void *arg, const struct user *u);
    void *arg;
    enum err bad;
};

static bool show_user(void *arg, str key, str value)
{
    struct users *users = arg;
    struct user u;
    users->bad = user_read(value, &u);
    if (!users->bad) {
        struct key own = key_name(TAG_USER, u.address);
        if (!str_eq(key, key_str(&own))) users->bad = ERR_CORRUPT; /* nobody finds it there */
    }
    return !users->bad && users->each(users->arg, &u);
}

enum err store_users(struct view *v, bool (*each)(void *arg, const struct user *u), void *arg)
{
    struct users users = { .each = each, .arg = arg };
    struct key all = key_of(TAG_USER);
    enum err e = source_scan(in_view(v), ACCOUNT_DIRECTORY, &all, &all, show_user, &users);
    return e ? e : users.bad;
}
