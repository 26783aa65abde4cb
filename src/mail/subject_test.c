/* subject_test.c - the base subjects of RFC 5256 2.1. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "mail/subject.h"

/* clang-format off */
static const struct { const char *in, *base; bool reply; } cases[] = {
    { "Hello", "hello", false },
    { "Re: Hello", "hello", true },
    { "RE[2]: re: FWD: Fw : Hello", "hello", true },
    { "[list] Re: Hello", "hello", true },
    { "Re: [list] Hello", "hello", true },
    { "[list] Hello", "hello", false },
    { "[list]", "[list]", false },
    { "Re: [list]", "[list]", true },
    { "Hello (fwd) (Fwd)  ", "hello", true },
    { "[Fwd: Re: Hello (fwd)]", "hello", true },
    { "[fwd: [fwd: Hello]]", "hello", true },
    { "[a][b][c] re[x] : y", "y", true },
    { "  two\t \r\n words ", "two words", false },
    { "Reply", "reply", false },
    { "Re", "re", false },
    { "Re:", "", true },
    { "", "", false },
    { "[", "[", false },
    { "GR\xc3\x9c\xc3\x9f" "E", "gr\xc3\xbcsse", false },
};
/* clang-format on */

static void base_subjects(void **state)
{
    (void)state;
    struct arena a = arena_make(1 << 20);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool reply = !cases[i].reply;
        str base = subject_base(&a, str_of(cases[i].in), &reply);
        if (!str_eq(base, str_of(cases[i].base)) || reply != cases[i].reply)
            fail_msg("%s: %.*s %d", cases[i].in, STR_ARG(base), reply);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(base_subjects) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
