/* backup_int.h - what the files about backup folders share: names, checksums, copying. */
#ifndef STORE_BACKUP_INT_H
#define STORE_BACKUP_INT_H

#include <xxhash.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/backup.h"

enum { BACKUP_MANIFEST_BYTES = 256 * 1024 * 1024 }; /* three million segments */

/* FOLDER/NAME in the arena; the folder alone with an empty name. NULL: too long. */
const char *backup_name(struct arena *a, const char *folder, const char *name);
/* FOLDER/segments/NUMBER-ID.seg, and the same with an ending of its own. */
const char *backup_segment_name(struct arena *a, const char *folder, const struct backup_file *f,
                                const char *ending);
const char *backup_parent(struct arena *a, const char *folder);
/* The line of the manifest, and back. */
void segment_line_write(const struct backup_segment *s, struct buf *out);
bool segment_line_read(str line, struct backup_segment *out);
void manifest_add(struct backup_manifest *m, const struct backup_segment *s);
/* By number and id, or NULL. */
const struct backup_segment *manifest_find(const struct backup_manifest *m,
                                           const struct backup_file *f);
/* A small file, whole. ERR_NOTFOUND, ERR_LATER, ERR_LIMIT */
enum err backup_load(struct seam *seam, const char *name, struct buf *out) MUST_CHECK;
/* All of text at the file's beginning or, with at, there; 0 or a negative errno. */
int backup_store(struct seam *seam, int file, str text, uint64_t at) MUST_CHECK;

/* --- reading a copy with its checksum (backup_copy.c) --------------------------------------------
 */
struct backup_copy {
    struct seam *seam; /* from's */
    struct seam *to_seam;
    int from;    /* file */
    int to;      /* file, or -1: only to read */
    char *piece; /* BACKUP_READ_BYTES */
    XXH3_state_t *sum;
    struct backup_progress progress;
    uint64_t done, total; /* of all, for the progress */
};
void copy_begin(struct backup_copy *c, struct seam *seam);
void copy_end(struct backup_copy *c);
/* The first n bytes of from, into to as well if it is a file; *got is how many there were and
 * *checksum theirs. ERR_LATER: *code is the errno. Waits. */
enum err copy_bytes(struct backup_copy *c, uint64_t n, uint64_t *got, uint64_t *checksum,
                    int *code) MUST_CHECK;

#endif
