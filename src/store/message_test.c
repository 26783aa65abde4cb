/* message_test.c - messages come, are read, change flags and go. */
#include "store/testing_int.h"

static void append_gives_uids_in_order(void **state)
{
    struct world *w = *state;
    struct mailbox before = box_of(w, S("INBOX"));
    for (uint32_t i = 1; i <= 3; i++)
        assert_int_equal(append(w, S("INBOX"), S("Subject: x\r\n\r\nbody\r\n"), 0).n, i);
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(m.messages, 3);
    assert_int_equal(m.unseen, 3);
    assert_int_equal(m.uidnext.n, 4);
    assert_int_equal(m.size_bytes, 3 * 20);
    assert_int_equal(m.uidvalidity, before.uidvalidity);
    assert_true(m.highest_modseq.n > before.highest_modseq.n);
}

static void append_needs_its_mailbox(void **state)
{
    struct world *w = *state;
    struct appended out;
    assert_int_equal(try_append(w, S("Nowhere"), S("a: b\r\n\r\n"), 0, &out), ERR_NOTFOUND);
}

static void append_is_all_or_nothing(void **state)
{
    struct world *w = *state;
    struct append items[2] = { { .account = w->alice, .mailbox = S("INBOX") },
                               { .account = w->alice, .mailbox = S("Nowhere") } };
    struct appended out[2];
    struct body *b = make_body(w, S("a: b\r\n\r\n"));
    items[0].body = items[1].body = b;
    assert_int_equal(store_append(w->store, items, 2, out), ERR_NOTFOUND);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
    items[1].mailbox = S("INBOX");
    assert_int_equal(store_append(w->store, items, 2, out), OK);
    assert_int_equal(out[0].uid.n, 1);
    assert_int_equal(out[1].uid.n, 2);
    body_free(b);
}

static void a_replacement_is_one_step(void **state)
{
    struct world *w = *state;
    struct appended out;
    struct body *b = make_body(w, S("Subject: new\r\n\r\nlonger than it was\r\n"));
    struct uid old = append(w, S("Drafts"), S("Subject: old\r\n\r\n"), FLAG_DRAFT);
    struct mailbox before = box_of(w, S("Drafts"));
    struct replace r = {
        .with = { .account = w->alice, .mailbox = S("Drafts"), .body = b },
        .mailbox = before.id,
        .old = old,
    };
    assert_int_equal(store_replace(w->store, &r, &out), OK);
    assert_int_equal(out.uid.n, old.n + 1);
    struct mailbox after = box_of(w, S("Drafts"));
    assert_int_equal(after.messages, 1);
    assert_int_equal(after.size_bytes, body_size(b));
    assert_true(after.highest_modseq.n > before.highest_modseq.n);
    /* It is gone: nothing comes in its place. */
    assert_int_equal(store_replace(w->store, &r, &out), ERR_CONFLICT);
    assert_int_equal(box_of(w, S("Drafts")).messages, 1);
    r.old = out.uid;
    r.old.n = after.uidnext.n - 1;
    r.with.mailbox = S("Nowhere");
    assert_int_equal(store_replace(w->store, &r, &out), ERR_NOTFOUND);
    r.with.mailbox = S("Sent");
    assert_int_equal(store_replace(w->store, &r, &out), OK);
    assert_int_equal(box_of(w, S("Drafts")).messages, 0);
    assert_int_equal(box_of(w, S("Sent")).messages, 1);
    body_free(b);
}

static void a_message_reads_back(void **state)
{
    struct world *w = *state;
    struct message m;
    struct body_reader *r;
    str bytes, text = S("From: a@a.test\r\nSubject: hello\r\n\r\nbody\r\n");
    struct uid uid = append(w, S("Sent"), text, FLAG_SEEN | FLAG_DRAFT);
    struct mailbox box = box_of(w, S("Sent"));
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &box, uid, &m), OK);
    assert_int_equal(m.size_bytes, text.n);
    assert_int_equal(m.flags.system, FLAG_SEEN | FLAG_DRAFT);
    assert_int_equal(m.internal_date_s, 1767225600);
    assert_int_equal(m.modseq.n, box.highest_modseq.n);
    struct card card;
    assert_true(card_open(m.card, &card));
    assert_true(str_find(card.envelope, S("hello")) != STR_NPOS);
    assert_int_equal(store_message(v, &box, (struct uid){ 2 }, &m), ERR_NOTFOUND);
    view_end(v);
    assert_int_equal(body_open(w->engine, m.blob, &r), OK);
    assert_int_equal(body_read(r, 0, 1000, &bytes), OK);
    assert_true(str_eq(bytes, text));
    body_close(r);
}

