/* undelete.c - the request that brings deleted mail back, or shows what could be. */
#include "admin/admin_int.h"
#include "mail/card.h"
#include "mail/date.h"
#include "run/config.h"

struct words {
    str mailbox, since;
    bool list;
};

/* The words after the user. */
static enum err read_words(const struct admin_request *r, struct words *w, struct buf *out)
{
    for (size_t i = 2; i < r->n; i++) {
        str word = r->words[i];
        str *value = str_eq(word, S("--mailbox")) ? &w->mailbox
                     : str_eq(word, S("--since")) ? &w->since
                                                  : NULL;
        if (str_eq(word, S("--list")))
            w->list = true;
        else if (value && i + 1 < r->n)
            *value = r->words[++i];
        else
            return admin_fail(out, ERR_SYNTAX,
                              value                       ? "%.*s: wants a value"
                              : str_starts(word, S("--")) ? "%.*s: no such option"
                                                          : "%.*s: one word too many",
                              STR_ARG(word));
    }
    if (str_ieq(w->mailbox, S("INBOX"))) w->mailbox = S("INBOX");
    return OK;
}

static enum err read_since(const struct words *w, struct undelete *u, struct buf *out)
{
    uint64_t ms;
    if (!w->since.n) return OK;
    if (config_duration(w->since, &ms) || ms > INT64_MAX / 1000)
        return admin_fail(out, ERR_SYNTAX, "'%.*s' is no age; one looks like 3d, 2h or 30m",
                          STR_ARG(w->since));
    u->since_us = u->now_us - (int64_t)(ms * 1000);
    return OK;
}

struct gone_lines {
    struct buf *out;
    uint64_t n;
};

static bool gone_line(void *arg, const struct restorable *g)
{
    struct gone_lines *lines = arg;
    struct buf *out = lines->out;
    struct card card;
    lines->n++;
    buf_add_shown(out, g->mailbox);
    buf_addf(out, "  uid %u  deleted ", g->uid.n);
    date_write_iso(out, g->when_us / 1000000);
    buf_add(out, g->with_mailbox ? S(" with its mailbox  ") : S("  "));
    admin_size_text(g->size_bytes, out);
    if (card_open(g->card, &card) && card.base_subject.n) {
        buf_add(out, S("  "));
        buf_add_shown(out, card.base_subject);
    }
    buf_addc(out, '\n');
    return !out->full;
}

static enum err list(struct admin *a, const struct undelete *u, struct buf *out)
{
    struct gone_lines lines = { .out = out };
    enum err e = store_gone(a->store, u, gone_line, &lines);
    if (e) return admin_fail(out, e, "cannot: %s", err_text(e));
    if (!lines.n) buf_add(out, S("nothing that could be brought back\n"));
    return OK;
}

static enum err bring_back(struct admin *a, const struct undelete *u, struct buf *out)
{
    uint64_t restored = 0;
    enum err e = store_undelete(a->store, u, &restored);
    if (e == ERR_LIMIT)
        return admin_fail(out, e, "%ju messages restored; there is no room for the rest (quota)",
                          (uintmax_t)restored);
    if (e)
        return admin_fail(out, e, "%ju messages restored, then: %s", (uintmax_t)restored,
                          err_text(e));
    buf_addf(out, "%ju messages restored\n", (uintmax_t)restored);
    return OK;
}

ADMIN_REQUEST(admin_undelete)
{
    struct words words = { 0 };
    struct undelete u = { .now_us = seam_wall_us(a->seam), .actor = { S("admin"), S("undelete") } };
    enum err e = read_words(r, &words, out);
    if (!e) e = read_since(&words, &u, out);
    if (!e) e = admin_account(a, args[0], &u.account, out);
    u.mailbox = words.mailbox;
    if (e) return e;
    return words.list ? list(a, &u, out) : bring_back(a, &u, out);
}
