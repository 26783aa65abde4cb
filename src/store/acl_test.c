/* acl_test.c - grants: who gets what, what is found by whom, what goes with whom; copies between
 * accounts. */
#include "store/repair_int.h"
#include "store/testing_int.h"

struct two {
    struct world *w;
    struct account bob;
};

static struct two two(struct world *w)
{
    return (struct two){ w, add_user(w, S("bob@a.test")) };
}

static enum err grant_to(struct world *w, str box, struct grantee to, enum acl_op op,
                         uint32_t rights)
{
    struct acl_change c = { w->alice, box_of(w, box).id, to, op, rights };
    return store_acl_set(w->store, &c);
}

static enum err grant(struct world *w, str box, struct account who, uint32_t rights)
{
    return grant_to(w, box, (struct grantee){ who, false }, ACL_REPLACE, rights);
}

static uint32_t rights_in(struct world *w, str box, struct account who)
{
    uint32_t rights = 0;
    struct mailbox m = box_of(w, box);
    struct view *v = store_view(w->store);
    assert_int_equal(store_rights(v, w->alice, m.id, who, &rights), OK);
    view_end(v);
    return rights;
}

static bool add_shared(void *arg, const struct mailbox *m, uint32_t rights)
{
    buf_addf(arg, "%.*s:%x ", STR_ARG(m->name), rights);
    return true;
}

