/* offline.c - administration without a server: the command line opens the store itself. */
#include "admin/offline.h"

enum err admin_offline(struct seam *seam, const struct store_settings *store,
                       const struct auth_settings *auth, const struct admin_request *r,
                       struct buf *out)
{
    struct admin a = { .seam = seam, .auth_settings = auth };
    enum err e = store_open(seam, store, &a.store, out);
    if (e) {
        buf_addc(out, '\n');
        return e;
    }
    e = admin_run(&a, r, out);
    store_close(a.store);
    return e;
}

/* --- a server of the control socket alone ----------------------------------------------------- */

enum { OFFLINE_GRACE_MS = 60 * 1000 }; /* for a commit that is under way on a slow disk */

struct serving {
    struct loop_watch until;
    struct loop *loop;
};

static void enough(struct loop_watch *w, unsigned what)
{
    struct serving *s = CONTAINER_OF(w, struct serving, until);
    (void)what;
    loop_unwatch(s->loop, w);
    loop_stop(s->loop, OFFLINE_GRACE_MS);
}

static void serve_until(struct loop *loop, struct listener *listener,
                        const struct admin_offline_server *o)
{
    struct serving s = { .until = { .handle = o->until, .ready = enough }, .loop = loop };
    if (listener_attach(listener, loop)) return;
    if (loop_watch(loop, &s.until, SEAM_READABLE)) return;
    o->ready(o->arg);
    loop_run(loop);
}

enum err admin_offline_serve(struct seam *seam, const struct admin_offline_server *o,
                             struct buf *why)
{
    struct admin a = { .seam = seam, .auth_settings = o->auth };
    struct listener_config config = {
        .at = *o->control, .handler = &admin_handler, .arg = &a, .conns_max = 16
    };
    struct listener *listener = NULL;
    enum err e = store_open(seam, o->store, &a.store, why);
    if (e) return e;
    struct loop *loop = loop_new(seam, 0);
    e = loop ? listener_open(seam, &config, &listener) : ERR_LIMIT;
    if (e)
        buf_addf(why, "the control socket: %s", err_text(e));
    else
        serve_until(loop, listener, o);
    if (loop) loop_free(loop);
    store_close(a.store);
    listener_close(listener); /* who finds nobody here may open the store */
    return e;
}
