/* check.c - verifies a store that no server holds and names each fault, and repairs it; and what a
 * check says, here and through a server (check_online.c).
 */
#include "admin/check_int.h"
#include "base/limits.h"

static const char advice[] =
    "What to do: make a backup (posthorn backup FOLDER) or copy the data folder, stop the server,\n"
    "run posthorn check --repair, start the server again. Mail that is not named above is not "
    "affected.\n";

/* --- words ------------------------------------------------------------------------------------ */

void admin_check_line(const char *kind, str what, struct buf *out)
{
    buf_addf(out, "%s: ", kind);
    buf_add_shown(out, what);
    buf_addc(out, '\n');
}

void admin_check_summary(const struct check_report *r, uint64_t faults, struct buf *out)
{
    buf_addf(out, "%llu records, %llu rows, %llu bodies, %llu messages read again, ",
             (unsigned long long)r->records, (unsigned long long)r->rows,
             (unsigned long long)r->blobs, (unsigned long long)r->messages);
    admin_size_text(r->bytes, out);
    if (!faults) buf_addf(out, ": all is well\n");
    if (faults)
        buf_addf(out, ": %llu %s\n%s", (unsigned long long)faults, faults == 1 ? "fault" : "faults",
                 advice);
    if (r->broken)
        buf_addf(out, "The index is damaged, so the mail behind it was not looked at yet.\n");
}

/* --- without a server ---------------------------------------------------------------------------
 */

struct offline {
    const struct admin_check *check;
    uint64_t faults;
};

static void tell(void *arg, const char *what, uint64_t done, uint64_t of)
{
    const struct offline *o = arg;
    o->check->progress(o->check->arg, what, done, of);
}

static void say(const struct offline *o, const char *kind, str what)
{
    struct buf line = buf_make(CHECK_LINE_BYTES);
    admin_check_line(kind, what, &line);
    o->check->line(o->check->arg, buf_str(&line));
    buf_free(&line);
}

static void fault_line(void *arg, str what)
{
    struct offline *o = arg;
    o->faults++;
    say(o, "fault", what);
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
    struct offline o = { .check = c };
    struct check_report report = { .fault = fault_line, .progress = tell, .arg = &o };
    enum err e = store_check(s, &report);
    if (e && e != ERR_CORRUPT) return admin_fail(out, e, "cannot check: %s", err_text(e));
    admin_check_summary(&report, o.faults, out);
    return o.faults ? ERR_CORRUPT : OK;
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
    struct offline o = { .check = c };
    struct repair_report report = { .lost = lost_line, .mended = mended_line, .progress = tell };
    struct store *s;
    report.arg = &o;
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
