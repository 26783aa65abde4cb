/* date.h - dates as mail writes them, to and from seconds since 1970.
 *
 * RFC 5322 3.3 and 4.3 (obsolete zones, two-digit years), IMAP's date-time and date (RFC 9051 9).
 * No clock and no C library locale or time zone is involved.
 */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include "base/buf.h"

struct date {
    int64_t seconds;  /* since 1970-01-01 00:00 UTC; negative before */
    int zone_minutes; /* east of Greenwich of the place that wrote it, -1439 to 1439 */
};

/* Lenient: comments, missing day name, missing seconds, missing or unknown zone (UTC), one-digit
 * fields, years of two to four digits. False if day, month, year or time cannot be told or is out
 * of range (29 February of a common year, 25:00); a leap second counts as the next second. */
bool date_parse(str value, struct date *out);
void date_write(struct buf *out, struct date d); /* "Fri, 21 Nov 1997 09:55:06 -0600" */

/* IMAP date-time without its quotes, strict: "17-Jul-1996 02:44:25 -0700", day may be " 7". */
bool date_parse_imap(str text, struct date *out);
void date_write_imap(struct buf *out, struct date d); /* without quotes, day padded to two */

/* IMAP date of SEARCH, without quotes, "1-Feb-1994": days since 1970-01-01. */
bool date_parse_imap_day(str text, int64_t *days);
int64_t date_day(struct date d); /* day where it was written: the time zone is disregarded */

bool date_parse_iso(str text, struct date *out); /* strict: "1997-11-21T16:55:06.5+01:00" */
void date_write_iso(struct buf *out, int64_t seconds); /* "1997-11-21T15:55:06Z", RFC 3339 */

#endif
