/* model_test.c - thousands of random operations against a simple model, over both engines.
 *
 * The model is arrays and loops; the store must agree with it in every mailbox, message, flag and
 * count, and three sessions that sync now and then by store_changes and store_seqmap must always
 * arrive at the same. A seed names a run: "model_test SEED" plays one again.
 */
#include "store/model_int.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/fiber.h"

/* --- operations ------------------------------------------------------------------------------ */

static int existing(struct model *m)
{
    unsigned i = draw(m, BOXES);
    return m->box[i].exists ? (int)i : 0; /* INBOX always does */
}

static void model_add(struct model *m, unsigned i, struct model_message message)
{
    struct model_box *box = &m->box[i];
    if (!box->messages) box->messages = MEM_ARRAY(MESSAGES, struct model_message);
    assert_true(box->n < MESSAGES);
    message.uid = box->uidnext++;
    message.live = true;
    box->messages[box->n++] = message;
}

static void do_append(struct model *m)
{
    unsigned i = (unsigned)existing(m);
    size_t n = 1 + draw(m, 3);
    struct append items[3] = { { .account = { 0 } } };
    struct appended out[3];
    str text = arena_fmt(&m->world.arena, "Subject: %u\r\n\r\n%s\r\n", draw(m, 1000),
                         draw(m, 2) ? "long enough" : "short");
    struct body *body = make_body(&m->world, text);
    for (size_t k = 0; k < n; k++) {
        unsigned word = draw(m, WORDS);
        items[k] =
            (struct append){ .account = m->world.alice, .mailbox = box_names[i], .body = body };
        items[k].flags = (uint8_t)draw(m, 32);
        items[k].keywords = &words[word];
        items[k].keywords_n = draw(m, 2);
    }
    bool fails = m->in_memory && draw(m, 10) == 0;
    if (fails) engine_memory_fail(m->world.engine, 1);
    enum err e = store_append(m->world.store, items, n, out);
    demand(m, e == (fails ? ERR_LATER : OK), "append");
    for (size_t k = 0; !e && k < n; k++) {
        struct model_message one = { .system = items[k].flags, .size = text.n };
        if (items[k].keywords_n) one.words = (uint8_t)(1u << (items[k].keywords - words));
        demand(m, out[k].uid.n == m->box[i].uidnext, "the uid of an append");
        model_add(m, i, one);
    }
    body_free(body);
}

static struct uidset some_uids(struct model *m, unsigned i)
{
    struct uidset set = uidset_make(&m->world.arena);
    unsigned ranges = 1 + draw(m, 3);
    for (unsigned k = 0; k < ranges; k++) {
        uint32_t from = 1 + draw(m, m->box[i].uidnext);
        assert_true(uidset_add(&set, from, from + draw(m, 20)));
    }
    uidset_normalise(&set);
    return set;
}

static void do_flags(struct model *m)
{
    unsigned i = (unsigned)existing(m);
    struct uidset set = some_uids(m, i);
    unsigned word = draw(m, WORDS);
    struct flag_change c = {
        .account = m->world.alice,
        .mailbox = open_box(m, i).id,
        .uids = &set,
        .op = draw(m, 3),
        .system = (uint8_t)draw(m, 32),
        .keywords = &words[word],
        .keywords_n = draw(m, 2),
        .unchanged_since = { UINT64_MAX },
        .actor = tester(),
    };
    demand(m, store_flags(m->world.store, &c, NULL) == OK, "flags");
    uint8_t mask = c.keywords_n ? (uint8_t)(1u << word) : 0;
    for (size_t k = 0; k < m->box[i].n; k++) {
        struct model_message *one = &m->box[i].messages[k];
        if (!one->live || !uidset_has(&set, (struct uid){ one->uid })) continue;
        uint8_t system = c.op == FLAGS_REPLACE ? 0 : one->system;
        uint8_t has = c.op == FLAGS_REPLACE ? 0 : one->words;
        one->system = c.op == FLAGS_REMOVE ? (uint8_t)(system & ~c.system) : system | c.system;
        one->words = c.op == FLAGS_REMOVE ? (uint8_t)(has & ~mask) : has | mask;
    }
}

