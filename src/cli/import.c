/* import.c - `posthorn import`: takes in a Maildir, an mbox or a tree of .eml files.
 *
 * The files are read here, as whoever calls; the server files them (admin/import.c). A message that
 * was imported is known by its name in its mailbox, so that the same command can be run again.
 */
#include <errno.h>

#include "base/limits.h"
#include "base/map.h"
#include "cli/import_int.h"
#include "cli/options.h"
#include "mail/lines.h"
#include "mail/maildir.h"

enum { PIECE_BYTES = 64 * 1024, ARENA_BYTES = 64 * 1024 };

/* --- what is passed over ---------------------------------------------------------------------- */

static void tell_passed(struct importing *s, str label, const char *why)
{
    progress_clear(&s->progress);
    cli_complain("%.*s: %s; passed over", STR_ARG(label), why);
}

void import_fail(struct importing *s, str part, const char *why)
{
    struct buf label = buf_make(PATH_BYTES_MAX + 64);
    if (s->counting) return;
    buf_add(&label, str_from(buf_str(&s->path.text), s->root));
    buf_add(&label, part);
    s->passed_over++;
    tell_passed(s, label.n ? buf_str(&label) : s->where, why);
    buf_free(&label);
}

/* What the server says of a message. */
static void tell(void *arg, str label, enum err why, unsigned keywords_lost)
{
    struct importing *s = arg;
    if (why) {
        tell_passed(s, label, why == ERR_LIMIT ? "too large" : err_text(why));
        return;
    }
    progress_clear(&s->progress);
    cli_complain("%.*s: imported without %u of its keywords: the mailbox has %d others, or they "
                 "are too long",
                 STR_ARG(label), keywords_lost, MAILBOX_KEYWORDS);
}

/* --- mailboxes -------------------------------------------------------------------------------- */

size_t import_push_level(struct importing *s)
{
    size_t n = s->box.n;
    if (n) buf_addc(&s->box, '/');
    return n;
}

/* INBOX is one, however it is written (RFC 9051 5.1). */
static void fold_inbox(struct buf *box)
{
    str name = buf_str(box);
    size_t slash = str_chr(name, '/');
    str first = str_take(name, slash == STR_NPOS ? name.n : slash);
    if (str_ieq(first, S("INBOX"))) bytes_copy(box->p, box->n, "INBOX", 5);
}

bool import_to_box(struct importing *s, bool subscribed)
{
    if (s->counting) return true;
    if (s->ended) return false;
    if (!s->box.full) fold_inbox(&s->box);
    str name = s->box.n ? buf_str(&s->box) : S("INBOX");
    enum err e = s->box.full ? ERR_LIMIT : move_box(&s->out, name, subscribed);
    if (!e) return true;
    if (e == ERR_LIMIT) {
        import_fail(s, (str){ 0 }, "no mailbox can have this name, or there are too many");
        return false;
    }
    s->ended = true;
    return false;
}

/* --- a message -------------------------------------------------------------------------------- */

struct import_mark import_mark(const struct importing *s, uint64_t order, str unique, str head)
{
    static const uint8_t key[16] = "posthorn import";
    struct buf b = buf_make(PATH_BYTES_MAX + MAILBOX_NAME_BYTES + 32);
    buf_add(&b, s->box.n ? buf_str(&s->box) : S("INBOX"));
    buf_addc(&b, '\0');
    buf_add(&b, unique);
    if (head.n) buf_addf(&b, "%c%jx", '\0', (uintmax_t)siphash13(key, head));
    struct import_mark mark = { order, siphash13(key, buf_str(&b)) };
    buf_free(&b);
    return mark;
}

void import_bytes(struct importing *s, struct buf *bytes, bool *had_nul)
{
    size_t at;
    while ((at = str_chr(buf_str(bytes), '\0')) != STR_NPOS) {
        bytes->p[at] = (char)0x80;
        *had_nul = true;
    }
    move_bytes(&s->out, buf_str(bytes));
    buf_reset(bytes);
}

/* False: the rest cannot be read. */
static bool send_file(struct importing *s, int file)
{
    struct lines lines = { 0 };
    bool had_nul = false;
    for (uint64_t at = 0;;) {
        ssize_t n = seam_pread(s->cli->seam, file, s->piece, PIECE_BYTES, at);
        if (n < 0) return false;
        lines_to_crlf(&lines, (str){ s->piece, (size_t)n }, &s->text);
        import_bytes(s, &s->text, &had_nul);
        at += (uint64_t)n;
        if (n < PIECE_BYTES) break;
    }
    s->nuls += had_nul;
    return true;
}

