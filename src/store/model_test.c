/* model_test.c - thousands of random operations against a simple model, over both engines.
 *
 *   store_model_test [--seed S] [--seeds N] [--steps N] [--embedded]
 *
 * The model is arrays and loops; the store must agree with it in every name, mailbox, message,
 * flag, count and queue entry, and three sessions that sync now and then by store_changes and
 * store_seqmap must always arrive at the same. Days go by (in memory only), calls fail, the
 * embedded store is closed, opened and compacted in between. A failure prints its seed and the
 * command that plays the run again; the same seed makes the same steps.
 */
#include "store/model_mail_int.h"
#include "store/model_queue_int.h"
#include "store/model_session_int.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/fiber.h"

static struct {
    uint64_t seed, seeds, steps;
    bool embedded; /* that engine alone */
} options = { .seed = 1 };

enum {
    MEMORY_SEEDS = 6,
    MEMORY_STEPS = 2500,
    EMBEDDED_SEEDS = 2,
    EMBEDDED_STEPS = 300,
    ROUNDS = 5
};

/* --- comparing -------------------------------------------------------------------------------- */

struct compare {
    struct model *m;
    const struct model_box *box;
    struct view *view;
    const struct mailbox *mailbox;
    size_t at;
    struct blob blob; /* of one of them */
    unsigned text;
};

static void pass_over_gone(struct compare *c)
{
    while (c->at < c->box->n && c->box->messages[c->at].fate != LIVE)
        c->at++;
}

static bool compare_message(void *arg, const struct message *have)
{
    struct compare *c = arg;
    pass_over_gone(c);
    demand(c->m, c->at < c->box->n, "a message too many");
    const struct model_message *want = &c->box->messages[c->at++];
    demand(c->m, have->uid.n == want->uid, "a uid");
    demand(c->m, have->flags.system == want->system, "system flags");
    demand(c->m, have->size_bytes == want->size, "a size");
    demand(c->m, words_of(c->m, c->view, c->mailbox, have->flags.keywords) == want->words,
           "keywords");
    if (draw(c->m, 20) == 0) {
        c->blob = have->blob;
        c->text = want->text;
    }
    return true;
}

static void compare_counts(struct model *m, const struct model_box *want,
                           const struct mailbox *have)
{
    uint32_t messages = 0, unseen = 0, deleted = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < want->n; i++) {
        const struct model_message *one = &want->messages[i];
        if (one->fate != LIVE) continue;
        messages++;
        unseen += !(one->system & FLAG_SEEN);
        deleted += (one->system & FLAG_DELETED) != 0;
        bytes += one->size;
    }
    demand(m, have->messages == messages && have->unseen == unseen, "messages or unseen");
    demand(m, have->deleted == deleted && have->size_bytes == bytes, "deleted or size");
    demand(m, have->uidnext.n == want->uidnext, "uidnext");
}

static void compare_bytes(struct model *m, struct blob blob, unsigned number)
{
    struct body_reader *r;
    str text = text_of_number(m, number), part;
    demand(m, body_open(m->world.engine, blob, &r) == OK, "opening a body");
    demand(m, body_reader_size(r) == text.n, "a body's size");
    for (size_t at = 0; at < text.n; at += part.n) {
        demand(m, body_read(r, at, 100000, &part) == OK && part.n > 0, "reading a body");
        demand(m, str_eq(part, str_take(str_from(text, at), part.n)), "a body's bytes");
    }
    body_close(r);
}

static void compare_box(struct model *m, const struct model_name *name)
{
    struct uid_range all = { 1, UINT32_MAX };
    struct mailbox have = open_box(m, name);
    struct view *v = store_view(m->world.store);
    struct compare c = { .m = m, .box = name->box, .view = v, .mailbox = &have };
    compare_counts(m, name->box, &have);
    enum err e = store_messages(v, &have, all, WANT_CARD | WANT_FLAGS, compare_message, &c);
    view_end(v);
    demand(m, e == OK, "reading messages");
    pass_over_gone(&c);
    demand(m, c.at == c.box->n, "a message is missing");
    if (c.blob.n) compare_bytes(m, c.blob, c.text);
}

static void compare_quota(struct model *m)
{
    struct quota want = used(m), have;
    struct view *v = store_view(m->world.store);
    demand(m, store_quota(v, m->world.alice, &have) == OK, "the quota");
    view_end(v);
    demand(m, have.messages == want.messages && have.bytes == want.bytes, "what is used");
    demand(m, have.messages_max == want.messages_max && have.bytes_max == want.bytes_max,
           "what may be used");
}

static void compare_all(struct model *m)
{
    struct check_report report = { .fault = print_fault, .unread = true };
    compare_names(m);
    for (size_t i = 0; i < NAMES; i++) {
        if (m->names[i].box) compare_box(m, &m->names[i]);
        arena_reset(&m->world.arena);
    }
    compare_quota(m);
    compare_queue(m);
    demand(m, store_check(m->world.store, &report) == OK, "the check is not clean");
}

/* --- care ------------------------------------------------------------------------------------- */

/* None of these changes what can be seen, but for what is too old. */
static void do_compact(struct model *m)
{
    struct compact_result result;
    if (draw(m, 5) == 0) demand(m, engine_compact(m->world.engine, &result) == OK, "compact");
}

static void do_tidy(struct model *m)
{
    if (draw(m, 5)) return;
    arm(m);
    (void)done(m, store_tidy(m->world.store), OK);
}

