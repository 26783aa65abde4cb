/* move.h - moving mail in and out, the command's side: what import and export of the command line
 * say over the control socket. The files are theirs, and are read and written as who calls them; the
 * store is the server's.
 *
 * All calls wait; ERR_GONE: the server has gone, and the same command can be run again.
 */
#ifndef ADMIN_MOVE_H
#define ADMIN_MOVE_H

#include "admin/admin.h"

/* The beginning: the connection is then in the conversation of what ("import", "export"). ERR_NOTFOUND
 * with nothing in why: nobody listens. Otherwise why says what is wrong. */
enum err move_open(const struct netaddr *socket, str what, str user, struct conn **out,
                   struct buf *why) MUST_CHECK;

/* --- import ----------------------------------------------------------------------------------- */
struct move_message {
    str label;            /* what the person knows it by; at most ADMIN_WORD_BYTES */
    uint8_t flags;        /* FLAG_… */
    const str *keywords; size_t keywords_n; /* at most MAILBOX_KEYWORDS */
    int64_t date_s; int16_t zone_min;
    struct import_mark mark;
};
struct move_counts { uint64_t kept, had, failed; };
struct move_import {
    struct conn *conn;
    struct move_counts counts; /* as the server has told so far */
    /* A message that the server did not take, or (why OK) took without so many of its keywords. */
    void (*tell)(void *arg, str label, enum err why, unsigned keywords_lost);
    void *arg;
    unsigned unsynced, syncs; /* messages since the last sync; syncs not yet answered */
    struct buf reason;        /* why it ended */
};
/* The mailbox of what follows. What the server said of it; ERR_GONE. */
enum err move_box(struct move_import *m, str name, bool subscribed) MUST_CHECK;
void move_begin(struct move_import *m, const struct move_message *message);
void move_bytes(struct move_import *m, str bytes); /* CRLF lines */
/* whole: false, the rest could not be read: the server forgets it. An error: the import is over, the
 * reason is there. */
enum err move_end(struct move_import *m, bool whole) MUST_CHECK;
enum err move_done(struct move_import *m) MUST_CHECK;

/* --- export ----------------------------------------------------------------------------------- */
enum { MOVE_LIST_MESSAGES = 256 };
struct move_box { uint64_t id; uint32_t uidvalidity, messages; bool subscribed, exists; str name; };
struct move_listed { uint32_t uid; uint8_t flags; uint64_t keywords; int64_t date_s; int16_t zone_min; uint64_t size_bytes; };
enum err move_boxes(struct conn *c, struct arena *a, struct move_box **out, size_t *n) MUST_CHECK;
enum err move_words(struct conn *c, uint64_t box, struct arena *a, str **out, size_t *n) MUST_CHECK;
/* From this UID on, at most MOVE_LIST_MESSAGES; none: *n is 0. */
enum err move_list(struct conn *c, uint64_t box, uint32_t from, struct move_listed *out, size_t *n) MUST_CHECK;
/* Asks for a message; ask for all of a list, then read each in turn. */
void move_ask(struct conn *c, uint64_t box, uint32_t uid);
/* Each piece of it until take returns false (the rest is still read). ERR_CORRUPT and such: what the
 * store said of it. */
enum err move_read(struct conn *c, bool (*take)(void *arg, str piece), void *arg, struct buf *why) MUST_CHECK;

#endif
