/* thread_tree.c - threads by references: who answered whom.
 *
 * RFC 5256 3, THREAD=REFERENCES steps 1 to 3 and 6; THREAD=REFS (draft-ietf-morg-inthread 4), which
 * has no subjects and puts the thread with the newest message last. All linear or n log n, with no
 * recursion, whatever the references say.
 */
#include "imap/thread_int.h"

#include <stdlib.h>

#include "base/limits.h"

/* --- nodes ---------------------------------------------------------------------------------- */
void thread_link(struct thread_tree *t, uint32_t parent, uint32_t child)
{
    struct thread_node *p = &t->nodes[parent], *c = &t->nodes[child];
    c->parent = parent;
    c->prev = p->last;
    c->next = THREAD_NONE;
    if (p->last)
        t->nodes[p->last].next = child;
    else
        p->first = child;
    p->last = child;
}

void thread_unlink(struct thread_tree *t, uint32_t child)
{
    struct thread_node *c = &t->nodes[child], *p = &t->nodes[c->parent];
    if (c->prev)
        t->nodes[c->prev].next = c->next;
    else
        p->first = c->next;
    if (c->next)
        t->nodes[c->next].prev = c->prev;
    else
        p->last = c->prev;
    c->parent = c->prev = c->next = THREAD_NONE;
}

uint32_t thread_next(const struct thread_tree *t, uint32_t node)
{
    if (t->nodes[node].first) return t->nodes[node].first;
    while (node != THREAD_ROOT && !t->nodes[node].next)
        node = t->nodes[node].parent;
    return node == THREAD_ROOT ? THREAD_NONE : t->nodes[node].next;
}

/* --- sorting -------------------------------------------------------------------------------- */

/* Of a node that nobody has: its first child's, step 4. */
static const struct thread_message *dated(const struct thread_tree *t, uint32_t node)
{
    if (!t->nodes[node].message) node = t->nodes[node].first;
    return &t->messages[t->nodes[node].message - 1];
}

static int by_sent(const void *a, const void *b, void *arg)
{
    const struct thread_message *x = dated(arg, *(const uint32_t *)a);
    const struct thread_message *y = dated(arg, *(const uint32_t *)b);
    if (x->sent_s != y->sent_s) return x->sent_s < y->sent_s ? -1 : 1;
    return x < y ? -1 : x > y;
}

static size_t take_children(struct thread_tree *t, uint32_t parent, uint32_t *list)
{
    size_t n = 0;
    for (uint32_t c = t->nodes[parent].first; c; c = t->nodes[c].next)
        list[n++] = c;
    return n;
}

static void give_children(struct thread_tree *t, uint32_t parent, const uint32_t *list, size_t n)
{
    t->nodes[parent].first = t->nodes[parent].last = THREAD_NONE;
    for (size_t i = 0; i < n; i++)
        thread_link(t, parent, list[i]);
}

void thread_sort(struct thread_tree *t, uint32_t parent, uint32_t *list)
{
    if (t->nodes[parent].first == t->nodes[parent].last) return;
    size_t n = take_children(t, parent, list);
    qsort_r(list, n, sizeof(*list), by_sent, t);
    give_children(t, parent, list, n);
}

/* Threads by when their newest message came; of one second, by its number. */
struct newest {
    int64_t arrived_s;
    uint32_t message, node;
};
static int by_newest(const void *a, const void *b)
{
    const struct newest *x = a, *y = b;
    if (x->arrived_s != y->arrived_s) return x->arrived_s < y->arrived_s ? -1 : 1;
    return x->message < y->message ? -1 : x->message > y->message;
}

static bool sort_by_newest(struct arena *a, struct thread_tree *t)
{
    size_t n = 0;
    struct newest *all = ARENA_ARRAY(a, t->n, struct newest);
    uint32_t *list = ARENA_ARRAY(a, t->n, uint32_t);
    if (!all || !list) return false;
    for (uint32_t i = t->nodes[THREAD_ROOT].first; i; i = thread_next(t, i)) {
        const struct thread_node *node = &t->nodes[i];
        if (node->parent == THREAD_ROOT) all[n++] = (struct newest){ INT64_MIN, 0, i };
        if (!node->message) continue;
        struct newest *thread = &all[n - 1];
        struct newest one = { t->messages[node->message - 1].arrived_s, node->message,
                              thread->node };
        if (by_newest(thread, &one) < 0) *thread = one;
    }
    qsort(all, n, sizeof(*all), by_newest);
    for (size_t i = 0; i < n; i++)
        list[i] = all[i].node;
    give_children(t, THREAD_ROOT, list, n);
    return true;
}

