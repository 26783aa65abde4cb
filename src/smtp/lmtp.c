/* lmtp.c - what LMTP has beyond SMTP: each recipient's own answer to the message. RFC 2033 4.2.
 *
 * Its commands are SMTP's (session.c). Here the size of the message is known before anybody has
 * taken responsibility, so a mailbox without room for it is refused, and only that one.
 */
#include "smtp/smtp_int.h"

/* An alias of several, or of somebody elsewhere, is taken as long as one of them has room. */
static bool is_full(struct view *v, const struct transaction *tx, const struct rcpt_share *share,
                    uint64_t bytes)
{
    if (!share->local_n || share->queue_n) return false;
    return !smtp_has_room(v, tx->local + share->local_at, share->local_n, bytes);
}

bool lmtp_drop_full(struct smtp *s, uint64_t bytes)
{
    struct transaction *tx = &s->tx;
    struct view *v = store_view(s->server->store);
    size_t kept = 0, told = 0;
    for (unsigned r = 0; r < tx->rcpts; r++) {
        struct rcpt_share *share = &tx->shares[r];
        share->full = v && is_full(v, tx, share, bytes);
        for (size_t i = 0; i < share->local_n && !share->full; i++)
            tx->local[kept++] = tx->local[share->local_at + i];
        for (size_t i = 0; i < share->told_n && !share->full; i++)
            tx->told[told++] = tx->told[share->told_at + i];
    }
    if (v) view_end(v);
    tx->local_n = kept;
    tx->told_n = told;
    return tx->local_n || tx->queue_n;
}

enum err lmtp_answer(struct smtp *s, str taken)
{
    enum err e = OK;
    for (unsigned i = 0; i < s->tx.rcpts; i++)
        e = s->tx.shares[i].full ? smtp_reply(s, 452, "4.2.2", S("that mailbox is full"))
                                 : smtp_reply(s, 250, "2.0.0", taken);
    return e;
}
