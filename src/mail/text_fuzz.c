/* text_fuzz.c - the text of any message is valid UTF-8 without controls, the same however it is
 * read.
 *
 * The first byte says how much one read gives.
 */
#include <assert.h>

#include "base/limits.h"
#include "mail/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    str message;
    size_t most;
};

static enum err read_memory(void *arg, uint64_t at, size_t n, str *bytes)
{
    struct memory *m = arg;
    *bytes = str_sub(m->message, (size_t)at, n < m->most ? n : m->most);
    return OK;
}

struct heard {
    struct buf all;
    bool any, space;
};

static bool hear(void *arg, const struct text_piece *piece)
{
    struct heard *h = arg;
    assert(h->any || piece->first);
    assert(utf8_valid(piece->text) && !utf8_has_control(piece->text));
    h->any = true;
    if (piece->first)
        buf_addf(&h->all, "\n%d %d %.*s|", piece->where, piece->part, STR_ARG(piece->field));
    buf_add(&h->all, piece->text);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 100000) return 0;
    struct memory memory = { { (const char *)data + 1, size - 1 }, (size_t)data[0] + 1 };
    struct buf bytes = buf_make(CARD_BYTES);
    struct heard cut = { .all = buf_make(64 << 20) }, whole = { .all = buf_make(64 << 20) };
    struct card card;
    assert(card_build(&bytes, memory.message));
    assert(card_open(buf_str(&bytes), &card));
    const struct text_source source = { &card, read_memory, &memory };
    assert(text_walk(&source, TEXT_ALL, hear, &cut) == OK);
    memory.most = size;
    assert(text_walk(&source, TEXT_ALL, hear, &whole) == OK);
    assert(str_eq(buf_str(&cut.all), buf_str(&whole.all)));
    buf_free(&bytes);
    buf_free(&cut.all);
    buf_free(&whole.all);
    return 0;
}
