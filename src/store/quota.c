/* quota.c - what an account holds against what it may hold. */
#include "store/store_int.h"

static enum err limits_of(struct source from, struct account a, struct quota *out)
{
    struct user u;
    enum err e = user_by_account(from, a, &u);
    if (e) return e;
    out->bytes_max = u.quota_bytes;
    out->messages_max = u.quota_messages;
    return OK;
}

enum err store_quota(struct view *v, struct account a, struct quota *out)
{
    struct ledger_row used;
    struct quota q = { 0 };
    enum err e = ledger_row_get(in_view(v), a, &used);
    if (!e) e = limits_of(in_view(v), a, &q);
    if (e) return e;
    q.bytes = used.bytes;
    q.messages = used.messages;
    *out = q;
    return OK;
}

static bool fits(uint64_t used, uint64_t more, uint64_t max)
{
    return max == 0 || (used <= max && more <= max - used);
}

static enum err judge(const struct quota *limits, const struct ledger_row *used, uint64_t bytes,
                      uint64_t messages)
{
    if (!fits(used->bytes, bytes, limits->bytes_max)) return ERR_LIMIT;
    return fits(used->messages, messages, limits->messages_max) ? OK : ERR_LIMIT;
}

enum err ledger_room(struct ledger *l, uint64_t bytes, uint64_t messages)
{
    enum err e = l->limits_known ? OK : limits_of(in_txn(l->txn), l->account, &l->limits);
    if (e) return e;
    l->limits_known = true;
    return judge(&l->limits, &l->row, bytes, messages);
}

enum err quota_room(struct source from, struct account a, const struct ledger_row *used,
                    uint64_t bytes, uint64_t messages)
{
    struct quota q;
    enum err e = limits_of(from, a, &q);
    if (e) return e;
    return judge(&q, used, bytes, messages);
}
