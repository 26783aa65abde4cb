/* pages.c - walks the B+trees in LMDB's file (its data version 1) with every number checked.
 *
 * A page is 16 bytes of header (number 8, 2 unused, flags 2, end of the offsets 2, begin of the
 * nodes 2; or, of an overflow page, how many follow 4), offsets of nodes (2 each) and, from its
 * end, the nodes: low and high half of a number (2, 2), flags 2, key length 2, key, then of a leaf
 * the value. In a branch the number and the flags are the child's page, in a leaf the value's
 * length. Pages 0 and 1 are two states; the one with the snapshot's number is its.
 */
#include "store/embedded/pages_int.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    PAGE_HEADER_BYTES = 16,
    NODE_HEADER_BYTES = 8,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    NODE_BIG = 1, /* the value lies in overflow pages, here is the number of the first */
    /* In the state: after its page's header. */
    META_TREES = PAGE_HEADER_BYTES + 24,
    META_TREE_BYTES = 48,
    META_LAST_PAGE = META_TREES + 2 * META_TREE_BYTES,
    META_SNAPSHOT = META_LAST_PAGE + 8,
    META_BYTES = META_SNAPSHOT + 8,
    TREE_FREE = 0, /* which pages are free: numbers as keys */
    TREE_ROWS = 1,
    DEPTH_MAX = 32, /* LMDB's own */
};
static const uint64_t no_page = UINT64_MAX; /* the root of an empty tree */

struct tree {
    int which;
    unsigned depth;
    uint64_t root;
};

struct walk {
    const struct pages_visitor *v;
    int file;
    size_t page_bytes;
    uint64_t pages; /* whole ones in the file */
    struct tree trees[2];
    const struct tree *tree; /* being walked */
    char *levels[DEPTH_MAX]; /* a page each, from the root down */
    bool bad;
    bool failed; /* the disk */
};

static void fault(struct walk *w, const char *what, uint64_t page)
{
    w->bad = true;
    if (w->v->fault) w->v->fault(w->v->arg, str_of(what), page);
}

static uint16_t le16(const char *p)
{
    return (uint16_t)((uint8_t)p[0] | (uint8_t)p[1] << 8);
}

/* --- pages ---------------------------------------------------------------------------------- */

static unsigned nodes_of(const char *page)
{
    return (le16(page + 12) - (unsigned)PAGE_HEADER_BYTES) / 2;
}

/* A node that lies within its page, or NULL. */
static const char *node_at(const struct walk *w, const char *page, unsigned i)
{
    size_t at = le16(page + PAGE_HEADER_BYTES + 2 * i), upper = le16(page + 14);
    if (at < upper || at + NODE_HEADER_BYTES > w->page_bytes) return NULL;
    const char *node = page + at;
    size_t n = NODE_HEADER_BYTES + (size_t)le16(node + 6);
    if (le16(page + 10) & PAGE_LEAF)
        n += le16(node + 4) & NODE_BIG ? 8 : le16(node) | (size_t)le16(node + 2) << 16;
    return at + n <= w->page_bytes ? node : NULL;
}

static str key_of(const char *node)
{
    return (str){ node + NODE_HEADER_BYTES, le16(node + 6) };
}

/* Offsets that lie before the nodes, and whole nodes in the order of their keys. */
static bool page_holds_up(const struct walk *w, const char *page)
{
    size_t lower = le16(page + 12), upper = le16(page + 14);
    bool branch = le16(page + 10) & PAGE_BRANCH;
    if (lower < PAGE_HEADER_BYTES || lower > upper || upper > w->page_bytes || lower % 2)
        return false;
    if (nodes_of(page) < (branch ? 2u : 1u)) return false;
    const char *before = NULL;
    for (unsigned i = 0; i < nodes_of(page); i++) {
        const char *node = node_at(w, page, i);
        if (!node) return false;
        /* A branch's first key is never looked at; numbers sort otherwise than bytes. */
        bool compare = w->tree->which == TREE_ROWS && before && !(branch && i == 1);
        if (compare && str_cmp(key_of(before), key_of(node)) >= 0) return false;
        before = node;
    }
    return true;
}

static bool page_read(struct walk *w, uint64_t number, char *page)
{
    if (number >= w->pages) {
        fault(w, "a page beyond the end of the file", number);
        return false;
    }
    ssize_t n = pread(w->file, page, w->page_bytes, (off_t)(number * w->page_bytes));
    if (n != (ssize_t)w->page_bytes) w->failed = true;
    return !w->failed;
}

/* Which kind of page the tree has at this depth. */
static bool page_load(struct walk *w, uint64_t number, unsigned depth)
{
    if (!w->levels[depth]) w->levels[depth] = mem_new(w->page_bytes);
    char *page = w->levels[depth];
    unsigned kind = depth + 1 < w->tree->depth ? PAGE_BRANCH : PAGE_LEAF;
    if (!page_read(w, number, page)) return false;
    if (get_le64(page) == number && (le16(page + 10) & 0xf) == kind && page_holds_up(w, page))
        return true;
    fault(w, "damaged page", number);
    return false;
}

