/* seqmap_test.c - sequence numbers and changes, as sessions see them that were told at other times.
 */
#include "store/testing_int.h"

static struct seqmap map_of(struct world *w, const struct told *told)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct seqmap map;
    struct view *v = store_view(w->store);
    assert_int_equal(store_seqmap(v, &m, told, &w->arena, &map), OK);
    view_end(v);
    return map;
}

/* What must hold of any map: the three questions agree with each other. */
static void assert_consistent(const struct seqmap *map)
{
    struct uid last = { 0 };
    for (uint32_t i = 1; i <= map->count; i++) {
        struct uid uid = seqmap_uid(map, (struct seq){ i });
        assert_int_equal(seqmap_seq(map, uid).n, i);
        assert_int_equal(seqmap_next(map, (struct uid){ last.n + 1 }).n, uid.n);
        last = uid;
    }
    assert_int_equal(seqmap_next(map, (struct uid){ last.n + 1 }).n, 0);
    assert_int_equal(seqmap_seq(map, (struct uid){ last.n + 1 }).n, 0);
}

static str uids_of(struct world *w, const struct seqmap *map)
{
    struct uidset set = uidset_make(&w->arena);
    for (uint32_t i = 1; i <= map->count; i++) {
        struct uid uid = seqmap_uid(map, (struct seq){ i });
        assert_true(uidset_add(&set, uid.n, uid.n));
    }
    assert_consistent(map);
    return text_of(w, &set);
}

static void assert_uids(struct world *w, const struct told *told, const char *want)
{
    struct seqmap map = map_of(w, told);
    str have = uids_of(w, &map);
    if (!str_eq(have, str_of(want))) fail_msg("have %.*s, want %s", STR_ARG(have), want);
}

static void an_empty_mailbox_has_no_numbers(void **state)
{
    struct world *w = *state;
    struct mailbox m = box_of(w, S("INBOX"));
    struct told told = told_of(&m);
    assert_uids(w, &told, "");
}

static void expunged_messages_keep_their_number_until_told(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 6);
    struct mailbox m = box_of(w, S("INBOX"));
    struct told told = told_of(&m);
    struct uidset some = set_of(w, 2, 3);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &some, true), S("2:3")));
    append_many(w, S("INBOX"), 2);
    assert_uids(w, &told, "1:6");
    m = box_of(w, S("INBOX"));
    told.expunge_modseq = m.highest_modseq;
    assert_uids(w, &told, "1,4:6");
    told = told_of(&m);
    assert_uids(w, &told, "1,4:8");
}

static void maps_have_holes(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 9000);
    struct mailbox m = box_of(w, S("INBOX"));
    struct told before = told_of(&m);
    struct uidset most = set_of(w, 3, 8998);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &most, true), S("3:8998")));
    m = box_of(w, S("INBOX"));
    struct told after = told_of(&m);
    assert_uids(w, &before, "1:9000");
    assert_uids(w, &after, "1:2,8999:9000");
    struct seqmap map = map_of(w, &after);
    assert_int_equal(map.blocks, 2); /* the block between them costs nothing */
    assert_int_equal(seqmap_next(&map, (struct uid){ 3 }).n, 8999);
    assert_int_equal(seqmap_seq(&map, (struct uid){ 5000 }).n, 0);
    struct uidset rest = set_of(w, 1, 9000);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &rest, true), S("1:2,8999:9000")));
    assert_uids(w, &before, "1:9000"); /* none lives, all have numbers */
    assert_uids(w, &after, "1:2,8999:9000");
}

/* --- messages with their numbers ---------------------------------------------------------------
 */

struct shown {
    struct buf text;
    unsigned most; /* then it ends */
};

static bool add_numbered(void *arg, struct seq seq, const struct message *m)
{
    struct shown *s = arg;
    buf_addf(&s->text, "%u:%u ", seq.n, m->uid.n);
    return --s->most > 0;
}

/* "number:UID …", then how many were lost. */
static str numbered(struct world *w, const struct numbered *which, unsigned most)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct shown s = { .text = buf_make(1 << 20), .most = most };
    struct view *v = store_view(w->store);
    uint32_t lost = 77;
    assert_int_equal(store_numbered(v, &m, which, add_numbered, &s, &lost), OK);
    view_end(v);
    buf_addf(&s.text, "%u", lost);
    str text = arena_copy(&w->arena, buf_str(&s.text));
    buf_free(&s.text);
    return text;
}

