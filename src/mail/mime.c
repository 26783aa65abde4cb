/* mime.c - the incremental MIME parser: which bytes are whose.
 *
 * RFC 2046 5.1. The message is taken line by line, however it is cut. A line that begins like a
 * boundary is held until its end is seen (or it is longer than any boundary); everything else goes
 * at once to the part that is being read. What the fields of a part say is mime_part.c's.
 */
#include "mail/mime.h"

#include <assert.h>

#include "base/codec.h"
#include "base/mem.h"
#include "mail/mime_int.h"

enum { IN_HEADER, IN_BODY, IN_PREAMBLE, IN_EPILOGUE };
enum { HELD_NOTHING, HELD_CR, HELD_LF, HELD_CRLF };

#define HELD_LINE_BYTES (MIME_BOUNDARY_BYTES + 64) /* "--", the boundary, "--", white space */

static struct mime_part *current(struct mime *m)
{
    return &m->parts[m->open[m->nopen - 1]];
}

/* --- parts begin and end ------------------------------------------------------------------------
 */

static bool may_begin(const struct mime *m)
{
    return m->nparts < MIME_PARTS && m->nopen <= MIME_DEPTH;
}

static void part_begin(struct mime *m, uint64_t at)
{
    assert(may_begin(m));
    if (m->nparts == m->parts_cap) {
        int cap = m->parts_cap ? 2 * m->parts_cap : 4;
        m->parts = mem_resize(m->parts, (size_t)m->parts_cap, (size_t)cap, sizeof(*m->parts));
        m->parts_cap = cap;
    }
    struct mime_part *part = &m->parts[m->nparts];
    *part = (struct mime_part){ .parent = -1, .depth = m->nopen, .number = 1, .header_at = at };
    if (m->nopen) {
        part->parent = m->open[m->nopen - 1];
        part->number = ++m->parts[part->parent].children;
    }
    m->open[m->nopen++] = m->nparts++;
    m->state = IN_HEADER;
    buf_reset(&m->header);
}

/* End the innermost part. Its body ends at end: of the message, or before a boundary's line end. */
static void part_end(struct mime *m, uint64_t end, bool before_boundary)
{
    struct mime_part *part = current(m);
    if (end > part->body_at) {
        part->body_bytes = end - part->body_at;
        part->lines = m->lines - part->lines_before - before_boundary;
        part->lines += before_boundary ? m->last_line_bytes > 0 : m->line_bytes > 0;
    }
    if (part->boundary.n) m->nboundaries--;
    part->boundary = (str){ 0 };
    m->nopen--;
}

/* The header of the innermost part is complete; the body begins at body_at. */
static void header_end(struct mime *m, uint64_t body_at)
{
    struct mime_part *part = current(m);
    part->header_bytes = body_at - part->header_at;
    part->body_at = body_at;
    part->lines_before = m->lines;
    m->held = HELD_NOTHING;
    mime_part_read(m, part, may_begin(m));
    if (m->hooks.header) m->hooks.header(m->hooks.arg, m->open[m->nopen - 1], buf_str(&m->header));
    if (part->kind == MIME_LEAF) {
        m->state = IN_BODY;
    } else if (part->kind == MIME_MULTIPART) {
        m->state = IN_PREAMBLE;
        m->nboundaries++;
    } else {
        part_begin(m, body_at);
    }
}

/* --- bytes that are no boundary ------------------------------------------------------------------
 */

static void hook_body(struct mime *m, str bytes)
{
    if (bytes.n && m->hooks.body) m->hooks.body(m->hooks.arg, m->open[m->nopen - 1], bytes);
}

static void release_eol(struct mime *m)
{
    static const str eols[] = { S_INIT(""), S_INIT("\r"), S_INIT("\n"), S_INIT("\r\n") };
    hook_body(m, eols[m->held]);
    m->held = HELD_NOTHING;
}

/* RFC 2046 5.1.1: the line end before a boundary is the boundary's, so each waits for what follows.
 */
