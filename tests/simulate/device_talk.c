/* device_talk.c - IMAP from the device's side: commands, and responses with their literals. */
#include <stdarg.h>

#include "simulate/device.h"

enum { COMMAND_BYTES = 8192, RESPONSE_BYTES = 256 * 1024, RESPONSE_LINE_BYTES = 65536 };

void talk_close(struct talk *t)
{
    if (!t->conn) return;
    conn_close(t->conn);
    t->conn = NULL;
    buf_free(&t->response);
    buf_free(&t->code);
}

/* The bytes of "{n}" at the line's end, or -1. */
static int64_t literal_bytes(str line)
{
    uint64_t n;
    str rest = str_chomp(line);
    size_t open = str_rchr(rest, '{');
    if (open == STR_NPOS || !str_ends(rest, S("}"))) return -1;
    if (!str_u64(str_sub(rest, open + 1, rest.n - open - 2), RESPONSE_BYTES, &n)) return -1;
    return (int64_t)n;
}

static enum err read_literal(struct talk *t, uint64_t n)
{
    str bytes;
    for (; n > 0; n -= bytes.n) {
        enum err e = conn_read(t->conn, (size_t)n, &bytes);
        if (e) return e;
        buf_add(&t->response, bytes);
    }
    return OK;
}

enum err talk_read(struct talk *t)
{
    str line;
    int64_t literal;
    buf_reset(&t->response);
    do {
        enum err e = conn_line(t->conn, RESPONSE_LINE_BYTES, &line);
        if (e) return e;
        buf_add(&t->response, line);
        literal = literal_bytes(line);
        if (literal > 0) e = read_literal(t, (uint64_t)literal);
        if (e) return e;
    } while (literal >= 0);
    return OK;
}

bool response_number(str response, const char *before, uint64_t *out)
{
    size_t at = str_find(response, str_of(before));
    if (at == STR_NPOS) return false;
    str digits = str_from(response, at + str_of(before).n);
    size_t n = 0;
    while (n < digits.n && ascii_digit(digits.p[n]))
        n++;
    return str_u64(str_take(digits, n), UINT64_MAX, out);
}

static void note_code(struct talk *t, str response)
{
    uint64_t n;
    size_t open = str_chr(response, '['), end = str_chr(response, ']');
    if (open == STR_NPOS || end == STR_NPOS || open > end) return;
    str code = str_sub(response, open + 1, end - open - 1);
    if (str_starts(code, S("APPENDUID ")) || str_starts(code, S("COPYUID "))) {
        buf_reset(&t->code);
        buf_add(&t->code, code);
    }
    if (str_starts(code, S("UIDVALIDITY ")) && response_number(code, "UIDVALIDITY ", &n))
        t->uidvalidity = (uint32_t)n;
    if (str_starts(code, S("UIDNEXT ")) && response_number(code, "UIDNEXT ", &n))
        t->uidnext = (uint32_t)n;
    if (str_starts(code, S("HIGHESTMODSEQ ")) && response_number(code, "HIGHESTMODSEQ ", &n))
        t->modseq = n;
}

static enum err gone(struct talk *t)
{
    talk_close(t);
    return ERR_GONE;
}

enum err talk_finish(struct talk *t, response_fn *fn, void *arg)
{
    for (;;) {
        if (talk_read(t)) return gone(t);
        str r = buf_str(&t->response);
        if (str_starts(r, S("* BYE"))) return gone(t);
        if (str_starts(r, S("* OK")) || !str_starts(r, S("*"))) note_code(t, r);
        if (str_starts(r, S("* ")) && fn) fn(arg, r);
        if (str_starts(r, S("*")) || str_starts(r, S("+"))) continue;
        uint64_t tag;
        if (!response_number(r, "t", &tag) || tag != t->tag) return gone(t);
        return str_find(str_take(r, 12), S(" OK")) == STR_NPOS ? ERR_DENIED : OK;
    }
}

enum err talk_command(struct talk *t, response_fn *fn, void *arg, const char *format, ...)
{
    if (!t->conn) return ERR_GONE;
    struct buf b = buf_make(COMMAND_BYTES);
    va_list ap;
    va_start(ap, format);
    buf_addf(&b, "t%u ", ++t->tag);
    buf_addv(&b, format, ap);
    va_end(ap);
    buf_add(&b, S("\r\n"));
    buf_reset(&t->code);
    conn_deadline(t->conn, DEVICE_COMMAND_MS);
    conn_write(t->conn, buf_str(&b));
    buf_free(&b);
    if (conn_flush(t->conn) || t->hasty) return gone(t);
    return talk_finish(t, fn, arg);
}

bool talk_open(struct talk *t, struct server *s, const char *user)
{
    *t = (struct talk){ .conn = world_connect(s, PORT_IMAP) };
    if (!t->conn) return false;
    t->response = buf_make(RESPONSE_BYTES);
    t->code = buf_make(COMMAND_BYTES);
    conn_deadline(t->conn, DEVICE_COMMAND_MS);
    if (talk_read(t) || !str_starts(buf_str(&t->response), S("* OK"))) {
        talk_close(t);
        return false;
    }
    if (!talk_command(t, NULL, NULL, "LOGIN %s secret", user)) return true;
    talk_close(t);
    return false;
}

void uids_each(str set, void (*fn)(void *arg, uint32_t uid), void *arg)
{
    str range, from;
    uint64_t first, last;
    while (str_split(&set, ',', &range)) {
        if (!str_split(&range, ':', &from) || !str_u64(from, UINT32_MAX, &first)) continue;
        if (!range.n || !str_u64(range, UINT32_MAX, &last)) last = first;
        for (uint64_t uid = first; uid <= last && uid - first < BOOK_UIDS; uid++)
            fn(arg, (uint32_t)uid);
    }
}
