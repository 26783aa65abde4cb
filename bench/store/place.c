/* place.c - a store in a folder of its own, fibers that use it, and what its device has written. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bench_int.h"

static const struct store_settings settings = {
    .journey_ms = 90ull * 86400000,
    .tombstone_ms = 90ull * 86400000,
    .undelete_ms = 14ull * 86400000,
    .body_memory_bytes = 256ull << 20,
    .segment_bytes = 256ull << 20,
    .lag_bytes = 64ull << 20,
};

void bench_place_make(struct bench *b, struct bench_place *p)
{
    *p = (struct bench_place){ 0 };
    snprintf(p->folder, sizeof p->folder, "%s/ph-bench-XXXXXX", b->parent);
    if (!mkdtemp(p->folder)) bench_die("cannot make a folder");
    p->seam = seam_real_new(p->folder);
    p->loop = loop_new(p->seam, 0);
    struct buf why = buf_make(1000);
    if (store_open(p->seam, &settings, &p->store, &why)) bench_die("cannot open a store");
    p->engine = store_engine(p->store);
    buf_free(&why);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

void bench_place_free(struct bench_place *p)
{
    store_close(p->store);
    loop_free(p->loop);
    seam_free(p->seam);
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct crowd {
    fiber_fn *fn;
    void *arg;
    unsigned left;
};

static void one(void *arg)
{
    struct crowd *c = arg;
    c->fn(c->arg);
    c->left--;
}

void bench_fibers(struct bench_place *p, unsigned n, fiber_fn *fn, void *arg)
{
    struct crowd c = { fn, arg, n };
    for (unsigned i = 0; i < n; i++)
        if (fiber_start(p->loop, FIBER_KNOWN, one, &c)) bench_die("cannot start a fiber");
    while (c.left)
        loop_run_once(p->loop, true);
}

void bench_caught_up(struct bench_place *p)
{
    while (engine_stats(p->engine).lag_bytes)
        usleep(10000);
    int folder = open(p->folder, O_RDONLY | O_DIRECTORY);
    if (folder < 0 || syncfs(folder)) bench_die("cannot sync");
    close(folder);
}

uint64_t bench_device_bytes(const char *folder)
{
    struct stat st;
    char path[64];
    unsigned long long sectors = 0;
    if (stat(folder, &st)) bench_die("stat");
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(st.st_dev), minor(st.st_dev));
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1)
        bench_die("the folder lies on no block device that counts");
    fclose(f);
    return sectors * 512;
}

void bench_random(char *p, size_t n, uint64_t seed)
{
    uint64_t x = seed * 2 + 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        p[i] = (char)(x >> 56);
    }
}

void bench_letter(struct buf *b, unsigned i, size_t bytes, bool random)
{
    buf_addf(b, "From: Alice Example <alice@a.test>\r\nTo: bob@b.test\r\nSubject: letter %u\r\n",
             i);
    buf_addf(b, "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <%u.bench@a.test>\r\n", i);
    buf_add(b, S("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"));
    size_t room = bytes - b->n;
    char *p = buf_reserve(b, room);
    bench_random(p, room, i);
    /* Text: letters out of 32, of which zstd takes nearly the half away. */
    for (size_t at = 0; at < room && !random; at++)
        p[at] = at % 70 == 68   ? '\r'
                : at % 70 == 69 ? '\n'
                                : (char)(' ' + (p[at] & 31) + (at % 3) * 20);
    buf_commit(b, room);
}
