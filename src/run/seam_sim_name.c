/* seam_sim_name.c - the names of simulated files: those of now, and those that the disk has.
 *
 * Every change of a name is kept until a sync_dir of its folder carries it to the disk. A power cut
 * lets the changes that are left survive up to a random one, as a file system with an ordered
 * journal does. Contents have their own fate (seam_sim_file.c).
 */
#include "run/seam_sim_int.h"

#include <errno.h>

#include "base/buf.h"
#include "base/limits.h"

enum { PATH_BYTES = 256 };

struct name {
    struct list node;
    char path[PATH_BYTES];   /* relative to the data folder, without "." and double or last "/" */
    struct sim_inode *inode; /* NULL: a folder */
};

enum change_kind { CHANGE_ADD, CHANGE_REMOVE, CHANGE_RENAME };
struct change {
    struct list node;
    enum change_kind kind;
    char path[PATH_BYTES], to[PATH_BYTES];
    struct sim_inode *inode;
};

/* --- paths ------------------------------------------------------------------------------------ */

/* Writes the path as names have it; false if it is too long. The root is the empty path. */
static bool path_clean(const char *path, char out[PATH_BYTES])
{
    str rest = str_of(path), part;
    static const str data = S_INIT("/data");
    if (str_starts(rest, data)) rest = str_from(rest, data.n);
    size_t n = 0;
    while (str_split(&rest, '/', &part)) {
        if (part.n == 0 || str_eq(part, S("."))) continue;
        if (n + part.n + 2 > PATH_BYTES) return false;
        if (n > 0) out[n++] = '/';
        bytes_copy(out + n, PATH_BYTES - n, part.p, part.n);
        n += part.n;
    }
    out[n] = '\0';
    return true;
}

static str parent_of(const char *path)
{
    str s = str_of(path);
    size_t slash = str_rchr(s, '/');
    return slash == STR_NPOS ? S("") : str_take(s, slash);
}

static str last_of(const char *path)
{
    str s = str_of(path);
    size_t slash = str_rchr(s, '/');
    return slash == STR_NPOS ? s : str_from(s, slash + 1);
}

/* --- sets of names ---------------------------------------------------------------------------- */

static struct name *name_find(struct list *names, str path)
{
    LIST_EACH(names, node) {
        struct name *n = CONTAINER_OF(node, struct name, node);
        if (str_eq(str_of(n->path), path)) return n;
    }
    return NULL;
}

static void name_remove(struct name *n)
{
    list_remove(&n->node);
    sim_inode_drop(n->inode);
    mem_free(n);
}

/* Replaces what has the name. */
static void name_put(struct list *names, const char *path, struct sim_inode *inode)
{
    struct name *n = name_find(names, str_of(path));
    sim_inode_keep(inode);
    if (n) {
        sim_inode_drop(n->inode);
        n->inode = inode;
        return;
    }
    n = MEM_NEW(struct name);
    bytes_copy(n->path, sizeof(n->path), path, str_of(path).n + 1);
    n->inode = inode;
    list_push_back(names, &n->node);
}

static void names_clear(struct list *names)
{
    while (!list_empty(names))
        name_remove(CONTAINER_OF(names->next, struct name, node));
}

static bool is_folder(struct list *names, str path)
{
    if (path.n == 0) return true;
    struct name *n = name_find(names, path);
    return n && !n->inode;
}

/* --- changes ---------------------------------------------------------------------------------- */

static void change_free(struct change *c)
{
    list_remove(&c->node);
    sim_inode_drop(c->inode);
    mem_free(c);
}

static void change_apply(const struct change *c, struct list *names)
{
    if (c->kind == CHANGE_ADD) {
        name_put(names, c->path, c->inode);
        return;
    }
    struct name *n = name_find(names, str_of(c->path));
    if (c->kind == CHANGE_RENAME) name_put(names, c->to, c->inode);
    if (n && n->inode == c->inode) name_remove(n);
}

static void change_make(struct sim_machine *m, enum change_kind kind, const char *path,
                        const char *to, struct sim_inode *inode)
{
    struct change *c = MEM_NEW(struct change);
    c->kind = kind;
    c->inode = sim_inode_keep(inode);
    bytes_copy(c->path, sizeof(c->path), path, str_of(path).n + 1);
    if (to) bytes_copy(c->to, sizeof(c->to), to, str_of(to).n + 1);
    list_push_back(&m->changes, &c->node);
    change_apply(c, &m->names);
}

