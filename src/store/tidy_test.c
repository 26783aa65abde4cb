/* tidy_test.c - what is forgotten when its time is over, and what a crash left. */
#include "store/testing_int.h"

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    ++*(unsigned *)arg;
    return true;
}

static unsigned rows_in(struct world *w, struct account a)
{
    unsigned n = 0;
    struct view *v = store_view(w->store);
    assert_int_equal(view_scan(v, a, S("\x01"), S("\xff"), count_row, &n), OK);
    view_end(v);
    return n;
}

static bool ignore(void *arg, const struct change *c)
{
    (void)arg, (void)c;
    return true;
}

static enum err changes_since(struct world *w, struct modseq since)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct view *v = store_view(w->store);
    enum err e = store_changes(v, &m, since, ignore, NULL);
    view_end(v);
    return e;
}

static enum err seqmap_for(struct world *w, const struct told *told)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct seqmap map;
    struct view *v = store_view(w->store);
    enum err e = store_seqmap(v, &m, told, &w->arena, &map);
    view_end(v);
    return e;
}

static unsigned ids_of_threads(struct world *w)
{
    unsigned n = 0;
    struct view *v = store_view(w->store);
    assert_int_equal(view_scan(v, w->alice, S("H"), S("I"), count_row, &n), OK);
    view_end(v);
    return n;
}

static uint64_t thread_of(struct world *w, str name, struct uid uid)
{
    struct mailbox m = box_of(w, name);
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, uid, &message), OK);
    view_end(v);
    return message.thread_id;
}

/* Each in a thread of its own, but the last: it answers the first. */
static void threads_are_forgotten_with_their_last_message(void **state)
{
    enum { MANY = 3000 };
    struct world *w = *state;
    for (int i = 0; i < MANY; i++)
        append(w, S("INBOX"), arena_fmt(&w->arena, "Message-ID: <%d@x>\r\n\r\n.\r\n", i), 0);
    str answer = S("Message-ID: <a@x>\r\nIn-Reply-To: <0@x>\r\n\r\n.\r\n");
    struct uid answered = append(w, S("Archive"), answer, 0);
    assert_int_equal(ids_of_threads(w), MANY + 1);
    struct uidset most = set_of(w, 1, MANY - 10);
    (void)expunge_all(w, S("INBOX"), &most, true);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(ids_of_threads(w), MANY + 1); /* they can come back */
    engine_memory_advance(w->engine, 31 * DAY_US);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(ids_of_threads(w), 10 + 2);
    str late = S("Message-ID: <b@x>\r\nIn-Reply-To: <0@x>\r\n\r\n.\r\n");
    struct uid uid = append(w, S("INBOX"), late, 0);
    assert_int_equal(thread_of(w, S("INBOX"), uid), thread_of(w, S("Archive"), answered));
    unsigned before = rows_in(w, w->alice);
    assert_int_equal(store_tidy(w->store), OK); /* nothing is due */
    assert_int_equal(rows_in(w, w->alice), before);
}

static void old_tombstones_are_forgotten(void **state)
{
    struct world *w = *state;
    struct message message;
    append_many(w, S("INBOX"), 2000);
    struct mailbox m = box_of(w, S("INBOX"));
    struct told told = told_of(&m);
    struct uidset most = set_of(w, 1, 1999);
    (void)expunge_all(w, S("INBOX"), &most, true);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(changes_since(w, told.modseq), OK); /* too young */
    engine_memory_advance(w->engine, 31 * DAY_US);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(changes_since(w, told.modseq), ERR_TOO_OLD);
    assert_int_equal(seqmap_for(w, &told), ERR_TOO_OLD);
    m = box_of(w, S("INBOX"));
    told = told_of(&m);
    assert_int_equal(changes_since(w, told.modseq), OK);
    assert_int_equal(seqmap_for(w, &told), OK);
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, (struct uid){ 7 }, &message), ERR_NOTFOUND);
    assert_int_equal(store_message(v, &m, (struct uid){ 2000 }, &message), OK);
    view_end(v);
}

static bool has_journey(struct world *w, struct msgid id)
{
    struct key k = key_of(TAG_EVENT);
    key_u64(&k, id.n);
    unsigned n = 0;
    struct view *v = store_view(w->store);
    assert_int_equal(view_scan(v, ACCOUNT_JOURNEY, key_str(&k), S(""), count_row, &n), OK);
    view_end(v);
    return n > 0;
}

static struct msgid accept_one(struct world *w)
{
    struct local_rcpt alice = { w->alice, S("INBOX"), S("alice@a.test"), 0 };
    struct accept a = { .id = store_msgid_new(w->store), .local = &alice, .local_n = 1 };
    a.body = make_body(w, S("a: b\r\n\r\n"));
    assert_int_equal(store_accept(w->store, &a), OK);
    body_free(a.body);
    return a.id;
}

static void old_journeys_are_forgotten(void **state)
{
    struct world *w = *state;
    struct msgid old = accept_one(w), kept = accept_one(w);
    engine_memory_advance(w->engine, 29 * DAY_US);
    store_journey_note(w->store, kept, "fetched", S("again"));
    struct msgid young = accept_one(w);
    assert_int_equal(store_tidy(w->store), OK);
    assert_true(has_journey(w, old));
    engine_memory_advance(w->engine, 2 * DAY_US);
    assert_int_equal(store_tidy(w->store), OK);
    assert_false(has_journey(w, old));
    assert_true(has_journey(w, kept));
    assert_true(has_journey(w, young));
}

static void an_interrupted_removal_is_finished(void **state)
{
    struct world *w = *state;
    struct mailbox_id id;
    unsigned before = rows_in(w, w->alice);
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("a"), USE_NONE, &id), OK);
    append_many(w, S("a"), 50);
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("a")), OK);
    assert_int_equal(store_tidy(w->store), OK);
    assert_true(rows_in(w, w->alice) > before); /* too young */
    engine_memory_advance(w->engine, 8 * DAY_US);
    engine_memory_fail(w->engine, 3); /* the references go, the rows stay */
    assert_int_equal(store_tidy(w->store), ERR_LATER);
    assert_true(rows_in(w, w->alice) > before);
    assert_clean(w);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(rows_in(w, w->alice), before);
    struct account gone = w->alice;
    append_many(w, S("INBOX"), 5);
    engine_memory_fail(w->engine, 2);
    assert_int_equal(store_user_remove(w->store, S("alice@a.test")), ERR_LATER);
    assert_clean(w);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(rows_in(w, gone), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(old_tombstones_are_forgotten),
        CASE(threads_are_forgotten_with_their_last_message),
        CASE(old_journeys_are_forgotten),
        CASE(an_interrupted_removal_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
