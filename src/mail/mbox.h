/* mbox.h - the mbox format: where one message ends and the next begins, and what its headers say.
 *
 * A message begins with a line "From SENDER DATE" at the file's start or after an empty line, and ends
 * before the empty line in front of the next. Lines of it that look so are quoted: ">From " in mboxo,
 * one ">" more in front of any number in mboxrd. Flags are in the header fields Status, X-Status and
 * X-Keywords, which belong to the file, not to the message.
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H

#include "base/buf.h"

/* A line "From SENDER DATE": is it one? date (may be NULL) in seconds, 0 if it has none. */
bool mbox_from_line(str line, int64_t *date_s);
void mbox_write_from(struct buf *out, int64_t date_s); /* "From MAILER-DAEMON Thu Jan  1 …" LF */

/* Splits a file that streams by. */
enum mbox_kind {
    MBOX_START,   /* a message begins; text is its From line, whole */
    MBOX_TEXT,    /* of the message: unquoted, with the line ends of the file */
    MBOX_END,     /* the message is over */
    MBOX_NO_MBOX, /* the file does not begin with a From line: nothing more comes */
};
typedef bool mbox_fn(void *arg, enum mbox_kind kind, uint64_t offset, str text);
struct mbox {
    mbox_fn *fn; /* false: no more, please; text lives until it returns */
    void *arg;
    uint64_t offset;  /* of line */
    struct buf line;  /* what of the present line has come */
    struct buf blank; /* an empty line that may belong to the next From line */
    bool in_message, in_line, stopped;
};
void mbox_begin(struct mbox *m, mbox_fn *fn, void *arg);
void mbox_feed(struct mbox *m, str piece); /* cuts do not matter */
void mbox_end(struct mbox *m);             /* after the last; frees */

/* A message's header, line by line, while what the file says of it is taken out. */
struct mbox_header {
    unsigned flags;    /* MAILDIR_… of maildir.h, and MBOX_INTERNAL */
    struct buf words;  /* keywords, a space before each */
    bool ours, words_go_on, over;
};
enum { MBOX_INTERNAL = 1 << 16 }; /* some program's notes, not a message: passed over */
void mbox_header_begin(struct mbox_header *h); /* free words at the end */
/* Appends the line to out unless it is the file's own. After h->over the rest is not header. */
void mbox_header_line(struct mbox_header *h, str line, struct buf *out);
/* The fields that say these flags, with LF. */
void mbox_header_write(unsigned flags, str words, struct buf *out);
/* Must this line get a ">" more in front (mboxrd)? */
bool mbox_must_quote(str line);

#endif
