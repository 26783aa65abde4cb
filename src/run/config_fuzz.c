/* config_fuzz.c - configuration files and addresses: each is refused in words, or read; what is
 * read and printed reads as the same again. */
#include <assert.h>

#include "base/mem.h"
#include "run/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
    bool yes;
    uint64_t count, size, duration_ms;
    str text, path;
    struct netaddr address;
    struct setting_list list;
    struct setting_nets networks;
    int choice;
};

#define AT(field) offsetof(struct all, field)
/* clang-format off */
static const struct setting rows[] = {
    { "yes",      SET_BOOL,     AT(yes),         "no",          0, 0, NULL, "A bool." },
    { "count",    SET_COUNT,    AT(count),       "100",         1, 1000, NULL, "A count." },
    { "size",     SET_SIZE,     AT(size),        "50M",         1024, UINT64_C(1) << 40, NULL, "A size." },
    { "duration", SET_DURATION, AT(duration_ms), "15m",         1000, UINT64_C(2592000000), NULL, "A duration." },
    { "text",     SET_TEXT,     AT(text),        "localhost",   0, 0, NULL, "A text." },
    { "path",     SET_PATH,     AT(path),        "spool",       0, 0, NULL, "A path." },
    { "address",  SET_ADDRESS,  AT(address),     "[::1]:25",    0, 0, NULL, "An address." },
    { "list",     SET_LIST,     AT(list),        "a, b",        0, 0, NULL, "A list." },
    { "networks", SET_NETWORKS, AT(networks),    "127.0.0.0/8", 0, 0, NULL, "Networks." },
    { "choice",   SET_CHOICE,   AT(choice),      "may",         0, 0, "may|encrypt|verify", "A choice." },
};
/* clang-format on */
static const struct settings_section one = { "one", false,          sizeof(struct all),
                                             rows,  COUNT_OF(rows), "One.",
                                             NULL };
static const struct settings_section many = { "many",         true,    sizeof(struct all),     rows,
                                              COUNT_OF(rows), "Many.", "[many a]\ncount = 1\n" };
static const struct settings_section *const sections[] = { &one, &many };

static void in_bounds(const struct all *a)
{
    assert(a->count >= 1 && a->count <= 1000 && a->size >= 1024);
    assert(a->duration_ms >= 1000 && a->duration_ms <= UINT64_C(2592000000));
    assert(a->choice >= 0 && a->choice <= 2);
}

static void file(str text)
{
    struct buf why = buf_make(4096);
    struct config *c;
    if (config_parse(S("fuzz"), text, sections, COUNT_OF(sections), &c, &why)) {
        assert(str_starts(buf_str(&why), S("fuzz")) && !utf8_has_control(buf_str(&why)));
    } else {
        in_bounds(config_section(c, "one"));
        for (size_t i = 0; i < config_named_count(c, "many"); i++)
            in_bounds(config_named(c, "many", i, NULL));
        config_free(c);
    }
    buf_free(&why);
}

static void address(str text)
{
    struct netaddr a, again;
    struct buf b = buf_make(4096);
    if (!netaddr_parse(text, 25, &a)) {
        netaddr_text(&a, &b);
        assert(!netaddr_parse(buf_str(&b), 0, &again));
        assert(again.family == a.family && again.port == a.port);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = { (const char *)data, size };
    file(in);
    address(str_take(in, 200));
    return 0;
}
