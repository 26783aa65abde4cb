/* check_test.c - the check finds what is broken: one damage a time. */
#include "store/testing_int.h"
#include "mail/card.h"
#include "store/check_int.h"

enum { INBOX = 1 }; /* the number of a user's first mailbox */

static void lose_message(struct txn *t, struct account a)
{
    struct key k = key_box_u32(TAG_MESSAGE, INBOX, 2);
    row_delete(t, a, &k);
}

static void lose_change(struct txn *t, struct account a)
{
    struct flags_row f;
    assert_int_equal(flags_get(in_txn(t), a, INBOX, (struct uid){ 2 }, &f), OK);
    struct key k = key_change(TAG_CHANGE, INBOX, f.modseq, (struct uid){ 2 });
    row_delete(t, a, &k);
}

static void flip_flag(struct txn *t, struct account a)
{
    struct flags_row f;
    assert_int_equal(flags_get(in_txn(t), a, INBOX, (struct uid){ 2 }, &f), OK);
    f.flags.system ^= FLAG_SEEN;
    flags_put(t, a, INBOX, (struct uid){ 2 }, &f);
}

static void lose_live_bits(struct txn *t, struct account a)
{
    struct key k = key_box_u32(TAG_LIVE, INBOX, 0);
    row_delete(t, a, &k);
}

static void wrong_head(struct txn *t, struct account a)
{
    struct head h;
    assert_int_equal(head_get(in_txn(t), a, INBOX, &h), OK);
    h.unseen++;
    head_put(t, a, INBOX, &h);
}

static void wrong_quota(struct txn *t, struct account a)
{
    struct ledger_row l;
    assert_int_equal(ledger_row_get(in_txn(t), a, &l), OK);
    l.bytes--;
    ledger_row_put(t, a, &l);
}

static void lose_name(struct txn *t, struct account a)
{
    struct key k = key_name(TAG_NAME, S("INBOX"));
    row_delete(t, a, &k);
}

static void live_and_expunged(struct txn *t, struct account a)
{
    struct key k = key_change(TAG_TOMBSTONE, INBOX, (struct modseq){ 3 }, (struct uid){ 2 });
    row_put_empty(t, a, &k);
}

static void lose_reference(struct txn *t, struct account a)
{
    struct message m = { 0 };
    assert_int_equal(message_get(in_txn(t), a, INBOX, (struct uid){ 2 }, &m), OK);
    txn_blob_ref(t, m.blob, -1);
}

static void change_message(struct txn *t, struct account a, void (*change)(struct message *m))
{
    struct message m = { 0 };
    assert_int_equal(message_get(in_txn(t), a, INBOX, (struct uid){ 2 }, &m), OK);
    m.uid.n = 2;
    struct buf card = buf_make(CARD_BYTES);
    buf_add(&card, m.card);
    m.card = buf_str(&card);
    change(&m);
    message_put(t, a, INBOX, &m);
    buf_free(&card);
}

static void flip_in_card(struct message *m)
{
    ((char *)(uintptr_t)m->card.p)[m->card.n - 3] ^= 4;
}

/* Made by another parser, which read the message a little otherwise. */
static void other_card(struct message *m)
{
    flip_in_card(m);
    *(char *)(uintptr_t)m->card.p += 16;
}

static void put_other_card(struct txn *t, struct account a)
{
    change_message(t, a, other_card);
}

static void cut_header(struct message *m)
{
    struct card was, is;
    char *p = (char *)(uintptr_t)m->card.p;
    other_card(m);
    assert_true(card_open(m->card, &was));
    for (size_t i = 1; i < m->card.n; i++) { /* wherever the number is */
        p[i] ^= 1;
        if (card_open(m->card, &is) && is.header_bytes != was.header_bytes) return;
        p[i] ^= 1;
    }
    fail_msg("no header_bytes in the card");
}

static void wrong_other_card(struct txn *t, struct account a)
{
    change_message(t, a, cut_header);
}

static void wrong_card(struct txn *t, struct account a)
{
    change_message(t, a, flip_in_card);
}

static void drop_card(struct message *m)
{
    m->card = S("");
}

static void lose_card(struct txn *t, struct account a)
{
    change_message(t, a, drop_card);
}

static void grow(struct message *m)
{
    m->size_bytes++;
}

static void wrong_size(struct txn *t, struct account a)
{
    struct head h;
    struct ledger_row l;
    change_message(t, a, grow);
    assert_int_equal(head_get(in_txn(t), a, INBOX, &h), OK);
    h.size_bytes++;
    head_put(t, a, INBOX, &h);
    assert_int_equal(ledger_row_get(in_txn(t), a, &l), OK);
    l.bytes++;
    ledger_row_put(t, a, &l);
}

