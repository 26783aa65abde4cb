/* check_int.h - what a check says, with a server and without. */
#ifndef ADMIN_CHECK_INT_H
#define ADMIN_CHECK_INT_H

#include "admin/admin_int.h"
#include "admin/check.h"

/* "fault: words" LF, with nothing that a terminal would obey. */
void admin_check_line(const char *kind, str what, struct buf *out);
/* What was looked at, how many faults there were, and what to do. */
void admin_check_summary(const struct check_report *r, uint64_t faults, struct buf *out);

#endif
