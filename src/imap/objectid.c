/* objectid.c - ids of mailboxes, messages and threads that outlive names and numbers.
 *
 * RFC 8474 3: letters, digits, "-" and "_", never reused, never the same for two things on this
 * server. Numbers of messages and threads are an account's own, so the account is part of the id.
 */
#include "imap/session_int.h"

void imap_email_id(struct buf *out, struct account a, uint64_t id)
{
    buf_addf(out, "M%jx-%jx", (uintmax_t)a.n, (uintmax_t)id);
}

void imap_thread_id(struct buf *out, struct account a, uint64_t id)
{
    buf_addf(out, "T%jx-%jx", (uintmax_t)a.n, (uintmax_t)id);
}

str imap_mailbox_id_code(struct imap *s, struct mailbox_id id)
{
    return arena_fmt(&s->arena, "MAILBOXID (F%jx)", (uintmax_t)id.n);
}