/* References that nobody has. */
static void stray_reference(struct txn *t, struct account a)
{
    struct message m = { 0 };
    assert_int_equal(message_get(in_txn(t), a, INBOX, (struct uid){ 4 }, &m), OK);
    txn_blob_ref(t, m.blob, 1); /* 4 was expunged */
}

static void unreadable(struct txn *t, struct account a)
{
    struct key k = key_box_u32(TAG_FLAGS, INBOX, 2);
    txn_put(t, a, key_str(&k), S("\x01\xff"));
}

static void lose_user(struct txn *t, struct account a)
{
    struct key k = key_of(TAG_USER_OF);
    key_u64(&k, a.n);
    row_delete(t, ACCOUNT_DIRECTORY, &k);
}

static struct key user_key(str address)
{
    return key_name(TAG_USER, address);
}

static void cut_user(struct txn *t, struct account a)
{
    struct key k = user_key(S("alice@a.test"));
    struct buf b = row_new();
    row_add_str(&b, S("alice@a.test"));
    buf_varint(&b, a.n);
    buf_add(&b, S("\x7f$")); /* a password hash of 127 bytes, and one is there */
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
}

/* What a terminal would obey. */
static void name_that_commands(struct txn *t, struct account a)
{
    user_put(t, &(struct user){ .account = { a.n + 7 }, .address = S("\x1b[31m\r\n@a.test") });
}

/* Under a name of its own: whom the account names is another. */
static void two_users(struct txn *t, struct account a)
{
    user_put(t, &(struct user){ .account = a, .address = S("eve@a.test") });
}

static void no_account(struct txn *t, struct account a)
{
    (void)a;
    user_put(t, &(struct user){ .account = { 1 }, .address = S("eve@a.test") });
}

static void other_name(struct txn *t, struct account a)
{
    struct key k = user_key(S("alice@a.test"));
    struct buf b = row_new();
    row_add_str(&b, S("alike@a.test"));
    buf_varint(&b, a.n);
    row_put(t, ACCOUNT_DIRECTORY, &k, &b);
}

/* Two accounts of one user. */
static void other_owner(struct txn *t, struct account a)
{
    struct key k = key_of(TAG_USER_OF);
    user_put(t, &(struct user){ .account = { a.n + 7 }, .address = S("bob@a.test") });
    key_u64(&k, a.n);
    txn_put(t, ACCOUNT_DIRECTORY, key_str(&k), S("bob@a.test"));
    k = key_of(TAG_USER_OF);
    key_u64(&k, a.n + 7);
    txn_put(t, ACCOUNT_DIRECTORY, key_str(&k), S("bob@a.test"));
    k = user_key(S("alice@a.test"));
    row_delete(t, ACCOUNT_DIRECTORY, &k);
}

static void lose_due(struct txn *t, struct account a)
{
    (void)a;
    struct queue_entry e;
    assert_int_equal(rcpt_get(in_txn(t), (struct queue_key){ { 1 }, 0 }, &e), OK);
    struct key k = key_due(&e);
    row_delete(t, ACCOUNT_QUEUE, &k);
}

static void lose_recipient(struct txn *t, struct account a)
{
    (void)a;
    struct key k = key_rcpt((struct queue_key){ { 1 }, 0 });
    row_delete(t, ACCOUNT_QUEUE, &k);
}

static const struct {
    const char *name;
    void (*damage)(struct txn *t, struct account a);
} cases[] = {
    { "a message's row", lose_message },
    { "a change row", lose_change },
    { "flags against bits", flip_flag },
    { "live bits", lose_live_bits },
    { "a head's count", wrong_head },
    { "the quota", wrong_quota },
    { "a name", lose_name },
    { "live and expunged", live_and_expunged },
    { "a blob's reference", lose_reference },
    { "a reference too many", stray_reference },
    { "a card that is not its message's", wrong_card },
    { "a card of another parser that is not its message's", wrong_other_card },
    { "a card that is gone", lose_card },
    { "a wrong size", wrong_size },
    { "an unreadable row", unreadable },
    { "the user of an account", lose_user },
    { "a user's row that is cut", cut_user },
    { "two users of one account", two_users },
    { "a user's name that commands", name_that_commands },
    { "a user without an account", no_account },
    { "a user's row under another's name", other_name },
    { "two accounts of one user", other_owner },
    { "a queue entry that is never due", lose_due },
    { "a queued message without recipients", lose_recipient },
};

struct damage {
    void (*fn)(struct txn *t, struct account a);
    struct account account;
};

static enum err damage(struct txn *t, void *arg)
{
    const struct damage *d = arg;
    d->fn(t, d->account);
    return OK;
}

static void count_fault(void *arg, str what)
{
    assert_false(utf8_has_control(what));
    ++*(unsigned *)arg;
}

