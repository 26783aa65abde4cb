/* codec_fuzz.c - whatever is encoded decodes to itself; whatever a strict decoder takes has one
 * form; no decoder reads or writes outside its buffers.
 *
 * The first byte of the input picks the codec.
 */
#include "base/codec.h"
#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void encoder(struct buf *out, str in);
typedef bool decoder(struct buf *out, str in);

static const size_t input_bytes_max = 64 * 1024;

static void must(bool what)
{
    if (!what) abort();
}

static bool qp_decode_always(struct buf *out, str in)
{
    qp_decode_lenient(out, in);
    return true;
}

static void utf7_encode_valid(struct buf *out, str in)
{
    must(utf7_encode(out, in));
}

static bool utf7_can(str in)
{
    return utf8_valid(in) && !str_has(in, '\0');
}

static const struct {
    encoder *encode;
    decoder *decode;
    bool (*can)(str in); /* what the encoder takes; NULL is all */
    bool canonical;      /* a value has one form only */
} codecs[] = {
    { base64_encode, base64_decode, NULL, true },
    { base64_encode, base64_decode_lenient, NULL, false },
    { base64_encode_lines, base64_decode_lenient, NULL, false },
    { qp_encode, qp_decode_always, NULL, false },
    { hex_encode, hex_decode, NULL, false },
    { xtext_encode, xtext_decode, NULL, false },
    { utf7_encode_valid, utf7_decode, utf7_can, true },
};

static struct buf room(void)
{
    return buf_make(8 * input_bytes_max);
}

static void lines_are_short(str text)
{
    str line;
    while (str_split(&text, '\n', &line))
        must(line.n <= 77);
}

static void there_and_back(size_t i, str in)
{
    struct buf text = room(), back = room();
    codecs[i].encode(&text, in);
    must(!text.full);
    must(codecs[i].decode(&back, buf_str(&text)));
    must(str_eq(buf_str(&back), in));
    if (codecs[i].encode == qp_encode || codecs[i].encode == base64_encode_lines)
        lines_are_short(buf_str(&text));
    buf_free(&text);
    buf_free(&back);
}

/* The input as something encoded: if it is taken, encoding the value again gives the input (of a
 * canonical codec) or at least something that means the same. */
static void back_and_there(size_t i, str in)
{
    struct buf value = room(), text = room(), again = room();
    if (codecs[i].decode(&value, in)) {
        must(!codecs[i].can || codecs[i].can(buf_str(&value)));
        codecs[i].encode(&text, buf_str(&value));
        must(!codecs[i].canonical || str_eq(buf_str(&text), in));
        must(codecs[i].decode(&again, buf_str(&text)));
        must(str_eq(buf_str(&again), buf_str(&value)));
    } else {
        must(value.n == 0);
    }
    buf_free(&value);
    buf_free(&text);
    buf_free(&again);
}

static void varint(str in)
{
    struct buf again = room();
    uint64_t value, second;
    if (!get_varint(&in, &value)) return;
    buf_varint(&again, value);
    str rest = buf_str(&again);
    must(get_varint(&rest, &second) && second == value && rest.n == 0);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > input_bytes_max) return 0;
    size_t i = data[0] % (COUNT_OF(codecs) + 1);
    str in = { (const char *)data + 1, size - 1 };
    if (i == COUNT_OF(codecs)) {
        varint(in);
        return 0;
    }
    if (!codecs[i].can || codecs[i].can(in)) there_and_back(i, in);
    back_and_there(i, in);
    return 0;
}
