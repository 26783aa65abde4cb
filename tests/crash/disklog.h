/* disklog.h - every change that this process makes to the files of one folder, in order, whoever
 * makes it: the store, or LMDB within it. The C library's calls are defined here instead; each is
 * done, and noted. They can be made to fail.
 *
 * One thread only: the store runs in the simulated world.
 */
#ifndef CRASH_DISKLOG_H
#define CRASH_DISKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATH_MAX_BYTES = 64, SECTOR = 512 };

enum op_kind {
    OP_CREATE,      /* name: a new, empty file */
    OP_MKDIR,       /* name */
    OP_RENAME,      /* name, to */
    OP_UNLINK,      /* name */
    OP_WRITE,       /* at, n, bytes: whole sectors, but at the file's end */
    OP_RESIZE,      /* at: the new size */
    OP_SYNC,        /* file */
    OP_SYNC_FAILED, /* file: what was written so far may be lost, and is never tried again */
    OP_SYNC_DIR,    /* name: of the folder */
};

struct op {
    enum op_kind kind;
    int file; /* a number of its own for each file that ever was */
    char name[PATH_MAX_BYTES], to[PATH_MAX_BYTES];
    uint64_t at;
    size_t n;
    char *bytes;
    bool synced; /* OP_WRITE: O_DSYNC */
};

/* Begin anew for a folder whose files, if any, are named by disklog_known first. */
void disklog_begin(const char *folder);
void disklog_known(const char *name, int file);
void disklog_end(void); /* nothing is noted from here on; what was stays until the next beginning */
size_t disklog_count(void);
const struct op *disklog_op(size_t i);
/* Takes the ops away from the recorder; the caller frees them with ops_free. */
struct op *disklog_take(size_t *n);
void ops_free(struct op *ops, size_t n);
void ops_print(const struct op *ops, size_t until); /* the last of them, for whoever looks into a fault */

/* A store that forgets to sync, as the disk sees it: syncs whose path holds this word do nothing.
 */
void disklog_ignore_syncs(const char *word); /* NULL: all are done */

/* Faults: the nth (1: the next) of the calls chosen, and those after it, times in all. */
enum fault_calls {
    FAULT_WRITE = 1,
    FAULT_SYNC = 2,
    FAULT_GROW = 4, /* fallocate */
    FAULT_OPEN = 8,
    FAULT_NAME = 16, /* unlink, rename, mkdir, the sync of a folder */
    FAULT_READ = 32,
    FAULT_SHRINK = 64,
    FAULT_ALL = 127,
};
struct fault {
    unsigned calls;
    uint64_t nth, times;
    int error;        /* errno; 0: a write does half of what it should */
    const char *word; /* in the path; NULL: any */
};
void disklog_fault(const struct fault *f); /* NULL: none from here on */
uint64_t disklog_faults_met(void);         /* calls of the kind chosen since disklog_fault */
/* What statvfs is to say is free, bytes; UINT64_MAX: the truth. */
void disklog_free_bytes(uint64_t bytes);

#endif
