/* stay.c - log-ins that last: a session ends when its user is removed, suspended, or has another
 * password.
 *
 * Each loop has a list of the sessions that are logged in there. When a user's row has changed,
 * each loop is told whose it was and looks that row up again for its sessions of that name. So an
 * open session costs a place in a list, and nothing is asked of the store at its commands.
 */
#include "auth/stay_int.h"
#include "base/budget.h"
#include "base/limits.h"
#include "base/log.h"

/* The sessions of one loop. Only that loop changes the list, under the lock; so it may read it
 * without. */
struct stays {
    struct stays *next;
    struct auth *auth;
    struct loop *loop;
    struct list sessions;
    struct loop_post post;
    bool posted;
    /* Whose rows changed since; more than fit: everybody's. */
    uint64_t changed[AUTH_CHANGES];
    size_t changed_n;
};

void stays_free(struct stays *all)
{
    while (all) {
        struct stays *next = all->next;
        mem_free(all);
        all = next;
    }
}

/* Under the lock. */
static struct stays *stays_of(struct auth *a, struct loop *l)
{
    for (struct stays *s = a->stays; s; s = s->next)
        if (s->loop == l) return s;
    struct stays *s = MEM_NEW(struct stays);
    *s = (struct stays){ .next = a->stays, .auth = a, .loop = l };
    list_init(&s->sessions);
    a->stays = s;
    return s;
}

uint64_t stay_stamp(const struct auth *a, str text)
{
    return siphash13(a->key, text);
}

/* --- looking again ---------------------------------------------------------------------------- */

static bool is_still_good(const struct auth *a, const struct auth_stay *s)
{
    struct view *v = store_view(a->store);
    struct user u;
    bool good = v && !store_user_by_account(v, s->account, &u) && !u.suspended &&
                stay_stamp(a, u.password_hash) == s->stamp;
    if (v) view_end(v);
    return good;
}

static void look_again(const struct auth *a, struct auth_stay *s)
{
    if (s->over || is_still_good(a, s)) return;
    s->over = true;
    log_event(LOG_INFO, "auth.ended", conn_id(s->conn), F_NUM("account", s->account.n));
    conn_wake(s->conn);
}

static void rows_changed(struct loop_post *p)
{
    struct stays *at = CONTAINER_OF(p, struct stays, post);
    uint64_t changed[AUTH_CHANGES];
    lock_take(&at->auth->lock);
    size_t n = at->changed_n;
    bytes_copy(changed, sizeof changed, at->changed, sizeof at->changed);
    at->changed_n = 0;
    at->posted = false;
    lock_drop(&at->auth->lock);

    LIST_EACH(&at->sessions, node) {
        struct auth_stay *s = CONTAINER_OF(node, struct auth_stay, link);
        bool meant = n > AUTH_CHANGES;
        for (size_t i = 0; i < n && !meant; i++)
            meant = changed[i] == s->who;
        if (meant) look_again(at->auth, s);
    }
}

/* A loop without sessions is not told: it may have ended. Under the lock. */
static void tell(struct stays *at, uint64_t who)
{
    if (list_empty(&at->sessions)) return;
    if (at->changed_n < AUTH_CHANGES) at->changed[at->changed_n] = who;
    if (at->changed_n <= AUTH_CHANGES) at->changed_n++;
    if (at->posted) return;
    at->posted = true;
    loop_post(at->loop, &at->post);
}

void stays_changed(struct auth *a, str user)
{
    uint64_t who = stay_stamp(a, user);
    lock_take(&a->lock);
    for (struct stays *s = a->stays; s; s = s->next)
        tell(s, who);
    lock_drop(&a->lock);
}

/* --- what an account has at once -------------------------------------------------------------- */

struct auth_use {
    uint64_t account;
    unsigned conns;
    struct purse memory;
};

static str use_key(const uint64_t *account)
{
    return (str){ (const char *)account, sizeof *account };
}

/* One session more; NULL: it may have no more. Under the lock. */
static struct auth_use *use_begin(struct auth *a, uint64_t account)
{
    const struct auth_settings *settings = a->settings;
    struct auth_use *u = map_get(a->uses, use_key(&account));
    if (!u) {
        u = MEM_NEW(struct auth_use);
        *u = (struct auth_use){ .account = account, .memory.max = settings->account_memory_max };
        (void)!map_put(a->uses, use_key(&u->account), u); /* past AUTH_USES it stands alone */
    }
    if (settings->account_conns_max && u->conns >= settings->account_conns_max) return NULL;
    u->conns++;
    return u;
}

/* What a session still has of the memory it gives back later, when the command ends: until then the
 * account stays known. Under the lock. */
static void use_end(struct auth *a, struct auth_use *u)
{
    u->conns--;
    if (u->conns || __atomic_load_n(&u->memory.used, __ATOMIC_RELAXED)) return;
    if (map_get(a->uses, use_key(&u->account)) == u) map_take(a->uses, use_key(&u->account));
    mem_free(u);
}

static bool free_use(void *arg, str key, void *value)
{
    (void)arg, (void)key;
    mem_free(value);
    return true;
}

void uses_free(struct map *uses)
{
    map_each(uses, free_use, NULL);
    map_free(uses);
}

struct purse *auth_stay_purse(const struct auth_stay *s)
{
    return s->use ? &s->use->memory : NULL;
}

/* --- a session -------------------------------------------------------------------------------- */

enum err auth_stay_begin(struct auth *a, struct auth_stay *s, const struct login *login,
                         struct conn *c)
{
    lock_take(&a->lock);
    struct auth_use *use = use_begin(a, login->account.n);
    lock_drop(&a->lock);
    if (!use) {
        budget_struck(BUDGET_ACCOUNT_CONNS);
        return ERR_LIMIT;
    }
    *s = (struct auth_stay){ .auth = a,
                             .use = use,
                             .conn = c,
                             .account = login->account,
                             .stamp = login->stamp,
                             .who = stay_stamp(a, login->address) };
    lock_take(&a->lock);
    struct stays *at = stays_of(a, conn_loop(c));
    at->post.run = rows_changed;
    list_push_back(&at->sessions, &s->link);
    lock_drop(&a->lock);
    look_again(a, s); /* what changed while the password was checked was told to nobody */
    return OK;
}

void auth_stay_end(struct auth_stay *s)
{
    if (!s->auth) return;
    lock_take(&s->auth->lock);
    list_remove(&s->link);
    use_end(s->auth, s->use);
    lock_drop(&s->auth->lock);
    *s = (struct auth_stay){ 0 };
}
