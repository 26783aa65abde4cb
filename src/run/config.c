/* config.c - reading the configuration file: sections, names, doubles, defaults, suggestions.
 *
 * The first error ends it: a file that is wrong in one place is corrected and tried again.
 */
#include "run/config.h"

#include <assert.h>
#include <errno.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/config_int.h"

/* A section's struct with where its values came from. */
struct instance {
    struct instance *next;
    const struct settings_section *section;
    str name;      /* of a named section, else empty */
    void *values;  /* the section's struct */
    size_t line;   /* of its header; 0: not in the file */
    size_t *lines; /* of each row; 0: the default holds */
};

struct config {
    struct arena arena;
    struct instance *first, **last; /* plain ones in the order of the tables, then named ones */
};

struct reader {
    struct config *config;
    const struct settings_section *const *sections;
    size_t n;
    struct setting_place place;
    str file_name;
    size_t line;         /* from 1 */
    struct instance *in; /* the section we are in, or NULL */
    struct buf *why;
};

/* --- errors ----------------------------------------------------------------------------------- */

/* "FILE:LINE: ", or "FILE: " for line 0. */
static void blame(struct reader *r, size_t line)
{
    buf_add(r->why, r->file_name);
    if (line > 0) buf_addf(r->why, ":%zu", line);
    buf_add(r->why, S(": "));
}

static void add_setting_name(const struct instance *in, str name, struct buf *out)
{
    buf_add(out, str_of(in->section->name));
    if (in->section->named) {
        buf_addc(out, ' ');
        buf_add(out, in->name);
    }
    buf_addc(out, '.');
    buf_add(out, name);
}

/* What a stranger to the file could have put there is shown short and printable. */
static void add_shown(str text, struct buf *out)
{
    enum { SHOWN_BYTES = 60 };
    str part = str_take(text, SHOWN_BYTES);
    for (size_t i = 0; i < part.n; i++)
        buf_addc(out, ascii_ctl(part.p[i]) ? '?' : part.p[i]);
    if (part.n < text.n) buf_add(out, S("..."));
}

/* --- suggestions ------------------------------------------------------------------------------ */

enum { NAME_BYTES = 64 }; /* longer words are nobody's slip of the finger */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be added, dropped, changed or swapped with their neighbour. */
static size_t edit_distance(str a, str b)
{
    size_t rows[3][NAME_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.n; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t change = ascii_lower(a.p[i - 1]) != ascii_lower(b.p[j - 1]);
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + change);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.n];
}

struct guess {
    str wanted, best;
    size_t distance;
};

static struct guess guess_make(str wanted)
{
    return (struct guess){ .wanted = wanted, .distance = wanted.n < 6 ? 1 : wanted.n / 3 };
}

static void guess_try(struct guess *g, str name)
{
    if (g->wanted.n > NAME_BYTES || name.n > NAME_BYTES) return;
    size_t distance = edit_distance(g->wanted, name);
    if (distance > g->distance || (distance == g->distance && g->best.n > 0)) return;
    g->best = name;
    g->distance = distance;
}

/* --- sections --------------------------------------------------------------------------------- */

static struct instance *instance_add(struct config *c, const struct settings_section *section,
                                     str name, size_t line)
{
    struct instance *in = ARENA_NEW(&c->arena, struct instance);
    if (!in) return NULL;
    in->section = section;
    in->name = arena_copy(&c->arena, name);
    in->values = arena_alloc(&c->arena, section->size);
    in->lines = ARENA_ARRAY(&c->arena, section->n, size_t);
    in->line = line;
    if (!in->values || !in->lines) return NULL;
    *c->last = in;
    c->last = &in->next;
    return in;
}

static struct instance *instance_find(const struct config *c, const struct settings_section *s,
                                      str name)
{
    for (struct instance *in = c->first; in; in = in->next) {
        if (in->section == s && str_eq(in->name, name)) return in;
    }
    return NULL;
}

