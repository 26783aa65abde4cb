/* export_mbox.c - an mbox file for each mailbox, quoted as mboxrd.
 *
 * It is written beside as NAME.mbox.part and gets its name when it is whole; a run that was cut
 * begins that file anew.
 */
#include <errno.h>

#include "base/limits.h"
#include "cli/export_int.h"
#include "mail/lines.h"
#include "mail/maildir.h"
#include "mail/mbox.h"

struct mbox_out {
    struct exporting *s;
    struct lines lines;
    struct buf line;   /* the present one, until it is whole */
    struct buf fields; /* what the file says of the message at hand */
    bool in_header, in_line;
};

/* --- a message -------------------------------------------------------------------------------- */

/* A whole line, or the beginning of one that is longer than any From line. */
static void put_line(struct mbox_out *o, str line)
{
    struct outfile *out = &o->s->out;
    if (o->in_header && str_eq(line, S("\n"))) {
        out_add(out, buf_str(&o->fields));
        o->in_header = false;
    }
    if (mbox_must_quote(line)) out_add(out, S(">"));
    out_add(out, line);
}

static void put_text(struct mbox_out *o, str text)
{
    while (text.n) {
        size_t lf = str_chr(text, '\n');
        str part = str_take(text, lf == STR_NPOS ? text.n : lf + 1);
        text = str_from(text, part.n);
        bool ends = lf != STR_NPOS;
        if (o->in_line) {
            out_add(&o->s->out, part);
            o->in_line = !ends;
            continue;
        }
        buf_add(&o->line, part);
        if (!ends && o->line.n < MBOX_LINE_BYTES) continue;
        put_line(o, buf_str(&o->line));
        buf_reset(&o->line);
        o->in_line = !ends;
    }
}

static bool take(void *arg, str piece)
{
    struct mbox_out *o = arg;
    buf_reset(&o->s->text);
    lines_to_lf(&o->lines, piece, &o->s->text);
    put_text(o, buf_str(&o->s->text));
    return !o->s->out.error;
}

/* Its last line ends, and an empty one follows. */
static void end_message(struct mbox_out *o)
{
    buf_reset(&o->s->text);
    lines_to_lf_end(&o->lines, &o->s->text);
    put_text(o, buf_str(&o->s->text));
    if (o->line.n || o->in_line) put_text(o, S("\n"));
    if (o->in_header) out_add(&o->s->out, buf_str(&o->fields));
    out_add(&o->s->out, S("\n"));
}

static void begin_message(struct mbox_out *o, const struct move_listed *m, bool first)
{
    struct exporting *s = o->s;
    struct buf words = buf_make(MAILBOX_KEYWORDS * (KEYWORD_BYTES + 1)), from = buf_make(256);
    for (size_t i = 0; i < s->words_n; i++)
        if (m->keywords >> i & 1) {
            buf_addc(&words, ' ');
            buf_add(&words, s->words[i]);
        }
    buf_reset(&o->fields);
    mbox_header_write(moving_letters(m->flags), buf_str(&words), &o->fields);
    buf_addf(&o->fields, "X-UID: %u\n", m->uid);
    mbox_write_from(&from, m->date_s);
    if (first) buf_addf(&from, "X-IMAPbase: %u %u\n", s->box->uidvalidity, m->uid);
    out_add(&s->out, buf_str(&from));
    o->lines = (struct lines){ 0 };
    o->in_header = true;
    o->in_line = false;
    buf_reset(&o->line);
    buf_free(&words);
    buf_free(&from);
}

/* A message that cannot be read is taken out again: the file goes on where it began. */
static void write_message(struct mbox_out *o, const struct move_listed *m)
{
    struct exporting *s = o->s;
    struct buf why = buf_make(ADMIN_WORD_BYTES);
    out_flush(&s->out);
    uint64_t begin = s->out.size;
    begin_message(o, m, begin == 0);
    enum err e = move_read(s->conn, take, o, &why);
    if (!e) end_message(o);
    if (e && !why.n) export_stop(s, "the server has gone");
    if (e && why.n) {
        export_fail(s, m->uid, buf_str(&why));
        out_flush(&s->out);
        if (!s->out.error) s->out.error = seam_truncate(s->cli->seam, s->out.file, begin);
        s->out.size = begin;
    }
    if (s->out.error) export_stop(s, seam_error_text(s->out.error));
    s->written += !e && !s->out.error;
    buf_free(&why);
}

