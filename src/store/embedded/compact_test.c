/* compact_test.c - room comes back, and what lives stays: over restarts, lost indexes, power cuts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

enum { LETTERS = 120, LARGE_EVERY = 40, SEGMENT_BYTES = 16 * 1024, ACCOUNT = 20 };

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    p->options.segment_bytes = SEGMENT_BYTES;
    p->options.garbage_grace_ms = 1;
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static void reopen(struct place *p)
{
    place_close(p);
    assert_int_equal(place_open(p), OK);
}

static void reopen_without_index(struct place *p)
{
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
}

/* --- letters -------------------------------------------------------------------------------- */

static size_t letter_bytes(unsigned n)
{
    return n % LARGE_EVERY == LARGE_EVERY - 1 ? 400000 : 100 + n * 977 % 9000;
}

static void add_letter(struct buf *b, unsigned n)
{
    uint32_t x = n + 1;
    while (b->n < letter_bytes(n)) {
        x = x * 1664525 + 1013904223;
        buf_addc(b, (char)(x >> 24));
    }
}

struct letter {
    unsigned n;
    struct body *body;
};

static struct buf letter_key(unsigned n)
{
    struct buf key = buf_make(64);
    buf_addf(&key, "letter-%u", n);
    return key;
}

static enum err keep_fn(struct txn *t, void *arg)
{
    const struct letter *l = arg;
    struct buf key = letter_key(l->n), id = buf_make(8);
    struct blob blob;
    txn_body(t, l->body, &blob);
    txn_blob_ref(t, blob, 1);
    buf_be64(&id, blob.n);
    txn_put(t, (struct account){ ACCOUNT }, buf_str(&key), buf_str(&id));
    txn_put(t, (struct account){ ACCOUNT }, S("head"), buf_str(&key)); /* dies at each commit */
    buf_free(&key);
    buf_free(&id);
    return OK;
}

static enum err put_letter(struct place *p, unsigned n)
{
    struct letter l = { .n = n };
    enum err e = body_begin(p->engine, &l.body);
    if (e) return e;
    struct buf bytes = buf_make(letter_bytes(n));
    add_letter(&bytes, n);
    for (size_t at = 0; !e && at < bytes.n; at += 100000)
        e = body_write(l.body, str_sub(buf_str(&bytes), at, 100000));
    if (!e) e = body_seal(l.body, S("side"));
    if (!e) e = engine_commit(p->engine, keep_fn, &l);
    body_free(l.body);
    buf_free(&bytes);
    return e;
}

static enum err drop_fn(struct txn *t, void *arg)
{
    struct buf key = letter_key(*(unsigned *)arg);
    str id;
    enum err e = txn_get(t, (struct account){ ACCOUNT }, buf_str(&key), &id);
    if (!e) txn_blob_ref(t, (struct blob){ get_be64(id.p) }, -1);
    if (!e) txn_delete(t, (struct account){ ACCOUNT }, buf_str(&key));
    buf_free(&key);
    return e;
}

static enum err drop_letter(struct place *p, unsigned n)
{
    return engine_commit(p->engine, drop_fn, &n);
}

static enum err find_letter(struct place *p, unsigned n, struct blob *blob)
{
    struct buf key = letter_key(n);
    struct view *v = engine_view(p->engine);
    str id;
    enum err e = view_get(v, (struct account){ ACCOUNT }, buf_str(&key), &id);
    if (!e) blob->n = get_be64(id.p);
    view_end(v);
    buf_free(&key);
    return e;
}

static void expect_bytes(struct body_reader *r, unsigned n)
{
    struct buf bytes = buf_make(letter_bytes(n));
    str part, side;
    add_letter(&bytes, n);
    assert_int_equal(body_reader_size(r), bytes.n);
    for (size_t at = 0; at < bytes.n; at += part.n) {
        assert_int_equal(body_read(r, at, 50000, &part), OK);
        assert_true(part.n > 0 && str_eq(part, str_sub(buf_str(&bytes), at, part.n)));
    }
    assert_int_equal(body_side(r, &side), OK);
    assert_true(str_eq(side, S("side")));
    buf_free(&bytes);
}

