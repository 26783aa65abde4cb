/* mailbox_test.c - the directory, and mailboxes made, renamed, subscribed and deleted. */
#include "store/testing_int.h"

static bool add_name(void *arg, const struct mailbox *m)
{
    struct buf *b = arg;
    buf_add(b, m->name);
    buf_addc(b, m->exists ? ' ' : '-');
    if (m->subscribed) buf_add(b, S("s "));
    return true;
}

/* "a a/b- c s": all mailboxes in order; '-' has no messages, 's' is subscribed. */
static str names_of(struct world *w, struct account a)
{
    struct buf b = buf_make(65536);
    struct view *v = store_view(w->store);
    assert_int_equal(store_mailboxes(v, a, add_name, &b), OK);
    view_end(v);
    str s = arena_copy(&w->arena, buf_str(&b));
    buf_free(&b);
    return s;
}

static void assert_names(struct world *w, const char *want)
{
    str names = names_of(w, w->alice),
        first = S("Archive s Drafts s INBOX s Junk s Sent s Trash s ");
    assert_true(str_starts(names, first));
    names = str_from(names, first.n);
    if (!str_eq(names, str_of(want))) fail_msg("have \"%.*s\", want \"%s\"", STR_ARG(names), want);
}

static enum err create(struct world *w, const char *name)
{
    struct mailbox_id id;
    return store_mailbox_create(w->store, w->alice, str_of(name), USE_NONE, &id);
}

static enum err rename_to(struct world *w, const char *from, const char *to)
{
    return store_mailbox_rename(w->store, w->alice, str_of(from), str_of(to));
}

static enum err delete (struct world *w, const char *name) {
    return store_mailbox_delete(w->store, w->alice, str_of(name));
}

static void a_user_begins_with_six(void **state)
{
    struct world *w = *state;
    assert_names(w, "");
    assert_int_equal(box_of(w, S("Sent")).use, USE_SENT);
    assert_int_equal(box_of(w, S("INBOX")).use, USE_NONE);
}

static void create_makes_parents(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w, "a/b/c"), OK);
    assert_names(w, "a a/b a/b/c ");
    assert_int_equal(create(w, "a/b"), ERR_EXISTS);
}

static void bad_names_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {
        "",     "/a",      "a/",   "a//b",      "\xff",     "a\xc3",
        "a\nb", "\x1b[2J", "\x7f", "a\xc2\x85", "a\u2028b", "\u2029"
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(create(w, bad[i]), ERR_LIMIT);
    struct buf b = buf_make(4096);
    buf_fill(&b, 'x', MAILBOX_NAME_BYTES + 1);
    struct mailbox_id id;
    enum err e = store_mailbox_create(w->store, w->alice, buf_str(&b), USE_NONE, &id);
    assert_int_equal(e, ERR_LIMIT);
    buf_truncate(&b, MAILBOX_NAME_BYTES);
    assert_int_equal(store_mailbox_create(w->store, w->alice, buf_str(&b), USE_NONE, &id), OK);
    assert_true(box_of(w, buf_str(&b)).id.n == id.n);
    b.p[MAILBOX_NAME_BYTES - 1] = 'y'; /* shares the key's text, not its hash */
    struct mailbox m;
    struct view *v = store_view(w->store);
    assert_int_equal(store_mailbox_find(v, w->alice, buf_str(&b), &m), ERR_NOTFOUND);
    view_end(v);
    buf_free(&b);
}

static void delete_keeps_parents_of_others(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w, "a/b/c"), OK);
    append_many(w, S("a/b"), 3);
    assert_int_equal(delete (w, "a/b"), OK);
    assert_names(w, "a a/b-a/b/c ");
    assert_int_equal(delete (w, "a/b"), ERR_CONFLICT);
    assert_int_equal(delete (w, "a/b/c"), OK);
    assert_names(w, "a ");
    assert_int_equal(delete (w, "a/b"), ERR_NOTFOUND);
    assert_int_equal(delete (w, "INBOX"), ERR_DENIED);
}

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

static int64_t refs_of(struct world *w, struct blob blob)
{
    struct blob_facts facts;
    struct view *v = store_view(w->store);
    assert_int_equal(view_blob(v, blob, &facts), OK);
    view_end(v);
    return facts.refs;
}