static void walk_overflow(struct walk *w, const char *node)
{
    uint64_t first = get_le64(node + NODE_HEADER_BYTES + le16(node + 6));
    uint64_t need = (le16(node) | (uint64_t)le16(node + 2) << 16) + PAGE_HEADER_BYTES;
    uint64_t n = (need + w->page_bytes - 1) / w->page_bytes;
    if (first >= w->pages || n > w->pages - first)
        fault(w, "a page beyond the end of the file", first);
}

static void walk_leaf(struct walk *w, const char *page)
{
    for (unsigned i = 0; i < nodes_of(page); i++) {
        const char *node = node_at(w, page, i);
        str key = key_of(node);
        size_t n = le16(node) | (size_t)le16(node + 2) << 16;
        if (le16(node + 4) & NODE_BIG)
            walk_overflow(w, node);
        else if (w->tree->which == TREE_ROWS && w->v->row)
            w->v->row(w->v->arg, key, (str){ key.p + key.n, n });
    }
}

static uint64_t child_of(const char *node)
{
    return le16(node) | (uint64_t)le16(node + 2) << 16 | (uint64_t)le16(node + 4) << 32;
}

/* Calls itself for each level, of which there are at most DEPTH_MAX. */
static void walk_page(struct walk *w, uint64_t number, unsigned depth)
{
    bool leaf = depth + 1 == w->tree->depth;
    bool skip = leaf && w->tree->which == TREE_ROWS && !w->v->row;
    if (skip && number >= w->pages) fault(w, "a page beyond the end of the file", number);
    if (skip || w->failed || !page_load(w, number, depth)) return;
    if (leaf) {
        walk_leaf(w, w->levels[depth]);
        return;
    }
    for (unsigned i = 0; i < nodes_of(w->levels[depth]); i++)
        walk_page(w, child_of(node_at(w, w->levels[depth], i)), depth + 1);
}

/* --- states --------------------------------------------------------------------------------- */

static struct tree tree_of(const char *state, int which)
{
    const char *p = state + META_TREES + which * META_TREE_BYTES;
    return (struct tree){ which, le16(p + 6), get_le64(p + 40) };
}

static bool state_read(struct walk *w, int page, uint64_t snapshot)
{
    char state[META_BYTES];
    if (pread(w->file, state, sizeof state, (off_t)page * (off_t)w->page_bytes) != sizeof state)
        return false;
    if (!(le16(state + 10) & PAGE_META) || get_le64(state + META_SNAPSHOT) != snapshot)
        return false;
    w->trees[TREE_FREE] = tree_of(state, TREE_FREE);
    w->trees[TREE_ROWS] = tree_of(state, TREE_ROWS);
    return true;
}

static bool open_file(struct walk *w, MDB_env *env, MDB_txn *snapshot)
{
    MDB_stat stat;
    struct stat file;
    if (mdb_env_stat(env, &stat) || mdb_env_get_fd(env, &w->file)) return false;
    w->page_bytes = stat.ms_psize;
    uint64_t id = mdb_txn_id(snapshot);
    if (!state_read(w, 0, id) && !state_read(w, 1, id)) return false;
    if (fstat(w->file, &file)) return false;
    w->pages = (uint64_t)file.st_size / w->page_bytes;
    return true;
}

static void walk_trees(struct walk *w)
{
    for (int i = 0; i < 2; i++) {
        w->tree = &w->trees[i];
        if (w->tree->root == no_page) continue;
        if (w->tree->depth == 0 || w->tree->depth > DEPTH_MAX)
            fault(w, "damaged page", 0);
        else
            walk_page(w, w->tree->root, 0);
    }
    for (unsigned i = 0; i < DEPTH_MAX; i++)
        mem_free(w->levels[i]);
}

enum err pages_walk(MDB_env *env, MDB_txn *snapshot, const struct pages_visitor *v)
{
    struct walk w = { .v = v };
    if (!open_file(&w, env, snapshot)) return ERR_CONFLICT;
    walk_trees(&w);
    if (w.failed) return ERR_LATER;
    return w.bad ? ERR_CORRUPT : OK;
}

/* Pages at the end may be free and never have been written: only what is referred to must be there.
 */
bool pages_cut(MDB_env *env, MDB_txn *snapshot)
{
    static const struct pages_visitor nothing = { 0 };
    struct walk w = { .v = &nothing };
    MDB_envinfo info;
    if (mdb_env_info(env, &info) || !open_file(&w, env, snapshot)) return true;
    if (info.me_last_pgno < w.pages) return false;
    walk_trees(&w);
    return w.bad || w.failed;
}
