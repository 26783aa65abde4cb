/* directory.c - requests about domains, users and aliases. */
#include "admin/admin_int.h"
#include "base/limits.h"

enum { ADMIN_ARENA_BYTES = 1024 * 1024 };

/* --- domains ------------------------------------------------------------------------------------
 */

ADMIN_REQUEST(admin_domain_add)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    str domain;
    enum err e = admin_domain(args[0], &arena, &domain, out);
    if (!e) {
        e = store_domain_add(a->store, domain);
        if (e == ERR_EXISTS)
            e = admin_fail(out, e, "domain %.*s is there already", STR_ARG(domain));
        else if (e)
            e = admin_fail(out, e, "cannot add: %s", err_text(e));
        else
            buf_addf(out, "domain %.*s added\n", STR_ARG(domain));
    }
    arena_free(&arena);
    return e;
}

ADMIN_REQUEST(admin_domain_remove)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    str domain;
    enum err e = admin_domain(args[0], &arena, &domain, out);
    if (!e) {
        e = store_domain_remove(a->store, domain);
        if (e == ERR_NOTFOUND)
            e = admin_fail(out, e, "no domain %.*s here", STR_ARG(domain));
        else if (e == ERR_CONFLICT)
            e = admin_fail(out, e, "domain %.*s still has users or aliases: remove them first",
                           STR_ARG(domain));
        else if (e)
            e = admin_fail(out, e, "cannot remove: %s", err_text(e));
        else
            buf_addf(out, "domain %.*s removed\n", STR_ARG(domain));
    }
    arena_free(&arena);
    return e;
}

static bool domain_line(void *arg, str domain)
{
    buf_addf(arg, "%.*s\n", STR_ARG(domain));
    return true;
}

ADMIN_REQUEST(admin_domain_list)
{
    (void)r, (void)args;
    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    enum err e = store_domains(v, domain_line, out);
    view_end(v);
    return e;
}

/* --- users ------------------------------------------------------------------------------------ */

static enum err make_hash(struct admin *a, str secret, struct arena *arena, str *hash,
                          struct buf *out)
{
    if (!secret.n)
        return admin_fail(out, ERR_SYNTAX, "the password is empty; it is read from standard input");
    if (str_chr(secret, '\0') != STR_NPOS) /* RFC 4616: PLAIN could never send it */
        return admin_fail(out, ERR_SYNTAX, "a password has no NUL byte: no client could send it");
    enum err e = a->auth ? auth_hash(a->auth, secret, arena, hash)
                         : auth_hash_now(a->seam, a->auth_settings, secret, arena, hash);
    if (e == ERR_LIMIT)
        return admin_fail(out, e, "a password has at most %d bytes", AUTH_PASSWORD_BYTES);
    if (e) return admin_fail(out, e, "cannot hash the password: %s", err_text(e));
    return OK;
}

static enum err user_add(struct admin *a, const struct admin_request *r, const str *args,
                         struct arena *arena, struct buf *out)
{
    struct user u = { .created_us = seam_wall_us(a->seam) };
    enum err e = admin_address(args[0], arena, &u.address, out);
    if (!e && r->n > 3) e = admin_size(args[1], &u.quota_bytes, out);
    if (!e) e = make_hash(a, r->secret, arena, &u.password_hash, out);
    if (e) return e;

    struct account account;
    e = store_user_add(a->store, &u, &account);
    str domain = str_from(u.address, str_rchr(u.address, '@') + 1);
    if (e == ERR_NOTFOUND)
        return admin_fail(out, e, "no domain %.*s here: posthorn domain add %.*s comes first",
                          STR_ARG(domain), STR_ARG(domain));
    if (e == ERR_EXISTS)
        return admin_fail(out, e, "%.*s is there already, as user or alias", STR_ARG(u.address));
    if (e) return admin_fail(out, e, "cannot add: %s", err_text(e));
    buf_addf(out, "user %.*s added\n", STR_ARG(u.address));
    return OK;
}

ADMIN_REQUEST(admin_user_add)
{
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    enum err e = user_add(a, r, args, &arena, out);
    arena_free(&arena);
    return e;
}

/* The user's row, copied, so that one field of it can be changed. */
static enum err user_load(struct admin *a, str text, struct arena *arena, struct user *u,
                          struct buf *out)
{
    str address;
    enum err e = admin_address(text, arena, &address, out);
    if (e) return e;
    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    e = store_user_find(v, address, u);
    if (!e) {
        u->address = arena_copy(arena, u->address);
        u->password_hash = arena_copy(arena, u->password_hash);
    }
    view_end(v);
    return e ? admin_fail(out, e, "no user %.*s here", STR_ARG(address)) : OK;
}

