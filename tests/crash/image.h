/* image.h - a disk as a crash may leave it: what was synced, and of the rest what chance lets be.
 */
#ifndef CRASH_IMAGE_H
#define CRASH_IMAGE_H

#include "crash/disklog.h"

/* Pages are shared by images until one of them writes. */
struct page;
struct image_file {
    struct page **pages; /* NULL: zeros */
    size_t n, cap;
    uint64_t size;
};
struct image_name {
    char name[PATH_MAX_BYTES];
    int file; /* -1: a folder */
};
struct image {
    struct image_file *files;
    size_t files_n, files_cap;
    struct image_name *names;
    size_t names_n, names_cap;
};
void image_free(struct image *i);
/* Writes it to a folder, which is emptied first, and tells the recorder what is there. */
void image_lay_out(const struct image *i, const char *folder);
/* A number that is equal for equal images. */
uint64_t image_digest(const struct image *i);

/* A disk that ops arrive at one by one. */
struct disk {
    struct image durable;
    const struct op **pending; /* since the sync that would have covered them */
    size_t pending_n, pending_cap;
    uint64_t random; /* for what a failed sync leaves */
};
void disk_begin(struct disk *d, const struct image *from,
                uint64_t seed); /* from may be NULL: empty */
void disk_free(struct disk *d);
void disk_copy(struct disk *to, const struct disk *from); /* the ops are shared */
void disk_take(struct disk *d, const struct op *op);

/* What is found after a crash now. */
enum fate {
    FATE_NONE, /* only what was synced */
    FATE_ALL,  /* everything: the process was killed */
    FATE_HALF, /* each unsynced sector by the toss of a coin */
    FATE_MOST, /* most of them */
    FATE_FEW,
    FATE_PAGES, /* pages of 4 KiB, not sectors */
    FATES,
};
void disk_crash(const struct disk *d, enum fate fate, uint64_t seed, struct image *out);

void folder_empty(const char *folder); /* makes it if it is not there */

#endif
