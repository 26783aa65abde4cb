/* queue_test.c - accepting a message, the queue, journeys. */
#include "store/queue_int.h"
#include "store/testing_int.h"

static str journey_of(struct world *w, struct msgid id);

/* Accepts a message for alice and these remote addresses. */
static struct msgid accept_for(struct world *w, bool local, const char *const *remote, size_t n)
{
    struct local_rcpt alice = { w->alice, S("INBOX"), S("alice@a.test"), 0 };
    struct queue_rcpt queue[8] = { { { 0 } } };
    for (size_t i = 0; i < n; i++)
        queue[i].address = str_of(remote[i]);
    struct accept a = {
        .id = store_msgid_new(w->store),
        .body = make_body(w, S("Subject: hello\r\n\r\nbody\r\n")),
        .sender = S("sender@far.test"),
        .envid = S("QQ314"),
        .utf8 = true,
        .local = &alice,
        .local_n = local,
        .queue = queue,
        .queue_n = n,
        .received = S("from far.test by a.test with ESMTPS"),
    };
    assert_int_equal(store_accept(w->store, &a), OK);
    assert_int_equal(store_accept(w->store, &a), ERR_EXISTS);
    body_free(a.body);
    return a.id;
}

struct due {
    struct queue_key keys[16];
    size_t n;
};

static bool take_due(void *arg, const struct queue_place *p)
{
    struct due *d = arg;
    d->keys[d->n++] = p->key;
    return true;
}

static bool take_listed(void *arg, const struct queue_entry *e)
{
    struct due *d = arg;
    d->keys[d->n++] = e->key;
    return true;
}

static size_t due_at(struct world *w, int64_t now_us, struct due *out, int64_t *next_us)
{
    struct view *v = store_view(w->store);
    out->n = 0;
    assert_int_equal(store_queue_due(v, (struct queue_place){ 0 }, now_us, take_due, out, next_us),
                     OK);
    view_end(v);
    return out->n;
}

static size_t in_queue(struct world *w)
{
    struct due listed = { .n = 0 };
    struct view *v = store_view(w->store);
    assert_int_equal(store_queue_list(v, take_listed, &listed), OK);
    assert_int_equal(store_queue_count(v), listed.n);
    view_end(v);
    return listed.n;
}

static struct queue_entry entry_of(struct world *w, struct msgid id, uint32_t rcpt)
{
    struct queue_entry e;
    struct view *v = store_view(w->store);
    assert_int_equal(store_queue_get(v, (struct queue_key){ id, rcpt }, &w->arena, &e), OK);
    view_end(v);
    return e;
}

static enum err result(struct world *w, struct msgid id, uint32_t rcpt, enum queue_outcome outcome,
                       int64_t next_us)
{
    struct queue_result r = { .key = { id, rcpt }, .outcome = outcome, .next_us = next_us };
    r.reply = S("450 4.2.0 busy\r\n");
    r.detail = S("mx.b.test, 192.0.2.1");
    return store_queue_results(w->store, &r, 1, NULL, 0);
}

static const char *const two[] = { "bob@b.test", "carol@c.test" };

static void one_commit_files_and_queues(void **state)
{
    struct world *w = *state;
    struct msgid id = accept_for(w, true, two, 2);
    assert_int_equal(box_of(w, S("INBOX")).messages, 1);
    assert_int_equal(in_queue(w), 2);
    struct queue_entry e = entry_of(w, id, 1);
    assert_true(str_eq(e.address, S("carol@c.test")));
    assert_true(str_eq(e.domain, S("c.test")));
    assert_true(str_eq(e.sender, S("sender@far.test")));
    assert_true(str_eq(e.envid, S("QQ314")));
    assert_true(e.utf8 && !e.binary && !e.held && !e.require_tls);
    struct blob_facts facts;
    struct view *v = store_view(w->store);
    assert_int_equal(view_blob(v, e.blob, &facts), OK);
    view_end(v);
    assert_int_equal(facts.refs, 2); /* alice's copy, and the queue's for both recipients */
}

