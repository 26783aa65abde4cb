/* backup.h - the command's side of a backup over the control socket. */
#ifndef ADMIN_BACKUP_H
#define ADMIN_BACKUP_H

#include "admin/admin.h"
#include "store/backup.h"

struct admin_backup {
    struct conn *conn;
    struct backup_manifest point; /* what there is to copy */
    struct buf answer;            /* the last one */
};
/* A point of the store, held still until admin_backup_end. ERR_NOTFOUND: nobody listens there; else
 * why says what is wrong. Waits. */
enum err admin_backup_begin(const struct netaddr *socket, struct admin_backup *b, struct buf *why) MUST_CHECK;
/* For struct backup_source; arg: struct admin_backup. Waits. */
enum err admin_backup_read(void *arg, size_t i, uint64_t offset, size_t n, str *bytes) MUST_CHECK;
void admin_backup_end(struct admin_backup *b);

#endif
