/* uidbatches.c - UIDBATCHES: ranges of UIDs that hold so many messages each, the newest first.
 *
 * RFC 10022 3. Batches touch each other and the last reaches down to UID 1, so that a client that
 * works through them misses nothing; popcounts over the map of the mailbox find them.
 */
#include "imap/session_int.h"

#include "base/limits.h"

static void tell(struct imap *s, const struct command *c, const struct seqmap *map)
{
    const struct batches_args *want = &c->batches;
    struct reply *r = &s->reply;
    uint32_t high = map->count ? seqmap_uid(map, (struct seq){ map->count }).n : 0;
    uint32_t last = want->to ? want->to : UINT32_MAX;
    uint64_t left = map->count; /* messages in this batch and those below */
    bool first = true;
    reply_words(r, S("* UIDBATCHES (TAG "));
    reply_string(r, c->tag);
    reply_words(r, S(")"));
    for (uint32_t i = 1; left > 0 && i <= last; i++) {
        left = left > want->size ? left - want->size : 0;
        uint32_t low = left ? seqmap_uid(map, (struct seq){ (uint32_t)left + 1 }).n : 1;
        if (i >= want->from) {
            reply_words(r, first ? S(" ") : S(","));
            reply_number(r, high);
            reply_words(r, S(":"));
            reply_number(r, low);
            first = false;
        }
        high = low - 1;
    }
    reply_end(r);
}

enum err imap_uidbatches(struct imap *s, const struct command *c)
{
    if (c->batches.from > c->batches.to) {
        enum err e = imap_bad(s, S("the first batch comes first"));
        s->answer.code = S("CLIENTBUG");
        return e;
    }
    if (c->batches.size < IMAP_BATCH_MESSAGES)
        return imap_no(s, ERR_LIMIT, S("TOOFEW"), S("a batch has at least 500 messages"));
    struct look look;
    struct seqmap map;
    enum err e = imap_look(s, &look);
    if (e) return e;
    e = store_seqmap(look.view, &look.mailbox, &s->told, &s->arena, &map);
    imap_look_end(&look);
    if (!e) tell(s, c, &map);
    return e;
}