static void deferred_entries_come_back_later(void **state)
{
    struct world *w = *state;
    struct due due;
    int64_t next_us;
    struct msgid id = accept_for(w, false, two, 2);
    int64_t now_us = entry_of(w, id, 0).next_us;
    assert_int_equal(due_at(w, now_us - 1, &due, &next_us), 0);
    assert_int_equal(next_us, now_us);
    assert_int_equal(due_at(w, now_us, &due, &next_us), 2);
    assert_int_equal(next_us, INT64_MAX);
    assert_int_equal(result(w, id, 1, QUEUE_DEFERRED, now_us + 900000000), OK);
    assert_int_equal(due_at(w, now_us, &due, &next_us), 1);
    assert_int_equal(due.keys[0].rcpt, 0);
    assert_int_equal(next_us, now_us + 900000000);
    struct queue_entry e = entry_of(w, id, 1);
    assert_int_equal(e.attempts, 1);
    assert_true(str_starts(e.last_reply, S("450 4.2.0")));
    assert_true(str_eq(e.address, S("carol@c.test")));
}

static void the_last_recipient_lets_go(void **state)
{
    struct world *w = *state;
    struct msgid id = accept_for(w, false, two, 2);
    struct blob blob = entry_of(w, id, 0).blob;
    struct blob_facts facts;
    assert_int_equal(result(w, id, 0, QUEUE_DELIVERED, 0), OK);
    assert_int_equal(in_queue(w), 1);
    assert_int_equal(result(w, id, 0, QUEUE_DELIVERED, 0), OK); /* gone already */
    assert_int_equal(in_queue(w), 1);
    assert_int_equal(result(w, id, 1, QUEUE_BOUNCED, 0), OK);
    assert_int_equal(in_queue(w), 0);
    struct view *v = store_view(w->store);
    assert_int_equal(view_blob(v, blob, &facts), OK);
    view_end(v);
    assert_int_equal(facts.refs, 0);
}

static void a_bounce_comes_with_its_cause(void **state)
{
    struct world *w = *state;
    struct msgid id = accept_for(w, false, two, 1);
    struct local_rcpt alice = { w->alice, S("INBOX"), S("alice@a.test"), 0 };
    struct accept notice = { .id = store_msgid_new(w->store), .local = &alice, .local_n = 1 };
    struct queue_result r = { .key = { id, 0 }, .outcome = QUEUE_BOUNCED };
    notice.body = make_body(w, S("Subject: not delivered\r\n\r\n"));
    r.reply = S("550 5.1.1 no such user");
    engine_memory_fail(w->engine, 1);
    assert_int_equal(store_queue_results(w->store, &r, 1, &notice, 1), ERR_LATER);
    assert_int_equal(in_queue(w), 1);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
    assert_int_equal(store_queue_results(w->store, &r, 1, &notice, 1), OK);
    assert_int_equal(in_queue(w), 0);
    assert_int_equal(box_of(w, S("INBOX")).messages, 1);
    body_free(notice.body);
}

static void held_entries_wait(void **state)
{
    struct world *w = *state;
    struct due due;
    int64_t next_us;
    struct msgid id = accept_for(w, false, two, 2);
    int64_t later_us = entry_of(w, id, 0).next_us + DAY_US;
    assert_int_equal(store_queue_order(w->store, id, QUEUE_HOLD), OK);
    assert_int_equal(due_at(w, later_us, &due, &next_us), 0);
    assert_int_equal(next_us, INT64_MAX);
    assert_int_equal(result(w, id, 0, QUEUE_DEFERRED, later_us), OK); /* was being tried */
    assert_int_equal(due_at(w, later_us, &due, &next_us), 0);
    assert_int_equal(store_queue_order(w->store, id, QUEUE_RELEASE), OK);
    assert_int_equal(due_at(w, later_us, &due, &next_us), 2);
    assert_int_equal(store_queue_order(w->store, (struct msgid){ 1 << 30 }, QUEUE_HOLD),
                     ERR_NOTFOUND);
}

