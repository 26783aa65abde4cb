/* append.c - APPEND: a client puts messages into a mailbox, all or none of them.
 *
 * RFC 9051 6.3.12; several messages RFC 3502; APPENDUID 7.1; APPENDLIMIT RFC 7889. Literals stream
 * to the store and to the cards; whatever is refused is refused before the "+" where that is
 * possible. However slowly a client sends, it is done in a time that its literals' sizes give.
 */
#include "imap/append_int.h"

#include "base/limits.h"

/* --- time ----------------------------------------------------------------------------------- */
static uint64_t now_us(const struct appending *a)
{
    return loop_now_us(conn_loop(a->s->conn));
}

/* The next bytes must come in a while, and all of them by a->until_us. */
void appending_wait(struct appending *a)
{
    uint64_t now = now_us(a), most = IMAP_LITERAL_PROGRESS_MS, left = 1;
    uint64_t command_ms = a->s->server->settings->command_ms;
    if (a->until_us > now) left = (a->until_us - now) / 1000 + 1;
    if (command_ms < most) most = command_ms;
    conn_deadline(a->s->conn, (unsigned)(left < most ? left : most));
}

static enum err too_slow(struct appending *a)
{
    conn_deadline(a->s->conn, IMAP_GOODBYE_MS);
    imap_bye(a->s, S(""), S("the message came too slowly"));
    return ERR_GONE;
}

/* --- a literal ------------------------------------------------------------------------------ */
enum err appending_room(struct appending *a, uint64_t message_bytes)
{
    struct imap *s = a->s;
    const struct quota q = a->quota;
    if (message_bytes > s->server->settings->append_bytes_max)
        return imap_no(s, ERR_LIMIT, S("TOOBIG"), S("message too large"));
    uint64_t bytes = a->bytes + message_bytes, less = a->freed < q.bytes ? a->freed : q.bytes;
    uint64_t messages = a->n + (a->one ? 0 : 1); /* REPLACE takes one away */
    bool fits = (!q.bytes_max || q.bytes - less + bytes <= q.bytes_max) &&
                (!q.messages_max || q.messages + messages <= q.messages_max);
    return fits ? OK : imap_no(s, ERR_LIMIT, S("OVERQUOTA"), S("no room for it"));
}

/* All bytes of the literal are read, also after the store has refused one: what is not read would
 * be taken for commands. */
static enum err receive(struct appending *a, struct incoming *in, uint64_t left)
{
    enum err result = OK;
    while (left > 0) {
        str piece;
        appending_wait(a);
        size_t most = left < IMAP_READ_BYTES ? (size_t)left : IMAP_READ_BYTES;
        enum err e = conn_read_in_time(a->s->conn, most, &piece);
        if (e == ERR_LATER) return too_slow(a);
        if (e) return imap_cut(a->s);
        left -= piece.n;
        if (!result) result = incoming_take(in, piece);
    }
    return result;
}

static enum err next_line(struct appending *a)
{
    str line;
    appending_wait(a);
    enum err e = imap_line(a->s, &line);
    if (e) return ERR_GONE;
    a->parse = parse_begin(line, &a->s->arena, &parse_limits_user, imap_literal, a->s);
    return OK;
}

enum err appending_literal(struct appending *a, struct literal literal)
{
    struct imap *s = a->s;
    struct incoming *in = &a->items[a->n].in;
    enum err e = appending_room(a, in->bytes + literal.size_bytes);
    if (e) return e;
    a->until_us += literal.size_bytes * 1000000 / IMAP_APPEND_RATE_BYTES;
    if (literal.sync) {
        reply_words(&s->reply, S("+ send it"));
        reply_end(&s->reply);
        imap_send(s);
    }
    e = receive(a, in, literal.size_bytes);
    if (e == ERR_GONE) return e;
    enum err line = next_line(a);
    if (line) return line;
    if (!in->nul) return e;
    /* RFC 3516 4.4: what no mailbox can hold. */
    if (literal.binary) return imap_no(s, ERR_DENIED, S("UNKNOWN-CTE"), S("encode NULs as base64"));
    return imap_no(s, ERR_DENIED, S("CANNOT"), S("a message holds no NUL"));
}

