/* scan.h - a cursor over a str for hand-written parsers; the first error is sticky.
 *
 * After s->bad every primitive is a no-op that returns false, 0 or the empty str, so a rule reads
 * as a list of what it wants and asks "bad?" once.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include "base/str.h"

struct scan {
    str in;
    size_t at;
    bool bad;
};

/* A set of bytes: bit c of the 256. Build static ones with the byte classes in scan.c's style. */
struct byteset { uint32_t bits[8]; };
static inline bool byteset_has(const struct byteset *set, char c)
{
    return set->bits[(unsigned char)c >> 5] >> ((unsigned char)c & 31) & 1;
}
struct byteset byteset_of(str chars);          /* exactly these bytes */
struct byteset byteset_except(str chars);      /* every byte but these */

struct scan scan_make(str in);
bool scan_end(const struct scan *s);           /* nothing left (or bad) */
str scan_rest(const struct scan *s);
char scan_peek(const struct scan *s);          /* '\0' at the end */

/* Optional: consume and say whether it was there. */
bool scan_try(struct scan *s, char c);
bool scan_try_lit(struct scan *s, str lit);    /* ASCII case folded */

/* Wanted: bad if absent. */
void scan_want(struct scan *s, char c);
void scan_want_lit(struct scan *s, str lit);   /* ASCII case folded */
void scan_want_end(struct scan *s);
str scan_while(struct scan *s, const struct byteset *set);  /* may be empty */
str scan_while1(struct scan *s, const struct byteset *set); /* bad if empty */
str scan_until(struct scan *s, char stop);     /* up to, without, and not past stop; bad if absent */
str scan_n(struct scan *s, size_t n);
uint64_t scan_u64(struct scan *s, uint64_t max); /* one or more digits, no sign; bad past max */
void scan_skip_wsp(struct scan *s);
void scan_fail(struct scan *s);

#endif
