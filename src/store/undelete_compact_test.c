/* undelete_compact_test.c - compaction leaves alone what undelete may still bring back, and gives
 * back the room of what it may not.
 *
 * Odd letters are deleted so long ago that they are past the time; even ones, and those of a
 * deleted mailbox, are not. All lie in the same segments. A machine so busy that the young grow old
 * before the compaction has ended gets another try with more time.
 */
#include "store/backup_fixture.h"

enum { LETTERS = 60, IN_BOX = 10, SEGMENT_BYTES = 256 * 1024 };
enum { KEPT_MS = 1000, KEPT_MS_MAX = 30000 };

static void open_for(struct place *p, uint64_t undelete_ms)
{
    struct buf why = buf_make(1000);
    struct store_settings settings = test_settings;
    settings.segment_bytes = SEGMENT_BYTES;
    settings.undelete_ms = undelete_ms;
    p->world.arena = arena_make(64 << 20);
    assert_int_equal(store_open(p->seam, &settings, &p->world.store, &why), OK);
    p->world.engine = store_engine(p->world.store);
    buf_free(&why);
}

static void fill(struct world *w)
{
    struct mailbox_id id;
    user_make(w);
    for (unsigned n = 1; n <= LETTERS; n++)
        assert_int_equal(append_letter(w, S("INBOX"), n).n, n);
    assert_int_equal(store_mailbox_create(w->store, w->alice, S("Work"), USE_NONE, &id), OK);
    for (unsigned n = 1; n <= IN_BOX; n++)
        append_letter(w, S("Work"), LETTERS + n);
}

static void expunge_every_second(struct world *w, uint32_t from)
{
    struct uidset uids = uidset_make(&w->arena);
    for (uint32_t uid = from; uid <= LETTERS; uid += 2)
        assert_true(uidset_add(&uids, uid, uid));
    expunge_all(w, S("INBOX"), &uids, true);
}

static uint64_t letter_bytes(unsigned n)
{
    struct buf text = buf_make(400000);
    add_letter(&text, n);
    uint64_t bytes = text.n;
    buf_free(&text);
    return bytes;
}

/* zstd leaves three quarters of letters out of 64. */
static uint64_t on_disk(uint64_t bytes)
{
    return bytes / 4 * 3;
}

static void wait_ms(struct place *p, uint64_t ms)
{
    assert_int_equal(fiber_sleep_until(seam_mono_us(p->seam) + ms * 1000), OK);
}

static void compact(struct place *p)
{
    struct compact_result result;
    assert_int_equal(engine_compact(p->world.engine, &result), OK);
}

static uint64_t undelete_all(struct place *p)
{
    uint64_t n = 0;
    struct undelete u = { .account = p->world.alice,
                          .now_us = seam_wall_us(p->seam),
                          .actor = { S("admin"), S("test") } };
    assert_int_equal(store_undelete(p->world.store, &u, &n), OK);
    return n;
}

/* --- what comes back ---------------------------------------------------------------------------
 */

/* The messages of a mailbox, in order, are these letters. */
static void expect_letters(struct world *w, str mailbox, unsigned from, unsigned step, unsigned n)
{
    struct mailbox m = box_of(w, mailbox);
    struct buf text = buf_make(400000);
    assert_int_equal(m.messages, n);
    uint32_t uid = m.uidnext.n - n;
    for (unsigned i = 0; i < n; i++) {
        struct message message;
        struct view *v = store_view(w->store);
        assert_int_equal(store_message(v, &m, (struct uid){ uid + i }, &message), OK);
        struct blob blob = message.blob;
        view_end(v);
        buf_reset(&text);
        add_letter(&text, from + i * step);
        expect_bytes(w, blob, buf_str(&text));
    }
    buf_free(&text);
}

struct trial {
    struct place place;
    uint64_t kept_ms;
    bool in_time; /* or it took so long that the young had grown old, which proves nothing */
};

static void young_survive(void *arg)
{
    struct trial *t = arg;
    struct place *p = &t->place;
    struct world *w = &p->world;
    uint64_t old_bytes = 0;
    fill(w);
    for (unsigned n = 1; n <= LETTERS; n += 2)
        old_bytes += letter_bytes(n);
    expunge_every_second(w, 1);
    wait_ms(p, t->kept_ms + 10);

    uint64_t until_us = seam_mono_us(p->seam) + t->kept_ms * 1000;
    expunge_every_second(w, 2);
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("Work")), OK);
    compact(p);
    uint64_t room = engine_stats(w->engine).compacted_bytes, restored = undelete_all(p);
    t->in_time = seam_mono_us(p->seam) < until_us;
    if (!t->in_time) return;
    assert_in_range(room, on_disk(old_bytes), UINT64_MAX);
    assert_int_equal(restored, LETTERS / 2 + IN_BOX);
    wait_ms(p, t->kept_ms + 10);
    compact(p); /* what was brought back has a reference again */
}

static void expect_the_young(void *arg)
{
    struct place *p = arg;
    user_find(&p->world);
    expect_letters(&p->world, S("INBOX"), 2, 2, LETTERS / 2);
    expect_letters(&p->world, S("Work"), LETTERS + 1, 1, IN_BOX);
    assert_int_equal(undelete_all(p), 0);
    assert_clean(&p->world);
}

static void the_old_go_and_the_young_come_back(void **state)
{
    struct trial t = { .kept_ms = KEPT_MS };
    (void)state;
    for (; !t.in_time; t.kept_ms *= 3) {
        assert_true(t.kept_ms <= KEPT_MS_MAX);
        if (t.place.seam) place_remove(&t.place);
        place_make(&t.place);
        open_for(&t.place, t.kept_ms);
        assert_int_equal(once(t.place.seam, young_survive, &t), OK);
    }
    place_close(&t.place);
    open_for(&t.place, 1);
    assert_int_equal(once(t.place.seam, expect_the_young, &t.place), OK);
    place_remove(&t.place);
}

static void let_all_go(void *arg)
{
    struct place *p = arg;
    struct world *w = &p->world;
    uint64_t bytes = 0;
    fill(w);
    for (unsigned n = 1; n <= LETTERS + IN_BOX; n++)
        bytes += letter_bytes(n);
    expunge_all(w, S("INBOX"), NULL, true);
    assert_int_equal(store_mailbox_delete(w->store, w->alice, S("Work")), OK);
    wait_ms(p, 10);
    assert_int_equal(undelete_all(p), 0);
    assert_int_equal(store_tidy(w->store), OK); /* the mailbox's messages let go of their bodies */
    wait_ms(p, 10);
    compact(p);
    assert_in_range(engine_stats(w->engine).compacted_bytes, on_disk(bytes), UINT64_MAX);
    for (unsigned i = 0; i < 500 && engine_stats(w->engine).segments > 3; i++)
        wait_ms(p, 20); /* files of large ones go a little later */
    assert_in_range(engine_stats(w->engine).segments, 1, 3);
    assert_clean(w);
}

/* Past the time nothing comes back, and nearly nothing is left on the disk. */
static void all_room_comes_back(void **state)
{
    struct place p;
    (void)state;
    place_make(&p);
    open_for(&p, 1);
    assert_int_equal(once(p.seam, let_all_go, &p), OK);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_go_and_the_young_come_back),
        cmocka_unit_test(all_room_comes_back),
    };
    log_level_set(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