static void body(struct mime *m, str piece)
{
    bool lf = str_ends(piece, S("\n"));
    piece.n -= lf;
    bool cr = str_ends(piece, S("\r"));
    piece.n -= cr;
    if (lf && !cr && !piece.n && m->held == HELD_CR) {
        m->held = HELD_CRLF;
        return;
    }
    release_eol(m);
    hook_body(m, piece);
    m->held = (cr ? HELD_CR : 0) + (lf ? HELD_LF : 0);
}

/* Give a piece of a line, at offset at, to whoever is being read. */
static void give(struct mime *m, str piece, uint64_t at)
{
    while (m->state == IN_HEADER) {
        size_t room = HEADER_BYTES - m->header.n;
        if (piece.n <= room) {
            buf_add(&m->header, piece);
            return;
        }
        buf_add(&m->header, str_take(piece, room));
        m->flags |= MIME_WAS_CAPPED;
        at += room;
        piece = str_from(piece, room);
        header_end(m, at);
    }
    if (m->state == IN_BODY) body(m, piece);
}

static void release_line(struct mime *m)
{
    m->line_held = false;
    give(m, buf_str(&m->line), m->line_at);
    buf_reset(&m->line);
}

/* --- boundaries ----------------------------------------------------------------------------------
 */

/* Which open multipart's boundary is this line? RFC 2046 5.1.1: it suffices that the boundary
 * stands at the start of the line; where one boundary begins with another, the longer is meant.
 * Returns its place in open, or -1. */
static int boundary_match(struct mime *m, bool *closes)
{
    str line = buf_str(&m->line);
    int best = -1;
    size_t longest = 0;
    if (!str_starts(line, S("--"))) return -1;
    line = str_from(line, 2);
    for (int i = m->nopen - 1; i >= 0; i--) {
        str boundary = m->parts[m->open[i]].boundary;
        if (boundary.n <= longest || !str_starts(line, boundary)) continue;
        best = i;
        longest = boundary.n;
    }
    *closes = str_starts(str_from(line, longest), S("--"));
    return best;
}

/* Headers that the boundary or the end of the message cut short: they have empty bodies. */
static void cut_headers(struct mime *m, uint64_t at)
{
    while (m->state == IN_HEADER)
        header_end(m, at);
}

/* The held line is complete. If it is a boundary, end what it ends and begin what it begins. */
static bool boundary(struct mime *m)
{
    bool closes;
    int place = boundary_match(m, &closes);
    if (place < 0) return false;
    if (!closes && m->nparts == MIME_PARTS) {
        m->flags |= MIME_WAS_CAPPED;
        return false;
    }
    cut_headers(m, m->line_at); /* may begin the last part that may be */
    while (m->nopen > place + 1)
        part_end(m, m->line_at - m->last_eol_bytes, true);
    m->held = HELD_NOTHING;
    m->line_held = false;
    buf_reset(&m->line);
    m->state = IN_EPILOGUE;
    if (!closes && may_begin(m)) {
        part_begin(m, m->line_at + m->line_bytes);
    } else if (closes) {
        current(m)->boundary = (str){ 0 };
        m->nboundaries--;
    }
    return true;
}

/* --- lines ---------------------------------------------------------------------------------------
 */

/* Would the held line, with this piece, still look like a boundary? */
static bool may_be_boundary(const struct mime *m, str piece)
{
    if (m->line.n + piece.n > HELD_LINE_BYTES) return false;
    for (size_t i = m->line.n; i < 2 && i - m->line.n < piece.n; i++)
        if (piece.p[i - m->line.n] != '-') return false;
    return true;
}

static void line_end(struct mime *m, bool cr)
{
    bool taken = m->line_held && boundary(m);
    if (m->line_held) release_line(m);
    m->lines++;
    m->last_eol_bytes = 1 + cr;
    m->last_line_bytes = m->line_bytes - m->last_eol_bytes;
    m->line_at += m->line_bytes;
    m->line_bytes = 0;
    if (m->last_line_bytes > HEADER_LINE_BYTES) m->flags |= MIME_HAS_LONG_LINE;
    if (!taken && m->state == IN_HEADER && !m->last_line_bytes) header_end(m, m->line_at);
}

