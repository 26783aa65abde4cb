/* backup_test.c - a backup holds what was answered, copies only what is new, survives being cut
 * off, and names what is damaged. */
#include "store/backup_fixture.h"

enum { SEGMENT = 1 << 20, LETTERS = 30 };

struct scene {
    struct place p;
    char folder[100]; /* of the backup: beside the store's */
    struct taking taking;
    struct uid uids[400];
    unsigned letters;
    struct faults faults;
};

static void in_fiber(struct scene *s, fiber_fn *fn)
{
    assert_int_equal(once(s->p.seam, fn, s), OK);
}

static void write_letters(void *arg)
{
    struct scene *s = arg;
    for (unsigned i = 0; i < LETTERS; i++, s->letters++)
        s->uids[s->letters] = append_letter(&s->p.world, S("INBOX"), s->letters);
}

static void set_up(void *arg)
{
    struct scene *s = arg;
    user_make(&s->p.world);
    write_letters(s);
}

static void backup(void *arg)
{
    struct scene *s = arg;
    s->taking.place = &s->p;
    s->taking.folder = s->folder;
    take_backup(&s->taking);
    buf_free(&s->taking.why);
}

static void check(void *arg)
{
    struct scene *s = arg;
    struct check_report report = { .fault = print_fault };
    assert_int_equal(store_check(s->p.world.store, &report), OK);
}

static void expect_letters(void *arg)
{
    struct scene *s = arg;
    user_find(&s->p.world);
    for (unsigned n = 0; n < s->letters; n++)
        expect_letter(&s->p.world, s->uids[n], n);
    check(s);
}

static void verify(void *arg)
{
    struct scene *s = arg;
    struct backup_manifest m = manifest_of(s->p.seam, s->folder);
    struct backup_verify v = { .seam = s->p.seam,
                               .folder = s->folder,
                               .manifest = &m,
                               .fault = count_fault,
                               .arg = &s->faults };
    buf_reset(&s->faults.text);
    s->faults.n = 0;
    assert_int_equal(backup_verify(&v), OK);
    assert_int_equal(v.faults, s->faults.n);
    manifest_free(&m);
}

static void scene_make(struct scene *s)
{
    static const struct scene none;
    *s = none;
    s->faults.text = buf_make(10000);
    place_make(&s->p);
    snprintf(s->folder, sizeof s->folder, "%s.backup", s->p.folder);
    place_open_well(&s->p, SEGMENT);
    in_fiber(s, set_up);
}

static void scene_end(struct scene *s)
{
    place_remove(&s->p);
    nftw(s->folder, erase_one, 16, FTW_DEPTH | FTW_PHYS);
    buf_free(&s->faults.text);
}

static void backup_well(struct scene *s)
{
    in_fiber(s, backup);
    assert_int_equal(s->taking.result, OK);
}

/* --- restoring, where it is about the backup ----------------------------------------------------
 */

struct restoring {
    struct place *to;
    const char *folder;
    enum err result;
    struct faults faults;
};

static void restore(void *arg)
{
    struct restoring *r = arg;
    struct backup_manifest m = manifest_of(r->to->seam, r->folder);
    struct buf why = buf_make(4096);
    struct restore_run run = { .seam = r->to->seam,
                               .from = r->to->seam,
                               .folder = r->folder,
                               .manifest = &m,
                               .fault = count_fault,
                               .arg = &r->faults };
    r->faults.text = buf_make(10000);
    r->result = restore_store(&run, &why);
    if (r->result) print_message("restore: %.*s\n", STR_ARG(buf_str(&why)));
    assert_int_equal(run.faults, r->faults.n);
    manifest_free(&m);
    buf_free(&why);
}