static bool count(void *arg, const struct message *m)
{
    (void)m;
    return ++*(unsigned *)arg < 1000;
}

static bool add_uid(void *arg, const struct message *m)
{
    assert_true(uidset_add(arg, m->uid.n, m->uid.n));
    return true;
}

static void ranges_show_the_living(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 10);
    struct uidset some = set_of(w, 3, 4);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &some, true), S("3:4")));
    struct mailbox m = box_of(w, S("INBOX"));
    static const unsigned wants[] = { 0, WANT_FLAGS, WANT_CARD, WANT_FLAGS | WANT_CARD };
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        struct uidset seen = uidset_make(&w->arena);
        struct view *v = store_view(w->store);
        struct uid_range range = { 2, 7 };
        assert_int_equal(store_messages(v, &m, range, wants[i], add_uid, &seen), OK);
        assert_true(str_eq(text_of(w, &seen), S("2,5:7")));
        view_end(v);
    }
}

static void flags_change_counts_and_modseq(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 3);
    struct mailbox before = box_of(w, S("INBOX"));
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 9), FLAGS_ADD, FLAG_SEEN | FLAG_DELETED), OK);
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(m.unseen, 1);
    assert_int_equal(m.deleted, 2);
    assert_int_equal(m.highest_modseq.n, before.highest_modseq.n + 1);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, 9), FLAGS_ADD, FLAG_SEEN), OK);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 2), FLAGS_REMOVE, FLAG_SEEN), OK);
    m = box_of(w, S("INBOX"));
    assert_int_equal(m.unseen, 1);
    struct view *v = store_view(w->store);
    struct uid first;
    struct message message;
    assert_int_equal(store_first_unseen(v, &m, &first), OK);
    assert_int_equal(first.n, 2);
    assert_int_equal(store_message(v, &m, first, &message), OK);
    assert_int_equal(message.flags.system, FLAG_DELETED);
    view_end(v);
}

static void a_change_that_changes_nothing_is_none(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 2);
    struct mailbox before = box_of(w, S("INBOX"));
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, 2), FLAGS_REMOVE, FLAG_SEEN), OK);
    assert_int_equal(box_of(w, S("INBOX")).highest_modseq.n, before.highest_modseq.n);
}

static void keywords_have_bits_and_a_limit(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 1);
    struct mailbox m = box_of(w, S("INBOX"));
    struct uidset one = set_of(w, 1, 1);
    struct flag_change c = { .account = w->alice, .mailbox = m.id, .uids = &one };
    c.unchanged_since.n = UINT64_MAX;
    c.keywords_n = 1;
    for (unsigned i = 0; i <= MAILBOX_KEYWORDS; i++) {
        str name = arena_fmt(&w->arena, "word%u", i);
        c.keywords = &name;
        enum err want = i < MAILBOX_KEYWORDS ? OK : ERR_LIMIT;
        assert_int_equal(store_flags(w->store, &c, NULL), want);
    }
    str again = S("WORD5");
    c.keywords = &again;
    c.op = FLAGS_REPLACE;
    assert_int_equal(store_flags(w->store, &c, NULL), OK);
    const str *names;
    size_t n;
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_keywords(v, &m, &w->arena, &names, &n), OK);
    assert_int_equal(n, MAILBOX_KEYWORDS);
    assert_true(str_eq(names[5], S("word5")));
    assert_int_equal(store_message(v, &m, (struct uid){ 1 }, &message), OK);
    assert_int_equal(message.flags.keywords, 1u << 5);
    view_end(v);
}