static void do_expunge(struct model *m)
{
    unsigned i = (unsigned)existing(m);
    struct uidset set = some_uids(m, i), gone = uidset_make(&m->world.arena);
    struct expunge x = { .account = m->world.alice, .mailbox = open_box(m, i).id };
    x.uids = draw(m, 3) ? &set : NULL;
    x.unconditional = x.uids && draw(m, 3) == 0;
    x.actor = tester();
    demand(m, store_expunge(m->world.store, &x, &gone) == OK, "expunge");
    uint64_t n = 0;
    for (size_t k = 0; k < m->box[i].n; k++) {
        struct model_message *one = &m->box[i].messages[k];
        struct uid uid = { one->uid };
        if (!one->live || (x.uids && !uidset_has(&set, uid))) continue;
        if (!x.unconditional && !(one->system & FLAG_DELETED)) continue;
        demand(m, uidset_has(&gone, uid), "an expunged uid is not named");
        one->live = false;
        n++;
    }
    demand(m, uidset_count(&gone) == n, "the number of expunged");
}

static void do_copy(struct model *m)
{
    unsigned i = (unsigned)existing(m), to = (unsigned)existing(m);
    struct uidset set = some_uids(m, i);
    struct copied out = { .from = uidset_make(&m->world.arena),
                          .to = uidset_make(&m->world.arena) };
    struct copy c = { .account = m->world.alice, .from = open_box(m, i).id, .uids = &set };
    c.to = box_names[to];
    c.move = draw(m, 2);
    c.actor = tester();
    size_t n = m->box[i].n;
    uint64_t copied = 0;
    demand(m, store_copy(m->world.store, &c, &out) == OK, "copy");
    for (size_t k = 0; k < n; k++) {
        struct model_message *one = &m->box[i].messages[k];
        if (!one->live || !uidset_has(&set, (struct uid){ one->uid })) continue;
        demand(m, uidset_has(&out.from, (struct uid){ one->uid }), "a copied uid is not named");
        demand(m, uidset_has(&out.to, (struct uid){ m->box[to].uidnext }), "a copy's uid");
        copied++;
        model_add(m, to, *one);
        if (c.move) one->live = false;
    }
    demand(m, uidset_count(&out.from) == copied && uidset_count(&out.to) == copied, "copied");
}

static void model_clear(struct model_box *box)
{
    mem_free(box->messages);
    *box = (struct model_box){ .uidnext = 1 };
}

static void end_sessions(struct model *m, unsigned box)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        if (m->session[i].box == box) m->session[i].told.mailbox.n = 0;
}

/* "a" comes with "a/b": parents are made. */
static void model_create(struct model *m, unsigned i)
{
    for (unsigned k = 0; k < BOXES; k++) {
        bool parent = str_starts(box_names[i], box_names[k]) && box_names[i].n > box_names[k].n &&
                      box_names[i].p[box_names[k].n] == '/';
        if ((parent || k == i) && !m->box[k].exists) {
            model_clear(&m->box[k]);
            m->box[k].exists = true;
        }
    }
}

static void do_create_or_delete(struct model *m)
{
    unsigned i = 3 + draw(m, BOXES - 3);
    struct mailbox_id id;
    struct store *s = m->world.store;
    if (!m->box[i].exists) {
        demand(m, !store_mailbox_create(s, m->world.alice, box_names[i], USE_NONE, &id), "create");
        model_create(m, i);
        return;
    }
    if (draw(m, 3)) return;
    demand(m, store_mailbox_delete(s, m->world.alice, box_names[i]) == OK, "delete");
    model_clear(&m->box[i]);
    end_sessions(m, i);
}

/* Between "d" and a name of its own there and back: nothing may change but the name. */
static void do_rename(struct model *m)
{
    if (!m->box[6].exists) return;
    struct store *s = m->world.store;
    struct account a = m->world.alice;
    uint32_t before = open_box(m, 6).uidvalidity;
    demand(m, store_mailbox_rename(s, a, box_names[6], S("x/y")) == OK, "rename");
    demand(m, store_mailbox_rename(s, a, S("x/y"), box_names[6]) == OK, "rename back");
    demand(m, store_mailbox_delete(s, a, S("x")) == OK, "the parent that rename made");
    demand(m, open_box(m, 6).uidvalidity == before, "uidvalidity after rename");
}

struct pick {
    uint32_t skip;
    struct queue_key key;
};

static bool pick_entry(void *arg, const struct queue_entry *e)
{
    struct pick *p = arg;
    p->key = e->key;
    return p->skip-- > 0;
}