static enum err lose_row(struct txn *t, void *arg)
{
    const struct mailbox *m = arg;
    struct key k = key_box_u32(TAG_MESSAGE, mailbox_number(m->id), 5);
    row_delete(t, m->account, &k);
    return OK;
}

static void walks_show_what_the_session_knows(void **state)
{
    static const unsigned wants[] = { WANT_FLAGS, WANT_CARD, WANT_FLAGS | WANT_CARD };
    struct world *w = *state;
    append_many(w, S("INBOX"), 4100);
    struct mailbox m = box_of(w, S("INBOX"));
    struct uidset most = set_of(w, 2, 4090);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &most, true), S("2:4090")));
    struct told before = told_of(&m);
    m = box_of(w, S("INBOX"));
    struct told after = told_of(&m);
    struct seqmap all = map_of(w, &before), living = map_of(w, &after);
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        struct numbered some = { &all, { 3, 6 }, wants[i] };
        assert_true(str_eq(numbered(w, &some, 99), S("3:3 4:4 5:5 6:6 0")));
        assert_true(str_eq(numbered(w, &some, 2), S("3:3 4:4 0")));
        struct numbered across = { &living, { 1, 4097 }, wants[i] };
        assert_true(str_eq(numbered(w, &across, 99),
                           S("1:1 2:4091 3:4092 4:4093 5:4094 6:4095 7:4096 8:4097 0")));
        struct numbered next_block = { &all, { 4095, UINT32_MAX }, wants[i] };
        assert_true(str_eq(numbered(w, &next_block, 3), S("4095:4095 4096:4096 4097:4097 0")));
    }
    assert_int_equal(engine_commit(w->engine, lose_row, &m), OK);
    struct numbered some = { &all, { 3, 6 }, WANT_FLAGS | WANT_CARD };
    assert_true(str_eq(numbered(w, &some, 99), S("3:3 4:4 6:6 1")));
    some.range = (struct uid_range){ 4, 5 };
    assert_true(str_eq(numbered(w, &some, 99), S("4:4 1")));
}

/* --- changes --------------------------------------------------------------------------------- */

struct seen {
    struct buf text;
    struct modseq last;
    unsigned n;
};

static bool add_change(void *arg, const struct change *c)
{
    struct seen *s = arg;
    assert_true(c->modseq.n >= s->last.n);
    s->last = c->modseq;
    s->n++;
    buf_addf(&s->text, "%s%u ", c->kind == CHANGE_EXPUNGE ? "-" : "", c->uid.n);
    return true;
}

static str changes_since(struct world *w, struct modseq since)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct seen s = { .text = buf_make(1 << 20), .last = since };
    struct view *v = store_view(w->store);
    assert_int_equal(store_changes(v, &m, since, add_change, &s), OK);
    view_end(v);
    str text = arena_copy(&w->arena, buf_str(&s.text));
    buf_free(&s.text);
    return text;
}

static void changes_come_once_each_and_in_order(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 4);
    struct modseq since = box_of(w, S("INBOX")).highest_modseq;
    assert_true(str_eq(changes_since(w, since), S("")));
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 2), FLAGS_ADD, FLAG_SEEN), OK);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, 1), FLAGS_ADD, FLAG_SEEN), OK);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 2), FLAGS_ADD, FLAG_FLAGGED), OK);
    struct uidset one = set_of(w, 3, 3);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &one, true), S("3")));
    append_many(w, S("INBOX"), 1);
    assert_true(str_eq(changes_since(w, since), S("1 2 -3 5 ")));
    assert_true(str_eq(changes_since(w, (struct modseq){ 0 }), S("4 1 2 -3 5 ")));
}

static void long_histories_are_merged(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 200);
    struct modseq since = box_of(w, S("INBOX")).highest_modseq;
    for (uint32_t i = 1; i <= 200; i++) {
        struct uidset one = set_of(w, i, i);
        if (i % 3 == 0)
            (void)expunge_all(w, S("INBOX"), &one, true);
        else
            assert_int_equal(flag(w, S("INBOX"), one, FLAGS_ADD, FLAG_SEEN), OK);
    }
    struct buf want = buf_make(1 << 16);
    for (uint32_t i = 1; i <= 200; i++)
        buf_addf(&want, "%s%u ", i % 3 == 0 ? "-" : "", i);
    assert_true(str_eq(changes_since(w, since), buf_str(&want)));
    buf_free(&want);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_mailbox_has_no_numbers),
        CASE(expunged_messages_keep_their_number_until_told),
        CASE(maps_have_holes),
        CASE(walks_show_what_the_session_knows),
        CASE(changes_come_once_each_and_in_order),
        CASE(long_histories_are_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