static void expect_letter(struct place *p, unsigned n)
{
    struct blob blob;
    struct body_reader *r;
    assert_int_equal(find_letter(p, n, &blob), OK);
    assert_int_equal(body_open(p->engine, blob, &r), OK);
    expect_bytes(r, n);
    body_close(r);
}

static void expect_one(struct place *p, void *arg)
{
    expect_letter(p, *(unsigned *)arg);
}

static void put_letters(struct place *p, void *arg)
{
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++)
        assert_int_equal(put_letter(p, n), OK);
}

static bool is_kept(unsigned n)
{
    return n % 10 == 3 || n == LARGE_EVERY - 1;
}

static void drop_most(struct place *p, void *arg)
{
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++)
        if (!is_kept(n)) assert_int_equal(drop_letter(p, n), OK);
}

static void say_fault(void *arg, str what)
{
    (void)arg;
    print_error("%.*s\n", STR_ARG(what));
}

static void expect_kept(struct place *p, void *arg)
{
    struct blob blob;
    (void)arg;
    for (unsigned n = 0; n < LETTERS; n++) {
        if (is_kept(n))
            expect_letter(p, n);
        else
            assert_int_equal(find_letter(p, n, &blob), ERR_NOTFOUND);
    }
    struct check_report report = { .fault = say_fault };
    assert_int_equal(engine_check(p->engine, &report), OK);
}

static void compact(struct place *p, void *arg)
{
    struct compact_result result;
    assert_int_equal(engine_compact(p->engine, arg ? arg : &result), OK);
}

/* --- all rows, the engine's own too ----------------------------------------------------------- */

static bool add_row(void *arg, str key, str value)
{
    if (str_eq(key, S("m"))) return true; /* how far the index is */
    buf_le32(arg, (uint32_t)key.n);
    buf_add(arg, key);
    buf_le32(arg, (uint32_t)value.n);
    buf_add(arg, value);
    return true;
}

static struct buf all_rows(struct place *p)
{
    struct buf rows = buf_make(10000000);
    struct view *v = engine_view(p->engine);
    assert_int_equal(view_scan(v, (struct account){ 0 }, S(""), S(""), add_row, &rows), OK);
    assert_int_equal(view_scan(v, (struct account){ ACCOUNT }, S(""), S(""), add_row, &rows), OK);
    view_end(v);
    assert_false(rows.full);
    return rows;
}

static uint64_t journal_bytes(struct place *p)
{
    struct buf path = buf_make(300);
    uint64_t bytes = 0;
    buf_addf(&path, "%s/journal", p->folder);
    buf_addc(&path, 0);
    DIR *d = opendir(path.p);
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d));) {
        struct stat st;
        if (!fstatat(dirfd(d), f->d_name, &st, 0) && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_blocks * 512;
    }
    closedir(d);
    buf_free(&path);
    return bytes;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void room_comes_back(void **state)
{
    struct place *p = *state;
    struct compact_result result;
    place_run(p, put_letters, NULL);
    uint64_t full = journal_bytes(p);
    place_run(p, drop_most, NULL);
    place_run(p, compact, &result);
    uint64_t left = journal_bytes(p);
    /* One large letter in three and one small one in ten are left, and an extent of the newest. */
    assert_true(full > 1500000);
    assert_in_range(left, 400000, 400000 + 150000 + 1024 * 1024 + 65536);
    struct engine_stats stats = engine_stats(p->engine); /* some went by itself before we asked */
    assert_in_range(stats.compacted_bytes, result.bytes, full);
    assert_true(stats.compacted_bytes > 1200000);
    assert_in_range(stats.segments, 1, 16);
    assert_true(stats.dead_bytes < 65536 + 16384);
    place_run(p, expect_kept, NULL);
    reopen(p);
    place_run(p, expect_kept, NULL);
}

static void put_more(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, ACCOUNT, S("one"), S("x")), OK);
    assert_int_equal(put(p, ACCOUNT, S("two"), S("y")), OK);
}

