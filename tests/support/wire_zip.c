/* wire_zip.c - a test's own end of a compressed connection, RFC 4978. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "support/fail.h"
#include "support/wire_int.h"

struct zip {
    z_stream out, in;
    bool more; /* in was stopped by a full buffer */
    char wire[4096];
};

void wire_compress(struct wire *w)
{
    w->zip = calloc(1, sizeof *w->zip);
    if (deflateInit2(&w->zip->out, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        inflateInit2(&w->zip->in, -15) != Z_OK)
        fail_now("no zlib");
    if (w->at != w->n) fail_now("something was said between the answer and the compression");
}

bool wire_zip_send(struct wire *w, const char *p, size_t n)
{
    char piece[1024];
    z_stream *z = &w->zip->out;
    z->next_in = (Bytef *)(uintptr_t)p;
    z->avail_in = (uInt)n;
    do {
        z->next_out = (Bytef *)piece;
        z->avail_out = sizeof piece;
        deflate(z, Z_SYNC_FLUSH);
        size_t left = sizeof piece - z->avail_out;
        for (char *at = piece; left;) {
            ssize_t put = wire_put(w, at, left);
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return false;
            at += put;
            left -= (size_t)put;
        }
    } while (z->avail_out == 0);
    return true;
}

bool wire_zip_more(const struct wire *w)
{
    return w->zip->more || w->zip->in.avail_in;
}

ssize_t wire_zip_get(struct wire *w, char *p, size_t n)
{
    z_stream *z = &w->zip->in;
    if (!wire_zip_more(w)) {
        ssize_t got = wire_get(w, w->zip->wire, sizeof w->zip->wire);
        if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : got;
        z->next_in = (Bytef *)w->zip->wire;
        z->avail_in = (uInt)got;
    }
    z->next_out = (Bytef *)p;
    z->avail_out = (uInt)n;
    int r = inflate(z, Z_SYNC_FLUSH);
    if (r != Z_OK && r != Z_BUF_ERROR) fail_now("the server's compressed data is damaged: %d", r);
    w->zip->more = z->avail_out == 0;
    size_t said = n - z->avail_out;
    if (said) return (ssize_t)said;
    errno = EAGAIN;
    return -1;
}

void wire_clear(struct wire *w)
{
    if (wire_zip_more(w)) fail_now("more is compressed than was to be");
    wire_zip_free(w);
}

void wire_zip_free(struct wire *w)
{
    if (!w->zip) return;
    deflateEnd(&w->zip->out);
    inflateEnd(&w->zip->in);
    free(w->zip);
    w->zip = NULL;
}
