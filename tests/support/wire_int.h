/* wire_int.h - what the parts of the wire know of each other. */
#ifndef SUPPORT_WIRE_INT_H
#define SUPPORT_WIRE_INT_H

#include <stdarg.h>
#include <sys/types.h>

#include "support/wire.h"

/* PATIENCE: generous, since sanitizers and a busy machine are slow; a good answer never waits. */
enum { WIRE_PIECE = 64 * 1024, WIRE_PATIENCE_S = 20 };

/* Long enough for an answer that nobody asked for. */
#define WIRE_LULL_S 0.02

struct wire {
    int fd, port;
    struct zip *zip;    /* NULL: not compressed */
    struct ssl_st *tls; /* NULL: in clear */
    char *in;           /* what came: from at to n is unread */
    size_t at, n, cap;
    char *line; /* what was handed out last */
    char *got;  /* the whole of the last exchange's answer */
    size_t got_n, got_cap;
    char said[512]; /* for messages */
    unsigned tag;
    bool ended;
};

/* The socket's, or TLS's: as send and recv. */
ssize_t wire_put(struct wire *w, const char *p, size_t n);
ssize_t wire_get(struct wire *w, char *p, size_t n);
/* wire_zip.c: the same above the compression; -1 with EAGAIN: nothing whole came. */
bool wire_zip_send(struct wire *w, const char *p, size_t n);
ssize_t wire_zip_get(struct wire *w, char *p, size_t n);
bool wire_zip_more(const struct wire *w); /* without anything more coming */
void wire_zip_free(struct wire *w);

bool wire_vsay(struct wire *w, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

#endif
