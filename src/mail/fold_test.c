/* fold_test.c - text without case: what is the same to one who searches. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/fold.h"

/* clang-format off */
static const struct { const char *one, *other; bool same; } pairs[] = {
    { "Hello", "hELLO", true },
    { "", "", true },
    { "a", "b", false },
    { "CAF\xc3\x89", "caf\xc3\xa9", true },
    { "cafe\xcc\x81", "caf\xc3\xa9", true },            /* composed or not */
    { "stra\xc3\x9f" "e", "STRASSE", true },
    { "\xce\xa3\xce\x9f\xce\xa3", "\xcf\x83\xce\xbf\xcf\x82", true }, /* both sigmas */
    { "\xef\xbc\xa1", "a", true },                      /* full width */
    { "cafe", "caf\xc3\xa9", false },                   /* an accent is no case */
    { "\xef\xac\x80", "ff", true },                     /* a ligature */
    { "\xd0\xbf\xd1\x80", "\xd0\x9f\xd0\xa0", true },
    { "\xc4\xb1", "I", true },                          /* dotless i: its title case is I, RFC 5051 */
    { "\xe1\xba\x9b\xcc\xa3", "\xe1\xb9\xa9", true }, /* long s, dots above and below */
};
/* clang-format on */

static void folds(void **state)
{
    (void)state;
    struct arena a = arena_make(64 * 1024);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (str_eq(text_fold(&a, str_of(pairs[i].one)), text_fold(&a, str_of(pairs[i].other))) !=
            pairs[i].same)
            fail_msg("%s, %s", pairs[i].one, pairs[i].other);
    arena_free(&a);
}

static void is_empty_when_memory_is_spent(void **state)
{
    (void)state;
    struct arena a = arena_make(2);
    assert_int_equal(text_fold(&a, S("\xc3\x89\xc3\x89\xc3\x89")).n, 0);
    assert_true(a.full);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds),
        cmocka_unit_test(is_empty_when_memory_is_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
