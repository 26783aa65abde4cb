/* budget_test.c - every budget has its row, in order, and is counted for itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/budget.h"
#include "base/str.h"

static void every_row_is_whole_and_in_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < BUDGETS; i++) {
        const struct budget_row *row = &budgets[i];
        if (!row->name || !row->bound || !row->reply) fail_msg("row %zu is not whole", i);
        if (!str_has(str_of(row->name), '.')) fail_msg("%s names no scope", row->name);
        if (i && strcmp(budgets[i - 1].name, row->name) >= 0) fail_msg("%s", row->name);
    }
}

static void each_is_counted_for_itself(void **state)
{
    (void)state;
    budget_struck(BUDGET_POP3_LINE);
    budget_struck(BUDGET_POP3_LINE);
    for (size_t i = 0; i < BUDGETS; i++)
        assert_int_equal(budget_struck_total((enum budget)i), i == BUDGET_POP3_LINE ? 2 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole_and_in_its_place),
        cmocka_unit_test(each_is_counted_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