static const struct settings_section *section_find(const struct reader *r, str name)
{
    for (size_t i = 0; i < r->n; i++) {
        if (str_eq(str_of(r->sections[i]->name), name)) return r->sections[i];
    }
    return NULL;
}

static enum err unknown_section(struct reader *r, str name)
{
    blame(r, r->line);
    buf_add(r->why, S("there is no section ["));
    add_shown(name, r->why);
    buf_addc(r->why, ']');
    struct guess g = guess_make(name);
    for (size_t i = 0; i < r->n; i++)
        guess_try(&g, str_of(r->sections[i]->name));
    if (g.best.n > 0) {
        buf_addf(r->why, "; did you mean [%.*s]?", STR_ARG(g.best));
        return ERR_SYNTAX;
    }
    buf_add(r->why, S("; there are"));
    for (size_t i = 0; i < r->n; i++)
        buf_addf(r->why, "%s [%s]", i > 0 ? "," : "", r->sections[i]->name);
    return ERR_SYNTAX;
}

static bool is_instance_name(str name)
{
    if (name.n == 0 || name.n > NAME_BYTES) return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_alnum(name.p[i]) && !str_has(S("-_."), name.p[i])) return false;
    }
    return true;
}

static enum err check_instance_name(struct reader *r, const struct settings_section *s, str name)
{
    if (s->named == is_instance_name(name) && (s->named || name.n == 0)) return OK;
    blame(r, r->line);
    if (!s->named)
        buf_addf(r->why, "[%s] takes no name", s->name);
    else if (name.n == 0)
        buf_addf(r->why, "[%s] needs a name, like [%s main]", s->name, s->name);
    else
        buf_add(r->why, S("a section's name is of letters, digits, '-', '_' and '.'"));
    return ERR_SYNTAX;
}

static enum err begin_section(struct reader *r, str line)
{
    if (!str_ends(line, S("]"))) {
        blame(r, r->line);
        buf_add(r->why, S("a section is written [name], alone on its line"));
        return ERR_SYNTAX;
    }
    str name = str_trim(str_sub(line, 1, line.n - 2)), word = name;
    size_t space = str_chr(name, ' ');
    if (space != STR_NPOS) word = str_take(name, space);
    name = str_trim(str_from(name, word.n));

    const struct settings_section *s = section_find(r, word);
    if (!s) return unknown_section(r, word);
    enum err e = check_instance_name(r, s, name);
    if (e) return e;
    r->in = instance_find(r->config, s, name);
    if (r->in && r->in->line > 0) {
        blame(r, r->line);
        buf_addf(r->why, "this section was already begun in line %zu", r->in->line);
        return ERR_SYNTAX;
    }
    if (!r->in) r->in = instance_add(r->config, s, name, r->line);
    if (!r->in) return ERR_LIMIT;
    r->in->line = r->line;
    return OK;
}

/* --- settings --------------------------------------------------------------------------------- */

static enum err unknown_setting(struct reader *r, str name)
{
    const struct settings_section *s = r->in->section;
    blame(r, r->line);
    buf_add(r->why, S("there is no setting "));
    buf_add(r->why, str_of(s->name));
    buf_addc(r->why, '.');
    add_shown(name, r->why);
    struct guess g = guess_make(name);
    for (size_t i = 0; i < s->n; i++)
        guess_try(&g, str_of(s->rows[i].name));
    if (g.best.n > 0) {
        buf_addf(r->why, "; did you mean %.*s?", STR_ARG(g.best));
        return ERR_SYNTAX;
    }
    buf_addf(r->why, "; [%s] has", s->name);
    for (size_t i = 0; i < s->n; i++)
        buf_addf(r->why, "%s %s", i > 0 ? "," : "", s->rows[i].name);
    return ERR_SYNTAX;
}

static bool row_find(const struct settings_section *s, str name, size_t *row)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!str_eq(str_of(s->rows[i].name), name)) continue;
        *row = i;
        return true;
    }
    return false;
}

