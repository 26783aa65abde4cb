/* main.c - the classes of attacks, in the order in which they are played, and their count.
 *
 *   attacks [CLASS...]    those alone, without the count
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks/engine.h"

enum { ATTACKS_MIN = 300 };

/* clang-format off */
#define CLASSES(X)                                                                              \
    X(smuggling) X(starttls) X(nul) X(bdat) X(relay) X(shell) X(exim) X(received_loops)         \
    X(old_commands) X(pipelining) X(auth) X(tls) X(proxy) X(literals) X(numbers)                \
    X(sequence_sets) X(list_patterns) X(search_nesting) X(nesting) X(mailbox_names) X(sharing)  \
    X(catenate) X(floods) X(compress) X(pop3_numbers) X(mime_nesting) X(header_floods)          \
    X(remote_replies) X(terminal)
/* clang-format on */
#define DECLARE(name) extern const struct class name##_class;
#define ADDRESS(name) &name##_class,
#define COUNT(name)   +1

CLASSES(DECLARE)
static const struct class *const classes[] = { CLASSES(ADDRESS) };
enum { CLASSES_N = 0 CLASSES(COUNT) };

static struct field field;

static int open_field(void **state)
{
    (void)state;
    field_open(&field);
    return 0;
}

static int close_field(void **state)
{
    (void)state;
    field_close(&field);
    return 0;
}

static void play_class(void **state)
{
    field_play(&field, *state);
}

/* The last: that the list is as long as it was meant to be. */
static void are_many(void **state)
{
    (void)state;
    printf("# %zu attacks in %d classes\n", field.played, CLASSES_N);
    assert_true(field.played >= ATTACKS_MIN);
}

static bool is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[CLASSES_N + 1];
    size_t n = 0;
    for (size_t i = 0; i < CLASSES_N; i++)
        if (is_chosen(classes[i]->name, argc, argv))
            tests[n++] = (struct CMUnitTest){ .name = classes[i]->name,
                                              .test_func = play_class,
                                              .initial_state = (void *)(uintptr_t)classes[i] };
    if (argc < 2) tests[n++] = (struct CMUnitTest)cmocka_unit_test(are_many);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return _cmocka_run_group_tests("attacks", tests, n, open_field, close_field);
}
