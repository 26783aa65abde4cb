/* repair.c - puts the upper floor right after the engine's repair: counters, bitmaps and references
 * are computed from the messages again, and what has lost its other half is named and let go.
 */
#include "store/repair_int.h"

#include "base/mem.h"
#include "store/repair_marker_int.h"

__attribute__((format(printf, 3, 0))) static void say(struct mending *m, bool lost,
                                                      const char *format, va_list args)
{
    struct buf text = buf_make(LOG_VALUE_BYTES), shown = buf_make(LOG_VALUE_BYTES);
    struct repair_report *r = m->report;
    buf_addv(&text, format, args);
    buf_add_shown(&shown, buf_str(&text)); /* one line, whatever a damaged name holds */
    if (lost) r->lost_n++;
    if (!lost) r->mended_n++;
    (lost ? r->lost : r->mended)(r->arg, buf_str(&shown));
    buf_free(&text);
    buf_free(&shown);
}

void mend_lost(struct mending *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(m, true, format, args);
    va_end(args);
}

void mend_done(struct mending *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(m, false, format, args);
    va_end(args);
}

/* --- each account --------------------------------------------------------------------------------
 */

struct accounts {
    struct view *view;
    uint64_t *numbers;
    size_t n;
    uint64_t after;
};

static bool see_account(void *arg, struct account a)
{
    struct accounts *all = arg;
    struct user u;
    if (a.n <= all->after || a.n < ACCOUNT_FIRST_USER) return true;
    all->after = a.n;
    /* Whoever leaves has no user, and is none of ours. */
    if (store_user_by_account(all->view, a, &u) == OK) all->numbers[all->n++] = a.n;
    return all->n < STORE_CHECK_ACCOUNTS;
}

static enum err gather(struct mending *m, struct accounts *all)
{
    all->n = 0;
    all->view = store_view(m->store);
    if (!all->view) return ERR_LATER;
    enum err e = view_accounts(all->view, see_account, all);
    view_end(all->view);
    return e;
}

static enum err mend_accounts(struct mending *m)
{
    struct accounts all = { .numbers = MEM_ARRAY(STORE_CHECK_ACCOUNTS, uint64_t) };
    struct repair_report *r = m->report;
    enum err e;
    do {
        e = gather(m, &all);
        for (size_t i = 0; !e && i < all.n; i++) {
            if (r->progress) r->progress(r->arg, "accounts", r->users, 0);
            r->users++;
            e = mend_account(m, (struct account){ all.numbers[i] });
        }
    } while (!e && all.n == STORE_CHECK_ACCOUNTS);
    mem_free(all.numbers);
    return e;
}

enum err store_mend(struct store *s, struct repair_report *report)
{
    /* No row that takes a number is shorter. */
    enum { NUMBERED_ROW_BYTES_MIN = 24 };
    struct mending m = { .store = s, .report = report, .checking = { .store = s } };
    m.gap = report->lost_bytes ? report->lost_bytes / NUMBERED_ROW_BYTES_MIN + 1 : 0;
    report->users = report->mailboxes = report->messages = 0;
    enum err e = mend_directory(&m);
    if (!e) e = mend_accounts(&m);
    if (!e) e = mend_sharing(&m, ACCOUNT_DIRECTORY);
    if (!e) e = mend_queue(&m);
    if (!e) e = mend_blobs(&m);
    if (!e && s->seam && repair_marker_clear(s->seam)) e = ERR_LATER;
    return e;
}
