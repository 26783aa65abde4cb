/* image.c - disks in memory: synced contents and names, unsynced ones, and crashes.
 *
 * Between two syncs the kernel writes in any order, and a sector whole or not at all. A file's size
 * and names are metadata: sizes come in order; names in order, or each by itself.
 */
#include "crash/image.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static uint64_t draw(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void *grown(void *p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) return p;
    size_t old = *cap, cap_new = old ? old : 16;
    while (cap_new < need)
        cap_new *= 2;
    p = realloc(p, cap_new * size);
    if (!p) abort();
    memset((char *)p + old * size, 0, (cap_new - old) * size);
    *cap = cap_new;
    return p;
}

/* --- files */

struct page {
    unsigned refs;
    char bytes[PAGE];
};

static struct image_file *file_at(struct image *i, int file)
{
    size_t need = (size_t)file + 1;
    i->files = grown(i->files, &i->files_cap, need, sizeof *i->files);
    if (need > i->files_n) i->files_n = need;
    return &i->files[file];
}

static void page_drop(struct page *p)
{
    if (p && --p->refs == 0) free(p);
}

/* One of this file alone. */
static struct page *page_own(struct image_file *f, size_t k)
{
    struct page *old = f->pages[k];
    if (old && old->refs == 1) return old;
    struct page *p = calloc(1, sizeof *p);
    if (!p) abort();
    if (old) memcpy(p->bytes, old->bytes, PAGE);
    page_drop(old);
    p->refs = 1;
    f->pages[k] = p;
    return p;
}

static void file_resize(struct image_file *f, uint64_t size)
{
    size_t n = (size_t)((size + PAGE - 1) / PAGE);
    for (size_t k = n; k < f->n; k++) {
        page_drop(f->pages[k]);
        f->pages[k] = NULL;
    }
    f->pages = grown(f->pages, &f->cap, n, sizeof *f->pages);
    f->n = n;
    if (size < f->size && size % PAGE && f->pages[n - 1])
        memset(page_own(f, n - 1)->bytes + size % PAGE, 0, PAGE - size % PAGE);
    f->size = size;
}

