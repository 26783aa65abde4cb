/* notice.c - telling the sender: failed for good, still waiting, or passed on (RFC 3461 5, 3464).
 *
 * Never to a null sender, and always from one: no bounce is ever bounced. The notice is committed
 * together with the results that cause it (store_queue_results), so it is neither lost nor doubled.
 */
#include "base/codec.h"
#include "mail/card.h"
#include "mail/dsn.h"
#include "mail/received.h"
#include "relay/relay_int.h"

enum { BOUNDARY_BYTES = 12 };

/* --- who is to be told of what ---------------------------------------------------------------- */

/* RFC 2852 4.1.4: each hop is traced, or the next server does not know of the time. */
static bool tells_of_hop(const struct job *j, size_t i)
{
    const struct queue_entry *e = &j->entries[i];
    enum queue_outcome o = j->results[i].outcome;
    if (!e->by.at_us || e->notify & NOTIFY_NEVER) return false;
    if (o != QUEUE_DELIVERED && o != QUEUE_RELAYED_DSN) return false;
    return e->by.trace || !j->by_passed_on;
}

static bool tells(const struct job *j, size_t i, enum dsn_action action)
{
    const struct queue_result *r = &j->results[i];
    unsigned notify = j->entries[i].notify;
    bool wants_success = notify & NOTIFY_SUCCESS;
    switch (action) {
    case DSN_FAILED: return r->outcome == QUEUE_BOUNCED && (!notify || notify & NOTIFY_FAILURE);
    case DSN_DELAYED: /* whether the time has come was judged with the result */
        return r->outcome == QUEUE_DEFERRED && r->delay_told;
    case DSN_DELIVERED: return j->letter.body && wants_success && r->outcome == QUEUE_DELIVERED;
    case DSN_RELAYED: /* passed on to a server that does not report by itself */
        if (j->letter.body) return false;
        return (r->outcome == QUEUE_DELIVERED && wants_success) || tells_of_hop(j, i);
    default: return false;
    }
}

/* "5.1.1" from a reply like "550 5.1.1 no such user", else the class of its code. */
static str status_of(const struct job *j, size_t i)
{
    str rest = j->results[i].reply, word;
    bool expired = j->results[i].outcome == QUEUE_BOUNCED && !str_starts(rest, S("5"));
    if (expired) return S("5.4.7");
    if (!str_split(&rest, ' ', &word)) return (str){ 0 };
    str enhanced;
    str line = rest;
    if (str_split(&line, ' ', &enhanced) && enhanced.n >= 5 && enhanced.p[1] == '.')
        return enhanced;
    return (str){ 0 };
}

static size_t recipients(struct job *j, enum dsn_action action, struct dsn_recipient *out)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++) {
        if (!tells(j, i, action)) continue;
        const struct queue_entry *e = &j->entries[i];
        struct dsn_recipient *r = &out[n];
        *r = (struct dsn_recipient){
            .action = action,
            .status = status_of(j, i),
            .diagnostic = j->results[i].reply,
            .remote_mta = j->remote[i],
            .last_attempt = seam_wall_us(j->relay->seam) / 1000000,
        };
        if (!address_parse(&j->arena, e->address, ADDRESS_UTF8, &r->final)) continue;
        size_t semicolon = str_chr(e->orcpt, ';');
        if (semicolon != STR_NPOS) {
            r->orcpt_type = str_take(e->orcpt, semicolon);
            r->orcpt = str_from(e->orcpt, semicolon + 1);
        }
        if (action == DSN_DELAYED)
            r->retry_until =
                e->arrived_us / 1000000 + (int64_t)(j->relay->settings->give_up_ms / 1000);
        n++;
    }
    return n;
}

/* --- the letter that it is about -------------------------------------------------------------- */

/* The header block up to and with its empty line, or as much as a notice carries. */
static str header_block(str text)
{
    size_t end = str_find(text, S("\r\n\r\n"));
    return end == STR_NPOS ? text : str_take(text, end + 2);
}

/* Appends the stored letter: whole if it is asked for and not too long, else enough of it for the
 * header. */
