/* seam_sim_mishap.c - what goes wrong in the simulated world between machines and with their clocks
 * and disks; connections that break are in seam_sim_net.c, the power is in seam_sim.c. */
#include "run/seam_sim_int.h"

#include <errno.h>

/* --- the network is cut ----------------------------------------------------------------------- */

struct cut {
    struct list node;
    const struct sim_machine *a, *b; /* b NULL: everybody else */
    uint64_t until_us;
};

static bool cut_is_between(const struct cut *c, const struct sim_machine *a,
                           const struct sim_machine *b)
{
    if (a == b) return false;
    if (!c->b) return c->a == a || c->a == b;
    return (c->a == a && c->b == b) || (c->a == b && c->b == a);
}

void sim_cut(struct seam *machine, struct seam *other, uint64_t until_mono_us)
{
    struct sim_machine *m = sim_machine(machine);
    struct cut *c = MEM_NEW(struct cut);
    *c = (struct cut){ .a = m, .b = other ? sim_machine(other) : NULL, .until_us = until_mono_us };
    list_push_back(&m->world->cuts, &c->node);
    sim_note(m->world, until_mono_us);
}

static void cut_free(struct cut *c)
{
    list_remove(&c->node);
    mem_free(c);
}

uint64_t sim_cut_until(const struct sim_machine *a, const struct sim_machine *b)
{
    uint64_t until = 0;
    LIST_EACH_SAFE(&a->world->cuts, node) {
        struct cut *c = CONTAINER_OF(node, struct cut, node);
        if (c->until_us <= a->world->now_us)
            cut_free(c);
        else if (cut_is_between(c, a, b) && c->until_us > until)
            until = c->until_us;
    }
    return until;
}

void sim_cuts_forget(struct sim_world *w, const struct sim_machine *m)
{
    LIST_EACH_SAFE(&w->cuts, node) {
        struct cut *c = CONTAINER_OF(node, struct cut, node);
        if (!m || c->a == m || c->b == m) cut_free(c);
    }
}

/* --- clock and disk --------------------------------------------------------------------------- */

void sim_machine_clock(struct seam *machine, int64_t jump_us)
{
    struct sim_machine *m = sim_machine(machine);
    m->wall_us += jump_us;
    sim_note(m->world, (uint64_t)jump_us);
}

void sim_machine_trouble(struct seam *machine, const struct sim_trouble *trouble)
{
    sim_machine(machine)->trouble = *trouble;
}

uint64_t sim_machine_troubled(struct seam *machine)
{
    return sim_machine(machine)->troubled;
}

int sim_troubled(struct sim_machine *m, unsigned what)
{
    const struct sim_trouble *t = &m->trouble;
    if (!(t->what & what) || m->world->now_us >= t->until_mono_us) return 0;
    if (t->one_in > 1 && !sim_once_in(m->world, t->one_in)) return 0;
    m->troubled++;
    return t->error;
}

int sim_change_refused(struct sim_machine *m, unsigned what)
{
    return sim_may_change(m) ? sim_troubled(m, what) : -EIO;
}