/* --- a message ------------------------------------------------------------------------------ */
enum err appending_bad(struct appending *a)
{
    enum err e = a->parse.err;
    if (e == ERR_GONE) return e;
    (void)imap_bad(a->s, str_of(a->parse.why));
    if (e == ERR_LIMIT) a->s->answer.code = S("TOOBIG");
    return e;
}

static enum err read_bytes(struct appending *a, const struct append_message *m)
{
    if (m->kind == APPEND_CATENATE) return appending_catenate(a);
    if (m->literal.size_bytes == 0)
        return imap_no(a->s, ERR_DENIED, S("CANNOT"), S("a message is not empty"));
    enum err e = appending_literal(a, m->literal);
    if (e) return e;
    parse_append_message_end(&a->parse, m);
    return a->parse.err ? appending_bad(a) : OK;
}

static enum err read_message(struct appending *a)
{
    struct append_message m;
    parse_append_message(&a->parse, &m);
    if (a->parse.err) return appending_bad(a);
    /* RFC 9755 4. What comes without it may be UTF-8 all the same: it is kept as it is. */
    if (m.kind == APPEND_UTF8 && !a->s->reply.utf8)
        return imap_no(a->s, ERR_DENIED, S("CANNOT"), S("ENABLE UTF8=ACCEPT first"));
    struct filed *items = arena_more(&a->s->arena, a->items, a->n, sizeof(*items));
    if (!items) return ERR_LIMIT;
    a->items = items;
    struct filed *f = &a->items[a->n];
    *f = (struct filed){ .message = m, .card_at = a->cards.n };
    enum err e = incoming_begin(a->s, &f->in);
    if (!e) e = read_bytes(a, &m);
    if (!e) e = incoming_seal(&f->in, &a->cards);
    if (e) {
        incoming_end(&f->in);
        return e;
    }
    f->card_bytes = a->cards.n - f->card_at;
    a->bytes += f->in.bytes;
    a->n++;
    return OK;
}

/* One commit takes no more than that, whatever a command may be about. */
static uint64_t messages_max(const struct imap *s)
{
    uint64_t max = s->server->settings->messages_max;
    return max && max < IMAP_APPEND_MESSAGES ? max : IMAP_APPEND_MESSAGES;
}

static enum err read_messages(struct appending *a)
{
    enum err e = read_message(a);
    while (!e && parse_append_more(&a->parse)) {
        if (a->one) return imap_bad(a->s, S("one message a command"));
        e = imap_limit_count(a->s, a->n + 1, messages_max(a->s));
        if (!e) e = read_message(a);
    }
    if (!e && a->parse.err) e = appending_bad(a);
    return e;
}

struct appending appending_begin(struct imap *s, const struct append_args *args)
{
    struct appending a = { .s = s, .mailbox = args->mailbox, .cards = buf_make(CARD_BYTES) };
    a.until_us = now_us(&a) + s->server->settings->command_ms * 1000;
    return a;
}

static enum err read_quota(struct appending *a)
{
    struct view *view = store_view(a->s->server->store);
    if (!view) return ERR_LATER;
    enum err e = store_quota(view, a->to.account, &a->quota);
    view_end(view);
    return e;
}

enum err appending_place(struct appending *a)
{
    struct mailbox m;
    enum err e = imap_place(a->s, a->mailbox, RIGHT_INSERT, &a->to);
    if (!e) e = imap_find_mailbox(a->s, a->mailbox, RIGHT_INSERT, &m);
    if (!e) e = read_quota(a);
    return e == ERR_NOTFOUND ? imap_no(a->s, e, S("TRYCREATE"), S("no such mailbox")) : e;
}

