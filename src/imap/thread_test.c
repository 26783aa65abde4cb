/* thread_test.c - THREAD's algorithms: by the book, and against references that lie.
 *
 * RFC 5256 3 and its examples; a letter stands for a Message-ID.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "imap/thread_int.h"

enum { MANY = 30000 };

/* "id<refs|subject" of each message, sent and arrived in this order unless a digit stands first;
 * one with a '=' arrived in the same second as the one before it. */
static struct thread_message parse(struct arena *a, str text, size_t i)
{
    struct thread_message m = { .number = (uint32_t)i + 1, .sent_s = (int64_t)i + 100 };
    if (text.n && ascii_digit(text.p[0])) {
        m.sent_s = text.p[0] - '0';
        text = str_from(text, 1);
    }
    bool together = text.n && text.p[0] == '=';
    if (together) text = str_from(text, 1);
    m.arrived_s = (int64_t)i - together;
    if (text.n && text.p[0] != '<' && text.p[0] != '|') {
        m.id = (uint64_t)text.p[0];
        text = str_from(text, 1);
    }
    size_t bar = str_chr(text, '|');
    str refs = str_take(text, bar == STR_NPOS ? text.n : bar);
    uint64_t *list = ARENA_ARRAY(a, refs.n + 1, uint64_t);
    for (size_t r = 1; r < refs.n; r++)
        list[m.refs_n++] = (uint64_t)refs.p[r];
    m.refs = list;
    m.subject = bar == STR_NPOS ? (str){ 0 } : str_from(text, bar + 1);
    m.reply = str_starts(m.subject, S("re:"));
    if (m.reply) m.subject = str_from(m.subject, 3);
    return m;
}

static void threads(enum thread_algorithm algorithm, const char *messages, const char *expected)
{
    struct arena a = arena_make(1 << 20);
    struct thread_message *list = ARENA_ARRAY(&a, 32, struct thread_message);
    struct thread_tree tree;
    struct buf out = buf_make(10000);
    str rest = str_of(messages), one;
    size_t n = 0;
    while (str_split(&rest, ' ', &one)) {
        list[n] = parse(&a, one, n);
        n++;
    }
    assert_true(thread_build(&a, algorithm, list, n, &tree));
    for (uint32_t i = tree.nodes[THREAD_ROOT].first; i; i = tree.nodes[i].next)
        thread_write(&out, &tree, i);
    if (!str_eq(buf_str(&out), str_of(expected)))
        fail_msg("%s: %.*s, expected %s", messages, STR_ARG(buf_str(&out)), expected);
    buf_free(&out);
    arena_free(&a);
}

static void by_references(void **state)
{
    (void)state;
    static const struct {
        const char *messages, *expected;
    } cases[] = {
        { "", "" },
        { "a", "(1)" },
        { "a b<a", "(1 2)" },
        { "a b<a c<a", "(1 (2)(3))" },
        { "a b<a c<ab d<a", "(1 (2 3)(4))" },
        { "b<a a", "(2 1)" },      /* the answer came first */
        { "b<a c<a", "((1)(2))" }, /* nobody has what they answer */
        { "c<ab", "(1)" },
        { "d<abc e<abc", "((1)(2))" },
        { "a d<abc e<abc", "(1 (2)(3))" },
        { "9b<a 1c<a", "((2)(1))" }, /* by date */
        { "9a 1b", "(2)(1)" },
        { "a a", "(1)(2)" }, /* one id twice */
        { "a a<a b<a", "(1 (2)(3))" },
        { "a<a", "(1)" },
        { "a<b b<a", "(2 1)" }, /* a loop */
        { "a<c b<a c<b", "(3 1 2)" },
        { "x<ab y<ba", "((1)(2))" },
        { "c<ab b<x", "(2 1)" },      /* what b says of itself counts */
        { "< <a <a", "(1)((2)(3))" }, /* no id */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        threads(THREAD_REFERENCES, cases[i].messages, cases[i].expected);
    }
}

