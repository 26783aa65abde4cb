/* backup.h - a backup folder: the journal's segments as they are, and a manifest that says what
 * counts.
 *
 *     FOLDER/manifest                  what the backup is; replaced whole, last of all
 *     FOLDER/segments/NUMBER-ID.seg    copies; one may be longer than the manifest says, never
 * other FOLDER/progress                  what was copied by a backup that is not finished
 *
 * Segments never change but at their end, so a second backup copies what is new, and one that was
 * cut off leaves the manifest before it valid. docs/storage-format.md describes every line.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/store.h"

enum { STORE_IDENTITY_BYTES = 16 };
/* What tells this store and all copies of it from any other; drawn at the first call. Waits. */
enum err store_identity(struct store *s, uint8_t identity[STORE_IDENTITY_BYTES]) MUST_CHECK;

/* --- the manifest (backup_manifest.c) -----------------------------------------------------------
 */
struct backup_segment {
    struct backup_file file;
    bool summed;       /* false: not copied yet */
    uint64_t checksum; /* XXH3-64 of its bytes */
};
struct backup_manifest {
    uint8_t store[STORE_IDENTITY_BYTES];
    uint64_t commit;
    int64_t wall_us;
    struct backup_segment *segments; /* by number */
    size_t n, cap;
};
void manifest_free(struct backup_manifest *m);
void manifest_of_point(const struct backup_point *p, const uint8_t *store,
                       struct backup_manifest *out);
uint64_t manifest_bytes(const struct backup_manifest *m); /* of all segments */
void manifest_write(const struct backup_manifest *m, struct buf *out);
/* ERR_CORRUPT: damaged or cut; ERR_DENIED: a newer format. why says which. */
enum err manifest_read(str text, struct backup_manifest *out, struct buf *why) MUST_CHECK;
/* Of a folder. ERR_NOTFOUND: there is none; ERR_LATER: the disk. */
enum err manifest_load(struct seam *seam, const char *folder, struct backup_manifest *out,
                       struct buf *why) MUST_CHECK;

/* --- making one (backup_write.c), reading one back (backup_verify.c) -----------------------------
 */
struct backup_source {
    /* Up to n bytes of the i-th segment of the point from offset. Waits. */
    enum err (*read)(void *arg, size_t i, uint64_t offset, size_t n, str *bytes);
    void *arg;
};
struct backup_progress {
    void (*told)(void *arg, uint64_t done_bytes, uint64_t total_bytes); /* NULL: nobody looks */
    void *arg;
};
struct backup_run {
    struct seam *seam;
    const char *folder;
    struct backup_manifest *point; /* gets the checksums */
    struct backup_source source;
    uint64_t rate_bytes; /* a second; 0: as fast as it goes */
    bool mend; /* read what is there already too, and copy again what is damaged */
    struct backup_progress progress;
    uint64_t copied_bytes, copied_files, kept_files, removed_files; /* out */
};
/* ERR_CONFLICT: the folder is another store's, or no backup; ERR_EXISTS: another backup into it
 * runs; ERR_LATER, ERR_GONE: cut off, and the next run goes on. why says it in words. Waits. */
enum err backup_write(struct backup_run *r, struct buf *why) MUST_CHECK;

struct backup_verify {
    struct seam *seam;
    const char *folder;
    const struct backup_manifest *manifest;
    void (*fault)(void *arg, str what);
    void *arg;
    struct backup_progress progress;
    uint64_t bytes, faults; /* out */
};
/* Reads everything again. OK also with faults; ERR_GONE. Waits. */
enum err backup_verify(struct backup_verify *v) MUST_CHECK;

/* --- a whole store (restore.c) ------------------------------------------------------------------
 */
struct restore_run {
    struct seam *seam; /* with the data folder */
    struct seam *from; /* with the backup's; most often the same */
    const char *folder;
    const struct backup_manifest *manifest;
    void (*fault)(void *arg, str what); /* a damaged segment: what is whole in it is restored */
    void *arg;
    struct backup_progress progress;
    uint64_t bytes, faults; /* out */
};
/* Copies the journal into the data folder, which must be empty; a file `restoring` lies there until
 * all of it is durable, and no store opens meanwhile. ERR_CONFLICT: not empty. Waits. */
enum err restore_store(struct restore_run *r, struct buf *why) MUST_CHECK;

/* --- a backup as a store that is only read (restore_open.c) --------------------------------------- */
struct restored;
/* scratch: a folder that is made for the index and removed by restored_close; the backup stays as it
 * is. Damaged segments lack what was damaged. why: in words. */
enum err restored_open(struct seam *seam, const char *folder, const struct backup_manifest *m,
                       const char *scratch, struct restored **out, struct buf *why) MUST_CHECK;
struct store *restored_store(struct restored *r);
void restored_close(struct restored *r); /* NULL: nothing */

/* --- what an account has (restore_account.c) ------------------------------------------------------ */
/* One message wherever it lies: the same after a copy, a move, a restore. By size, internal date and
 * Message-ID; without one, by the envelope. */
struct restore_identity { uint64_t a, b; };
uint64_t restore_box(str name); /* a mailbox's name as a number */
struct restore_message {
    const struct mailbox *mailbox;
    const str *keywords; size_t keywords_n; /* the mailbox's, by bit */
    struct message message;                 /* with its card, wherever that lies */
    struct restore_identity identity;
};
typedef enum err restore_each_fn(void *arg, const struct restore_message *m); /* may wait */
/* Each live message, mailbox by mailbox, UIDs ascending, until each returns an error. box: of this one
 * alone; empty: of all. Waits. */
enum err restore_each(struct store *s, struct account a, str box, restore_each_fn *each, void *arg) MUST_CHECK;

#endif
