/* moving.c - what import and export share: the server at the other end, names, paths, files. */
#include "cli/moving.h"

#include <errno.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/limits.h"
#include "cli/server.h"
#include "mail/maildir.h"

/* --- the server ------------------------------------------------------------------------------- */

struct with_server {
    struct cli *cli;
    str what, user;
    void (*job)(void *arg, struct conn *c);
    void *arg;
};

/* A command that was just cut off leaves a server behind that is about to go. */
static enum err open_patiently(const struct with_server *w, struct conn **out, struct buf *why)
{
    enum { TRIES = 100, PAUSE_US = 100000 };
    struct seam *seam = w->cli->seam;
    enum err e = ERR_GONE;
    for (unsigned i = 0; i < TRIES && e == ERR_GONE; i++) {
        if (i && fiber_sleep_until(seam_mono_us(seam) + PAUSE_US)) break;
        buf_reset(why);
        e = move_open(&w->cli->control, w->what, w->user, out, why);
    }
    return e;
}

static enum err talk(void *arg, struct buf *why)
{
    struct with_server *w = arg;
    struct conn *c;
    enum err e = open_patiently(w, &c, why);
    if (e) return e;
    w->job(w->arg, c);
    conn_close(c);
    return OK;
}

bool moving_with_server(struct cli *cli, str what, str user, void (*job)(void *arg, struct conn *c),
                        void *arg)
{
    struct with_server w = { .cli = cli, .what = what, .user = user, .job = job, .arg = arg };
    struct buf why = buf_make(ADMIN_REASON_BYTES);
    enum err e = cli_with_server(cli, talk, &w, &why);
    if (e) cli_complain("%.*s", STR_ARG(str_chomp(buf_str(&why))));
    buf_free(&why);
    return e == OK;
}

static const struct {
    str word;
    enum moving_format format;
} formats[] = {
    { S_INIT(""), FORMAT_UNKNOWN },
    { S_INIT("maildir"), FORMAT_MAILDIR },
    { S_INIT("mbox"), FORMAT_MBOX },
    { S_INIT("eml"), FORMAT_EML },
};

bool moving_format(str word, enum moving_format *out)
{
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (str_eq(word, formats[i].word)) {
            *out = formats[i].format;
            return true;
        }
    cli_complain("--format is maildir, mbox or eml");
    return false;
}

/* --- paths ------------------------------------------------------------------------------------ */

static void end_path(struct path *p)
{
    buf_addc(&p->text, '\0');
    if (!p->text.full) buf_truncate(&p->text, p->text.n - 1);
}

struct path path_of(str start)
{
    struct path p = { .text = buf_make(PATH_BYTES_MAX) };
    buf_add(&p.text, start);
    end_path(&p);
    return p;
}

size_t path_push(struct path *p, str name)
{
    size_t n = p->text.n;
    buf_addc(&p->text, '/');
    buf_add(&p->text, name);
    end_path(p);
    return n;
}

void path_pop(struct path *p, size_t n)
{
    p->text.full = false;
    buf_truncate(&p->text, n);
    end_path(p);
}

const char *path_text(const struct path *p)
{
    return p->text.full || !p->text.p ? "" : p->text.p;
}

/* --- names ------------------------------------------------------------------------------------ */

struct adding {
    struct names *all;
    uint8_t kind;
};

void names_make(struct names *all)
{
    *all = (struct names){ .bytes = buf_make(MOVE_NAMES_BYTES) };
}

void names_free(struct names *all)
{
    buf_free(&all->bytes);
    mem_free(all->items);
    *all = (struct names){ .bytes = buf_make(MOVE_NAMES_BYTES) };
}

void names_clear(struct names *all)
{
    buf_reset(&all->bytes);
    all->count = 0;
}

static bool add_name(void *arg, const char *name)
{
    const struct adding *a = arg;
    struct names *all = a->all;
    str text = str_of(name);
    if (all->count == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 256;
        all->items = mem_resize(all->items, all->cap, cap, sizeof *all->items);
        all->cap = cap;
    }
    struct name one = { maildir_name(text).order, (uint32_t)all->bytes.n, (uint32_t)text.n,
                        a->kind };
    buf_add(&all->bytes, text);
    if (!all->bytes.full) all->items[all->count++] = one;
    return !all->bytes.full;
}

int names_add(struct names *all, struct seam *seam, const char *path, uint8_t kind)
{
    struct adding a = { all, kind };
    int e = seam_list(seam, path, add_name, &a);
    return all->bytes.full ? -EOVERFLOW : e;
}

static int compare(const void *left, const void *right, void *arg)
{
    const struct names *all = arg;
    const struct name *a = left, *b = right;
    if (a->order != b->order) return a->order < b->order ? -1 : 1;
    return str_cmp((str){ all->bytes.p + a->at, a->n }, (str){ all->bytes.p + b->at, b->n });
}

void names_sort(struct names *all)
{
    if (all->count) qsort_r(all->items, all->count, sizeof *all->items, compare, all);
}

str names_at(const struct names *all, size_t i)
{
    return (str){ all->bytes.p + all->items[i].at, all->items[i].n };
}

/* --- flags ------------------------------------------------------------------------------------ */

const str moving_passed = S_INIT("$Forwarded");

static const struct {
    unsigned letter;
    uint8_t flag;
} flags[] = {
    { MAILDIR_DRAFT, FLAG_DRAFT },      { MAILDIR_FLAGGED, FLAG_FLAGGED },
    { MAILDIR_REPLIED, FLAG_ANSWERED }, { MAILDIR_SEEN, FLAG_SEEN },
    { MAILDIR_TRASHED, FLAG_DELETED },
};

uint8_t moving_flags(unsigned maildir)
{
    uint8_t out = 0;
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (maildir & flags[i].letter) out |= flags[i].flag;
    return out;
}

unsigned moving_letters(uint8_t system)
{
    unsigned out = 0;
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (system & flags[i].flag) out |= flags[i].letter;
    return out;
}

/* --- levels as file names --------------------------------------------------------------------- */

/* The ends of names that are files' own: a folder of that name would be in their way. */
static bool ends_like_file(str level)
{
    return str_iends(level, S(".mbox")) || str_iends(level, S(".eml")) ||
           str_iends(level, S(".part"));
}

void level_to_file(str level, struct buf *out)
{
    size_t last_dot = ends_like_file(level) ? str_rchr(level, '.') : STR_NPOS;
    for (size_t i = 0; i < level.n; i++) {
        char c = level.p[i];
        bool strange = ascii_ctl(c) || c == '%' || c == '/' || (c == '.' && i == 0);
        if (!strange && i != last_dot) {
            buf_addc(out, c);
            continue;
        }
        buf_addc(out, '%');
        hex_encode(out, (str){ &c, 1 });
    }
}

static bool read_hex(str two, char *c)
{
    struct buf b = buf_make(1);
    bool good = two.n == 2 && hex_decode(&b, two) && b.n == 1;
    if (good) *c = b.p[0];
    buf_free(&b);
    return good && (ascii_ctl(*c) || *c == '%' || *c == '.');
}

bool level_from_file(str name, struct buf *out)
{
    size_t from = out->n;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '%' && read_hex(str_sub(name, i + 1, 2), &c)) i += 2;
        buf_addc(out, c);
    }
    str level = str_from(buf_str(out), from);
    return level.n && utf8_valid(level) && !str_has(level, '\0') && !out->full;
}