static int open_message(struct importing *s, struct seam_look *look, const char **why)
{
    const char *path = path_text(&s->path);
    int e = seam_look(s->cli->seam, path, look);
    int file = -1;
    if (e)
        *why = seam_error_text(e);
    else if (look->kind != SEAM_FILE)
        *why = "no regular file";
    else if (look->size == 0)
        *why = "it is empty";
    else if (look->size > IMPORT_MESSAGE_BYTES)
        *why = "too large";
    else if ((file = seam_open(s->cli->seam, path, SEAM_READ | SEAM_NOFOLLOW)) < 0)
        *why = seam_error_text(file);
    return file;
}

/* A Maildir's names are the only ones of their kind in the world; another folder may well have a
 * 1.eml, too. */
static str head_of(struct importing *s, int file)
{
    if (s->format != FORMAT_EML) return (str){ 0 };
    ssize_t n = seam_pread(s->cli->seam, file, s->piece, PIECE_BYTES, 0);
    return (str){ s->piece, n > 0 ? (size_t)n : 0 };
}

void import_file(struct importing *s, struct move_message *facts, str unique)
{
    struct seam_look look;
    const char *why = NULL;
    int file = open_message(s, &look, &why);
    s->progress.done++;
    if (file < 0) {
        import_fail(s, (str){ 0 }, why);
        return;
    }
    facts->label = str_from(buf_str(&s->path.text), s->root);
    facts->date_s = look.modified_s;
    facts->mark = import_mark(s, facts->mark.order, unique, head_of(s, file));
    move_begin(&s->out, facts);
    bool whole = send_file(s, file);
    seam_close(s->cli->seam, file);
    if (!whole) import_fail(s, (str){ 0 }, "it cannot be read to its end");
    s->ended = move_end(&s->out, whole) != OK;
    progress_step(&s->progress);
}

/* --- beside the mail -------------------------------------------------------------------------- */

bool import_side_file(struct importing *s, str name, struct buf *out)
{
    size_t n = path_push(&s->path, name);
    struct seam_look look;
    bool good = seam_look(s->cli->seam, path_text(&s->path), &look) == 0 &&
                look.kind == SEAM_FILE && cli_read_file(s->cli->seam, buf_str(&s->path.text), out);
    path_pop(&s->path, n);
    return good;
}

void import_letters(struct importing *s, str words[26])
{
    struct buf file = buf_make(MOVE_FILE_BYTES);
    str line, word;
    unsigned letter;
    for (size_t i = 0; i < MAILDIR_KEYWORDS; i++)
        words[i] = (str){ 0 };
    arena_reset(&s->arena);
    if (import_side_file(s, S("dovecot-keywords"), &file)) {
        str rest = buf_str(&file);
        while (str_split(&rest, '\n', &line))
            if (maildir_keyword(line, &letter, &word)) words[letter] = arena_copy(&s->arena, word);
    }
    buf_free(&file);
}

void import_meaning(unsigned flags, uint32_t letters, const str words[26], struct move_message *m,
                    str *keywords)
{
    m->flags = moving_flags(flags);
    m->keywords = keywords;
    m->keywords_n = 0;
    if (flags & MAILDIR_PASSED) keywords[m->keywords_n++] = moving_passed;
    for (unsigned i = 0; i < MAILDIR_KEYWORDS; i++)
        if (letters >> i & 1 && words[i].n) keywords[m->keywords_n++] = words[i];
}

/* --- all of it -------------------------------------------------------------------------------- */

static void walk(struct importing *s)
{
    if (s->format == FORMAT_MAILDIR) import_maildir(s);
    if (s->format == FORMAT_MBOX) import_mbox(s);
    if (s->format == FORMAT_EML) import_eml(s);
}

static void import_all(void *arg, struct conn *c)
{
    struct importing *s = arg;
    s->out.conn = c;
    s->counting = true;
    walk(s);
    s->counting = false;
    uint64_t total = s->progress.total;
    progress_begin(&s->progress, s->cli->seam, "read");
    s->progress.total = total;
    walk(s);
    if (s->ended || move_done(&s->out)) s->ended = true;
    progress_clear(&s->progress);
}

