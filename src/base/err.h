/* err.h - what the caller must do next; each protocol maps these to replies in one function. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    OK = 0,
    ERR_GONE,     /* the peer, the deadline or the process ended: unwind by returning */
    ERR_SYNTAX,   /* the input is not of the form the grammar wants */
    ERR_DENIED,   /* understood, and not allowed */
    ERR_NOTFOUND, /* no such thing */
    ERR_EXISTS,   /* already there */
    ERR_LIMIT,    /* a named limit would be passed; trying again does not help */
    ERR_LATER,    /* cannot now (disk full, queue full, resolver down); trying again may help */
    ERR_CONFLICT, /* somebody else changed it first: read again and re-run */
    ERR_UNKNOWN,  /* no answer: it may or may not have happened; retry with the same key */
    ERR_TOO_OLD,  /* the changes asked for are no longer kept: start over */
    ERR_CORRUPT,  /* stored bytes fail their checksum or their grammar */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* A short lower-case English phrase for logs and the command line, never NULL. */
const char *err_text(enum err e);

#endif
