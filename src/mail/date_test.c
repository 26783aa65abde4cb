/* date_test.c - dates of mail and IMAP, read and written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/date.h"

/* clang-format off */
static const struct { const char *in; bool ok; int64_t seconds; int zone; } parsed[] = {
    { "Fri, 21 Nov 1997 09:55:06 -0600", true, 880127706, -360 },
    { " Fri, 21 Nov 1997 09:55:06 -0600 (CST)\r\n", true, 880127706, -360 },
    { "Fri,\r\n 21 Nov 1997\r\n 09:55:06 -0600", true, 880127706, -360 },
    { "21 Nov 97 09:55:06 GMT", true, 880106106, 0 },           /* RFC 5322 A.6.2 */
    { "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", true, 880127706, -360 }, /* A.6.3 */
    { "Thu, 1 Jan 1970 00:00:00 +0000", true, 0, 0 },
    { "1 Jan 1970 00:00 +0000", true, 0, 0 },
    { "1-Jan-1970 00:00:00", true, 0, 0 },
    { "Wed, 31 Dec 1969 23:59:59 -0000", true, -1, 0 },
    { "Thu, 1 Jan 1970 01:00:00 +0100", true, 0, 60 },
    { "Thu, 1 Jan 1970 01:00:00 +01:00", true, 0, 60 },
    { "Thu, 1 Jan 1970 00:00:00 EST", true, 18000, -300 },
    { "Thu, 1 Jan 1970 00:00:00 Z", true, 0, 0 },
    { "Thu, 1 Jan 1970 00:00:00 +9999", true, 0, 0 },           /* a bad zone is UTC */
    { "Thu Jan  1 00:00:00 1970", true, 0, 0 },                 /* asctime */
    { "Thu Jan  1 00:00:00 UTC 1970", true, 0, 0 },
    { "Thursday, 1 January 1970 00:00:00", true, 0, 0 },
    { "29 Feb 2024 12:00:00 +0000", true, 1709208000, 0 },
    { "31 Dec 2016 23:59:60 +0000", true, 1483228800, 0 },      /* leap second */
    { "1 Jan 100 00:00:00 +0000", true, 946684800, 0 },         /* RFC 5322 4.3: 2000 */
    { "1 Jan 49 00:00:00 +0000", true, 2493072000, 0 },
    { "1 Jan 50 00:00:00 +0000", true, -631152000, 0 },
    { "29 Feb 2023 12:00:00 +0000", false, 0, 0 },
    { "31 Apr 2023 12:00:00 +0000", false, 0, 0 },
    { "0 Jan 2023 12:00:00 +0000", false, 0, 0 },
    { "1 Jan 2023 24:00:00 +0000", false, 0, 0 },
    { "1 Jan 2023 12:60:00 +0000", false, 0, 0 },
    { "1 Foo 2023 12:00:00 +0000", false, 0, 0 },
    { "1 Jan 12345 12:00:00 +0000", false, 0, 0 },
    { "99999999999999999999 Jan 2023 12:00:00", false, 0, 0 },
    { "1 Jan 2023", false, 0, 0 },
    { "", false, 0, 0 },
    { "((((((((((", false, 0, 0 },
    { "(\\", false, 0, 0 },
    { "(a\\)b) 1 Jan 1970 00:00:00 (\\", true, 0, 0 },
    { "Fri", false, 0, 0 },
    { "Jan", false, 0, 0 },
};
/* clang-format on */

static void mail_dates_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parsed); i++) {
        struct date got = { 7, 7 };
        if (date_parse(str_of(parsed[i].in), &got) != parsed[i].ok) fail_msg("%s", parsed[i].in);
        if (parsed[i].ok &&
            (got.seconds != parsed[i].seconds || got.zone_minutes != parsed[i].zone))
            fail_msg("%s: %lld %d", parsed[i].in, (long long)got.seconds, got.zone_minutes);
        if (!parsed[i].ok) assert_int_equal(got.seconds, 7);
    }
}

/* clang-format off */
static const struct { const char *in; bool ok; int64_t seconds; int zone; } imap[] = {
    { "17-Jul-1996 02:44:25 -0700", true, 837596665, -420 }, /* RFC 9051 7.5.2 */
    { " 7-Jul-1996 02:44:25 +0000", true, 836707465, 0 },
    { "07-jul-1996 02:44:25 +0000", true, 836707465, 0 },
    { "7-Jul-1996 02:44:25 +0000", false, 0, 0 },
    { "17-July-1996 02:44:25 +0000", false, 0, 0 },
    { "17-Jul-96 02:44:25 +0000", false, 0, 0 },
    { "17-Jul-1996 02:44:25", false, 0, 0 },
    { "17-Jul-1996 02:44:25 +0000 ", false, 0, 0 },
    { "17-Jul-1996 02:44:25 +2400", false, 0, 0 },
    { "30-Feb-1996 02:44:25 +0000", false, 0, 0 },
    { "", false, 0, 0 },
};
/* clang-format on */

