/* dsn_fuzz.c - whatever remote hosts said, a notification is plain mail with the parts it must
 * have.
 *
 * The input is cut at LF into the texts of a notification; what is left is the original letter.
 */
#include <assert.h>

#include "base/mem.h"
#include "mail/dsn.h"
#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str next(str *rest)
{
    str part = { 0 };
    str_split(rest, '\n', &part);
    return part;
}

static struct address address(struct arena *a, str text)
{
    struct address out = { S("bob"), S("b.test") };
    (void)address_parse(a, text, ADDRESS_UTF8, &out);
    return out;
}

static void read_recipient(struct arena *a, str *rest, struct dsn_recipient *r)
{
    *r = (struct dsn_recipient){ .final = address(a, next(rest)), .status = next(rest) };
    (void)address_orcpt(a, next(rest), ADDRESS_UTF8, &r->orcpt_type, &r->orcpt);
    r->diagnostic = next(rest);
    r->remote_mta = next(rest);
    r->action = (enum dsn_action)(r->diagnostic.n % 5);
    r->last_attempt = r->retry_until = (int64_t)r->diagnostic.n * 1000000007;
}

static void check(str message)
{
    const unsigned unclean = MIME_HAS_NUL | MIME_HAS_BARE_CR | MIME_HAS_BARE_LF;
    struct arena a = arena_make(4 << 20);
    struct mime m;
    mime_parse(&m, &a, message);
    assert(!(m.flags & unclean));
    assert(m.nparts >= 4 && m.parts[0].children == 3);
    assert(str_eq(m.parts[0].subtype, S("report")));
    assert(str_eq(m.parts[1].type, S("text")) &&
           str_ends(m.parts[2].subtype, S("delivery-status")));
    mime_free(&m);
    arena_free(&a);
}

/* As it is, or once NULs and CRs are left out of it. */
static bool says_boundary(struct arena *a, str text, str boundary)
{
    char *kept = arena_alloc(a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; kept && i < text.n; i++)
        if (text.p[i] && text.p[i] != '\r') kept[n++] = text.p[i];
    return !kept || str_find(text, boundary) != STR_NPOS ||
           str_find((str){ kept, n }, boundary) != STR_NPOS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_make(1 << 20);
    str rest = { (const char *)data, size };
    struct dsn_recipient recipients[2];
    struct dsn d = { .reporting_mta = next(&rest),
                     .from_name = next(&rest),
                     .from = address(&a, S("postmaster@a.test")),
                     .to = address(&a, next(&rest)),
                     .message_id = next(&rest),
                     .boundary = S("aBoundaryThatIsNew"),
                     .now = { 1700000000, 0 },
                     .recipients = recipients,
                     .nrecipients = 2 };
    (void)address_xtext(&a, next(&rest), 0, 100, &d.envid);
    read_recipient(&a, &rest, &recipients[0]);
    read_recipient(&a, &rest, &recipients[1]);
    d.journey = d.from_name; /* as hostile as any */
    d.original = rest;
    for (int full = 0; full < 2; full++) {
        struct buf out = buf_make(8 * size + 65536);
        d.full = d.ascii = full;
        if (dsn_write(&out, &d))
            check(buf_str(&out));
        else
            assert(says_boundary(&a, rest, d.boundary));
        buf_free(&out);
    }
    arena_free(&a);
    return 0;
}