static void do_accept(struct model *m)
{
    struct local_rcpt to = { m->world.alice, S("INBOX"), S("alice@a.test"), 0 };
    struct queue_rcpt far[2] = { { .address = S("bob@b.test") }, { .address = S("carol@c.test") } };
    str text = S("Subject: accepted\r\n\r\n");
    struct accept a = { .local = &to, .local_n = draw(m, 2), .queue = far, .queue_n = draw(m, 3) };
    a.id = store_msgid_new(m->world.store);
    a.body = make_body(&m->world, text);
    demand(m, store_accept(m->world.store, &a) == OK, "accept");
    body_free(a.body);
    if (a.local_n) model_add(m, 0, (struct model_message){ .size = text.n });
    m->queued += (unsigned)a.queue_n;
}

static void do_result(struct model *m)
{
    if (m->queued == 0) return;
    struct pick p = { .skip = draw(m, m->queued) };
    struct view *v = store_view(m->world.store);
    demand(m, store_queue_list(v, pick_entry, &p) == OK, "listing the queue");
    view_end(v);
    struct queue_result r = { .key = p.key, .outcome = draw(m, 3) };
    r.next_us = 1 + draw(m, 1000000);
    demand(m, store_queue_results(m->world.store, &r, 1, NULL, 0) == OK, "a result");
    if (r.outcome != QUEUE_DEFERRED) m->queued--;
}

/* --- sessions -------------------------------------------------------------------------------- */

static struct model_message *in_copy(struct session *s, uint32_t uid)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->copy[i].uid == uid) return &s->copy[i];
    return NULL;
}

struct syncing {
    struct model *m;
    struct session *s;
    struct view *view;
    const struct mailbox *box;
};

static bool take_change(void *arg, const struct change *c)
{
    struct syncing *y = arg;
    struct model_message *one = in_copy(y->s, c->uid.n);
    if (c->kind == CHANGE_EXPUNGE) {
        if (one) one->live = false;
        return true;
    }
    struct message have;
    demand(y->m, store_message(y->view, y->box, c->uid, &have) == OK, "a changed message");
    if (!one) {
        size_t at = y->s->n++;
        for (; at > 0 && y->s->copy[at - 1].uid > c->uid.n; at--)
            y->s->copy[at] = y->s->copy[at - 1]; /* changes come by modseq */
        one = &y->s->copy[at];
        *one = (struct model_message){ .uid = c->uid.n, .live = true };
    }
    one->system = have.flags.system;
    return true;
}

/* The numbers before the sync must be those of the copy, whatever was expunged since. */
static void check_numbers(struct model *m, struct session *s, struct view *v,
                          const struct mailbox *box)
{
    struct seqmap map;
    demand(m, store_seqmap(v, box, &s->told, &m->world.arena, &map) == OK, "a seqmap");
    uint32_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!s->copy[i].live) continue;
        struct uid uid = { s->copy[i].uid };
        n++;
        demand(m, seqmap_seq(&map, uid).n == n, "a sequence number");
        demand(m, seqmap_uid(&map, (struct seq){ n }).n == uid.n, "the uid of a number");
        demand(m, seqmap_next(&map, uid).n == uid.n, "the next uid");
    }
    demand(m, map.count == n, "how many numbers there are");
}

static void compare_copy(struct model *m, const struct session *s)
{
    const struct model_box *box = &m->box[s->box];
    size_t at = 0;
    for (size_t i = 0; i < box->n; i++) {
        if (!box->messages[i].live) continue;
        while (at < s->n && !s->copy[at].live)
            at++;
        demand(m, at < s->n && s->copy[at].uid == box->messages[i].uid, "a copy's uid");
        demand(m, s->copy[at++].system == box->messages[i].system, "a copy's flags");
    }
    while (at < s->n && !s->copy[at].live)
        at++;
    demand(m, at == s->n, "a copy has a message too many");
}

static void do_sync(struct model *m)
{
    struct session *s = &m->session[draw(m, SESSIONS)];
    if (s->told.mailbox.n == 0) {
        s->box = (unsigned)existing(m);
        s->n = 0;
        if (!s->copy) s->copy = MEM_ARRAY(MESSAGES, struct model_message);
        struct mailbox fresh = open_box(m, s->box);
        s->told = (struct told){ .mailbox = fresh.id, .uidvalidity = fresh.uidvalidity };
        s->told.uidnext.n = 1;
    }
    struct mailbox box = open_box(m, s->box);
    demand(m, box.uidvalidity == s->told.uidvalidity, "uidvalidity");
    struct view *v = store_view(m->world.store);
    struct syncing y = { m, s, v, &box };
    if (s->told.modseq.n > 0) check_numbers(m, s, v, &box);
    demand(m, store_changes(v, &box, s->told.modseq, take_change, &y) == OK, "changes");
    view_end(v);
    s->told = told_of(&box);
    compare_copy(m, s);
}

