/* queue.c - requests about mail that waits for other servers, and about a message's journey. */
#include "admin/admin_int.h"
#include "mail/date.h"

/* A sender of ours is shown as SMTP writes it: "<>" for the null sender. */
static void entry_line(struct admin *a, struct buf *out, const struct queue_entry *e,
                       int64_t now_us)
{
    msgid_text(e->key.id, out);
    buf_addf(out, "  <");
    buf_add_shown(out, e->sender);
    buf_addf(out, "> -> <");
    buf_add_shown(out, e->address);
    buf_addf(out, ">  ");
    admin_size_text(e->size_bytes, out);
    buf_addf(out, "  ");
    relay_explain(a->relay, e, now_us, out);
    buf_addc(out, '\n');
}

struct queue_lines {
    struct admin *admin;
    struct buf *out;
    int64_t now_us;
    size_t n;
};

static bool queue_line(void *arg, const struct queue_entry *e)
{
    struct queue_lines *lines = arg;
    entry_line(lines->admin, lines->out, e, lines->now_us);
    lines->n++;
    return true;
}

ADMIN_REQUEST(admin_queue_list)
{
    (void)r, (void)args;
    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    struct queue_lines lines = { .admin = a, .out = out, .now_us = seam_wall_us(a->seam) };
    enum err e = store_queue_list(v, queue_line, &lines);
    view_end(v);
    if (!e && !lines.n) buf_addf(out, "the queue is empty\n");
    return e;
}

static enum err parse_id(str text, struct msgid *id, struct buf *out)
{
    if (msgid_parse(text, id)) return OK;
    return admin_fail(
        out, ERR_SYNTAX,
        "'%.*s' is no message id; the answer to a submitted message, and queue list, show it",
        STR_ARG(text));
}

struct queue_show {
    struct admin *admin;
    struct msgid id;
    struct buf *out;
    int64_t now_us;
    size_t n;
};

static bool show_entry(void *arg, const struct queue_entry *e)
{
    struct queue_show *show = arg;
    if (e->key.id.n != show->id.n) return true;
    entry_line(show->admin, show->out, e, show->now_us);
    buf_addf(show->out, "    arrived ");
    date_write_iso(show->out, e->arrived_us / 1000000);
    buf_addf(show->out, ", %u attempts\n", e->attempts);
    if (e->last_reply.n) {
        buf_addf(show->out, "    last reply: ");
        buf_add_shown(show->out, e->last_reply);
        buf_addc(show->out, '\n');
    }
    show->n++;
    return true;
}

static bool journey_line(void *arg, const struct journey_event *e)
{
    struct buf *out = arg;
    date_write_iso(out, e->at_us / 1000000);
    buf_truncate(out, out->n - 1); /* its Z comes after the thousandths */
    buf_addf(out, ".%03dZ  %-10.*s ", (int)(e->at_us / 1000 % 1000), STR_ARG(e->what));
    buf_add_shown(out, e->text);
    buf_addc(out, '\n');
    return true;
}

ADMIN_REQUEST(admin_queue_show)
{
    (void)r;
    struct queue_show show = { .admin = a, .out = out, .now_us = seam_wall_us(a->seam) };
    enum err e = parse_id(args[0], &show.id, out);
    if (e) return e;

    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    e = store_queue_list(v, show_entry, &show);
    if (!e && show.n) e = store_journey(v, show.id, journey_line, out);
    view_end(v);
    if (!e && !show.n)
        return admin_fail(out, ERR_NOTFOUND,
                          "not in the queue; posthorn trace tells what became of it");
    return e;
}

static enum err trace_address(struct admin *a, str text, struct buf *out)
{
    struct netaddr peer;
    if (netaddr_parse(text, 0, &peer) || peer.family == NET_UNIX)
        return admin_fail(out, ERR_SYNTAX, "'%.*s' is no address", STR_ARG(text));
    struct guard *g = auth_guard(a->auth);
    if (!g) return admin_fail(out, ERR_NOTFOUND, "no server runs: nothing is counted");
    guard_explain(g, &peer, out);
    return OK;
}

ADMIN_REQUEST(admin_trace)
{
    struct msgid id;
    bool by_address = str_eq(args[0], S("--address"));
    if (by_address != (r->n == 3))
        return admin_fail(out, ERR_SYNTAX, "usage: trace ID | trace --address IP");
    if (by_address) return trace_address(a, args[1], out);
    enum err e = parse_id(args[0], &id, out);
    if (e) return e;

    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    size_t before = out->n;
    e = store_journey(v, id, journey_line, out);
    view_end(v);
    if (e == ERR_NOTFOUND || (!e && out->n == before))
        return admin_fail(out, ERR_NOTFOUND, "no journey of that id is kept");
    return e;
}

static enum err order(struct admin *a, str text, enum queue_order what, struct buf *out)
{
    struct msgid id;
    enum err e = parse_id(text, &id, out);
    if (e) return e;
    e = store_queue_order(a->store, id, what);
    if (e == ERR_NOTFOUND) return admin_fail(out, e, "not in the queue");
    if (e) return admin_fail(out, e, "cannot: %s", err_text(e));
    static const char *const said[] = { "will be tried now", "is held", "goes on" };
    buf_addf(out, "%.*s %s\n", STR_ARG(text), said[what]);
    return OK;
}

ADMIN_REQUEST(admin_queue_retry)
{
    (void)r;
    if (a->relay) relay_refresh(a->relay);
    enum err e = order(a, args[0], QUEUE_RETRY_NOW, out);
    if (!e && a->relay) relay_hurry(a->relay);
    return e;
}

ADMIN_REQUEST(admin_queue_hold)
{
    (void)r;
    return order(a, args[0], QUEUE_HOLD, out);
}

ADMIN_REQUEST(admin_queue_release)
{
    (void)r;
    return order(a, args[0], QUEUE_RELEASE, out);
}

/* --- dropping: a result like any other, so that the journey tells of it ----------------------- */

struct drop {
    struct msgid id;
    struct queue_result *results;
    size_t n, max;
};

static bool drop_gather(void *arg, const struct queue_entry *e)
{
    struct drop *drop = arg;
    if (e->key.id.n != drop->id.n) return true;
    if (drop->n < drop->max)
        drop->results[drop->n] = (struct queue_result){
            .key = e->key, .outcome = QUEUE_DROPPED, .reply = S("removed by the administrator")
        };
    return ++drop->n < drop->max;
}

ADMIN_REQUEST(admin_queue_drop)
{
    (void)r;
    enum { DROP_MAX = 1000 };
    struct drop drop = { .max = DROP_MAX };
    enum err e = parse_id(args[0], &drop.id, out);
    if (e) return e;

    struct view *v = store_view(a->store);
    if (!v) return admin_fail(out, ERR_LATER, "the store cannot be read now");
    drop.results = MEM_ARRAY(DROP_MAX, struct queue_result);
    e = store_queue_list(v, drop_gather, &drop);
    view_end(v);
    if (!e && drop.n) e = store_queue_results(a->store, drop.results, drop.n, NULL, 0);
    mem_free(drop.results);
    if (!e && !drop.n) return admin_fail(out, ERR_NOTFOUND, "not in the queue");
    if (e) return admin_fail(out, e, "cannot: %s", err_text(e));
    buf_addf(out, "%.*s dropped for %zu recipients\n", STR_ARG(args[0]), drop.n);
    return OK;
}
