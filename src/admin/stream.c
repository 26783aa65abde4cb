/* stream.c - the control socket's requests that go on: which there are, and what they share. */
#include "admin/stream_int.h"
#include "base/limits.h"

static const struct {
    str word;
    stream_fn *run;
} streams[] = {
    { S_INIT("import"), admin_import }, { S_INIT("export"), admin_export },
    { S_INIT("backup"), admin_backup }, { S_INIT("restore"), admin_restore },
    { S_INIT("check"), admin_check },
};

stream_fn *stream_find(const struct admin_request *r)
{
    for (size_t i = 0; i < COUNT_OF(streams); i++)
        if (r->n == 2 && str_eq(r->words[0], streams[i].word)) return streams[i].run;
    return NULL;
}

enum err stream_number(struct conn *c, uint64_t max, uint64_t *n)
{
    str line;
    enum err e = conn_line(c, 64, &line);
    if (e) return e;
    return str_u64(str_chomp(line), max, n) ? OK : ERR_SYNTAX;
}

enum err stream_numbers(str line, uint64_t *numbers, size_t n)
{
    str word;
    for (size_t i = 0; i < n; i++)
        if (!str_split(&line, ' ', &word) || !str_u64(word, UINT64_MAX, &numbers[i]))
            return ERR_SYNTAX;
    return line.n ? ERR_SYNTAX : OK;
}

enum err stream_bytes(struct conn *c, uint64_t n, struct buf *out)
{
    while (n) {
        str piece;
        enum err e = conn_read(c, n, &piece);
        if (e) return e;
        buf_add(out, piece);
        n -= piece.n;
    }
    return out->full ? ERR_LIMIT : OK;
}

void stream_word(struct conn *c, str word)
{
    conn_writef(c, "%zu\n", word.n);
    conn_write(c, word);
}

enum err stream_read_word(struct conn *c, struct arena *a, str *word)
{
    uint64_t n;
    enum err e = stream_number(c, ADMIN_WORD_BYTES, &n);
    if (e) return e;
    struct buf b = buf_make(ADMIN_WORD_BYTES);
    e = stream_bytes(c, n, &b);
    if (!e) *word = arena_copy(a, buf_str(&b));
    if (b.p) bytes_wipe(b.p, b.n);
    buf_free(&b);
    return e ? e : a->full ? ERR_LIMIT : OK;
}

void stream_say(struct conn *c, enum err e, str text)
{
    conn_writef(c, "%d %zu\n", e, text.n);
    conn_write(c, text);
    (void)!conn_flush(c); /* who has gone finds out at the next read */
}

bool stream_user(struct admin *a, struct conn *c, const struct admin_request *r,
                 struct account *out)
{
    struct buf why = buf_make(ADMIN_REASON_BYTES);
    enum err e = admin_account(a, r->words[1], out, &why);
    stream_say(c, e, buf_str(&why));
    buf_free(&why);
    return e == OK;
}
