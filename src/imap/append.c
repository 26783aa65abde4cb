/* append.c - APPEND: a client puts a message into a mailbox.
 *
 * RFC 9051 6.3.12; APPENDUID 7.1; APPENDLIMIT RFC 7889. The literal streams to the store and to the
 * card; whatever is refused is refused before the "+" where that is possible.
 */
#include "imap/session_int.h"

#include "base/limits.h"
#include "imap/parse.h"
#include "mail/card.h"
#include "run/fiber.h"

/* --- the message on its way in -------------------------------------------------------------- */
struct incoming {
    struct body *body;
    struct card_builder *card;
    bool last_cr; /* the byte before was CR */
    bool nul;     /* it cannot be taken, but must be read to its end */
};

static enum err store_piece(struct incoming *in, str piece)
{
    if (piece.n == 0) return OK;
    card_feed(in->card, piece);
    return body_write(in->body, piece);
}

/* The store holds CRLF lines: a lone LF becomes one. */
static enum err take(struct incoming *in, str bytes)
{
    str rest = bytes;
    size_t from = 0, lf;
    while ((lf = str_chr(str_from(rest, from), '\n')) != STR_NPOS) {
        size_t at = from + lf;
        bool whole = at > 0 ? rest.p[at - 1] == '\r' : in->last_cr;
        from = at + 1;
        if (whole) continue;
        enum err e = store_piece(in, str_take(rest, at));
        if (!e) e = store_piece(in, S("\r\n"));
        if (e) return e;
        rest = str_from(rest, at + 1);
        from = 0;
        in->last_cr = false;
    }
    if (bytes.n) in->last_cr = bytes.p[bytes.n - 1] == '\r';
    return store_piece(in, rest);
}

/* All bytes of the literal are read, also after the store has refused one: what is not read would
 * be taken for commands. */
static enum err receive(struct imap *s, struct incoming *in, uint64_t left)
{
    enum err result = OK;
    while (left > 0) {
        str piece;
        enum err e =
            conn_read(s->conn, left < IMAP_READ_BYTES ? (size_t)left : IMAP_READ_BYTES, &piece);
        if (e) return e;
        imap_went_on(s);
        left -= piece.n;
        in->nul |= str_has(piece, '\0');
        if (!result && !in->nul) result = take(in, piece);
    }
    return result;
}

/* --- filing it ------------------------------------------------------------------------------ */
static enum err file(struct imap *s, const struct append_args *args, struct incoming *in)
{
    struct buf card = buf_make(CARD_BYTES);
    if (!card_end(in->card, &card)) {
        buf_free(&card);
        return ERR_LIMIT;
    }
    bool beside = card.n > STORE_CARD_INLINE_BYTES;
    enum err e = body_seal(in->body, beside ? buf_str(&card) : (str){ 0 });
    int64_t now_s = seam_wall_us(loop_seam(conn_loop(s->conn))) / 1000000;
    struct append append = {
        .account = s->account,
        .mailbox = args->mailbox,
        .body = in->body,
        .card = buf_str(&card),
        .flags = args->flags.system,
        .keywords = args->flags.keywords.items,
        .keywords_n = args->flags.keywords.n,
        .internal_date_s = args->has_date ? args->date : now_s,
        .internal_zone_min = args->has_date ? args->zone_minutes : 0,
    };
    struct appended done;
    if (!e) e = store_append(s->server->store, &append, 1, &done);
    buf_free(&card);
    if (e == ERR_NOTFOUND) return imap_no(s, e, S("TRYCREATE"), S("no such mailbox"));
    if (e == ERR_LIMIT) return imap_no(s, e, S("OVERQUOTA"), S("no room for it"));
    if (e) return e;
    imap_ok_code(s, arena_fmt(&s->arena, "APPENDUID %u %u", done.uidvalidity, done.uid.n));
    return OK;
}

/* The line that ends the command. RFC 9051 has one message a command; a second is passed over. */
static enum err command_end(struct imap *s)
{
    str line;
    struct literal more;
    enum err e = imap_line(s, &line);
    if (e) return e;
    if (line.n == 0) return OK;
    if (parse_literal_follows(line, &more)) e = imap_swallow(s, more);
    return e ? e : imap_bad(s, S("one message a command"));
}

static enum err append(struct imap *s, const struct append_args *args, struct incoming *in)
{
    if (args->literal.sync) {
        reply_words(&s->reply, S("+ send it"));
        reply_end(&s->reply);
        imap_send(s);
    }
    enum err stored = receive(s, in, args->literal.size_bytes);
    if (stored == ERR_GONE) return stored;
    enum err e = command_end(s);
    if (e) return e;
    if (in->nul) return imap_no(s, ERR_DENIED, S("CANNOT"), S("a message holds no NUL"));
    return stored ? stored : file(s, args, in);
}

/* Quota is judged again at commit; here it saves the client the sending. */
static enum err judge_room(struct imap *s, uint64_t size_bytes)
{
    struct quota q;
    struct view *view = store_view(s->server->store);
    if (!view) return ERR_LATER;
    enum err e = store_quota(view, s->account, &q);
    view_end(view);
    if (e) return e;
    bool fits = (!q.bytes_max || q.bytes + size_bytes <= q.bytes_max) &&
                (!q.messages_max || q.messages < q.messages_max);
    return fits ? OK : imap_no(s, ERR_LIMIT, S("OVERQUOTA"), S("no room for it"));
}

/* What can be known before the bytes come. */
static enum err judge(struct imap *s, const struct append_args *args)
{
    struct mailbox m;
    if (args->literal.binary)
        return imap_no(s, ERR_DENIED, S("UNKNOWN-CTE"), S("binary messages are not taken"));
    if (args->literal.size_bytes > s->server->settings->append_bytes_max)
        return imap_no(s, ERR_LIMIT, S("TOOBIG"), S("message too large"));
    if (args->literal.size_bytes == 0)
        return imap_no(s, ERR_DENIED, S("CANNOT"), S("a message is not empty"));
    enum err e = imap_find_mailbox(s, args->mailbox, &m);
    if (e == ERR_NOTFOUND) return imap_no(s, e, S("TRYCREATE"), S("no such mailbox"));
    return e ? e : judge_room(s, args->literal.size_bytes);
}

enum err imap_append(struct imap *s, const struct command *c)
{
    const struct append_args *args = &c->append;
    struct incoming in = { 0 };
    enum err e = judge(s, args);
    if (!e) e = body_begin(store_engine(s->server->store), &in.body);
    if (e) {
        enum err swallowed = args->literal.sync ? OK : imap_swallow(s, args->literal);
        return swallowed == ERR_GONE ? ERR_GONE : e;
    }
    in.card = card_begin();
    e = append(s, args, &in);
    card_free(in.card);
    body_free(in.body);
    return e;
}
