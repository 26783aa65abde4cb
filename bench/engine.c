/* engine.c - durable 4 KiB messages a second through the engine, against a bare append + fdatasync.
 *
 * With one writer the bare loop appends one message and syncs. With 64 it appends 64 in one write
 * and syncs once: the best that any group commit could do. Each ratio is of the same run.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/fiber.h"
#include "store/engine.h"

enum { MESSAGE_BYTES = 4096, WRITERS = 64, ROUNDS = 3 };
static const double round_s = 0.7;

struct bench {
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    char *message;
    double until;
    unsigned running, sent;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "bench/engine: %s\n", what);
    exit(1);
}

/* --- the physical limit --------------------------------------------------------------------- */

static double bare(const char *folder, const char *message, size_t at_once)
{
    char path[200];
    snprintf(path, sizeof path, "%s/bare", folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *group = mem_array(at_once, MESSAGE_BYTES);
    for (size_t i = 0; i < at_once; i++)
        bytes_copy(group + i * MESSAGE_BYTES, MESSAGE_BYTES, message, MESSAGE_BYTES);
    double start = now();
    size_t n = 0;
    for (; now() - start < round_s; n += at_once) {
        off_t at = (off_t)(n * MESSAGE_BYTES);
        if (pwrite(file, group, at_once * MESSAGE_BYTES, at) < 0 || fdatasync(file) < 0)
            die("write");
    }
    double rate = (double)n / (now() - start);
    close(file);
    unlink(path);
    mem_free(group);
    return rate;
}

/* --- the engine ----------------------------------------------------------------------------- */

struct letter {
    struct body *body;
    uint32_t account;
};

/* About what filing a letter writes: a head row, a card, a change, a bitmap row. */
static enum err file_letter(struct txn *t, void *arg)
{
    static char card[300];
    const struct letter *l = arg;
    struct account a = { 100 + l->account };
    struct blob blob;
    str value;
    uint64_t n = 0;
    txn_body(t, l->body, &blob);
    txn_blob_ref(t, blob, 1);
    if (txn_get(t, a, S("head"), &value) == OK && !str_u64(value, UINT64_MAX, &n))
        return ERR_CORRUPT;
    struct buf b = buf_make(100);
    buf_u64(&b, n + 1);
    txn_put(t, a, S("head"), buf_str(&b));
    buf_reset(&b);
    buf_addf(&b, "card %010llu", (unsigned long long)n);
    txn_put(t, a, buf_str(&b), (str){ card, sizeof card });
    b.p[0] = 'h';
    txn_put(t, a, buf_str(&b), (str){ card, 20 });
    txn_put(t, a, S("bitmap"), (str){ card, 256 });
    buf_free(&b);
    return OK;
}

static void deliver(void *arg)
{
    struct bench *b = arg;
    uint32_t me = b->running++;
    while (now() < b->until) {
        struct letter l = { .account = me };
        if (body_begin(b->engine, &l.body)) die("body_begin");
        if (body_write(l.body, (str){ b->message, MESSAGE_BYTES })) die("body_write");
        if (body_seal(l.body, S(""))) die("body_seal");
        if (engine_commit(b->engine, file_letter, &l)) die("engine_commit");
        body_free(l.body);
        b->sent++;
    }
    b->running--;
}

static double engine(struct bench *b, unsigned writers)
{
    double start = now();
    b->until = start + round_s;
    b->sent = 0;
    for (unsigned i = 0; i < writers; i++)
        if (fiber_start(b->loop, FIBER_KNOWN, deliver, b)) die("fiber_start");
    do
        loop_run_once(b->loop, true);
    while (b->running);
    return b->sent / (now() - start);
}

/* --- both ----------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

/* Letters are text: half of it is what zstd can take away. */
static char *letter_bytes(void)
{
    char *p = mem_new(MESSAGE_BYTES);
    uint64_t x = 1;
    for (size_t i = 0; i < MESSAGE_BYTES; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        p[i] = i % 70 == 68 ? '\r' : i % 70 == 69 ? '\n' : (char)(' ' + (x >> 59) + (i % 3) * 20);
    }
    return p;
}

static void compare(struct bench *b, const char *folder, unsigned writers)
{
    double best_bare = 0, best_engine = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double rate = bare(folder, b->message, writers);
        if (rate > best_bare) best_bare = rate;
        rate = engine(b, writers);
        if (rate > best_engine) best_engine = rate;
    }
    printf("%2u writers: bare %8.0f/s  engine %8.0f/s  %4.0f %%\n", writers, best_bare, best_engine,
           100 * best_engine / best_bare);
}

int main(int argc, char **argv)
{
    char folder[100];
    snprintf(folder, sizeof folder, "%s/ph-bench-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(folder)) die("cannot make a folder");
    struct bench b = { .seam = seam_real_new(folder), .message = letter_bytes() };
    b.loop = loop_new(b.seam, 0);
    struct buf why = buf_make(1000);
    if (engine_embedded_open(&(struct embedded_options){ .seam = b.seam }, &b.engine, &why))
        die("open");
    compare(&b, folder, 1);
    compare(&b, folder, WRITERS);
    struct engine_stats s = engine_stats(b.engine);
    printf("%.1f commits a group, %.1f journal bytes a message byte\n",
           (double)s.commits / (double)s.groups,
           (double)s.journal_bytes / (double)s.commits / MESSAGE_BYTES);
    engine_close(b.engine);
    loop_free(b.loop);
    seam_free(b.seam);
    buf_free(&why);
    mem_free(b.message);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
