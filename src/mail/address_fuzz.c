/* address_fuzz.c - what the address parser takes can be written, read back, and folded twice. */
#include <assert.h>

#include "base/limits.h"
#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, struct address addr, unsigned allow)
{
    struct address again, folded, twice;
    str text = address_text(a, addr);
    assert(address_is_null(addr) || address_parse(a, text, allow, &again));
    if (address_is_null(addr)) return;
    assert(str_eq(again.local, addr.local) && str_eq(again.domain, addr.domain));
    for (size_t i = 0; i < text.n; i++)
        assert(!ascii_ctl(text.p[i]));
    if (!address_fold(a, addr, &folded)) return;
    assert(address_fold(a, folded, &twice));
    assert(str_eq(folded.domain, twice.domain));
}

static void check_domain(struct arena *a, str text)
{
    str once, twice;
    if (!address_domain_ascii(a, text, &once)) return;
    assert(str_is_ascii(once));
    assert(address_domain_ascii(a, once, &twice) && str_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_make(1 << 20);
    str in = { (const char *)data, size }, type, text;
    struct address addr;
    for (unsigned allow = 0; allow < 8; allow++) {
        if (address_parse(&a, in, allow, &addr)) check(&a, addr, allow);
        struct scan s = scan_make(in);
        address_path(&s, &a, allow, &addr);
        if (!s.bad) check(&a, addr, allow);
        if (address_orcpt(&a, in, allow, &type, &text)) assert(utf8_valid(text) && type.n);
        if (address_xtext(&a, in, allow, 100, &text)) assert(text.n <= 100);
    }
    check_domain(&a, in);
    arena_free(&a);
    return 0;
}
