/* bench_int.h - the frame of `./do bench store`: rows, their goals, a store in a folder of its own.
 *
 * Each row is a function that prints its figures with bench_least or bench_most, as a ratio to a
 * peer or limit that was measured in the same run.
 */
#ifndef BENCH_STORE_BENCH_INT_H
#define BENCH_STORE_BENCH_INT_H

#include <stdio.h>
#include <sys/types.h>

#include "base/mem.h"
#include "run/fiber.h"
#include "store/store.h"

struct bench {
    const char *parent; /* on the disk that is measured */
    bool brief;         /* seconds instead of minutes: for a look while working */
    unsigned missed;
};
/* append.c */
void bench_append(struct bench *b);
void bench_append_filed(struct bench *b);
void bench_device(struct bench *b);
void bench_device_filed(struct bench *b);
void bench_bulk(struct bench *b); /* bulk.c */
void bench_memory(struct bench *b); /* memory.c */
void bench_import(struct bench *b); /* import.c */

double bench_now_s(void);
_Noreturn void bench_die(const char *what);

/* What a row says: a figure of ours against a limit, and what the ratio should be. */
struct figure {
    const char *what;
    double ours, limit;
    const char *unit, *limit_name;
    double goal; /* of ours / limit */
};
void bench_least(struct bench *b, const struct figure *f);
void bench_most(struct bench *b, const struct figure *f);
void bench_note(const char *what, double value, const char *unit);

/* --- stores (place.c) ------------------------------------------------------------------------ */
struct bench_place {
    char folder[200];
    struct seam *seam;
    struct loop *loop;
    struct store *store;
    struct engine *engine;
};
void bench_place_make(struct bench *b, struct bench_place *p);
void bench_place_free(struct bench_place *p);
/* Runs fn as n fibers, until all have ended. */
void bench_fibers(struct bench_place *p, unsigned n, fiber_fn *fn, void *arg);
void bench_caught_up(struct bench_place *p); /* returns when the index knows all */

/* Written to the device that the folder lies on, by whomever, since it was started. */
uint64_t bench_device_bytes(const char *folder);
void bench_random(char *p, size_t n, uint64_t seed);
/* The i-th letter, of so many bytes: text that zstd halves, or bytes that it cannot shrink. */
void bench_letter(struct buf *b, unsigned i, size_t bytes, bool random);

/* --- the real program (server.c) --------------------------------------------------------------- */
struct bench_server {
    char config[300];
    pid_t pid;
    FILE *log;
};
const char *bench_program(void); /* $POSTHORN, or the one that was built with us */
/* `posthorn serve` on a data folder; returns when it serves. The configuration lies beside the data. */
void bench_server_start(struct bench_server *s, const char *data_folder);
void bench_server_stop(struct bench_server *s);

/* --- what a disk can do (bare.c): messages a second ------------------------------------------- */
struct bare {
    const char *folder;
    size_t message_bytes;
    unsigned writers;
    double seconds;
};
double bare_groups(const struct bare *b);   /* one write of a message each writer, one fdatasync */
double bare_hand_off(const struct bare *b); /* one message to a thread that appends and syncs */

#endif