static void unchanged_since_spares_what_another_changed(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 4);
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 3), FLAGS_ADD, FLAG_FLAGGED), OK);
    struct uidset all = set_of(w, 1, 4), failed = uidset_make(&w->arena);
    struct flag_change c = { .account = w->alice, .mailbox = m.id, .uids = &all };
    c.op = FLAGS_ADD;
    c.system = FLAG_SEEN;
    c.unchanged_since = m.highest_modseq;
    assert_int_equal(store_flags(w->store, &c, &failed), OK);
    assert_true(str_eq(text_of(w, &failed), S("2:3")));
    assert_int_equal(box_of(w, S("INBOX")).unseen, 2);
}

static void expunge_takes_the_deleted(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 5);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 4), FLAGS_ADD, FLAG_DELETED), OK);
    struct uidset some = set_of(w, 1, 3);
    assert_true(str_eq(expunge_all(w, S("INBOX"), &some, false), S("2:3")));
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, false), S("4")));
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, false), S("")));
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(m.messages, 2);
    assert_int_equal(m.deleted, 0);
    assert_int_equal(m.uidnext.n, 6);
    struct view *v = store_view(w->store);
    struct message message;
    struct quota q;
    assert_int_equal(store_message(v, &m, (struct uid){ 2 }, &message), OK); /* still to be read */
    assert_int_equal(store_quota(v, w->alice, &q), OK);
    assert_int_equal(q.messages, 2);
    assert_int_equal(q.bytes, m.size_bytes);
    view_end(v);
}

static void long_commands_are_answered_once(void **state)
{
    struct world *w = *state;
    enum { MANY = 5000 };
    append_many(w, S("INBOX"), MANY);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 1, UINT32_MAX), FLAGS_ADD, FLAG_SEEN), OK);
    assert_int_equal(box_of(w, S("INBOX")).unseen, 0);
    struct mailbox from = box_of(w, S("INBOX"));
    struct copied out = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    struct copy c = { .account = w->alice, .from = from.id, .to = S("INBOX") };
    assert_int_equal(store_copy(w->store, &c, &out), OK); /* into itself: ends all the same */
    assert_true(str_eq(text_of(w, &out.from), S("1:5000")));
    assert_true(str_eq(text_of(w, &out.to), S("5001:10000")));
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, true), S("1:10000")));
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(m.messages, 0);
    assert_int_equal(m.size_bytes, 0);
    unsigned n = 0;
    struct view *v = store_view(w->store);
    struct uid_range all = { 1, UINT32_MAX };
    assert_int_equal(store_messages(v, &m, all, 0, count, &n), OK);
    assert_int_equal(n, 0);
    view_end(v);
}

static void a_failed_commit_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct appended out;
    engine_memory_fail(w->engine, 1);
    assert_int_equal(try_append(w, S("INBOX"), S("a: b\r\n\r\n"), 0, &out), ERR_LATER);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
    assert_int_equal(append(w, S("INBOX"), S("a: b\r\n\r\n"), 0).n, 1);
}

/* More than one commit, of which the third fails. */
static void a_copy_that_fails_takes_back_what_it_did(void **state)
{
    struct world *w = *state;
    enum { MANY = 2000 };
    append_many(w, S("INBOX"), MANY);
    append_many(w, S("Archive"), 3);
    struct copied out = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    struct copy c = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .to = S("Archive") };
    engine_memory_fail(w->engine, 3);
    assert_int_equal(store_copy(w->store, &c, &out), ERR_LATER);
    assert_int_equal(out.to.n, 0);
    struct mailbox to = box_of(w, S("Archive"));
    assert_int_equal(to.messages, 3);
    assert_int_equal(box_of(w, S("INBOX")).messages, MANY);
    assert_true(to.uidnext.n > 4); /* their UIDs are never given out again */
    engine_memory_fail(w->engine, 3);
    assert_int_equal(store_copy(w->store, &c, NULL), ERR_LATER);
    assert_int_equal(box_of(w, S("Archive")).messages, 3);
    assert_int_equal(store_copy(w->store, &c, NULL), OK);
    assert_int_equal(box_of(w, S("Archive")).messages, 3 + MANY);
}