static enum err original(struct job *j, bool *full, struct buf *out)
{
    struct body_reader *body;
    enum err e = body_open(store_engine(j->relay->store), j->entries[0].blob, &body);
    if (e) return e;
    uint64_t size = body_reader_size(body), want = size;
    /* RFC 8689 4.3: a report may travel in clear in the end; the text shall not. */
    *full = j->entries[0].ret_full && !j->entries[0].require_tls && size <= RELAY_NOTICE_BYTES;
    if (!*full && want > RELAY_NOTICE_HEADER_BYTES) want = RELAY_NOTICE_HEADER_BYTES;
    str piece;
    for (uint64_t at = 0; at < want && !e; at += piece.n) {
        e = body_read(body, at, want - at, &piece);
        if (!e) buf_add(out, piece);
    }
    body_close(body);
    return e;
}

/* A letter that is lost or damaged is reported without its text: its sender must know all the more.
 */
static enum err original_if_any(struct job *j, bool *full, struct buf *out)
{
    enum err e = original(j, full, out);
    if (e != ERR_NOTFOUND && e != ERR_CORRUPT) return e;
    buf_reset(out);
    *full = false;
    return OK;
}

/* --- what happened so far --------------------------------------------------------------------- */

struct journey_lines {
    const struct job *job;
    enum dsn_action action;
    struct buf *out;
};

/* "bob@b.test: 451 …": of somebody whom the report is about. */
static bool is_about(const struct journey_lines *l, str text)
{
    for (size_t i = 0; i < l->job->n; i++) {
        str address = l->job->entries[i].address;
        str rest = str_from(text, address.n);
        bool same = str_starts(text, address) && (!rest.n || str_starts(rest, S(":")));
        if (same && tells(l->job, i, l->action)) return true;
    }
    return false;
}

/* How it came to us and each attempt; nothing of other recipients, who may be secret to a reader of
 * a forwarded report, and nothing of what people here do with their mail. */
static bool journey_line(void *arg, const struct journey_event *e)
{
    struct journey_lines *l = arg;
    bool received = str_eq(e->what, S("received"));
    bool tried = str_eq(e->what, S("queued")) || str_eq(e->what, S("deferred"));
    if (!received && !(tried && is_about(l, e->text))) return true;
    date_write_iso(l->out, e->at_us / 1000000);
    buf_addf(l->out, " %.*s ", STR_ARG(e->what));
    buf_add(l->out, str_take(e->text, DSN_TEXT_BYTES / 2));
    buf_addc(l->out, '\n');
    return l->out->n < RELAY_JOURNEY_BYTES;
}

/* Without it the report says less, and no more is lost. */
static void journey(struct job *j, enum dsn_action action, struct buf *out)
{
    struct journey_lines lines = { .job = j, .action = action, .out = out };
    struct view *v = store_view(j->relay->store);
    if (!v) return;
    if (store_journey(v, j->entries[0].key.id, journey_line, &lines)) buf_reset(out);
    view_end(v);
}

/* --- writing it ------------------------------------------------------------------------------- */

static enum err notice_text(struct job *j, enum dsn_action action, const struct address *to,
                            struct buf *out)
{
    struct relay *r = j->relay;
    struct buf letter = buf_make(RELAY_NOTICE_BYTES + 1), boundary = buf_make(64),
               id = buf_make(512), before = buf_make(RELAY_JOURNEY_BYTES + DSN_TEXT_BYTES);
    struct dsn_recipient *list = ARENA_ARRAY(&j->arena, j->n, struct dsn_recipient);
    uint8_t random[BOUNDARY_BYTES];
    int64_t now_s = seam_wall_us(r->seam) / 1000000;
    bool full = false;

