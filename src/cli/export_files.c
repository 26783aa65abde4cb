/* export_files.c - a file for each message: a Maildir, or a tree of .eml.
 *
 * A name says which message of which mailbox it is (both numbers are never used again), so a second
 * run knows what is there. Files are written under another name, made durable many at a time, and
 * only then get theirs: what has its name is whole. The end of it all syncs the file system.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cli/export_int.h"
#include "mail/lines.h"
#include "mail/maildir.h"

/* The mailbox's keywords as letters: what has none is lost, but for the one that is a flag. */
enum { LETTER_NONE = -1, LETTER_PASSED = -2 };

struct files {
    struct exporting *s;
    int letters[MAILBOX_KEYWORDS];
    uint64_t lost;   /* keywords that found no letter */
    uint32_t *there; /* UIDs that an earlier run wrote, ascending */
    size_t there_n, there_cap;
    struct lines lines;
    struct arena arena; /* of one list: names */
    struct pair {
        const char *from, *to;
    } pairs[MOVE_LIST_MESSAGES];
    size_t pairs_n;
};

static bool is_maildir(const struct files *f)
{
    return f->s->format == FORMAT_MAILDIR;
}

/* --- what is there already -------------------------------------------------------------------- */

/* "…B<box>U<uid>.posthorn,…" or "<uid>.<box>,….eml". */
static bool read_uid(const struct files *f, str name, uint64_t *uid)
{
    struct buf box = buf_make(64);
    str digits;
    buf_addf(&box, is_maildir(f) ? ".B%juU" : ".%ju,", (uintmax_t)f->s->box->id);
    size_t at = str_find(name, buf_str(&box));
    if (at == STR_NPOS)
        digits = (str){ 0 };
    else if (is_maildir(f))
        digits = str_from(name, at + box.n);
    else
        digits = str_take(name, at);
    size_t n = 0;
    while (n < digits.n && ascii_digit(digits.p[n]))
        n++;
    buf_free(&box);
    return n && str_u64(str_take(digits, n), UINT32_MAX, uid);
}

static bool add_there(void *arg, const char *name)
{
    struct files *f = arg;
    uint64_t uid;
    if (!read_uid(f, str_of(name), &uid)) return true;
    if (f->there_n == f->there_cap) {
        size_t cap = f->there_cap ? f->there_cap * 2 : 1024;
        f->there = mem_resize(f->there, f->there_cap, cap, sizeof *f->there);
        f->there_cap = cap;
    }
    f->there[f->there_n++] = (uint32_t)uid;
    return true;
}

static int by_uid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_there(const struct files *f, uint32_t uid)
{
    return f->there_n && bsearch(&uid, f->there, f->there_n, sizeof *f->there, by_uid);
}

static void find_there(struct files *f, str folder)
{
    struct exporting *s = f->s;
    size_t n = folder.n ? path_push(&s->path, folder) : s->path.text.n;
    seam_list(s->cli->seam, path_text(&s->path), add_there, f);
    path_pop(&s->path, n);
}

/* --- keywords --------------------------------------------------------------------------------- */

/* The letter that a list which is there gives to the word. */
static int letter_in(str list, str word)
{
    str line, name;
    unsigned letter;
    while (str_split(&list, '\n', &line))
        if (maildir_keyword(line, &letter, &name) && str_ieq(name, word)) return (int)letter;
    return LETTER_NONE;
}

/* A list that is there stays as it is: other files' letters mean what it says. */
static void make_letters(struct files *f)
{
    struct exporting *s = f->s;
    struct buf list = buf_make(MOVE_FILE_BYTES);
    int next = 0;
    size_t n = path_push(&s->path, S("dovecot-keywords"));
    bool there = cli_read_file(s->cli->seam, buf_str(&s->path.text), &list);
    path_pop(&s->path, n);
    for (size_t i = 0; i < s->words_n; i++) {
        f->letters[i] = str_ieq(s->words[i], moving_passed) ? LETTER_PASSED
                        : there                             ? letter_in(buf_str(&list), s->words[i])
                        : next < MAILDIR_KEYWORDS           ? next++
                                                            : LETTER_NONE;
        if (!there && f->letters[i] >= 0)
            buf_addf(&list, "%d %.*s\n", f->letters[i], STR_ARG(s->words[i]));
    }
    if (!there && list.n && !export_side_file(s, S("dovecot-keywords"), buf_str(&list)))
        export_stop(s, "dovecot-keywords cannot be written");
    buf_free(&list);
}