/* --- step 1: nodes of ids ------------------------------------------------------------------- */
struct linking {
    struct thread_tree *tree;
    uint64_t *ids; /* sorted, each once: the i-th has node THREAD_FIRST + i */
    size_t ids_n;
    uint64_t steps_left;
};

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool gather_ids(struct arena *a, struct linking *l, const struct thread_message *m, size_t n)
{
    size_t cap = n;
    for (size_t i = 0; i < n; i++)
        cap += m[i].refs_n;
    l->ids = ARENA_ARRAY(a, cap + 1, uint64_t);
    if (!l->ids) return false;
    for (size_t i = 0; i < n; i++) {
        if (m[i].id) l->ids[l->ids_n++] = m[i].id;
        for (size_t r = 0; r < m[i].refs_n; r++)
            l->ids[l->ids_n++] = m[i].refs[r];
    }
    qsort(l->ids, l->ids_n, sizeof(*l->ids), by_id);
    size_t kept = 0;
    for (size_t i = 0; i < l->ids_n; i++)
        if (!kept || l->ids[kept - 1] != l->ids[i]) l->ids[kept++] = l->ids[i];
    l->ids_n = kept;
    return true;
}

static uint32_t node_of(const struct linking *l, uint64_t id)
{
    const uint64_t *at = bsearch(&id, l->ids, l->ids_n, sizeof(id), by_id);
    return at ? THREAD_FIRST + (uint32_t)(at - l->ids) : THREAD_NONE;
}

/* Is child above parent? Then a link would be a loop. Whoever makes chains so long that looking
 * takes THREAD_STEPS gets no more links. */
static bool is_loop(struct linking *l, uint32_t parent, uint32_t child)
{
    const struct thread_node *nodes = l->tree->nodes;
    if (parent == child) return true;
    if (!nodes[child].first) return false;
    for (uint32_t at = parent; at; at = nodes[at].parent) {
        if (at == child || l->steps_left == 0) return true;
        l->steps_left--;
    }
    return false;
}

static void link_message(struct linking *l, uint32_t node, const struct thread_message *m)
{
    struct thread_tree *t = l->tree;
    uint32_t before = THREAD_NONE;
    for (size_t i = 0; i < m->refs_n; i++) {
        uint32_t ref = node_of(l, m->refs[i]);
        if (before && !t->nodes[ref].parent && !is_loop(l, before, ref))
            thread_link(t, before, ref);
        before = ref;
    }
    /* What the message itself says outweighs what others said of it. */
    if (t->nodes[node].parent) thread_unlink(t, node);
    if (before && !is_loop(l, before, node)) thread_link(t, before, node);
}

static bool link_all(struct arena *a, struct thread_tree *t, size_t n)
{
    struct linking l = { .tree = t, .steps_left = THREAD_STEPS };
    if (!gather_ids(a, &l, t->messages, n)) return false;
    t->nodes = ARENA_ARRAY(a, THREAD_FIRST + l.ids_n + 2 * n, struct thread_node);
    if (!t->nodes) return false;
    t->n = THREAD_FIRST + (uint32_t)l.ids_n;
    for (size_t i = 0; i < n; i++) {
        uint32_t node = t->messages[i].id ? node_of(&l, t->messages[i].id) : THREAD_NONE;
        /* Without an id, or with one that another has: it is somebody of its own. */
        if (!node || t->nodes[node].message) node = t->n++;
        t->nodes[node].message = (uint32_t)i + 1;
        link_message(&l, node, &t->messages[i]);
    }
    return true;
}

/* --- steps 2 and 3 --------------------------------------------------------------------------- */
static void gather_roots(struct thread_tree *t)
{
    for (uint32_t i = THREAD_FIRST; i < t->n; i++)
        if (!t->nodes[i].parent) thread_link(t, THREAD_ROOT, i);
}