/* Without what follows " #"; a value in double quotes is taken as it stands. */
static bool strip_value(str text, str *value)
{
    text = str_trim(text);
    if (!str_starts(text, S("\""))) {
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == '#' && (i == 0 || ascii_wsp(text.p[i - 1]))) text = str_take(text, i);
        }
        *value = str_trim(text);
        return true;
    }
    str quoted = str_from(text, 1);
    size_t end = str_chr(quoted, '"');
    if (end == STR_NPOS) return false;
    *value = str_take(quoted, end);
    str rest = str_trim(str_from(quoted, end + 1));
    return rest.n == 0 || rest.p[0] == '#';
}

static enum err set_value(struct reader *r, size_t row, str value)
{
    size_t before = r->why->n;
    blame(r, r->line);
    add_setting_name(r->in, str_of(r->in->section->rows[row].name), r->why);
    buf_addc(r->why, ' ');
    if (r->in->lines[row] > 0) {
        buf_addf(r->why, "was already given in line %zu", r->in->lines[row]);
        return ERR_SYNTAX;
    }
    r->in->lines[row] = r->line;
    enum err e = setting_read(&r->in->section->rows[row], value, &r->place, r->in->values, r->why);
    if (e) {
        buf_add(r->why, S(", not \""));
        add_shown(value, r->why);
        buf_addc(r->why, '"');
        return e;
    }
    buf_truncate(r->why, before);
    return OK;
}

static enum err read_setting(struct reader *r, str line)
{
    size_t equals = str_chr(line, '=');
    str name = str_trim(str_take(line, equals == STR_NPOS ? line.n : equals)), value;
    if (equals == STR_NPOS || !strip_value(str_from(line, equals + 1), &value)) {
        blame(r, r->line);
        buf_add(r->why, equals == STR_NPOS ? S("a setting is written name = value")
                                           : S("a value that begins with \" ends with one"));
        return ERR_SYNTAX;
    }
    if (!r->in) {
        blame(r, r->line);
        add_shown(name, r->why);
        buf_add(r->why, S(" stands before the first [section]"));
        return ERR_SYNTAX;
    }
    size_t row;
    if (!row_find(r->in->section, name, &row)) return unknown_setting(r, name);
    return set_value(r, row, value);
}

static enum err read_line(struct reader *r, str line)
{
    if (!utf8_valid(line) || str_has(line, '\0')) {
        blame(r, r->line);
        buf_add(r->why, S("this line is not text in UTF-8"));
        return ERR_SYNTAX;
    }
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#') return OK;
    return line.p[0] == '[' ? begin_section(r, line) : read_setting(r, line);
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum err set_default(struct reader *r, struct instance *in, const struct setting *row)
{
    if (!row->value) {
        blame(r, in->line);
        add_setting_name(in, str_of(row->name), r->why);
        buf_add(r->why, S(" must be given: "));
        setting_wants(row, r->why);
        return ERR_SYNTAX;
    }
    enum err e = setting_read(row, str_of(row->value), &r->place, in->values, r->why);
    assert(!e && "a default must be a value of its type");
    return e;
}

static enum err set_defaults(struct reader *r)
{
    for (struct instance *in = r->config->first; in; in = in->next) {
        for (size_t i = 0; i < in->section->n; i++) {
            if (in->lines[i] > 0) continue;
            enum err e = set_default(r, in, &in->section->rows[i]);
            if (e) return e;
        }
    }
    return OK;
}

static enum err read_all(struct reader *r, str text)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!r->sections[i]->named && !instance_add(r->config, r->sections[i], S(""), 0))
            return ERR_LIMIT;
    }
    /* Editors of another system put a byte order mark in front. */
    if (str_starts(text, S("\xef\xbb\xbf"))) text = str_from(text, 3);
    for (str line; str_split(&text, '\n', &line);) {
        r->line++;
        enum err e = read_line(r, line);
        if (e) return e;
    }
    enum err e = set_defaults(r);
    if (e) return e;
    return r->config->arena.full ? ERR_LIMIT : OK;
}

