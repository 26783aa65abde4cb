/* err_test.c - every error has words, and no two the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"

static void every_error_has_its_own_words(void **state)
{
    (void)state;
    for (int e = OK; e <= ERR_CORRUPT; e++) {
        assert_string_not_equal(err_text((enum err)e), "unheard-of error");
        for (int f = OK; f < e; f++)
            assert_string_not_equal(err_text((enum err)e), err_text((enum err)f));
    }
}

static void a_value_outside_the_list_is_not_followed(void **state)
{
    (void)state;
    assert_string_equal(err_text((enum err)(ERR_CORRUPT + 1)), "unheard-of error");
    assert_string_equal(err_text((enum err) - 1), "unheard-of error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_words),
        cmocka_unit_test(a_value_outside_the_list_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