static int report(struct importing *s)
{
    struct move_counts n = s->out.counts;
    n.failed += s->passed_over;
    struct buf b = buf_make(1024);
    buf_addf(&b, "%ju messages imported", (uintmax_t)n.kept);
    if (n.had) buf_addf(&b, ", %ju were here already", (uintmax_t)n.had);
    if (n.failed) buf_addf(&b, ", %ju passed over", (uintmax_t)n.failed);
    if (s->nuls) buf_addf(&b, "; in %ju NUL bytes became 0x80", (uintmax_t)s->nuls);
    buf_addc(&b, '\n');
    cli_show(buf_str(&b));
    buf_free(&b);
    if (s->ended)
        cli_complain("the import ended early: %.*s; the same command goes on from here",
                     STR_ARG(s->out.reason.n ? buf_str(&s->out.reason) : S("the server has gone")));
    return s->ended || n.failed ? 1 : 0;
}

/* A folder that has a cur is a Maildir; a file is an mbox, unless it is called .eml. */
static bool guess_format(struct importing *s)
{
    struct seam_look look;
    const char *path = path_text(&s->path);
    int e = seam_look(s->cli->seam, path, &look);
    if (e) return cli_complain("%s: %s", path, seam_error_text(e)), false;
    if (s->format) return true;
    if (look.kind == SEAM_FILE) {
        s->format = str_iends(s->where, S(".eml")) ? FORMAT_EML : FORMAT_MBOX;
        return true;
    }
    size_t n = path_push(&s->path, S("cur"));
    bool maildir = seam_look(s->cli->seam, path_text(&s->path), &look) == 0;
    path_pop(&s->path, n);
    if (maildir) s->format = FORMAT_MAILDIR;
    if (!maildir) cli_complain("%s is no Maildir; say --format maildir, mbox or eml", path);
    return maildir;
}

static bool words_ok(struct importing *s, const str *args, size_t n, int *status)
{
    bool help = false;
    str first = n && !str_starts(args[0], S("-")) ? args[0] : (str){ 0 };
    const struct cli_option options[] = {
        { "--format", "maildir, mbox or eml; guessed if it is clear", .value = &s->format_word },
        { "--mailbox", "into this mailbox and below it, instead of INBOX", .value = &s->prefix },
        { "--help", "this text", .flag = &help },
    };
    s->user = first;
    bool good = cli_options(options, COUNT_OF(options), args + (first.n != 0), n - (first.n != 0),
                            &s->where);
    if (good && !help && s->user.n && s->where.n) return moving_format(s->format_word, &s->format);
    cli_options_usage("import USER PATH [--format FORMAT] [--mailbox NAME]", options,
                      COUNT_OF(options));
    *status = help ? 0 : 2;
    return false;
}

static bool prepare(struct importing *s, const str *args, size_t n, int *status)
{
    *status = 2;
    if (!words_ok(s, args, n, status)) return false;
    *status = 1;
    struct arena a = arena_make(4 * PATH_BYTES_MAX);
    while (s->where.n > 1 && str_ends(s->where, S("/")))
        s->where.n--;
    s->path = path_of(str_of(cli_full_path(s->where, &a)));
    s->root = s->path.text.n + 1;
    buf_add(&s->box, s->prefix);
    arena_free(&a);
    return guess_format(s);
}

int cli_import(struct cli *cli, const str *args, size_t n)
{
    struct importing s = { .cli = cli,
                           .box = buf_make(MAILBOX_NAME_BYTES),
                           .text = buf_make(4 * HEADER_BYTES),
                           .arena = arena_make(ARENA_BYTES),
                           .piece = mem_new(PIECE_BYTES) };
    int status;
    s.out = (struct move_import){ .tell = tell, .arg = &s, .reason = buf_make(ADMIN_REASON_BYTES) };
    if (prepare(&s, args, n, &status) &&
        moving_with_server(cli, S("import"), s.user, import_all, &s))
        status = report(&s);
    buf_free(&s.path.text);
    buf_free(&s.box);
    buf_free(&s.text);
    buf_free(&s.out.reason);
    arena_free(&s.arena);
    mem_free(s.piece);
    return status;
}
