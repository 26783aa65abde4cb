/* export.c - `posthorn export`: writes a user's mail as a Maildir, mbox files or a tree of .eml.
 *
 * The server gives the bytes (admin/export.c), the files are written here, as whoever calls.
 * Nothing that is there is written over; what an earlier run wrote is known by its name and left
 * out.
 */
#include <errno.h>

#include "base/limits.h"
#include "cli/export_int.h"
#include "cli/options.h"
#include "mail/maildir.h"

enum { BOXES_BYTES = 64 * 1024 * 1024, BOX_ARENA_BYTES = 1024 * 1024, GATHER_BYTES = 64 * 1024 };

/* --- files ------------------------------------------------------------------------------------ */

bool out_create(struct outfile *o, struct seam *seam, const char *path, unsigned how)
{
    struct buf gathered = o->gathered;
    *o = (struct outfile){ .seam = seam, .gathered = gathered };
    buf_reset(&o->gathered);
    o->file = seam_open(seam, path, SEAM_WRITE | SEAM_CREATE | SEAM_NOFOLLOW | how);
    o->error = o->file < 0 ? o->file : 0;
    return !o->error;
}

bool out_flush(struct outfile *o)
{
    size_t at = 0;
    while (!o->error && at < o->gathered.n) {
        struct iovec rest = { o->gathered.p + at, o->gathered.n - at };
        ssize_t n = seam_pwritev(o->seam, o->file, &rest, 1, o->size);
        if (n <= 0) o->error = n ? (int)n : -EIO;
        if (n > 0) at += (size_t)n;
        if (n > 0) o->size += (uint64_t)n;
    }
    buf_reset(&o->gathered);
    return !o->error;
}

void out_add(struct outfile *o, str bytes)
{
    if (o->gathered.n + bytes.n > GATHER_BYTES) out_flush(o);
    if (!o->error) buf_add(&o->gathered, bytes);
}

void out_close(struct outfile *o)
{
    if (o->file >= 0) seam_close(o->seam, o->file);
    o->file = -1;
}

/* --- what goes wrong -------------------------------------------------------------------------- */

void export_fail(struct exporting *s, uint32_t uid, str why)
{
    s->failed += uid ? 1 : s->box->messages;
    progress_clear(&s->progress);
    if (uid)
        cli_complain("%.*s uid %u: %.*s; passed over", STR_ARG(s->box->name), uid, STR_ARG(why));
    else
        cli_complain("%.*s: %.*s; passed over", STR_ARG(s->box->name), STR_ARG(why));
}

void export_stop(struct exporting *s, const char *why)
{
    if (s->ended) return;
    s->ended = true;
    buf_addf(&s->reason, "%s: %s", path_text(&s->path), why);
}

bool export_folder(struct exporting *s)
{
    struct seam_look look;
    const char *path = path_text(&s->path);
    int e = seam_mkdir(s->cli->seam, path);
    if (!e) return true;
    if (e == -EEXIST) e = seam_look(s->cli->seam, path, &look);
    if (!e && look.kind == SEAM_FOLDER) return true;
    export_stop(s, e ? seam_error_text(e) : "no folder, and in the way of one: move it away");
    return false;
}

bool export_side_file(struct exporting *s, str name, str content)
{
    struct outfile o = { .gathered = buf_make(2 * GATHER_BYTES) };
    size_t n = path_push(&s->path, name);
    bool good = out_create(&o, s->cli->seam, path_text(&s->path), SEAM_EXCLUSIVE);
    if (good) out_add(&o, content);
    if (good) good = out_flush(&o);
    out_close(&o);
    buf_free(&o.gathered);
    path_pop(&s->path, n);
    return good || o.error == -EEXIST;
}

/* --- mailboxes -------------------------------------------------------------------------------- */

size_t export_list(struct exporting *s, uint32_t *next, struct move_listed *out)
{
    size_t n = 0;
    if (!*next) return 0;
    enum err e = move_list(s->conn, s->box->id, *next, out, &n);
    if (e) export_stop(s, "the server has gone");
    if (e || !n) return 0;
    *next = out[n - 1].uid + 1; /* 0 after the last there can be */
    return n;
}

static void export_box(struct exporting *s, const struct move_box *box)
{
    s->box = box;
    arena_reset(&s->arena);
    if (move_words(s->conn, box->id, &s->arena, &s->words, &s->words_n)) {
        export_stop(s, "the server has gone");
        return;
    }
    if (s->format == FORMAT_MBOX)
        export_mbox(s);
    else
        export_files(s);
}

