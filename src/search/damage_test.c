/* damage_test.c - whatever happens to the index's files, no answer is wrong: at worst it knows
 * nothing.
 *
 * Flipped bits, cut ends, foreign and newer files, a deleted folder, a full disk, a killed process.
 */
#include "search/search_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LETTERS = 120 };

static void fill(struct place *p)
{
    struct buf text = buf_make(4000);
    for (unsigned i = 0; i < LETTERS; i++) {
        buf_reset(&text);
        buf_addf(&text, "Subject: letter\r\n\r\nthe number of this one is n%ue\r\n", i);
        for (unsigned k = 0; k < 60; k++)
            buf_addf(&text, "line %u of the letter, %u\r\n", k, i * 7919 + k * 104729);
        (void)place_append(p, buf_str(&text));
    }
    buf_free(&text);
}

/* How many are known; none wrongly. */
static unsigned known(struct place *p, const struct asked *a, unsigned holder)
{
    unsigned n = 0;
    for (uint32_t uid = 1; uid <= LETTERS; uid++) {
        enum search_verdict said = place_verdict(p, a, S("INBOX"), (struct uid){ uid });
        n += said != SEARCH_UNKNOWN;
        if (said == SEARCH_HAS_NOT) assert_int_not_equal(uid, holder);
        if (said == SEARCH_HAS) assert_int_equal(uid, holder);
    }
    return n;
}

static unsigned asked_right(struct place *p)
{
    struct asked a = place_ask(p, "n77e", true);
    unsigned n = known(p, &a, 78);
    arena_reset(&p->arena);
    return n;
}

static void path_of(struct place *p, char *path, size_t n)
{
    char name[SEARCH_PATH_BYTES];
    book_path(p->alice, false, name);
    (void)snprintf(path, n, "%s/%s", p->folder, name);
}

static struct buf load(const char *path)
{
    struct buf b = buf_make(1 << 20);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *room = buf_reserve(&b, 1 << 20);
    buf_commit(&b, fread(room, 1, 1 << 20, f));
    (void)fclose(f);
    return b;
}

static void save(const char *path, str bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    (void)fclose(f);
}

static void flipped_bits(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    assert_int_equal(asked_right(&p), LETTERS);
    path_of(&p, path, sizeof path);
    struct buf good = load(path);
    for (size_t at = 0; at < good.n; at += at < 4000 ? 5 : 397) {
        good.p[at] = (char)(good.p[at] ^ 0x10);
        save(path, buf_str(&good));
        (void)asked_right(&p);
        good.p[at] = (char)(good.p[at] ^ 0x10);
        unsigned n = asked_right(&p);
        if (n != LETTERS) fail_msg("a bit at %zu: %u known", at, n); /* it mends itself */
    }
    buf_free(&good);
    place_remove(&p);
}

static void cut_ends(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    (void)asked_right(&p);
    path_of(&p, path, sizeof path);
    struct buf good = load(path);
    for (size_t n = 0; n < good.n; n += n < 100 ? 7 : 997) {
        save(path, str_take(buf_str(&good), n));
        search_close(p.search); /* as after a crash: what the process knew is gone */
        place_open_index(&p);
        assert_int_equal(asked_right(&p), LETTERS);
    }
    /* Behind the end lies what a crash may leave there. */
    buf_add(&good, S("PSR1 and zeros"));
    buf_fill(&good, 0, 5000);
    save(path, buf_str(&good));
    assert_int_equal(asked_right(&p), LETTERS);
    buf_free(&good);
    place_remove(&p);
}

static void newer_format(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    (void)asked_right(&p);
    path_of(&p, path, sizeof path);
    struct buf good = load(path);
    good.p[4]++; /* the version */
    save(path, buf_str(&good));
    assert_int_equal(asked_right(&p), LETTERS);
    struct buf now = load(path);
    assert_int_equal(now.p[4], good.p[4] - 1);
    buf_free(&now);
    buf_free(&good);
    place_remove(&p);
}

