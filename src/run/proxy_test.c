/* proxy_test.c - the PROXY header: what is one, what is none, and that nothing behind it is read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/proxy_int.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IP4       "\xc0\x00\x02\x01\xc0\x00\x02\x02\x30\x39\x00\x19"
#define IP6                                      \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02" \
    "\x30\x39\x00\x19"
#define IN(literal) S_INIT(literal)

/* clang-format off */
static const struct {
    str in;
    const char *peer; /* "none": a header that names nobody; NULL: no header */
} cases[] = {
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 12345 25\r\n"),           "192.0.2.1:12345" },
    { IN("PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\n"),       "[2001:db8::1]:12345" },
    { IN("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255:65535" },
    { IN("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
    { IN("PROXY UNKNOWN\r\n"),                                     "none" },
    { IN("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"),         "none" },
    { IN("PROXY UNKNOWNX\r\n"),                                    NULL },
    { IN("PROXY  TCP4 192.0.2.1 192.0.2.2 1 25\r\n"),              NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n"),              NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 x\r\n"),             NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),                  NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n"),              NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"),           NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 -1 25\r\n"),              NULL },
    { IN("PROXY TCP4 192.0.2.1:7 192.0.2.2 1 25\r\n"),             NULL },
    { IN("PROXY TCP4 192.0.2.256 192.0.2.2 1 25\r\n"),             NULL },
    { IN("PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n"),           NULL },
    { IN("PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n"),               NULL },
    { IN("PROXY TCP6 [2001:db8::1] 2001:db8::2 1 25\r\n"),         NULL },
    { IN("PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n"),               NULL },
    { IN("PROXY TCP4 unix:/x 192.0.2.2 1 25\r\n"),                 NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n"),                 NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1\r25\r\n"),              NULL },
    { IN("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\0\r\n"),             NULL },
    { IN("proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n"),               NULL },
    { IN("PROXY xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"), NULL },
    { IN("EHLO there\r\n"),                                        NULL },
    { IN("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00"),  NULL },
    { IN(SIGNATURE "\x21\x11\x00\x0c" IP4),                        "192.0.2.1:12345" },
    { IN(SIGNATURE "\x21\x21\x00\x24" IP6),                        "[2001:db8::1]:12345" },
    { IN(SIGNATURE "\x21\x11\x00\x10" IP4 "\x02\x00\x01x"),        "192.0.2.1:12345" },
    { IN(SIGNATURE "\x21\x11\x00\x0f" IP4 "\x02\x00\x01"),         NULL }, /* a TLV that is cut off */
    { IN(SIGNATURE "\x21\x11\x00\x0e" IP4 "\x02\x00"),             NULL },
    { IN(SIGNATURE "\x20\x11\x00\x0c" IP4),                        "none" }, /* LOCAL */
    { IN(SIGNATURE "\x20\x00\x00\x00"),                            "none" },
    { IN(SIGNATURE "\x21\x00\x00\x00"),                            "none" }, /* no family */
    { IN(SIGNATURE "\x21\x11\x00\x0b" "\xc0\x00\x02\x01\xc0\x00\x02\x02\x30\x39\x00"), NULL },
    { IN(SIGNATURE "\x21\x12\x00\x0c" IP4),                        NULL }, /* UDP */
    { IN(SIGNATURE "\x21\x41\x00\x0c" IP4),                        NULL },
    { IN(SIGNATURE "\x22\x11\x00\x0c" IP4),                        NULL }, /* neither PROXY nor LOCAL */
    { IN(SIGNATURE "\x11\x11\x00\x0c" IP4),                        NULL }, /* version 1, in binary */
    { IN(SIGNATURE "\x21\x11\xff\xff"),                            NULL }, /* 64 KiB */
};
/* clang-format on */

/* As a connection reads it: no byte more than was asked for. */
static enum proxy_step feed(str in, struct netaddr *peer, size_t *used)
{
    size_t more = 0;
    enum proxy_step step;
    for (*used = 0; (step = proxy_parse(str_take(in, *used), &more, peer)) == PROXY_MORE;) {
        assert_true(more > 0);
        if (*used + more > in.n) return PROXY_MORE;
        *used += more;
    }
    return step;
}

static void headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b = buf_make(200), text = buf_make(200);
        struct netaddr peer = { .family = NET_NONE };
        size_t used;
        buf_add(&b, cases[i].in);
        buf_add(&b, S("EHLO there\r\nPROXY UNKNOWN\r\n")); /* what follows is not looked at */
        enum proxy_step step = feed(buf_str(&b), &peer, &used);
        if (step != (cases[i].peer ? PROXY_DONE : PROXY_BAD)) fail_msg("case %zu: %d", i, step);
        if (step == PROXY_DONE) assert_int_equal(used, cases[i].in.n);
        netaddr_text(&peer, &text);
        if (cases[i].peer && !str_eq(buf_str(&text), str_of(cases[i].peer)))
            fail_msg("case %zu: %.*s", i, STR_ARG(buf_str(&text)));
        if (!cases[i].peer) assert_int_equal(peer.family, NET_NONE);
        buf_free(&b);
        buf_free(&text);
    }
}

/* Cut anywhere it is not whole, and never takes more than is allowed. */
static void every_beginning_wants_more_or_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t n = 0; n < cases[i].in.n; n++) {
            struct netaddr peer = { .family = NET_NONE };
            size_t more = 0;
            enum proxy_step step = proxy_parse(str_take(cases[i].in, n), &more, &peer);
            assert_int_not_equal(step, PROXY_DONE);
            assert_int_equal(peer.family, NET_NONE);
            if (step == PROXY_MORE) assert_in_range(n + more, 1, PROXY_BYTES);
            if (step == PROXY_MORE && cases[i].peer) assert_true(n + more <= cases[i].in.n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(every_beginning_wants_more_or_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
