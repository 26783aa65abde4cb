/* mime.h - an incremental MIME parser: bytes in, any way they are cut; a flat table of parts out.
 *
 * RFC 2045, 2046, 2183, 5322. One linear pass. Header blocks are held up to HEADER_BYTES, bodies
 * never. Everything is capped by limits.h and what goes past a cap is opaque or belongs to the part
 * before; a message is never refused. How the chunks are cut never changes the result.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "mail/header.h"

enum mime_kind {
    MIME_LEAF,
    MIME_MULTIPART, /* its children follow it in the table */
    MIME_MESSAGE,   /* message/rfc822 or message/global: its only child is the inner message */
};

/* Content-Transfer-Encoding. */
enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QP, MIME_BASE64, MIME_UNKNOWN };

/* What the bytes of the whole message are like; or-ed. */
enum {
    MIME_HAS_8BIT = 1,
    MIME_HAS_NUL = 2,
    MIME_HAS_LONG_LINE = 4, /* over HEADER_LINE_BYTES (998) without the line end */
    MIME_HAS_BARE_CR = 8,
    MIME_HAS_BARE_LF = 16,
    MIME_WAS_CAPPED = 32, /* some limit was reached, the table is not the whole truth */
};

/* Offsets and sizes are in bytes from the start of the message. Strings are in the arena, as written
 * but unfolded and cut at MIME_FIELD_BYTES; empty when absent. Everything about a multipart or a
 * message is about the whole of it. */
struct mime_part {
    int parent; /* index in the table; -1 for the first */
    int depth;  /* 0 for the first */
    int number; /* 1, 2, … among the children of a multipart; else 1 */
    int children;
    enum mime_kind kind;
    enum mime_encoding encoding;
    uint64_t header_at, header_bytes; /* the empty line included */
    uint64_t body_at, body_bytes;     /* without the line end that belongs to the boundary */
    uint64_t lines;                   /* of the body; a last line without line end counts */
    uint64_t lines_before;            /* LFs before the body; the parser's own */
    str type, subtype;                /* lower case; never empty: text/plain is the default */
    struct header_param *params;
    size_t nparams;
    str encoding_name; /* as written; empty if none */
    str id, description, md5, location;
    str disposition; /* lower case; empty if none */
    struct header_param *disposition_params;
    size_t ndisposition_params;
    str *languages;
    size_t nlanguages;
    str boundary; /* of a multipart */
    str envelope; /* of a MIME_MESSAGE: the inner message's ENVELOPE as IMAP text (envelope.h) */
};

/* Optional: hear of things while they stream by. Called on the feeding stack; may not feed. */
struct mime_hooks {
    void *arg;
    /* The header of a part is complete; block is valid during the call only. Called for every part,
     * first for index 0. m->parts[index] is filled in but for the body's size. */
    void (*header)(void *arg, int index, str block);
    /* Bytes of a leaf's body, still encoded, in order; exactly body_bytes in all. */
    void (*body)(void *arg, int index, str bytes);
};

/* The fields above the line are for reading after mime_end. */
struct mime {
    struct mime_part *parts; /* document order, a parent before its children; [0] is the message */
    int nparts;
    unsigned flags;   /* MIME_HAS_… */
    uint64_t size;    /* bytes fed */
    uint64_t lines;   /* LFs seen */
    /* ---- the parser's own ---- */
    struct arena *arena;
    struct arena scratch;
    struct mime_hooks hooks;
    int parts_cap;
    int state;
    int open[MIME_DEPTH + 2]; /* indices of the parts that have begun and not ended, outermost first */
    int nopen;
    int nboundaries;          /* how many of those are multiparts that may go on */
    struct buf header;        /* the block that is being read */
    struct buf line;          /* a line that may yet be a boundary */
    bool line_held;           /* the current line is in line, given to no part yet */
    uint64_t line_at;         /* offset of the current line */
    uint64_t line_bytes;      /* of the current line so far */
    uint64_t last_line_bytes; /* of the one before, without its line end */
    unsigned last_eol_bytes;  /* of the one before; 0 in the first line */
    int held;                 /* line end not yet given to the body hook */
    bool last_cr;             /* the byte before was CR */
};

/* The strings of the parts live in a, which must outlive m's use; when it is spent they are empty
 * and boundaries are not seen, nothing worse. hooks may be NULL. */
void mime_begin(struct mime *m, struct arena *a, const struct mime_hooks *hooks);
void mime_feed(struct mime *m, str chunk);
void mime_end(struct mime *m);
void mime_free(struct mime *m); /* the table too */

/* begin, feed once, end. */
void mime_parse(struct mime *m, struct arena *a, str message);

/* Decode a leaf's bytes by its encoding (leniently; unknown is taken as it is). */
void mime_decode(struct buf *out, enum mime_encoding encoding, str body);

str mime_filename(struct arena *a, const struct mime_part *p); /* UTF-8; empty if it has none */
str mime_charset(const struct mime_part *p);                   /* empty if it names none */
bool mime_is_attachment(const struct mime_part *p); /* what an attachment icon stands for */

#endif
