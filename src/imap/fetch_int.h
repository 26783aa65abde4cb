/* fetch_int.h - between FETCH's walk over messages (fetch.c) and one message's items (fetch_body.c). */
#ifndef IMAP_FETCH_INT_H
#define IMAP_FETCH_INT_H

#include "imap/session_int.h"
#include "mail/card.h"

/* One message, while its items are written. */
struct fetched {
    struct imap *s;
    const struct look *look;    /* keywords; its view is closed when reader is open */
    struct message m;
    struct card card;
    struct body_reader *reader; /* NULL while no item needs the bytes */
};

/* Does an item need the message's bytes? Everything else comes from its row and its card. */
bool imap_item_reads(const struct fetch_item *item);
/* BODY[…], RFC822…, BINARY: the item with its bytes, streamed. ERR_GONE when bytes could not be
 * read after they were announced: the connection is then of no use. Waits. */
enum err imap_fetch_bytes(struct fetched *f, const struct fetch_item *item) MUST_CHECK;

/* BINARY and BINARY.SIZE of a range: the part decoded, or NULL for the whole message as it is. What
 * follows the item's name. ERR_GONE as above. Waits. */
enum err imap_fetch_binary(struct fetched *f, const struct fetch_item *item,
                           struct card_range range, const struct card_part *part) MUST_CHECK;
/* Where an item's section lies, by the card; HEADER.FIELDS are cut from HEADER. part may be NULL. */
bool imap_fetch_find(struct fetched *f, const struct fetch_item *item, struct card_range *range,
                     struct card_part *part);
/* The part of size bytes that <offset.count> asks for. */
struct card_range imap_fetch_cut(const struct fetch_item *item, uint64_t size);

/* All of a range of the message into the arena, at most max bytes. Waits. */
enum err imap_read_range(struct body_reader *reader, struct arena *a, struct card_range range,
                         size_t max, str *out) MUST_CHECK;

#endif
