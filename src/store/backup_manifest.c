/* backup_manifest.c - the manifest as text, and the names in a backup folder. */
#include "base/codec.h"
#include "mail/date.h"
#include "store/backup_int.h"

#include <errno.h>

static const str first_line = S_INIT("posthorn backup 1");
static const str any_first_line = S_INIT("posthorn backup ");

/* --- names ----------------------------------------------------------------------------------- */

const char *backup_name(struct arena *a, const char *folder, const char *name)
{
    return arena_cstr(a, arena_fmt(a, name[0] ? "%s/%s" : "%s%s", folder, name));
}

const char *backup_segment_name(struct arena *a, const char *folder, const struct backup_file *f,
                                const char *ending)
{
    return arena_cstr(a,
                      arena_fmt(a, "%s/segments/%010llu-%016llx.%s", folder,
                                (unsigned long long)f->number, (unsigned long long)f->id, ending));
}

const char *backup_parent(struct arena *a, const char *folder)
{
    str path = str_of(folder);
    size_t slash = str_rchr(path, '/');
    if (slash == STR_NPOS) return ".";
    return slash ? arena_cstr(a, str_take(path, slash)) : "/";
}

/* --- small files ----------------------------------------------------------------------------- */

enum err backup_load(struct seam *seam, const char *name, struct buf *out)
{
    enum { PIECE_BYTES = 64 * 1024 };
    int file = seam_open(seam, name, SEAM_READ);
    if (file == -ENOENT) return ERR_NOTFOUND;
    if (file < 0) return ERR_LATER;
    ssize_t n = 1;
    for (uint64_t at = 0; n > 0; at += (uint64_t)n) {
        char *room = buf_reserve(out, PIECE_BYTES);
        n = room ? seam_pread(seam, file, room, PIECE_BYTES, at) : 0;
        if (n > 0) buf_commit(out, (size_t)n);
    }
    seam_close(seam, file);
    if (out->full) return ERR_LIMIT;
    return n < 0 ? ERR_LATER : OK;
}

int backup_store(struct seam *seam, int file, str text, uint64_t at)
{
    while (text.n) {
        struct iovec iov = { (void *)(uintptr_t)text.p, text.n };
        ssize_t n = seam_pwritev(seam, file, &iov, 1, at);
        if (n <= 0) return n ? (int)n : -ENOSPC;
        text = str_from(text, (size_t)n);
        at += (uint64_t)n;
    }
    return 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

static void add_hex64(struct buf *out, uint64_t value)
{
    buf_addf(out, "%016llx", (unsigned long long)value);
}

static bool read_hex64(str text, uint64_t *out)
{
    struct buf b = buf_make(8);
    bool good = text.n == 16 && hex_decode(&b, text);
    if (good) *out = get_be64(b.p);
    buf_free(&b);
    return good;
}

/* "segment 12 log 4096 ID CHECKSUM" */
void segment_line_write(const struct backup_segment *s, struct buf *out)
{
    buf_addf(out, "segment %llu %s %llu ", (unsigned long long)s->file.number,
             s->file.log ? "log" : "stream", (unsigned long long)s->file.bytes);
    add_hex64(out, s->file.id);
    buf_addc(out, ' ');
    if (s->summed)
        add_hex64(out, s->checksum);
    else
        buf_addc(out, '-');
    buf_addc(out, '\n');
}

static bool take_word(str *line, str *word)
{
    return str_split(line, ' ', word) && word->n;
}

bool segment_line_read(str line, struct backup_segment *out)
{
    str tag, number, kind, bytes, id, sum;
    struct backup_segment s = { 0 };
    if (!take_word(&line, &tag) || !str_eq(tag, S("segment"))) return false;
    if (!take_word(&line, &number) || !str_u64(number, 9999999999, &s.file.number)) return false;
    if (!take_word(&line, &kind) || !take_word(&line, &bytes)) return false;
    s.file.log = str_eq(kind, S("log"));
    if (!s.file.log && !str_eq(kind, S("stream"))) return false;
    if (!str_u64(bytes, INT64_MAX, &s.file.bytes)) return false;
    if (!take_word(&line, &id) || !read_hex64(id, &s.file.id)) return false;
    if (!take_word(&line, &sum) || line.n) return false;
    s.summed = !str_eq(sum, S("-"));
    if (s.summed && !read_hex64(sum, &s.checksum)) return false;
    *out = s;
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

void manifest_free(struct backup_manifest *m)
{
    mem_free(m->segments);
    *m = (struct backup_manifest){ 0 };
}

void manifest_add(struct backup_manifest *m, const struct backup_segment *s)
{
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 64;
        m->segments = mem_resize(m->segments, m->cap, cap, sizeof *m->segments);
        m->cap = cap;
    }
    m->segments[m->n++] = *s;
}

void manifest_of_point(const struct backup_point *p, const uint8_t *store,
                       struct backup_manifest *out)
{
    *out = (struct backup_manifest){ .commit = p->commit, .wall_us = p->wall_us };
    bytes_copy(out->store, sizeof out->store, store, STORE_IDENTITY_BYTES);
    for (size_t i = 0; i < p->n; i++)
        manifest_add(out, &(struct backup_segment){ .file = p->files[i] });
}

uint64_t manifest_bytes(const struct backup_manifest *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n; i++)
        bytes += m->segments[i].file.bytes;
    return bytes;
}