static void of_a_move_that_fails_each_message_is_in_one_place(void **state)
{
    struct world *w = *state;
    enum { MANY = 2000 };
    append_many(w, S("INBOX"), MANY);
    struct copied out = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    struct copy c = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .to = S("Archive") };
    c.move = true;
    engine_memory_fail(w->engine, 3);
    assert_int_equal(store_copy(w->store, &c, &out), ERR_LATER);
    struct mailbox from = box_of(w, S("INBOX")), to = box_of(w, S("Archive"));
    assert_int_equal(from.messages + to.messages, MANY);
    assert_true(to.messages > 0 && from.messages > 0);
    assert_int_equal(uidset_count(&out.from), to.messages);
    assert_int_equal(uidset_count(&out.to), to.messages);
    assert_int_equal(store_copy(w->store, &c, NULL), OK); /* the client tries again */
    assert_int_equal(box_of(w, S("Archive")).messages, MANY);
}

static void a_copy_past_the_quota_copies_nothing(void **state)
{
    struct world *w = *state;
    enum { MANY = 2000 };
    struct user u = { .address = S("alice@a.test"), .password_hash = S("h") };
    append_many(w, S("INBOX"), MANY);
    u.quota_messages = 2 * MANY - 1;
    assert_int_equal(store_user_update(w->store, &u), OK);
    struct copied out = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    struct copy c = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .to = S("Archive") };
    assert_int_equal(store_copy(w->store, &c, &out), ERR_LIMIT);
    assert_int_equal(box_of(w, S("Archive")).messages, 0);
    u.quota_messages = 2 * MANY;
    assert_int_equal(store_user_update(w->store, &u), OK);
    assert_int_equal(store_copy(w->store, &c, &out), OK);
    assert_int_equal(box_of(w, S("Archive")).messages, MANY);
}

static struct message message_of(struct world *w, str name, struct uid uid)
{
    struct mailbox m = box_of(w, name);
    struct message message = { 0 };
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, uid, &message), OK);
    view_end(v);
    return message;
}

/* RFC 8474 5.1, 5.2; RFC 8514 2: a copy is the same message, saved later. */
static void copies_keep_their_ids_and_get_a_save_date(void **state)
{
    struct world *w = *state;
    append(w, S("INBOX"), S("Message-ID: <1@x>\r\n\r\nhello\r\n"), FLAG_SEEN);
    struct message first = message_of(w, S("INBOX"), (struct uid){ 1 });
    struct copy c = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .to = S("Archive") };
    for (int move = 0; move < 2; move++) {
        c.move = move;
        assert_int_equal(store_copy(w->store, &c, NULL), OK);
        struct message m = message_of(w, S("Archive"), (struct uid){ 1 + (uint32_t)move });
        assert_int_equal(m.email_id, first.email_id);
        assert_int_equal(m.thread_id, first.thread_id);
        assert_int_equal(m.internal_date_s, first.internal_date_s);
        assert_int_equal(m.flags.system, first.flags.system);
        assert_true(m.saved_us > first.saved_us);
    }
    append(w, S("INBOX"), S("Message-ID: <2@x>\r\n\r\nhello\r\n"), 0);
    assert_int_equal(message_of(w, S("INBOX"), (struct uid){ 2 }).email_id, first.email_id + 1);
}

static uint64_t thread_of(struct world *w, struct uid uid)
{
    struct mailbox m = box_of(w, S("INBOX"));
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, uid, &message), OK);
    view_end(v);
    return message.thread_id;
}

static void replies_join_their_thread(void **state)
{
    struct world *w = *state;
    static const char *const texts[] = {
        "Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\nReferences: <1@x>\r\n\r\nbefore its parent\r\n",
        "Message-ID: <1@x>\r\n\r\nthe parent\r\n",
        "Message-ID: <3@x>\r\nReferences: <1@x> <2@x>\r\n\r\nanother\r\n",
        "Message-ID: <9@x>\r\n\r\na stranger\r\n",
    };
    struct uid uid[COUNT_OF(texts)];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        uid[i] = append(w, S("INBOX"), str_of(texts[i]), 0);
    assert_int_equal(thread_of(w, uid[0]), thread_of(w, uid[1]));
    assert_int_equal(thread_of(w, uid[0]), thread_of(w, uid[2]));
    assert_int_not_equal(thread_of(w, uid[0]), thread_of(w, uid[3]));
}

