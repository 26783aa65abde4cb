/* undelete_test.c - what was deleted comes back once, as it was, and not when it is too old. */
#include "store/testing_int.h"

#define DAY_US 86400000000

static const str letter = S_INIT("Subject: hello\r\nMessage-ID: <1@a.test>\r\n\r\nhello\r\n");

static bool count_one(void *arg, const struct restorable *g)
{
    (void)g;
    ++*(unsigned *)arg;
    return true;
}

/* The memory engine's clock is its own: it is asked by what a commit writes. */
struct look {
    int64_t wall_us;
};

static enum err see_wall(struct txn *t, void *arg)
{
    ((struct look *)arg)->wall_us = txn_wall_us(t);
    return OK;
}

static struct undelete everything(struct world *w)
{
    struct look look = { 0 };
    assert_int_equal(engine_commit(w->engine, see_wall, &look), OK);
    return (struct undelete){ .account = w->alice,
                              .now_us = look.wall_us,
                              .actor = { S("admin"), S("test") } };
}

static unsigned restorable(struct world *w)
{
    struct undelete u = everything(w);
    unsigned n = 0;
    assert_int_equal(store_gone(w->store, &u, count_one, &n), OK);
    return n;
}

static uint64_t undelete(struct world *w, str mailbox)
{
    struct undelete u = everything(w);
    uint64_t n = 0;
    u.mailbox = mailbox;
    assert_int_equal(store_undelete(w->store, &u, &n), OK);
    return n;
}

static struct message message_in(struct world *w, str mailbox, uint32_t uid)
{
    struct mailbox m = box_of(w, mailbox);
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, (struct uid){ uid }, &message), OK);
    view_end(v);
    return message;
}

static void set_keyword(struct world *w, str mailbox, uint32_t uid, str word)
{
    struct uidset set = set_of(w, uid, uid);
    struct flag_change c = { .account = w->alice, .mailbox = box_of(w, mailbox).id, .uids = &set };
    c.keywords = &word;
    c.keywords_n = 1;
    c.unchanged_since.n = UINT64_MAX;
    assert_int_equal(store_flags(w->store, &c, NULL), OK);
}

static str only_keyword(struct world *w, str mailbox, uint64_t bits)
{
    struct mailbox m = box_of(w, mailbox);
    const str *names;
    size_t n;
    struct view *v = store_view(w->store);
    assert_int_equal(store_keywords(v, &m, &w->arena, &names, &n), OK);
    view_end(v);
    for (size_t i = 0; i < n; i++)
        if (bits == UINT64_C(1) << i) return names[i];
    return S("(none)");
}

static void what_was_expunged_comes_back_once(void **state)
{
    struct world *w = *state;
    append(w, S("INBOX"), letter, FLAG_SEEN | FLAG_FLAGGED);
    append(w, S("INBOX"), letter, 0);
    set_keyword(w, S("INBOX"), 1, S("work"));
    struct message was = message_in(w, S("INBOX"), 1);
    struct uidset first = set_of(w, 1, 1);
    assert_int_equal(flag(w, S("INBOX"), first, FLAGS_ADD, FLAG_DELETED), OK);
    expunge_all(w, S("INBOX"), NULL, false);
    assert_int_equal(restorable(w), 1);

    assert_int_equal(undelete(w, (str){ 0 }), 1);
    struct message is = message_in(w, S("INBOX"), 3);
    assert_int_equal(box_of(w, S("INBOX")).messages, 2);
    assert_int_equal(is.flags.system, FLAG_SEEN | FLAG_FLAGGED);
    assert_true(str_eq(only_keyword(w, S("INBOX"), is.flags.keywords), S("work")));
    assert_int_equal(is.email_id, was.email_id);
    assert_int_equal(is.thread_id, was.thread_id);
    assert_int_equal(is.internal_date_s, was.internal_date_s);
    assert_int_equal(is.blob.n, was.blob.n);

    assert_int_equal(restorable(w), 0);
    assert_int_equal(undelete(w, (str){ 0 }), 0);
    assert_int_equal(box_of(w, S("INBOX")).messages, 2);
}

static void what_was_moved_is_not_gone(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 3);
    struct uidset two = set_of(w, 1, 2);
    struct copied done = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    struct copy c = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .uids = &two };
    c.to = S("Trash");
    c.move = true;
    assert_int_equal(store_copy(w->store, &c, &done), OK);
    assert_int_equal(restorable(w), 0);
    expunge_all(w, S("Trash"), NULL, true);
    assert_int_equal(undelete(w, S("INBOX")), 0);
    assert_int_equal(undelete(w, S("Trash")), 2);
    assert_int_equal(box_of(w, S("Trash")).messages, 2);
}