/* Step 5, a subject at a time. */
static void joined_by_subject(void **state)
{
    (void)state;
    threads(THREAD_REFERENCES, "a|x b|x", "((1)(2))"); /* neither answers */
    threads(THREAD_REFERENCES, "a|x b|re:x", "(1 2)");
    threads(THREAD_REFERENCES, "a|re:x b|x", "(2 1)");
    threads(THREAD_REFERENCES, "a|re:x b|re:x", "((1)(2))");
    threads(THREAD_REFERENCES, "a|x b|re:x c|x d|re:x", "((1 2)(3)(4))");
    threads(THREAD_REFERENCES, "a<z|x b<z|x c|re:x", "((1)(2)(3))"); /* into nobody's thread */
    threads(THREAD_REFERENCES, "a<y|x b<y|x c<z|x d<z|x", "((1)(2)(3)(4))");
    threads(THREAD_REFERENCES, "a| b| c|", "(1)(2)(3)");     /* no subject is none in common */
    threads(THREAD_REFERENCES, "a|x b<a|y c|y", "(1 2)(3)"); /* only tops are joined */
}

static void by_refs_alone(void **state)
{
    (void)state;
    threads(THREAD_REFS, "a|x b|x c<a", "(2)(1 3)"); /* the newest last */
    threads(THREAD_REFS, "z =a =b<z", "(2)(1 3)");
    threads(THREAD_REFS, "z =a", "(1)(2)");
    threads(THREAD_REFS, "9a 1b 5c<a 4d<a", "(2)(1 (4)(3))");
}

static void by_subject(void **state)
{
    (void)state;
    threads(THREAD_ORDEREDSUBJECT, "a|x b|y c|x d|x", "(1 (3)(4))(2)");
    threads(THREAD_ORDEREDSUBJECT, "5a|x 1b|y 3c|x", "(2)(3 1)");
    threads(THREAD_ORDEREDSUBJECT, "", "");
}

/* Chains, stars and lies of many messages: no stack, no quadratic time. */
static void many(void **state)
{
    (void)state;
    struct thread_message *list = MEM_ARRAY(MANY, struct thread_message);
    uint64_t *refs = MEM_ARRAY(MANY * 3, uint64_t);
    for (int shape = 0; shape < 5; shape++) {
        struct arena a = arena_make(256 << 20);
        struct buf out = buf_make(64 << 20);
        struct thread_tree tree;
        for (uint64_t i = 0; i < MANY; i++) {
            uint64_t *r = &refs[3 * i];
            const uint64_t parents[] = { i, i + 2, 1, (i * 7919) % MANY + 1, MANY - i };
            r[0] = parents[shape];
            r[1] = shape == 3 ? (i * 104729) % MANY + 1 : r[0];
            r[2] = shape == 4 ? i + 1 : r[0];
            list[i] = (struct thread_message){
                .number = (uint32_t)i + 1, .sent_s = (int64_t)i, .id = i + 1, .refs = r, .refs_n = 3
            };
            list[i].subject = shape == 3 ? S("same") : (str){ 0 };
        }
        assert_true(thread_build(&a, THREAD_REFERENCES, list, MANY, &tree));
        size_t seen = 0;
        for (uint32_t i = tree.nodes[THREAD_ROOT].first; i; i = thread_next(&tree, i))
            seen += tree.nodes[i].message != 0;
        assert_int_equal(seen, MANY);
        for (uint32_t i = tree.nodes[THREAD_ROOT].first; i; i = tree.nodes[i].next)
            thread_write(&out, &tree, i);
        assert_false(out.full);
        buf_free(&out);
        arena_free(&a);
    }
    mem_free(list);
    mem_free(refs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_references), cmocka_unit_test(joined_by_subject),
        cmocka_unit_test(by_refs_alone), cmocka_unit_test(by_subject),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