static enum err lose_counts(struct txn *t, void *arg)
{
    const struct mailbox *m = arg;
    struct head head;
    struct ledger_row used;
    assert_int_equal(head_get(in_txn(t), m->account, mailbox_number(m->id), &head), OK);
    assert_int_equal(ledger_row_get(in_txn(t), m->account, &used), OK);
    head.messages = head.unseen = 0;
    head.size_bytes = used.bytes = used.messages = 0;
    head_put(t, m->account, mailbox_number(m->id), &head);
    ledger_row_put(t, m->account, &used);
    return OK;
}

/* After a damaged commit was passed over, counts may say less than there is: that ends no process,
 * and people can delete their mail. */
static void wrong_counts_keep_nobody_from_deleting(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 2);
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(engine_commit(w->engine, lose_counts, &m), OK);
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, true), S("1:2")));
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
}

/* As when the commit that brought UID 2 did not read back at replay, and later ones did. */
static enum err lose_rows(struct txn *t, void *arg)
{
    const struct mailbox *box = arg;
    uint32_t number = mailbox_number(box->id);
    struct message m = { 0 };
    struct flags_row flags;
    struct head head;
    struct ledger_row used;
    const struct uid two = { 2 };
    assert_int_equal(message_get(in_txn(t), box->account, number, two, &m), OK);
    assert_int_equal(flags_get(in_txn(t), box->account, number, two, &flags), OK);
    assert_int_equal(head_get(in_txn(t), box->account, number, &head), OK);
    assert_int_equal(ledger_row_get(in_txn(t), box->account, &used), OK);
    const struct key lost[] = { key_box_u32(TAG_MESSAGE, number, 2),
                                key_box_u32(TAG_FLAGS, number, 2),
                                key_change(TAG_CHANGE, number, flags.modseq, two) };
    for (size_t i = 0; i < COUNT_OF(lost); i++)
        row_delete(t, box->account, &lost[i]);
    head.size_bytes -= m.size_bytes;
    used.bytes -= m.size_bytes;
    head_put(t, box->account, number, &head);
    ledger_row_put(t, box->account, &used);
    txn_blob_ref(t, m.blob, -1);
    return OK;
}

static void a_lost_message_does_not_stop_the_others(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 3);
    struct mailbox m = box_of(w, S("INBOX"));
    assert_int_equal(engine_commit(w->engine, lose_rows, &m), OK);
    struct uidset all = set_of(w, 1, 3);
    assert_int_equal(flag(w, S("INBOX"), all, FLAGS_ADD, FLAG_FLAGGED), OK);
    struct copy copy = { .account = w->alice, .from = m.id, .uids = &all, .to = S("Archive") };
    struct copied copied = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    assert_int_equal(store_copy(w->store, &copy, &copied), OK);
    assert_true(str_eq(text_of(w, &copied.from), S("1,3")));
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, true), S("1:3")));
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
}

static void a_mailbox_with_a_lost_message_goes(void **state)
{
    struct world *w = *state;
    append_many(w, S("Archive"), 3);
    struct mailbox m = box_of(w, S("Archive"));
    assert_int_equal(engine_commit(w->engine, lose_rows, &m), OK);
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("Archive")), OK);
    assert_int_equal(store_tidy(w->store), OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(append_gives_uids_in_order),
        CASE(append_needs_its_mailbox),
        CASE(append_is_all_or_nothing),
        CASE(a_replacement_is_one_step),
        CASE(a_message_reads_back),
        CASE(ranges_show_the_living),
        CASE(flags_change_counts_and_modseq),
        CASE(a_change_that_changes_nothing_is_none),
        CASE(keywords_have_bits_and_a_limit),
        CASE(unchanged_since_spares_what_another_changed),
        CASE(expunge_takes_the_deleted),
        CASE(long_commands_are_answered_once),
        CASE(a_failed_commit_leaves_nothing),
        CASE(a_copy_that_fails_takes_back_what_it_did),
        CASE(of_a_move_that_fails_each_message_is_in_one_place),
        CASE(a_copy_past_the_quota_copies_nothing),
        CASE(copies_keep_their_ids_and_get_a_save_date),
        CASE(wrong_counts_keep_nobody_from_deleting),
        CASE(a_lost_message_does_not_stop_the_others),
        CASE(a_mailbox_with_a_lost_message_goes),
        CASE(replies_join_their_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