/* Another store out of the scene's backup, with as many letters as were there then. */
static unsigned restore_to(struct scene *from, struct scene *to, unsigned letters)
{
    *to = *from;
    place_make(&to->p);
    struct restoring r = { .to = &to->p, .folder = from->folder };
    assert_int_equal(once(to->p.seam, restore, &r), OK);
    assert_int_equal(r.result, OK);
    to->letters = letters;
    place_open_well(&to->p, SEGMENT);
    user_find(&to->p.world);
    buf_free(&r.faults.text);
    return r.faults.n;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void whole_store_comes_back(void **state)
{
    (void)state;
    static struct scene s, t;
    scene_make(&s);
    backup_well(&s);
    in_fiber(&s, write_letters); /* after the point */
    in_fiber(&s, verify);
    assert_int_equal(s.faults.n, 0);
    assert_int_equal(restore_to(&s, &t, LETTERS), 0);
    in_fiber(&t, expect_letters);
    assert_int_equal(box_of(&t.p.world, S("INBOX")).messages, LETTERS);
    place_remove(&t.p);
    scene_end(&s);
}

static void second_copies_what_is_new(void **state)
{
    (void)state;
    static struct scene s;
    scene_make(&s);
    backup_well(&s);
    uint64_t first = s.taking.run.copied_bytes;
    assert_true(first > LETTERS * 1000);
    in_fiber(&s, backup);
    assert_int_equal(s.taking.result, OK);
    assert_int_equal(s.taking.run.copied_bytes, 0);
    struct engine_stats before = engine_stats(s.p.world.engine);
    s.uids[s.letters] = (struct uid){ 0 };
    struct backup_manifest old = manifest_of(s.p.seam, s.folder);
    in_fiber(&s, write_letters);
    backup_well(&s);
    struct backup_manifest new = manifest_of(s.p.seam, s.folder);
    assert_true(engine_stats(s.p.world.engine).journal_bytes > before.journal_bytes);
    assert_int_equal(s.taking.run.copied_bytes, manifest_bytes(&new) - manifest_bytes(&old));
    assert_int_equal(s.taking.run.removed_files, 0);
    in_fiber(&s, verify);
    assert_int_equal(s.faults.n, 0);
    manifest_free(&old);
    manifest_free(&new);
    scene_end(&s);
}

/* Cut off after each of its reads in turn: what was there before is valid, and in the end it is
 * done. */
static void cut_off_leaves_the_one_before(void **state)
{
    (void)state;
    static struct scene s, t;
    scene_make(&s);
    backup_well(&s);
    in_fiber(&s, write_letters);
    uint64_t all = 0;
    for (s.taking.reads_max = 1;; s.taking.reads_max = 2) {
        in_fiber(&s, backup);
        all += s.taking.run.copied_bytes;
        if (!s.taking.result) break;
        assert_int_equal(s.taking.result, ERR_GONE);
        in_fiber(&s, verify);
        assert_int_equal(s.faults.n, 0);
        assert_true(s.taking.reads_max < 100 && all < 100 << 20);
        if (s.taking.reads_max == 1) {
            restore_to(&s, &t, LETTERS);
            in_fiber(&t, expect_letters);
            place_remove(&t.p);
        }
    }
    restore_to(&s, &t, 2 * LETTERS);
    in_fiber(&t, expect_letters);
    place_remove(&t.p);
    scene_end(&s);
}

/* A restored store goes on, and its backup goes on in the same folder. */
static void backup_of_a_restored_store(void **state)
{
    (void)state;
    static struct scene s, t, u;
    scene_make(&s);
    backup_well(&s);
    struct backup_manifest before = manifest_of(s.p.seam, s.folder);
    restore_to(&s, &t, LETTERS);
    in_fiber(&t, backup);
    assert_int_equal(t.taking.result, OK);
    assert_int_equal(t.taking.run.copied_bytes, 0); /* nothing was written since */
    struct backup_manifest after = manifest_of(s.p.seam, s.folder);
    assert_int_equal(after.n, before.n);
    for (size_t i = 0; i < after.n; i++)
        assert_int_equal(after.segments[i].checksum, before.segments[i].checksum);
    in_fiber(&t, write_letters);
    in_fiber(&t, backup);
    assert_int_equal(t.taking.result, OK);
    restore_to(&t, &u, 2 * LETTERS);
    in_fiber(&u, expect_letters);
    /* And back in time: the older store's backup goes there too, its numbers taken twice. */
    in_fiber(&s, write_letters);
    backup_well(&s);
    in_fiber(&s, verify);
    assert_int_equal(s.faults.n, 0);
    manifest_free(&before);
    manifest_free(&after);
    place_remove(&u.p);
    place_remove(&t.p);
    scene_end(&s);
}

static void damage_segment(struct scene *s, const struct backup_segment *segment, uint64_t at)
{
    char path[200];
    snprintf(path, sizeof path, "%s/segments/%010llu-%016llx.seg", s->folder,
             (unsigned long long)segment->file.number, (unsigned long long)segment->file.id);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, (long)at, SEEK_SET);
    int byte = fgetc(f);
    fseek(f, (long)at, SEEK_SET);
    fputc(byte ^ 0x20, f);
    fclose(f);
}

