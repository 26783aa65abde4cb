/* notify_int.h - what a session wants to hear of, and what it has heard: notify.c, notify_look.c. */
#ifndef IMAP_NOTIFY_INT_H
#define IMAP_NOTIFY_INT_H

#include "imap/list_int.h"

/* A mailbox as it was when it was last looked at. */
struct seen_box {
    struct account account;
    struct mailbox_id id;
    str name;
    uint32_t uidvalidity, messages, unseen;
    struct uid uidnext;
    struct modseq modseq;
    bool exists, subscribed, readable;
};
struct seen {
    struct arena arena;
    struct seen_box *boxes; /* ascending by name */
    size_t n;
};

struct notify {
    struct arena arena; /* of the command that set it */
    struct notify_args args;
    uint32_t selected;  /* events of the selected mailbox */
    bool delayed;       /* its expunges wait for a command that may tell them */
    const struct notify_group *fetch; /* what is fetched of new messages there; NULL: nothing */
    struct modseq flags_since; /* of the selected mailbox: changes of flags since were kept back; 0: none */
    struct uid_range own; /* messages that this session has just put into the selected mailbox */
    struct list watches;
    size_t watches_n;
    struct seen seen;
};

/* The events that are asked of this mailbox, when it is not the selected one. */
uint32_t notify_events(const struct imap *s, const struct seen_box *b);

/* What may be told by a look. */
struct notify_look {
    bool silent;             /* nothing: it is the first */
    const struct command *own; /* not what this command of the session's own has done; may be NULL */
};
/* Looks at all mailboxes, tells what has changed since the last look. ERR_LIMIT: too many. Waits. */
enum err notify_look(struct imap *s, const struct notify_look *how) MUST_CHECK;
void notify_unwatch(struct imap *s);

#endif
