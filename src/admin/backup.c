/* backup.c - the conversation that hands a consistent copy of the store to `posthorn backup`.
 *
 *     server: OK and a manifest without checksums, or why not
 *     client: SEGMENT OFFSET BYTES LF, any number of times; then it closes
 *     server: to each, OK and the bytes, or why not
 *
 * SEGMENT is an index into the manifest. The store stays as it was at the point for as long as the
 * conversation lasts. Who asks sets the pace: one piece is read at a time.
 */
#include "admin/backup.h"
#include "admin/stream_int.h"
#include "base/limits.h"

enum { MANIFEST_BYTES = 64 * 1024 * 1024 }; /* what an answer may hold */

/* --- the server's side ------------------------------------------------------------------------ */

static void send_piece(struct conn *c, struct backup *b, str words)
{
    uint64_t n[3];
    str bytes = { 0 };
    enum err e = stream_numbers(words, n, COUNT_OF(n));
    if (!e && n[2] > BACKUP_READ_BYTES) e = ERR_LIMIT;
    if (!e) e = backup_read(b, n[0], n[1], (size_t)n[2], &bytes);
    stream_say(c, e, e ? str_of(err_text(e)) : bytes);
}

static void serve_reads(struct conn *c, struct backup *b)
{
    enum err e = OK;
    while (!e) {
        str line;
        conn_deadline(c, STREAM_MS);
        e = conn_line(c, 100, &line);
        if (!e) send_piece(c, b, str_chomp(line));
    }
}

static void send_point(struct conn *c, const struct backup_manifest *m)
{
    struct buf text = buf_make(MANIFEST_BYTES);
    manifest_write(m, &text);
    stream_say(c, text.full ? ERR_LIMIT : OK, buf_str(&text));
    buf_free(&text);
}

void admin_backup(struct admin *a, struct conn *c, const struct admin_request *r)
{
    (void)r;
    uint8_t identity[STORE_IDENTITY_BYTES];
    struct backup *b = NULL;
    enum err e = store_identity(a->store, identity);
    if (!e) e = engine_backup_begin(store_engine(a->store), &b);
    if (e) {
        stream_say(c, e, str_of(err_text(e)));
        return;
    }
    struct backup_manifest m;
    manifest_of_point(backup_point(b), identity, &m);
    send_point(c, &m);
    serve_reads(c, b);
    manifest_free(&m);
    backup_end(b);
}

/* --- the command's side ------------------------------------------------------------------------
 */

enum err admin_backup_begin(const struct netaddr *socket, struct admin_backup *b, struct buf *why)
{
    const str words[] = { S("backup"), S("1") };
    struct admin_request r = { .words = words, .n = COUNT_OF(words) };
    enum err result = OK;
    *b = (struct admin_backup){ .answer = buf_make(MANIFEST_BYTES) };
    enum err e = stream_ask(socket, &r, &b->conn);
    if (e == ERR_NOTFOUND) return e;
    if (!e) e = conn_flush(b->conn);
    if (!e) e = stream_answer(b->conn, &b->answer, &result);
    if (!e) e = result;
    if (e) buf_addf(why, "the server cannot begin a backup: %s", err_text(e));
    if (!e) e = manifest_read(buf_str(&b->answer), &b->point, why);
    if (e) admin_backup_end(b);
    return e == ERR_NOTFOUND ? ERR_UNKNOWN : e;
}

enum err admin_backup_read(void *arg, size_t i, uint64_t offset, size_t n, str *bytes)
{
    struct admin_backup *b = arg;
    enum err result;
    conn_deadline(b->conn, STREAM_MS);
    conn_writef(b->conn, "%zu %llu %zu\n", i, (unsigned long long)offset, n);
    enum err e = conn_flush(b->conn);
    buf_reset(&b->answer);
    if (!e) e = stream_answer(b->conn, &b->answer, &result);
    if (!e) e = result;
    if (!e) *bytes = buf_str(&b->answer);
    return e;
}

void admin_backup_end(struct admin_backup *b)
{
    if (b->conn) conn_close(b->conn);
    buf_free(&b->answer);
    manifest_free(&b->point);
    b->conn = NULL;
}