static void change_sync(struct sim_machine *m, struct change *c)
{
    change_apply(c, &m->durable_names);
    change_free(c);
}

static bool touches(const struct change *c, str folder)
{
    if (str_eq(parent_of(c->path), folder)) return true;
    return c->kind == CHANGE_RENAME && str_eq(parent_of(c->to), folder);
}

static bool crosses(const struct change *c)
{
    return c->kind == CHANGE_RENAME && !str_eq(parent_of(c->path), parent_of(c->to));
}

/* A move from one folder to another carries all that came before it. */
static struct list *last_crossing(struct sim_machine *m, str folder)
{
    struct list *last = NULL;
    LIST_EACH(&m->changes, node) {
        const struct change *c = CONTAINER_OF(node, struct change, node);
        if (touches(c, folder) && crosses(c)) last = node;
    }
    return last;
}

/* --- the calls -------------------------------------------------------------------------------- */

int sim_name_open(struct sim_machine *m, const char *path, unsigned how, struct sim_inode **out)
{
    char clean[PATH_BYTES];
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    if (is_folder(&m->names, str_of(clean))) return -EISDIR;
    struct name *n = name_find(&m->names, str_of(clean));
    if (n) {
        if (how & SEAM_CREATE && how & SEAM_EXCLUSIVE) return -EEXIST;
        *out = sim_inode_keep(n->inode);
        return 0;
    }
    if (!(how & SEAM_CREATE) || !is_folder(&m->names, parent_of(clean))) return -ENOENT;
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    *out = sim_inode_new(m);
    change_make(m, CHANGE_ADD, clean, NULL, *out);
    return 0;
}

int sim_mkdir(struct seam *s, const char *path)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    if (clean[0] == '\0' || name_find(&m->names, str_of(clean))) return -EEXIST;
    if (!is_folder(&m->names, parent_of(clean))) return -ENOENT;
    change_make(m, CHANGE_ADD, clean, NULL, NULL);
    return 0;
}

int sim_unlink(struct seam *s, const char *path)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    struct name *n = name_find(&m->names, str_of(clean));
    if (!n) return clean[0] == '\0' ? -EISDIR : -ENOENT;
    if (!n->inode) return -EISDIR;
    change_make(m, CHANGE_REMOVE, clean, NULL, n->inode);
    return 0;
}

/* Files only: nothing of ours moves a folder. */
int sim_rename(struct seam *s, const char *from, const char *to)
{
    struct sim_machine *m = sim_machine(s);
    char clean_from[PATH_BYTES], clean_to[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    if (!path_clean(from, clean_from) || !path_clean(to, clean_to)) return -ENAMETOOLONG;
    struct name *n = name_find(&m->names, str_of(clean_from));
    if (!n) return -ENOENT;
    if (!n->inode || is_folder(&m->names, str_of(clean_to))) return -EISDIR;
    if (!is_folder(&m->names, parent_of(clean_to))) return -ENOENT;
    if (str_eq(str_of(clean_from), str_of(clean_to))) return 0;
    change_make(m, CHANGE_RENAME, clean_from, clean_to, n->inode);
    return 0;
}

int sim_rename_new(struct seam *s, const char *from, const char *to)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    if (m->off) return -EIO;
    if (!path_clean(to, clean)) return -ENAMETOOLONG;
    return name_find(&m->names, str_of(clean)) ? -EEXIST : sim_rename(s, from, to);
}

int sim_look(struct seam *s, const char *path, struct seam_look *out)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    if (m->off) return -EIO;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    const struct name *n = name_find(&m->names, str_of(clean));
    if (!n && clean[0] != '\0') return -ENOENT;
    *out = (struct seam_look){ .kind = n && n->inode ? SEAM_FILE : SEAM_FOLDER };
    if (out->kind == SEAM_FILE) {
        out->size = n->inode->size;
        out->modified_s = n->inode->modified_s;
    }
    return 0;
}

void sim_names_sync(struct sim_machine *m)
{
    while (!list_empty(&m->changes))
        change_sync(m, CONTAINER_OF(m->changes.next, struct change, node));
    LIST_EACH(&m->names, node) {
        const struct name *n = CONTAINER_OF(node, struct name, node);
        if (n->inode) sim_inode_sync(n->inode);
    }
}

