/* gram_test.c - a signature never leaves out a text that is there, and leaves out most that are
 * not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "search/search_int.h"

static uint64_t state;

static uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *const characters[] = { "a",  "b",  " ", "é", "ж", "я",
                                          "中", "文", "ह", "😀", "x", "y" };

struct made {
    struct buf text;
    size_t at[121]; /* where characters begin, and the end */
    size_t n;
};

static void make(struct made *m, size_t from, size_t kinds)
{
    m->text = buf_make(1000);
    m->n = 1 + draw() % 120;
    for (size_t i = 0; i < m->n; i++) {
        m->at[i] = m->text.n;
        if (draw() % 50 == 0)
            buf_addc(&m->text, (char)TEXT_END);
        else
            buf_add(&m->text, str_of(characters[from + draw() % kinds]));
    }
    m->at[m->n] = m->text.n;
}

static void never_misses(void **unused)
{
    (void)unused;
    state = 20260101;
    for (unsigned round = 0; round < 3000; round++) {
        struct made m;
        struct buf signature = buf_make(1 << 17);
        struct grams g;
        uint8_t log2;
        make(&m, 0, sizeof characters / sizeof *characters);
        signature_make(&signature, buf_str(&m.text), &log2);
        assert_int_equal(signature.n * 8, (size_t)1 << log2);
        for (unsigned i = 0; i < 20; i++) {
            size_t from = draw() % m.n, to = from + 1 + draw() % 12;
            if (to > m.n) to = m.n;
            str needle = str_sub(buf_str(&m.text), m.at[from], m.at[to] - m.at[from]);
            if (str_has(needle, (char)TEXT_END)) continue; /* no needle has it */
            grams_of(&g, needle);
            if (!signature_may(buf_str(&signature), &g))
                fail_msg("round %u: missed '%.*s'", round, STR_ARG(needle));
        }
        buf_free(&signature);
        buf_free(&m.text);
    }
}

/* Words of letters that the text has none of, and Chinese words of two characters. */
static void leaves_out(void **unused)
{
    (void)unused;
    state = 7;
    struct made m;
    struct buf signature = buf_make(1 << 17);
    struct grams g;
    uint8_t log2;
    make(&m, 0, 3);
    signature_make(&signature, buf_str(&m.text), &log2);
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char word[9];
        for (size_t k = 0; k < 8; k++)
            word[k] = (char)('c' + draw() % 22);
        grams_of(&g, (str){ word, 8 });
        assert_int_equal(g.n, 6);
        passed += signature_may(buf_str(&signature), &g);
    }
    assert_true(passed < 20);
    grams_of(&g, S("中文"));
    assert_int_equal(g.n, 1);
    assert_false(signature_may(buf_str(&signature), &g));
    buf_free(&signature);
    buf_free(&m.text);
}

static void short_ones_are_not_judged(void **unused)
{
    (void)unused;
    struct grams g;
    static const char *const shorts[] = { "", "a", "ab", "я", "中" };
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
        grams_of(&g, str_of(shorts[i]));
        assert_int_equal(g.n, 0);
        assert_true(signature_may(S("\0\0\0\0\0\0\0\0"), &g));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_misses),
        cmocka_unit_test(leaves_out),
        cmocka_unit_test(short_ones_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
