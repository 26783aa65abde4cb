/* metadata_test.c - annotations: set, read, told of; what they follow, and what they go with. */
#include "store/repair_int.h"
#include "store/testing_int.h"

static struct annotation item(struct world *w, const char *box, const char *name, const char *value)
{
    struct annotation a = { .of.account = w->alice, .name = str_of(name), .gone = !value, .by = 7 };
    if (*box) a.of.mailbox = box_of(w, str_of(box)).id;
    if (str_starts(a.name, S("/private/"))) a.of.who = w->alice;
    if (value) a.value = str_of(value);
    return a;
}

static enum err set(struct world *w, const char *box, const char *name, const char *value)
{
    struct annotation a = item(w, box, name, value);
    return store_annotate(w->store, &a, 1);
}

static bool add(void *arg, const struct annotation *a)
{
    buf_addf(arg, "%.*s%s%.*s ", STR_ARG(a->name), a->gone ? "-" : "=", STR_ARG(a->value));
    return true;
}

static void assert_has(struct world *w, const char *box, struct account who, const char *want)
{
    struct buf b = buf_make(65536);
    struct annotated of = { .account = w->alice, .who = who };
    if (*box) of.mailbox = box_of(w, str_of(box)).id;
    struct view *v = store_view(w->store);
    assert_int_equal(store_annotations(v, &of, add, &b), OK);
    view_end(v);
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("has \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
    buf_free(&b);
}

static void assert_news(struct world *w, uint64_t *last, const char *want)
{
    struct buf b = buf_make(65536);
    struct view *v = store_view(w->store);
    assert_int_equal(store_annotation_news(v, w->alice, w->alice, last, add, &b), OK);
    view_end(v);
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("news \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
    buf_free(&b);
}

static void what_is_set_is_read(void **state)
{
    struct world *w = *state;
    struct account shared = { 0 };
    assert_int_equal(set(w, "INBOX", "/shared/comment", "one"), OK);
    assert_int_equal(set(w, "INBOX", "/private/comment", "two"), OK);
    assert_int_equal(set(w, "", "/private/comment", "three"), OK);
    assert_int_equal(set(w, "Sent", "/shared/comment", ""), OK);
    assert_has(w, "INBOX", shared, "/shared/comment=one ");
    assert_has(w, "INBOX", w->alice, "/private/comment=two ");
    assert_has(w, "", w->alice, "/private/comment=three ");
    assert_has(w, "Sent", shared, "/shared/comment= ");
    assert_int_equal(set(w, "INBOX", "/shared/comment", "other"), OK);
    assert_int_equal(set(w, "INBOX", "/private/comment", NULL), OK);
    assert_int_equal(set(w, "INBOX", "/private/none", NULL), OK);
    assert_has(w, "INBOX", shared, "/shared/comment=other ");
    assert_has(w, "INBOX", w->alice, "");
    struct annotation lost = item(w, "INBOX", "/shared/a", "b");
    lost.of.mailbox = mailbox_id_of(w->alice, 77);
    assert_int_equal(store_annotate(w->store, &lost, 1), ERR_NOTFOUND);
    lost.of = (struct annotated){ .account = { 4711 } };
    assert_int_equal(store_annotate(w->store, &lost, 1), ERR_NOTFOUND);
    lost.of.account = ACCOUNT_DIRECTORY;
    assert_int_equal(store_annotate(w->store, &lost, 1), OK);
}

static void all_or_none(void **state)
{
    struct world *w = *state;
    struct annotation two[] = { item(w, "INBOX", "/shared/a", "1"),
                                item(w, "Sent", "/shared/a", "2") };
    two[1].of.mailbox = mailbox_id_of(w->alice, 77);
    assert_int_equal(store_annotate(w->store, two, 2), ERR_NOTFOUND);
    assert_has(w, "INBOX", (struct account){ 0 }, "");
}

static const char *numbered(struct world *w, int i)
{
    return arena_fmt(&w->arena, "/shared/n%04d%s", i,
                     i % 2 ? "/which/is/much/too/long/for/a/key/of/a/row" : "")
        .p;
}

static void there_are_limits(void **state)
{
    struct world *w = *state;
    struct buf b = buf_make(4096);
    for (int i = 0; i < METADATA_ENTRIES; i++)
        assert_int_equal(set(w, "INBOX", numbered(w, i), "x"), OK);
    assert_int_equal(set(w, "INBOX", "/shared/more", "x"), ERR_LIMIT);
    assert_int_equal(set(w, "INBOX", numbered(w, 0), "y"), OK);
    assert_int_equal(set(w, "INBOX", numbered(w, 0), NULL), OK);
    assert_int_equal(set(w, "INBOX", "/shared/more", "x"), OK);
    buf_fill(&b, 'x', METADATA_VALUE_BYTES);
    struct annotation large = item(w, "Sent", "/shared/large", "");
    large.value = buf_str(&b);
    assert_int_equal(store_annotate(w->store, &large, 1), OK);
    buf_addc(&b, 'x');
    large.value = buf_str(&b);
    assert_int_equal(store_annotate(w->store, &large, 1), ERR_LIMIT);
    large.name = str_take(buf_str(&b), METADATA_NAME_BYTES);
    large.value = str_take(buf_str(&b), METADATA_VALUE_BYTES);
    assert_int_equal(store_annotate(w->store, &large, 1), OK); /* the longest row there is */
    buf_free(&b);
}

static void what_went_makes_room(void **state)
{
    struct world *w = *state;
    uint64_t last = 0;
    static struct annotation many[METADATA_ENTRIES];
    for (int round = 0; round < METADATA_PER_ACCOUNT / METADATA_ENTRIES + 2; round++) {
        for (int i = 0; i < METADATA_ENTRIES; i++) {
            const char *name = arena_fmt(&w->arena, "/shared/%d/%d", round, i).p;
            many[i] = item(w, "INBOX", name, "x");
        }
        assert_int_equal(store_annotate(w->store, many, METADATA_ENTRIES), OK);
        for (int i = 0; i < METADATA_ENTRIES; i++)
            many[i].gone = true;
        assert_int_equal(store_annotate(w->store, many, METADATA_ENTRIES), OK);
        if (round > 2) round += 12; /* the middle is like the beginning */
    }
    struct view *v = store_view(w->store);
    assert_int_equal(store_annotation_news(v, w->alice, w->alice, &last, NULL, NULL), OK);
    view_end(v);
    assert_true(last > 0);
}

static void changes_are_told_from_a_number_on(void **state)
{
    struct world *w = *state;
    uint64_t last = 0;
    assert_int_equal(set(w, "INBOX", "/shared/a", "1"), OK);
    assert_news(w, &last, "/shared/a=1 ");
    assert_news(w, &last, "");
    assert_int_equal(set(w, "INBOX", "/shared/a", NULL), OK);
    assert_int_equal(set(w, "Sent", "/private/b", "2"), OK);
    struct annotation others = item(w, "Sent", "/private/c", "3");
    others.of.who = add_user(w, S("bob@a.test"));
    assert_int_equal(store_annotate(w->store, &others, 1), OK);
    assert_news(w, &last, "/shared/a- /private/b=2 ");
    assert_news(w, &last, "");
}

static void they_go_with_their_mailbox(void **state)
{
    struct world *w = *state;
    struct mailbox_id id;
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("a"), USE_NONE, &id), OK);
    assert_int_equal(set(w, "a", "/shared/a", "1"), OK);
    assert_int_equal(store_mailbox_rename(w->store, w->alice, S("a"), S("b")), OK);
    assert_has(w, "b", (struct account){ 0 }, "/shared/a=1 ");
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("b")), OK);
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("b"), USE_NONE, &id), OK);
    assert_has(w, "b", (struct account){ 0 }, "");
    for (int i = 0; i < 90; i++)
        assert_int_equal(set(w, "INBOX", numbered(w, i), "x"), OK);
    assert_int_equal(store_mailbox_rename(w->store, w->alice, S("INBOX"), S("old")), OK);
    struct annotated of = { w->alice, box_of(w, S("old")).id, { 0 } };
    struct buf b = buf_make(65536), c = buf_make(65536);
    struct view *v = store_view(w->store);
    assert_int_equal(store_annotations(v, &of, add, &b), OK);
    of.mailbox = box_of(w, S("INBOX")).id;
    assert_int_equal(store_annotations(v, &of, add, &c), OK);
    view_end(v);
    assert_true(b.n > 0 && str_eq(buf_str(&b), buf_str(&c)));
    buf_free(&b);
    buf_free(&c);
    assert_int_equal(store_user_remove(w->store, S("alice@a.test")), OK);
}