static struct msgid accept_urgent(struct world *w, int priority, int64_t release_us)
{
    struct queue_rcpt to = { .address = S("bob@b.test") };
    struct accept a = { .id = store_msgid_new(w->store),
                        .sender = S("s@a.test"),
                        .priority = priority,
                        .release_us = release_us,
                        .tls_optional = true,
                        .by = { .at_us = 77, .notify = true, .trace = true },
                        .queue = &to,
                        .queue_n = 1 };
    a.body = make_body(w, S("a: b\r\n\r\n"));
    assert_int_equal(store_accept(w->store, &a), OK);
    body_free(a.body);
    return a.id;
}

static void what_the_sender_asked_for_is_kept(void **state)
{
    struct world *w = *state;
    struct msgid id = accept_urgent(w, -4, 0);
    struct queue_entry e = entry_of(w, id, 0);
    assert_int_equal(e.priority, -4);
    assert_int_equal(e.by.at_us, 77);
    assert_true(e.by.notify && e.by.trace && e.tls_optional);
}

struct damage {
    struct key key;
    str value; /* empty: the row goes */
};

static enum err change_row(struct txn *t, void *arg)
{
    const struct damage *d = arg;
    if (d->value.n)
        txn_put(t, ACCOUNT_QUEUE, key_str(&d->key), d->value);
    else
        row_delete(t, ACCOUNT_QUEUE, &d->key);
    return OK;
}

/* Otherwise one damaged row would keep all mail from leaving. */
static void a_damaged_message_does_not_hide_others(void **state)
{
    struct world *w = *state;
    struct msgid damaged = accept_for(w, false, two, 1), whole = accept_for(w, false, two, 2);
    struct due due = { .n = 0 }, listed = { .n = 0 };
    int64_t next_us;
    struct damage damage = { .key = key_queued(TAG_QUEUED, damaged) };
    struct view *v = store_view(w->store);
    str row;
    assert_int_equal(view_get(v, ACCOUNT_QUEUE, key_str(&damage.key), &row), OK);
    row = arena_copy(&w->arena, row);
    view_end(v);
    assert_int_equal(engine_commit(store_engine(w->store), change_row, &damage), OK);

    assert_int_equal(due_at(w, INT64_MAX - 1, &due, &next_us), 3);
    v = store_view(w->store);
    for (size_t i = 0; i < due.n; i++) {
        struct queue_entry entry;
        bool good = due.keys[i].id.n == whole.n;
        assert_int_equal(store_queue_entry(v, due.keys[i], &entry), good ? OK : ERR_CORRUPT);
    }
    assert_int_equal(store_queue_list(v, take_listed, &listed), OK);
    view_end(v);
    assert_int_equal(listed.n, 2);

    damage.value = row; /* the store is checked when the test ends */
    assert_int_equal(engine_commit(store_engine(w->store), change_row, &damage), OK);
}

static void a_missing_mailbox_gives_way_to_inbox(void **state)
{
    struct world *w = *state;
    struct local_rcpt to = { w->alice, S("Nowhere"), S("alice@a.test"), FLAG_FLAGGED };
    struct accept a = { .id = store_msgid_new(w->store), .local = &to, .local_n = 1 };
    a.body = make_body(w, S("a: b\r\n\r\n"));
    assert_int_equal(store_accept(w->store, &a), OK);
    assert_int_equal(box_of(w, S("INBOX")).messages, 1);
    to.account.n = 4711;
    a.id = store_msgid_new(w->store);
    assert_int_equal(store_accept(w->store, &a), ERR_NOTFOUND);
    body_free(a.body);
}