static str folder_of(str file_name)
{
    size_t slash = str_rchr(file_name, '/');
    if (slash == STR_NPOS) return S("");
    return slash == 0 ? S("/.") : str_take(file_name, slash);
}

enum err config_parse(str file_name, str text, const struct settings_section *const *sections,
                      size_t n, struct config **out, struct buf *why)
{
    struct config *c = MEM_NEW(struct config);
    c->arena = arena_make(CONFIG_MEMORY_BYTES);
    c->last = &c->first;
    struct reader r = { .config = c,
                        .sections = sections,
                        .n = n,
                        .place = { &c->arena, folder_of(file_name) },
                        .file_name = file_name,
                        .why = why };
    enum err e = text.n > CONFIG_FILE_BYTES ? ERR_LIMIT : read_all(&r, text);
    if (!e) {
        *out = c;
        return OK;
    }
    if (e == ERR_LIMIT) {
        blame(&r, 0);
        buf_addf(why, "is too large; at most %d bytes are read", CONFIG_FILE_BYTES);
    }
    config_free(c);
    return e;
}

static const char *reason_of(int error)
{
    switch (-error) {
    case ENOENT: return "there is no such file";
    case EACCES: return "we are not allowed to read it";
    case EISDIR: return "it is a folder";
    default: return "reading it failed";
    }
}

/* One byte more than the limit, so that config_parse sees what is too large. */
static int read_file(struct seam *seam, const char *path, struct buf *text)
{
    int file = seam_open(seam, path, SEAM_READ);
    if (file < 0) return file;
    char *room = buf_reserve(text, CONFIG_FILE_BYTES + 1);
    ssize_t got = seam_pread(seam, file, room, CONFIG_FILE_BYTES + 1, 0);
    seam_close(seam, file);
    if (got < 0) return (int)got;
    buf_commit(text, (size_t)got);
    return 0;
}

enum err config_load(struct seam *seam, const char *path,
                     const struct settings_section *const *sections, size_t n, struct config **out,
                     struct buf *why)
{
    if (!path) return config_parse(S("(defaults)"), S(""), sections, n, out, why);
    struct buf text = buf_make(CONFIG_FILE_BYTES + 1);
    int error = read_file(seam, path, &text);
    enum err e;
    if (error) {
        buf_addf(why, "%s: %s", path, reason_of(error));
        e = error == -ENOENT ? ERR_NOTFOUND : ERR_DENIED;
    } else {
        e = config_parse(str_of(path), buf_str(&text), sections, n, out, why);
    }
    buf_free(&text);
    return e;
}

void config_free(struct config *c)
{
    if (!c) return;
    arena_free(&c->arena);
    mem_free(c);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool is_of(const struct instance *in, const char *section, bool named)
{
    return in->section->named == named && str_eq(str_of(in->section->name), str_of(section));
}

const void *config_section(const struct config *c, const char *name)
{
    for (const struct instance *in = c->first; in; in = in->next) {
        if (is_of(in, name, false)) return in->values;
    }
    assert(false && "no table of this name was given to config_parse");
    return NULL;
}

size_t config_named_count(const struct config *c, const char *section)
{
    size_t n = 0;
    for (const struct instance *in = c->first; in; in = in->next)
        n += is_of(in, section, true);
    return n;
}

const void *config_named(const struct config *c, const char *section, size_t i, str *name)
{
    for (const struct instance *in = c->first; in; in = in->next) {
        if (!is_of(in, section, true) || i-- > 0) continue;
        if (name) *name = in->name;
        return in->values;
    }
    assert(false && "there are only config_named_count of them");
    return NULL;
}

void config_paths(const struct config *c, void (*each)(void *arg, str path), void *arg)
{
    for (const struct instance *in = c->first; in; in = in->next) {
        for (size_t i = 0; i < in->section->n; i++) {
            const struct setting *row = &in->section->rows[i];
            if (row->type != SET_PATH) continue;
            const void *value = (const char *)in->values + row->offset;
            const str *path = value;
            if (path->n) each(arg, *path);
        }
    }
}
