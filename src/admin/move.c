/* move.c - the command's side of an import and an export; import.c and export.c say what is spoken.
 */
#include "admin/move_int.h"
#include "base/limits.h"

enum { SYNC_MESSAGES = 512, SYNCS_OPEN = 2 };

enum err move_open(const struct netaddr *socket, str what, str user, struct conn **out,
                   struct buf *why)
{
    const str words[] = { what, user };
    const struct admin_request r = { .words = words, .n = COUNT_OF(words) };
    struct conn *c;
    enum err result = OK;
    enum err e = stream_ask(socket, &r, &c);
    if (e) return e;
    e = conn_flush(c);
    if (!e) e = stream_answer(c, why, &result);
    if (!e) e = result;
    if (e) conn_close(c);
    if (!e) *out = c;
    if (e && !why->n) buf_addf(why, "%s", err_text(e));
    return e;
}

/* --- import ----------------------------------------------------------------------------------- */

static enum err read_failure(struct move_import *m)
{
    enum { WHY, KEYWORDS, NUMBERS };
    uint64_t n[NUMBERS];
    str line, label = { 0 };
    struct arena arena = arena_make(4 * ADMIN_WORD_BYTES);
    enum err e = conn_line(m->conn, 64, &line);
    if (!e) e = stream_numbers(str_chomp(line), n, NUMBERS);
    if (!e) e = stream_read_word(m->conn, &arena, &label);
    if (!e && n[WHY]) m->counts.failed++;
    if (!e) m->tell(m->arg, label, (enum err)n[WHY], (unsigned)n[KEYWORDS]);
    arena_free(&arena);
    return e;
}

static enum err read_answer(struct move_import *m)
{
    enum { RESULT, KEPT, HAD, FAILED, NUMBERS };
    uint64_t n[NUMBERS], size;
    str line;
    enum err e = conn_line(m->conn, 256, &line);
    if (!e) e = stream_numbers(str_chomp(line), n, NUMBERS);
    if (!e) e = stream_number(m->conn, ADMIN_WORD_BYTES, &size);
    buf_reset(&m->reason);
    if (!e) e = stream_bytes(m->conn, size, &m->reason);
    if (e) return e;
    m->counts.kept = n[KEPT];
    m->counts.had = n[HAD];
    for (uint64_t i = 0; i < n[FAILED] && !e; i++)
        e = read_failure(m);
    return e ? e : (enum err)n[RESULT];
}

static enum err read_answers(struct move_import *m, unsigned open)
{
    enum err e = conn_flush(m->conn);
    while (!e && m->syncs > open) {
        m->syncs--;
        e = read_answer(m);
    }
    if (e && !m->reason.n) buf_addf(&m->reason, "%s", err_text(e));
    return e;
}

enum err move_box(struct move_import *m, str name, bool subscribed)
{
    enum err result = OK;
    enum err e = read_answers(m, 0);
    if (e) return e;
    conn_deadline(m->conn, STREAM_MS);
    conn_writef(m->conn, "box %d\n", subscribed);
    stream_word(m->conn, name);
    buf_reset(&m->reason);
    e = conn_flush(m->conn);
    if (!e) e = stream_answer(m->conn, &m->reason, &result);
    return e ? e : result;
}

void move_begin(struct move_import *m, const struct move_message *message)
{
    conn_deadline(m->conn, STREAM_MS);
    conn_writef(m->conn, "msg %u %ju %u %ju %ju %zu\n", message->flags,
                (uintmax_t)(uint64_t)message->date_s,
                (unsigned)(message->zone_min + MOVE_ZONE_BIAS), (uintmax_t)message->mark.order,
                (uintmax_t)message->mark.hash, message->keywords_n);
    stream_word(m->conn, str_take(message->label, ADMIN_WORD_BYTES));
    for (size_t i = 0; i < message->keywords_n; i++)
        stream_word(m->conn, message->keywords[i]);
}

void move_bytes(struct move_import *m, str bytes)
{
    while (bytes.n) {
        stream_word(m->conn, str_take(bytes, MOVE_CHUNK_BYTES));
        bytes = str_from(bytes, MOVE_CHUNK_BYTES);
    }
}

enum err move_end(struct move_import *m, bool whole)
{
    conn_write(m->conn, whole ? S("0\n") : S("cut\n"));
    if (conn_gone(m->conn)) return ERR_GONE;
    if (++m->unsynced < SYNC_MESSAGES) return OK;
    m->unsynced = 0;
    m->syncs++;
    conn_write(m->conn, S("sync\n"));
    return read_answers(m, SYNCS_OPEN - 1);
}

enum err move_done(struct move_import *m)
{
    m->syncs++;
    conn_write(m->conn, S("done\n"));
    return read_answers(m, 0);
}

/* --- export ----------------------------------------------------------------------------------- */

