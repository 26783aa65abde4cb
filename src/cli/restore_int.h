/* restore_int.h - posthorn restore: what was asked for, and the two ways to do a part of it. */
#ifndef CLI_RESTORE_INT_H
#define CLI_RESTORE_INT_H

#include "cli/backup_int.h"
#include "cli/cli.h"

struct restoring {
    struct cli *cli;
    struct seam *seam; /* with the data folder, which may be new */
    struct arena arena;
    const char *folder;
    struct backup_manifest manifest;
    struct progress progress;
    uint64_t bytes, faults, users, messages;
    struct buf why;
    enum err result;

    str user, mailbox, into, message_id;
    uint64_t uid; /* 0: any */
    str scratch;
};

int restore_account(struct restoring *r); /* restore_user.c: --user */
int restore_list(struct restoring *r);    /* restore_list.c: --list */

/* The backup, opened to be read; false after complaining into r->why. */
struct restored *restore_source(struct restoring *r);
/* Is it one that was asked for? */
bool restore_wants(const struct restoring *r, const struct restore_message *m);

#endif
