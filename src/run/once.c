/* once.c - a loop for one job. */
#include "run/once.h"

struct job {
    fiber_fn *fn;
    void *arg;
    struct loop *loop;
};

static void job_run(void *arg)
{
    struct job *job = arg;
    job->fn(job->arg);
    loop_stop(job->loop, 0);
}

enum err once(struct seam *seam, fiber_fn *fn, void *arg)
{
    struct job job = { .fn = fn, .arg = arg, .loop = loop_new(seam, 0) };
    if (!job.loop) return ERR_LIMIT;
    enum err e = fiber_start(job.loop, FIBER_SYSTEM, job_run, &job);
    if (!e) loop_run(job.loop);
    loop_free(job.loop);
    return e;
}