/* The next line of a list that ends with "."; an empty str at its end. */
static enum err list_line(struct conn *c, str *line)
{
    enum err e = conn_line(c, 256, line);
    if (e) return e;
    *line = str_chomp(*line);
    if (str_eq(*line, S("."))) *line = (str){ 0 };
    return OK;
}

static enum err read_box(struct conn *c, str line, struct arena *a, struct move_box *out)
{
    enum { ID, UIDVALIDITY, MESSAGES, SUBSCRIBED, EXISTS, NUMBERS };
    uint64_t n[NUMBERS];
    enum err e = stream_numbers(line, n, NUMBERS);
    if (e) return e;
    *out = (struct move_box){ .id = n[ID],
                              .uidvalidity = (uint32_t)n[UIDVALIDITY],
                              .messages = (uint32_t)n[MESSAGES],
                              .subscribed = n[SUBSCRIBED],
                              .exists = n[EXISTS] };
    return stream_read_word(c, a, &out->name);
}

enum err move_boxes(struct conn *c, struct arena *a, struct move_box **out, size_t *n)
{
    str line;
    struct move_box *boxes = NULL;
    size_t count = 0;
    conn_deadline(c, STREAM_MS);
    conn_write(c, S("boxes\n"));
    enum err e = conn_flush(c);
    while (!e && !(e = list_line(c, &line)) && line.n) {
        boxes = arena_more(a, boxes, count, sizeof *boxes);
        e = boxes ? read_box(c, line, a, &boxes[count++]) : ERR_LIMIT;
    }
    *out = boxes;
    *n = count;
    return e;
}

enum err move_words(struct conn *c, uint64_t box, struct arena *a, str **out, size_t *n)
{
    uint64_t count = 0;
    conn_deadline(c, STREAM_MS);
    conn_writef(c, "words %ju\n", (uintmax_t)box);
    enum err e = conn_flush(c);
    if (!e) e = stream_number(c, MAILBOX_KEYWORDS, &count);
    if (e) return e;
    *out = ARENA_ARRAY(a, count + 1, str);
    if (!*out) return ERR_LIMIT;
    for (uint64_t i = 0; i < count && !e; i++)
        e = stream_read_word(c, a, &(*out)[i]);
    *n = count;
    return e;
}

static enum err read_listed(str line, struct move_listed *out)
{
    enum { UID, FLAGS, KEYWORDS, DATE, ZONE, SIZE, NUMBERS };
    uint64_t n[NUMBERS];
    enum err e = stream_numbers(line, n, NUMBERS);
    if (e) return e;
    *out = (struct move_listed){ .uid = (uint32_t)n[UID],
                                 .flags = (uint8_t)n[FLAGS],
                                 .keywords = n[KEYWORDS],
                                 .date_s = (int64_t)n[DATE],
                                 .zone_min = (int16_t)((int64_t)n[ZONE] - MOVE_ZONE_BIAS),
                                 .size_bytes = n[SIZE] };
    return OK;
}

enum err move_list(struct conn *c, uint64_t box, uint32_t from, struct move_listed *out, size_t *n)
{
    str line;
    *n = 0;
    conn_deadline(c, STREAM_MS);
    conn_writef(c, "list %ju %u\n", (uintmax_t)box, from);
    enum err e = conn_flush(c);
    while (!e && !(e = list_line(c, &line)) && line.n) {
        if (*n == MOVE_LIST_MESSAGES) return ERR_SYNTAX;
        e = read_listed(line, &out[*n]);
        ++*n;
    }
    return e;
}

void move_ask(struct conn *c, uint64_t box, uint32_t uid)
{
    conn_writef(c, "get %ju %u\n", (uintmax_t)box, uid);
}

static enum err read_piece(struct conn *c, uint64_t n, bool (*take)(void *arg, str piece),
                           void *arg, bool *wanted)
{
    while (n) {
        str piece;
        enum err e = conn_read(c, n, &piece);
        if (e) return e;
        *wanted = *wanted && take(arg, piece);
        n -= piece.n;
    }
    return OK;
}

static enum err read_reason(struct conn *c, struct buf *why)
{
    uint64_t n;
    enum err e = stream_number(c, ADMIN_WORD_BYTES, &n);
    if (!e) e = stream_bytes(c, n, why);
    return e ? e : ERR_CORRUPT;
}

enum err move_read(struct conn *c, bool (*take)(void *arg, str piece), void *arg, struct buf *why)
{
    bool wanted = true;
    conn_deadline(c, STREAM_MS);
    for (;;) {
        str line;
        uint64_t n;
        enum err e = conn_line(c, 64, &line);
        if (e) return e;
        line = str_chomp(line);
        if (str_eq(line, S("bad"))) return read_reason(c, why);
        if (!str_u64(line, MOVE_CHUNK_BYTES, &n)) return ERR_SYNTAX;
        if (n == 0) return OK;
        e = read_piece(c, n, take, arg, &wanted);
        if (e) return e;
    }
}