static void the_journal_alone_says_the_same(void **state)
{
    struct place *p = *state;
    place_run(p, put_letters, NULL);
    place_run(p, drop_most, NULL);
    for (int round = 0; round < 3; round++) {
        place_run(p, compact, NULL);
        place_close(p);
        assert_int_equal(place_open(p), OK);
        struct buf before = all_rows(p);
        reopen_without_index(p);
        struct buf after = all_rows(p);
        assert_true(str_eq(buf_str(&before), buf_str(&after)));
        place_run(p, expect_kept, NULL);
        buf_free(&before);
        buf_free(&after);
        place_run(p, put_more, NULL);
    }
}

/* --- while it goes on ---------------------------------------------------------------------------
 */

struct traffic {
    unsigned left; /* fibers that change things */
    unsigned reads;
};

static void drop_and_compact(struct place *p, void *arg)
{
    struct traffic *t = arg;
    struct compact_result result;
    for (unsigned n = 0; n < LETTERS; n++) {
        if (!is_kept(n)) assert_int_equal(drop_letter(p, n), OK);
        if (n % 20 == 0) assert_int_equal(engine_compact(p->engine, &result), OK);
    }
    assert_int_equal(engine_compact(p->engine, &result), OK);
    t->left--;
}

static void read_on(struct place *p, void *arg)
{
    struct traffic *t = arg;
    for (unsigned n = 0; t->left; n = (n + 1) % LETTERS) {
        if (!is_kept(n)) continue;
        expect_letter(p, n);
        t->reads++;
        assert_int_equal(fiber_sleep_until(loop_now_us(loop_self()) + 300), OK);
    }
}

static void readers_never_miss(void **state)
{
    struct place *p = *state;
    struct traffic t = { .left = 1 };
    place_run(p, put_letters, NULL);
    void *args[] = { &t, &t, &t };
    void (*fns[])(struct place *, void *) = { drop_and_compact, read_on, read_on };
    unsigned left = COUNT_OF(fns);
    struct run runs[COUNT_OF(fns)];
    for (unsigned i = 0; i < COUNT_OF(fns); i++) {
        runs[i] = (struct run){ fns[i], p, args[i], &left };
        assert_int_equal(fiber_start(p->loop, FIBER_KNOWN, run_fiber, &runs[i]), OK);
    }
    while (left)
        loop_run_once(p->loop, true);
    assert_true(t.reads > 100);
    place_run(p, expect_kept, NULL);
}

/* Opened before its segment went, read after. */
static void hold_and_compact(struct place *p, void *arg)
{
    static const unsigned held[] = { 0, 13, LARGE_EVERY - 1, 2 * LARGE_EVERY - 1 };
    struct body_reader *r[COUNT_OF(held)];
    struct compact_result result;
    struct blob blob;
    (void)arg;
    for (unsigned i = 0; i < COUNT_OF(held); i++) {
        assert_int_equal(find_letter(p, held[i], &blob), OK);
        assert_int_equal(body_open(p->engine, blob, &r[i]), OK);
    }
    drop_most(p, NULL);
    assert_int_equal(fiber_sleep_until(loop_now_us(loop_self()) + 20000), OK);
    assert_int_equal(engine_compact(p->engine, &result), OK);
    for (unsigned i = 0; i < COUNT_OF(held); i++) {
        expect_bytes(r[i], held[i]);
        body_close(r[i]);
    }
    assert_int_equal(body_open(p->engine, blob, &r[0]), ERR_NOTFOUND);
}

static void an_open_body_stays(void **state)
{
    place_run(*state, put_letters, NULL);
    place_run(*state, hold_and_compact, NULL);
}

/* --- pins
 * ----------------------------------------------------------------------------------------- */

static void compact_while_backing_up(struct place *p, void *arg)
{
    struct backup *b;
    struct compact_result result;
    (void)arg;
    drop_most(p, NULL);
    assert_int_equal(engine_backup_begin(p->engine, &b), OK);
    uint64_t before = journal_bytes(p);
    assert_int_equal(fiber_sleep_until(loop_now_us(loop_self()) + 600000), OK);
    assert_int_equal(engine_compact(p->engine, &result), OK);
    assert_true(journal_bytes(p) >= before);
    backup_end(b);
    assert_int_equal(engine_compact(p->engine, &result), OK);
    for (int i = 0; i < 200 && journal_bytes(p) > before / 2; i++)
        assert_int_equal(fiber_sleep_until(loop_now_us(loop_self()) + 20000), OK);
    assert_true(journal_bytes(p) <= before / 2);
}

