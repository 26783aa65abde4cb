/* url_test.c - IMAP URLs that are read, and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "imap/url.h"

/* clang-format off */
static const struct { const char *url, *means; } good[] = {
    { "/INBOX;UIDVALIDITY=385759045/;UID=20", "<INBOX> 385759045 20 <>" },
    { "/Drafts/;UID=1", "<Drafts> 0 1 <>" },
    { "/inbox/;uid=4294967295", "<INBOX> 0 4294967295 <>" },
    { ";UID=7", "<> 0 7 <>" },
    { ";UID=7/;SECTION=TEXT", "<> 0 7 <TEXT>" },
    { "/a/b;UIDVALIDITY=1/;UID=2/;SECTION=1.2.MIME", "<a/b> 1 2 <1.2.MIME>" },
    { "/a/;UID=2/;SECTION=HEADER.FIELDS%20(From%20To)", "<a> 0 2 <HEADER.FIELDS (From To)>" },
    { "/caf%C3%A9/;UID=2", "<caf\xc3\xa9> 0 2 <>" },
    { "/a%3Bb%2Fc/;UID=2", "<a;b/c> 0 2 <>" },
    { "/a/;UID=2/;PARTIAL=10", "<a> 0 2 <> 10+9223372036854775807" },
    { "/a/;UID=2/;SECTION=1/;PARTIAL=10.20", "<a> 0 2 <1> 10+20" },
};
static const char *const bad[] = {
    "", "/", ";", "/INBOX", "/INBOX/;UID=0", "/INBOX/;UID=4294967296", "/INBOX/;UID=1x", "/INBOX;UID=1",
    "//;UID=1", "/a;UIDVALIDITY=0/;UID=1", "/a/;UIDVALIDITY=1/;UID=1", "/a;UIDVALIDITY=1;UID=1",
    "/a;UIDVALIDITY=1", "/a/;UID=1/", "/a/;UID=1/;", "/a/;UID=1/;SECTION=", "/a/;UID=1/;SECTION=/;PARTIAL=1",
    "/a/;UID=1/;SECTION=1;PARTIAL=1.1", "/a/;UID=1/;PARTIAL=1.0", "/a/;UID=1/;PARTIAL=x", "/a/;UID=1/;URLAUTH=anonymous",
    "/a/;UID=1;URLAUTH=anonymous:internal:91", "imap://host/a/;UID=1", "a/;UID=1", "/a%/;UID=1", "/a%4/;UID=1",
    "/a%zz/;UID=1", "/a%00/;UID=1", "/a%0d%0a/;UID=1", "/caf%E9/;UID=1", "/caf\xc3\xa9/;UID=1",
};
/* clang-format on */

static void reads_urls(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    struct buf got = buf_make(1000);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct imap_url u;
        assert_true(imap_url_parse(str_of(good[i].url), &a, &u));
        buf_reset(&got);
        buf_addf(&got, "<%.*s> %u %u <%.*s>", STR_ARG(u.mailbox), u.uidvalidity, u.uid,
                 STR_ARG(u.section));
        if (u.partial) buf_addf(&got, " %ju+%ju", (uintmax_t)u.offset, (uintmax_t)u.count);
        buf_addc(&got, '\0');
        assert_string_equal(got.p, good[i].means);
    }
    buf_free(&got);
    arena_free(&a);
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct imap_url u;
        if (imap_url_parse(str_of(bad[i]), &a, &u)) fail_msg("taken: %s", bad[i]);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
