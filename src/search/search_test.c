/* search_test.c - the index answers as reading would: arrivals, copies, limits, and every text. */
#include "search/search_fixture.h"

#define LETTER(subject, body) S("From: ann@c.test\r\nSubject: " subject "\r\n\r\n" body "\r\n")

static void finds(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct uid one = place_append(&p, LETTER("Lunch", "the quick brown fox"));
    struct uid two = place_append(&p, LETTER("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "no animals at all"));
    struct asked a = place_ask(&p, "quick br", true);
    assert_int_equal(a.result, OK);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), one), SEARCH_HAS);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), two), SEARCH_HAS_NOT);
    a = place_ask(&p, "lunch", true);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), one), SEARCH_HAS_NOT);
    a = place_ask(&p, "lunch", false);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), one), SEARCH_HAS);
    a = place_ask(&p, "rüsse", false); /* ß folds to ss */
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), two), SEARCH_HAS);
    a = place_ask(&p, "z", false);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), one), SEARCH_HAS_NOT);
    place_remove(&p);
}

/* A text does not reach from the header into the body, nor from part to part. */
static void pieces_are_apart(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct uid uid = place_append(&p, LETTER("ends here", "begins there"));
    struct asked a = place_ask(&p, "herebegins", false);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_HAS_NOT);
    a = place_ask(&p, "here begins", false);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_HAS_NOT);
    place_remove(&p);
}

static void copies_cost_nothing(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct uid uid = place_append(&p, LETTER("a", "pangram"));
    (void)place_ask(&p, "pangram", true);
    struct uidset all = uidset_make(&p.arena);
    assert_true(uidset_add(&all, uid.n, uid.n));
    struct copy c = { .account = p.alice, .from = place_box(&p, S("INBOX")).id, .uids = &all };
    c.to = S("Archive");
    c.move = true;
    assert_int_equal(store_copy(p.store, &c, NULL), OK);
    struct asked a = place_ask(&p, "pangram", true);
    assert_int_equal(a.answer.n, 1);
    assert_int_equal(place_verdict(&p, &a, S("Archive"), (struct uid){ 1 }), SEARCH_HAS);
    place_remove(&p);
}

static int64_t file_bytes(struct place *p)
{
    char path[SEARCH_PATH_BYTES];
    book_path(p->alice, false, path);
    struct seam_look look;
    return seam_look(p->seam, path, &look) ? -1 : (int64_t)look.size;
}

/* One by one, each asked for: the last record grows, and there are not a hundred of them. */
static void arrivals_join(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct buf text = buf_make(1000);
    for (unsigned i = 0; i < 100; i++) {
        buf_reset(&text);
        buf_addf(&text, "Subject: x\r\n\r\nthe number of this one is n%ue\r\n", i);
        struct uid uid = place_append(&p, buf_str(&text));
        buf_reset(&text);
        buf_addf(&text, "n%ue", i);
        buf_addc(&text, '\0');
        struct asked a = place_ask(&p, text.p, true);
        assert_int_equal(a.answer.n, i + 1);
        assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_HAS);
    }
    assert_true(file_bytes(&p) < 100 * 100);
    struct book b = book_make(p.search, p.alice);
    assert_int_equal(book_open(&b), OK);
    assert_int_equal(b.records_n, 1);
    book_free(&b);
    buf_free(&text);
    place_remove(&p);
}

static void long_ones_are_cut(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct buf text = buf_make(4 << 20);
    buf_add(&text, S("Subject: long\r\n\r\nbeginning\r\n"));
    while (text.n < 2000000)
        buf_add(&text, S("every line of it is as dull as the one before it\r\n"));
    buf_add(&text, S("ending\r\n"));
    struct uid uid = place_append(&p, buf_str(&text));
    struct uid other = place_append(&p, LETTER("short", "dull, too"));
    struct asked a = place_ask(&p, "beginning", true);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_HAS);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), other), SEARCH_HAS_NOT);
    a = place_ask(&p, "ending", true);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_UNKNOWN);
    a = place_ask(&p, "dull", true);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), other), SEARCH_HAS);
    buf_free(&text);
    place_remove(&p);
}

static bool stop_at_once(void *arg, uint64_t done, uint64_t of)
{
    unsigned *calls = arg;
    assert_true(done <= of);
    ++*calls;
    return false;
}

static void append_many(struct place *p, unsigned n)
{
    struct buf text = buf_make(1000);
    for (unsigned i = 0; i < n; i++) {
        buf_reset(&text);
        buf_addf(&text, "Subject: x\r\n\r\nthe number of this one is n%ue\r\n", i);
        (void)place_append(p, buf_str(&text));
    }
    buf_free(&text);
}

