/* check.c - verifies the whole store and names each fault, as a request and without a server; and
 * repairs it.
 */
#include "admin/check.h"
#include "admin/admin_int.h"
#include "base/limits.h"

static const char advice[] =
    "What to do: make a backup (posthorn backup FOLDER) or copy the data folder, stop the server,\n"
    "run posthorn check --repair, start the server again. Mail that is not named above is not "
    "affected.\n";

struct faults {
    struct buf *out; /* NULL: each is told at once */
    const struct admin_check *check;
    size_t n;
};

static void fault_line(void *arg, str what)
{
    struct faults *f = arg;
    struct buf line = buf_make(LOG_VALUE_BYTES + 16);
    f->n++;
    buf_addf(&line, "fault: ");
    buf_add_shown(&line, what);
    buf_addc(&line, '\n');
    if (f->check)
        f->check->line(f->check->arg, buf_str(&line));
    else
        buf_add(f->out, buf_str(&line));
    buf_free(&line);
}

static void summary(const struct check_report *r, size_t faults, struct buf *out)
{
    buf_addf(out, "%llu records, %llu rows, %llu bodies, %llu messages read again, ",
             (unsigned long long)r->records, (unsigned long long)r->rows,
             (unsigned long long)r->blobs, (unsigned long long)r->messages);
    admin_size_text(r->bytes, out);
    if (!faults) buf_addf(out, ": all is well\n");
    if (faults) buf_addf(out, ": %zu %s\n%s", faults, faults == 1 ? "fault" : "faults", advice);
    if (r->broken)
        buf_addf(out, "The index is damaged, so the mail behind it was not looked at yet.\n");
}

ADMIN_REQUEST(admin_check)
{
    (void)r, (void)args;
    struct faults faults = { .out = out };
    struct check_report report = { .fault = fault_line, .arg = &faults };
    enum err e = store_check(a->store, &report);
    if (e && e != ERR_CORRUPT) return admin_fail(out, e, "cannot check: %s", err_text(e));
    summary(&report, faults.n, out);
    return faults.n ? ERR_CORRUPT : OK;
}

/* --- without a server ---------------------------------------------------------------------------
 */

static void tell(void *arg, const char *what, uint64_t done, uint64_t of)
{
    const struct faults *f = arg;
    f->check->progress(f->check->arg, what, done, of);
}

static void say(const struct faults *f, const char *kind, str what)
{
    struct buf line = buf_make(LOG_VALUE_BYTES + 16);
    buf_addf(&line, "%s: ", kind);
    buf_add_shown(&line, what);
    buf_addc(&line, '\n');
    f->check->line(f->check->arg, buf_str(&line));
    buf_free(&line);
}

static void lost_line(void *arg, str what)
{
    say(arg, "lost", what);
}

static void mended_line(void *arg, str what)
{
    say(arg, "mended", what);
}

static enum err check_open(struct store *s, const struct admin_check *c, struct buf *out)
{
    struct faults faults = { .check = c };
    struct check_report report = { .fault = fault_line, .progress = tell, .arg = &faults };
    enum err e = store_check(s, &report);
    if (e && e != ERR_CORRUPT) return admin_fail(out, e, "cannot check: %s", err_text(e));
    summary(&report, faults.n, out);
    return faults.n ? ERR_CORRUPT : OK;
}

static void repaired(const struct repair_report *r, struct buf *out)
{
    buf_addf(out, "made again from the journal: %llu users, %llu mailboxes, %llu messages; ",
             (unsigned long long)r->users, (unsigned long long)r->mailboxes,
             (unsigned long long)r->messages);
    buf_addf(out, "%llu mended, ", (unsigned long long)r->mended_n);
    if (r->lost_n)
        buf_addf(out, "%llu could not be saved, named above\n", (unsigned long long)r->lost_n);
    else
        buf_addf(out, "nothing lost\n");
}

enum err admin_check_offline(const struct admin_check *c, struct buf *out)
{
    struct faults faults = { .check = c };
    struct repair_report report = { .lost = lost_line, .mended = mended_line, .progress = tell };
    struct store *s;
    report.arg = &faults;
    enum err e = c->repair ? store_open_repair(c->seam, c->store, &report, &s, out)
                           : store_open_verified(c->seam, c->store, &s, out);
    if (e) {
        buf_addc(out, '\n');
        return e;
    }
    if (c->repair) {
        e = store_mend(s, &report);
        if (e)
            e = admin_fail(out, e, "cannot repair: %s", err_text(e));
        else
            repaired(&report, out);
    }
    if (!e) e = check_open(s, c, out);
    store_close(s);
    return e;
}
