/* header_fuzz.c - header blocks and every structured value, with what must hold of each result. */
#include <assert.h>

#include "base/limits.h"
#include "mail/date.h"
#include "mail/dsn.h"
#include "mail/encoded.h"
#include "mail/header.h"
#include "mail/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits(str outer, size_t at, size_t n)
{
    return at <= outer.n && n <= outer.n - at;
}

static void walk(str block)
{
    struct header_field f;
    size_t last = 0;
    for (struct header_iter it = header_iter(block); header_next(&it, &f);) {
        assert(fits(block, f.at, f.n) && f.at >= last && f.n > f.name.n);
        last = f.at + f.n;
    }
    assert(last <= header_block_size(block));
    str names[] = { S("to"), S("subject"), S("x") };
    struct buf b = buf_make(2 * block.n + 10);
    header_select(&b, block, names, 3, false);
    header_select(&b, block, names, 3, true);
    assert(!b.full);
    buf_free(&b);
    (void)dsn_is_automatic(block);
}

static void addresses(struct arena *a, str in)
{
    struct header_address *list;
    size_t n = header_addresses(a, in, &list);
    assert(n <= ENVELOPE_ADDRESSES);
    bool in_group = false;
    for (size_t i = 0; i < n; i++) {
        assert(list[i].kind != HEADER_GROUP || !in_group);
        assert(list[i].kind != HEADER_GROUP_END || in_group);
        if (list[i].kind != HEADER_MAILBOX) in_group = list[i].kind == HEADER_GROUP;
        assert(!str_has(list[i].name, '\n') && !str_has(list[i].local, '\n'));
        assert(!str_has(list[i].domain, '\n') && !str_has(list[i].domain, '\r'));
    }
    assert(!in_group);
}

static void parameters(struct arena *a, str in)
{
    str head;
    struct header_param *p;
    size_t n = header_params(a, in, &head, &p);
    assert(n <= MIME_PARAMETERS);
    for (size_t i = 0; i < n; i++) {
        assert(p[i].name.n);
        assert(utf8_valid(header_param_text(a, &p[i])));
    }
}

static void ids_and_tokens(struct arena *a, str in)
{
    str rest = in, id, *tokens;
    while (header_msgid_next(a, &rest, &id))
        assert(id.n && !str_has(id, ' ') && !str_has(id, '\n'));
    assert(header_tokens(a, in, 10, &tokens) <= 10);
}

static void dates(str in)
{
    struct date d, again;
    struct buf b = buf_make(100);
    if (date_parse(in, &d)) {
        date_write(&b, d);
        assert(date_parse(buf_str(&b), &again));
        assert(again.seconds == d.seconds && again.zone_minutes == d.zone_minutes);
    }
    if (date_parse_imap(in, &d)) {
        buf_reset(&b);
        date_write_imap(&b, d);
        assert(date_parse_imap(buf_str(&b), &again) && again.seconds == d.seconds);
    }
    int64_t day;
    (void)date_parse_imap_day(in, &day);
    buf_free(&b);
}

static void words(struct arena *a, str in)
{
    struct buf text = buf_make(8 * in.n + 64), out = buf_make(64 * in.n + 64);
    encoded_decode(&text, in);
    assert(!text.full && utf8_valid(buf_str(&text)) && !str_has(buf_str(&text), '\0'));
    encoded_encode(&out, buf_str(&text));
    assert(!out.full && str_is_ascii(buf_str(&out)) && !str_has(buf_str(&out), '\n'));
    struct buf back = buf_make(8 * in.n + 64);
    encoded_decode(&back, buf_str(&out));
    assert(str_eq(buf_str(&back), str_trim(buf_str(&text))));
    buf_reset(&out);
    encoded_phrase(&out, in);
    assert(!out.full && str_is_ascii(buf_str(&out)) && !str_has(buf_str(&out), '\n'));
    bool reply;
    str base = subject_base(a, buf_str(&text), &reply);
    assert(utf8_valid(base));
    buf_free(&text);
    buf_free(&out);
    buf_free(&back);
}

/* What the writer takes is one field, and says the same when read. */
static void writing(struct arena *a, str in)
{
    struct buf b = buf_make(4 * in.n + 100);
    size_t colon = str_chr(in, ':');
    str name = colon == STR_NPOS ? S("Subject") : str_take(in, colon);
    str value = colon == STR_NPOS ? in : str_from(in, colon + 1);
    if (header_write(&b, name, value)) {
        struct header_field f;
        struct header_iter it = header_iter(buf_str(&b));
        assert(header_next(&it, &f) && str_eq(f.name, name) && f.n == b.n);
        assert(str_eq(header_unfold(a, f.value), str_trim(value)));
        assert(!header_next(&it, &f));
    } else {
        assert(!b.n);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_make(16 << 20);
    str in = { (const char *)data, size };
    walk(in);
    addresses(&a, in);
    parameters(&a, in);
    ids_and_tokens(&a, in);
    dates(in);
    words(&a, in);
    writing(&a, in);
    arena_free(&a);
    return 0;
}
