/* told.h - a device that keeps of a mailbox only what the server has told it.
 *
 * RFC 9051 5.2, 7.4.1, 7.5.1, 7.5.2; RFC 7162 3.1, 3.2. Whatever the server may not say at that
 * moment (an EXPUNGE while numbers are in use, a count that shrinks, another UID for a number, FLAGS
 * without MODSEQ once that is asked for) ends the test.
 */
#ifndef CONVERGE_TOLD_H
#define CONVERGE_TOLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/chat.h"

enum { MESSAGES_MAX = 4000, RANGES_MAX = 200, LINE_MAX_BYTES = 65536, SET_TEXT_BYTES = 8192, FLAGS_N = 9, BOXES = 2, ASK_MAX = 20 };
enum { FLAG_DELETED_BIT = 3 }; /* of flag_names */

extern const char *const flag_names[FLAGS_N]; /* of a set of flags, bit by bit */
extern const char *const box_names[BOXES];

/* UIDs or sequence numbers: each pair from, to. */
struct set {
    uint32_t ranges[RANGES_MAX][2];
    size_t n;
};
bool set_has(const struct set *s, uint32_t number);
void set_add(struct set *s, uint32_t from, uint32_t to);
/* Reads "1:3,7"; where it ended. */
const char *set_read(struct set *s, const char *text);
void set_write(const struct set *s, char *text, size_t size);

struct known {
    uint32_t uid; /* 0: not told yet */
    unsigned flags;
    bool sure;         /* the flags were told */
    unsigned heard_at; /* the command during which they were told last */
    uint64_t modseq;   /* 0: not told */
};

struct device {
    int number;
    struct chat *c;
    int box; /* -1: none selected */
    bool read_only, condstore, qresync, idling;
    struct known known[MESSAGES_MAX];
    size_t n;
    struct known cache[MESSAGES_MAX]; /* while SELECT with QRESYNC is answered */
    size_t cache_n;
    bool counted; /* while merging: EXISTS was heard */
    bool merging, offers_qresync;
    uint32_t uidvalidity, uidnext;
    uint64_t highest_modseq; /* as told last */
    uint64_t modseq; /* told while nothing was unknown: where a resynchronisation may start */
    unsigned command;     /* counts them */
    bool numbers_in_use;  /* FETCH, STORE, SEARCH: RFC 9051 7.5.1, no EXPUNGE now */
    char code[LINE_MAX_BYTES];   /* of the tagged answer, or of the untagged COPYUID: "COPYUID …" */
    char line[LINE_MAX_BYTES];   /* the response that is being read, literals in it */
    char sent[LINE_MAX_BYTES];   /* the last command, for reports */
    void (*message)(struct device *d, uint32_t uid, const char *text); /* hears of literals; or NULL */
};

/* Ends the test: what is wrong, with the device's last command and response. */
_Noreturn void wrong(const struct device *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
extern const char *wrong_again; /* how to run it again; printed by wrong */
extern bool tracing;            /* every line on standard error */

/* Send a command (the tag is put before it) without waiting for its answer. */
void device_send(struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Read up to the answer of the last command; 'O', 'N' or 'B'. */
char device_hear(struct device *d);
/* Both; the answer must be OK. */
void device_do(struct device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What has come by itself, without waiting. */
void device_listen(struct device *d);
void device_idle(struct device *d);
void device_idle_end(struct device *d);

size_t device_find(const struct device *d, uint32_t uid); /* its place, or n */
bool device_has_unknown(const struct device *d);
/* "FETCH a:b (UID FLAGS)" for those whose UID or flags were never told. */
void device_ask_unknown(struct device *d);

#endif
