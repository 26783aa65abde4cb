/* testing_int.h - what the store's tests share: a store in memory with one user. */
#ifndef STORE_TESTING_INT_H
#define STORE_TESTING_INT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/card.h"
#include "store/memory.h"
#include "store/store_int.h"

#define DAY_US 86400000000

struct world {
    struct engine *engine;
    struct store *store;
    struct account alice;
    struct arena arena;
};

static const struct store_settings test_settings = {
    .journey_ms = 30ull * 86400000,
    .tombstone_ms = 30ull * 86400000,
    .undelete_ms = 7ull * 86400000,
    /* So little that whatever is larger than STORE_MEMORY_BODY_BYTES streams. */
    .body_memory_bytes = STORE_LARGE_PART * STORE_JOURNAL_BODY_BYTES / 2,
};

static inline struct account add_user(struct world *w, str address)
{
    struct account a;
    struct user u = { .address = address, .password_hash = S("hash") };
    assert_int_equal(store_user_add(w->store, &u, &a), OK);
    return a;
}

static inline int world_begin(void **state)
{
    struct world *w = MEM_NEW(struct world);
    w->arena = arena_make(64 << 20);
    assert_int_equal(engine_memory_open(NULL, &w->engine), OK);
    assert_int_equal(store_open_on(w->engine, NULL, &test_settings, &w->store), OK);
    assert_int_equal(store_domain_add(w->store, S("a.test")), OK);
    w->alice = add_user(w, S("alice@a.test"));
    *state = w;
    return 0;
}

static inline void print_fault(void *arg, str what)
{
    (void)arg;
    print_error("check: %.*s\n", STR_ARG(what));
}

static inline void assert_clean(struct world *w)
{
    struct check_report report = { .fault = print_fault, .unread = true }; /* cards are made up */
    assert_int_equal(store_check(w->store, &report), OK);
}

/* Whatever a test did, the store must be as it should. */
static inline int world_end(void **state)
{
    struct world *w = *state;
    assert_clean(w);
    store_close(w->store);
    arena_free(&w->arena);
    mem_free(w);
    return 0;
}

static inline struct body *make_body(struct world *w, str text)
{
    struct body *b;
    assert_int_equal(body_begin(w->engine, &b), OK);
    assert_int_equal(body_write(b, text), OK);
    assert_int_equal(body_seal(b, S("")), OK);
    return b;
}

/* Appends a message of this text, with its card. */
static inline enum err try_append(struct world *w, str mailbox, str text, uint8_t flags,
                                  struct appended *out)
{
    struct buf card = buf_make(CARD_BYTES);
    assert_true(card_build(&card, text));
    struct append item = { .account = w->alice, .mailbox = mailbox, .flags = flags };
    item.body = make_body(w, text);
    item.card = buf_str(&card);
    item.internal_date_s = 1767225600;
    enum err e = store_append(w->store, &item, 1, out);
    body_free(item.body);
    buf_free(&card);
    return e;
}

static inline struct uid append(struct world *w, str mailbox, str text, uint8_t flags)
{
    struct appended out = { 0 };
    assert_int_equal(try_append(w, mailbox, text, flags, &out), OK);
    return out.uid;
}

static inline void append_many(struct world *w, str mailbox, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        append(w, mailbox, S("Subject: one of many\r\n\r\nhello\r\n"), 0);
}

static inline struct mailbox box_of(struct world *w, str name)
{
    struct mailbox m;
    struct view *v = store_view(w->store);
    assert_int_equal(store_mailbox_find(v, w->alice, name, &m), OK);
    m.name = arena_copy(&w->arena, m.name);
    view_end(v);
    return m;
}

static inline struct uidset set_of(struct world *w, uint32_t from, uint32_t to)
{
    struct uidset s = uidset_make(&w->arena);
    assert_true(uidset_add(&s, from, to));
    return s;
}

static inline struct told told_of(const struct mailbox *m)
{
    return (struct told){ m->id, m->uidvalidity, m->highest_modseq, m->highest_modseq, m->uidnext };
}

static inline str text_of(struct world *w, const struct uidset *set)
{
    struct buf b = buf_make(65536);
    uidset_text(set, &b);
    str text = arena_copy(&w->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

static inline enum err flag(struct world *w, str name, struct uidset uids, enum flag_op op, uint8_t system)
{
    struct flag_change c = { .account = w->alice, .mailbox = box_of(w, name).id, .uids = &uids };
    c.op = op;
    c.system = system;
    c.unchanged_since.n = UINT64_MAX;
    c.actor = (struct actor){ S("imap"), S("127.0.0.1:1") };
    return store_flags(w->store, &c, NULL);
}

static inline str expunge_all(struct world *w, str name, const struct uidset *uids, bool unconditional)
{
    struct expunge x = { .account = w->alice, .mailbox = box_of(w, name).id, .uids = uids };
    struct uidset expunged = uidset_make(&w->arena);
    x.unconditional = unconditional;
    x.actor = (struct actor){ S("imap"), S("127.0.0.1:1") };
    assert_int_equal(store_expunge(w->store, &x, &expunged), OK);
    return text_of(w, &expunged);
}

#endif