int sim_rmdir(struct seam *s, const char *path)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    if (!is_folder(&m->names, str_of(clean)) || clean[0] == '\0')
        return name_find(&m->names, str_of(clean)) ? -ENOTDIR : -ENOENT;
    LIST_EACH(&m->names, node) {
        const struct name *n = CONTAINER_OF(node, struct name, node);
        if (str_eq(parent_of(n->path), str_of(clean))) return -ENOTEMPTY;
    }
    change_make(m, CHANGE_REMOVE, clean, NULL, NULL);
    return 0;
}

int sim_symlink(struct seam *s, const char *target, const char *path)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES], from[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_WRITES);
    if (refused) return refused;
    if (!path_clean(path, clean) || !path_clean(target, from)) return -ENAMETOOLONG;
    struct name *n = name_find(&m->names, str_of(from));
    if (!n || !n->inode || !is_folder(&m->names, parent_of(clean))) return -ENOENT;
    if (name_find(&m->names, str_of(clean))) return -EEXIST;
    change_make(m, CHANGE_ADD, clean, NULL, n->inode);
    return 0;
}

int sim_sync_dir(struct seam *s, const char *path)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    int refused = sim_change_refused(m, SIM_SYNCS);
    if (refused) return refused;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    if (!is_folder(&m->names, str_of(clean))) return -ENOENT;
    const struct list *crossing = last_crossing(m, str_of(clean));
    LIST_EACH_SAFE(&m->changes, node) {
        struct change *c = CONTAINER_OF(node, struct change, node);
        bool carried = crossing != NULL;
        if (node == crossing) crossing = NULL;
        if (carried || touches(c, str_of(clean))) change_sync(m, c);
    }
    return 0;
}

/* The names with a NUL after each: the callback may change names, or the power may fail in it. */
static struct buf names_in(struct sim_machine *m, str folder)
{
    struct buf names = buf_make(SIM_LIST_BYTES);
    LIST_EACH(&m->names, node) {
        const struct name *n = CONTAINER_OF(node, struct name, node);
        if (!str_eq(parent_of(n->path), folder)) continue;
        buf_add(&names, last_of(n->path));
        buf_addc(&names, '\0');
    }
    return names;
}

int sim_list(struct seam *s, const char *path, bool (*each)(void *, const char *), void *arg)
{
    struct sim_machine *m = sim_machine(s);
    char clean[PATH_BYTES];
    if (m->off) return -EIO;
    if (!path_clean(path, clean)) return -ENAMETOOLONG;
    if (!is_folder(&m->names, str_of(clean))) return -ENOENT;
    struct buf names = names_in(m, str_of(clean));
    str rest = buf_str(&names), name;
    while (str_split(&rest, '\0', &name) && each(arg, name.p))
        ;
    buf_free(&names);
    return 0;
}

/* --- power ------------------------------------------------------------------------------------ */

void sim_files_init(struct sim_machine *m)
{
    list_init(&m->names);
    list_init(&m->durable_names);
    list_init(&m->changes);
    m->pages_max = UINT64_MAX / (2 * SIM_PAGE_BYTES);
}

static void changes_end(struct sim_machine *m)
{
    while (!list_empty(&m->changes))
        change_free(CONTAINER_OF(m->changes.next, struct change, node));
}

static size_t changes_count(const struct sim_machine *m)
{
    size_t n = 0;
    LIST_EACH(&m->changes, node)
        n++;
    return n;
}

/* Names in folders that did not survive are gone with them. */
static void drop_orphans(struct list *names)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        LIST_EACH_SAFE(names, node) {
            struct name *n = CONTAINER_OF(node, struct name, node);
            if (is_folder(names, parent_of(n->path))) continue;
            name_remove(n);
            dropped = true;
        }
    }
}

void sim_names_power_cut(struct sim_machine *m)
{
    size_t survive = sim_below(m->world, changes_count(m) + 1);
    for (; survive > 0; survive--)
        change_sync(m, CONTAINER_OF(m->changes.next, struct change, node));
    changes_end(m);
    names_clear(&m->names);
    drop_orphans(&m->durable_names);
    LIST_EACH(&m->durable_names, node) {
        const struct name *n = CONTAINER_OF(node, struct name, node);
        if (n->inode) sim_inode_power_cut(n->inode);
        name_put(&m->names, n->path, n->inode);
    }
}

void sim_names_free(struct sim_machine *m)
{
    changes_end(m);
    names_clear(&m->names);
    names_clear(&m->durable_names);
}