static struct blob blob_in(struct world *w, str mailbox, uint32_t uid)
{
    struct mailbox m = box_of(w, mailbox);
    struct message message;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &m, (struct uid){ uid }, &message), OK);
    view_end(v);
    return message.blob;
}

static void delete_leaves_no_rows_when_it_is_over(void **state)
{
    struct world *w = *state;
    unsigned before = rows_in(w, w->alice);
    assert_int_equal(create(w, "a"), OK);
    append_many(w, S("a"), 1500);
    assert_int_equal(flag(w, S("a"), set_of(w, 1, 5), FLAGS_ADD, FLAG_DELETED), OK);
    struct blob live = blob_in(w, S("a"), 9), gone = blob_in(w, S("a"), 5);
    assert_true(str_eq(expunge_all(w, S("a"), NULL, false), S("1:5")));
    assert_int_equal(refs_of(w, live), 1);
    assert_int_equal(refs_of(w, gone), 0);
    assert_int_equal(delete (w, "a"), OK);
    assert_int_equal(refs_of(w, live), 1); /* it can be brought back */
    assert_clean(w);
    engine_memory_advance(w->engine, 8 * 86400000000);
    assert_int_equal(store_tidy(w->store), OK);
    assert_int_equal(rows_in(w, w->alice), before);
    assert_int_equal(refs_of(w, live), 0);
    struct quota q;
    struct view *v = store_view(w->store);
    assert_int_equal(store_quota(v, w->alice, &q), OK);
    view_end(v);
    assert_int_equal(q.bytes, 0);
    assert_int_equal(q.messages, 0);
}

static void a_name_never_has_an_old_uidvalidity(void **state)
{
    struct world *w = *state;
    uint32_t last = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(create(w, "a"), OK);
        struct mailbox m = box_of(w, S("a"));
        assert_true(m.uidvalidity > last);
        last = m.uidvalidity;
        assert_int_equal(delete (w, "a"), OK);
    }
}

static void rename_takes_children_along(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w, "a/b"), OK);
    assert_int_equal(create(w, "ab"), OK);
    append_many(w, S("a/b"), 2);
    struct mailbox before = box_of(w, S("a/b"));
    assert_int_equal(rename_to(w, "a", "x/y"), OK);
    assert_names(w, "ab x x/y x/y/b ");
    struct mailbox after = box_of(w, S("x/y/b"));
    assert_int_equal(after.id.n, before.id.n);
    assert_int_equal(after.uidvalidity, before.uidvalidity);
    assert_int_equal(after.messages, 2);
    assert_int_equal(rename_to(w, "nothing", "z"), ERR_NOTFOUND);
    assert_int_equal(rename_to(w, "x/y", "ab"), ERR_EXISTS);
    assert_int_equal(rename_to(w, "x/y", "x/y/z"), ERR_DENIED);
}

/* More children than one commit takes. */
static void rename_takes_thousands_of_children(void **state)
{
    enum { CHILDREN = 2500 };
    struct world *w = *state;
    struct mailbox_id id;
    for (int i = 0; i < CHILDREN; i++) {
        str name = arena_fmt(&w->arena, "a/%d", i);
        assert_int_equal(store_mailbox_create(w->store, w->alice, name, USE_NONE, &id), OK);
    }
    assert_int_equal(create(w, "taken/1"), OK);
    assert_int_equal(rename_to(w, "a", "taken"), ERR_EXISTS);
    struct mailbox_id before = box_of(w, S("a/77")).id;
    assert_int_equal(rename_to(w, "a", "x/y"), OK);
    assert_int_equal(box_of(w, S("x/y/77")).id.n, before.n);
    struct view *v = store_view(w->store);
    struct mailbox m;
    for (int i = 0; i < CHILDREN; i++) {
        str old = arena_fmt(&w->arena, "a/%d", i), new = arena_fmt(&w->arena, "x/y/%d", i);
        assert_int_equal(store_mailbox_find(v, w->alice, old, &m), ERR_NOTFOUND);
        assert_int_equal(store_mailbox_find(v, w->alice, new, &m), OK);
    }
    assert_int_equal(store_mailbox_find(v, w->alice, S("a"), &m), ERR_NOTFOUND);
    view_end(v);
    /* A child whose new name would be too long keeps all where they are. */
    struct buf deep = buf_make(MAILBOX_NAME_BYTES);
    buf_fill(&deep, 'd', MAILBOX_NAME_BYTES - 4);
    assert_int_equal(store_mailbox_rename(w->store, w->alice, S("x/y"), buf_str(&deep)), ERR_LIMIT);
    buf_free(&deep);
    box_of(w, S("x/y/2499"));
}

