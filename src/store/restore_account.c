/* restore_account.c - every message of an account, with what tells it from all others. */
#include "base/codec.h"
#include "mail/card.h"
#include "store/backup_int.h"

enum { PAGE_MESSAGES = 128, BOXES_BYTES = 64 * 1024 * 1024, PAGE_BYTES = 64 * 1024 * 1024 };

struct walking {
    struct store *store;
    struct account account;
    str only;
    restore_each_fn *each;
    void *arg;
    struct arena boxes, page;
    struct mailbox *box;
    size_t boxes_n;
    const str *keywords;
    size_t keywords_n;
    struct message *messages;
    size_t messages_n;
};

uint64_t restore_box(str name)
{
    return XXH3_64bits(name.p ? name.p : "", name.n);
}

/* --- what tells a message --------------------------------------------------------------------- */

static struct restore_identity identify(const struct message *m)
{
    struct card card = { 0 };
    bool good = card_open(m->card, &card);
    struct buf b = buf_make(32 + m->card.n);
    buf_le64(&b, m->size_bytes);
    buf_le64(&b, (uint64_t)m->internal_date_s);
    buf_le64(&b, good ? card.message_id : 0);
    if (good && !card.message_id) buf_add(&b, card.envelope);
    XXH128_hash_t h = XXH3_128bits(b.p, b.n);
    buf_free(&b);
    return (struct restore_identity){ h.high64, h.low64 };
}

/* A card that is too large for the message's row lies beside its body. Waits. */
static void fetch_card(struct walking *w, struct message *m)
{
    struct body_reader *r;
    str side;
    if (m->card.n || body_open(store_engine(w->store), m->blob, &r)) return;
    if (!body_side(r, &side)) m->card = arena_copy(&w->page, side);
    body_close(r);
}

/* --- walking -----------------------------------------------------------------------------------
 */

static bool take_box(void *arg, const struct mailbox *m)
{
    struct walking *w = arg;
    if (!m->exists || (w->only.n && !str_eq(m->name, w->only))) return true;
    w->box = arena_more(&w->boxes, w->box, w->boxes_n, sizeof *w->box);
    if (!w->box) return false;
    w->box[w->boxes_n] = *m;
    w->box[w->boxes_n++].name = arena_copy(&w->boxes, m->name);
    return true;
}

static bool take_message(void *arg, const struct message *m)
{
    struct walking *w = arg;
    struct message *copy = &w->messages[w->messages_n++];
    *copy = *m;
    copy->card = arena_copy(&w->page, m->card);
    return w->messages_n < PAGE_MESSAGES;
}

static enum err read_page(struct walking *w, const struct mailbox *box, struct uid from)
{
    struct view *v = store_view(w->store);
    if (!v) return ERR_LATER;
    arena_reset(&w->page);
    w->messages_n = 0;
    w->messages = ARENA_ARRAY(&w->page, PAGE_MESSAGES, struct message);
    enum err e = store_messages(v, box, (struct uid_range){ from.n, UINT32_MAX },
                                WANT_FLAGS | WANT_CARD, take_message, w);
    if (!e) e = store_keywords(v, box, &w->page, &w->keywords, &w->keywords_n);
    view_end(v);
    return e ? e : w->page.full ? ERR_LIMIT : OK;
}

static enum err show(struct walking *w, const struct mailbox *box, struct message *m)
{
    struct arena_mark mark = arena_mark(&w->page);
    fetch_card(w, m);
    struct restore_message shown = {
        .mailbox = box,
        .keywords = w->keywords,
        .keywords_n = w->keywords_n,
        .message = *m,
        .identity = identify(m),
    };
    enum err e = w->each(w->arg, &shown);
    arena_rewind(&w->page, mark);
    return e;
}

static enum err walk_box(struct walking *w, const struct mailbox *box)
{
    struct uid from = { 1 };
    enum err e;
    do {
        e = read_page(w, box, from);
        for (size_t i = 0; i < w->messages_n && !e; i++)
            e = show(w, box, &w->messages[i]);
        if (w->messages_n) from.n = w->messages[w->messages_n - 1].uid.n + 1;
    } while (!e && w->messages_n == PAGE_MESSAGES);
    return e;
}

enum err restore_each(struct store *s, struct account a, str box, restore_each_fn *each, void *arg)
{
    struct walking w = { .store = s, .account = a, .only = box, .each = each, .arg = arg };
    w.boxes = arena_make(BOXES_BYTES);
    w.page = arena_make(PAGE_BYTES);
    struct view *v = store_view(s);
    enum err e = v ? store_mailboxes(v, a, take_box, &w) : ERR_LATER;
    if (v) view_end(v);
    if (!e && w.boxes.full) e = ERR_LIMIT;
    if (!e && box.n && !w.boxes_n) e = ERR_NOTFOUND;
    for (size_t i = 0; i < w.boxes_n && !e; i++)
        e = walk_box(&w, &w.box[i]);
    arena_free(&w.boxes);
    arena_free(&w.page);
    return e;
}
