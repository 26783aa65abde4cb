/* list_int.h - all mailboxes that a user may know of, by name; between list.c and notify*.c. */
#ifndef IMAP_LIST_INT_H
#define IMAP_LIST_INT_H

#include "imap/session_int.h"

struct boxes {
    struct arena *arena;
    struct mailbox *items; /* ascending by name */
    size_t n, cap;
};

/* His own, those that others share with him, and the levels above these; in the command arena. */
enum err imap_all_boxes(struct imap *s, struct boxes *b) MUST_CHECK;
/* Is there a mailbox below it; with subscribed: one that is subscribed? */
bool boxes_have_below(const struct boxes *b, str name, bool subscribed, struct arena *a);
/* NULL: none has this name. */
const struct mailbox *boxes_named(const struct boxes *b, str name);
/* "\Sent"; empty for USE_NONE. */
str imap_use_name(enum special_use use);

#endif
