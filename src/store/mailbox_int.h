/* mailbox_int.h - names of mailboxes inside a transaction: what CREATE, DELETE and RENAME share. */
#ifndef STORE_MAILBOX_INT_H
#define STORE_MAILBOX_INT_H

#include "store/store_int.h"

/* What stands under the key of a name: OK and the row, its name the caller's; ERR_LIMIT if another
 * long name that has the same hash stands there. */
enum err name_row_under(struct txn *t, struct account a, str name,
                        struct name_row *out) MUST_CHECK; /* ERR_NOTFOUND */

bool name_is_below(str name, str parent);
/* Each name below parent, in the order of keys, from this key on (NULL: all), until each() returns
 * false; it may not change the transaction. */
typedef bool name_each(void *arg, str key, const struct name_row *row);
enum err name_children(struct txn *t, struct account a, const struct key *first, str parent,
                       name_each *each, void *arg) MUST_CHECK;
enum err name_has_children(struct txn *t, struct account a, str name, bool *out) MUST_CHECK;

/* A name row whose mailbox is gone goes too unless it is subscribed or a parent; then it may have
 * been all that held its own parent. */
enum err name_settle(struct txn *t, struct account a, str name) MUST_CHECK;

#endif
