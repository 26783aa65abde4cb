/* check.c - is everything as it must be? The engine's own check, then the upper floor's.
 *
 * Each account is looked at in a view of its own, so that a large store is checked while it serves.
 */
#include "store/check_int.h"

#include "base/mem.h"
#include "run/fiber.h"

void check_fault(struct checking *c, const char *format, ...)
{
    struct buf text = buf_make(LOG_VALUE_BYTES);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    c->faulty = true;
    c->report->fault(c->report->arg, buf_str(&text));
    buf_free(&text);
}

/* Other fibers of this loop get their turn between two views. */
static enum err with_view(struct checking *c, enum err (*part)(struct checking *c))
{
    if (fiber_self()) fiber_yield();
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    enum err e = part(c);
    view_end(c->view);
    return e;
}

/* --- users against accounts ----------------------------------------------------------------------
 */

struct accounts {
    struct checking *c;
    uint64_t *numbers;
    size_t n, cap;
};

static void add_account(struct accounts *all, struct account a)
{
    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 64;
        all->numbers = mem_resize(all->numbers, all->cap, cap, sizeof *all->numbers);
        all->cap = cap;
    }
    all->numbers[all->n++] = a.n;
}

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
    if (a.n < ACCOUNT_FIRST_USER || is_leaving(v, a)) return true;
    if (store_user_by_account(v, a, &u))
        check_fault(all->c, "account %llu belongs to nobody", (unsigned long long)a.n);
    else
        add_account(all, a);
    return true;
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
    if (e != ERR_CORRUPT) return e;
    check_fault(c, "a user's row cannot be read");
    return OK;
}

static enum err check_accounts(struct checking *c)
{
    struct accounts all = { .c = c };
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    enum err e = check_users(c);
    if (!e) e = view_accounts(c->view, see_account, &all);
    view_end(c->view);
    for (size_t i = 0; !e && i < all.n; i++) {
        if (fiber_self()) fiber_yield();
        c->view = store_view(c->store);
        if (!c->view) e = ERR_LATER;
        if (e) break;
        e = check_account(c, (struct account){ all.numbers[i] });
        view_end(c->view);
    }
    mem_free(all.numbers);
    return e;
}

enum err store_check(struct store *s, struct check_report *report)
{
    struct checking c = { .store = s, .report = report };
    enum err engine = engine_check(s->engine, report);
    if (engine && engine != ERR_CORRUPT) return engine;
    enum err e = check_accounts(&c);
    if (!e) e = with_view(&c, check_queue);
    if (!e) e = with_view(&c, check_blobs);
    if (e) return e;
    return c.faulty || engine ? ERR_CORRUPT : OK;
}