static void pinned_segments_stay(void **state)
{
    struct place *p = *state;
    place_run(p, put_letters, NULL);
    place_close(p);
    p->options.garbage_grace_ms = 500; /* none of it goes before the pin */
    assert_int_equal(place_open(p), OK);
    place_run(p, compact_while_backing_up, NULL);
    place_run(p, expect_kept, NULL);
}

/* --- others go in between
 * --------------------------------------------------------------------------- */

enum { BIG_ROWS = 200, BIG_TXNS = 20 };

static enum err big_fn(struct txn *t, void *arg)
{
    unsigned from = *(unsigned *)arg;
    struct buf key = buf_make(64), value = buf_make(2000);
    buf_fill(&value, (char)from, 1500);
    for (unsigned i = 0; i < BIG_ROWS; i++) {
        buf_reset(&key);
        buf_addf(&key, "big-%u", from % (BIG_TXNS * BIG_ROWS) + i);
        txn_put(t, (struct account){ ACCOUNT }, buf_str(&key), buf_str(&value));
    }
    buf_free(&key);
    buf_free(&value);
    return OK;
}

/* Each row, and then most of them again. */
static void put_big_rows(struct place *p, void *arg)
{
    (void)arg;
    for (unsigned n = 0; n < 2 * BIG_TXNS; n++) {
        unsigned from = n * BIG_ROWS;
        if (n >= BIG_TXNS && n % 2) continue;
        assert_int_equal(engine_commit(p->engine, big_fn, &from), OK);
    }
}

struct between {
    bool compacted;
    struct compact_result result;
    unsigned commits;
    uint64_t most_bytes;
};

static void compact_meanwhile(struct place *p, void *arg)
{
    struct between *b = arg;
    assert_int_equal(engine_compact(p->engine, &b->result), OK);
    b->compacted = true;
}

/* What the journal took between two answers: that is what one commit may have had to wait for. */
static void commit_meanwhile(struct place *p, void *arg)
{
    struct between *b = arg;
    uint64_t last = engine_stats(p->engine).journal_bytes;
    for (; !b->compacted; b->commits++) {
        assert_int_equal(put(p, ACCOUNT, S("mine"), S("x")), OK);
        uint64_t now = engine_stats(p->engine).journal_bytes;
        if (now - last > b->most_bytes) b->most_bytes = now - last;
        last = now;
    }
}

static void commits_go_in_between(void **state)
{
    struct place *p = *state;
    struct between b = { 0 };
    place_close(p);
    p->options.segment_bytes = 64 * 1024 * 1024;
    assert_int_equal(place_open(p), OK);
    place_run(p, put_big_rows, NULL);
    unsigned left = 2;
    struct run runs[] = { { compact_meanwhile, p, &b, &left }, { commit_meanwhile, p, &b, &left } };
    for (unsigned i = 0; i < COUNT_OF(runs); i++)
        assert_int_equal(fiber_start(p->loop, FIBER_KNOWN, run_fiber, &runs[i]), OK);
    while (left)
        loop_run_once(p->loop, true);
    assert_true(b.result.copied_bytes > 4000000 && b.commits > 20);
    /* On a busy machine the loop sees an answer late, when the next steps are in the journal too.
     */
    assert_in_range(b.most_bytes, STORE_COMPACT_TXN_BYTES / 2, 4 * STORE_COMPACT_TXN_BYTES);
}

/* --- damage
 * ----------------------------------------------------------------------------------------- */

static void damage_first_segment(struct place *p)
{
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/journal/0000000001.seg", p->folder);
    buf_addc(&path, 0);
    FILE *f = fopen(path.p, "r+");
    assert_non_null(f);
    fseek(f, 8000, SEEK_SET);
    for (int i = 0; i < 100; i++)
        fputc('x', f);
    fclose(f);
    buf_free(&path);
}