/* What the first commit of a rename leaves behind when there is no second one. */
static enum err begin_rename(struct txn *t, void *arg)
{
    const struct world *w = arg;
    const char *names[] = { "a", "b" };
    for (uint32_t which = 0; which < COUNT_OF(names); which++) {
        struct key k = key_of(TAG_RENAME);
        struct buf b = row_new();
        key_u64(&k, 9);
        key_u32(&k, which);
        row_add_str(&b, str_of(names[which]));
        row_put(t, w->alice, &k, &b);
    }
    return OK;
}

static void a_rename_that_was_cut_short_is_finished(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w, "a/one"), OK);
    assert_int_equal(create(w, "a/two/three"), OK);
    assert_int_equal(create(w, "b/two"), OK); /* somebody was quicker */
    assert_int_equal(engine_commit(w->engine, begin_rename, w), OK);
    assert_int_equal(store_tidy(w->store), OK);
    box_of(w, S("b/one"));
    box_of(w, S("b/two/three"));
    box_of(w, S("a/two"));
    assert_int_equal(create(w, "a/four"), OK);
    assert_int_equal(store_tidy(w->store), OK);
    box_of(w, S("a/four")); /* it is over */
}

static void rename_of_inbox_moves_messages(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 3);
    assert_int_equal(rename_to(w, "INBOX", "old"), OK);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
    assert_int_equal(box_of(w, S("old")).messages, 3);
    assert_int_equal(refs_of(w, blob_in(w, S("old"), 1)), 1);
}

static void subscriptions_outlive_mailboxes(void **state)
{
    struct world *w = *state;
    assert_int_equal(create(w, "a"), OK);
    assert_int_equal(store_mailbox_subscribe(w->store, w->alice, S("a"), true), OK);
    assert_names(w, "a s ");
    assert_int_equal(delete (w, "a"), OK);
    assert_names(w, "a-s ");
    assert_int_equal(store_mailbox_subscribe(w->store, w->alice, S("a"), false), OK);
    assert_names(w, "");
}

static enum err copy(struct world *w, str from, str to, bool move, struct copied *out)
{
    struct copy c = { .account = w->alice, .from = box_of(w, from).id, .to = to, .move = move };
    c.actor = (struct actor){ S("imap"), S("127.0.0.1:1") };
    out->from = uidset_make(&w->arena);
    out->to = uidset_make(&w->arena);
    return store_copy(w->store, &c, out);
}

static void copies_share_the_body(void **state)
{
    struct world *w = *state;
    struct copied out;
    append_many(w, S("INBOX"), 3);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 2, 2), FLAGS_ADD, FLAG_FLAGGED), OK);
    assert_int_equal(copy(w, S("INBOX"), S("Archive"), false, &out), OK);
    assert_int_equal(refs_of(w, blob_in(w, S("INBOX"), 2)), 2);
    assert_int_equal(copy(w, S("INBOX"), S("Trash"), true, &out), OK);
    assert_true(str_eq(text_of(w, &out.from), S("1:3")));
    assert_int_equal(refs_of(w, blob_in(w, S("Trash"), 2)), 2);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
    struct message m;
    struct mailbox trash = box_of(w, S("Trash"));
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &trash, (struct uid){ 2 }, &m), OK);
    assert_int_equal(m.flags.system, FLAG_FLAGGED);
    view_end(v);
    assert_int_equal(copy(w, S("Trash"), S("Nowhere"), true, &out), ERR_NOTFOUND);
}

