/* segment_int.h - the journal's files: names, headers, and a table of those that are open.
 *
 * Two kinds share one row of numbers: a log holds records one after the other; a stream holds one
 * large body's frames and its frame table.
 */
#ifndef STORE_EMBEDDED_SEGMENT_INT_H
#define STORE_EMBEDDED_SEGMENT_INT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "run/lock.h"
#include "run/seam.h"
#include "store/embedded/record_int.h"

enum { SEGMENT_HEADER_BYTES = 4096, SEGMENT_FORMAT = 1 };
enum segment_kind { SEGMENT_LOG = 1, SEGMENT_STREAM = 2 };

struct segment_head {
    enum segment_kind kind;
    uint64_t number;
    uint64_t previous;     /* log: the log before it, 0: none. What lies between was abandoned */
    uint64_t previous_end; /* log: what of the previous one counts, bytes */
    uint64_t first_seq;    /* log: no commit in it has a lower number */
    int64_t created_us;
    uint8_t secret[RECORD_SECRET_BYTES];
};

struct segment {
    struct segment_head head;
    int file;
    unsigned holders; /* under the table's lock, and what follows */
    bool removed;     /* its file has no name any more: closed with its last holder */
    struct list node;
};
static inline struct place segment_place(const struct segment *s)
{
    return (struct place){ s->head.number, s->head.secret };
}

struct segments {
    struct seam *seam;
    struct lock lock;
    struct lock removal; /* held while a segment that counts is taken away; before lock */
    struct list open; /* recently used first */
    unsigned open_n;
    bool frozen; /* files are opened to be read alone */
    unsigned pins;
    uint64_t files;    /* of the journal, as far as is known */
    uint64_t removals; /* so far */
    uint64_t next_number;
};
void segments_init(struct segments *t, struct seam *seam);
void segments_end(struct segments *t); /* none may be held */

struct segment_path {
    char text[32];
};
struct segment_path segment_path(uint64_t number);
bool segment_number(const char *name, uint64_t *out); /* of a file's name; false: not a segment */

/* The header from the first bytes of a file. ERR_CORRUPT; ERR_DENIED: of a newer format. */
enum { SEGMENT_HEAD_USED_BYTES = 288 };
enum err segment_head_read(const char *page, struct segment_head *out) MUST_CHECK;

/* A new file with its header written, held. Of the wanted head kind, previous, previous_end and
 * first_seq count. durable: header and name are synced. ERR_LATER: the disk, *code is its errno. */
enum err segment_create(struct segments *t, const struct segment_head *wanted, bool durable,
                        struct segment **out, int *code) MUST_CHECK;
/* Held. From the table or the disk. ERR_NOTFOUND: no such file, or its header was never written;
 * ERR_CORRUPT: its header; ERR_DENIED: of a newer format; ERR_LATER: the disk. */
enum err segment_open(struct segments *t, uint64_t number, struct segment **out) MUST_CHECK;
struct segment *segment_cached(struct segments *t,
                               uint64_t number); /* held, or NULL; never waits for the disk */
void segment_drop(struct segments *t, struct segment *s); /* NULL is fine */
/* Takes the file away; those who hold it read on. False: it is still there. */
bool segment_remove(struct segments *t, uint64_t number);
/* While anybody has a pin, no segment that counts is removed: who goes through them by number, over
 * a while and from a place that was once right (backup, check), holds one. Any thread; waits for
 * the removal of one file at most. */
void segments_pin(struct segments *t);
void segments_unpin(struct segments *t);
bool segments_pinned(struct segments *t);
/* True: nobody has a pin, and nobody gets one until the end of the removal, which then must follow. */
bool segments_removal_begin(struct segments *t);
void segments_removal_end(struct segments *t);
uint64_t segments_files(struct segments *t); /* how many there are */

#endif