static void do_wait(struct model *m)
{
    if (!m->in_memory || draw(m, 4)) return;
    unsigned days = 1 + draw(m, draw(m, 4) ? 3 : 20);
    m->day += days;
    engine_memory_advance(m->world.engine, (int64_t)days * DAY_US);
}

/* --- running ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*fn)(struct model *m);
    unsigned often;
} operations[] = {
    { "append", do_append, 5 },       { "import", do_import, 2 },   { "accept", do_accept, 3 },
    { "flags", do_flags, 6 },         { "expunge", do_expunge, 2 }, { "copy", do_copy, 2 },
    { "sync", do_sync, 6 },           { "create", do_create, 2 },   { "delete", do_delete, 1 },
    { "subscribe", do_subscribe, 1 }, { "rename", do_rename, 2 },   { "quota", do_quota, 1 },
    { "result", do_result, 2 },       { "order", do_order, 2 },     { "undelete", do_undelete, 1 },
    { "compact", do_compact, 1 },     { "tidy", do_tidy, 1 },       { "wait", do_wait, 1 },
};

static void do_one(struct model *m)
{
    unsigned all = 0, i = 0;
    for (size_t k = 0; k < COUNT_OF(operations); k++)
        all += operations[k].often;
    unsigned n = draw(m, all);
    for (; n >= operations[i].often; i++)
        n -= operations[i].often;
    m->step++;
    m->doing = operations[i].name;
    operations[i].fn(m);
}

static void run_some(struct model *m)
{
    for (unsigned i = 0; i < m->steps; i++) {
        do_one(m);
        arena_reset(&m->world.arena);
        if (draw(m, 100) == 0) compare_all(m);
    }
    compare_all(m);
}

static struct model *model_new(uint64_t seed, uint64_t steps)
{
    struct model *m = MEM_NEW(struct model);
    m->seed = seed;
    m->steps = (unsigned)steps;
    m->doing = "at the beginning";
    m->random = seed * 0x9e3779b97f4a7c15u + 1;
    m->world.arena = arena_make(256 << 20);
    make_names(m);
    for (unsigned i = 0; i < ROOTS; i++) {
        make_box(m, &m->names[i]);
        m->names[i].subscribed = true; /* as every new user's are */
    }
    return m;
}

static void box_free(struct model_box *box)
{
    if (box) mem_free(box->messages);
    mem_free(box);
}

static void model_free(struct model *m)
{
    for (unsigned i = 0; i < NAMES; i++)
        box_free(m->names[i].box);
    for (size_t i = 0; i < m->dead_n; i++)
        box_free(m->dead[i]);
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

static void play_in_memory(uint64_t seed, uint64_t steps)
{
    struct model *m = model_new(seed, steps);
    struct engine *engine;
    m->in_memory = m->keeps = true;
    assert_int_equal(engine_memory_open(NULL, &engine), OK);
    open_store(m, engine, NULL);
    add_alice(m);
    run_some(m);
    store_close(m->world.store);
    model_free(m);
}

static uint64_t chosen(uint64_t option, uint64_t otherwise)
{
    return option ? option : otherwise;
}

static void memory_agrees_with_the_model(void **state)
{
    (void)state;
    uint64_t n = options.embedded ? 0 : chosen(options.seeds, MEMORY_SEEDS);
    for (uint64_t i = 0; i < n; i++)
        play_in_memory(options.seed + i, chosen(options.steps, MEMORY_STEPS));
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
    run_some(p->model);
    p->done = true;
}

static void reopen_and_play(struct place *p)
{
    struct embedded_options how = { .seam = p->seam, .segment_bytes = 65536 };
    struct engine *engine;
    struct buf why = buf_make(1000);
    how.garbage_grace_ms = p->model->keeps ? test_settings.undelete_ms : 1;
    enum err e = engine_embedded_open(&how, &engine, &why);
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

/* Odd seeds let bodies go at once, so that compaction has work; even ones may undelete. */
static void play_embedded(uint64_t seed, uint64_t steps)
{
    struct place p = { .folder = "/tmp/ph-model-XXXXXX", .first = true };
    assert_non_null(mkdtemp(p.folder));
    p.seam = seam_real_new(p.folder);
    p.loop = loop_new(p.seam, 0);
    p.model = model_new(seed, steps);
    p.model->keeps = seed % 2 == 0;
    for (int round = 0; round < ROUNDS; round++)
        reopen_and_play(&p);
    model_free(p.model);
    loop_free(p.loop);
    seam_free(p.seam);
    assert_int_equal(nftw(p.folder, erase_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void embedded_agrees_with_the_model(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < chosen(options.seeds, EMBEDDED_SEEDS); i++)
        play_embedded(options.seed + i, chosen(options.steps, EMBEDDED_STEPS));
}

static bool take_option(int argc, char **argv, int *i)
{
    static const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = { { "--seed", &options.seed },
                    { "--seeds", &options.seeds },
                    { "--steps", &options.steps } };
    str name = str_of(argv[*i]);
    options.embedded |= str_eq(name, S("--embedded"));
    if (str_eq(name, S("--embedded"))) return true;
    for (size_t k = 0; k < COUNT_OF(numbers); k++)
        if (str_eq(name, str_of(numbers[k].name)))
            return ++*i < argc && str_u64(str_of(argv[*i]), UINT32_MAX, numbers[k].value);
    return false;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_agrees_with_the_model),
        cmocka_unit_test(embedded_agrees_with_the_model),
    };
    for (int i = 1; i < argc; i++) {
        if (take_option(argc, argv, &i)) continue;
        fprintf(stderr, "usage: %s [--seed S] [--seeds N] [--steps N] [--embedded]\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