static void keywords_are_translated(void **state)
{
    struct world *w = *state;
    const str a[] = { S("one"), S("two") }, b[] = { S("two") };
    struct uidset first = set_of(w, 1, 1);
    struct flag_change c = { .account = w->alice, .uids = &first, .unchanged_since.n = UINT64_MAX };
    append_many(w, S("INBOX"), 1);
    append_many(w, S("Trash"), 1);
    c.mailbox = box_of(w, S("INBOX")).id;
    c.keywords = a;
    c.keywords_n = 2;
    assert_int_equal(store_flags(w->store, &c, NULL), OK);
    c.mailbox = box_of(w, S("Trash")).id;
    c.keywords = b;
    c.keywords_n = 1;
    assert_int_equal(store_flags(w->store, &c, NULL), OK);
    struct copied out;
    assert_int_equal(copy(w, S("INBOX"), S("Trash"), false, &out), OK);
    struct mailbox trash = box_of(w, S("Trash"));
    const str *names;
    size_t n;
    struct message m;
    struct view *v = store_view(w->store);
    assert_int_equal(store_keywords(v, &trash, &w->arena, &names, &n), OK);
    assert_int_equal(n, 2);
    assert_true(str_eq(names[0], S("two")) && str_eq(names[1], S("one")));
    assert_int_equal(store_message(v, &trash, (struct uid){ 2 }, &m), OK);
    assert_int_equal(m.flags.keywords, 3);
    view_end(v);
}

static void quota_stops_append_and_copy(void **state)
{
    struct world *w = *state;
    struct user u = { .address = S("alice@a.test"), .password_hash = S("h"), .quota_bytes = 100 };
    struct appended out;
    struct copied copied;
    str forty = S("Subject: a message\r\n\r\nof forty bytes.\r\n");
    assert_int_equal(store_user_update(w->store, &u), OK);
    append(w, S("INBOX"), forty, 0);
    append(w, S("INBOX"), forty, 0);
    assert_int_equal(try_append(w, S("INBOX"), forty, 0, &out), ERR_LIMIT);
    assert_int_equal(copy(w, S("INBOX"), S("Sent"), false, &copied), ERR_LIMIT);
    assert_int_equal(box_of(w, S("Sent")).messages, 0);
    assert_int_equal(copy(w, S("INBOX"), S("Sent"), true, &copied), OK);
    u.quota_bytes = 0;
    u.quota_messages = 2;
    assert_int_equal(store_user_update(w->store, &u), OK);
    assert_int_equal(try_append(w, S("INBOX"), forty, 0, &out), ERR_LIMIT);
}

/* --- directory ------------------------------------------------------------------------------- */

static void domains_and_users(void **state)
{
    struct world *w = *state;
    struct account a;
    struct user u = { .address = S("bob@b.test"), .password_hash = S("h") };
    assert_int_equal(store_user_add(w->store, &u, &a), ERR_NOTFOUND);
    assert_int_equal(store_domain_add(w->store, S("a.test")), ERR_EXISTS);
    assert_int_equal(store_domain_add(w->store, S("b.test")), OK);
    assert_int_equal(store_user_add(w->store, &u, &a), OK);
    assert_int_not_equal(a.n, w->alice.n);
    assert_int_equal(store_user_add(w->store, &u, &a), ERR_EXISTS);
    assert_int_equal(store_domain_remove(w->store, S("b.test")), ERR_CONFLICT);
    u.suspended = true;
    u.quota_bytes = 7;
    assert_int_equal(store_user_update(w->store, &u), OK);
    struct user found;
    struct view *v = store_view(w->store);
    assert_true(store_domain_is_ours(v, S("b.test")));
    assert_false(store_domain_is_ours(v, S("c.test")));
    assert_int_equal(store_user_find(v, S("bob@b.test"), &found), OK);
    assert_int_equal(found.account.n, a.n);
    assert_true(found.suspended && found.quota_bytes == 7 && found.created_us > 0);
    assert_int_equal(store_user_by_account(v, a, &found), OK);
    assert_true(str_eq(found.address, S("bob@b.test")));
    view_end(v);
    assert_int_equal(store_user_remove(w->store, S("bob@b.test")), OK);
    assert_int_equal(store_user_remove(w->store, S("bob@b.test")), ERR_NOTFOUND);
    assert_int_equal(rows_in(w, a), 0);
    assert_int_equal(store_domain_remove(w->store, S("b.test")), OK);
}

