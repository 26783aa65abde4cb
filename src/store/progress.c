/* progress.c - result sets that a transaction which runs again can take back. */
#include "store/progress_int.h"

void growing_keep(struct growing *g)
{
    if (!g->set) return;
    g->n = g->set->n;
    if (g->n > 0) g->last = g->set->ranges[g->n - 1];
}

void growing_back(struct growing *g)
{
    if (!g->set) return;
    g->set->n = g->n;
    if (g->n > 0) g->set->ranges[g->n - 1] = g->last; /* it may have grown, not only got company */
}

enum err growing_add(struct growing *g, struct uid uid)
{
    if (!g->set) return OK;
    return uidset_add(g->set, uid.n, uid.n) ? OK : ERR_LIMIT;
}
