/* data_scan_fuzz.c - the scanner of DATA against a slow, obvious one, cut at places the input
 * names. */
#include <stdlib.h>

#include "base/buf.h"
#include "smtp/data_scan_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void gather(void *arg, str run)
{
    buf_add(arg, run);
}

/* The end by its definition: the first CRLF.CRLF, the one before DATA's first byte counting. */
static size_t end_of(str in)
{
    if (str_starts(in, S(".\r\n"))) return 3;
    size_t at = str_find(in, S("\r\n.\r\n"));
    return at == STR_NPOS ? in.n : at + 5;
}

/* A bare byte anywhere before the end, by looking at neighbours. */
static bool has_bare(str in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] != '\n') return true;
        if (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r')) return true;
    }
    return false;
}

/* What the lines are without their stuffing. */
static void unstuff(struct buf *out, str in)
{
    while (in.n) {
        size_t at = str_find(in, S("\r\n"));
        str line = at == STR_NPOS ? in : str_take(in, at + 2);
        in = str_from(in, line.n);
        buf_add(out, str_starts(line, S(".")) ? str_from(line, 1) : line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    size_t step = data[0] + 1u;
    str in = { (const char *)data + 1, size - 1 };
    struct data_scan d = { 0 };
    struct buf got = buf_make(1 << 24), want = buf_make(1 << 24);
    size_t used = 0;
    while (used < in.n && d.place != AT_END)
        used += data_scan(&d, str_sub(in, used, step), gather, &got);

    if (used != end_of(in)) abort();
    str message = str_take(in, used);
    bool bare = has_bare(message);
    if (bare != ((d.found & (TEXT_BARE_CR | TEXT_BARE_LF)) != 0)) abort();
    if (str_has(message, '\0') != ((d.found & TEXT_NUL) != 0)) abort();
    if (!(d.found & TEXT_FAULTS) && d.place == AT_END) {
        unstuff(&want, str_take(message, message.n - 3));
        if (!str_eq(buf_str(&want), buf_str(&got))) abort();
    }
    buf_free(&got);
    buf_free(&want);
    return 0;
}