/* Who asked may stop it; what was brought in so far may stay, and the next question goes on. */
static void can_be_stopped(void **unused)
{
    (void)unused;
    struct place p;
    unsigned calls = 0;
    place_make(&p);
    append_many(&p, 500);
    struct asked a = { .p = &p, .n = 1, .progress = stop_at_once, .arg = &calls };
    a.texts[0] = (struct search_text){ S("n499e"), true };
    place_run(&p, ask_fiber, &a);
    assert_int_equal(a.result, ERR_GONE);
    assert_int_equal(calls, 1);
    a = place_ask(&p, "n499e", true);
    assert_int_equal(a.answer.n, 500);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), (struct uid){ 500 }), SEARCH_HAS);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), (struct uid){ 499 }), SEARCH_HAS_NOT);
    place_remove(&p);
}

static void several_texts_at_once(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    struct uid uid = place_append(&p, LETTER("one", "two three"));
    struct asked a = { .p = &p, .n = 3 };
    a.texts[0] = (struct search_text){ S("one"), true };
    a.texts[1] = (struct search_text){ S("one"), false };
    a.texts[2] = (struct search_text){ S("two three"), true };
    place_run(&p, ask_fiber, &a);
    struct message m = place_message(&p, S("INBOX"), uid);
    assert_int_equal(search_answer_of(&a.answer, 0, &m), SEARCH_HAS_NOT);
    assert_int_equal(search_answer_of(&a.answer, 1, &m), SEARCH_HAS);
    assert_int_equal(search_answer_of(&a.answer, 2, &m), SEARCH_HAS);
    place_remove(&p);
}

/* Two sessions ask while mail arrives. */
struct arriving {
    struct place *p;
    unsigned left;
};

static void arrive(void *arg)
{
    struct arriving *a = arg;
    while (a->left--) {
        (void)place_append(a->p, LETTER("late", "late arrival"));
        fiber_yield();
    }
}

static void asked_while_mail_arrives(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    append_many(&p, 300);
    struct asked a[2];
    struct arriving arriving = { &p, 200 };
    struct running run[3];
    for (unsigned i = 0; i < 2; i++) {
        a[i] = (struct asked){ .p = &p, .n = 1 };
        a[i].texts[0] = (struct search_text){ i ? S("arrival") : S("n7e"), true };
        run[i] = (struct running){ ask_fiber, &a[i], false };
    }
    run[2] = (struct running){ arrive, &arriving, false };
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fiber_start(p.loop, FIBER_SYSTEM, run_one, &run[i]), OK);
    while (!run[0].ended || !run[1].ended || !run[2].ended)
        loop_run_once(p.loop, true);
    for (uint32_t uid = 1; uid <= 300; uid++) {
        enum search_verdict wanted = uid == 8 ? SEARCH_HAS : SEARCH_HAS_NOT;
        assert_int_equal(place_verdict(&p, &a[0], S("INBOX"), (struct uid){ uid }), wanted);
    }
    struct asked last = place_ask(&p, "arrival", true);
    for (uint32_t uid = 1; uid <= 500; uid++) {
        enum search_verdict wanted = uid > 300 ? SEARCH_HAS : SEARCH_HAS_NOT;
        assert_int_equal(place_verdict(&p, &last, S("INBOX"), (struct uid){ uid }), wanted);
        enum search_verdict then = place_verdict(&p, &a[1], S("INBOX"), (struct uid){ uid });
        assert_true(then == wanted || (uid > 300 && then == SEARCH_UNKNOWN));
    }
    place_remove(&p);
}

static void off_is_off(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    p.settings.enabled = false;
    struct uid uid = place_append(&p, LETTER("a", "b"));
    struct asked a = place_ask(&p, "b", true);
    assert_int_equal(a.result, OK);
    assert_int_equal(place_verdict(&p, &a, S("INBOX"), uid), SEARCH_UNKNOWN);
    assert_int_equal(file_bytes(&p), -1);
    place_remove(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(pieces_are_apart),
        cmocka_unit_test(copies_cost_nothing),
        cmocka_unit_test(arrivals_join),
        cmocka_unit_test(long_ones_are_cut),
        cmocka_unit_test(can_be_stopped),
        cmocka_unit_test(several_texts_at_once),
        cmocka_unit_test(asked_while_mail_arrives),
        cmocka_unit_test(off_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
