/* index.c - the index over LMDB: plain flags only, one writer, snapshots that are used again.
 *
 * Each value ends in four bytes of checksum over key and value, since LMDB has none of its own.
 */
#include "store/embedded/index_int.h"
#include "base/codec.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/embedded/pages_int.h"

#include <errno.h>
#include <stdatomic.h>
#include <xxhash.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

struct index {
    MDB_env *env;
    MDB_dbi rows;
    char folder[STORE_INDEX_PATH_BYTES];
    uint64_t map_bytes;
    unsigned flags;      /* of LMDB, beside the usual ones */
    atomic_uint readers; /* snapshots in use */
    atomic_bool dead;    /* LMDB refuses everything after it failed to write where it stands */
};

/* Account 0, key "m". In format 1, whose values had no sums, it had 32 bytes. */
static const str mark_key = S_INIT("\0\0\0\0\0\0\0\0m");
enum { VERIFY_TRIES = 100 }; /* commits may come as fast as we look for the state of the last */
enum { MARK_BYTES = 40, MARK_BYTES_1 = 32, INDEX_FORMAT = 2 };

const char index_advice[] = "; posthorn check --repair makes it again from the journal";

static MDB_val val_of(str s)
{
    return (MDB_val){ .mv_size = s.n, .mv_data = (void *)(uintptr_t)s.p };
}

static str str_of_val(MDB_val v)
{
    return (str){ v.mv_data, v.mv_size };
}

static enum err err_of(int code, const char *what)
{
    if (code == 0) return OK;
    if (code == MDB_NOTFOUND) return ERR_NOTFOUND;
    bool later = code == ENOSPC || code == EIO || code == ENOMEM || code == MDB_MAP_FULL ||
                 code == MDB_READERS_FULL || code == MDB_PANIC;
    log_event(LOG_ERROR, later ? "store.index_failed" : "store.corrupt", S(""),
              F_CSTR("what", what), F_CSTR("why", mdb_strerror(code)));
    return later ? ERR_LATER : ERR_CORRUPT;
}

void index_close(struct index *x)
{
    if (x->env) mdb_env_close(x->env);
    mem_free(x);
}

/* --- sums ----------------------------------------------------------------------------------- */

/* Of each apart, so that a long value needs no copy to stand behind its key. */
static uint32_t sum_of(str key, str value)
{
    return (uint32_t)(XXH3_64bits(value.p, value.n) ^ XXH3_64bits_withSeed(key.p, key.n, 1));
}

static bool unsummed(str stored, str *value)
{
    if (stored.n < INDEX_SUM_BYTES) return false;
    *value = str_take(stored, stored.n - INDEX_SUM_BYTES);
    return true;
}

bool index_sum_is_right(str key, str value)
{
    return get_le32(value.p + value.n) == sum_of(key, value);
}

