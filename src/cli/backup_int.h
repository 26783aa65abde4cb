/* backup_int.h - what the commands backup and restore show. */
#ifndef CLI_BACKUP_INT_H
#define CLI_BACKUP_INT_H

#include "admin/backup.h"
#include "cli/progress.h"

void cli_backup_told(void *arg, uint64_t done_bytes, uint64_t total_bytes); /* arg: struct progress */
void cli_backup_fault(void *arg, str what);                                 /* likewise */
/* "the store as it was at 2026-11-22T03:33:28Z, 31 segments, 1.2 GiB" */
void cli_backup_facts(const struct backup_manifest *m, struct buf *out);

#endif
