/* list_test.c - the intrusive list: order, removal, removal while walking. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/list.h"

struct item {
    int number;
    struct list node;
};

static int digits_of(const struct list *head)
{
    int digits = 0;
    LIST_EACH(head, node)
        digits = digits * 10 + CONTAINER_OF(node, struct item, node)->number;
    return digits;
}

static void order_is_kept(void **state)
{
    (void)state;
    struct list head;
    struct item items[5];
    list_init(&head);
    assert_true(list_empty(&head));
    for (int i = 0; i < 5; i++)
        items[i].number = i + 1;
    list_push_back(&head, &items[1].node);
    list_push_back(&head, &items[2].node);
    list_push_front(&head, &items[0].node);
    list_insert_before(&items[2].node, &items[4].node);
    assert_int_equal(digits_of(&head), 1253);
    list_remove(&items[1].node);
    assert_int_equal(digits_of(&head), 153);
    list_remove(&items[1].node); /* alone: nothing happens */
    assert_int_equal(digits_of(&head), 153);
}

static void the_body_may_remove_its_node(void **state)
{
    (void)state;
    struct list head;
    struct item items[4];
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        items[i].number = i + 1;
        list_push_back(&head, &items[i].node);
    }
    LIST_EACH_SAFE(&head, node)
        if (CONTAINER_OF(node, struct item, node)->number % 2) list_remove(node);
    assert_int_equal(digits_of(&head), 24);
    LIST_EACH_SAFE(&head, node)
        list_remove(node);
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(the_body_may_remove_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
