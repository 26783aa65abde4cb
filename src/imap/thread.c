/* thread.c - THREAD: the messages that match, by conversations.
 *
 * RFC 5256 3, BASE.7.2.THREAD; draft-ietf-morg-inthread 4. By the cards alone: no body is read for
 * it.
 */
#include "imap/thread_int.h"

#include "base/limits.h"
#include "imap/search_int.h"
#include "mail/fold.h"

struct threading {
    bool uid;
    struct arena *arena;
    struct thread_message *messages;
    size_t n;
};

/* RFC 5256 3: without References the first of In-Reply-To. */
static void references(struct threading *g, const struct card *card, struct thread_message *m)
{
    bool reply = card->nreferences == 0 && card->in_reply_to;
    size_t n = reply ? 1 : card->nreferences;
    uint64_t *refs = ARENA_ARRAY(g->arena, n, uint64_t);
    for (size_t i = 0; refs && i < n; i++)
        refs[i] = reply ? card->in_reply_to : card_reference(card, i);
    m->refs = refs;
    m->refs_n = refs ? n : 0;
}

static void take(void *arg, struct candidate *c, struct seq seq)
{
    struct threading *g = arg;
    struct thread_message m = {
        .number = g->uid ? c->m.uid.n : seq.n,
        .sent_s = c->m.internal_date_s,
        .arrived_s = c->m.internal_date_s,
    };
    if (c->has_card) {
        m.id = c->card.message_id;
        m.reply = c->card.flags & CARD_IS_REPLY;
        m.subject = text_fold(g->arena, c->card.base_subject);
        if (c->card.flags & CARD_HAS_DATE) m.sent_s = c->card.date.seconds;
        references(g, &c->card, &m);
    }
    struct thread_message *more = arena_more(g->arena, g->messages, g->n, sizeof(m));
    if (!more) return; /* the arena says so */
    g->messages = more;
    more[g->n++] = m;
}

static void tell(struct imap *s, const struct thread_tree *tree)
{
    struct buf thread = buf_make(IMAP_REPLY_BYTES);
    reply_words(&s->reply, S("* THREAD"));
    uint32_t at = tree->nodes[THREAD_ROOT].first;
    if (at) reply_words(&s->reply, S(" "));
    for (; at; at = tree->nodes[at].next) {
        buf_reset(&thread);
        thread_write(&thread, tree, at);
        reply_bytes(&s->reply, buf_str(&thread));
        imap_send_some(s);
    }
    reply_end(&s->reply);
    buf_free(&thread);
}

enum err imap_thread(struct imap *s, const struct command *c)
{
    struct arena kept = imap_paid(s, arena_make_large(IMAP_SORT_BYTES));
    struct threading g = { .uid = c->uid, .arena = &kept };
    struct search_walk w = { .cards = true, .whole = true, .hit = take, .arg = &g };
    struct thread_tree tree;
    enum err e = imap_search_selected(s, c, &w);
    if (!e && kept.full) e = ERR_LIMIT;
    if (!e && !thread_build(&kept, c->search.thread, g.messages, g.n, &tree)) e = ERR_LIMIT;
    if (!e) tell(s, &tree);
    arena_free(&kept);
    return e;
}
