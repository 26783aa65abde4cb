/* engine_test_int.h - a store in a folder of its own, and fibers to use it, for the engine's tests.
 */
#ifndef STORE_EMBEDDED_ENGINE_TEST_INT_H
#define STORE_EMBEDDED_ENGINE_TEST_INT_H

#include <ftw.h>

#include "base/limits.h"
#include "run/fiber.h"
#include "store/engine.h"

struct place {
    char folder[64];
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct embedded_options options;
};

/* With so little memory, whatever is larger than STORE_MEMORY_BODY_BYTES streams. */
enum { PLACE_BODY_MEMORY_BYTES = STORE_LARGE_PART * STORE_JOURNAL_BODY_BYTES / 2 };

static inline void place_make(struct place *p)
{
    *p = (struct place){ .folder = "/tmp/ph-engine-XXXXXX" };
    if (!mkdtemp(p->folder)) abort();
    p->seam = seam_real_new(p->folder);
    seam_faults(p->seam, &(struct seam_faults){ 0 }); /* laid over before there are threads */
    p->loop = loop_new(p->seam, 0);
    p->options =
        (struct embedded_options){ .seam = p->seam, .body_memory_bytes = PLACE_BODY_MEMORY_BYTES };
}

static inline enum err place_open(struct place *p)
{
    struct buf why = buf_make(1000);
    enum err e = engine_embedded_open(&p->options, &p->engine, &why);
    if (e) {
        p->engine = NULL;
        fprintf(stderr, "open: %s: %.*s\n", err_text(e), STR_ARG(buf_str(&why)));
    }
    buf_free(&why);
    return e;
}

static inline void place_close(struct place *p)
{
    engine_close(p->engine);
    p->engine = NULL;
}

static inline int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

/* A name in the folder with all below it; the folder itself with "". */
static inline void place_erase(struct place *p, const char *name)
{
    struct buf path = buf_make(256);
    buf_addf(&path, "%s/%s", p->folder, name);
    buf_addc(&path, 0);
    if (nftw(path.p, erase_one, 16, FTW_DEPTH | FTW_PHYS) != 0) abort();
    buf_free(&path);
}

static inline void place_remove(struct place *p)
{
    place_close(p);
    loop_free(p->loop);
    seam_free(p->seam);
    place_erase(p, "");
}

/* Runs fn on a fiber of the place's loop until it returns. */
struct run {
    void (*fn)(struct place *p, void *arg);
    struct place *place;
    void *arg;
    unsigned *left;
};

static inline void run_fiber(void *arg)
{
    struct run *r = arg;
    r->fn(r->place, r->arg);
    --*r->left;
}

static inline void place_run_many(struct place *p, void (*fn)(struct place *p, void *arg),
                                  void **args, unsigned n)
{
    unsigned left = n;
    struct run *runs = MEM_ARRAY(n, struct run);
    for (unsigned i = 0; i < n; i++) {
        runs[i] = (struct run){ fn, p, args[i], &left };
        if (fiber_start(p->loop, FIBER_KNOWN, run_fiber, &runs[i])) abort();
    }
    while (left)
        loop_run_once(p->loop, true);
    mem_free(runs);
}

static inline void place_run(struct place *p, void (*fn)(struct place *p, void *arg), void *arg)
{
    place_run_many(p, fn, &arg, 1);
}

/* --- small transactions --------------------------------------------------------------------- */
struct put {
    struct account a;
    str key, value;
};

static inline enum err put_fn(struct txn *t, void *arg)
{
    const struct put *p = arg;
    txn_put(t, p->a, p->key, p->value);
    return OK;
}

static inline enum err put(struct place *p, uint64_t account, str key, str value)
{
    struct put put = { { account }, key, value };
    return engine_commit(p->engine, put_fn, &put);
}

/* Compares the row with what is wanted; an empty p: must be absent. */
static inline bool row_is(struct place *p, uint64_t account, str key, const char *wanted)
{
    struct view *v = engine_view(p->engine);
    str value;
    enum err e = view_get(v, (struct account){ account }, key, &value);
    bool is = wanted ? !e && str_eq(value, str_of(wanted)) : e == ERR_NOTFOUND;
    view_end(v);
    return is;
}

#endif