static void assert_shared(struct world *w, struct account who, const char *want)
{
    struct buf b = buf_make(4096);
    struct view *v = store_view(w->store);
    assert_int_equal(store_shared(v, who, add_shared, &b), OK);
    view_end(v);
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("shared: \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
    buf_free(&b);
}

static bool add_grant(void *arg, const struct grant *g)
{
    buf_addf(arg, "%s%llu:%x ", g->to.negative ? "-" : "", (unsigned long long)g->to.who.n,
             g->rights);
    return true;
}

static void assert_acl(struct world *w, str box, const char *want)
{
    struct buf b = buf_make(4096);
    struct mailbox m = box_of(w, box);
    struct view *v = store_view(w->store);
    assert_int_equal(store_acl(v, &m, add_grant, &b), OK);
    view_end(v);
    if (!str_eq(buf_str(&b), str_of(want)))
        fail_msg("acl: \"%.*s\", want \"%s\"", STR_ARG(buf_str(&b)), want);
    buf_free(&b);
}

static void rights_add_up(void **state)
{
    struct two t = two(*state);
    const struct account anyone = { GRANT_ANYONE }, authuser = { GRANT_AUTHUSER };
    assert_int_equal(rights_in(t.w, S("INBOX"), t.w->alice), RIGHTS_ALL);
    assert_int_equal(rights_in(t.w, S("INBOX"), t.bob), 0);
    assert_int_equal(grant(t.w, S("INBOX"), t.bob, 3), OK);
    assert_int_equal(grant(t.w, S("INBOX"), anyone, 4), OK);
    assert_int_equal(grant(t.w, S("INBOX"), authuser, 8), OK);
    assert_int_equal(rights_in(t.w, S("INBOX"), t.bob), 15);
    assert_int_equal(rights_in(t.w, S("Sent"), t.bob), 0);
    struct grantee not_bob = { t.bob, true }, not_anyone = { anyone, true };
    assert_int_equal(grant_to(t.w, S("INBOX"), not_bob, ACL_ADD, 2), OK);
    assert_int_equal(grant_to(t.w, S("INBOX"), not_anyone, ACL_ADD, 4), OK);
    assert_int_equal(rights_in(t.w, S("INBOX"), t.bob), 9);
    assert_int_equal(rights_in(t.w, S("INBOX"), t.w->alice), RIGHTS_ALL);
    assert_acl(t.w, S("INBOX"), "0:4 -0:4 1:8 17:3 -17:2 ");
    assert_int_equal(grant_to(t.w, S("INBOX"), (struct grantee){ t.bob, false }, ACL_ADD, 64), OK);
    assert_int_equal(grant_to(t.w, S("INBOX"), (struct grantee){ t.bob, false }, ACL_REMOVE, 1),
                     OK);
    assert_acl(t.w, S("INBOX"), "0:4 -0:4 1:8 17:42 -17:2 ");
}

static void what_cannot_be_granted(void **state)
{
    struct two t = two(*state);
    assert_int_equal(grant(t.w, S("INBOX"), t.w->alice, 1), ERR_DENIED);
    assert_int_equal(grant(t.w, S("INBOX"), (struct account){ 4711 }, 1), ERR_CONFLICT);
    assert_int_equal(grant(t.w, S("INBOX"), (struct account){ 2 }, 1), ERR_CONFLICT);
    struct acl_change c = { t.bob, box_of(t.w, S("INBOX")).id, { t.bob, false }, ACL_ADD, 1 };
    assert_int_equal(store_acl_set(t.w->store, &c), ERR_DENIED);
    c.to.who.n = GRANT_ANYONE; /* a mailbox of another account under this one's name */
    assert_int_equal(store_acl_set(t.w->store, &c), ERR_NOTFOUND);
    for (int i = 0; i < ACL_GRANTS; i++) {
        str address = arena_fmt(&t.w->arena, "user%d@a.test", i);
        assert_int_equal(grant(t.w, S("Junk"), add_user(t.w, address), 1), OK);
    }
    assert_int_equal(grant(t.w, S("Junk"), t.bob, 1), ERR_LIMIT);
}

static void what_is_shared_is_found(void **state)
{
    struct two t = two(*state);
    const struct account anyone = { GRANT_ANYONE }, authuser = { GRANT_AUTHUSER };
    struct mailbox_id id;
    assert_shared(t.w, t.bob, "");
    assert_int_equal(grant(t.w, S("Sent"), t.bob, 3), OK);
    assert_int_equal(grant(t.w, S("Sent"), anyone, 4), OK);
    assert_int_equal(grant(t.w, S("Junk"), anyone, 1), OK);
    assert_int_equal(grant(t.w, S("Junk"), authuser, 2), OK);
    assert_shared(t.w, t.bob, "Sent:7 Junk:3 ");
    assert_shared(t.w, t.w->alice, "");
    assert_int_equal(grant(t.w, S("Junk"), anyone, 0), OK);
    assert_shared(t.w, t.bob, "Sent:7 Junk:2 ");
    assert_int_equal(grant(t.w, S("Junk"), authuser, 0), OK);
    assert_int_equal(grant(t.w, S("Sent"), t.bob, 0), OK);
    assert_shared(t.w, t.bob, "Sent:4 ");
    assert_int_equal(store_mailbox_rename(t.w->store, t.w->alice, S("Sent"), S("Out")), OK);
    assert_shared(t.w, t.bob, "Out:4 ");
    assert_int_equal(store_mailbox_create(t.w->store, t.w->alice, S("Out/2026/May"), 0, &id), OK);
    assert_shared(t.w, t.bob, "Out:4 Out/2026:4 Out/2026/May:4 ");
    assert_int_equal(store_mailbox_delete(t.w->store, t.w->alice, S("Out/2026/May")), OK);
    append_many(t.w, S("Out/2026"), 1);
    assert_int_equal(store_mailbox_delete(t.w->store, t.w->alice, S("Out/2026")), OK);
    assert_shared(t.w, t.bob, "Out:4 ");
    assert_int_equal(store_mailbox_create(t.w->store, t.w->alice, S("Out/2026"), 0, &id), OK);
    assert_int_equal(grant(t.w, S("Out/2026"), anyone, 0), OK);
    assert_shared(t.w, t.bob, "Out:4 ");
}

static bool count_row(void *arg, str key, str value)
{
    (void)key, (void)value;
    ++*(unsigned *)arg;
    return true;
}

static unsigned rows_of(struct world *w, struct account a, enum tag tag)
{
    unsigned n = 0;
    struct key all = key_of(tag);
    struct view *v = store_view(w->store);
    assert_int_equal(source_scan(in_view(v), a, &all, &all, count_row, &n), OK);
    view_end(v);
    return n;
}

static void who_is_removed_has_nothing_left(void **state)
{
    struct two t = two(*state);
    struct acl_change back = { t.bob, { 0 }, { t.w->alice, false }, ACL_ADD, RIGHTS_ALL };
    struct mailbox m;
    struct view *v = store_view(t.w->store);
    assert_int_equal(store_mailbox_find(v, t.bob, S("INBOX"), &m), OK);
    view_end(v);
    back.mailbox = m.id;
    assert_int_equal(store_acl_set(t.w->store, &back), OK);
    back.to.who.n = GRANT_ANYONE;
    assert_int_equal(store_acl_set(t.w->store, &back), OK);
    assert_int_equal(grant(t.w, S("INBOX"), t.bob, 3), OK);
    assert_int_equal(grant_to(t.w, S("Sent"), (struct grantee){ t.bob, true }, ACL_ADD, 3), OK);
    assert_int_equal(rows_of(t.w, t.w->alice, TAG_SHARED), 1);
    assert_int_equal(rows_of(t.w, ACCOUNT_DIRECTORY, TAG_SHARED), 1);
    assert_int_equal(store_user_remove(t.w->store, S("bob@a.test")), OK);
    assert_int_equal(rows_of(t.w, t.w->alice, TAG_SHARED), 0);
    assert_int_equal(rows_of(t.w, t.w->alice, TAG_GRANT), 0);
    assert_int_equal(rows_of(t.w, ACCOUNT_DIRECTORY, TAG_SHARED), 0);
    assert_int_equal(rows_of(t.w, t.bob, TAG_SHARED), 0);
    struct account again = add_user(t.w, S("bob@a.test"));
    assert_shared(t.w, again, "");
    assert_int_equal(rights_in(t.w, S("INBOX"), again), 0);
}

/* --- damage ----------------------------------------------------------------------------------- */
struct damage {
    struct two t;
    uint32_t m;
    int which;
};

static enum err damage(struct txn *t, void *arg)
{
    const struct damage *d = arg;
    struct account alice = d->t.w->alice, bob = d->t.bob;
    struct key shared = key_shared(alice, d->m), other = key_shared(alice, 77);
    struct key grant = key_grant(d->m, (struct grantee){ bob, false });
    struct key lost = key_grant(77, (struct grantee){ bob, false });
    struct key nobody = key_grant(d->m, (struct grantee){ { 4711 }, false });
    struct key odd = key_box(TAG_GRANT, d->m);
    switch (d->which) {
    case 0: row_delete(t, bob, &shared); break;
    case 1: row_delete(t, alice, &grant); break;
    case 2: row_put_empty(t, bob, &other); break;
    case 3: row_put_empty(t, ACCOUNT_DIRECTORY, &other); break;
    case 4: row_put_empty(t, alice, &lost); break;
    case 5: row_put_empty(t, alice, &nobody); break;
    case 6: row_put_empty(t, alice, &odd); break;
    default: return ERR_CORRUPT;
    }
    return OK;
}

static void hear(void *arg, str what)
{
    (void)what;
    ++*(unsigned *)arg;
}

static void damage_is_found_and_mended(void **state)
{
    struct two t = two(*state);
    unsigned n = 0;
    struct check_report check = { .fault = hear, .arg = &n, .unread = true };
    for (int which = 0; which < 7; which++) {
        struct repair_report repair = { .lost = hear, .mended = hear, .arg = &n };
        assert_int_equal(grant(t.w, S("INBOX"), t.bob, 3), OK);
        struct damage d = { t, mailbox_number(box_of(t.w, S("INBOX")).id), which };
        assert_clean(t.w);
        n = 0;
        assert_int_equal(engine_commit(t.w->engine, damage, &d), OK);
        assert_int_equal(store_check(t.w->store, &check), ERR_CORRUPT);
        assert_true(n > 0);
        n = 0;
        assert_int_equal(store_mend(t.w->store, &repair), OK);
        assert_true(n > 0);
        assert_clean(t.w);
        n = 0;
        assert_int_equal(store_mend(t.w->store, &repair), OK);
        assert_int_equal(n, 0);
    }
}

/* --- copies between accounts -------------------------------------------------------------------
 */
static enum err copy_to_bob(struct two t, bool move, struct copied *out)
{
    struct uidset all = set_of(t.w, 1, 100);
    *out = (struct copied){ .from = uidset_make(&t.w->arena), .to = uidset_make(&t.w->arena) };
    struct copy c = {
        .account = t.w->alice,
        .from = box_of(t.w, S("INBOX")).id,
        .uids = &all,
        .to_account = t.bob,
        .to = S("Archive"),
        .without = { FLAG_DELETED, true },
        .move = move,
        .actor = { S("test"), S("two") },
    };
    return store_copy(t.w->store, &c, out);
}

static struct quota quota_of(struct world *w, struct account a)
{
    struct quota q;
    struct view *v = store_view(w->store);
    assert_int_equal(store_quota(v, a, &q), OK);
    view_end(v);
    return q;
}

static void copies_go_to_another_account(void **state)
{
    struct two t = two(*state);
    struct copied out;
    struct mailbox theirs;
    struct message m;
    append(t.w, S("INBOX"), S("Subject: one\r\nMessage-ID: <1@x>\r\n\r\nx\r\n"),
           FLAG_SEEN | FLAG_DELETED);
    append(t.w, S("INBOX"), S("Subject: two\r\nReferences: <1@x>\r\n\r\ny\r\n"), FLAG_FLAGGED);
    assert_int_equal(copy_to_bob(t, false, &out), OK);
    assert_int_equal(quota_of(t.w, t.bob).messages, 2);
    assert_int_equal(quota_of(t.w, t.w->alice).messages, 2);
    struct view *v = store_view(t.w->store);
    assert_int_equal(store_mailbox_find(v, t.bob, S("Archive"), &theirs), OK);
    assert_int_equal(theirs.messages, 2);
    assert_int_equal(store_message(v, &theirs, (struct uid){ 1 }, &m), OK);
    assert_int_equal(m.flags.system, FLAG_SEEN);
    uint64_t thread = m.thread_id;
    assert_int_equal(store_message(v, &theirs, (struct uid){ 2 }, &m), OK);
    assert_int_equal(m.flags.system, FLAG_FLAGGED);
    assert_true(m.thread_id == thread && m.email_id != thread);
    view_end(v);
    assert_int_equal(store_user_quota(t.w->store, S("bob@a.test"), 0, 3), OK);
    assert_int_equal(copy_to_bob(t, false, &out), ERR_LIMIT);
    assert_int_equal(copy_to_bob(t, true, &out), ERR_LIMIT);
    assert_int_equal(quota_of(t.w, t.bob).messages, 2);
    assert_int_equal(quota_of(t.w, t.w->alice).messages, 2);
    assert_int_equal(store_user_quota(t.w->store, S("bob@a.test"), 0, 0), OK);
    assert_int_equal(copy_to_bob(t, true, &out), OK);
    assert_int_equal(quota_of(t.w, t.bob).messages, 4);
    assert_int_equal(quota_of(t.w, t.w->alice).messages, 0);
}

static void long_copies_go_in_steps(void **state)
{
    struct two t = two(*state);
    struct copied out;
    append_many(t.w, S("INBOX"), 300);
    assert_int_equal(copy_to_bob(t, false, &out), OK);
    assert_int_equal(uidset_count(&out.to), 100);
    assert_int_equal(quota_of(t.w, t.bob).messages, 100);
}

static void flags_that_are_kept_stay(void **state)
{
    struct world *w = *state;
    append(w, S("INBOX"), S("\r\n"), FLAG_SEEN | FLAG_DELETED);
    struct uidset all = set_of(w, 1, 1);
    struct mailbox inbox = box_of(w, S("INBOX"));
    struct flag_change c = { .account = w->alice, .mailbox = inbox.id, .uids = &all };
    c.op = FLAGS_REPLACE;
    c.system = FLAG_FLAGGED | FLAG_DRAFT;
    c.kept.system = FLAG_DELETED | FLAG_DRAFT;
    c.unchanged_since.n = UINT64_MAX;
    assert_int_equal(store_flags(w->store, &c, NULL), OK);
    struct message m;
    struct view *v = store_view(w->store);
    assert_int_equal(store_message(v, &inbox, (struct uid){ 1 }, &m), OK);
    view_end(v);
    assert_int_equal(m.flags.system, FLAG_FLAGGED | FLAG_DELETED);
}

static void what_deleted_messages_hold(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        append(w, S("INBOX"), S("Subject: x\r\n\r\n"), i % 2 ? 0 : FLAG_DELETED);
    struct mailbox inbox = box_of(w, S("INBOX"));
    for (size_t step = 1; step < 5; step++) {
        uint64_t bytes = 0;
        struct uid from = { 1 };
        struct view *v = store_view(w->store);
        for (int rounds = 0; from.n; rounds++) {
            assert_true(rounds < 5);
            assert_int_equal(store_deleted_bytes(v, &inbox, &from, step, &bytes), OK);
        }
        view_end(v);
        assert_int_equal(bytes, 3 * 14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rights_add_up, world_begin, world_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_granted, world_begin, world_end),
        cmocka_unit_test_setup_teardown(what_is_shared_is_found, world_begin, world_end),
        cmocka_unit_test_setup_teardown(who_is_removed_has_nothing_left, world_begin, world_end),
        cmocka_unit_test_setup_teardown(damage_is_found_and_mended, world_begin, world_end),
        cmocka_unit_test_setup_teardown(copies_go_to_another_account, world_begin, world_end),
        cmocka_unit_test_setup_teardown(long_copies_go_in_steps, world_begin, world_end),
        cmocka_unit_test_setup_teardown(flags_that_are_kept_stay, world_begin, world_end),
        cmocka_unit_test_setup_teardown(what_deleted_messages_hold, world_begin, world_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
