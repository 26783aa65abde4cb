/* data_scan_int.h - the bytes of DATA: where the message ends, what in it is not allowed.
 *
 * RFC 5321 2.3.8, 4.1.1.4, 4.5.2. A pure function over pieces cut anywhere: no waiting, no memory.
 */
#ifndef SMTP_DATA_SCAN_INT_H
#define SMTP_DATA_SCAN_INT_H

#include "base/str.h"

/* What was found that no text line may hold; bits. */
enum {
    TEXT_BARE_CR = 1,
    TEXT_BARE_LF = 2,
    TEXT_NUL = 4,
    TEXT_LONG_LINE = 8, /* more than SMTP_TEXT_LINE_BYTES */
    TEXT_8BIT = 16,     /* no fault: what 8BITMIME is for */
    TEXT_FAULTS = TEXT_BARE_CR | TEXT_BARE_LF | TEXT_NUL | TEXT_LONG_LINE,
};

enum data_place { AT_LINE_START, IN_LINE, AFTER_CR, AFTER_DOT, AFTER_DOT_CR, AT_END };

/* All zero but for the two settings: at the start of a message. */
struct data_scan {
    bool chunk;     /* BDAT: no dots, no end in the bytes themselves (RFC 3030) */
    bool repair_lf; /* a bare LF is passed on as CRLF and is no fault; it never ends anything */
    enum data_place place;
    unsigned found; /* TEXT_… */
    uint64_t line_bytes;
};

/* Called with runs of the message's bytes, dots unstuffed; a run lives during the call. */
typedef void data_emit(void *arg, str run);

/* Look at the next bytes. Returns how many belong to the message: all, or up to and with the LF of
 * CRLF.CRLF, and then d->place is AT_END. Only those five bytes end it. Whoever sees
 * d->found & TEXT_FAULTS throws the message away: what was passed on then is not exact. */
size_t data_scan(struct data_scan *d, str in, data_emit *emit, void *arg);

/* After the last chunk: a last line without its end gets one, and a CR at the very end is a fault. */
void data_scan_finish(struct data_scan *d, data_emit *emit, void *arg);

#endif