/* As many recipients as may be, all new to the thread: one commit holds it. */
static void the_largest_message_fits_one_commit(void **state)
{
    struct world *w = *state;
    static struct local_rcpt to[ACCEPT_RCPTS + 1];
    struct buf text = buf_make(65536), card = buf_make(CARD_BYTES);
    buf_add(&text, S("Message-ID: <last@x>\r\nReferences:"));
    for (unsigned i = 0; i < MESSAGE_REFERENCES; i++)
        buf_addf(&text, " <%u@x>\r\n", i);
    buf_add(&text, S("\r\nbody\r\n"));
    assert_true(card_build(&card, buf_str(&text)));
    for (unsigned i = 0; i < COUNT_OF(to); i++) {
        str address = arena_fmt(&w->arena, "user%u@a.test", i);
        to[i] = (struct local_rcpt){ add_user(w, address), S("INBOX"), address, 0 };
    }
    struct accept a = { .id = store_msgid_new(w->store), .local = to, .card = buf_str(&card) };
    a.received = S("from far");
    a.body = make_body(w, buf_str(&text));
    a.local_n = ACCEPT_RCPTS + 1;
    assert_int_equal(store_accept(w->store, &a), ERR_LIMIT);
    a.local_n = ACCEPT_RCPTS;
    assert_int_equal(store_accept(w->store, &a), OK);
    body_free(a.body);
    buf_free(&text);
    buf_free(&card);
}

/* --- journeys -------------------------------------------------------------------------------- */

struct story {
    struct buf text;
    int64_t last_us;
};

static bool add_event(void *arg, const struct journey_event *e)
{
    struct story *s = arg;
    assert_true(e->at_us >= s->last_us);
    s->last_us = e->at_us;
    buf_add(&s->text, e->what);
    buf_addc(&s->text, ':');
    buf_add(&s->text, e->text);
    buf_addc(&s->text, '\n');
    return true;
}

static str journey_of(struct world *w, struct msgid id)
{
    struct story s = { .text = buf_make(65536) };
    struct view *v = store_view(w->store);
    assert_int_equal(store_journey(v, id, add_event, &s), OK);
    view_end(v);
    str text = arena_copy(&w->arena, buf_str(&s.text));
    buf_free(&s.text);
    return text;
}

static void a_journey_tells_all(void **state)
{
    struct world *w = *state;
    struct msgid id = accept_for(w, true, two, 1);
    store_journey_note(w->store, id, "note", S("one\r\ntwo\x01"));
    assert_int_equal(result(w, id, 0, QUEUE_DELIVERED, 0), OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, 1), FLAGS_ADD, FLAG_SEEN), OK);
        assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, 1), FLAGS_REMOVE, FLAG_SEEN), OK);
    }
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, true), S("1")));
    str have = journey_of(w, id);
    str want = S("received:from far.test by a.test with ESMTPS\n"
                 "filed:alice@a.test in INBOX uid 1\n"
                 "queued:bob@b.test\n"
                 "note:one two \n"
                 "delivered:bob@b.test: 450 4.2.0 busy ; mx.b.test, 192.0.2.1\n"
                 "seen:INBOX uid 1 by imap 127.0.0.1:1\n"
                 "deleted:INBOX uid 1 by imap 127.0.0.1:1\n");
    if (!str_eq(have, want)) fail_msg("%.*s", STR_ARG(have));
    struct view *v = store_view(w->store);
    assert_int_equal(store_journey(v, (struct msgid){ 77 }, add_event, NULL), ERR_NOTFOUND);
    view_end(v);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_commit_files_and_queues),
        CASE(deferred_entries_come_back_later),
        CASE(the_last_recipient_lets_go),
        CASE(a_bounce_comes_with_its_cause),
        CASE(held_entries_wait),
        CASE(what_the_sender_asked_for_is_kept),
        CASE(a_damaged_message_does_not_hide_others),
        CASE(a_missing_mailbox_gives_way_to_inbox),
        CASE(the_largest_message_fits_one_commit),
        CASE(a_journey_tells_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
