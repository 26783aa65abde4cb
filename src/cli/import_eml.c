/* import_eml.c - a tree of .eml files: a file is a message, a folder a mailbox.
 *
 * Names like "0000000012.5,FS.eml", as export writes them, say flags in Maildir's letters.
 */
#include "base/limits.h"
#include "cli/import_int.h"
#include "mail/maildir.h"

static str stem_of(str file)
{
    return str_take(file, file.n - 4);
}

/* Digits and dots, a comma, letters, and nothing else: then they are flags. */
static str letters_of(str stem)
{
    size_t comma = str_chr(stem, ',');
    if (comma == STR_NPOS || comma == 0) return (str){ 0 };
    for (size_t i = 0; i < stem.n; i++)
        if (i < comma ? !ascii_digit(stem.p[i]) && stem.p[i] != '.'
                      : i > comma && !ascii_alpha(stem.p[i]))
            return (str){ 0 };
    return str_from(stem, comma + 1);
}

static void import_name(struct importing *s, str file, uint64_t order, const str words[26])
{
    str keywords[MAILDIR_KEYWORDS + 1];
    struct move_message m = { .mark.order = order };
    unsigned flags = 0;
    uint32_t letters = 0;
    str stem = stem_of(file);
    str said = letters_of(stem);
    maildir_letters_read(said, &flags, &letters);
    import_meaning(flags, letters, words, &m, keywords);
    import_file(s, &m, said.n ? str_take(stem, stem.n - said.n - 1) : stem);
}

static bool is_eml(str name)
{
    return name.n > 4 && str_iends(name, S(".eml"));
}

static void import_folder(struct importing *s, const struct names *all)
{
    str words[MAILDIR_KEYWORDS];
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        count += is_eml(names_at(all, i));
    s->progress.total += s->counting ? count : 0;
    if (s->counting || !count || !import_to_box(s, true)) return;
    import_letters(s, words);
    for (size_t i = 0; i < all->count && !s->ended; i++) {
        str name = names_at(all, i);
        if (!is_eml(name)) continue;
        size_t n = path_push(&s->path, name);
        import_name(s, name, all->items[i].order, words);
        path_pop(&s->path, n);
    }
}

static void walk_folder(struct importing *s, unsigned depth);

static void walk_name(struct importing *s, str name, unsigned depth)
{
    struct seam_look look;
    size_t n = path_push(&s->path, name), box = s->box.n;
    bool folder = seam_look(s->cli->seam, path_text(&s->path), &look) == 0 &&
                  look.kind == SEAM_FOLDER && name.p[0] != '.';
    if (folder) {
        import_push_level(s);
        if (level_from_file(name, &s->box))
            walk_folder(s, depth);
        else
            import_fail(s, (str){ 0 }, "no mailbox can have this name");
        s->box.full = false;
        buf_truncate(&s->box, box);
    }
    path_pop(&s->path, n);
}

static void walk_folder(struct importing *s, unsigned depth)
{
    struct names all;
    names_make(&all);
    int e = names_add(&all, s->cli->seam, path_text(&s->path), 0);
    if (e) import_fail(s, (str){ 0 }, seam_error_text(e));
    names_sort(&all);
    import_folder(s, &all);
    for (size_t i = 0; i < all.count && depth < MAILBOX_DEPTH && !s->ended; i++)
        if (!is_eml(names_at(&all, i))) walk_name(s, names_at(&all, i), depth + 1);
    names_free(&all);
}

static void import_one(struct importing *s)
{
    const str none[MAILDIR_KEYWORDS] = { { 0 } };
    s->root = s->path.text.n - s->where.n;
    s->progress.total = 1;
    if (!s->counting && import_to_box(s, true)) import_name(s, s->where, 0, none);
}

void import_eml(struct importing *s)
{
    struct seam_look look;
    int e = seam_look(s->cli->seam, path_text(&s->path), &look);
    if (!e && look.kind == SEAM_FILE)
        import_one(s);
    else
        walk_folder(s, 0);
}
