/* search_int.h - between the files of the index.
 *
 * A shelf is what the process knows of an account's index; whoever has it (shelf_take) has it alone,
 * with the account's file in a book. Jobs of the pool work on a book; its owner's fiber waits.
 * On disk: docs/storage-format.md, "The text index".
 */
#ifndef SEARCH_INT_H
#define SEARCH_INT_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/list.h"
#include "run/lock.h"
#include "run/work.h"
#include "search/search.h"

/* --- a message in an answer ------------------------------------------------------------------ */
enum { ROW_CUT = 1 }; /* its text is longer than what is kept: what is not found may be there */
struct search_row {
    uint64_t key;   /* search_key */
    uint32_t state; /* ROW_… */
    uint32_t has;   /* bit i: the i-th text of the question */
};
/* Of the message and its copies, and of no other message of the account, not even of one that was
 * stored after an older backup was restored. */
uint64_t search_key(const struct message *m);
struct search_row *search_row_find(struct search_row *rows, size_t n, uint64_t key); /* sorted */

/* --- shelves (shelf.c) ----------------------------------------------------------------------- */
struct search {
    struct seam *seam;
    struct store *store;
    const struct search_settings *settings;
    struct pool *pool;
    struct lock lock;    /* guards what follows, and busy of each shelf */
    struct list shelves; /* of each account that has a file, or searched since the start */
    unsigned shelves_n, asking;
    bool told; /* the log knows that the disk will not have us */
};

/* Up to where a mailbox's messages are in the index: new ones always get higher UIDs. */
struct mark {
    struct mailbox_id mailbox;
    struct uid uidnext;
};
struct shelf {
    struct list node;
    struct account account;
    bool busy;
    struct watch watch; /* tend.c's, and the two below: its loop's */
    bool watched, dirty;
    uint64_t swept_mono_us; /* when what is gone was last looked for, or the start */
    /* Of who has it: */
    uint64_t salt, end; /* of the file that the marks are of */
    struct mark *marks;
    size_t marks_n;
};
/* Waits for whoever has it. ERR_GONE; ERR_LIMIT: SEARCH_SHELVES are there. make: also if the account
 * has none yet, otherwise ERR_NOTFOUND. */
enum err shelf_take(struct search *s, struct account a, bool make, struct shelf **out) MUST_CHECK;
void shelf_give(struct search *s, struct shelf *shelf);
void shelf_free(struct shelf *shelf);
bool shelf_known(struct search *s, struct account a); /* one with a file, at the start; false: enough */

/* --- books: an account's file in hand (book.c) ----------------------------------------------- */
struct record_place { /* 32 bytes each */
    uint64_t at;
    uint32_t messages, signature_bytes, packed_bytes, text_bytes;
    uint64_t bytes; /* all of the record */
};
struct book {
    struct search *s;
    struct account account;
    int file;           /* -1: none */
    uint64_t salt, end; /* end: of the records that are whole */
    int64_t made_us;    /* when the file was begun */
    struct arena arena; /* SEARCH_BOOK_BYTES: what follows */
    struct record_place *records;
    size_t records_n;
    struct search_row *rows; /* of all records, sorted by book_sort */
    size_t rows_n;
};
struct book book_make(struct search *s, struct account a);
void book_free(struct book *b); /* closes the file */
/* Reads what there is. A file that is missing, foreign or of another format is none: ERR_NOTFOUND;
 * what follows a damaged record is cut off. Blocks. ERR_LATER; ERR_LIMIT: more than memory allows. */
enum err book_open(struct book *b) MUST_CHECK;
/* Makes the file anew and empty; fresh: under a name of its own, until it is renamed. Blocks.
 * ERR_LATER: the disk. */
enum err book_begin(struct book *b, bool fresh) MUST_CHECK;
enum err book_write(struct book *b, str bytes, uint64_t at) MUST_CHECK;
/* Writes the page behind the last record, and empties it. Blocks. ERR_LATER: the disk. */
struct page;
enum err book_append(struct book *b, struct page *p) MUST_CHECK;
/* A record that lies there: front is its head and rows. ERR_LIMIT. */
enum err book_add(struct book *b, const struct record_place *place, str front) MUST_CHECK;
enum err book_remove(struct search *s, struct account a) MUST_CHECK;
void book_sort(struct book *b);
enum err search_book(struct book *b) MUST_CHECK; /* book_open in the pool; no file is OK, and end 0. Waits. (search.c) */
void book_path(struct account a, bool fresh, char path[SEARCH_PATH_BYTES]);