static void imap_dates_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(imap); i++) {
        struct date got;
        if (date_parse_imap(str_of(imap[i].in), &got) != imap[i].ok) fail_msg("%s", imap[i].in);
        if (imap[i].ok && (got.seconds != imap[i].seconds || got.zone_minutes != imap[i].zone))
            fail_msg("%s: %lld %d", imap[i].in, (long long)got.seconds, got.zone_minutes);
    }
    int64_t days;
    assert_true(date_parse_imap_day(S("1-Feb-1994"), &days) && days == 8797);
    assert_true(date_parse_imap_day(S("01-Jan-1970"), &days) && days == 0);
    assert_false(date_parse_imap_day(S("001-Jan-1970"), &days));
    assert_false(date_parse_imap_day(S("32-Jan-1970"), &days));
    assert_false(date_parse_imap_day(S("1-Jan-1970 "), &days));
    assert_false(date_parse_imap_day(S("-Jan-1970"), &days));
}

static bool writes(void (*write)(struct buf *, struct date), struct date d, str want)
{
    struct buf b = buf_make(100);
    write(&b, d);
    bool same = str_eq(buf_str(&b), want);
    buf_free(&b);
    return same;
}

static void iso_table(void **state)
{
    static const struct {
        const char *in;
        int64_t seconds; /* 0: not taken */
    } iso[] = {
        { "1997-11-21T15:55:06Z", 880127706 },
        { "1997-11-21t16:55:06.25+01:00", 880127706 },
        { "1997-11-21T15:55:06-00:00", 880127706 },
        { "1997-11-21 15:55:06Z", 0 },
        { "1997-11-21T15:55:06", 0 },
        { "1997-11-31T15:55:06Z", 0 },
        { "1997-11-21T15:55:06+0100", 0 },
        { "1997-11-21T15:55:06Zx", 0 },
        { "97-11-21T15:55:06Z", 0 },
        { "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(iso) / sizeof(iso[0]); i++) {
        struct date d = { 0 };
        if (date_parse_iso(str_of(iso[i].in), &d) != (iso[i].seconds != 0))
            fail_msg("%s", iso[i].in);
        assert_int_equal(d.seconds, iso[i].seconds);
    }
}

static void dates_are_written(void **state)
{
    (void)state;
    struct date d = { 880127706, -360 };
    assert_true(writes(date_write, d, S("Fri, 21 Nov 1997 09:55:06 -0600")));
    assert_true(writes(date_write_imap, d, S("21-Nov-1997 09:55:06 -0600")));
    assert_true(writes(date_write_imap, (struct date){ 0, 0 }, S(" 1-Jan-1970 00:00:00 +0000")));
    assert_true(writes(date_write, (struct date){ -1, 90 }, S("Thu, 01 Jan 1970 01:29:59 +0130")));
    struct buf b = buf_make(100);
    date_write_iso(&b, 880127706);
    assert_true(str_eq(buf_str(&b), S("1997-11-21T15:55:06Z")));
    buf_free(&b);
    /* The day as written, whatever the zone. */
    assert_int_equal(date_day((struct date){ 0, -60 }), -1);
    assert_int_equal(date_day((struct date){ 86399, 60 }), 1);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct buf b = buf_make(100);
    for (int64_t t = -60000000000; t < 250000000000; t += 86399 * 997 * 13) {
        struct date d = { t, (int)(t % 1440) }, back;
        buf_reset(&b);
        date_write(&b, d);
        assert_true(date_parse(buf_str(&b), &back));
        assert_int_equal(back.seconds, t);
        assert_int_equal(back.zone_minutes, d.zone_minutes);
        buf_reset(&b);
        date_write_imap(&b, d);
        assert_true(date_parse_imap(buf_str(&b), &back));
        assert_int_equal(back.seconds, t);
    }
    buf_reset(&b); /* beyond the calendar: something valid */
    date_write(&b, (struct date){ INT64_MAX, 1439 });
    struct date back;
    assert_true(date_parse(buf_str(&b), &back));
    buf_reset(&b);
    date_write(&b, (struct date){ INT64_MIN, -1439 });
    assert_true(date_parse(buf_str(&b), &back));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_table),
        cmocka_unit_test(mail_dates_are_read),
        cmocka_unit_test(imap_dates_are_read),
        cmocka_unit_test(dates_are_written),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
