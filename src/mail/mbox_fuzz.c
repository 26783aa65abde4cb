/* mbox_fuzz.c - an mbox that nobody vouches for: cuts do not matter, and what is split and written
 * again splits alike. */
#include <assert.h>

#include "base/mem.h"
#include "mail/mbox.h"

enum { ROOM = 1 << 20 };

static bool take(void *arg, enum mbox_kind kind, uint64_t offset, str text)
{
    struct buf *out = arg;
    (void)offset;
    if (kind == MBOX_START) buf_addc(out, '\x01');
    if (kind == MBOX_END) buf_addc(out, '\x02');
    buf_add(out, text);
    return true;
}

static void split(str in, size_t piece, struct buf *out)
{
    struct mbox m;
    mbox_begin(&m, take, out);
    while (in.n) {
        mbox_feed(&m, str_take(in, piece));
        in = str_from(in, piece);
    }
    mbox_end(&m);
}

static void header(str in)
{
    struct mbox_header h;
    struct buf out = buf_make(ROOM);
    str line;
    mbox_header_begin(&h);
    while (!h.over && str_split(&in, '\n', &line))
        mbox_header_line(&h, line, &out);
    assert(out.n <= ROOM);
    buf_free(&h.words);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str in = { (const char *)data, n };
    struct buf whole = buf_make(ROOM), cut = buf_make(ROOM);
    split(in, n + 1, &whole);
    split(in, 1 + n / 7, &cut);
    assert(str_eq(buf_str(&whole), buf_str(&cut)));
    header(in);
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
