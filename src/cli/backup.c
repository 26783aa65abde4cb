/* backup.c - posthorn backup FOLDER: a consistent copy of the whole store, or what is new of it.
 *
 * The server hands out a point of the store over its control socket; the files are written by us,
 * as the person who called. --verify reads a folder again and needs no server.
 */
#include "admin/backup.h"
#include "base/limits.h"
#include "cli/backup_int.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/server.h"
#include "run/once.h"

struct backing {
    struct cli *cli;
    struct arena arena;
    const char *folder;
    uint64_t rate_bytes;
    bool mend;
    struct progress progress;
    struct backup_run run;
    struct backup_manifest manifest; /* --verify */
    uint64_t faults;
    struct buf why;
    enum err result;
};

/* --- making it -------------------------------------------------------------------------------- */

static enum err talk(void *arg, struct buf *why)
{
    struct backing *b = arg;
    struct admin_backup server;
    enum err e = admin_backup_begin(&b->cli->control, &server, why);
    if (e) return e;
    b->run = (struct backup_run){ .seam = b->cli->seam,
                                  .folder = b->folder,
                                  .point = &server.point,
                                  .source = { admin_backup_read, &server },
                                  .rate_bytes = b->rate_bytes,
                                  .mend = b->mend,
                                  .progress = { cli_backup_told, &b->progress } };
    progress_begin(&b->progress, b->cli->seam, "copied");
    e = backup_write(&b->run, why);
    progress_clear(&b->progress);
    if (!e) b->manifest = server.point;
    if (!e) server.point = (struct backup_manifest){ 0 };
    admin_backup_end(&server);
    if (e && !why->n) buf_addf(why, "%s", err_text(e));
    return e;
}

static void report(const struct backing *b)
{
    struct buf out = buf_make(4096);
    buf_addf(&out, "%s: ", b->folder);
    cli_backup_facts(&b->manifest, &out);
    buf_addf(&out, "\n");
    admin_size_text(b->run.copied_bytes, &out);
    buf_addf(&out, " copied in %llu segments, %llu were there already, %llu removed\n",
             (unsigned long long)b->run.copied_files, (unsigned long long)b->run.kept_files,
             (unsigned long long)b->run.removed_files);
    cli_print(buf_str(&out));
    buf_free(&out);
}

static int make(struct backing *b)
{
    enum err e = cli_with_server(b->cli, talk, b, &b->why);
    if (!e) {
        report(b);
        return 0;
    }
    cli_complain("%.*s", STR_ARG(buf_str(&b->why)));
    if (b->run.copied_bytes)
        cli_complain("nothing is lost: the same command goes on where this one stopped");
    return 1;
}

/* --- reading it again --------------------------------------------------------------------------
 */

static void verify(void *arg)
{
    struct backing *b = arg;
    struct backup_verify v = { .seam = b->cli->seam,
                               .folder = b->folder,
                               .manifest = &b->manifest,
                               .fault = cli_backup_fault,
                               .arg = &b->progress,
                               .progress = { cli_backup_told, &b->progress } };
    progress_begin(&b->progress, b->cli->seam, "read");
    b->result = backup_verify(&v);
    b->faults = v.faults;
    progress_clear(&b->progress);
}

static int check(struct backing *b)
{
    b->result = manifest_load(b->cli->seam, b->folder, &b->manifest, &b->why);
    if (b->result) return cli_complain("%.*s", STR_ARG(buf_str(&b->why))), 1;
    if (once(b->cli->seam, verify, b)) return cli_complain("no room to run"), 1;
    if (b->result) return cli_complain("%s", err_text(b->result)), 1;
    struct buf out = buf_make(4096);
    buf_addf(&out, "%s: ", b->folder);
    cli_backup_facts(&b->manifest, &out);
    buf_addf(&out,
             b->faults ? "\n%llu segments are damaged: posthorn backup --mend %s copies them "
                         "again, if the store still has them\n"
                       : "\nall is well\n",
             (unsigned long long)b->faults, b->folder);
    cli_print(buf_str(&out));
    buf_free(&out);
    return b->faults ? 1 : 0;
}

/* --- the command -------------------------------------------------------------------------------
 */

/* What happens to the data folder would happen to the backup too. */
static bool lies_in_data_folder(const struct backing *b)
{
    str data = str_of(seam_data_dir(b->cli->seam)), folder = str_of(b->folder);
    bool inside = str_starts(folder, data) && (folder.n == data.n || folder.p[data.n] == '/');
    if (inside)
        cli_complain(
            "%s lies in the data folder, and would be lost with it: name a folder elsewhere",
            b->folder);
    return inside;
}

static int run(struct backing *b, const str *args, size_t n)
{
    str folder = { 0 }, rate = { 0 };
    bool verify_only = false, help = false;
    const struct cli_option options[] = {
        { "--verify", "read every segment in FOLDER again and compare it with its checksum",
          .flag = &verify_only },
        { "--mend", "read what is there too, and copy again what is damaged", .flag = &b->mend },
        { "--rate", "SIZE  bytes a second to read at most (64M; 0: any)", .value = &rate },
        { "--help", "these lines", .flag = &help },
    };
    if (!cli_options(options, COUNT_OF(options), args, n, &folder)) return 2;
    if (help || !folder.n) {
        cli_options_usage("backup [OPTION…] FOLDER", options, COUNT_OF(options));
        return help ? 0 : 2;
    }
    b->rate_bytes = BACKUP_RATE_BYTES;
    if (rate.n && admin_size(rate, &b->rate_bytes, &b->why))
        return cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&b->why)))), 2;
    b->folder = cli_full_path(str_ends(folder, S("/")) ? str_take(folder, folder.n - 1) : folder,
                              &b->arena);
    if (!b->folder) return cli_complain("the folder's path is too long"), 2;
    if (!verify_only && lies_in_data_folder(b)) return 1;
    return verify_only ? check(b) : make(b);
}

int cli_backup(struct cli *cli, const str *args, size_t n)
{
    struct backing b = { .cli = cli,
                         .arena = arena_make(STORE_PATH_BYTES),
                         .why = buf_make(ADMIN_REASON_BYTES) };
    int status = run(&b, args, n);
    manifest_free(&b.manifest);
    buf_free(&b.why);
    arena_free(&b.arena);
    return status;
}
