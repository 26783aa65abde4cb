/* name.c - domain names from wire form to text (RFC 1035 3.1). */
#include "base/limits.h"
#include "dns/resolve.h"

static bool label_ok(str label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_') return false;
    return label.n > 0;
}

/* Only what a host name may hold comes out: a dot or a control character inside a label would
 * make the text mean another name. libunbound has already undone compression. */
bool dns_name_text(str wire, size_t *used, struct arena *a, str *out)
{
    struct buf text = buf_make(DOMAIN_BYTES);
    size_t at = 0;
    bool ok = true;
    while (ok && at < wire.n && wire.p[at]) {
        size_t n = (unsigned char)wire.p[at];
        str label = str_sub(wire, at + 1, n);
        ok = n < 64 && label.n == n && label_ok(label);
        if (text.n) buf_addc(&text, '.');
        buf_add(&text, label);
        at += 1 + n;
    }
    ok = ok && at < wire.n && !text.full;
    if (ok) {
        *used = at + 1;
        *out = arena_lower(a, buf_str(&text));
        ok = !a->full;
    }
    buf_free(&text);
    return ok;
}
