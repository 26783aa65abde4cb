/* alias.c - aliases: one row a target, so that a list may have as many as it likes. */
#include "store/store_int.h"

#include "base/mem.h"

enum { ALIAS_TEXT_BYTES = 37 }; /* then NUL, then the target's hash */

static struct key key_alias(str address)
{
    struct key k = key_of(TAG_ALIAS);
    key_text(&k, address, ALIAS_TEXT_BYTES);
    key_text(&k, (str){ "", 1 }, ALIAS_TEXT_BYTES); /* "a@x" is not the beginning of "a@xy" */
    return k;
}

static struct key key_target(str address, str target)
{
    struct key k = key_alias(address);
    key_hash(&k, target);
    return k;
}

struct alias {
    str address, target;
};

static enum err alias_read(str value, struct alias *out)
{
    struct row r = row_open(value);
    struct alias a = { .address = row_str(&r) };
    a.target = row_str(&r);
    enum err e = row_end(&r);
    if (!e) *out = a;
    return e;
}

/* Gathers the targets of one address; an arena of NULL counts only. */
struct gather {
    str address;
    struct arena *arena;
    str *targets;
    size_t n;
    enum err bad;
};

static bool take_target(void *arg, str key, str value)
{
    struct gather *g = arg;
    (void)key;
    struct alias a;
    g->bad = alias_read(value, &a);
    if (g->bad) return false;
    if (!str_eq(a.address, g->address)) return true;
    if (g->n == ALIAS_TARGETS) return false;
    if (g->targets) g->targets[g->n] = arena_copy(g->arena, a.target);
    g->n++;
    return true;
}

static enum err gather(struct source from, struct gather *g)
{
    struct key prefix = key_alias(g->address);
    g->n = 0;
    enum err e = source_scan(from, ACCOUNT_DIRECTORY, &prefix, &prefix, take_target, g);
    return e ? e : g->bad;
}

bool alias_exists(struct source from, str address)
{
    struct gather g = { .address = address };
    return gather(from, &g) == OK && g.n > 0;
}

static enum err alias_add(struct txn *t, void *arg)
{
    const struct alias *a = arg;
    struct key domain = key_name(TAG_DOMAIN, str_from(a->address, str_rchr(a->address, '@') + 1));
    struct key k = key_target(a->address, a->target);
    str value;
    if (source_get(in_txn(t), ACCOUNT_DIRECTORY, &domain, &value)) return ERR_NOTFOUND;
    if (!source_get(in_txn(t), ACCOUNT_DIRECTORY, &k, &value)) return ERR_EXISTS;
    struct gather g = { .address = a->address };
    enum err e = gather(in_txn(t), &g);
    if (e) return e;
    if (g.n >= ALIAS_TARGETS) return ERR_LIMIT;
    struct buf b = row_new();
    row_add_str(&b, a->address);
    row_add_str(&b, a->target);
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
    return OK;
}

enum err store_alias_add(struct store *s, str address, str target)
{
    if (address.n > ADDRESS_BYTES || target.n == 0 || target.n > ADDRESS_BYTES) return ERR_LIMIT;
    if (!str_has(address, '@')) return ERR_LIMIT;
    struct alias a = { address, target };
    return store_commit(s, alias_add, &a);
}

static enum err alias_remove(struct txn *t, void *arg)
{
    const struct alias *a = arg;
    struct arena *arena = txn_arena(t);
    struct gather g = { .address = a->address, .arena = arena };
    g.targets = ARENA_ARRAY(arena, ALIAS_TARGETS, str);
    if (!g.targets) return ERR_LIMIT;
    enum err e = gather(in_txn(t), &g);
    if (e) return e;
    if (arena->full) return ERR_LIMIT;
    bool removed = false;
    for (size_t i = 0; i < g.n; i++) {
        if (a->target.n > 0 && !str_eq(a->target, g.targets[i])) continue;
        struct key k = key_target(a->address, g.targets[i]);
        row_delete(t, ACCOUNT_DIRECTORY, &k);
        removed = true;
    }
    return removed ? OK : ERR_NOTFOUND;
}

enum err store_alias_remove(struct store *s, str address, str target)
{
    struct alias a = { address, target };
    return store_commit(s, alias_remove, &a);
}

struct aliases {
    bool (*each)(void *arg, str address, str target);
    void *arg;
    enum err bad;
};

static bool show_alias(void *arg, str key, str value)
{
    struct aliases *all = arg;
    (void)key;
    struct alias a;
    all->bad = alias_read(value, &a);
    return !all->bad && all->each(all->arg, a.address, a.target);
}

enum err store_aliases(struct view *v, bool (*each)(void *arg, str address, str target), void *arg)
{
    struct aliases all = { .each = each, .arg = arg };
    struct key prefix = key_of(TAG_ALIAS);
    enum err e = source_scan(in_view(v), ACCOUNT_DIRECTORY, &prefix, &prefix, show_alias, &all);
    return e ? e : all.bad;
}

enum err store_alias_targets(struct view *v, str address, struct arena *a, const str **targets,
                             size_t *n)
{
    struct gather g = { .address = address };
    enum err e = gather(in_view(v), &g);
    if (e) return e;
    if (g.n == 0) return ERR_NOTFOUND;
    g.arena = a;
    g.targets = ARENA_ARRAY(a, g.n, str);
    if (!g.targets) return ERR_LIMIT;
    e = gather(in_view(v), &g);
    if (e) return e;
    if (a->full) return ERR_LIMIT;
    *targets = g.targets;
    *n = g.n;
    return OK;
}
