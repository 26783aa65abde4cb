/* blob_int.h - the engine's own rows, in account 0: where a blob lies and who refers to it. */
#ifndef STORE_EMBEDDED_BLOB_INT_H
#define STORE_EMBEDDED_BLOB_INT_H

#include "base/err.h"
#include "store/embedded/merge_int.h"
#include "store/embedded/record_int.h"

#define ACCOUNT_ENGINE ((struct account){ 0 })

/* Keys: a letter and a number, big-endian. */
enum blob_row {
    BLOB_PLACE = 'b',   /* blob id: struct blob_place */
    BLOB_REFS = 'r',    /* blob id: struct blob_refs */
    BLOB_SEGMENT = 's', /* segment of a large body: the blob's id */
    BLOB_GARBAGE = 'g', /* when its references ended, blob id: nothing */
    LOG_CARE = 'l',     /* a log's number: struct log_care */
};
enum { BLOB_KEY_BYTES = 17 };
struct blob_key {
    char bytes[BLOB_KEY_BYTES];
    size_t n;
};
struct blob_key blob_key(enum blob_row row, uint64_t number);
struct blob_key blob_garbage_key(int64_t since_us, struct blob blob);
static inline str blob_key_str(const struct blob_key *k)
{
    return (str){ k->bytes, k->n };
}
uint64_t blob_key_number(str key); /* the last 8 bytes */

/* Blob ids come from commit numbers: unique without a counter, also over a rebuilt index. */
enum { BLOBS_PER_COMMIT = 4096 };
static inline struct blob blob_of(uint64_t seq, unsigned i)
{
    return (struct blob){ seq * BLOBS_PER_COMMIT + i };
}
static inline uint64_t blob_seq(uint64_t blob)
{
    return blob / BLOBS_PER_COMMIT;
}

struct blob_place {
    uint64_t segment, offset, record_bytes; /* the body's record or its frame table */
    uint64_t size_bytes;
    uint32_t side_bytes;
    uint8_t coding; /* enum body_coding */
};
enum { BLOB_PLACE_BYTES = 40, BLOB_REFS_BYTES = 16 };
struct blob_place_bytes {
    char bytes[BLOB_PLACE_BYTES];
};
struct blob_place_bytes blob_place_pack(const struct blob_place *p);
bool blob_place_unpack(str value, struct blob_place *out);

struct blob_refs {
    int64_t count, zero_since_us;
}; /* zero_since_us: 0 while it has references */
struct blob_refs_bytes {
    char bytes[BLOB_REFS_BYTES];
};
struct blob_refs_bytes blob_refs_pack(const struct blob_refs *r);
bool blob_refs_unpack(str value, struct blob_refs *out);

/* What compaction knows of a log. */
struct log_care {
    uint64_t dead_bytes; /* what nothing needs in it, at least */
    int64_t surveyed_us; /* when that was counted; 0: never, only garbage was added */
    uint64_t copied_to;  /* what lives in it up to this offset has been copied to later logs */
};
enum { LOG_CARE_BYTES = 24 };
struct log_care_bytes {
    char bytes[LOG_CARE_BYTES];
};
struct log_care_bytes log_care_pack(const struct log_care *c);
bool log_care_unpack(str value, struct log_care *out);

/* The content and the commit of a body, whether it lies where it was written or was moved. False:
 * the record is none. */
bool body_of_record(const struct record *r, str *content, uint64_t *commit);
/* The place row of a body record, as commit and replay write it. False: the record is malformed. */
bool blob_place_of_record(const struct record *r, uint64_t segment, uint64_t offset,
                          struct blob_place *out);

#endif