/* --- damage -------------------------------------------------------------------------------------
 */
static enum err damage(struct txn *t, void *arg)
{
    const struct world *w = arg;
    struct key odd = key_box(TAG_ENTRY, 1), lost = key_box(TAG_ENTRY, 77);
    key_u64(&odd, 0);
    key_text(&odd, S("/shared/x"), 40);
    key_u64(&lost, 0);
    key_text(&lost, S("/shared/x"), 40);
    row_put_empty(t, w->alice, &odd);
    row_put_empty(t, w->alice, &lost);
    return OK;
}

static void hear(void *arg, str what)
{
    (void)what;
    ++*(unsigned *)arg;
}

static void damage_is_found_and_mended(void **state)
{
    struct world *w = *state;
    unsigned n = 0;
    struct check_report check = { .fault = hear, .arg = &n, .unread = true };
    struct repair_report repair = { .lost = hear, .mended = hear, .arg = &n };
    assert_int_equal(set(w, "INBOX", "/shared/a", "1"), OK);
    assert_int_equal(engine_commit(w->engine, damage, w), OK);
    assert_int_equal(store_check(w->store, &check), ERR_CORRUPT);
    assert_true(n > 0);
    assert_int_equal(set(w, "INBOX", "/shared/b", "1"), ERR_CORRUPT);
    assert_int_equal(store_mend(w->store, &repair), OK);
    assert_clean(w);
    assert_has(w, "INBOX", (struct account){ 0 }, "/shared/a=1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_set_is_read, world_begin, world_end),
        cmocka_unit_test_setup_teardown(all_or_none, world_begin, world_end),
        cmocka_unit_test_setup_teardown(there_are_limits, world_begin, world_end),
        cmocka_unit_test_setup_teardown(what_went_makes_room, world_begin, world_end),
        cmocka_unit_test_setup_teardown(changes_are_told_from_a_number_on, world_begin, world_end),
        cmocka_unit_test_setup_teardown(they_go_with_their_mailbox, world_begin, world_end),
        cmocka_unit_test_setup_teardown(damage_is_found_and_mended, world_begin, world_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