/* Save a user, and say what is so from now on. */
static enum err user_save(struct admin *a, const struct user *u, const char *now, struct buf *out)
{
    enum err e = store_user_update(a->store, u);
    if (e) return admin_fail(out, e, "cannot change: %s", err_text(e));
    if (a->auth) auth_forget(a->auth, u->address);
    buf_addf(out, "user %.*s %s\n", STR_ARG(u->address), now);
    return OK;
}

ADMIN_REQUEST(admin_user_passwd)
{
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    struct user u;
    enum err e = user_load(a, args[0], &arena, &u, out);
    if (!e) e = make_hash(a, r->secret, &arena, &u.password_hash, out);
    if (!e) e = user_save(a, &u, "has a new password", out);
    arena_free(&arena);
    return e;
}

ADMIN_REQUEST(admin_user_quota)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    struct user u;
    enum err e = user_load(a, args[0], &arena, &u, out);
    if (!e) e = admin_size(args[1], &u.quota_bytes, out);
    if (!e) e = user_save(a, &u, "has a new quota", out);
    arena_free(&arena);
    return e;
}

ADMIN_REQUEST(admin_user_admin)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    struct user u;
    bool yes = str_eq(args[1], S("yes"));
    enum err e = user_load(a, args[0], &arena, &u, out);
    if (!e && !yes && !str_eq(args[1], S("no"))) e = admin_fail(out, ERR_SYNTAX, "say yes or no");
    u.administrator = yes;
    if (!e) e = user_save(a, &u, yes ? "is an administrator" : "is no administrator", out);
    arena_free(&arena);
    return e;
}

/* Whoever is suspended cannot log in, open sessions end, and mail for them is refused. */
ADMIN_REQUEST(admin_user_suspend)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    struct user u;
    bool yes = str_eq(args[1], S("yes"));
    enum err e = user_load(a, args[0], &arena, &u, out);
    if (!e && !yes && !str_eq(args[1], S("no"))) e = admin_fail(out, ERR_SYNTAX, "say yes or no");
    u.suspended = yes;
    if (!e) e = user_save(a, &u, yes ? "is suspended" : "is no longer suspended", out);
    arena_free(&arena);
    return e;
}

ADMIN_REQUEST(admin_user_remove)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    str address;
    enum err e = admin_address(args[0], &arena, &address, out);
    if (!e) {
        e = store_user_remove(a->store, address);
        if (e == ERR_NOTFOUND)
            e = admin_fail(out, e, "no user %.*s here", STR_ARG(address));
        else if (e)
            e = admin_fail(out, e, "cannot remove: %s", err_text(e));
        else
            buf_addf(out, "user %.*s removed\n", STR_ARG(address));
    }
    if (!e && a->auth) auth_forget(a->auth, address);
    arena_free(&arena);
    return e;
}

struct user_lines {
    struct view *view;
    struct buf *out;
};

static bool user_line(void *arg, const struct user *u)
{
    struct user_lines *lines = arg;
    struct quota q = { 0 };
    if (store_quota(lines->view, u->account, &q)) return true;
    buf_addf(lines->out, "%-40.*s %6llu messages  ", STR_ARG(u->address),
             (unsigned long long)q.messages);
    admin_size_text(q.bytes, lines->out);
    if (q.bytes_max) {
        buf_addf(lines->out, " of ");
        admin_size_text(q.bytes_max, lines->out);
    }
    buf_addf(lines->out, "%s%s\n", u->administrator ? "  administrator" : "",
             u->suspended ? "  suspended" : "");
    return true;
}

ADMIN_REQUEST(admin_user_list)
{
    (void)r, (void)args;
    struct user_lines lines = { .view = store_view(a->store), .out = out };
    if (!lines.view) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    enum err e = store_users(lines.view, user_line, &lines);
    view_end(lines.view);
    return e;
}

/* --- aliases ---------------------------------------------------------------------------------- */

/* An alias is an address, or "@domain": whatever the domain has no other place for. */
static enum err alias_name(str text, struct arena *a, str *folded, struct buf *out)
{
    if (!str_starts(text, S("@"))) return admin_address(text, a, folded, out);
    str domain;
    enum err e = admin_domain(str_from(text, 1), a, &domain, out);
    if (e) return e;
    *folded = arena_fmt(a, "@%.*s", STR_ARG(domain));
    return OK;
}

static bool is_taken(struct view *v, str address, struct arena *arena)
{
    const str *targets;
    struct user u;
    size_t n = 0;
    if (!store_user_find(v, address, &u)) return true;
    return !store_alias_targets(v, address, arena, &targets, &n) && n;
}

