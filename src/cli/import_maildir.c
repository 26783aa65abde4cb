/* import_maildir.c - a Maildir with its folders: beside each other (Maildir++) or in each other. */
#include "base/limits.h"
#include "base/mem.h"
#include "cli/import_int.h"
#include "mail/maildir.h"

enum { IN_NEW, IN_CUR };

/* --- subscriptions ---------------------------------------------------------------------------- */

struct walk {
    struct importing *s;
    struct buf subscribed; /* of each line a folder's name, and LF */
    bool has_list;
};

/* A line of it is a name with dots, slashes or (Dovecot's second version) tabs between its levels.
 */
static void add_subscribed(str line, struct buf *out)
{
    struct buf folder = buf_make(MAILBOX_NAME_BYTES + 2), name = buf_make(MAILBOX_NAME_BYTES);
    buf_addc(&folder, '.');
    buf_add(&folder, line);
    for (size_t i = 1; i < folder.n; i++)
        if (folder.p[i] == '/' || folder.p[i] == '\t') folder.p[i] = '.';
    if (maildir_folder_read(buf_str(&folder), &name)) {
        buf_add(out, buf_str(&name));
        buf_addc(out, '\n');
    }
    buf_free(&folder);
    buf_free(&name);
}

static void read_subscriptions(struct walk *w)
{
    static const str files[] = { S_INIT("subscriptions"), S_INIT("courierimapsubscribed") };
    struct buf file = buf_make(MOVE_FILE_BYTES);
    str line;
    for (size_t i = 0; i < COUNT_OF(files) && !w->has_list; i++)
        w->has_list = import_side_file(w->s, files[i], &file);
    str rest = buf_str(&file);
    while (w->has_list && str_split(&rest, '\n', &line)) {
        if (line.n && !str_eq(line, S("V\t2"))) add_subscribed(str_chomp(line), &w->subscribed);
    }
    buf_free(&file);
}

/* Without a list a client that shows only what is subscribed would show nothing. */
static bool is_subscribed(const struct walk *w, str name)
{
    str rest = buf_str(&w->subscribed), line;
    if (!w->has_list || !name.n) return true;
    while (str_split(&rest, '\n', &line)) {
        if (str_eq(line, name)) return true;
        if (str_starts(line, S("INBOX/")) && str_eq(str_from(line, 6), name)) return true;
    }
    return false;
}

/* --- one folder ------------------------------------------------------------------------------- */

static void import_name(struct importing *s, str file, uint8_t kind, const str words[26])
{
    str keywords[MAILDIR_KEYWORDS + 1];
    struct move_message m = { 0 };
    struct maildir_name name = maildir_name(file);
    import_meaning(name.flags, name.keywords, words, &m, keywords);
    m.mark.order = name.order;
    size_t folder = path_push(&s->path, kind == IN_CUR ? S("cur") : S("new"));
    path_push(&s->path, file);
    import_file(s, &m, name.base);
    path_pop(&s->path, folder);
}

static int add_names(struct importing *s, struct names *all, str folder, uint8_t kind)
{
    size_t n = path_push(&s->path, folder);
    int e = names_add(all, s->cli->seam, path_text(&s->path), kind);
    path_pop(&s->path, n);
    return e;
}

static void import_names(struct walk *w, struct names *all)
{
    struct importing *s = w->s;
    str words[MAILDIR_KEYWORDS];
    str name = str_from(buf_str(&s->box), s->prefix.n ? s->prefix.n + 1 : 0);
    s->progress.total += s->counting ? all->count : 0;
    if (s->counting || !import_to_box(s, is_subscribed(w, name))) return;
    import_letters(s, words);
    names_sort(all);
    for (size_t i = 0; i < all->count && !s->ended; i++) {
        str file = names_at(all, i);
        if (file.p[0] != '.') import_name(s, file, all->items[i].kind, words);
    }
}

/* True: it is a Maildir, and was imported. */
static bool import_folder(struct walk *w)
{
    struct names all;
    names_make(&all);
    int cur = add_names(w->s, &all, S("cur"), IN_CUR);
    int new = add_names(w->s, &all, S("new"), IN_NEW);
    bool maildir = cur == 0 || new == 0;
    if (maildir && (cur || new))
        import_fail(w->s, cur ? S("/cur") : S("/new"), seam_error_text(cur ? cur : new));
    if (maildir) import_names(w, &all);
    names_free(&all);
    return maildir;
}

/* --- folders below ---------------------------------------------------------------------------- */

static bool is_folder(struct importing *s)
{
    struct seam_look look;
    return seam_look(s->cli->seam, path_text(&s->path), &look) == 0 && look.kind == SEAM_FOLDER;
}

static bool is_part(str name)
{
    return str_eq(name, S("cur")) || str_eq(name, S("new")) || str_eq(name, S("tmp"));
}

static bool level_of(str folder, struct buf *out)
{
    return folder.p[0] == '.' ? maildir_folder_read(folder, out) : maildir_level_read(folder, out);
}

static void walk_folder(struct walk *w, unsigned depth);

static void walk_name(struct walk *w, str name, unsigned depth)
{
    struct importing *s = w->s;
    struct buf level = buf_make(MAILBOX_NAME_BYTES);
    size_t n = path_push(&s->path, name), box = s->box.n;
    if (is_folder(s) && level_of(name, &level)) {
        import_push_level(s);
        buf_add(&s->box, buf_str(&level));
        walk_folder(w, depth);
        s->box.full = false;
        buf_truncate(&s->box, box);
    } else if (is_folder(s)) {
        import_fail(s, (str){ 0 }, "no mailbox can have this name");
    }
    path_pop(&s->path, n);
    buf_free(&level);
}

static void walk_folder(struct walk *w, unsigned depth)
{
    struct importing *s = w->s;
    struct names all;
    import_folder(w);
    if (depth == MAILBOX_DEPTH) return;
    names_make(&all);
    names_add(&all, s->cli->seam, path_text(&s->path), 0);
    names_sort(&all);
    for (size_t i = 0; i < all.count && !s->ended; i++)
        if (!is_part(names_at(&all, i))) walk_name(w, names_at(&all, i), depth + 1);
    names_free(&all);
}

void import_maildir(struct importing *s)
{
    struct walk w = { .s = s, .subscribed = buf_make(2 * MOVE_FILE_BYTES) };
    read_subscriptions(&w);
    walk_folder(&w, 0);
    buf_free(&w.subscribed);
}