/* Is one of the eight bytes this one? May be wrong about those after it. */
static bool any_is(uint64_t eight, uint64_t byte)
{
    uint64_t zero = eight ^ byte * UINT64_C(0x0101010101010101);
    return (zero - UINT64_C(0x0101010101010101)) & ~zero & UINT64_C(0x8080808080808080);
}

/* Bytes of the beginning that nothing is noticed of, eight at a time. */
static size_t plain_run(str s)
{
    size_t i = 0;
    for (; s.n - i >= 8; i += 8) {
        uint64_t eight = get_le64(s.p + i);
        if (eight & UINT64_C(0x8080808080808080)) break;
        if (any_is(eight, 0) || any_is(eight, '\r') || any_is(eight, '\n')) break;
    }
    return i;
}

static void notice(struct mime *m, str piece)
{
    unsigned flags = 0;
    bool cr = m->last_cr;
    for (size_t i = cr ? 0 : plain_run(piece); i < piece.n; i++) {
        unsigned char c = (unsigned char)piece.p[i];
        if (c >= 0x80) flags |= MIME_HAS_8BIT;
        if (!c) flags |= MIME_HAS_NUL;
        if (cr != (c == '\n')) flags |= cr ? MIME_HAS_BARE_CR : MIME_HAS_BARE_LF;
        cr = c == '\r';
    }
    m->last_cr = cr;
    m->flags |= flags;
}

/* A piece of one line: either it ends in LF, or the line goes on. */
static void take(struct mime *m, str piece)
{
    bool after_cr = m->last_cr && m->line_bytes;
    notice(m, piece);
    if (!m->line_bytes) m->line_held = m->nboundaries > 0;
    uint64_t at = m->line_at + m->line_bytes;
    m->line_bytes += piece.n;
    if (m->line_held && may_be_boundary(m, piece)) {
        buf_add(&m->line, piece);
    } else {
        if (m->line_held) release_line(m);
        give(m, piece, at);
    }
    if (piece.p[piece.n - 1] == '\n')
        line_end(m, piece.n > 1 ? piece.p[piece.n - 2] == '\r' : after_cr);
}

/* --- the whole -----------------------------------------------------------------------------------
 */

void mime_begin(struct mime *m, struct arena *a, const struct mime_hooks *hooks)
{
    *m = (struct mime){ .arena = a,
                        .scratch = arena_make(4 * HEADER_BYTES),
                        .header = buf_make(HEADER_BYTES),
                        .line = buf_make(HELD_LINE_BYTES) };
    if (hooks) m->hooks = *hooks;
    part_begin(m, 0);
}

void mime_feed(struct mime *m, str chunk)
{
    m->size += chunk.n;
    while (chunk.n) {
        size_t lf = str_chr(chunk, '\n');
        size_t n = lf == STR_NPOS ? chunk.n : lf + 1;
        take(m, str_take(chunk, n));
        chunk = str_from(chunk, n);
    }
}

void mime_end(struct mime *m)
{
    if (m->line_held && !boundary(m)) release_line(m);
    cut_headers(m, m->size);
    if (m->state == IN_BODY) release_eol(m);
    if (m->line_bytes > HEADER_LINE_BYTES) m->flags |= MIME_HAS_LONG_LINE;
    if (m->last_cr) m->flags |= MIME_HAS_BARE_CR;
    while (m->nopen)
        part_end(m, m->size, false);
    buf_free(&m->header);
    buf_free(&m->line);
    arena_free(&m->scratch);
}

void mime_free(struct mime *m)
{
    mem_free(m->parts);
    buf_free(&m->header);
    buf_free(&m->line);
    arena_free(&m->scratch);
    *m = (struct mime){ 0 };
}

void mime_parse(struct mime *m, struct arena *a, str message)
{
    mime_begin(m, a, NULL);
    mime_feed(m, message);
    mime_end(m);
}