enum err appending_read(struct appending *a, str rest)
{
    struct imap *s = a->s;
    struct literal literal;
    a->parse = parse_begin(rest, &s->arena, &parse_limits_user, imap_literal, s);
    enum err e = read_messages(a);
    if (e == ERR_GONE) return e;
    imap_went_on(s);
    if (e && parse_literal_follows(a->parse.scan.in, &literal) &&
        imap_swallow(s, literal) == ERR_GONE)
        return ERR_GONE;
    return e;
}

/* --- filing them ---------------------------------------------------------------------------- */
struct append *appending_items(struct appending *a)
{
    struct imap *s = a->s;
    int64_t now_s = seam_wall_us(loop_seam(conn_loop(s->conn))) / 1000000;
    struct flags_kept kept = imap_flags_kept(a->to.rights);
    struct append *all = ARENA_ARRAY(&s->arena, a->n, struct append);
    for (size_t i = 0; all && i < a->n; i++) {
        const struct filed *f = &a->items[i];
        const struct append_message *m = &f->message;
        all[i] = (struct append){
            .account = a->to.account,
            .mailbox = a->to.name,
            .body = f->in.body,
            .card = str_sub(buf_str(&a->cards), f->card_at, f->card_bytes),
            .flags = m->flags.system & (uint8_t)~kept.system,
            .keywords = m->flags.keywords.items,
            .keywords_n = kept.keywords ? 0 : m->flags.keywords.n,
            .internal_date_s = m->has_date ? m->date : now_s,
            .internal_zone_min = m->has_date ? m->zone_minutes : 0,
        };
    }
    return all;
}

/* What the store calls a limit is quota, unless there is room by that: then it is the keywords. */
enum err appending_refused(struct appending *a, enum err e)
{
    if (e == ERR_NOTFOUND) return imap_no(a->s, e, S("TRYCREATE"), S("no such mailbox"));
    if (e != ERR_LIMIT) return e;
    size_t n = a->n;
    a->n = n ? n - 1 : 0; /* room for what is there, not for one more */
    enum err room = appending_room(a, 0);
    a->n = n;
    return room ? room : imap_no(a->s, e, S("LIMIT"), S("too many keywords in this mailbox"));
}

void appending_end(struct appending *a)
{
    for (size_t i = 0; i < a->n; i++)
        incoming_end(&a->items[i].in);
    buf_free(&a->cards);
}

/* "APPENDUID 38505 3955:3957": UIDs of one commit follow each other (RFC 4315 3). */
static void tell_uids(struct imap *s, const struct appended *done, size_t n)
{
    uint32_t first = done[0].uid.n, last = done[n - 1].uid.n;
    str more = n > 1 ? arena_fmt(&s->arena, ":%u", last) : S("");
    imap_ok_code(
        s, arena_fmt(&s->arena, "APPENDUID %u %u%.*s", done[0].uidvalidity, first, STR_ARG(more)));
}

static enum err file(struct appending *a)
{
    struct imap *s = a->s;
    if (s->stay.over)
        return imap_no(s, ERR_DENIED, S("UNAVAILABLE"), S("your account has changed"));
    enum err e = appending_place(a);
    if (e) return e;
    struct append *items = appending_items(a);
    struct appended *done = ARENA_ARRAY(&s->arena, a->n, struct appended);
    if (!items || !done) return ERR_LIMIT;
    e = store_append(s->server->store, items, a->n, done);
    if (e) return appending_refused(a, e);
    tell_uids(s, done, a->n);
    imap_notify_own_uids(s, items[0].account, done[0].uidvalidity,
                         (struct uid_range){ done[0].uid.n, done[a->n - 1].uid.n });
    return OK;
}

enum err imap_append(struct imap *s, const struct command *c)
{
    struct literal literal;
    struct appending a = appending_begin(s, &c->append);
    enum err e = appending_place(&a);
    if (e && parse_literal_follows(c->append.rest, &literal) &&
        imap_swallow(s, literal) == ERR_GONE)
        e = ERR_GONE;
    if (!e) e = appending_read(&a, c->append.rest);
    if (!e) e = file(&a);
    appending_end(&a);
    return e;
}
