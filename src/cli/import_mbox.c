/* import_mbox.c - an mbox file, or a folder of them: a file is a mailbox.
 *
 * A message is known by where in its file it begins and what its From line and its header say.
 */
#include <errno.h>

#include "base/limits.h"
#include "cli/import_int.h"
#include "mail/lines.h"
#include "mail/maildir.h"
#include "mail/mbox.h"

enum { PIECE_BYTES = 64 * 1024 };

/* --- one file --------------------------------------------------------------------------------- */

struct mbox_file {
    struct importing *s;
    struct mbox_header header;
    struct buf head; /* the header's lines, until its flags are known */
    struct buf mark; /* offset and From line */
    struct lines lines;
    uint64_t offset, from, bytes;
    int64_t date_s;
    bool begun, skipped, nul, cut;
};

static void start_message(struct mbox_file *f, uint64_t offset, str from_line)
{
    buf_reset(&f->head);
    buf_reset(&f->mark);
    buf_addf(&f->mark, "%ju ", (uintmax_t)offset);
    buf_add(&f->mark, str_chomp(from_line));
    mbox_header_begin(&f->header);
    f->lines = (struct lines){ 0 };
    f->from = offset;
    f->bytes = 0;
    f->begun = f->skipped = f->nul = false;
    if (!mbox_from_line(from_line, &f->date_s)) f->date_s = 0;
}

/* The flags are known: the server is told of the message. */
static void begin(struct mbox_file *f)
{
    struct importing *s = f->s;
    str keywords[MAILBOX_KEYWORDS];
    struct buf label = buf_make(PATH_BYTES_MAX + 64);
    struct move_message m = { .flags = moving_flags(f->header.flags), .keywords = keywords };
    str rest = str_from(buf_str(&f->header.words), 1);
    f->begun = true;
    f->skipped = (f->header.flags & MBOX_INTERNAL) != 0;
    if (f->skipped) return;
    while (m.keywords_n < MAILBOX_KEYWORDS && str_split(&rest, ' ', &keywords[m.keywords_n]))
        m.keywords_n++;
    buf_add(&label, str_from(buf_str(&s->path.text), s->root));
    buf_addf(&label, " at byte %ju", (uintmax_t)f->from);
    m.label = buf_str(&label);
    m.date_s = f->date_s;
    m.mark = import_mark(s, f->from, buf_str(&f->mark), buf_str(&f->head));
    move_begin(&s->out, &m);
    lines_to_crlf(&f->lines, buf_str(&f->head), &s->text);
    import_bytes(s, &s->text, &f->nul);
    buf_free(&label);
}

/* The converted bytes gather, and leave when there are enough of them for a chunk. */
static void take_text(struct mbox_file *f, str text)
{
    struct importing *s = f->s;
    f->bytes += text.n;
    if (!f->begun) {
        mbox_header_line(&f->header, text, &f->head);
        if (f->header.over || f->head.n > HEADER_BYTES - MBOX_LINE_BYTES) begin(f);
        return;
    }
    if (f->skipped || f->bytes > IMPORT_MESSAGE_BYTES) return;
    lines_to_crlf(&f->lines, text, &s->text);
    if (s->text.n > PIECE_BYTES) import_bytes(s, &s->text, &f->nul);
}

static void end_message(struct mbox_file *f)
{
    struct importing *s = f->s;
    if (!f->begun) begin(f);
    buf_free(&f->header.words);
    if (f->skipped) return;
    import_bytes(s, &s->text, &f->nul);
    s->nuls += f->nul;
    bool whole = f->bytes <= IMPORT_MESSAGE_BYTES && !f->cut;
    if (!whole && !f->cut)
        import_fail(s, str_take(buf_str(&f->mark), str_chr(buf_str(&f->mark), ' ')), " too large");
    s->ended = move_end(&s->out, whole) != OK;
    progress_step(&s->progress);
}

static bool take(void *arg, enum mbox_kind kind, uint64_t offset, str text)
{
    struct mbox_file *f = arg;
    if (kind == MBOX_START) start_message(f, offset, text);
    if (kind == MBOX_TEXT) take_text(f, text);
    if (kind == MBOX_END) end_message(f);
    if (kind == MBOX_NO_MBOX)
        import_fail(f->s, (str){ 0 }, "no mbox: it does not begin with a From line");
    return !f->s->ended;
}