static void a_removed_user_takes_all_mail_along(void **state)
{
    struct world *w = *state;
    append_many(w, S("INBOX"), 10);
    append_many(w, S("Sent"), 10);
    struct blob blob = blob_in(w, S("Sent"), 3);
    struct account old = w->alice;
    assert_int_equal(store_user_remove(w->store, S("alice@a.test")), OK);
    assert_int_equal(rows_in(w, old), 0);
    assert_int_equal(refs_of(w, blob), 0);
    w->alice = add_user(w, S("alice@a.test"));
    assert_int_not_equal(w->alice.n, old.n);
    assert_int_equal(box_of(w, S("INBOX")).messages, 0);
}

static void aliases_have_targets(void **state)
{
    struct world *w = *state;
    struct store *s = w->store;
    const str *targets;
    size_t n;
    assert_int_equal(store_alias_add(s, S("sales@a.test"), S("alice@a.test")), OK);
    assert_int_equal(store_alias_add(s, S("sales@a.test"), S("x@far.test")), OK);
    assert_int_equal(store_alias_add(s, S("sales@a.test"), S("x@far.test")), ERR_EXISTS);
    assert_int_equal(store_alias_add(s, S("sales@a.tes"), S("x@far.test")), ERR_NOTFOUND);
    /* A user's own address may be one: mail is passed on, and kept too if it names itself. */
    assert_int_equal(store_alias_add(s, S("alice@a.test"), S("x@far.test")), OK);
    assert_int_equal(store_alias_add(s, S("alice@a.test"), S("alice@a.test")), OK);
    assert_int_equal(store_alias_remove(s, S("alice@a.test"), S("")), OK);
    assert_int_equal(store_alias_add(s, S("@a.test"), S("alice@a.test")), OK);
    struct view *v = store_view(s);
    assert_int_equal(store_alias_targets(v, S("sales@a.test"), &w->arena, &targets, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(store_alias_targets(v, S("sale@a.test"), &w->arena, &targets, &n),
                     ERR_NOTFOUND);
    view_end(v);
    struct user u = { .address = S("sales@a.test"), .password_hash = S("h") };
    struct account a;
    assert_int_equal(store_user_add(s, &u, &a), ERR_EXISTS);
    assert_int_equal(store_alias_remove(s, S("sales@a.test"), S("x@far.test")), OK);
    assert_int_equal(store_alias_remove(s, S("sales@a.test"), S("x@far.test")), ERR_NOTFOUND);
    assert_int_equal(store_alias_remove(s, S("sales@a.test"), S("")), OK);
    assert_int_equal(store_user_add(s, &u, &a), OK);
}

static void maildrops_have_one_owner(void **state)
{
    struct world *w = *state;
    assert_int_equal(store_maildrop_lock(w->store, w->alice), OK);
    assert_int_equal(store_maildrop_lock(w->store, w->alice), ERR_EXISTS);
    store_maildrop_unlock(w->store, w->alice);
    assert_int_equal(store_maildrop_lock(w->store, w->alice), OK);
    store_maildrop_unlock(w->store, w->alice);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_user_begins_with_six),
        CASE(create_makes_parents),
        CASE(bad_names_are_refused),
        CASE(delete_keeps_parents_of_others),
        CASE(delete_leaves_no_rows_when_it_is_over),
        CASE(a_name_never_has_an_old_uidvalidity),
        CASE(rename_takes_children_along),
        CASE(rename_takes_thousands_of_children),
        CASE(a_rename_that_was_cut_short_is_finished),
        CASE(rename_of_inbox_moves_messages),
        CASE(subscriptions_outlive_mailboxes),
        CASE(copies_share_the_body),
        CASE(keywords_are_translated),
        CASE(quota_stops_append_and_copy),
        CASE(domains_and_users),
        CASE(a_removed_user_takes_all_mail_along),
        CASE(aliases_have_targets),
        CASE(maildrops_have_one_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
