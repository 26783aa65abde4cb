/* thread_subject.c - threads by subject: ORDEREDSUBJECT, and what REFERENCES joins by it.
 *
 * RFC 5256 3: THREAD=ORDEREDSUBJECT; THREAD=REFERENCES steps 4 and 5.
 */
#include <stdlib.h>

#include "imap/thread_int.h"

/* --- ORDEREDSUBJECT ------------------------------------------------------------------------- */
static int by_subject(const void *a, const void *b, void *arg)
{
    const struct thread_tree *t = arg;
    const struct thread_message *x = &t->messages[t->nodes[*(const uint32_t *)a].message - 1];
    const struct thread_message *y = &t->messages[t->nodes[*(const uint32_t *)b].message - 1];
    int order = str_cmp(x->subject, y->subject);
    if (order) return order;
    if (x->sent_s != y->sent_s) return x->sent_s < y->sent_s ? -1 : 1;
    return x < y ? -1 : x > y;
}

static str subject_of(const struct thread_tree *t, uint32_t node)
{
    if (!t->nodes[node].message) node = t->nodes[node].first;
    return t->messages[t->nodes[node].message - 1].subject;
}

bool thread_by_subject(struct arena *a, struct thread_tree *t, size_t n)
{
    uint32_t *list = ARENA_ARRAY(a, n + 1, uint32_t);
    t->nodes = ARENA_ARRAY(a, THREAD_FIRST + n, struct thread_node);
    if (!list || !t->nodes) return false;
    t->n = THREAD_FIRST + (uint32_t)n;
    for (uint32_t i = 0; i < n; i++) {
        list[i] = THREAD_FIRST + i;
        t->nodes[list[i]].message = i + 1;
    }
    qsort_r(list, n, sizeof(*list), by_subject, t);
    uint32_t top = THREAD_NONE;
    for (size_t i = 0; i < n; i++) {
        bool same = top && str_eq(subject_of(t, top), subject_of(t, list[i]));
        thread_link(t, same ? top : THREAD_ROOT, list[i]);
        if (!same) top = list[i];
    }
    thread_sort(t, THREAD_ROOT, list);
    return true;
}

/* --- joining the threads of one subject ------------------------------------------------------ */
struct topic {
    uint32_t thread;
    uint32_t order; /* of the thread under the root */
    uint32_t topic; /* threads of one subject have one number */
};
struct joining {
    struct thread_tree *tree;
    uint32_t *table; /* of each topic: the thread that the others join */
};

static int by_topic(const void *a, const void *b, void *arg)
{
    const struct topic *x = a, *y = b;
    int order = str_cmp(subject_of(arg, x->thread), subject_of(arg, y->thread));
    if (order) return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_order(const void *a, const void *b)
{
    const struct topic *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_empty(const struct thread_tree *t, uint32_t node)
{
    return t->nodes[node].message == 0;
}

static bool is_reply(const struct thread_tree *t, uint32_t node)
{
    return !is_empty(t, node) && t->messages[t->nodes[node].message - 1].reply;
}

/* Step 5 B: which thread of a subject the others join. */
static void choose(struct joining *j, const struct topic *topic)
{
    const struct thread_tree *t = j->tree;
    uint32_t *chosen = &j->table[topic->topic], now = topic->thread;
    bool better = *chosen && !is_empty(t, *chosen) &&
                  (is_empty(t, now) || (is_reply(t, *chosen) && !is_reply(t, now)));
    if (!*chosen || better) *chosen = now;
}

/* Step 5 C. */
static void join(struct joining *j, const struct topic *topic)
{
    struct thread_tree *t = j->tree;
    uint32_t *chosen = &j->table[topic->topic], now = topic->thread;
    if (*chosen == now) return;
    thread_unlink(t, now);
    if (is_empty(t, *chosen) && is_empty(t, now)) {
        for (uint32_t child; (child = t->nodes[now].first);) {
            thread_unlink(t, child);
            thread_link(t, *chosen, child);
        }
        return;
    }
    if (is_empty(t, *chosen) || (is_reply(t, now) && !is_reply(t, *chosen))) {
        thread_link(t, *chosen, now);
        return;
    }
    uint32_t both = t->n++; /* room for one a message was made */
    thread_unlink(t, *chosen);
    thread_link(t, both, *chosen);
    thread_link(t, both, now);
    thread_link(t, THREAD_ROOT, both);
    *chosen = both;
}

bool thread_join_subjects(struct arena *a, struct thread_tree *t, uint32_t *list)
{
    struct topic *topics = ARENA_ARRAY(a, t->n, struct topic);
    struct joining j = { .tree = t, .table = ARENA_ARRAY(a, t->n, uint32_t) };
    uint32_t n = 0;
    if (!topics || !j.table) return false;
    for (uint32_t i = t->nodes[THREAD_ROOT].first; i; i = t->nodes[i].next)
        thread_sort(t, i, list);
    thread_sort(t, THREAD_ROOT, list);
    for (uint32_t i = t->nodes[THREAD_ROOT].first; i; i = t->nodes[i].next) {
        topics[n] = (struct topic){ .thread = i, .order = n };
        n++;
    }
    qsort_r(topics, n, sizeof(*topics), by_topic, t);
    for (uint32_t i = 1; i < n; i++) {
        bool same = str_eq(subject_of(t, topics[i].thread), subject_of(t, topics[i - 1].thread));
        topics[i].topic = topics[i - 1].topic + !same;
    }
    qsort(topics, n, sizeof(*topics), by_order);
    for (uint32_t i = 0; i < n; i++)
        if (subject_of(t, topics[i].thread).n) choose(&j, &topics[i]);
    for (uint32_t i = 0; i < n; i++)
        if (subject_of(t, topics[i].thread).n) join(&j, &topics[i]);
    return true;
}