static void damage_is_named_and_the_rest_restored(void **state)
{
    (void)state;
    static struct scene s, t;
    char number[40];
    scene_make(&s);
    backup_well(&s);
    struct backup_manifest m = manifest_of(s.p.seam, s.folder);
    const struct backup_segment *stream = NULL;
    for (size_t i = 0; i < m.n && !stream; i++)
        if (!m.segments[i].file.log) stream = &m.segments[i];
    assert_non_null(stream);
    damage_segment(&s, stream, 5000);
    snprintf(number, sizeof number, "segment %llu: ", (unsigned long long)stream->file.number);

    in_fiber(&s, verify);
    assert_int_equal(s.faults.n, 1);
    assert_true(str_starts(buf_str(&s.faults.text), str_of(number)));
    assert_int_equal(restore_to(&s, &t, LETTERS), 1);
    for (unsigned n = 0; n < LETTERS; n++)
        assert_true(t.uids[n].n);
    assert_int_equal(box_of(&t.p.world, S("INBOX")).messages, LETTERS);
    place_remove(&t.p);
    manifest_free(&m);
    scene_end(&s);
}

static void manifest_is_refused_when_damaged(void **state)
{
    (void)state;
    static struct scene s;
    struct buf text = buf_make(1 << 20), why = buf_make(1000);
    scene_make(&s);
    backup_well(&s);
    struct backup_manifest m = manifest_of(s.p.seam, s.folder), again;
    manifest_write(&m, &text);
    assert_int_equal(manifest_read(buf_str(&text), &again, &why), OK);
    manifest_free(&again);
    for (size_t i = 0; i < text.n; i++) {
        text.p[i] ^= 1;
        enum err e = manifest_read(buf_str(&text), &again, &why);
        assert_true(e == ERR_CORRUPT || e == ERR_DENIED);
        text.p[i] ^= 1;
        e = i + 1 < text.n ? manifest_read(str_take(buf_str(&text), i), &again, &why) : e;
        assert_true(e == ERR_CORRUPT || e == ERR_DENIED);
        buf_reset(&why);
    }
    manifest_free(&m);
    buf_free(&text);
    buf_free(&why);
    scene_end(&s);
}

static void other_folders_are_refused(void **state)
{
    (void)state;
    static struct scene s, other;
    scene_make(&s);
    backup_well(&s);
    scene_make(&other);
    char own[100];
    snprintf(own, sizeof own, "%s", other.folder);
    snprintf(other.folder, sizeof other.folder, "%s", s.folder);
    in_fiber(&other, backup);
    assert_int_equal(other.taking.result, ERR_CONFLICT);
    snprintf(other.folder, sizeof other.folder, "%s", s.p.folder); /* a data folder */
    in_fiber(&other, backup);
    assert_int_equal(other.taking.result, ERR_CONFLICT);
    struct restoring r = { .to = &other.p, .folder = s.folder };
    assert_int_equal(once(other.p.seam, restore, &r), OK);
    assert_int_equal(r.result, ERR_CONFLICT); /* it has a store already */
    buf_free(&r.faults.text);
    snprintf(other.folder, sizeof other.folder, "%s", own);
    in_fiber(&s, verify);
    assert_int_equal(s.faults.n, 0);
    scene_end(&other);
    scene_end(&s);
}

/* --- under load ---------------------------------------------------------------------------------
 */

struct load {
    struct scene *s;
    unsigned at_start;
    unsigned left; /* fibers */
};

static void keep_writing(void *arg)
{
    struct load *l = arg;
    struct scene *s = l->s;
    for (unsigned i = 0; i < 60; i++) {
        unsigned n = s->letters;
        s->uids[n] = append_letter(&s->p.world, S("INBOX"), n);
        s->letters++;
    }
    l->left--;
}

static void backup_meanwhile(void *arg)
{
    struct load *l = arg;
    while (l->s->letters < LETTERS + 10)
        fiber_yield();
    l->at_start = l->s->letters;
    backup(l->s);
    l->left--;
}

static void under_load(void **state)
{
    (void)state;
    static struct scene s, t;
    scene_make(&s);
    struct load l = { .s = &s, .left = 2 };
    struct loop *loop = loop_new(s.p.seam, 0);
    assert_int_equal(fiber_start(loop, FIBER_KNOWN, keep_writing, &l), OK);
    assert_int_equal(fiber_start(loop, FIBER_KNOWN, backup_meanwhile, &l), OK);
    while (l.left)
        loop_run_once(loop, true);
    loop_free(loop);
    assert_int_equal(s.taking.result, OK);
    assert_true(l.at_start >= LETTERS + 10 && l.at_start < s.letters);
    restore_to(&s, &t, l.at_start);
    in_fiber(&t, expect_letters);
    place_remove(&t.p);
    scene_end(&s);
}

int main(void)
{
    log_level_set(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_store_comes_back),
        cmocka_unit_test(second_copies_what_is_new),
        cmocka_unit_test(cut_off_leaves_the_one_before),
        cmocka_unit_test(backup_of_a_restored_store),
        cmocka_unit_test(damage_is_named_and_the_rest_restored),
        cmocka_unit_test(manifest_is_refused_when_damaged),
        cmocka_unit_test(other_folders_are_refused),
        cmocka_unit_test(under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
