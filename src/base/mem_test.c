/* mem_test.c - the heap: zeroed, checked, fatal when it must be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/mem.h"

static bool all_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

static void new_memory_is_zero(void **state)
{
    (void)state;
    char *p = mem_new(1000);
    assert_true(all_zero(p, 1000));
    mem_free(p);
    p = MEM_ARRAY(500, char);
    assert_true(all_zero(p, 500));
    mem_free(p);
}

static void nothing_is_still_a_pointer(void **state)
{
    (void)state;
    void *p = mem_new(0), *q = mem_array(0, 8);
    assert_non_null(p);
    assert_non_null(q);
    q = mem_resize(q, 0, 0, 8);
    assert_non_null(q);
    mem_free(p);
    mem_free(q);
    mem_free(NULL);
}

static void resize_keeps_the_old_and_zeroes_the_new(void **state)
{
    (void)state;
    uint32_t *p = mem_resize(NULL, 0, 3, sizeof *p);
    assert_true(all_zero((const char *)p, 12));
    for (uint32_t i = 0; i < 3; i++)
        p[i] = i + 7;
    p = mem_resize(p, 3, 1000, sizeof *p);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(p[i], i + 7);
    assert_true(all_zero((const char *)(p + 3), 997 * sizeof *p));
    p = mem_resize(p, 1000, 2, sizeof *p);
    assert_int_equal(p[1], 8);
    mem_free(p);
}

/* Runs it in a child, since the answer is that the process ends. */
static bool aborts(void (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
        signal(SIGABRT, SIG_DFL);
        fn();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void array_that_wraps(void)
{
    mem_free(mem_array(SIZE_MAX / 2 + 2, 2));
}
static void resize_that_wraps(void)
{
    mem_free(mem_resize(NULL, 0, SIZE_MAX / 8 + 2, 8));
}
static void fine(void)
{
    mem_free(mem_array(10, 10));
}

static void a_product_over_64_bits_ends_the_process(void **state)
{
    (void)state;
    assert_true(aborts(array_that_wraps));
    assert_true(aborts(resize_that_wraps));
    assert_false(aborts(fine));
}

struct node {
    int a;
    char member;
};

static void container_of_finds_the_struct(void **state)
{
    (void)state;
    struct node n = { 0 };
    assert_ptr_equal(CONTAINER_OF(&n.member, struct node, member), &n);
    assert_int_equal(COUNT_OF(((const int[]){ 1, 2, 3 })), 3);
}

/* What is free at the heap's end after much was asked for, and one large block before that. */
static size_t free_at_end(void)
{
    enum { BLOCKS = 200, BLOCK_BYTES = 100 * 1024, LARGE_BYTES = 16 * 1024 * 1024 };
    void *blocks[BLOCKS];
    mem_free(mem_new(LARGE_BYTES));
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = mem_new(BLOCK_BYTES);
    for (size_t i = BLOCKS; i > 0; i--)
        mem_free(blocks[i - 1]);
    return mallinfo2().keepcost;
}

static void what_is_freed_goes_back(void **state)
{
    (void)state;
    mem_give_back();
    assert_true(free_at_end() < 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(nothing_is_still_a_pointer),
        cmocka_unit_test(resize_keeps_the_old_and_zeroes_the_new),
        cmocka_unit_test(a_product_over_64_bits_ends_the_process),
        cmocka_unit_test(what_is_freed_goes_back),
        cmocka_unit_test(container_of_finds_the_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