static void add_letters(struct files *f, const struct move_listed *m, struct buf *out)
{
    unsigned flags = moving_letters(m->flags);
    uint32_t letters = 0;
    for (size_t i = 0; i < f->s->words_n; i++) {
        if (!(m->keywords >> i & 1)) continue;
        if (f->letters[i] >= 0) letters |= UINT32_C(1) << f->letters[i];
        if (f->letters[i] == LETTER_PASSED) flags |= MAILDIR_PASSED;
        f->lost += f->letters[i] == LETTER_NONE;
    }
    maildir_letters(flags, letters, out);
}

/* --- one message ------------------------------------------------------------------------------ */

static const char *in_folder(struct files *f, str folder, str name)
{
    struct exporting *s = f->s;
    size_t n = folder.n ? path_push(&s->path, folder) : s->path.text.n;
    path_push(&s->path, name);
    const char *path = arena_cstr(&f->arena, buf_str(&s->path.text));
    path_pop(&s->path, n);
    return path;
}

static const char *name_before(struct files *f, const struct move_listed *m)
{
    uintmax_t box = f->s->box->id;
    return is_maildir(f)
               ? in_folder(f, S("tmp"), arena_fmt(&f->arena, "0.B%juU%u.posthorn", box, m->uid))
               : in_folder(f, (str){ 0 }, arena_fmt(&f->arena, ".%010u.%ju.part", m->uid, box));
}

static const char *name_after(struct files *f, const struct move_listed *m)
{
    uintmax_t box = f->s->box->id;
    struct buf letters = buf_make(64);
    add_letters(f, m, &letters);
    int64_t date_s = m->date_s > 0 ? m->date_s : 0;
    str name = is_maildir(f) ? arena_fmt(&f->arena, "%jd.B%juU%u.posthorn,S=%ju,W=%ju:2,%.*s",
                                         (intmax_t)date_s, box, m->uid, (uintmax_t)f->s->out.size,
                                         (uintmax_t)m->size_bytes, STR_ARG(buf_str(&letters)))
                             : arena_fmt(&f->arena, "%010u.%ju,%.*s.eml", m->uid, box,
                                         STR_ARG(buf_str(&letters)));
    buf_free(&letters);
    return in_folder(f, is_maildir(f) ? S("cur") : (str){ 0 }, name);
}

static bool take_lf(void *arg, str piece)
{
    struct files *f = arg;
    buf_reset(&f->s->text);
    lines_to_lf(&f->lines, piece, &f->s->text);
    out_add(&f->s->out, buf_str(&f->s->text));
    return !f->s->out.error;
}

static bool take_as_is(void *arg, str piece)
{
    struct files *f = arg;
    out_add(&f->s->out, piece);
    return !f->s->out.error;
}

/* What a run that was cut left under this name was never whole. */
static bool create(struct files *f, const char *path)
{
    struct outfile *o = &f->s->out;
    struct seam *seam = f->s->cli->seam;
    if (out_create(o, seam, path, SEAM_EXCLUSIVE)) return true;
    if (o->error != -EEXIST) return false;
    return seam_unlink(seam, path) == 0 && out_create(o, seam, path, SEAM_EXCLUSIVE);
}

static void finish_lines(struct files *f)
{
    buf_reset(&f->s->text);
    lines_to_lf_end(&f->lines, &f->s->text);
    out_add(&f->s->out, buf_str(&f->s->text));
}

static void write_message(struct files *f, const struct move_listed *m)
{
    struct exporting *s = f->s;
    struct buf why = buf_make(ADMIN_WORD_BYTES);
    const char *path = name_before(f, m);
    f->lines = (struct lines){ 0 };
    bool made = create(f, path);
    enum err e = move_read(s->conn, is_maildir(f) ? take_lf : take_as_is, f, &why);
    if (made && is_maildir(f)) finish_lines(f);
    if (made && out_flush(&s->out) && m->date_s)
        s->out.error = seam_set_modified(s->cli->seam, s->out.file, m->date_s);
    if (made && !s->out.error) s->out.error = seam_write_out(s->cli->seam, s->out.file, false);
    out_close(&s->out);
    if (s->out.error) export_stop(s, seam_error_text(s->out.error));
    if (e && !why.n) export_stop(s, "the server has gone");
    if (e && why.n) export_fail(s, m->uid, buf_str(&why));
    if (e || s->out.error)
        seam_unlink(s->cli->seam, path);
    else
        f->pairs[f->pairs_n++] = (struct pair){ path, name_after(f, m) };
    buf_free(&why);
}

/* --- many ------------------------------------------------------------------------------------- */