static void deleted_folder(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    (void)asked_right(&p);
    (void)snprintf(path, sizeof path, "%s/search", p.folder);
    assert_int_equal(nftw(path, place_erase, 16, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(asked_right(&p), LETTERS);
    place_remove(&p);
}

static void full_disk(void **unused)
{
    (void)unused;
    for (uint64_t nth = 1; nth < 6; nth++) {
        for (int error = 0; error < 2; error++) {
            struct place p;
            place_make(&p);
            fill(&p);
            struct seam_faults faults = { .write = { nth, 1000000, error ? -ENOSPC : 0 } };
            if (!error) faults.write.times = 1; /* half of it is written, then all */
            seam_faults(p.seam, &faults);
            unsigned n = asked_right(&p);
            assert_true(error ? n < LETTERS : n == LETTERS);
            seam_faults(p.seam, NULL);
            assert_int_equal(asked_right(&p), LETTERS);
            place_remove(&p);
        }
    }
}

static void little_room(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    fill(&p);
    p.settings.free_bytes_min = UINT64_MAX / 2;
    assert_int_equal(asked_right(&p), 0);
    p.settings.free_bytes_min = 0;
    assert_int_equal(asked_right(&p), LETTERS);
    place_remove(&p);
}

/* The store is in memory and made the same again by each process; only the index is on the disk. */
static void killed(void **unused)
{
    (void)unused;
    char folder[] = "/tmp/ph-search-XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (unsigned round = 0; round < 25; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            struct place p;
            place_make_in(&p, folder);
            fill(&p);
            for (;;) {
                (void)asked_right(&p);
                char path[SEARCH_PATH_BYTES];
                book_path(p.alice, false, path);
                (void)seam_unlink(p.seam, path);
            }
        }
        (void)usleep(15000 + round * 1700);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        struct place p;
        place_make_in(&p, folder);
        fill(&p);
        assert_int_equal(asked_right(&p), LETTERS);
        place_end(&p);
    }
    assert_int_equal(nftw(folder, place_erase, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* --- what is removed ------------------------------------------------------------------------ */

static void sweep_fiber(void *arg)
{
    struct place *p = arg;
    assert_int_equal(search_tend_once(p->search, 0), OK);
    search_unwatch(p->search);
}

static void removed_mail_leaves(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    (void)asked_right(&p);
    path_of(&p, path, sizeof path);
    struct buf before = load(path);
    struct uidset some = uidset_make(&p.arena);
    assert_true(uidset_add(&some, 1, LETTERS / 2));
    struct expunge x = { .account = p.alice, .mailbox = place_box(&p, S("INBOX")).id };
    x.uids = &some;
    x.unconditional = true;
    assert_int_equal(store_expunge(p.store, &x, NULL), OK);
    place_run(&p, sweep_fiber, &p);
    struct buf after = load(path);
    assert_true(after.n < before.n * 2 / 3);
    assert_int_equal(asked_right(&p), LETTERS / 2); /* 78 is among the living */
    struct asked a = place_ask(&p, "n77e", true);
    assert_int_equal(a.answer.n, LETTERS / 2);
    buf_free(&before);
    buf_free(&after);
    place_remove(&p);
}

static void removed_accounts_leave(void **unused)
{
    (void)unused;
    struct place p;
    char path[128];
    place_make(&p);
    fill(&p);
    (void)asked_right(&p);
    path_of(&p, path, sizeof path);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(store_user_remove(p.store, S("alice@a.test")), OK);
    place_run(&p, sweep_fiber, &p);
    assert_int_equal(access(path, F_OK), -1);
    place_remove(&p);
}

static void watch_fiber(void *arg)
{
    struct place *p = arg;
    assert_int_equal(search_tend_once(p->search, UINT64_MAX), OK);
}

static void unwatch_fiber(void *arg)
{
    struct place *p = arg;
    search_unwatch(p->search);
}

/* Mail that arrives is brought in without a question. */
static void tended(void **unused)
{
    (void)unused;
    struct place p;
    place_make(&p);
    (void)place_append(&p, S("Subject: first\r\n\r\nhello\r\n"));
    (void)place_ask(&p, "hello", true);
    struct seam_look look;
    char path[SEARCH_PATH_BYTES];
    book_path(p.alice, false, path);
    assert_int_equal(seam_look(p.seam, path, &look), 0);
    uint64_t before = look.size;
    place_run(&p, watch_fiber, &p);
    fill(&p);
    loop_run_once(p.loop, false);
    place_run(&p, watch_fiber, &p);
    place_run(&p, unwatch_fiber, &p);
    assert_int_equal(seam_look(p.seam, path, &look), 0);
    assert_true(look.size > before);
    place_remove(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(cut_ends),
        cmocka_unit_test(newer_format),
        cmocka_unit_test(deleted_folder),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(little_room),
        cmocka_unit_test(killed),
        cmocka_unit_test(removed_mail_leaves),
        cmocka_unit_test(removed_accounts_leave),
        cmocka_unit_test(tended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