/* "alice+shop": which character begins a tag is a setting of delivery, so any may that is no dot.
 */
static bool may_be_tagged(struct view *v, str local, str domain, struct arena *arena)
{
    for (size_t i = 1; i < local.n; i++) {
        if (ascii_alnum(local.p[i]) || local.p[i] == '.') continue;
        str base = arena_fmt(arena, "%.*s@%.*s", STR_ARG(str_take(local, i)), STR_ARG(domain));
        if (is_taken(v, base, arena)) return true;
    }
    return false;
}

/* Does the target take mail, as far as the directory tells? Other people's do: it is their matter.
 */
static bool leads_somewhere(struct view *v, str alias, str target, struct arena *arena)
{
    size_t at = str_rchr(target, '@');
    str local = str_take(target, at), domain = str_from(target, at + 1);
    str catch_all = arena_fmt(arena, "@%.*s", STR_ARG(domain));
    if (!store_domain_is_ours(v, domain) || str_eq(local, S("postmaster"))) return true;
    if (is_taken(v, target, arena) || may_be_tagged(v, local, domain, arena)) return true;
    return !str_eq(alias, catch_all) && is_taken(v, catch_all, arena);
}

/* An alias to itself keeps a copy for the user of that name: alone and without one, it is a loop.
 */
static bool leads_to_itself_alone(struct view *v, str alias, str target, struct arena *arena)
{
    const str *targets;
    struct user u;
    size_t n = 0;
    if (!str_eq(alias, target) || !store_user_find(v, alias, &u)) return false;
    return !store_alias_targets(v, alias, arena, &targets, &n) && n == 1;
}

static void alias_warn(struct admin *a, str alias, str target, struct arena *arena, struct buf *out)
{
    struct view *v = store_view(a->store);
    if (!v) return;
    if (leads_to_itself_alone(v, alias, target, arena))
        buf_addf(out, "warning: it leads to itself alone, and there is no such user\n");
    else if (!leads_somewhere(v, alias, target, arena))
        buf_addf(out, "warning: nobody is %.*s here: no user, no alias\n", STR_ARG(target));
    view_end(v);
}

static enum err alias_add(struct admin *a, const str *args, struct arena *arena, struct buf *out)
{
    str alias, target;
    enum err e = alias_name(args[0], arena, &alias, out);
    if (!e) e = admin_address(args[1], arena, &target, out);
    if (e) return e;

    e = store_alias_add(a->store, alias, target);
    if (e == ERR_NOTFOUND)
        return admin_fail(out, e,
                          "the alias's domain is not one of ours: posthorn domain add comes first");
    if (e == ERR_EXISTS) return admin_fail(out, e, "%.*s already leads there", STR_ARG(alias));
    if (e == ERR_LIMIT) return admin_fail(out, e, "an alias has at most %d targets", ALIAS_TARGETS);
    if (e) return admin_fail(out, e, "cannot add: %s", err_text(e));
    buf_addf(out, "alias %.*s -> %.*s added\n", STR_ARG(alias), STR_ARG(target));
    alias_warn(a, alias, target, arena, out);
    return OK;
}

ADMIN_REQUEST(admin_alias_add)
{
    (void)r;
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    enum err e = alias_add(a, args, &arena, out);
    arena_free(&arena);
    return e;
}

static enum err alias_remove(struct admin *a, const struct admin_request *r, const str *args,
                             struct arena *arena, struct buf *out)
{
    str alias, target = { 0 };
    enum err e = alias_name(args[0], arena, &alias, out);
    if (!e && r->n > 3) e = admin_address(args[1], arena, &target, out);
    if (e) return e;

    e = store_alias_remove(a->store, alias, target);
    if (e == ERR_NOTFOUND) return admin_fail(out, e, "no such alias here");
    if (e) return admin_fail(out, e, "cannot remove: %s", err_text(e));
    buf_addf(out, "alias %.*s removed\n", STR_ARG(alias));
    return OK;
}

ADMIN_REQUEST(admin_alias_remove)
{
    struct arena arena = arena_make(ADMIN_ARENA_BYTES);
    enum err e = alias_remove(a, r, args, &arena, out);
    arena_free(&arena);
    return e;
}

static bool alias_line(void *arg, str address, str target)
{
    buf_addf(arg, "%-40.*s -> %.*s\n", STR_ARG(address), STR_ARG(target));
    return true;
}

ADMIN_REQUEST(admin_alias_list)
{
    (void)r, (void)args;
    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    enum err e = store_aliases(v, alias_line, out);
    view_end(v);
    return e;
}
