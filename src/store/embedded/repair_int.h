/* repair_int.h - a new index from the journal alone. */
#ifndef STORE_EMBEDDED_REPAIR_INT_H
#define STORE_EMBEDDED_REPAIR_INT_H

#include "store/embedded/embedded_int.h"

/* Under the store's lock, with no index open and no service running; options.repair hears what was
 * mended and lost. The index is closed again when it returns. ERR_LATER: the disk; *why says so. */
enum err rebuild(struct embedded *e, struct buf *why) MUST_CHECK;

#endif