static enum err damaged(void)
{
    log_event(LOG_ERROR, "store.corrupt", S(""), F_CSTR("what", "a row of the index"));
    return ERR_CORRUPT;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Counted before it looks, so that index_revive either sees it or is seen. */
static int reader_begin(struct index *x, MDB_txn **txn)
{
    atomic_fetch_add(&x->readers, 1);
    int code = atomic_load(&x->dead) ? MDB_PANIC
               : *txn                ? mdb_txn_renew(*txn)
                                     : mdb_txn_begin(x->env, NULL, MDB_RDONLY, txn);
    if (code) atomic_fetch_sub(&x->readers, 1);
    return code;
}

enum err index_begin(struct index *x, MDB_txn **txn)
{
    return err_of(reader_begin(x, txn), "begin a snapshot");
}

void index_end(struct index *x, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    atomic_fetch_sub(&x->readers, 1);
}

static void end_for_good(struct index *x, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    atomic_fetch_sub(&x->readers, 1);
}

void index_free(MDB_txn *txn)
{
    if (txn) mdb_txn_abort(txn);
}

enum err index_get(struct index *x, MDB_txn *txn, str key, str *value)
{
    MDB_val k = val_of(key), v;
    enum err e = err_of(mdb_get(txn, x->rows, &k, &v), "read");
    if (e) return e;
    return unsummed(str_of_val(v), value) ? OK : damaged();
}

enum err index_get_sure(struct index *x, MDB_txn *txn, str key, str *value)
{
    enum err e = index_get(x, txn, key, value);
    return e || index_sum_is_right(key, *value) ? e : damaged();
}

static struct mark mark_unpack(str v)
{
    return (struct mark){ get_le64(v.p), get_le64(v.p + 8), get_le64(v.p + 16),
                          (int64_t)get_le64(v.p + 24) };
}

enum err index_mark(struct index *x, struct mark *out)
{
    MDB_txn *txn = NULL;
    enum err e = index_begin(x, &txn);
    if (e) return e;
    str v;
    e = index_get_sure(x, txn, mark_key, &v);
    if (!e && v.n < MARK_BYTES) e = ERR_CORRUPT;
    if (!e && get_le64(v.p + 32) > INDEX_FORMAT) e = ERR_DENIED;
    if (!e) *out = mark_unpack(v);
    end_for_good(x, txn);
    return e;
}

static enum err index_move(struct index_cursor *c, MDB_val k, MDB_cursor_op op, str *key,
                           str *value)
{
    MDB_val v;
    enum err e = err_of(mdb_cursor_get(c->cursor, &k, &v, op), "scan");
    if (e) return e;
    *key = str_of_val(k);
    return unsummed(str_of_val(v), value) ? OK : damaged();
}

void index_seek(struct index *x, MDB_txn *txn, str from, struct index_cursor *c)
{
    *c = (struct index_cursor){ 0 };
    c->state = err_of(mdb_cursor_open(txn, x->rows, &c->cursor), "open a cursor");
    if (!c->state) c->state = index_move(c, val_of(from), MDB_SET_RANGE, &c->key, &c->value);
}

/* A row of some hundred bytes, which somebody will read from its beginning. */
static void prefetch(str value)
{
    enum { LINE = 64, LINES = 6 };
    for (size_t at = 0; at < value.n && at < LINE * LINES; at += LINE)
        __builtin_prefetch(value.p + at);
}

static void look_ahead(struct index_cursor *c)
{
    c->ahead.state = index_move(c, (MDB_val){ 0 }, MDB_NEXT, &c->ahead.key, &c->ahead.value);
    c->looked_ahead = true;
    if (!c->ahead.state) prefetch(c->ahead.value);
}

/* Most scans end with their first row: from the second on it is worth looking ahead. */
void index_next(struct index_cursor *c)
{
    if (!c->looked_ahead) look_ahead(c);
    c->state = c->ahead.state;
    c->key = c->ahead.key;
    c->value = c->ahead.value;
    if (!c->state) look_ahead(c);
}

void index_done(struct index_cursor *c)
{
    if (c->cursor) mdb_cursor_close(c->cursor);
}

enum err index_verify(struct index *x, const struct pages_visitor *v)
{
    enum err e = ERR_CONFLICT;
    for (int tries = 0; e == ERR_CONFLICT && tries < VERIFY_TRIES; tries++) {
        MDB_txn *txn = NULL;
        e = index_begin(x, &txn);
        if (e) break;
        e = pages_walk(x->env, txn, v);
        end_for_good(x, txn);
    }
    return e == ERR_CONFLICT ? ERR_LATER : e;
}

/* --- applying ------------------------------------------------------------------------------- */

/* Into the page itself, with its sum. */
static int put(struct index *x, MDB_txn *txn, str key, str value)
{
    MDB_val k = val_of(key), v = { .mv_size = value.n + INDEX_SUM_BYTES };
    int code = mdb_put(txn, x->rows, &k, &v, MDB_RESERVE);
    if (code) return code;
    char *p = v.mv_data;
    uint32_t sum = sum_of(key, value);
    bytes_copy(p, v.mv_size, value.p, value.n);
    for (int i = 0; i < INDEX_SUM_BYTES; i++)
        p[value.n + (size_t)i] = (char)(sum >> (8 * i));
    return 0;
}

static int apply_row(struct index *x, MDB_txn *txn, const struct row *row)
{
    if (!row->gone) return put(x, txn, row->key, row->value);
    MDB_val k = val_of(row->key);
    int code = mdb_del(txn, x->rows, &k, NULL);
    return code == MDB_NOTFOUND ? 0 : code;
}

static int apply_rows(struct index *x, MDB_txn *txn, const struct memtable *rows)
{
    struct row row;
    struct memtable_cursor c = memtable_seek(rows, S(""), UINT64_MAX);
    int code = 0;
    for (; !code && memtable_row(&c, &row); memtable_next(&c))
        code = apply_row(x, txn, &row);
    return code;
}

static int apply_mark(struct index *x, MDB_txn *txn, const struct mark *mark)
{
    struct buf b = buf_make(MARK_BYTES);
    buf_le64(&b, mark->seq);
    buf_le64(&b, mark->segment);
    buf_le64(&b, mark->offset);
    buf_le64(&b, (uint64_t)mark->wall_us);
    buf_le64(&b, INDEX_FORMAT);
    int code = put(x, txn, mark_key, buf_str(&b));
    buf_free(&b);
    return code;
}

static int apply(struct index *x, const struct memtable *rows, const struct mark *mark)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(x->env, NULL, 0, &txn);
    if (code) return code;
    code = apply_rows(x, txn, rows);
    if (!code) code = apply_mark(x, txn, mark);
    if (!code) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* Whether LMDB still serves. It does not once a write to its first pages failed: what it holds in
 * memory may not be what is on the disk. */
static void see_if_dead(struct index *x)
{
    MDB_txn *txn = NULL;
    int code = reader_begin(x, &txn);
    if (!code) end_for_good(x, txn);
    if (code == MDB_PANIC) atomic_store(&x->dead, true);
}

enum err index_apply(struct index *x, const struct memtable *rows, const struct mark *mark)
{
    int code = apply(x, rows, mark);
    if (code) see_if_dead(x);
    return err_of(code, "apply");
}

/* --- opening -------------------------------------------------------------------------------- */

static int env_open(const char *path, uint64_t map_bytes, unsigned flags, MDB_env **out)
{
    MDB_env *env;
    int code = mdb_env_create(&env);
    if (code) return code;
    code = mdb_env_set_mapsize(env, map_bytes);
    if (!code) code = mdb_env_set_maxreaders(env, STORE_VIEWS);
    /* NORDAHEAD: listing an inbox touches rows, and the kernel would read 128 KiB for each. */
    if (!code) code = mdb_env_open(env, path, MDB_NOTLS | MDB_NORDAHEAD | flags, 0600);
    if (code)
        mdb_env_close(env);
    else
        *out = env;
    return code;
}

/* LMDB writes the two pages that a new file begins with and does not sync them. Once they are
 * durable, a file that is longer than they are can be opened after any crash. */
static int sync_if_new(MDB_env *env)
{
    MDB_envinfo info;
    int code = mdb_env_info(env, &info);
    return code || info.me_last_txnid > 0 ? code : mdb_env_sync(env, 1);
}

static int rows_open(struct index *x)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(x->env, NULL, 0, &txn);
    if (code) return code;
    code = mdb_dbi_open(txn, NULL, 0, &x->rows);
    if (!code) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* A file that was cut would end the process where LMDB reads past its end. */
static int index_is_cut(struct index *x)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(x->env, NULL, MDB_RDONLY, &txn);
    if (code) return code;
    bool cut = pages_cut(x->env, txn);
    mdb_txn_abort(txn);
    return cut ? MDB_CORRUPTED : 0;
}