/* A mailbox with messages, an expunged one, and a queue entry. */
static void fill(struct world *w)
{
    struct queue_rcpt to = { .address = S("bob@b.test") };
    struct accept a = { .id = { 1 }, .queue = &to, .queue_n = 1 };
    append_many(w, S("INBOX"), 5);
    assert_int_equal(flag(w, S("INBOX"), set_of(w, 4, 4), FLAGS_ADD, FLAG_DELETED), OK);
    assert_true(str_eq(expunge_all(w, S("INBOX"), NULL, false), S("4")));
    a.body = make_body(w, S("a: b\r\n\r\n"));
    assert_int_equal(store_accept(w->store, &a), OK);
    body_free(a.body);
}

static void say_repair(void *arg, str what)
{
    assert_false(utf8_has_control(what));
    print_message("  %s: %.*s\n", (const char *)arg, STR_ARG(what));
}

/* And once is enough. */
static void repair_mends_it(struct world *w, const char *name)
{
    char text[64] = "";
    bytes_copy(text, sizeof text - 1, name, str_of(name).n);
    struct repair_report first = { .lost = say_repair, .mended = say_repair, .arg = text };
    struct repair_report again = first;
    struct check_report report = { .fault = print_fault };
    assert_int_equal(store_mend(w->store, &first), OK);
    assert_true(first.lost_n + first.mended_n > 0);
    if (store_check(w->store, &report) != OK) fail_msg("%s: not mended", name);
    assert_int_equal(store_mend(w->store, &again), OK);
    assert_int_equal(again.lost_n + again.mended_n, 0);
}

static void each_damage_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        void *fresh;
        unsigned faults = 0;
        world_begin(&fresh);
        struct world *w = fresh;
        struct damage d = { cases[i].damage, w->alice };
        struct check_report report = { .fault = count_fault, .arg = &faults };
        fill(w);
        struct check_report before = { .fault = print_fault };
        assert_int_equal(store_check(w->store, &before), OK);
        assert_int_equal(before.messages, 5); /* four in INBOX, one queued */
        assert_int_equal(engine_commit(w->engine, damage, &d), OK);
        enum err e = store_check(w->store, &report);
        if (e != ERR_CORRUPT || faults == 0) fail_msg("%s: not found", cases[i].name);
        repair_mends_it(w, cases[i].name);
        store_close(w->store);
        arena_free(&w->arena);
        mem_free(w);
    }
}

/* After an upgrade nobody is told that all old mail is damaged, and repair leaves it alone. */
static void a_card_of_another_parser_is_no_fault(void **state)
{
    (void)state;
    void *fresh;
    world_begin(&fresh);
    struct world *w = fresh;
    struct damage d = { put_other_card, w->alice };
    static char nobody[] = "";
    struct check_report report = { .fault = print_fault };
    struct repair_report repair = { .lost = say_repair, .mended = say_repair, .arg = nobody };
    fill(w);
    assert_int_equal(engine_commit(w->engine, damage, &d), OK);
    assert_int_equal(store_check(w->store, &report), OK);
    assert_int_equal(store_mend(w->store, &repair), OK);
    assert_int_equal(repair.lost_n + repair.mended_n, 0);
    store_close(w->store);
    arena_free(&w->arena);
    mem_free(w);
}

/* However little room there is, every reference is seen once, whole blobs a time. */
static void references_are_gathered_in_ranges(void **state)
{
    (void)state;
    void *fresh;
    world_begin(&fresh);
    struct world *w = fresh;
    append_many(w, S("INBOX"), 50);
    struct uidset few = set_of(w, 10, 29);
    struct copy copy = { .account = w->alice, .from = box_of(w, S("INBOX")).id, .uids = &few };
    struct copied copied = { .from = uidset_make(&w->arena), .to = uidset_make(&w->arena) };
    copy.to = S("Archive");
    copy.actor = (struct actor){ S("imap"), S("") };
    assert_int_equal(store_copy(w->store, &copy, &copied), OK);
    for (size_t max = 1; max < 80; max += 13) {
        struct checking c = { .store = w->store };
        struct refs refs = { .max = max };
        size_t seen = 0, rounds = 0;
        uint64_t before = 0;
        do {
            c.view = store_view(w->store);
            assert_int_equal(refs_gather(&c, &refs), OK);
            view_end(c.view);
            for (size_t i = 0; i < refs.n; i++, seen++) {
                assert_true(refs.refs[i].blob >= refs.first && refs.refs[i].blob <= refs.last);
                assert_true(refs.refs[i].blob >= before);
                before = refs.refs[i].blob;
            }
            refs.first = refs.last + 1;
            rounds++;
        } while (refs.last != UINT64_MAX);
        assert_int_equal(seen, 70);
        assert_true(max > 70 ? rounds == 1 : rounds > 1);
        refs_free(&refs);
    }
    store_close(w->store);
    arena_free(&w->arena);
    mem_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_damage_is_found),
        cmocka_unit_test(a_card_of_another_parser_is_no_fault),
        cmocka_unit_test(references_are_gathered_in_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
