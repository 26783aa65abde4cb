/* search_fixture.h - an index over a store in memory, in a folder of its own, asked from fibers. */
#ifndef SEARCH_FIXTURE_H
#define SEARCH_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/card.h"
#include "mail/text.h"
#include "search/search_int.h"
#include "store/memory.h"

enum { PLACE_TEXTS = 4 };

struct place {
    char folder[64];
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct account alice;
    struct search_settings settings;
    struct search *search;
    struct arena arena;
};

static const struct store_settings place_keeps = { .journey_ms = 86400000, .tombstone_ms = 86400000, .undelete_ms = 86400000 };

static inline void place_open_index(struct place *p)
{
    struct buf why = buf_make(1000);
    assert_int_equal(search_open(p->seam, p->store, &p->settings, &p->search, &why), OK);
    buf_free(&why);
}

/* The store is the same each time, ids and all: it is in memory, without a clock. */
static inline void place_make_in(struct place *p, const char *folder)
{
    struct user u = { .address = S("alice@a.test"), .password_hash = S("hash") };
    *p = (struct place){ .settings = { .enabled = true, .message_bytes_max = 1 << 20 } };
    (void)snprintf(p->folder, sizeof p->folder, "%s", folder);
    p->arena = arena_make(64 << 20);
    p->seam = seam_real_new(p->folder);
    p->loop = loop_new(p->seam, 0);
    assert_int_equal(engine_memory_open(NULL, &p->engine), OK);
    assert_int_equal(store_open_on(p->engine, NULL, &place_keeps, &p->store), OK);
    assert_int_equal(store_domain_add(p->store, S("a.test")), OK);
    assert_int_equal(store_user_add(p->store, &u, &p->alice), OK);
    place_open_index(p);
}

static inline void place_make(struct place *p)
{
    char folder[] = "/tmp/ph-search-XXXXXX";
    if (!mkdtemp(folder)) abort();
    place_make_in(p, folder);
}

static inline int place_erase(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static inline void place_end(struct place *p)
{
    search_close(p->search);
    store_close(p->store);
    loop_stop(p->loop, 1000);
    loop_run(p->loop);
    loop_free(p->loop);
    seam_free(p->seam);
    arena_free(&p->arena);
}

static inline void place_remove(struct place *p)
{
    place_end(p);
    if (nftw(p->folder, place_erase, 16, FTW_DEPTH | FTW_PHYS)) abort();
}

/* --- fibers ----------------------------------------------------------------------------------- */
struct running { fiber_fn *fn; void *arg; bool ended; };

static inline void run_one(void *arg)
{
    struct running *r = arg;
    r->fn(r->arg);
    r->ended = true;
}

static inline void place_run(struct place *p, fiber_fn *fn, void *arg)
{
    struct running r = { fn, arg, false };
    assert_int_equal(fiber_start(p->loop, FIBER_SYSTEM, run_one, &r), OK);
    while (!r.ended)
        loop_run_once(p->loop, true);
}

/* --- mail ------------------------------------------------------------------------------------- */
static inline struct uid place_append_to(struct place *p, str mailbox, str text)
{
    struct buf card = buf_make(CARD_BYTES);
    struct append item = { .account = p->alice, .mailbox = mailbox, .internal_date_s = 1767225600 };
    struct appended out;
    assert_true(card_build(&card, text));
    assert_int_equal(body_begin(p->engine, &item.body), OK);
    for (str left = text; left.n; left = str_from(left, 65536))
        assert_int_equal(body_write(item.body, str_take(left, 65536)), OK);
    bool inside = card.n <= STORE_CARD_INLINE_BYTES;
    assert_int_equal(body_seal(item.body, inside ? S("") : buf_str(&card)), OK);
    if (inside) item.card = buf_str(&card);
    assert_int_equal(store_append(p->store, &item, 1, &out), OK);
    body_free(item.body);
    buf_free(&card);
    return out.uid;
}

static inline struct uid place_append(struct place *p, str text)
{
    return place_append_to(p, S("INBOX"), text);
}

static inline struct mailbox place_box(struct place *p, str name)
{
    struct mailbox m;
    struct view *v = store_view(p->store);
    assert_int_equal(store_mailbox_find(v, p->alice, name, &m), OK);
    m.name = name;
    view_end(v);
    return m;
}

static inline struct message place_message(struct place *p, str name, struct uid uid)
{
    struct mailbox m = place_box(p, name);
    struct message message;
    struct view *v = store_view(p->store);
    assert_int_equal(store_message(v, &m, uid, &message), OK);
    message.card = arena_copy(&p->arena, message.card);
    view_end(v);
    return message;
}

/* --- questions -------------------------------------------------------------------------------- */
struct asked {
    struct place *p;
    struct search_text texts[PLACE_TEXTS];
    size_t n;
    bool (*progress)(void *arg, uint64_t done, uint64_t of);
    void *arg;
    struct search_answer answer;
    enum err result;
};

static inline void ask_fiber(void *arg)
{
    struct asked *a = arg;
    for (size_t i = 0; i < a->n; i++)
        a->texts[i].folded = text_form(&a->p->arena, a->texts[i].folded);
    struct search_question q = { .account = a->p->alice, .texts = a->texts, .n = a->n, .progress = a->progress, .arg = a->arg };
    a->result = search_ask(a->p->search, &q, &a->p->arena, &a->answer);
}

static inline struct asked place_ask(struct place *p, const char *text, bool body_only)
{
    struct asked a = { .p = p, .n = 1 };
    a.texts[0] = (struct search_text){ str_of(text), body_only };
    place_run(p, ask_fiber, &a);
    return a;
}

static inline enum search_verdict place_verdict(struct place *p, const struct asked *a, str mailbox, struct uid uid)
{
    struct message m = place_message(p, mailbox, uid);
    return search_answer_of(&a->answer, 0, &m);
}

#endif