static bool all_zeros(const char *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Within the file's size. */
static void file_put(struct image_file *f, uint64_t at, const char *p, size_t n)
{
    for (size_t part; n > 0; at += part, p += part, n -= part) {
        size_t k = (size_t)(at / PAGE), from = (size_t)(at % PAGE);
        part = PAGE - from < n ? PAGE - from : n;
        if (!f->pages[k] && all_zeros(p, part)) continue;
        memcpy(page_own(f, k)->bytes + from, p, part);
    }
}

static void file_write(struct image_file *f, uint64_t at, const char *p, size_t n)
{
    if (at + n > f->size) file_resize(f, at + n);
    file_put(f, at, p, n);
}

/* --- names */

static struct image_name *name_at(const struct image *i, const char *name)
{
    for (size_t k = 0; k < i->names_n; k++)
        if (strcmp(i->names[k].name, name) == 0) return &i->names[k];
    return NULL;
}

static void name_set(struct image *i, const char *name, int file)
{
    struct image_name *at = name_at(i, name);
    if (!at) {
        i->names = grown(i->names, &i->names_cap, i->names_n + 1, sizeof *i->names);
        at = &i->names[i->names_n++];
    }
    snprintf(at->name, sizeof at->name, "%s", name);
    at->file = file;
}

static void name_remove(struct image *i, const char *name)
{
    struct image_name *at = name_at(i, name);
    if (at) *at = i->names[--i->names_n];
}

static bool is_name(const struct op *op)
{
    return op->kind <= OP_UNLINK;
}

static void name_apply(struct image *i, const struct op *op)
{
    switch (op->kind) {
    case OP_CREATE:
        file_at(i, op->file);
        name_set(i, op->name, op->file);
        break;
    case OP_MKDIR: name_set(i, op->name, -1); break;
    case OP_UNLINK: name_remove(i, op->name); break;
    case OP_RENAME:
        if (!name_at(i, op->name)) return;
        name_remove(i, op->name);
        name_set(i, op->to, op->file);
        break;
    default: abort();
    }
}

static void apply(struct image *i, const struct op *op)
{
    if (is_name(op)) {
        name_apply(i, op);
        return;
    }
    struct image_file *f = file_at(i, op->file);
    if (op->kind == OP_RESIZE) file_resize(f, op->at);
    if (op->kind == OP_WRITE) file_write(f, op->at, op->bytes, op->n);
}

static bool in_folder(const char *name, const char *folder)
{
    size_t n = strlen(folder);
    if (n == 0) return !strchr(name, '/');
    return strncmp(name, folder, n) == 0 && name[n] == '/' && !strchr(name + n + 1, '/');
}

/* --- images */

void image_free(struct image *i)
{
    for (size_t k = 0; k < i->files_n; k++) {
        for (size_t p = 0; p < i->files[k].n; p++)
            page_drop(i->files[k].pages[p]);
        free(i->files[k].pages);
    }
    free(i->files);
    free(i->names);
    *i = (struct image){ 0 };
}

static void image_copy(struct image *to, const struct image *from)
{
    *to = (struct image){ 0 };
    for (size_t k = 0; k < from->files_n; k++) {
        struct image_file *f = file_at(to, (int)k);
        const struct image_file *old = &from->files[k];
        file_resize(f, old->size);
        for (size_t p = 0; p < old->n; p++) {
            f->pages[p] = old->pages[p];
            if (f->pages[p]) f->pages[p]->refs++;
        }
    }
    for (size_t k = 0; k < from->names_n; k++)
        name_set(to, from->names[k].name, from->names[k].file);
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * 1099511628211u;
    return sum ^ sum >> 29;
}

static uint64_t page_digest(const struct page *p, uint64_t sum)
{
    for (size_t at = 0; p && at < PAGE; at += 8) {
        uint64_t word;
        memcpy(&word, p->bytes + at, 8);
        if (word) sum = mix(sum, word ^ at);
    }
    return sum;
}

uint64_t image_digest(const struct image *i)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < i->names_n; k++) {
        const struct image_name *n = &i->names[k];
        uint64_t one = 1;
        for (const char *p = n->name; *p; p++)
            one = mix(one, (unsigned char)*p);
        const struct image_file *f = n->file < 0 ? NULL : &i->files[n->file];
        if (f) one = mix(one, f->size);
        for (size_t p = 0; f && p < f->n; p++)
            if (f->pages[p]) one = page_digest(f->pages[p], mix(one, p));
        sum += one;
    }
    return sum;
}

static int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag;
    return at->level == 0 ? 0 : remove(path);
}

void folder_empty(const char *folder)
{
    if (mkdir(folder, 0700) == 0) return;
    if (nftw(folder, erase_one, 16, FTW_DEPTH | FTW_PHYS) != 0) abort();
}

static void lay_out_file(const struct image_file *f, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)f->size) != 0) abort();
    for (size_t k = 0; k < f->n; k++) {
        uint64_t at = k * PAGE;
        size_t n = f->size - at < PAGE ? (size_t)(f->size - at) : PAGE;
        if (!f->pages[k] || all_zeros(f->pages[k]->bytes, n)) continue;
        if (pwrite(fd, f->pages[k]->bytes, n, (off_t)at) != (ssize_t)n) abort();
    }
    close(fd);
}

void image_lay_out(const struct image *i, const char *folder)
{
    char path[512];
    disklog_end();
    folder_empty(folder);
    for (size_t k = 0; k < i->names_n; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, i->names[k].name);
        if (i->names[k].file < 0 && mkdir(path, 0700) != 0) abort();
    }
    for (size_t k = 0; k < i->names_n; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, i->names[k].name);
        if (i->names[k].file >= 0) lay_out_file(&i->files[i->names[k].file], path);
    }
    disklog_begin(folder);
    for (size_t k = 0; k < i->names_n; k++)
        if (i->names[k].file >= 0) disklog_known(i->names[k].name, i->names[k].file);
}

/* --- disks */

void disk_begin(struct disk *d, const struct image *from, uint64_t seed)
{
    *d = (struct disk){ .random = seed };
    if (from) image_copy(&d->durable, from);
}

void disk_copy(struct disk *to, const struct disk *from)
{
    *to = (struct disk){ .random = from->random };
    image_copy(&to->durable, &from->durable);
    to->pending = grown(NULL, &to->pending_cap, from->pending_n + 1, sizeof *to->pending);
    for (size_t k = 0; k < from->pending_n; k++)
        to->pending[to->pending_n++] = from->pending[k];
}

