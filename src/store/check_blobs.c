/* check_blobs.c - bodies: as many references as there are messages and queue entries that need
 * them, and the cards that are kept say what the bodies say.
 *
 * Range by range of blobs: the references of a range are gathered and compared with the engine's
 * in one view, aside; then each body of the range is read once, and its card made again, for all
 * messages that share it.
 */
#include "store/check_int.h"

#include "base/mem.h"
#include "mail/card.h"

struct compare {
    struct checking *c;
    const struct refs *refs;
    size_t at;
};

/* The blobs below this one that somebody refers to, and the engine does not know. */
static void pass_unknown(struct compare *p, uint64_t below)
{
    for (; p->at < p->refs->n && p->refs->refs[p->at].blob < below; p->at++) {
        const struct ref *r = &p->refs->refs[p->at];
        bool again = p->at > 0 && r[-1].blob == r->blob;
        if (!again)
            check_fault(p->c, "blob %llu: its bytes are missing", (unsigned long long)r->blob);
    }
}

static bool compare_blob(void *arg, struct blob blob, int64_t counted,
                         const struct blob_facts *facts)
{
    struct compare *p = arg;
    pass_unknown(p, blob.n);
    size_t from = p->at;
    while (p->at < p->refs->n && p->refs->refs[p->at].blob == blob.n)
        p->at++;
    int64_t refs = (int64_t)(p->at - from);
    if (refs && !facts)
        check_fault(p->c, "blob %llu: its bytes are missing", (unsigned long long)blob.n);
    else if (facts && counted != refs)
        check_fault(p->c, "blob %llu: %lld references counted, there are %lld",
                    (unsigned long long)blob.n, (long long)counted, (long long)refs);
    return true;
}

static enum err compare_range(struct checking *c, void *arg)
{
    struct refs *refs = arg;
    c->view = store_view(c->store);
    if (!c->view) return ERR_LATER;
    enum err e = refs_gather(c, refs);
    struct compare p = { c, refs, 0 };
    struct blob first = { refs->first }, last = { refs->last };
    if (!e) e = view_blobs(c->view, first, last, compare_blob, &p);
    if (!e) pass_unknown(&p, UINT64_MAX);
    view_end(c->view);
    return e;
}

/* --- cards ----------------------------------------------------------------------------------- */

static void check_card(struct checking *c, const struct ref *r, enum err state, str wanted)
{
    struct buf kept = buf_make(CARD_BYTES), words = buf_make(LOG_VALUE_BYTES);
    struct named message;
    c->report->messages++;
    if (r->account == ACCOUNT_QUEUE.n) {
        if (state) check_fault(c, "queue %llu: its bytes are gone", (unsigned long long)r->n);
    } else if (ref_name(c, r, &message, &kept)) {
        struct card card;
        if (!state && !message.m.card.n && card_kept(c->store->engine, &message.m, &kept))
            kept.n = 0;
        card_words(state ? buf_str(&kept) : wanted, &words);
        if (state)
            check_fault(c, "%.*s%.*s: its bytes are gone", STR_ARG(buf_str(&message.name)),
                        STR_ARG(buf_str(&words)));
        else if (!card_open(wanted, &card) || card.size != message.m.size_bytes)
            check_fault(c, "%.*s%.*s: its size is wrong", STR_ARG(buf_str(&message.name)),
                        STR_ARG(buf_str(&words)));
        else if (!card_agrees(buf_str(&kept), wanted))
            check_fault(c, "%.*s%.*s: its card is not its message's",
                        STR_ARG(buf_str(&message.name)), STR_ARG(buf_str(&words)));
        buf_free(&message.name);
    }
    buf_free(&kept);
    buf_free(&words);
}

/* All that share the blob at refs[at]; returns where the next one begins. */
static size_t check_body(struct checking *c, const struct refs *refs, size_t at)
{
    struct buf card = buf_make(CARD_BYTES);
    uint64_t blob = refs->refs[at].blob;
    enum err state = card_again(c->store->engine, (struct blob){ blob }, &card);
    if (state == ERR_LATER) state = OK, card.n = 0; /* the disk's affair, told by the engine */
    for (; at < refs->n && refs->refs[at].blob == blob; at++)
        if (state || card.n) check_card(c, &refs->refs[at], state, buf_str(&card));
    buf_free(&card);
    if (fiber_self()) fiber_yield();
    return at;
}

enum err check_blobs(struct checking *c)
{
    struct refs refs = { .max = STORE_CHECK_REFS };
    enum err e = OK;
    do {
        e = check_aside(c, compare_range, &refs); /* Waits. */
        for (size_t at = 0; !e && at < refs.n && !c->report->unread;) {
            check_tell(c, "messages", c->report->messages, 0);
            at = check_body(c, &refs, at);
            if (c->report->stop) e = ERR_GONE;
        }
        refs.first = refs.last + 1;
    } while (!e && refs.last != UINT64_MAX);
    refs_free(&refs);
    return e;
}
