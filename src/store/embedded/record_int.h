/* record_int.h - journal records as bytes: header, checksum, the contents of each type.
 *
 * docs/storage-format.md describes every field. A record's checksum covers its place (segment and
 * offset) and is keyed with the segment's secret: neither a message's bytes nor an old copy of a
 * record can pass for one.
 */
#ifndef STORE_EMBEDDED_RECORD_INT_H
#define STORE_EMBEDDED_RECORD_INT_H

#include "base/buf.h"
#include "base/err.h"
#include "store/embedded/memtable_int.h"

enum {
    RECORD_HEADER_BYTES = 40,
    RECORD_ALIGN = 8,
    RECORD_SECRET_BYTES = 192,
};

enum record_type {
    RECORD_COMMIT = 1, /* puts and deletes of one transaction */
    RECORD_BODY = 2,   /* a message's bytes, whole */
    RECORD_FRAMES = 3, /* the frame table of a message that has a segment of its own */
    RECORD_MOVED = 4,  /* a body, copied from a segment that is to go */
};

/* Where records lie and what keys their checksums. */
struct place {
    uint64_t segment;
    const uint8_t *secret; /* RECORD_SECRET_BYTES */
};

struct record {
    enum record_type type;
    uint8_t version;
    uint64_t
        number; /* commit: its sequence number; bodies and frames: the blob's id, 0 if not known */
    uint64_t group_start; /* offset where its group began: what lies before was durable by then */
    str content;
    uint64_t bytes; /* with header and padding */
};

/* Append an unsealed record; the content is built in place: begin, append to b, end. */
size_t record_begin(struct buf *b, enum record_type type, uint64_t number);
void record_end(struct buf *b, size_t at);
/* Give every record of the buffer its group and checksum for a group that starts at this offset. */
void records_seal(struct buf *b, const struct place *place, uint64_t group_start);

/* The record at the front of in, which lies at offset. ERR_NOTFOUND: only zeros, nothing was
 * written here; ERR_LIMIT: in is too short, *need says how many bytes to read; ERR_DENIED: whole, of
 * a type or version that only a newer program knows; ERR_CORRUPT. */
enum err record_read(str in, const struct place *place, uint64_t offset, struct record *out,
                     uint64_t *need) MUST_CHECK;

uint64_t checksum(const struct place *place, uint64_t offset,
                  str bytes); /* of a frame of a large body */

/* --- the content of a commit ---------------------------------------------------------------- */
struct commit_head {
    int64_t wall_us;
    uint32_t rows;
};
void commit_add_head(struct buf *b, const struct commit_head *head);
void commit_add_row(struct buf *b, const struct row *row);
/* Take them off the front; false when cut or out of bounds. */
bool commit_take_head(str *in, struct commit_head *out);
bool commit_take_row(str *in, struct row *out);

/* --- the content of a body ------------------------------------------------------------------ */
enum body_coding { BODY_PLAIN = 0, BODY_ZSTD = 1, BODY_FRAMES = 2 };
struct body_head {
    uint8_t coding;
    uint32_t side_bytes;
    uint64_t size_bytes;
};
enum { BODY_HEAD_BYTES = 16, MOVED_HEAD_BYTES = 8 };
void body_add_head(struct buf *b, const struct body_head *head); /* side and stored bytes follow */
bool body_take(str content, struct body_head *head, str *side, str *stored);

/* --- the content of a frame table ----------------------------------------------------------- */
struct frames_head {
    uint32_t frames, frame_bytes, side_bytes;
    uint64_t size_bytes;
};
struct frame {
    uint64_t offset, checksum;
    uint32_t stored_bytes;
    uint8_t coding;
};
enum { FRAMES_HEAD_BYTES = 24, FRAME_BYTES = 24 };
void frames_add_head(struct buf *b, const struct frames_head *head);
void frames_add(struct buf *b, const struct frame *f);
/* table: FRAME_BYTES each, for frames_at. */
bool frames_take(str content, struct frames_head *head, str *table, str *side);
struct frame frames_at(str table, uint32_t i);

#endif
