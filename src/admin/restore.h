/* restore.h - the command's side of restoring a user over the control socket. */
#ifndef ADMIN_RESTORE_H
#define ADMIN_RESTORE_H

#include "admin/admin.h"
#include "store/backup.h"

struct restore_talk {
    struct conn *conn;
    bool found;           /* the user is there */
    struct buf inventory; /* read with restore_item */
};
/* ERR_NOTFOUND with nothing in why: nobody listens. Without the user it is OK, and found is false. Waits. */
enum err restore_begin(const struct netaddr *socket, str user, struct restore_talk *t, struct buf *why) MUST_CHECK;
struct restore_item { struct restore_identity identity; uint64_t box; };
size_t restore_items(const struct restore_talk *t);
struct restore_item restore_item(const struct restore_talk *t, size_t i);
/* Make what is not there: a user, with the hash of the password; a mailbox. why: in words. Wait. */
enum err restore_user(struct restore_talk *t, const struct user *u, struct buf *why) MUST_CHECK;
enum err restore_mailbox(struct restore_talk *t, str name, enum special_use use, bool subscribed, struct buf *why) MUST_CHECK;
/* Is this target one of the alias? Waits. */
enum err restore_alias(struct restore_talk *t, str address, str target, bool *there, struct buf *why) MUST_CHECK;
void restore_end(struct restore_talk *t);

#endif
