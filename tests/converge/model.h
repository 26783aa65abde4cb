/* model.h - what the mailboxes must hold, told from the answers alone, one act at a time. */
#ifndef CONVERGE_MODEL_H
#define CONVERGE_MODEL_H

#include "converge/acts.h"

struct letter {
    uint32_t uid;
    unsigned flags, text;
    uint64_t modseq; /* as the witness saw it last */
};

struct box {
    struct letter letters[MESSAGES_MAX]; /* by UID */
    size_t n;
    uint32_t uidnext;
    uint64_t modseq; /* HIGHESTMODSEQ, as the witness saw it last */
};

struct model {
    struct box boxes[BOXES];
};

/* The act was answered: what that makes of the mailboxes. d is the device that did it. */
void model_apply(struct model *m, const struct device *d, const struct act *a);
/* A fresh look at the server's mailboxes must see just this, and modification sequences that rise. */
void model_check(struct model *m, struct device *witness);
/* The device, which has heard all news, knows just this of its mailbox. */
void model_compare(const struct model *m, const struct device *d);
/* What the server holds, for devices that acted all at once. */
void model_take(struct model *m, struct device *witness);

#endif