/* Changes nothing that can be seen. */
static void do_compact(struct model *m)
{
    struct compact_result result;
    if (draw(m, 5) == 0) demand(m, engine_compact(m->world.engine, &result) == OK, "compact");
}

/* --- running --------------------------------------------------------------------------------- */

static void (*const operations[])(struct model *m) = {
    do_append, do_append, do_append, do_append,
    do_flags,  do_flags,  do_flags,  do_expunge,
    do_copy,   do_sync,   do_sync,   do_sync,
    do_accept, do_result, do_rename, do_create_or_delete,
    do_compact,
};

static void run_some(struct model *m, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        operations[draw(m, COUNT_OF(operations))](m);
        if (draw(m, 100) == 0) compare_all(m);
        arena_reset(&m->world.arena);
    }
    compare_all(m);
}

static struct model *model_new(uint64_t seed)
{
    struct model *m = MEM_NEW(struct model);
    m->seed = seed;
    m->random = seed * 0x9e3779b97f4a7c15u + 1;
    m->world.arena = arena_make(64 << 20);
    for (unsigned i = 0; i < BOXES; i++)
        m->box[i] = (struct model_box){ .exists = i < 3, .uidnext = 1 };
    return m;
}

static void model_free(struct model *m)
{
    for (unsigned i = 0; i < BOXES; i++)
        model_clear(&m->box[i]);
    for (unsigned i = 0; i < SESSIONS; i++)
        mem_free(m->session[i].copy);
    arena_free(&m->world.arena);
    mem_free(m);
}

static void open_store(struct model *m, struct engine *engine, struct seam *seam)
{
    m->world.engine = engine;
    assert_int_equal(store_open_on(engine, seam, &test_settings, &m->world.store), OK);
}

static void add_alice(struct model *m)
{
    assert_int_equal(store_domain_add(m->world.store, S("a.test")), OK);
    m->world.alice = add_user(&m->world, S("alice@a.test"));
}

static void play_in_memory(uint64_t seed)
{
    struct model *m = model_new(seed);
    struct engine *engine;
    m->in_memory = true;
    assert_int_equal(engine_memory_open(NULL, &engine), OK);
    open_store(m, engine, NULL);
    add_alice(m);
    run_some(m, 1500);
    store_close(m->world.store);
    model_free(m);
}

static uint64_t seeds[] = { 1, 2, 3, 4 };
static size_t seeds_n = COUNT_OF(seeds);

static void memory_agrees_with_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < seeds_n; i++)
        play_in_memory(seeds[i]);
}

/* --- the embedded engine: in fibers, reopened between rounds --------------------------------- */

struct place {
    char folder[64];
    struct seam *seam;
    struct loop *loop;
    struct model *model;
    bool first, done;
};

static void play_round(void *arg)
{
    struct place *p = arg;
    if (p->first) add_alice(p->model);
    p->first = false;
    run_some(p->model, 250);
    p->done = true;
}

static void reopen_and_play(struct place *p)
{
    struct embedded_options options = { .seam = p->seam,
                                        .segment_bytes = 65536,
                                        .garbage_grace_ms = 1 };
    struct engine *engine;
    struct buf why = buf_make(1000);
    enum err e = engine_embedded_open(&options, &engine, &why);
    if (e) fail_msg("open: %s %.*s", err_text(e), STR_ARG(buf_str(&why)));
    buf_free(&why);
    open_store(p->model, engine, p->seam);
    p->done = false;
    assert_int_equal(fiber_start(p->loop, FIBER_KNOWN, play_round, p), OK);
    while (!p->done)
        loop_run_once(p->loop, true);
    store_close(p->model->world.store);
}

static int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static void embedded_agrees_with_the_model(void **state)
{
    (void)state;
    struct place p = { .folder = "/tmp/ph-model-XXXXXX", .first = true };
    assert_non_null(mkdtemp(p.folder));
    p.seam = seam_real_new(p.folder);
    p.loop = loop_new(p.seam, 0);
    p.model = model_new(seeds[0]);
    for (int round = 0; round < 4; round++)
        reopen_and_play(&p);
    model_free(p.model);
    loop_free(p.loop);
    seam_free(p.seam);
    assert_int_equal(nftw(p.folder, erase_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && str_u64(str_of(argv[1]), UINT64_MAX, &seeds[0])) seeds_n = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_agrees_with_the_model),
        cmocka_unit_test(embedded_agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
