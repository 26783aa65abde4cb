/* restore.c - posthorn restore FOLDER: a whole store out of a backup folder, into an empty data
 * folder; or a part of it into the store as it is (restore_user.c).
 */
#include "base/codec.h"
#include "base/limits.h"
#include "cli/options.h"
#include "cli/restore_int.h"
#include "run/once.h"
#include "run/process.h"

/* --- the whole store ---------------------------------------------------------------------------
 */

static void copy(void *arg)
{
    struct restoring *r = arg;
    struct restore_run run = { .seam = r->seam,
                               .from = r->seam,
                               .folder = r->folder,
                               .manifest = &r->manifest,
                               .fault = cli_backup_fault,
                               .arg = &r->progress,
                               .progress = { cli_backup_told, &r->progress } };
    progress_begin(&r->progress, r->seam, "restored");
    r->result = restore_store(&run, &r->why);
    r->bytes = run.bytes;
    r->faults = run.faults;
    progress_clear(&r->progress);
}

struct counting {
    struct restoring *r;
    struct view *view;
};

static bool count_user(void *arg, const struct user *u)
{
    struct counting *c = arg;
    struct quota q = { 0 };
    c->r->users++;
    if (!store_quota(c->view, u->account, &q)) c->r->messages += q.messages;
    return true;
}

/* Opening makes the index out of the journal. */
static void count(void *arg)
{
    struct restoring *r = arg;
    struct store *store;
    r->result = store_open(r->seam, r->cli->store, &store, &r->why);
    if (r->result) return;
    struct counting c = { r, store_view(store) };
    if (c.view) r->result = store_users(c.view, count_user, &c);
    if (c.view) view_end(c.view);
    store_close(store);
}

static bool do_step(struct restoring *r, fiber_fn *fn)
{
    if (once(r->seam, fn, r)) r->result = ERR_LIMIT;
    if (r->result)
        cli_complain("%.*s", STR_ARG(r->why.n ? buf_str(&r->why) : str_of(err_text(r->result))));
    return !r->result;
}

static void report(const struct restoring *r)
{
    struct buf out = buf_make(4096);
    buf_addf(&out, "%s is ", seam_data_dir(r->seam));
    cli_backup_facts(&r->manifest, &out);
    buf_addf(&out, ": %llu users, %llu messages\n", (unsigned long long)r->users,
             (unsigned long long)r->messages);
    if (r->faults)
        buf_addf(&out,
                 "%llu segments of the backup were damaged: posthorn check names what is lost\n",
                 (unsigned long long)r->faults);
    cli_print(buf_str(&out));
    buf_free(&out);
}

static int restore_into(struct restoring *r)
{
    if (!do_step(r, copy)) return 1;
    if (!process_give_to_owner(seam_data_dir(r->seam)) ||
        !process_become_owner(seam_data_dir(r->seam)))
        return cli_complain("cannot give the files to the owner of %s", seam_data_dir(r->seam)), 1;
    if (!do_step(r, count)) return 1;
    report(r);
    return r->faults ? 1 : 0;
}

/* To move the folder of a server that runs away is the wrong advice. */
static void ask_server(void *arg)
{
    struct restoring *r = arg;
    str ping = S("ping");
    struct admin_request request = { .words = &ping, .n = 1 };
    struct buf answer = buf_make(ADMIN_REASON_BYTES);
    enum err result;
    r->result = OK;
    if (admin_call(&r->cli->control, &request, &answer, &result) != ERR_NOTFOUND) {
        buf_addf(&r->why, "a server runs on the data folder %s: stop it first",
                 seam_data_dir(r->cli->seam));
        r->result = ERR_EXISTS;
    }
    buf_free(&answer);
}

/* A data folder that is not there is made, one level deep. */
static int restore_all(struct restoring *r)
{
    if (!r->cli->missing && !do_step(r, ask_server)) return 1;
    if (r->cli->missing) r->seam = seam_real_new(r->cli->missing);
    int status = restore_into(r);
    if (r->cli->missing) seam_free(r->seam);
    return status;
}

/* --- the backup as a store ---------------------------------------------------------------------
 */

static const char *scratch_name(struct restoring *r)
{
    uint8_t random[8];
    struct buf name = buf_make(STORE_PATH_BYTES);
    seam_random(r->seam, random, sizeof random);
    buf_addf(&name, "%.*s/posthorn-restore-", STR_ARG(r->scratch.n ? r->scratch : S("/var/tmp")));
    hex_encode(&name, (str){ (const char *)random, sizeof random });
    const char *path = cli_full_path(buf_str(&name), &r->arena);
    buf_free(&name);
    return path;
}

struct restored *restore_source(struct restoring *r)
{
    struct restored *backup = NULL;
    const char *scratch = scratch_name(r);
    if (!scratch) return NULL;
    if (restored_open(r->seam, r->folder, &r->manifest, scratch, &backup, &r->why)) return NULL;
    return backup;
}

/* --- the command -------------------------------------------------------------------------------
 */

/* What belongs together. False after complaining. */
static bool makes_sense(const struct restoring *r, str uid, bool list)
{
    bool part = r->mailbox.n || uid.n || r->message_id.n || r->into.n;
    if (part && !r->user.n) return cli_complain("--user ADDRESS is needed with these"), false;
    if (uid.n && !r->mailbox.n) return cli_complain("--uid is a number in a --mailbox"), false;
    if (list && r->into.n) return cli_complain("--list restores nothing: no --into with it"), false;
    return true;
}

static int run(struct restoring *r, const str *args, size_t n)
{
    str folder = { 0 }, uid = { 0 };
    bool help = false, list = false;
    const struct cli_option options[] = {
        { "--user", "ADDRESS  what this user has no longer, into the store as it is", &r->user },
        { "--mailbox", "NAME  only of this mailbox", &r->mailbox },
        { "--uid", "N  only this message of it", &uid },
        { "--message-id", "ID  only messages with this Message-ID", &r->message_id },
        { "--into", "NAME  under this mailbox, not where they were", &r->into },
        { "--list", "show what the backup has, and restore nothing", .flag = &list },
        { "--scratch", "DIR  where an index of the backup is made (/var/tmp)", &r->scratch },
        { "--help", "these lines", .flag = &help },
    };
    if (!cli_options(options, COUNT_OF(options), args, n, &folder)) return 2;
    if (help || !folder.n) {
        cli_options_usage("restore [OPTION…] FOLDER", options, COUNT_OF(options));
        return help ? 0 : 2;
    }
    if (!makes_sense(r, uid, list)) return 2;
    if (uid.n && (!str_u64(uid, UINT32_MAX, &r->uid) || !r->uid))
        return cli_complain("--uid is a number"), 2;
    r->folder = cli_full_path(str_ends(folder, S("/")) ? str_take(folder, folder.n - 1) : folder,
                              &r->arena);
    if (!r->folder) return cli_complain("the folder's path is too long"), 2;
    r->result = manifest_load(r->seam, r->folder, &r->manifest, &r->why);
    if (r->result) return cli_complain("%.*s", STR_ARG(buf_str(&r->why))), 1;
    if (list) return restore_list(r);
    return r->user.n ? restore_account(r) : restore_all(r);
}

int cli_restore(struct cli *cli, const str *args, size_t n)
{
    struct restoring r = { .cli = cli,
                           .seam = cli->seam,
                           .arena = arena_make(4 * STORE_PATH_BYTES),
                           .why = buf_make(ADMIN_REASON_BYTES) };
    int status = run(&r, args, n);
    manifest_free(&r.manifest);
    buf_free(&r.why);
    arena_free(&r.arena);
    return status;
}