/* A keyword that finds no room is no reason to leave a message behind, nor a full quota. */
static void keywords_without_room_are_left_behind(void **state)
{
    struct world *w = *state;
    struct mailbox_id id;
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("box"), USE_NONE, &id), OK);
    append_many(w, S("box"), 2);
    set_keyword(w, S("box"), 1, S("old"));
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("box")), OK);
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("box"), USE_NONE, &id), OK);
    append(w, S("box"), letter, 0);
    for (unsigned i = 0; i < MAILBOX_KEYWORDS; i++) {
        char word[] = { 'k', (char)('a' + i / 8), (char)('a' + i % 8) };
        set_keyword(w, S("box"), 1, (str){ word, sizeof word });
    }
    assert_int_equal(undelete(w, S("box")), 2);
    assert_int_equal(message_in(w, S("box"), 2).flags.keywords, 0);
    assert_int_equal(box_of(w, S("box")).messages, 3);
}

static void a_deleted_mailbox_comes_back(void **state)
{
    struct world *w = *state;
    struct mailbox_id id;
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("a/b"), USE_FLAGGED, &id), OK);
    append_many(w, S("a/b"), 300);
    set_keyword(w, S("a/b"), 7, S("first"));
    set_keyword(w, S("a/b"), 8, S("second"));
    struct uidset few = set_of(w, 1, 5);
    expunge_all(w, S("a/b"), &few, true);
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("a/b")), OK);
    assert_clean(w);
    assert_int_equal(restorable(w), 300);
    assert_int_equal(store_tidy(w->store), OK);

    assert_int_equal(undelete(w, (str){ 0 }), 300);
    struct mailbox m = box_of(w, S("a/b"));
    assert_int_equal(m.messages, 300);
    assert_int_equal(m.use, USE_FLAGGED);
    assert_true(m.id.n != id.n);
    unsigned second = 0;
    for (uint32_t uid = 1; uid <= 300; uid++) {
        struct message is = message_in(w, S("a/b"), uid);
        second += str_eq(only_keyword(w, S("a/b"), is.flags.keywords), S("second"));
    }
    assert_int_equal(second, 1);
    assert_int_equal(undelete(w, (str){ 0 }), 0);
    engine_memory_advance(w->engine, 8 * DAY_US);
    assert_int_equal(store_tidy(w->store), OK); /* the old one goes; its messages stay */
    assert_int_equal(box_of(w, S("a/b")).messages, 300);
}

static void a_new_mailbox_of_the_name_gets_them(void **state)
{
    struct world *w = *state;
    struct mailbox_id id;
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("a"), USE_NONE, &id), OK);
    append_many(w, S("a"), 2);
    set_keyword(w, S("a"), 2, S("old"));
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("a")), OK);
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("a"), USE_NONE, &id), OK);
    append_many(w, S("a"), 1);
    set_keyword(w, S("a"), 1, S("new"));
    assert_int_equal(undelete(w, S("a")), 2);
    assert_int_equal(box_of(w, S("a")).messages, 3);
    struct message is = message_in(w, S("a"), 3);
    assert_true(str_eq(only_keyword(w, S("a"), is.flags.keywords), S("old")));
}

static void what_is_too_old_stays_gone(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 3);
    struct uidset one = set_of(w, 1, 1), two = set_of(w, 2, 2);
    expunge_all(w, S("INBOX"), &one, true);
    engine_memory_advance(w->engine, 6 * DAY_US);
    expunge_all(w, S("INBOX"), &two, true);
    assert_int_equal(restorable(w), 2);
    struct undelete u = everything(w);
    unsigned n = 0;
    u.since_us = u.now_us - DAY_US;
    assert_int_equal(store_gone(w->store, &u, count_one, &n), OK);
    assert_int_equal(n, 1);
    engine_memory_advance(w->engine, 2 * DAY_US);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(restorable(w), 1); /* its rows stay for the devices' sake, but not for this */
    assert_int_equal(undelete(w, (str){ 0 }), 1);
}

static void set_quota(struct world *w, uint64_t messages)
{
    struct user u = { .address = S("alice@a.test"), .password_hash = S("hash") };
    u.quota_messages = messages;
    assert_int_equal(store_user_update(w->store, &u), OK);
}

static void quota_is_kept(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 6);
    expunge_all(w, S("INBOX"), NULL, true);
    set_quota(w, 4);
    struct undelete u = everything(w);
    uint64_t n = 0;
    assert_int_equal(store_undelete(w->store, &u, &n), ERR_LIMIT);
    assert_int_equal(n, 4);
    set_quota(w, 0);
    assert_int_equal(undelete(w, (str){ 0 }), 2);
    assert_int_equal(box_of(w, S("INBOX")).messages, 6);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_expunged_comes_back_once),
        CASE(what_was_moved_is_not_gone),
        CASE(keywords_without_room_are_left_behind),
        CASE(a_deleted_mailbox_comes_back),
        CASE(a_new_mailbox_of_the_name_gets_them),
        CASE(what_is_too_old_stays_gone),
        CASE(quota_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