/* What is to be done is said too: whoever reads this has no mail until it is. */
static enum err cannot_open(const char *folder, int code, struct buf *why)
{
    bool damaged = code == MDB_INVALID || code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ||
                   code == MDB_VERSION_MISMATCH || code == MDB_PANIC;
    buf_addf(why, "cannot open the index in %s: %s", folder, mdb_strerror(code));
    if (damaged) buf_add(why, str_of(index_advice));
    return code == ENOSPC ? ERR_LATER : ERR_CORRUPT;
}

static enum err mark_bytes(struct index *x, size_t *n)
{
    MDB_txn *txn = NULL;
    enum err e = index_begin(x, &txn);
    if (e) return e;
    MDB_val k = val_of(mark_key), v;
    e = err_of(mdb_get(txn, x->rows, &k, &v), "read the mark");
    if (!e) *n = v.mv_size;
    end_for_good(x, txn);
    return e;
}

/* All of it at once: replay fills it again. */
static enum err empty(struct index *x)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(x->env, NULL, 0, &txn);
    if (code) return err_of(code, "begin to empty");
    code = mdb_drop(txn, x->rows, 0);
    if (!code) return err_of(mdb_txn_commit(txn), "empty");
    mdb_txn_abort(txn);
    return err_of(code, "empty");
}

/* An older index is emptied; a newer one is not ours to touch. */
static enum err know_format(struct index *x, struct buf *why)
{
    struct mark unused;
    size_t n;
    enum err e = mark_bytes(x, &n);
    if (e == ERR_NOTFOUND) return OK; /* new, or its first transaction never ended */
    if (!e && n == MARK_BYTES_1) {
        log_event(LOG_INFO, "store.index_old", S(""), F_NUM("format", 1));
        return empty(x);
    }
    if (!e) e = index_mark(x, &unused);
    if (e == ERR_DENIED)
        buf_add(why, S("the index is of a newer format than this program knows"));
    else if (e)
        buf_add(why, S("the index does not say how far it goes"));
    if (e) buf_add(why, str_of(index_advice));
    return e;
}

static int open_rows(struct index *x)
{
    int code = index_is_cut(x);
    if (!code) code = sync_if_new(x->env);
    return code ? code : rows_open(x);
}

