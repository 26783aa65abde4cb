/* life.h - a store in a folder, in a simulated world of its own, and what it has promised so far.
 *
 * One life: open, let fibers work, close or leave it as it is after a crash. Every commit leaves a
 * picture: all rows of the accounts as they are after it, in commit order; and when it is answered,
 * a promise: at this count of the disk's changes, this picture or a later one is durable.
 */
#ifndef CRASH_LIFE_H
#define CRASH_LIFE_H

#include "base/mem.h"
#include "run/fiber.h"
#include "store/engine_int.h"
#include "store/store.h"

enum { PEOPLE = 3 };

struct promise {
    size_t ops, picture;
};
struct ledger_of_life {
    struct buf *pictures; /* [0]: nothing at all */
    size_t pictures_n, pictures_cap;
    struct promise *promises;
    size_t promises_n, promises_cap;
};
void ledger_clear(struct ledger_of_life *l);

struct life {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct account people[PEOPLE];
    struct arena arena;
    struct buf why; /* it does not open */
    uint64_t random;
    unsigned serial;               /* of the last letter */
    unsigned running;              /* fibers */
    struct ledger_of_life *ledger; /* NULL: nobody takes pictures */
    struct engine_ops ops;
    enum err (*commit)(struct engine *e, txn_fn *fn, void *arg);
    void (*commit_lazy)(struct engine *e, txn_fn *fn, void *arg, void (*done)(void *arg));
};

/* Settings under which segments and index transactions are many, and what is old is so at once. */
enum err life_open(struct life *l, const char *folder, uint64_t seed,
                   struct ledger_of_life *ledger);
void life_close(struct life *l);
void life_run(struct life *l, void (*fn)(struct life *l));
/* In addition to what runs, from a fiber. Ends with it. */
void life_start(struct life *l, void (*fn)(struct life *l));
void life_sleep(unsigned ms); /* Waits. In a fiber. */
uint64_t life_draw(struct life *l, uint64_t below);

/* Everything that a view shows of the accounts; false: it cannot be read. */
bool life_picture(struct life *l, struct buf *out);

#endif
