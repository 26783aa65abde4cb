/* check.c - is everything as it must be? The engine's own check, then the upper floor's.
 *
 * Each account is looked at in a view of its own and on a thread of its own, so that a large store
 * is checked while it serves. Memory is bounded whatever the store holds: STORE_CHECK_REFS and
 * STORE_CHECK_ACCOUNTS.
 */
#include "store/check_int.h"

#include "base/mem.h"
#include "run/fiber.h"
#include "run/work.h"

void check_fault(struct checking *c, const char *format, ...)
{
    struct buf text = buf_make(LOG_VALUE_BYTES), shown = buf_make(LOG_VALUE_BYTES);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    buf_add_shown(&shown, buf_str(&text)); /* one line, whatever a damaged name holds */
    c->faulty = true;
    c->report->fault(c->report->arg, buf_str(&shown));
    buf_free(&text);
    buf_free(&shown);
}

void check_tell(const struct checking *c, const char *what, uint64_t done, uint64_t of)
{
    if (c->report->progress) c->report->progress(c->report->arg, what, done, of);
}

struct whose check_whose(struct view *v, struct account a)
{
    struct whose whose;
    struct user u;
    struct buf b = buf_make(sizeof whose.text);
    if (store_user_by_account(v, a, &u) == OK)
        buf_add(&b, u.address);
    else
        buf_addf(&b, "account %llu", (unsigned long long)a.n);
    str text = str_take(buf_str(&b), sizeof whose.text - 1);
    bytes_copy(whose.text, sizeof whose.text, text.p, text.n);
    whose.text[text.n] = 0;
    buf_free(&b);
    return whose;
}

/* --- on another thread --------------------------------------------------------------------------
 */

struct aside {
    struct checking *c;
    enum err (*part)(struct checking *c, void *arg);
    void *arg;
    enum err result;
};

static void run_aside(void *arg)
{
    struct aside *a = arg;
    a->result = a->part(a->c, a->arg);
}

enum err check_aside(struct checking *c, enum err (*part)(struct checking *c, void *arg), void *arg)
{
    struct aside a = { c, part, arg, OK };
    if (!c->pool || !fiber_self()) return part(c, arg);
    enum err e = work(c->pool, run_aside, &a); /* Waits. */
    return e ? e : a.result;
}

static enum err engine_part(struct checking *c, void *arg)
{
    (void)arg;
    return engine_check(c->store->engine, c->report);
}

static enum err queue_part(struct checking *c, void *arg)
{
    (void)arg;
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    enum err e = check_queue(c);
    view_end(c->view);
    return e;
}

/* --- users against accounts ----------------------------------------------------------------------
 */

/* So many a time: their numbers are gathered in one view, each is looked at in another. */
struct accounts {
    struct checking *c;
    uint64_t *numbers;
    size_t n;
    uint64_t after; /* the last that was looked at */
};

static bool is_leaving(struct view *v, struct account a)
{
    struct key k = key_of(TAG_LEAVING);
    str value;
    key_u64(&k, a.n);
    return view_get(v, ACCOUNT_DIRECTORY, key_str(&k), &value) == OK;
}

static bool see_account(void *arg, struct account a)
{
    struct accounts *all = arg;
    struct view *v = all->c->view;
    struct user u;
    if (a.n <= all->after || a.n < ACCOUNT_FIRST_USER || is_leaving(v, a)) return true;
    all->after = a.n;
    if (store_user_by_account(v, a, &u))
        check_fault(all->c, "account %llu belongs to nobody", (unsigned long long)a.n);
    else
        all->numbers[all->n++] = a.n;
    return all->n < STORE_CHECK_ACCOUNTS;
}

static bool see_user(void *arg, const struct user *u)
{
    struct checking *c = arg;
    struct ledger_row ledger;
    struct user same;
    enum err e = store_user_by_account(c->view, u->account, &same);
    if (e || !str_eq(same.address, u->address))
        check_fault(c, "user %.*s is not found by account", STR_ARG(u->address));
    if (ledger_row_get(in_view(c->view), u->account, &ledger))
        check_fault(c, "user %.*s has no account", STR_ARG(u->address));
    return true;
}

static enum err check_users(struct checking *c)
{
    enum err e = store_users(c->view, see_user, c);
    if (!e) e = check_sharing(c, ACCOUNT_DIRECTORY);
    if (e != ERR_CORRUPT) return e;
    check_fault(c, "a user's row cannot be read");
    return OK;
}

static enum err gather_accounts(struct checking *c, void *arg)
{
    struct accounts *all = arg;
    enum err e = OK;
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    if (all->after == 0) e = check_users(c);
    all->n = 0;
    if (!e) e = view_accounts(c->view, see_account, all);
    view_end(c->view);
    return e;
}

static enum err account_part(struct checking *c, void *arg)
{
    const uint64_t *number = arg;
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    enum err e = check_account(c, (struct account){ *number });
    view_end(c->view);
    return e;
}

static enum err check_accounts(struct checking *c)
{
    struct accounts all = { .c = c, .numbers = MEM_ARRAY(STORE_CHECK_ACCOUNTS, uint64_t) };
    uint64_t done = 0;
    enum err e;
    do {
        e = check_aside(c, gather_accounts, &all);
        for (size_t i = 0; !e && i < all.n; i++) {
            if (c->report->stop) e = ERR_GONE;
            if (e) break;
            check_tell(c, "accounts", done++, 0);
            e = check_aside(c, account_part, &all.numbers[i]);
        }
    } while (!e && all.n == STORE_CHECK_ACCOUNTS);
    mem_free(all.numbers);
    return e;
}

static enum err check_all(struct checking *c)
{
    enum err engine = check_aside(c, engine_part, NULL);
    if (engine && engine != ERR_CORRUPT) return engine;
    if (c->report->broken) return ERR_CORRUPT;
    enum err e = check_accounts(c);
    if (!e) e = check_aside(c, queue_part, NULL);
    if (!e) e = check_blobs(c);
    if (e) return e;
    return c->faulty || engine ? ERR_CORRUPT : OK;
}

enum err store_check(struct store *s, struct check_report *report)
{
    struct checking c = { .store = s, .report = report };
    if (s->seam && fiber_self()) c.pool = pool_new(s->seam, "store-check", 1, 1);
    enum err e = check_all(&c);
    pool_free(c.pool);
    return e;
}