/* Whose child a message becomes: the nearest above it that somebody has, or else the thread's top.
 */
static uint32_t new_parent(const struct thread_tree *t, const uint32_t *parents, uint32_t node)
{
    uint32_t parent = t->nodes[node].parent;
    bool kept =
        parent == THREAD_ROOT || t->nodes[parent].message || t->nodes[parent].parent == THREAD_ROOT;
    return kept ? parent : parents[parent];
}

/* Nodes that nobody has go; at the top one stays as long as it holds several together. */
static bool prune(struct arena *a, struct thread_tree *t)
{
    uint32_t *parents = ARENA_ARRAY(a, t->n, uint32_t), *order = ARENA_ARRAY(a, t->n, uint32_t);
    size_t n = 0;
    if (!parents || !order) return false;
    for (uint32_t i = t->nodes[THREAD_ROOT].first; i; i = thread_next(t, i)) {
        order[n++] = i;
        parents[i] = new_parent(t, parents, i);
    }
    t->nodes[THREAD_ROOT].first = t->nodes[THREAD_ROOT].last = THREAD_NONE;
    for (size_t i = 0; i < n; i++)
        t->nodes[order[i]].first = t->nodes[order[i]].last = THREAD_NONE;
    for (size_t i = 0; i < n; i++)
        if (t->nodes[order[i]].message || parents[order[i]] == THREAD_ROOT)
            thread_link(t, parents[order[i]], order[i]);
    for (uint32_t i = t->nodes[THREAD_ROOT].first, next; i; i = next) {
        next = t->nodes[i].next;
        uint32_t child = t->nodes[i].first;
        if (t->nodes[i].message || child != t->nodes[i].last) continue;
        thread_unlink(t, i);
        if (!child) continue;
        thread_unlink(t, child);
        thread_link(t, THREAD_ROOT, child);
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------ */
static bool by_references(struct arena *a, struct thread_tree *t, size_t n, bool subjects)
{
    if (!link_all(a, t, n)) return false;
    gather_roots(t);
    if (!prune(a, t)) return false;
    uint32_t *list = ARENA_ARRAY(a, t->n + n, uint32_t);
    if (!list) return false;
    if (subjects && !thread_join_subjects(a, t, list)) return false;
    for (uint32_t i = t->nodes[THREAD_ROOT].first; i; i = thread_next(t, i))
        thread_sort(t, i, list);
    if (!subjects) return sort_by_newest(a, t);
    thread_sort(t, THREAD_ROOT, list);
    return true;
}

bool thread_build(struct arena *a, enum thread_algorithm algorithm,
                  const struct thread_message *messages, size_t n, struct thread_tree *out)
{
    *out = (struct thread_tree){ .messages = messages };
    if (algorithm == THREAD_ORDEREDSUBJECT) return thread_by_subject(a, out, n);
    return by_references(a, out, n, algorithm == THREAD_REFERENCES);
}

/* --- telling -------------------------------------------------------------------------------- */
static bool has_several(const struct thread_node *node)
{
    return node->first != node->last;
}

/* A leaf ends its group; so do those above it whose last group this was. Returns the next node. */
static uint32_t close_groups(struct buf *out, const struct thread_tree *t, uint32_t node,
                             uint32_t thread)
{
    buf_addc(out, ')');
    while (node != thread) {
        const struct thread_node *parent = &t->nodes[t->nodes[node].parent];
        if (has_several(parent) && t->nodes[node].next) {
            buf_addc(out, '(');
            return t->nodes[node].next;
        }
        if (has_several(parent)) buf_addc(out, ')');
        node = t->nodes[node].parent;
    }
    return THREAD_NONE;
}

void thread_write(struct buf *out, const struct thread_tree *t, uint32_t thread)
{
    buf_addc(out, '(');
    for (uint32_t at = thread; at;) {
        const struct thread_node *node = &t->nodes[at];
        if (node->message) buf_u64(out, t->messages[node->message - 1].number);
        if (!node->first) {
            at = close_groups(out, t, at, thread);
            continue;
        }
        if (node->message) buf_addc(out, ' ');
        if (has_several(node)) buf_addc(out, '(');
        at = node->first;
    }
}