/* The newest wins: what was copied last comes last. */
const struct backup_segment *manifest_find(const struct backup_manifest *m,
                                           const struct backup_file *f)
{
    for (size_t i = m->n; i-- > 0;)
        if (m->segments[i].file.number == f->number && m->segments[i].file.id == f->id)
            return &m->segments[i];
    return NULL;
}

void manifest_write(const struct backup_manifest *m, struct buf *out)
{
    size_t from = out->n;
    buf_add(out, first_line);
    buf_add(out, S("\nstore "));
    hex_encode(out, (str){ (const char *)m->store, sizeof m->store });
    buf_addf(out, "\ncommit %llu\ntime %lld ", (unsigned long long)m->commit,
             (long long)m->wall_us);
    date_write_iso(out, m->wall_us / 1000000);
    buf_addc(out, '\n');
    for (size_t i = 0; i < m->n; i++)
        segment_line_write(&m->segments[i], out);
    uint64_t sum = XXH3_64bits(out->p + from, out->n - from);
    buf_addf(out, "end %zu ", m->n);
    add_hex64(out, sum);
    buf_addc(out, '\n');
}

static enum err damaged(struct buf *why, const char *what)
{
    buf_addf(why, "the manifest is damaged: %s", what);
    return ERR_CORRUPT;
}

static bool read_store(str line, struct backup_manifest *m)
{
    struct buf b = buf_make(STORE_IDENTITY_BYTES);
    bool good = str_starts(line, S("store ")) && hex_decode(&b, str_from(line, 6)) &&
                b.n == STORE_IDENTITY_BYTES;
    if (good) bytes_copy(m->store, sizeof m->store, b.p, b.n);
    buf_free(&b);
    return good;
}

static bool read_head(str *rest, struct backup_manifest *m)
{
    str line;
    uint64_t us;
    if (!str_split(rest, '\n', &line) || !read_store(line, m)) return false;
    if (!str_split(rest, '\n', &line) || !str_starts(line, S("commit "))) return false;
    if (!str_u64(str_from(line, 7), UINT64_MAX, &m->commit)) return false;
    if (!str_split(rest, '\n', &line) || !str_starts(line, S("time "))) return false;
    line = str_from(line, 5);
    if (!str_u64(str_take(line, str_chr(line, ' ')), INT64_MAX, &us)) return false;
    m->wall_us = (int64_t)us;
    return true;
}

/* "end COUNT CHECKSUM": of all that lies before the line. */
static enum err read_end(str line, str before, const struct backup_manifest *m, struct buf *why)
{
    str tag, count;
    uint64_t n, sum;
    if (!str_split(&line, ' ', &tag) || !str_split(&line, ' ', &count) ||
        !str_u64(count, UINT64_MAX, &n) || !read_hex64(line, &sum))
        return damaged(why, "its last line");
    if (n != m->n) return damaged(why, "lines are missing");
    if (sum != XXH3_64bits(before.p, before.n)) return damaged(why, "its checksum is wrong");
    return OK;
}

static enum err read_lines(str text, struct backup_manifest *m, struct buf *why)
{
    str rest = text, line;
    if (!str_split(&rest, '\n', &line) || !str_starts(line, any_first_line))
        return damaged(why, "its first line");
    if (!str_eq(line, first_line)) {
        buf_addf(why, "the backup is of a newer format ('%.*s'): use a newer program",
                 STR_ARG(line));
        return ERR_DENIED;
    }
    if (!read_head(&rest, m)) return damaged(why, "its head");
    for (str before = rest; str_split(&rest, '\n', &line); before = rest) {
        struct backup_segment s;
        if (str_starts(line, S("end "))) return read_end(line, str_range(text.p, before.p), m, why);
        if (!segment_line_read(line, &s)) return damaged(why, "a segment's line");
        manifest_add(m, &s);
    }
    return damaged(why, "it has no end");
}

enum err manifest_read(str text, struct backup_manifest *out, struct buf *why)
{
    struct backup_manifest m = { 0 };
    enum err e = read_lines(text, &m, why);
    if (e)
        manifest_free(&m);
    else
        *out = m;
    return e;
}

enum err manifest_load(struct seam *seam, const char *folder, struct backup_manifest *out,
                       struct buf *why)
{
    struct arena a = arena_make(STORE_PATH_BYTES);
    struct buf text = buf_make(BACKUP_MANIFEST_BYTES);
    const char *name = backup_name(&a, folder, "manifest");
    enum err e = name ? backup_load(seam, name, &text) : ERR_LIMIT;
    if (e == ERR_NOTFOUND) buf_addf(why, "%s is no backup: it has no manifest", folder);
    if (e && e != ERR_NOTFOUND) buf_addf(why, "%s/manifest cannot be read", folder);
    if (!e) e = manifest_read(buf_str(&text), out, why);
    buf_free(&text);
    arena_free(&a);
    return e;
}
