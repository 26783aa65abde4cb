/* list.h - an intrusive doubly linked list; the head is a node that belongs to no element. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include "base/mem.h"

struct list { struct list *prev, *next; };

static inline void list_init(struct list *head) { head->prev = head->next = head; }
static inline bool list_empty(const struct list *head) { return head->next == head; }
static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}
static inline void list_push_back(struct list *head, struct list *node) { list_insert_before(head, node); }
static inline void list_push_front(struct list *head, struct list *node) { list_insert_before(head->next, node); }
/* Safe on a node that is alone: it is left pointing at itself. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}
#define LIST_EACH(head, node) for (struct list *node = (head)->next; node != (head); node = node->next)
/* The body may remove node. */
#define LIST_EACH_SAFE(head, node)                                                          \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head);       \
         node = node##_next, node##_next = node->next)

#endif