/* The disk has begun to take the bytes of all. When it has them, making the last one durable
 * empties its cache, and a file system's journal brings the names and sizes of the earlier ones
 * along. */
static int make_durable(struct seam *seam, const char *path, bool last)
{
    int file = seam_open(seam, path, SEAM_WRITE | SEAM_NOFOLLOW);
    if (file < 0) return file;
    int e = last ? seam_fdatasync(seam, file) : seam_write_out(seam, file, true);
    seam_close(seam, file);
    return e;
}

/* Durable first, then named. */
static void give_names(struct files *f)
{
    struct exporting *s = f->s;
    struct seam *seam = s->cli->seam;
    int e = 0;
    for (size_t i = 0; i < f->pairs_n && !e; i++)
        e = make_durable(seam, f->pairs[i].from, i + 1 == f->pairs_n);
    for (size_t i = 0; i < f->pairs_n && !e; i++) {
        e = seam_rename_new(seam, f->pairs[i].from, f->pairs[i].to);
        s->written += !e;
    }
    if (e) export_stop(s, seam_error_text(e));
}

static void write_list(struct files *f, const struct move_listed *list, size_t n)
{
    struct exporting *s = f->s;
    arena_reset(&f->arena);
    f->pairs_n = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_there(f, list[i].uid)) move_ask(s->conn, s->box->id, list[i].uid);
    for (size_t i = 0; i < n && !s->ended; i++) {
        s->progress.done++;
        if (is_there(f, list[i].uid)) {
            s->had++;
            continue;
        }
        write_message(f, &list[i]);
        progress_step(&s->progress);
    }
    give_names(f);
}

static void write_box(struct files *f)
{
    struct exporting *s = f->s;
    struct move_listed *list = MEM_ARRAY(MOVE_LIST_MESSAGES, struct move_listed);
    uint32_t next = 1;
    size_t n;
    find_there(f, is_maildir(f) ? S("cur") : (str){ 0 });
    if (is_maildir(f)) find_there(f, S("new"));
    if (f->there_n) qsort(f->there, f->there_n, sizeof *f->there, by_uid);
    make_letters(f);
    while (!s->ended && (n = export_list(s, &next, list)) > 0)
        write_list(f, list, n);
    if (f->lost)
        cli_complain("%.*s: %ju times a keyword has no letter of a to z, and is left out",
                     STR_ARG(s->box->name), (uintmax_t)f->lost);
    mem_free(list);
}

/* --- folders ---------------------------------------------------------------------------------- */

static bool make_part(struct exporting *s, str name)
{
    size_t n = path_push(&s->path, name);
    bool good = export_folder(s);
    path_pop(&s->path, n);
    return good;
}

static bool make_maildir(struct exporting *s)
{
    return export_folder(s) && make_part(s, S("cur")) && make_part(s, S("new")) &&
           make_part(s, S("tmp"));
}

/* ".Work.2019" beside INBOX's cur; INBOX is the folder itself. */
static bool enter_maildir(struct exporting *s)
{
    struct buf folder = buf_make(MAILBOX_NAME_BYTES);
    bool inbox = str_eq(s->box->name, S("INBOX"));
    bool good = inbox || maildir_folder_write(s->box->name, &folder);
    if (!good) export_fail(s, 0, S("its name is too long for a file's"));
    if (good && !inbox) path_push(&s->path, buf_str(&folder));
    if (good) good = make_maildir(s);
    if (good && !inbox && !export_side_file(s, S("maildirfolder"), (str){ 0 }))
        export_stop(s, "maildirfolder cannot be written");
    buf_free(&folder);
    return good && !s->ended;
}

static bool enter_levels(struct exporting *s)
{
    str rest = s->box->name, level;
    bool good = true;
    while (good && str_split(&rest, '/', &level)) {
        struct buf name = buf_make(4 * MAILBOX_NAME_BYTES);
        level_to_file(level, &name);
        good = name.n <= 255;
        if (!good) export_fail(s, 0, S("its name is too long for a file's"));
        if (good) path_push(&s->path, buf_str(&name));
        good = good && export_folder(s);
        buf_free(&name);
    }
    return good;
}

void export_files(struct exporting *s)
{
    struct files *f = MEM_NEW(struct files); /* too large for a stack */
    size_t n = s->path.text.n;
    f->s = s;
    f->arena = arena_make(4 * MOVE_LIST_MESSAGES * PATH_BYTES_MAX);
    if (s->format == FORMAT_MAILDIR ? enter_maildir(s) : enter_levels(s)) write_box(f);
    path_pop(&s->path, n);
    arena_free(&f->arena);
    mem_free(f->there);
    mem_free(f);
}
