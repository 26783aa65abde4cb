/* bdat.c - BDAT: the message in counted chunks. RFC 3030.
 *
 * The bytes follow the command whatever we think of it: a refused chunk is swallowed, and one whose
 * size cannot be read ends the session, for its bytes would be taken for commands.
 */
#include "base/budget.h"
#include "base/limits.h"
#include "smtp/smtp_int.h"

struct chunk {
    uint64_t left; /* bytes still to come */
    uint64_t until_us;
    bool last;
};

static enum err next_piece(struct smtp *s, struct chunk *chunk, str *bytes)
{
    size_t want = chunk->left < CONN_INPUT_BYTES ? (size_t)chunk->left : CONN_INPUT_BYTES;
    enum err e = smtp_read_piece(s, want, chunk->until_us, bytes);
    if (!e) chunk->left -= bytes->n;
    return e;
}

/* in NULL: swallow. Waits. */
static enum err read_chunk(struct smtp *s, struct chunk *chunk, struct intake *in)
{
    while (chunk->left) {
        str bytes;
        if (next_piece(s, chunk, &bytes)) return ERR_GONE;
        if (in) intake_chunk(in, bytes);
    }
    return OK;
}

static enum err refuse_state(struct smtp *s)
{
    if (s->state == SMTP_START) return smtp_say_hello_first(s);
    if (s->state == SMTP_MAIL) return smtp_no_recipients(s);
    return smtp_reply(s, 503, "5.5.1", S("say MAIL first"));
}

/* RFC 3030 2: after a chunk that failed nothing is left of the transaction. */
static enum err take_chunk(struct smtp *s, struct chunk *chunk)
{
    struct intake *in = s->tx.intake;
    uint64_t bytes = chunk->left;
    if (read_chunk(s, chunk, in)) return ERR_GONE;
    if (!intake_failed(in) && !chunk->last) {
        s->state = SMTP_CHUNKS;
        return smtp_reply(s, 250, "2.0.0",
                          arena_fmt(&s->command, "%llu bytes received", (unsigned long long)bytes));
    }
    enum err e = intake_failed(in) ? intake_refuse(in, chunk->last) : intake_finish(in);
    smtp_forget_transaction(s);
    return e;
}

static enum err swallow(struct smtp *s, struct chunk *chunk)
{
    if (chunk->left > 2 * s->server->settings->size_max_bytes) {
        s->closing = true;
        return OK;
    }
    return read_chunk(s, chunk, NULL);
}

/* The chunk is swallowed, and with it the transaction. */
static enum err refuse_chunk(struct smtp *s, struct chunk *chunk, unsigned code,
                             const char *enhanced, str why)
{
    if (swallow(s, chunk)) return ERR_GONE;
    enum err e =
        chunk->last ? smtp_reply_each(s, code, enhanced, why) : smtp_reply(s, code, enhanced, why);
    smtp_forget_transaction(s);
    return e;
}

enum err smtp_bdat(struct smtp *s, str args)
{
    struct chunk chunk = { .until_us =
                               loop_now_us(conn_loop(s->conn)) + SMTP_MESSAGE_MS * UINT64_C(1000) };
    if (!smtp_bdat_params(args, &chunk.left, &chunk.last)) {
        s->closing = true;
        return smtp_reply(s, 501, "5.5.4", S("BDAT size [LAST]"));
    }
    if (s->state != SMTP_RCPT && s->state != SMTP_CHUNKS)
        return swallow(s, &chunk) ? ERR_GONE : refuse_state(s);
    if (chunk.left > s->server->settings->size_max_bytes) {
        budget_struck(BUDGET_SMTP_SIZE);
        return refuse_chunk(s, &chunk, 552, "5.3.4", S("message too big"));
    }
    if (!s->tx.intake && intake_new(s, &s->tx.intake))
        return refuse_chunk(s, &chunk, 452, "4.3.1", S("no room for a message now, try again"));
    if (chunk.left > 0 && s->fruitless) s->fruitless--; /* it brings something */
    return take_chunk(s, &chunk);
}
