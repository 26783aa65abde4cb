/* stream_int.h - what both ends of the control socket read and write, and the requests that go on
 * after their first answer. */
#ifndef ADMIN_STREAM_INT_H
#define ADMIN_STREAM_INT_H

#include "admin/admin_int.h"
#include "run/conn.h"

/* A decimal number alone on its line. Waits. */
enum err stream_number(struct conn *c, uint64_t max, uint64_t *n) MUST_CHECK;
/* Numbers on one line, with single spaces between them. ERR_SYNTAX: not n of them. */
enum err stream_numbers(str line, uint64_t *numbers, size_t n) MUST_CHECK;
/* Exactly n bytes, appended. ERR_LIMIT: they did not fit, and are read all the same. Waits. */
enum err stream_bytes(struct conn *c, uint64_t n, struct buf *out) MUST_CHECK;
/* SIZE LF bytes, at most ADMIN_WORD_BYTES. Waits. */
void stream_word(struct conn *c, str word);
enum err stream_read_word(struct conn *c, struct arena *a, str *word) MUST_CHECK;
/* ERR SIZE LF bytes: the answer to a request. Waits. */
void stream_say(struct conn *c, enum err e, str text);
enum err stream_answer(struct conn *c, struct buf *out, enum err *result) MUST_CHECK;

/* Sends a request; its answer is to be read. ERR_NOTFOUND: nobody listens. The connection is the
 * caller's. Waits. */
enum err stream_ask(const struct netaddr *socket, const struct admin_request *r,
                    struct conn **out) MUST_CHECK;

/* The server's side of a request that goes on: answers it, and returns when it is over. Waits. */
typedef void stream_fn(struct admin *a, struct conn *c, const struct admin_request *r);
stream_fn *stream_find(const struct admin_request *r); /* NULL: an ordinary request */
stream_fn admin_import, admin_export, admin_backup, admin_restore, admin_check;

/* The user whom the request names, in its second word; otherwise the answer says why not. */
bool stream_user(struct admin *a, struct conn *c, const struct admin_request *r,
                 struct account *out) MUST_CHECK;

enum { STREAM_MS = 10 * 60 * 1000 }; /* a conversation may stand still so long */

#endif