/* Maildir's list of what is subscribed, in the names of its folders. */
static void write_subscriptions(struct exporting *s, const struct move_box *boxes, size_t n)
{
    struct buf list = buf_make(MOVE_FILE_BYTES);
    for (size_t i = 0; i < n; i++) {
        struct buf folder = buf_make(MAILBOX_NAME_BYTES);
        if (boxes[i].subscribed && maildir_folder_write(boxes[i].name, &folder)) {
            buf_add(&list, str_from(buf_str(&folder), 1));
            buf_addc(&list, '\n');
        }
        buf_free(&folder);
    }
    if (list.n && !export_side_file(s, S("subscriptions"), buf_str(&list)))
        export_stop(s, "subscriptions cannot be written");
    buf_free(&list);
}

/* What is said to be written survives a power cut. */
static void sync_target(struct exporting *s)
{
    int folder = seam_open(s->cli->seam, path_text(&s->path), SEAM_READ);
    int e = folder < 0 ? folder : seam_sync_all(s->cli->seam, folder);
    if (folder >= 0) seam_close(s->cli->seam, folder);
    if (e) export_stop(s, seam_error_text(e));
}

static void export_all(void *arg, struct conn *c)
{
    struct exporting *s = arg;
    struct arena arena = arena_make(BOXES_BYTES);
    struct move_box *boxes;
    size_t n;
    s->conn = c;
    if (!export_folder(s)) return;
    if (move_boxes(c, &arena, &boxes, &n)) export_stop(s, "the server has gone");
    progress_begin(&s->progress, s->cli->seam, "written");
    for (size_t i = 0; i < n && !s->ended; i++)
        s->progress.total += boxes[i].exists ? boxes[i].messages : 0;
    for (size_t i = 0; i < n && !s->ended; i++)
        if (boxes[i].exists) export_box(s, &boxes[i]);
    if (!s->ended && s->format == FORMAT_MAILDIR) write_subscriptions(s, boxes, n);
    if (s->written && !s->ended) sync_target(s);
    progress_clear(&s->progress);
    arena_free(&arena);
}

/* --- words ------------------------------------------------------------------------------------ */

static int report(struct exporting *s)
{
    struct buf b = buf_make(1024);
    buf_addf(&b, "%ju messages written", (uintmax_t)s->written);
    if (s->had) buf_addf(&b, ", %ju were there already", (uintmax_t)s->had);
    if (s->failed) buf_addf(&b, ", %ju passed over", (uintmax_t)s->failed);
    buf_addc(&b, '\n');
    cli_show(buf_str(&b));
    buf_free(&b);
    if (s->ended)
        cli_complain("the export ended early: %.*s; the same command goes on from here",
                     STR_ARG(buf_str(&s->reason)));
    return s->ended || s->failed ? 1 : 0;
}

static bool words_ok(struct exporting *s, const str *args, size_t n, int *status)
{
    bool help = false;
    const struct cli_option options[] = {
        { "--format", "maildir (default), mbox or eml", .value = &s->format_word },
        { "--help", "this text", .flag = &help },
    };
    s->user = n && !str_starts(args[0], S("-")) ? args[0] : (str){ 0 };
    bool good = cli_options(options, COUNT_OF(options), args + (s->user.n != 0),
                            n - (s->user.n != 0), &s->where);
    if (!good || help || !s->user.n || !s->where.n) {
        cli_options_usage("export USER FOLDER [--format FORMAT]", options, COUNT_OF(options));
        *status = help ? 0 : 2;
        return false;
    }
    if (!moving_format(s->format_word, &s->format)) return false;
    if (!s->format) s->format = FORMAT_MAILDIR;
    return true;
}

static bool prepare(struct exporting *s, const str *args, size_t n, int *status)
{
    *status = 2;
    if (!words_ok(s, args, n, status)) return false;
    *status = 1;
    struct arena a = arena_make(4 * PATH_BYTES_MAX);
    while (s->where.n > 1 && str_ends(s->where, S("/")))
        s->where.n--;
    const char *full = cli_full_path(s->where, &a);
    s->path = path_of(str_of(full));
    arena_free(&a);
    return true;
}

int cli_export(struct cli *cli, const str *args, size_t n)
{
    struct exporting s = { .cli = cli,
                           .arena = arena_make(BOX_ARENA_BYTES),
                           .out = { .file = -1, .gathered = buf_make(4 * GATHER_BYTES) },
                           .text = buf_make(4 * GATHER_BYTES),
                           .reason = buf_make(ADMIN_REASON_BYTES) };
    int status;
    if (prepare(&s, args, n, &status) &&
        moving_with_server(cli, S("export"), s.user, export_all, &s))
        status = report(&s);
    buf_free(&s.path.text);
    buf_free(&s.out.gathered);
    buf_free(&s.text);
    buf_free(&s.reason);
    arena_free(&s.arena);
    return status;
}