static int open_env(struct index *x)
{
    if (x->map_bytes) return env_open(x->folder, x->map_bytes, x->flags, &x->env);
    int code = env_open(x->folder, STORE_MAP_BYTES, x->flags, &x->env);
    /* Valgrind and address limits refuse the large reservation. */
    return code ? env_open(x->folder, STORE_MAP_SMALL_BYTES, x->flags, &x->env) : 0;
}

static void ignore_row(void *arg, str key, str stored)
{
    (void)arg, (void)key, (void)stored;
}

static void count_fault(void *arg, str what, uint64_t page)
{
    (void)what, (void)page;
    ++*(uint64_t *)arg;
}

/* Before LMDB is asked for anything else: it follows what a damaged page says. */
static bool index_damage(struct index *x, struct buf *why)
{
    uint64_t n = 0;
    struct pages_visitor v = { count_fault, ignore_row, &n };
    enum err e = index_verify(x, &v);
    if (e == ERR_CORRUPT)
        buf_addf(why, "%llu damaged %s in the index%s", (unsigned long long)n,
                 n == 1 ? "page" : "pages", index_advice);
    else if (e)
        buf_add(why, S("the index cannot be read"));
    return e != OK;
}

enum { OPEN_FILE = 1, OPEN_VERIFIED = 2 };

static enum err open_at(const char *folder, uint64_t map_bytes, unsigned how, struct index **out,
                        struct buf *why)
{
    struct index *x = MEM_NEW(struct index);
#ifdef SANITIZED
    if (!map_bytes) map_bytes = STORE_MAP_SMALL_BYTES;
#endif
    str path = str_of(folder);
    bytes_copy(x->folder, sizeof x->folder - 1, path.p, path.n);
    x->map_bytes = map_bytes;
    x->flags = how & OPEN_FILE ? MDB_NOSUBDIR : 0;
    int code = open_env(x);
    if (code) {
        mem_free(x);
        return cannot_open(folder, code, why);
    }
    code = how & OPEN_VERIFIED ? index_is_cut(x) : 0;
    if (!code && how & OPEN_VERIFIED && index_damage(x, why)) {
        index_close(x);
        return ERR_CORRUPT;
    }
    if (!code) code = open_rows(x);
    enum err e = code ? cannot_open(folder, code, why) : know_format(x, why);
    if (e)
        index_close(x);
    else
        *out = x;
    return e;
}

enum err index_open(const char *folder, uint64_t map_bytes, bool verify, struct index **out,
                    struct buf *why)
{
    return open_at(folder, map_bytes, verify ? OPEN_VERIFIED : 0, out, why);
}

enum err index_make(const char *file, uint64_t map_bytes, struct index **out, struct buf *why)
{
    return open_at(file, map_bytes, OPEN_FILE, out, why);
}

struct believing {
    struct mark *mark;
    void (*row)(void *arg, str key, str value);
    void *arg;
};

static void believe_row(void *arg, str key, str stored)
{
    struct believing *b = arg;
    str value;
    if (key.n <= sizeof(uint64_t) || !unsummed(stored, &value)) return;
    if (!index_sum_is_right(key, value)) return;
    if (!str_eq(key, mark_key))
        b->row(b->arg, key, value);
    else if (value.n >= MARK_BYTES)
        *b->mark = mark_unpack(value);
}

void index_believed(const char *folder, struct mark *out,
                    void (*row)(void *arg, str key, str value), void *arg)
{
    MDB_env *env;
    MDB_txn *txn;
    struct believing b = { out, row, arg };
    struct pages_visitor v = { NULL, believe_row, &b };
    *out = (struct mark){ 0 };
    if (env_open(folder, STORE_MAP_SMALL_BYTES, 0, &env)) return;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0) {
        enum err e = pages_walk(env, txn, &v); /* damage elsewhere does not make it wrong */
        if (e && e != ERR_CORRUPT) *out = (struct mark){ 0 };
        mdb_txn_abort(txn);
    }
    mdb_env_close(env);
}

bool index_is_dead(struct index *x)
{
    return atomic_load(&x->dead);
}

enum err index_revive(struct index *x)
{
    if (atomic_load(&x->readers) > 0) return ERR_LATER;
    if (x->env) mdb_env_close(x->env);
    x->env = NULL;
    int code = open_env(x);
    if (code) return err_of(code, "open it again");
    atomic_store(&x->dead, false); /* only from here on may anybody read */
    code = open_rows(x);
    if (!code) return OK;
    atomic_store(&x->dead, true);
    return err_of(code, "open it again");
}