/* --- a mailbox -------------------------------------------------------------------------------- */

static void write_messages(struct mbox_out *o)
{
    struct exporting *s = o->s;
    struct move_listed *list = MEM_ARRAY(MOVE_LIST_MESSAGES, struct move_listed);
    uint32_t next = 1;
    size_t n;
    while (!s->ended && (n = export_list(s, &next, list)) > 0) {
        for (size_t i = 0; i < n; i++)
            move_ask(s->conn, s->box->id, list[i].uid);
        for (size_t i = 0; i < n && !s->ended; i++) {
            write_message(o, &list[i]);
            s->progress.done++;
            progress_step(&s->progress);
        }
    }
    mem_free(list);
}

static void write_box(struct exporting *s, const char *part, const char *whole)
{
    struct mbox_out o = { .s = s,
                          .line = buf_make(MBOX_LINE_BYTES + 2 * MOVE_CHUNK_BYTES),
                          .fields = buf_make(16 * 1024) };
    struct seam *seam = s->cli->seam;
    int e = out_create(&s->out, seam, part, 0) ? seam_truncate(seam, s->out.file, 0) : s->out.error;
    if (e) export_stop(s, seam_error_text(e));
    if (!e) write_messages(&o);
    if (!s->ended && !out_flush(&s->out)) export_stop(s, seam_error_text(s->out.error));
    if (!s->ended && (e = seam_fdatasync(seam, s->out.file))) export_stop(s, seam_error_text(e));
    if (!s->ended && (e = seam_rename_new(seam, part, whole))) export_stop(s, seam_error_text(e));
    out_close(&s->out);
    buf_free(&o.line);
    buf_free(&o.fields);
}

/* A file that is there: an earlier run's, of this mailbox, or somebody else's. */
static void say_there(struct exporting *s, const char *whole)
{
    char head[512]; /* the first message's first lines */
    struct buf base = buf_make(64);
    int file = seam_open(s->cli->seam, whole, SEAM_READ | SEAM_NOFOLLOW);
    ssize_t n = file >= 0 ? seam_pread(s->cli->seam, file, head, sizeof head, 0) : 0;
    if (file >= 0) seam_close(s->cli->seam, file);
    buf_addf(&base, "\nX-IMAPbase: %u ", s->box->uidvalidity);
    bool ours = n > 0 && str_find((str){ head, (size_t)n }, buf_str(&base)) != STR_NPOS;
    s->progress.done += s->box->messages;
    if (ours || (n == 0 && !s->box->messages && file >= 0))
        s->had += s->box->messages;
    else
        export_fail(s, 0, S("its file is there already, and is not from this mailbox"));
    buf_free(&base);
}

/* The folders of the levels above it; then its own name is at the path, with its end. */
static bool enter_levels(struct exporting *s)
{
    str rest = s->box->name, level;
    while (str_split(&rest, '/', &level)) {
        struct buf name = buf_make(4 * MAILBOX_NAME_BYTES);
        level_to_file(level, &name);
        if (!rest.n) buf_add(&name, S(".mbox"));
        bool fits = name.n <= 250;
        if (fits) path_push(&s->path, buf_str(&name));
        buf_free(&name);
        if (!fits) export_fail(s, 0, S("its name is too long for a file's"));
        if (!fits || (rest.n && !export_folder(s))) return false;
    }
    return true;
}

void export_mbox(struct exporting *s)
{
    struct arena arena = arena_make(4 * PATH_BYTES_MAX);
    struct seam_look look;
    size_t n = s->path.text.n;
    if (enter_levels(s)) {
        const char *whole = arena_cstr(&arena, buf_str(&s->path.text));
        const char *part = arena_cstr(&arena, arena_fmt(&arena, "%s.part", whole));
        if (seam_look(s->cli->seam, whole, &look) == 0)
            say_there(s, whole);
        else
            write_box(s, part, whole);
    }
    path_pop(&s->path, n);
    arena_free(&arena);
}
