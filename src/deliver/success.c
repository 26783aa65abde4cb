/* success.c - telling the sender that a letter was filed here, if NOTIFY=SUCCESS asked for it.
 *
 * RFC 3461 4.1, 5.2.3, 5.2.7; RFC 3464. The report is a part of the commit that files the letter:
 * it exists exactly if the letter does.
 */
#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "deliver/deliver_int.h"
#include "mail/card.h"
#include "mail/dsn.h"
#include "mail/received.h"

static bool list_recipients(struct arena *a, const struct deliver_success *s,
                            struct dsn_recipient **out)
{
    struct dsn_recipient *list = ARENA_ARRAY(a, s->n, struct dsn_recipient);
    if (!list) return false;
    for (size_t i = 0; i < s->n; i++) {
        const struct delivered *d = &s->rcpts[i];
        list[i] = (struct dsn_recipient){
            .final = d->rcpt,
            .action = d->expanded ? DSN_EXPANDED : DSN_DELIVERED,
            .status = d->expanded ? S("2.1.5") : S("2.0.0"),
        };
        size_t semicolon = str_chr(d->orcpt, ';');
        if (semicolon == STR_NPOS) continue;
        list[i].orcpt_type = str_take(d->orcpt, semicolon);
        list[i].orcpt = str_from(d->orcpt, semicolon + 1);
    }
    *out = list;
    return true;
}

static bool write_report(struct deliver *d, const struct accept *letter,
                         const struct deliver_success *s, const struct address *to, struct arena *a,
                         struct buf *out)
{
    uint8_t random[12];
    struct dsn_recipient *list = NULL;
    int64_t now = seam_wall_us(d->seam) / 1000000;
    struct buf boundary = buf_make(64), id = buf_make(HEADER_LINE_BYTES);
    seam_random(d->seam, random, sizeof(random));
    hex_encode(&boundary, (str){ (const char *)random, sizeof(random) });
    message_id_make(&id, now, random, d->settings->hostname);
    bool ok = list_recipients(a, s, &list);
    struct dsn report = {
        .reporting_mta = d->settings->hostname,
        .from = { S("mailer-daemon"), d->settings->hostname },
        .to = *to,
        .message_id = buf_str(&id),
        .boundary = buf_str(&boundary),
        .now = { .seconds = now },
        .arrival = { .seconds = now },
        .envid = letter->envid,
        .recipients = list,
        .nrecipients = s->n,
        .original = s->header, /* RFC 3461 4.3: RET=FULL is for failures */
        .ascii = !letter->utf8 && str_is_ascii(letter->sender),
    };
    deliver_return_path_write(out, S(""));
    ok = ok && dsn_write(out, &report);
    buf_free(&boundary);
    buf_free(&id);
    return ok;
}

static enum err seal(struct deliver *d, str text, struct arena *a, struct accept *report)
{
    struct buf card = buf_make(CARD_BYTES);
    enum err e = body_begin(store_engine(d->store), &report->body);
    if (!e) e = body_write(report->body, text);
    if (!e && !card_build(&card, text)) e = ERR_LIMIT;
    report->card = arena_copy(a, buf_str(&card));
    if (!e)
        e = body_seal(report->body,
                      report->card.n > STORE_CARD_INLINE_BYTES ? report->card : S(""));
    buf_free(&card);
    return a->full ? ERR_LIMIT : e;
}

/* Not OK: there is nobody to tell, or no way to. */
static enum err make_report(struct deliver *d, const struct accept *letter,
                            const struct deliver_success *s, struct arena *a, struct accept *report)
{
    struct address to;
    struct route route;
    if (!letter->sender.n || !address_parse(a, letter->sender, ADDRESS_UTF8, &to))
        return ERR_NOTFOUND;
    enum err e = route_find(d, &to, a, &route);
    if (e) return e;
    struct buf text = buf_make(2 * SMTP_HEADER_BYTES);
    e = write_report(d, letter, s, &to, a, &text) ? seal(d, buf_str(&text), a, report) : ERR_LIMIT;
    report->id = store_msgid_new(d->store);
    report->utf8 = letter->utf8;
    report->require_tls = letter->require_tls; /* RFC 8689 4.3 */
    report->tls_optional = letter->tls_optional;
    report->priority = letter->priority;
    report->eight_bit = !str_is_ascii(buf_str(&text));
    report->local = route.local;
    report->local_n = route.local_n;
    report->queue = route.remote;
    report->queue_n = route.remote_n;
    report->received = S("written here: a report of delivery");
    buf_free(&text);
    return e;
}

enum err deliver_accept_success(struct deliver *d, struct accept *letter,
                                const struct deliver_success *s)
{
    if (!s->n || !letter->sender.n) return deliver_accept(d, letter);
    struct arena a = arena_make(DELIVER_ARENA_BYTES);
    struct accept both[2] = { { .sender = { 0 } }, { .sender = { 0 } } };
    bool told = !make_report(d, letter, s, &a, &both[1]);
    enum err e = OK;
    if (told) {
        deliver_merge(letter);
        both[0] = *letter;
        e = store_queue_results(d->store, NULL, 0, both, COUNT_OF(both));
        if (!e) deliver_log(letter);
    }
    bool report_failed = e == ERR_LIMIT || e == ERR_NOTFOUND || e == ERR_EXISTS;
    if (!told || report_failed) e = deliver_accept(d, letter); /* the letter matters more */
    body_free(both[1].body);
    arena_free(&a);
    return e;
}
