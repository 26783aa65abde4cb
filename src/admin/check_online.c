/* check_online.c - the conversation in which a server checks its store while it serves, and tells
 * what it finds as it finds it.
 *
 *     server, any number of times: p DONE OF LF and what it is at, a counted word; OF 0: not known
 *                                  f LF and a line about a fault, a counted word
 *     then: e LF, OK or ERR_CORRUPT or why not, and a summary
 *
 * The check runs on a fiber and on threads of its own; this fiber looks now and then what there is
 * to tell. When whoever asked has gone, it stops.
 */
#include "admin/check_int.h"
#include "admin/stream_int.h"
#include "base/limits.h"
#include "run/fiber.h"
#include "run/lock.h"

/* --- the server's side ------------------------------------------------------------------------ */

struct online {
    struct store *store;
    struct check_report report;
    struct lock lock;  /* of what the check's threads leave here to be told: */
    struct buf faults; /* lines */
    uint64_t faults_n, untold;
    const char *what;
    uint64_t done, of;
    bool news;
    /* This loop's own: */
    struct fiber *waiter; /* until it has ended */
    bool has_ended;
    enum err result;
};

static void found(void *arg, str what)
{
    struct online *o = arg;
    struct buf line = buf_make(CHECK_LINE_BYTES);
    admin_check_line("fault", what, &line);
    lock_take(&o->lock);
    bool room = o->faults.n + line.n <= CHECK_UNTOLD_BYTES;
    if (room) buf_add(&o->faults, buf_str(&line));
    o->untold += !room;
    o->faults_n++;
    lock_drop(&o->lock);
    buf_free(&line);
}

static void got_on(void *arg, const char *what, uint64_t done, uint64_t of)
{
    struct online *o = arg;
    lock_take(&o->lock);
    o->what = what;
    o->done = done;
    o->of = of;
    o->news = true;
    lock_drop(&o->lock);
}

static void check(void *arg)
{
    struct online *o = arg;
    o->result = store_check(o->store, &o->report); /* Waits. */
    o->has_ended = true;
    if (o->waiter) fiber_wake(o->waiter);
}

static void tell(struct online *o, struct conn *c)
{
    struct buf faults = buf_make(CHECK_UNTOLD_BYTES);
    lock_take(&o->lock);
    struct online now = { .what = o->what, .done = o->done, .of = o->of, .news = o->news };
    buf_add(&faults, buf_str(&o->faults));
    buf_reset(&o->faults);
    o->news = false;
    lock_drop(&o->lock);
    conn_deadline(c, STREAM_MS);
    if (now.news) {
        conn_writef(c, "p %llu %llu\n", (unsigned long long)now.done, (unsigned long long)now.of);
        stream_word(c, str_of(now.what));
    }
    str rest = buf_str(&faults), line;
    while (str_split(&rest, '\n', &line) && line.n) {
        conn_write(c, S("f\n"));
        stream_word(c, line);
    }
    (void)!conn_flush(c); /* Waits. */
    buf_free(&faults);
}

static void serve_check(struct online *o, struct admin *a, struct conn *c)
{
    o->store = a->store;
    if (fiber_start(conn_loop(c), FIBER_SYSTEM, check, o)) {
        o->result = ERR_LATER;
        return;
    }
    o->waiter = fiber_self();
    while (!o->has_ended) {
        enum err e = fiber_suspend_until(seam_mono_us(a->seam) + CHECK_TELL_US);
        if (e == ERR_GONE || conn_gone(c)) break;
        o->waiter = NULL; /* what wakes us from here on is the connection */
        tell(o, c);
        o->waiter = fiber_self();
    }
    o->report.stop = !o->has_ended; /* who asked has gone, or the server is stopped */
    while (!o->has_ended)
        fiber_suspend();
    o->waiter = NULL;
    tell(o, c);
}

void admin_check(struct admin *a, struct conn *c, const struct admin_request *r)
{
    (void)r;
    struct online *o = MEM_NEW(struct online);
    struct buf out = buf_make(ADMIN_REASON_BYTES);
    o->report = (struct check_report){ .fault = found, .progress = got_on, .arg = o };
    o->faults = buf_make(CHECK_UNTOLD_BYTES);
    lock_init(&o->lock);
    serve_check(o, a, c);
    enum err e = o->result;
    if (o->untold)
        buf_addf(&out, "… and %llu more faults that are not told\n", (unsigned long long)o->untold);
    if (e && e != ERR_CORRUPT) {
        admin_fail(&out, e, "cannot check: %s", err_text(e));
    } else {
        admin_check_summary(&o->report, o->faults_n, &out);
        e = o->faults_n ? ERR_CORRUPT : OK;
    }
    conn_write(c, S("e\n"));
    stream_say(c, e, buf_str(&out));
    lock_end(&o->lock);
    buf_free(&o->faults);
    buf_free(&out);
    mem_free(o);
}

/* --- the command's side ------------------------------------------------------------------------
 */

/* ERR_EXISTS: that was the last one. */
static enum err hear(const struct admin_check *check, struct conn *c, struct arena *a)
{
    uint64_t n[2];
    str line, word;
    conn_deadline(c, STREAM_MS);
    enum err e = conn_line(c, 100, &line);
    if (e) return e;
    line = str_chomp(line);
    if (str_eq(line, S("e"))) return ERR_EXISTS;
    bool progress = str_starts(line, S("p "));
    if (progress) e = stream_numbers(str_from(line, 2), n, COUNT_OF(n));
    if (!progress && !str_eq(line, S("f"))) e = ERR_SYNTAX;
    if (!e) e = stream_read_word(c, a, &word);
    if (e) return e;
    if (progress)
        check->progress(check->arg, arena_cstr(a, word), n[0], n[1]);
    else
        check->line(check->arg, arena_fmt(a, "%.*s\n", STR_ARG(word)));
    return OK;
}

enum err admin_check_online(const struct netaddr *socket, const struct admin_check *check,
                            struct buf *out, enum err *result)
{
    const str words[] = { S("check"), S("1") };
    struct admin_request r = { .words = words, .n = COUNT_OF(words) };
    struct arena a = arena_make(4 * ADMIN_WORD_BYTES);
    struct conn *c;
    enum err e = stream_ask(socket, &r, &c);
    if (e) return e;
    e = conn_flush(c);
    for (; !e; arena_reset(&a))
        e = hear(check, c, &a);
    if (e == ERR_EXISTS) e = stream_answer(c, out, result);
    arena_free(&a);
    conn_close(c);
    return e == ERR_NOTFOUND ? ERR_GONE : e;
}
