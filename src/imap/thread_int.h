/* thread_int.h - between THREAD's command (thread.c) and its algorithms (thread_tree.c,
 * thread_subject.c).
 *
 * Pure: messages in, a tree of them out. Nodes are indices, so that no walk needs a stack.
 */
#ifndef IMAP_THREAD_INT_H
#define IMAP_THREAD_INT_H

#include "imap/command.h"

struct thread_message { /* in the order of the mailbox */
    uint32_t number;    /* what is told: a sequence number or a UID */
    int64_t sent_s, arrived_s;
    uint64_t id;          /* card_id_hash; 0: none */
    const uint64_t *refs; /* the same; oldest first */
    size_t refs_n;
    str subject; /* base subject, folded */
    bool reply;  /* the subject said Re: or Fwd: */
};

enum { THREAD_NONE = 0, THREAD_ROOT = 1, THREAD_FIRST = 2 };
struct thread_node {
    uint32_t parent, first, last, next, prev;
    uint32_t message; /* its place among the messages, plus 1; 0: nobody has this message */
};
struct thread_tree {
    const struct thread_message *messages;
    struct thread_node *nodes; /* [THREAD_ROOT]'s children are the threads, in their order */
    uint32_t n;
};

/* In the arena; false when that is spent. RFC 5256 3; draft-ietf-morg-inthread 4. */
bool thread_build(struct arena *a, enum thread_algorithm algorithm,
                  const struct thread_message *messages, size_t n, struct thread_tree *out);
/* "(2)(3 6 (4 23)(44 7 96))"; numbers of one thread after the other. RFC 5256 4. */
void thread_write(struct buf *out, const struct thread_tree *tree, uint32_t thread);

/* --- between the files ---------------------------------------------------------------------- */
void thread_link(struct thread_tree *t, uint32_t parent, uint32_t child);
void thread_unlink(struct thread_tree *t, uint32_t child);
uint32_t thread_next(const struct thread_tree *t,
                     uint32_t node); /* preorder, below the root; 0: over */
/* Sort the children of a node by sent date; list has room for all. */
void thread_sort(struct thread_tree *t, uint32_t parent, uint32_t *list);
/* Steps 4 and 5: threads of one base subject become one. */
bool thread_join_subjects(struct arena *a, struct thread_tree *t, uint32_t *list);
bool thread_by_subject(struct arena *a, struct thread_tree *t, size_t n);

#endif