void disk_free(struct disk *d)
{
    image_free(&d->durable);
    free(d->pending);
}

static bool covered(const struct op *sync, const struct op *op)
{
    if (sync->kind == OP_SYNC_DIR) return is_name(op) && in_folder(op->name, sync->name);
    return !is_name(op) && op->file == sync->file;
}

struct chance {
    enum fate fate;
    uint64_t random;
};

static bool survives(struct chance *c)
{
    switch (c->fate) {
    case FATE_NONE: return false;
    case FATE_ALL: return true;
    case FATE_MOST: return draw(&c->random) % 8 != 0;
    case FATE_FEW: return draw(&c->random) % 8 == 0;
    default: return draw(&c->random) % 2 == 0;
    }
}

/* Sector by sector; what lies beyond the size that came through is not there. */
static void write_survives(struct image_file *f, const struct op *op, bool may_grow,
                           struct chance *c)
{
    uint64_t unit = c->fate == FATE_PAGES ? PAGE : SECTOR;
    if (may_grow && op->at + op->n > f->size) file_resize(f, op->at + op->n);
    for (uint64_t at = op->at, next; at < op->at + op->n && at < f->size; at = next) {
        next = (at / unit + 1) * unit;
        uint64_t end = next < op->at + op->n ? next : op->at + op->n;
        if (end > f->size) end = f->size;
        if (op->synced || survives(c))
            file_put(f, at, op->bytes + (at - op->at), (size_t)(end - at));
    }
}

/* A failed sync: the kernel takes for written what it could not write, and never tries again. */
static void settle(struct disk *d, const struct op *sync)
{
    struct chance c = { FATE_HALF, draw(&d->random) };
    size_t left = 0;
    for (size_t k = 0; k < d->pending_n; k++) {
        const struct op *op = d->pending[k];
        if (!covered(sync, op))
            d->pending[left++] = op;
        else if (sync->kind == OP_SYNC_FAILED && op->kind == OP_WRITE)
            write_survives(file_at(&d->durable, op->file), op, true, &c);
        else
            apply(&d->durable, op);
    }
    d->pending_n = left;
}

void disk_take(struct disk *d, const struct op *op)
{
    if (op->kind >= OP_SYNC) {
        settle(d, op);
        return;
    }
    d->pending = grown(d->pending, &d->pending_cap, d->pending_n + 1, sizeof *d->pending);
    d->pending[d->pending_n++] = op;
}

/* Up to where metadata came through, in the order of its changes: a number of pending ops. */
static size_t metadata_end(const struct disk *d, struct chance *c)
{
    if (c->fate == FATE_NONE) return 0;
    if (c->fate == FATE_ALL) return d->pending_n;
    size_t a = draw(&c->random) % (d->pending_n + 1), b = draw(&c->random) % (d->pending_n + 1);
    return a > b ? a : b;
}

/* A name whose folder did not come through is nowhere. */
static void remove_orphans(struct image *i)
{
    char folder[PATH_MAX_BYTES];
    for (size_t k = 0; k < i->names_n;) {
        snprintf(folder, sizeof folder, "%s", i->names[k].name);
        char *slash = strrchr(folder, '/');
        if (slash) *slash = '\0';
        if (slash && !name_at(i, folder))
            i->names[k] = i->names[--i->names_n];
        else
            k++;
    }
}

void disk_crash(const struct disk *d, enum fate fate, uint64_t seed, struct image *out)
{
    struct chance c = { fate, seed };
    image_copy(out, &d->durable);
    size_t names_end = metadata_end(d, &c), sizes_end = metadata_end(d, &c);
    bool in_order = fate < FATE_HALF || draw(&c.random) % 2;
    for (size_t k = 0; k < d->pending_n; k++) {
        const struct op *op = d->pending[k];
        if (is_name(op)) {
            if (in_order ? k < names_end : draw(&c.random) % 4 != 0) name_apply(out, op);
            continue;
        }
        struct image_file *f = file_at(out, op->file);
        bool counts = k < sizes_end || op->synced;
        if (op->kind == OP_RESIZE && counts) file_resize(f, op->at);
        if (op->kind == OP_WRITE) write_survives(f, op, counts, &c);
    }
    remove_orphans(out);
}
