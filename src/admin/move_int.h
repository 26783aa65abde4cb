/* move_int.h - numbers that both ends of an import and an export must agree on. */
#ifndef ADMIN_MOVE_INT_H
#define ADMIN_MOVE_INT_H

#include "admin/move.h"
#include "admin/stream_int.h"

enum {
    MOVE_ZONE_BIAS = 10000, /* so that minutes east of Greenwich are not negative */
    MOVE_LISTED = MOVE_LIST_MESSAGES,
    MOVE_FLAGS = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT,
};

#endif