static void read_file(struct importing *s, int file)
{
    struct mbox_file f = { .s = s,
                           .head = buf_make(HEADER_BYTES),
                           .mark = buf_make(MBOX_LINE_BYTES + 32) };
    struct mbox m;
    uint64_t at = 0, base = s->progress.done;
    ssize_t n;
    mbox_begin(&m, take, &f);
    do {
        n = seam_pread(s->cli->seam, file, s->piece, PIECE_BYTES, at);
        if (n > 0) mbox_feed(&m, (str){ s->piece, (size_t)n });
        at += n > 0 ? (uint64_t)n : 0;
        s->progress.done = base + at;
    } while (n == PIECE_BYTES && !s->ended);
    f.cut = n < 0;
    if (f.cut) import_fail(s, (str){ 0 }, "it cannot be read to its end");
    mbox_end(&m);
    buf_free(&f.head);
    buf_free(&f.mark);
}

static void import_one(struct importing *s)
{
    struct seam_look look;
    int e = seam_look(s->cli->seam, path_text(&s->path), &look);
    if (s->counting) {
        s->progress.total += e ? 0 : look.size;
        return;
    }
    int file = e ? e : seam_open(s->cli->seam, path_text(&s->path), SEAM_READ | SEAM_NOFOLLOW);
    if (file < 0) {
        import_fail(s, (str){ 0 }, seam_error_text(file));
        return;
    }
    if (import_to_box(s, true)) read_file(s, file);
    seam_close(s->cli->seam, file);
}

/* --- a folder of files ------------------------------------------------------------------------ */

static bool is_index(str name)
{
    static const str ends[] = { S_INIT(".msf"), S_INIT(".part"), S_INIT(".lock"),
                                S_INIT(".cmeta") };
    if (name.p[0] == '.' || str_eq(name, S("subscriptions"))) return true;
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (str_iends(name, ends[i])) return true;
    return false;
}

/* Ours end in .mbox; Thunderbird's folders below a mailbox end in .sbd. */
static str level_name(str name, enum seam_kind kind)
{
    str end = kind == SEAM_FOLDER ? S(".sbd") : S(".mbox");
    return str_ends(name, end) && name.n > end.n ? str_take(name, name.n - end.n) : name;
}

static void walk_folder(struct importing *s, unsigned depth);

static void walk_name(struct importing *s, str name, unsigned depth)
{
    struct seam_look look;
    size_t n = path_push(&s->path, name), box = s->box.n;
    int e = seam_look(s->cli->seam, path_text(&s->path), &look);
    import_push_level(s);
    if (e || look.kind == SEAM_OTHER)
        import_fail(s, (str){ 0 }, e ? seam_error_text(e) : "no regular file");
    else if (!level_from_file(level_name(name, look.kind), &s->box))
        import_fail(s, (str){ 0 }, "no mailbox can have this name");
    else if (look.kind == SEAM_FOLDER)
        walk_folder(s, depth);
    else
        import_one(s);
    s->box.full = false;
    buf_truncate(&s->box, box);
    path_pop(&s->path, n);
}

static void walk_folder(struct importing *s, unsigned depth)
{
    struct names all;
    if (depth > MAILBOX_DEPTH) return;
    names_make(&all);
    int e = names_add(&all, s->cli->seam, path_text(&s->path), 0);
    if (e) import_fail(s, (str){ 0 }, seam_error_text(e));
    names_sort(&all);
    for (size_t i = 0; i < all.count && !s->ended; i++)
        if (!is_index(names_at(&all, i))) walk_name(s, names_at(&all, i), depth + 1);
    names_free(&all);
}

void import_mbox(struct importing *s)
{
    struct seam_look look;
    int e = seam_look(s->cli->seam, path_text(&s->path), &look);
    if (!e && look.kind == SEAM_FOLDER) {
        walk_folder(s, 0);
        return;
    }
    s->root = s->path.text.n - s->where.n;
    import_one(s);
}