    seam_random(r->seam, random, sizeof random);
    hex_encode(&boundary, (str){ (const char *)random, sizeof random });
    message_id_make(&id, now_s, random, deliver_hostname(r->deliver));
    enum err e = list ? original_if_any(j, &full, &letter) : ERR_LIMIT;
    str block = str_from(buf_str(&letter), deliver_return_path_bytes(buf_str(&letter)));
    journey(j, action, &before);
    struct dsn d = {
        .reporting_mta = deliver_hostname(r->deliver),
        .from = { .local = S("mailer-daemon"), .domain = deliver_hostname(r->deliver) },
        .to = *to,
        .message_id = buf_str(&id),
        .boundary = buf_str(&boundary),
        .now = { .seconds = now_s },
        .arrival = { .seconds = j->entries[0].arrived_us / 1000000 },
        .envid = j->entries[0].envid,
        .recipients = list,
        .nrecipients = e ? 0 : recipients(j, action, list),
        .original = full ? block : header_block(block),
        .full = full,
        .ascii = !j->entries[0].utf8 && str_is_ascii(j->entries[0].sender),
        .journey = buf_str(&before),
    };
    deliver_return_path_write(out, (str){ 0 });
    if (!e && !d.nrecipients) e = ERR_NOTFOUND;
    if (!e && !dsn_write(out, &d)) e = ERR_LIMIT;
    buf_free(&letter);
    buf_free(&boundary);
    buf_free(&id);
    buf_free(&before);
    return e;
}

static enum err seal(struct job *j, str text, struct accept *a)
{
    struct buf card = buf_make(RELAY_CARD_BYTES);
    enum err e = body_begin(store_engine(j->relay->store), &a->body);
    if (!e) e = body_write(a->body, text);
    if (!e && !card_build(&card, text)) e = ERR_LIMIT;
    a->card = arena_copy(&j->arena, buf_str(&card));
    if (!e) e = body_seal(a->body, a->card);
    buf_free(&card);
    return e;
}

static enum err address_notice(struct job *j, const struct address *to, struct accept *a)
{
    struct route route;
    enum err e = route_find(j->relay->deliver, to, &j->arena, &route);
    if (e) return e;
    a->local = route.local;
    a->local_n = route.local_n;
    a->queue = route.remote;
    a->queue_n = route.remote_n;
    return OK;
}

/* ERR_NOTFOUND: there is nobody to tell. */
static enum err notice_make(struct job *j, enum dsn_action action, struct accept *a)
{
    struct address to;
    str sender = j->entries[0].sender;
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++)
        n += tells(j, i, action);
#ifdef PLANT_BOUNCE_TO_BOUNCE /* planted for tests/simulate to find */
    if (!sender.n) sender = arena_fmt(&j->arena, "postmaster@%.*s", STR_ARG(j->domain));
#endif
    if (!n || !sender.n) return ERR_NOTFOUND;
    if (!address_parse(&j->arena, sender, ADDRESS_UTF8, &to)) return ERR_NOTFOUND;

    struct buf text = buf_make(2 * RELAY_NOTICE_BYTES);
    *a = (struct accept){ .id = store_msgid_new(j->relay->store),
                          .eight_bit = true,
                          .utf8 = j->entries[0].utf8,
                          .require_tls = j->entries[0].require_tls,
                          .tls_optional = j->entries[0].tls_optional,
                          .priority = j->entries[0].priority,
                          .received = S("written here: a delivery report") };
    enum err e = address_notice(j, &to, a);
    if (!e) e = notice_text(j, action, &to, &text);
    if (!e) e = seal(j, buf_str(&text), a);
    if (!e) a->eight_bit = !str_is_ascii(buf_str(&text));
    buf_free(&text);
    return e;
}

enum err notices_make(struct job *j, struct notices *out)
{
    static const enum dsn_action actions[] = { DSN_FAILED, DSN_DELAYED, DSN_RELAYED,
                                               DSN_DELIVERED };
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        struct accept *a = &out->items[out->n];
        *a = (struct accept){ 0 };
        enum err e = notice_make(j, actions[i], a);
        if (!e) {
            out->n++;
            continue;
        }
        body_free(a->body);
        a->body = NULL;
        if (e == ERR_LATER || e == ERR_GONE) return e; /* what is made so far is the caller's */
        /* The sender is gone or cannot be reached: the result stands, without a report. */
    }
    return OK;
}

void notices_free(struct notices *n)
{
    for (size_t i = 0; i < n->n; i++)
        body_free(n->items[i].body);
    n->n = 0;
}
