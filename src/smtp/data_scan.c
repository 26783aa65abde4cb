/* data_scan.c - the bytes of DATA: where the message ends, what in it is not allowed.
 *
 * Servers that take LF.LF, LF.CRLF or CR.CR for the end, or pass a bare CR or LF on to one that
 * does, let a sender smuggle a second message past whoever checked the first. So only CRLF.CRLF
 * ends here, a line starts after CRLF alone, and everything bare is a fault that is told at the
 * end.
 */
#include "smtp/data_scan_int.h"

#include "base/limits.h"

enum { BLOCK_BYTES = 16 };

struct feed {
    struct data_scan *d;
    data_emit *emit;
    void *arg;
    str in;
    size_t from; /* of the run that is not passed on yet */
};

/* Pass on the run that ends before `to`; the next begins at `next`. */
static void cut(struct feed *f, size_t to, size_t next)
{
    if (to > f->from) f->emit(f->arg, str_sub(f->in, f->from, to - f->from));
    f->from = next;
}

static bool is_ordinary(char c)
{
    return c != '\r' && c != '\n' && c != '\0';
}

/* A whole block at once, if it is ordinary throughout. The fixed count lets the compiler make
 * vectors of it. */
static bool block_ordinary(const char *p, unsigned char *bits)
{
    unsigned char all = 0, other = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        all |= (unsigned char)p[i];
        other |= (p[i] == '\r') | (p[i] == '\n') | (p[i] == '\0');
    }
    if (other) return false;
    *bits |= all;
    return true;
}

/* Ordinary bytes: everything but CR, LF and NUL. Returns where they stop. */
static size_t ordinary(struct data_scan *d, str in, size_t at)
{
    size_t from = at;
    unsigned char bits = 0;
    while (in.n - at >= BLOCK_BYTES && block_ordinary(in.p + at, &bits))
        at += BLOCK_BYTES;
    while (at < in.n && is_ordinary(in.p[at]))
        bits |= (unsigned char)in.p[at++];
    if (bits & 0x80) d->found |= TEXT_8BIT;
    d->line_bytes += at - from;
    if (d->line_bytes > SMTP_TEXT_LINE_BYTES) d->found |= TEXT_LONG_LINE;
    return at;
}

static void line_ended(struct data_scan *d)
{
    d->place = AT_LINE_START;
    d->line_bytes = 0;
}

/* An LF that no CR came before: at most repaired, and what follows is no line start to us. */
static void bare_lf(struct feed *f, size_t at)
{
    f->d->place = IN_LINE;
    f->d->line_bytes = 0;
    if (!f->d->repair_lf) {
        f->d->found |= TEXT_BARE_LF;
        return;
    }
    cut(f, at, at + 1);
    f->emit(f->arg, S("\r\n"));
}

/* One byte in the middle of a line or at its start. Returns the index of the next. */
static size_t in_line(struct feed *f, size_t at)
{
    struct data_scan *d = f->d;
    char c = f->in.p[at];
    if (d->place == AT_LINE_START && c == '.' && !d->chunk) {
        cut(f, at, at + 1); /* stuffing, or the end: never a byte of the message */
        d->place = AFTER_DOT;
        return at + 1;
    }
    d->place = IN_LINE;
    if (c == '\n') {
        bare_lf(f, at);
    } else if (c == '\r') {
        d->place = AFTER_CR;
    } else if (c == '\0') {
        d->found |= TEXT_NUL;
    } else {
        return ordinary(d, f->in, at);
    }
    return at + 1;
}

/* The byte after a CR. Anything but LF is looked at again, by in_line. */
static size_t after_cr(struct feed *f, size_t at)
{
    if (f->in.p[at] != '\n') {
        f->d->found |= TEXT_BARE_CR;
        f->d->place = IN_LINE;
        return at;
    }
    if (at == 0) { /* the CR was held back from the piece before */
        f->emit(f->arg, S("\r\n"));
        f->from = 1;
    }
    line_ended(f->d);
    return at + 1;
}

static size_t after_dot(struct feed *f, size_t at)
{
    bool cr = f->in.p[at] == '\r';
    f->d->place = cr ? AFTER_DOT_CR : IN_LINE;
    if (!cr) return at;
    cut(f, at, at + 1);
    return at + 1;
}

static size_t after_dot_cr(struct feed *f, size_t at)
{
    if (f->in.p[at] == '\n') {
        f->d->place = AT_END;
        return at + 1;
    }
    f->d->found |= TEXT_BARE_CR;
    f->d->place = IN_LINE;
    return at;
}

size_t data_scan(struct data_scan *d, str in, data_emit *emit, void *arg)
{
    struct feed f = { .d = d, .emit = emit, .arg = arg, .in = in };
    size_t at = 0;
    while (at < in.n && d->place != AT_END) {
        switch (d->place) {
        case AT_LINE_START:
        case IN_LINE: at = in_line(&f, at); break;
        case AFTER_CR: at = after_cr(&f, at); break;
        case AFTER_DOT: at = after_dot(&f, at); break;
        case AFTER_DOT_CR: at = after_dot_cr(&f, at); break;
        case AT_END: break;
        }
    }
    /* A CR at the very end is held back until the next piece says what it is. */
    if (d->place != AT_END) cut(&f, d->place == AFTER_CR ? at - 1 : at, at);
    return at;
}

void data_scan_finish(struct data_scan *d, data_emit *emit, void *arg)
{
    if (d->place == AFTER_CR) d->found |= TEXT_BARE_CR;
    if (d->place == IN_LINE) emit(arg, S("\r\n"));
    line_ended(d);
}
