/* backup_show.c - what the commands backup and restore show. */
#include "cli/backup_int.h"
#include "cli/cli.h"
#include "mail/date.h"

void cli_backup_told(void *arg, uint64_t done_bytes, uint64_t total_bytes)
{
    progress_bytes(arg, done_bytes, total_bytes);
}

void cli_backup_fault(void *arg, str what)
{
    progress_clear(arg);
    cli_complain("%.*s", STR_ARG(what));
}

void cli_backup_facts(const struct backup_manifest *m, struct buf *out)
{
    buf_addf(out, "the store as it was at ");
    date_write_iso(out, m->wall_us / 1000000);
    buf_addf(out, ", %zu segments, ", m->n);
    admin_size_text(manifest_bytes(m), out);
}
