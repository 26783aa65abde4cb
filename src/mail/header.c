/* header.c - a block of header fields: walking, finding, unfolding, selecting, writing.
 *
 * RFC 5322 2.2, 2.2.3, 4.5. A field is a line with a name and a colon, and the lines after it that
 * begin with white space. Lines may end in CRLF or, in what was imported, in LF alone.
 */
#include "mail/header.h"

#include "base/limits.h"

#define FOLD_COLUMNS 78 /* RFC 5322 2.1.1 */

/* --- reading ---------------------------------------------------------------------------------- */

/* Offset just past the line that starts at at. */
static size_t line_end(str block, size_t at)
{
    size_t lf = str_chr(str_from(block, at), '\n');
    return lf == STR_NPOS ? block.n : at + lf + 1;
}

static bool line_is_empty(str line)
{
    return str_eq(line, S("\r\n")) || str_eq(line, S("\n"));
}

static size_t field_end(str block, size_t at)
{
    do {
        at = line_end(block, at);
    } while (at < block.n && ascii_wsp(block.p[at]));
    return at;
}

static bool name_ok(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= 0x20 || name.p[i] >= 0x7f || name.p[i] == ':') return false;
    return name.n > 0;
}

static bool field_split(str field, struct header_field *out)
{
    size_t colon = str_chr(field, ':');
    if (colon == STR_NPOS) return false;
    str name = str_take(field, colon);
    while (name.n && ascii_wsp(name.p[name.n - 1])) /* RFC 5322 4.5 */
        name.n--;
    if (!name_ok(name)) return false;
    out->name = name;
    out->value = str_chomp(str_from(field, colon + 1));
    return true;
}

struct header_iter header_iter(str block)
{
    return (struct header_iter){ .block = block };
}

bool header_next(struct header_iter *it, struct header_field *out)
{
    while (it->at < it->block.n && it->seen < HEADER_FIELDS) {
        size_t at = it->at, end = field_end(it->block, at);
        if (line_is_empty(str_sub(it->block, at, line_end(it->block, at) - at))) return false;
        it->at = end;
        it->seen++;
        struct header_field field = { .at = at, .n = end - at };
        if (field_split(str_sub(it->block, at, end - at), &field)) {
            *out = field;
            return true;
        }
    }
    return false;
}

size_t header_block_size(str message)
{
    size_t at = 0;
    while (at < message.n) {
        size_t end = line_end(message, at);
        bool empty = line_is_empty(str_sub(message, at, end - at));
        at = end;
        if (empty) break;
    }
    return at;
}

bool header_find(str block, str name, struct header_field *out)
{
    struct header_field field;
    for (struct header_iter it = header_iter(block); header_next(&it, &field);) {
        if (str_ieq(field.name, name)) {
            *out = field;
            return true;
        }
    }
    return false;
}

bool header_find_last(str block, str name, struct header_field *out)
{
    bool found = false;
    struct header_field field;
    for (struct header_iter it = header_iter(block); header_next(&it, &field);) {
        if (!str_ieq(field.name, name)) continue;
        *out = field;
        found = true;
    }
    return found;
}

size_t header_count(str block, str name)
{
    size_t n = 0;
    struct header_field field;
    for (struct header_iter it = header_iter(block); header_next(&it, &field);)
        n += str_ieq(field.name, name);
    return n;
}

str header_unfold(struct arena *a, str raw)
{
    raw = str_trim(raw);
    if (!str_has(raw, '\n') && !str_has(raw, '\r')) return raw;
    char *out = arena_alloc(a, raw.n);
    size_t n = 0;
    for (size_t i = 0; out && i < raw.n; i++)
        if (raw.p[i] != '\r' && raw.p[i] != '\n') out[n++] = raw.p[i];
    return (str){ out, n };
}

str header_value(struct arena *a, str block, str name)
{
    struct header_field field;
    if (!header_find(block, name, &field)) return (str){ 0 };
    return header_unfold(a, field.value);
}

static bool is_listed(str name, const str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(name, names[i])) return true;
    return false;
}

void header_select(struct buf *out, str block, const str *names, size_t n, bool not )
{
    struct header_field field;
    for (struct header_iter it = header_iter(block); header_next(&it, &field);)
        if (is_listed(field.name, names, n) != not )
            buf_add(out, str_sub(block, field.at, field.n));
    if (out->n && out->p[out->n - 1] != '\n' && !str_ends(block, S("\n"))) buf_add(out, S("\r\n"));
    buf_add(out, S("\r\n"));
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The next word with the white space before it; empty at the end (white space there is dropped). */
static str next_word(str *rest)
{
    size_t i = 0;
    while (i < rest->n && ascii_wsp(rest->p[i]))
        i++;
    if (i == rest->n) return (str){ 0 };
    while (i < rest->n && !ascii_wsp(rest->p[i]))
        i++;
    str word = str_take(*rest, i);
    *rest = str_from(*rest, i);
    return word;
}

static bool value_ok(str value)
{
    if (str_has(value, '\r') || str_has(value, '\n') || str_has(value, '\0')) return false;
    for (str word = next_word(&value); word.n; word = next_word(&value))
        if (word.n + 1 > HEADER_LINE_BYTES) return false;
    return true;
}

bool header_write(struct buf *out, str name, str value)
{
    if (!name_ok(name) || name.n + 2 > FOLD_COLUMNS || !value_ok(value)) return false;
    buf_add(out, name);
    buf_addc(out, ':');
    size_t column = name.n + 1;
    value = str_trim(value);
    bool first = true;
    for (str word = next_word(&value); word.n; word = next_word(&value)) {
        size_t width = word.n + first; /* the first brings no white space of its own */
        if (column + width > (first ? HEADER_LINE_BYTES : FOLD_COLUMNS)) {
            buf_add(out, S("\r\n"));
            column = 0;
        }
        if (first) buf_addc(out, ' ');
        buf_add(out, word);
        column += width;
        first = false;
    }
    if (first) buf_addc(out, ' ');
    buf_add(out, S("\r\n"));
    return true;
}
