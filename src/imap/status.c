/* status.c - STATUS: counts of a mailbox that is not selected, RFC 9051 6.3.11, 7.3.4; RFC
 * 8474 4.3; RFC 9208 4.1.4. */
#include "imap/session_int.h"

#include "base/limits.h"
#include "base/mem.h"
#include "run/fiber.h"

/* A view spans no wait, and many messages are many rows: a page at a time. */
static uint64_t deleted_bytes(struct imap *s, const struct mailbox *m)
{
    uint64_t bytes = 0;
    struct uid from = { 1 };
    if (m->deleted == m->messages) return m->size_bytes;
    while (from.n && m->deleted) {
        struct view *view = store_view(s->server->store);
        if (!view) break;
        if (store_deleted_bytes(view, m, &from, IMAP_SEARCH_TURN, &bytes)) from.n = 0;
        view_end(view);
        fiber_yield();
    }
    return bytes;
}

void imap_tell_status(struct imap *s, const struct mailbox *m, uint32_t items)
{
    uint64_t deleted = items & STATUS_DELETED_STORAGE ? deleted_bytes(s, m) : 0;
    const struct {
        uint32_t item;
        str name;
        uint64_t value;
    } all[] = {
        { STATUS_MESSAGES, S("MESSAGES"), m->messages },
        { STATUS_RECENT, S("RECENT"), 0 },
        { STATUS_UIDNEXT, S("UIDNEXT"), m->uidnext.n },
        { STATUS_UIDVALIDITY, S("UIDVALIDITY"), m->uidvalidity },
        { STATUS_UNSEEN, S("UNSEEN"), m->unseen },
        { STATUS_DELETED, S("DELETED"), m->deleted },
        { STATUS_SIZE, S("SIZE"), m->size_bytes },
        { STATUS_HIGHESTMODSEQ, S("HIGHESTMODSEQ"), m->highest_modseq.n },
        { STATUS_DELETED_STORAGE, S("DELETED-STORAGE"), deleted },
        { STATUS_APPENDLIMIT, S("APPENDLIMIT"), s->server->settings->append_bytes_max },
    };
    struct reply *r = &s->reply;
    bool first = true;
    reply_words(r, S("* STATUS "));
    reply_mailbox(r, m->name);
    reply_words(r, S(" ("));
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (!(items & all[i].item)) continue;
        if (!first) reply_words(r, S(" "));
        first = false;
        reply_words(r, all[i].name);
        reply_words(r, S(" "));
        reply_number(r, all[i].value);
    }
    if (items & STATUS_MAILBOXID) {
        if (!first) reply_words(r, S(" "));
        reply_words(r, imap_mailbox_id_code(s, m->id));
    }
    reply_words(r, S(")"));
    reply_end(r);
}

enum err imap_status(struct imap *s, const struct command *c)
{
    struct mailbox m;
    enum err e = imap_find_mailbox(s, c->status.mailbox, RIGHT_READ, &m);
    if (e) return e;
    if (c->status.items & STATUS_HIGHESTMODSEQ)
        imap_enable_now(s, ENABLED_CONDSTORE); /* RFC 7162 3.1 */
    imap_tell_status(s, &m, c->status.items);
    return OK;
}
