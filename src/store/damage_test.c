/* damage_test.c - rows that are damaged are told as such; they end no process, and nothing else. */
#include "store/testing_int.h"

enum { INBOX = 1 };

struct swap {
    struct account account;
    struct key key;
    str value;
    struct buf was;
};

static enum err swap_in(struct txn *t, void *arg)
{
    struct swap *s = arg;
    str was;
    enum err e = txn_get(t, s->account, key_str(&s->key), &was);
    if (e) return e;
    buf_reset(&s->was);
    buf_add(&s->was, was);
    txn_put(t, s->account, key_str(&s->key), s->value);
    return OK;
}

static enum err swap_back(struct txn *t, void *arg)
{
    struct swap *s = arg;
    txn_put(t, s->account, key_str(&s->key), buf_str(&s->was));
    return OK;
}

static enum err remove_row(struct txn *t, void *arg)
{
    const struct swap *s = arg;
    row_delete(t, s->account, &s->key);
    return OK;
}

/* --- what is asked of it --------------------------------------------------------------------- */

static struct mailbox inbox_of(struct world *w)
{
    return (struct mailbox){ .account = w->alice, .id = mailbox_id_of(w->alice, INBOX) };
}

static enum err ask_mailbox(struct world *w)
{
    struct mailbox m;
    struct view *v = store_view(w->store);
    enum err e = store_mailbox_find(v, w->alice, S("INBOX"), &m);
    view_end(v);
    return e;
}

static bool count(void *arg, const struct message *m)
{
    (void)m;
    ++*(unsigned *)arg;
    return true;
}

static enum err ask_messages(struct world *w)
{
    struct mailbox m = inbox_of(w);
    unsigned n = 0;
    struct view *v = store_view(w->store);
    struct uid_range all = { 1, UINT32_MAX };
    enum err e = store_messages(v, &m, all, WANT_FLAGS | WANT_CARD, count, &n);
    view_end(v);
    return e;
}

static enum err ask_keyword(struct world *w)
{
    const str word = S("work");
    struct uidset all = set_of(w, 1, 2);
    struct flag_change c = { .account = w->alice, .mailbox = inbox_of(w).id, .uids = &all };
    c.op = FLAGS_REMOVE;
    c.keywords = &word;
    c.keywords_n = 1;
    c.unchanged_since.n = UINT64_MAX;
    return store_flags(w->store, &c, NULL);
}

static enum err ask_flagged(struct world *w)
{
    struct uidset all = set_of(w, 1, 2);
    struct flag_change c = { .account = w->alice, .mailbox = inbox_of(w).id, .uids = &all };
    c.op = FLAGS_ADD;
    c.system = FLAG_FLAGGED;
    c.unchanged_since.n = UINT64_MAX;
    return store_flags(w->store, &c, NULL);
}

static enum err ask_append(struct world *w)
{
    struct appended out;
    return try_append(w, S("INBOX"), S("\r\n"), 0, &out);
}

static enum err ask_subscribe(struct world *w)
{
    return store_mailbox_subscribe(w->store, w->alice, S("Junk"), false);
}

/* --- the rows -------------------------------------------------------------------------------- */

static struct key key_of_name(str name)
{
    return key_name(TAG_NAME, name);
}

static void damage(struct world *w, struct key key, str value, enum err (*ask)(struct world *w))
{
    struct swap s = { .account = w->alice, .key = key, .value = value };
    s.was = buf_make(STORE_VALUE_BYTES);
    assert_int_equal(engine_commit(w->engine, swap_in, &s), OK);
    assert_int_equal(ask(w), ERR_CORRUPT);
    assert_int_equal(engine_commit(w->engine, swap_back, &s), OK);
    assert_int_equal(ask(w), OK);
    buf_free(&s.was);
}

static struct key key_keyword(unsigned char bit)
{
    struct key k = key_box(TAG_KEYWORD, INBOX);
    k.p[k.n++] = (char)bit;
    return k;
}

/* A key that nothing writes, with a keyword's letter. */
static enum err put_keyword(struct txn *t, void *arg)
{
    const struct swap *s = arg;
    txn_put(t, s->account, key_str(&s->key), S("work"));
    return OK;
}

static void a_keyword_that_no_mailbox_can_have(void **state)
{
    struct world *w = *state;
    const struct key bad[] = { key_box(TAG_KEYWORD, INBOX), key_keyword(MAILBOX_KEYWORDS),
                               key_keyword(255) };
    append_many(w, S("INBOX"), 2);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct swap s = { .account = w->alice, .key = bad[i] };
        assert_int_equal(engine_commit(w->engine, put_keyword, &s), OK);
        assert_int_equal(ask_keyword(w), ERR_CORRUPT);
        assert_int_equal(engine_commit(w->engine, remove_row, &s), OK);
        assert_int_equal(ask_keyword(w), OK);
    }
}

static void rows_that_do_not_read(void **state)
{
    struct world *w = *state;
    const str nonsense = S("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), other = S("\x07");
    append_many(w, S("INBOX"), 2);
    const struct {
        struct key key;
        str value;
        enum err (*ask)(struct world *w);
    } cases[] = {
        { key_box(TAG_HEAD, INBOX), nonsense, ask_mailbox },
        { key_box(TAG_HEAD, INBOX), other, ask_append },
        { key_box(TAG_HEAD, INBOX), S("\x01\x05\x00"), ask_append }, /* UIDNEXT 0 */
        { key_box(TAG_HEAD, INBOX), S("\x01\x05\x03\x02\x00\x02\x02\x00\x41\x09"), ask_append },
        { key_box(TAG_TITLE, INBOX), nonsense, ask_mailbox },
        { key_box(TAG_TITLE, INBOX), S("\x01\x05INBOX\x63"), ask_mailbox }, /* special use 99 */
        { key_of_name(S("INBOX")), nonsense, ask_mailbox },
        { key_of(TAG_LEDGER), nonsense, ask_append },
        { key_box_u32(TAG_MESSAGE, INBOX, 1), nonsense, ask_messages },
        { key_box_u32(TAG_FLAGS, INBOX, 2), nonsense, ask_messages },
        { key_box_u32(TAG_FLAGS, INBOX, 2), nonsense, ask_flagged },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        damage(w, cases[i].key, cases[i].value, cases[i].ask);
}

static enum err put_too_long(struct txn *t, void *arg)
{
    const struct world *w = arg;
    struct key k = key_box(TAG_TITLE, INBOX);
    struct buf b = row_new(), text = buf_make(STORE_VALUE_BYTES);
    buf_fill(&text, 'x', STORE_VALUE_BYTES);
    row_add_str(&b, buf_str(&text));
    row_put(t, w->alice, &k, &b);
    buf_free(&text);
    return OK;
}

static void a_row_that_is_too_long_fails_its_transaction(void **state)
{
    struct world *w = *state;
    assert_int_equal(engine_commit(w->engine, put_too_long, w), ERR_CORRUPT);
    assert_int_equal(ask_mailbox(w), OK);
    assert_int_equal(ask_subscribe(w), OK);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_keyword_that_no_mailbox_can_have),
        CASE(rows_that_do_not_read),
        CASE(a_row_that_is_too_long_fails_its_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