/* --- records (record.c) ---------------------------------------------------------------------- */
enum { RECORD_HEAD_BYTES = 48, RECORD_ROW_BYTES = 20, TEXT_END = 0xff };
struct record_row { /* a message in a record; its text follows that of the row before it */
    uint64_t key;
    uint32_t outside_bytes, body_bytes; /* of the header; TEXT_END lies between them and behind them */
    uint8_t signature_log2; /* of its bits */
    uint8_t state;          /* ROW_CUT */
};
struct record_head {
    uint32_t messages, signature_bytes, packed_bytes, text_bytes;
    uint64_t signature_sum, text_sum;
};
/* bytes begin with a record at this offset of the file: its head and rows. ERR_LIMIT: *need bytes
 * are wanted; ERR_CORRUPT. */
enum err record_open(str bytes, uint64_t salt, uint64_t at, struct record_head *out, size_t *need) MUST_CHECK;
struct record_row record_row(str bytes, uint32_t i);
bool record_sum_is(str bytes, uint64_t salt, uint64_t at, uint64_t sum);

/* Reading one (record_read.c); places are those of the book. */
struct record_reader {
    struct book *book;
    const struct record_place *place;
    struct record_head head;
    struct buf front, packed, text; /* front: head, rows, signatures; text empty: not read */
    str signatures;
};
struct record_message {
    struct record_row row;
    str signature;
    str text, body; /* empty if not read; body lies in text */
};
struct record_walk { uint32_t i; size_t signature_at, text_at; };
struct record_reader record_reader_make(struct book *b);
void record_reader_free(struct record_reader *r);
enum err record_front(struct record_reader *r, const struct record_place *place) MUST_CHECK; /* blocks; ERR_CORRUPT, ERR_LATER */
enum err record_text(struct record_reader *r) MUST_CHECK; /* likewise; after record_front */
bool record_next(const struct record_reader *r, struct record_walk *w, struct record_message *out);

/* One that is being written: messages gather until it is page_full. */
struct page {
    struct buf rows, signatures, text, out;
    uint32_t messages;
};
struct page page_make(void);
void page_reset(struct page *p);
void page_free(struct page *p);
bool page_full(const struct page *p);
void page_add(struct page *p, const struct record_row *row, str signature, str text);
/* The record as it lies at this offset, in p->out. ERR_LATER: no memory. */
enum err page_seal(struct page *p, uint64_t salt, uint64_t at) MUST_CHECK;

/* --- signatures (gram.c) --------------------------------------------------------------------- */
/* Which trigrams a text has: a bit each, by hash. */
void signature_make(struct buf *out, str text, uint8_t *log2);
struct grams { uint32_t hash[SEARCH_GRAMS]; size_t n; };
void grams_of(struct grams *g, str needle);
bool signature_may(str signature, const struct grams *g); /* never false for a text with the needle */

/* --- bringing in (gather.c on the fiber, digest.c in the pool) -------------------------------- */
/* Brings in what the marks do not cover. Waits. OK also when the disk has no room for more: what is
 * not in rows is not known. ERR_GONE. */
enum err search_gather(struct book *b, struct shelf *shelf, const struct search_question *q) MUST_CHECK;

/* The keys of all messages that the account has, sorted. Waits. */
enum err search_living(struct book *b, struct arena *a, const uint64_t **keys, size_t *n) MUST_CHECK;

struct digest_item {
    uint64_t key;
    str card;         /* bytes of it */
    size_t at, bytes; /* of the message, in raw */
};
struct digest {
    struct book *book;
    struct page page;
    struct buf raw; /* messages as they are stored */
    struct digest_item items[SEARCH_BATCH_MESSAGES];
    size_t n;
    struct buf outside, body, signature; /* one message's text, folded */
    bool cut;
    bool last;  /* write what is there */
    enum err result; /* ERR_LATER: the disk; nothing more is written */
};
enum err digest_begin(struct digest *d, struct book *b) MUST_CHECK; /* blocks: takes the last record's messages over */
void digest_free(struct digest *d);
void digest_job(void *arg); /* all items; then they are gone */
/* A message too large for the batch: its text, on the fiber. Waits if read does. */
enum err digest_text(struct digest *d, str card, enum err (*read)(void *arg, uint64_t at, size_t n, str *bytes), void *arg) MUST_CHECK;
void digest_keep_job(void *arg); /* the text of digest_text is that of items[0] */

/* --- looking (look.c) ------------------------------------------------------------------------ */
struct looking {
    struct book *book;
    const struct search_text *texts;
    size_t n;
    enum err result;
};
void look_job(void *arg); /* sets has in the book's rows, which are sorted */

/* --- taking out (sweep.c) -------------------------------------------------------------------- */
/* Writes the file anew without the messages that are gone, if they are many or it is old. Waits. */
enum err search_sweep(struct book *b, struct shelf *shelf) MUST_CHECK;

/* --- tending (tend.c): on the loop of search_tend --------------------------------------------- */
/* One round; what was last swept longer ago than that is swept. ERR_GONE. Waits. */
enum err search_tend_once(struct search *s, uint64_t sweep_after_us) MUST_CHECK;
void search_unwatch(struct search *s);

#endif