/* What cannot be read may be needed: the segment stays, and the others are compacted. */
static void what_is_damaged_stays(void **state)
{
    struct place *p = *state;
    struct compact_result result;
    place_run(p, put_letters, NULL);
    place_close(p);
    damage_first_segment(p);
    p->options.garbage_grace_ms = 1;
    assert_int_equal(place_open(p), OK);
    place_run(p, drop_most, NULL);
    place_run(p, compact, &result);
    assert_true(engine_stats(p->engine).compacted_bytes > 1000000);
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/journal/0000000001.seg", p->folder);
    buf_addc(&path, 0);
    assert_int_equal(access(path.p, R_OK), 0);
    buf_free(&path);
    reopen(p);
    for (unsigned n = LETTERS / 2; n < LETTERS; n++)
        if (is_kept(n)) place_run(p, expect_one, &n);
}

/* --- any history of rows ---------------------------------------------------------------------- */

enum { KEYS = 600, ROUNDS = 60, CHANGES = 40 };

struct history {
    uint32_t dice;
    uint32_t values[KEYS]; /* 0: absent */
    struct change {
        unsigned key;
        uint32_t value;
    } changes[CHANGES];
    unsigned n;
};

static uint32_t roll(struct history *h, uint32_t sides)
{
    h->dice = h->dice * 1664525 + 1013904223;
    return (h->dice >> 8) % sides;
}

static struct buf row_value(uint32_t value)
{
    struct buf b = buf_make(1000);
    buf_addf(&b, "%u ", value);
    buf_fill(&b, (char)('a' + value % 26), value % 300);
    return b;
}

static enum err change_fn(struct txn *t, void *arg)
{
    const struct history *h = arg;
    for (unsigned i = 0; i < h->n; i++) {
        struct buf key = buf_make(64), value = row_value(h->changes[i].value);
        buf_addf(&key, "row-%u", h->changes[i].key);
        if (h->changes[i].value)
            txn_put(t, (struct account){ ACCOUNT }, buf_str(&key), buf_str(&value));
        else
            txn_delete(t, (struct account){ ACCOUNT }, buf_str(&key));
        buf_free(&key);
        buf_free(&value);
    }
    return OK;
}

/* Some keys change all the time, most hardly ever: so there are logs of every mixture. Values come
 * again, so that a row that was dead has the same value later. */
static void change_some(struct place *p, void *arg)
{
    struct history *h = arg;
    h->n = 1 + roll(h, CHANGES);
    for (unsigned i = 0; i < h->n; i++) {
        unsigned key = roll(h, 4) ? roll(h, KEYS / 20) : roll(h, KEYS);
        h->changes[i] = (struct change){ key, roll(h, 3) ? 1 + roll(h, 400) : 0 };
        h->values[key] = h->changes[i].value;
    }
    assert_int_equal(engine_commit(p->engine, change_fn, h), OK);
}

static void expect_history(struct place *p, const struct history *h)
{
    struct view *v = engine_view(p->engine);
    for (unsigned k = 0; k < KEYS; k++) {
        struct buf key = buf_make(64), wanted = row_value(h->values[k]);
        str value;
        buf_addf(&key, "row-%u", k);
        enum err e = view_get(v, (struct account){ ACCOUNT }, buf_str(&key), &value);
        if (e != (h->values[k] ? OK : ERR_NOTFOUND)) print_error("row %u: %s\n", k, err_text(e));
        assert_int_equal(e, h->values[k] ? OK : ERR_NOTFOUND);
        if (!e) assert_true(str_eq(value, buf_str(&wanted)));
        buf_free(&key);
        buf_free(&wanted);
    }
    view_end(v);
}

static void any_history_is_rebuilt(void **state)
{
    struct place *p = *state;
    struct history *h = MEM_NEW(struct history);
    uint64_t copied = 0, segments = 0;
    h->dice = 7;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct compact_result result = { 0 };
        place_run(p, change_some, h);
        if (roll(h, 4) == 0) place_run(p, compact, &result);
        copied += result.copied_bytes;
        segments += result.segments;
        if (round % 10) continue;
        reopen_without_index(p);
        expect_history(p, h);
    }
    assert_true(copied > 0 && segments > 3);
    mem_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(room_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_history_is_rebuilt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_never_miss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_body_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pinned_segments_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commits_go_in_between, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_journal_alone_says_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
