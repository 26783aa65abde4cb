/* restore_int.h - the file that says that a data folder is no store yet. */
#ifndef STORE_RESTORE_INT_H
#define STORE_RESTORE_INT_H

static const char restore_marker[] = "restoring";

#endif
