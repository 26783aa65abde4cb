/* repair_test.c - a store on a disk is damaged, one byte or one stretch at a time: check names it,
 * repair mends it or names what is lost, and all other mail is byte for byte as it was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "mail/card.h"
#include "store/check_int.h"
#include "store/embedded/engine_test_int.h"

enum { MESSAGES = 12, LARGE = 7, LARGE_BYTES = 400000 };

struct shop {
    struct place p;
    struct store *store;
    struct account alice;
    unsigned faults, lost, mended;
    enum err result;
};

static const struct store_settings settings = { .body_memory_bytes = PLACE_BODY_MEMORY_BYTES,
                                                .journey_ms = 1ull << 40,
                                                .undelete_ms = 1ull << 40,
                                                .tombstone_ms = 1ull << 40 };
static const char log_1[] = "journal/0000000001.seg";

/* --- a store with mail ---------------------------------------------------------------------------
 */

static void letter(struct buf *out, unsigned n)
{
    buf_addf(out, "From: bob@b.test\r\nSubject: letter %u\r\n\r\nnumber %u\r\n", n, n);
    for (unsigned i = 0; n == LARGE && out->n < LARGE_BYTES; i++)
        buf_addf(out, "line %u of a long letter\r\n", i * 7919 % 10007);
}

static void add_letter(struct shop *s, unsigned n)
{
    struct body *b;
    struct buf text = buf_make(1 << 20), card = buf_make(CARD_BYTES);
    struct appended out;
    letter(&text, n);
    assert_true(card_build(&card, buf_str(&text)));
    assert_int_equal(body_begin(s->p.engine, &b), OK);
    assert_int_equal(body_write(b, buf_str(&text)), OK);
    assert_int_equal(body_seal(b, S("")), OK);
    struct append item = {
        .account = s->alice, .mailbox = S("INBOX"), .body = b, .card = buf_str(&card)
    };
    assert_int_equal(store_append(s->store, &item, 1, &out), OK);
    body_free(b);
    buf_free(&text);
    buf_free(&card);
}

static void fill(struct place *p, void *arg)
{
    struct shop *s = arg;
    struct user u = { .address = S("alice@a.test"), .password_hash = S("x") };
    (void)p;
    assert_int_equal(store_domain_add(s->store, S("a.test")), OK);
    assert_int_equal(store_user_add(s->store, &u, &s->alice), OK);
    for (unsigned n = 1; n <= MESSAGES; n++)
        add_letter(s, n);
}

static enum err shop_open(struct shop *s, struct repair_report *repair)
{
    struct buf why = buf_make(1000);
    enum err e = repair ? store_open_repair(s->p.seam, &settings, repair, &s->store, &why)
                        : store_open(s->p.seam, &settings, &s->store, &why);
    s->p.engine = e ? NULL : store_engine(s->store);
    if (e) print_message("  open: %.*s\n", STR_ARG(buf_str(&why)));
    buf_free(&why);
    return e;
}

static void shop_close(struct shop *s)
{
    store_close(s->store);
    s->store = NULL;
    s->p.engine = NULL;
}

static int set_up(void **state)
{
    struct shop *s = MEM_NEW(struct shop);
    place_make(&s->p);
    *state = s;
    if (shop_open(s, NULL)) return -1;
    place_run(&s->p, fill, s);
    shop_close(s);
    return 0;
}

static int tear_down(void **state)
{
    struct shop *s = *state;
    if (s->store) shop_close(s);
    loop_free(s->p.loop);
    seam_free(s->p.seam);
    place_erase(&s->p, "");
    mem_free(s);
    return 0;
}

/* --- checking and repairing ----------------------------------------------------------------------
 */

static void say_fault(void *arg, str what)
{
    if (((struct shop *)arg)->faults < 4) print_message("  fault: %.*s\n", STR_ARG(what));
    ++((struct shop *)arg)->faults;
}

static void say_lost(void *arg, str what)
{
    print_message("  lost: %.*s\n", STR_ARG(what));
    ++((struct shop *)arg)->lost;
}

static void say_mended(void *arg, str what)
{
    print_message("  mended: %.*s\n", STR_ARG(what));
    ++((struct shop *)arg)->mended;
}

static void check_it(struct place *p, void *arg)
{
    struct shop *s = arg;
    struct check_report report = { .fault = say_fault, .arg = s };
    (void)p;
    s->result = store_check(s->store, &report);
}

static enum err check(struct shop *s)
{
    s->faults = 0;
    struct buf why = buf_make(1000);
    enum err e = store_open_verified(s->p.seam, &settings, &s->store, &why);
    if (e) print_message("  open: %.*s\n", STR_ARG(buf_str(&why)));
    buf_free(&why);
    if (e) return e;
    s->p.engine = store_engine(s->store);
    place_run(&s->p, check_it, s);
    shop_close(s);
    return s->result;
}

static struct repair_report *mending;

static void mend_it(struct place *p, void *arg)
{
    struct shop *s = arg;
    (void)p;
    s->result = store_mend(s->store, mending);
}

/* Afterwards the store is open, and check is clean. */
static void repair(struct shop *s)
{
    struct repair_report report = { .lost = say_lost, .mended = say_mended, .arg = s };
    s->lost = s->mended = 0;
    mending = &report;
    assert_int_equal(shop_open(s, &report), OK);
    place_run(&s->p, mend_it, s);
    assert_int_equal(s->result, OK);
    shop_close(s);
    assert_int_equal(check(s), OK);
    assert_int_equal(shop_open(s, NULL), OK);
}

/* Which letters are there, byte for byte, as bits; a letter that is there and wrong fails. */
struct found {
    struct shop *s;
    unsigned letters;
};

static bool read_letter(struct shop *s, uint32_t uid)
{
    struct mailbox inbox;
    struct message m;
    struct body_reader *r;
    struct buf wanted = buf_make(1 << 20), got = buf_make(1 << 20);
    struct view *v = store_view(s->store);
    assert_int_equal(store_mailbox_find(v, s->alice, S("INBOX"), &inbox), OK);
    struct told told = { inbox.id, inbox.uidvalidity, inbox.highest_modseq, inbox.highest_modseq,
                         inbox.uidnext };
    struct arena a = arena_make(1 << 20);
    struct seqmap map;
    assert_int_equal(store_seqmap(v, &inbox, &told, &a, &map), OK);
    bool live = seqmap_seq(&map, (struct uid){ uid }).n != 0 &&
                store_message(v, &inbox, (struct uid){ uid }, &m) == OK;
    arena_free(&a);
    view_end(v);
    if (live) {
        letter(&wanted, uid);
        assert_int_equal(body_open(s->p.engine, m.blob, &r), OK);
        for (str piece = S(" "); piece.n; buf_add(&got, piece))
            assert_int_equal(body_read(r, got.n, 1 << 17, &piece), OK);
        body_close(r);
        assert_true(str_eq(buf_str(&got), buf_str(&wanted)));
    }
    buf_free(&wanted);
    buf_free(&got);
    return live;
}

static void read_all(struct place *p, void *arg)
{
    struct found *f = arg;
    (void)p;
    for (uint32_t uid = 1; uid <= MESSAGES; uid++)
        if (read_letter(f->s, uid)) f->letters |= 1u << uid;
}

static unsigned letters(struct shop *s)
{
    struct found f = { s, 0 };
    place_run(&s->p, read_all, &f);
    return f.letters;
}
static const unsigned all_letters = ((1u << MESSAGES) - 1) << 1;

static uint32_t uidnext(struct shop *s)
{
    struct mailbox inbox;
    struct view *v = store_view(s->store);
    assert_int_equal(store_mailbox_find(v, s->alice, S("INBOX"), &inbox), OK);
    view_end(v);
    return inbox.uidnext.n;
}

/* --- damage --------------------------------------------------------------------------------------
 */

static FILE *file_open(struct shop *s, const char *name)
{
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/%s", s->p.folder, name);
    buf_addc(&path, 0);
    FILE *f = fopen(path.p, "r+");
    assert_non_null(f);
    buf_free(&path);
    return f;
}

static void flip(struct shop *s, const char *name, long at, int with)
{
    FILE *f = file_open(s, name);
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ with, f);
    fclose(f);
}

static void blot(struct shop *s, const char *name, long at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        flip(s, name, at + (long)i, 0x5a);
}

static long file_size(struct shop *s, const char *name)
{
    FILE *f = file_open(s, name);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    fclose(f);
    return n;
}

/* The first place of these bytes in the file, or -1. */
static long find(struct shop *s, const char *name, str bytes)
{
    FILE *f = file_open(s, name);
    struct buf all = buf_make(64 << 20);
    size_t n = 1;
    while (n) {
        char *room = buf_reserve(&all, 65536);
        n = fread(room, 1, 65536, f);
        buf_commit(&all, n);
    }
    fclose(f);
    size_t at = str_find(buf_str(&all), bytes);
    buf_free(&all);
    return at == STR_NPOS ? -1 : (long)at;
}

static const char log_of_large[] = "journal/0000000002.seg", log_2[] = "journal/0000000003.seg";

static void add_more(struct place *p, void *arg)
{
    (void)p;
    for (unsigned n = 21; n <= 23; n++)
        add_letter(arg, n);
}

static void expunge_two(struct place *p, void *arg)
{
    struct shop *s = arg;
    struct mailbox inbox;
    struct uid_range two[] = { { 5, 5 }, { LARGE, LARGE } };
    struct uidset uids = { .ranges = two, .n = 2, .cap = 2 };
    (void)p;
    struct view *v = store_view(s->store);
    assert_int_equal(store_mailbox_find(v, s->alice, S("INBOX"), &inbox), OK);
    view_end(v);
    struct expunge x = {
        .account = s->alice, .mailbox = inbox.id, .uids = &uids, .unconditional = true
    };
    assert_int_equal(store_expunge(s->store, &x, NULL), OK);
}

static bool count_gone(void *arg, const struct restorable *g)
{
    (void)g;
    ++*(int *)arg;
    return true;
}

/* How many messages undelete offers. */
static int gone(struct shop *s)
{
    int n = 0;
    struct undelete u = { .account = s->alice, .now_us = seam_wall_us(s->p.seam) };
    assert_int_equal(store_gone(s->store, &u, count_gone, &n), OK);
    return n;
}

static long record_with(struct shop *s, str bytes)
{
    long at = find(s, log_1, bytes);
    assert_true(at > 4096);
    return at;
}

/* --- what is mended whole ------------------------------------------------------------------------
 */

static void nothing_is_wrong(void **state)
{
    struct shop *s = *state;
    assert_int_equal(check(s), OK);
    repair(s);
    assert_int_equal(s->lost + s->mended, 0);
    assert_int_equal(letters(s), all_letters);
    assert_int_equal(uidnext(s), MESSAGES + 1);
}

static void a_wrong_byte_in_a_header_is_mended(void **state)
{
    struct shop *s = *state;
    static const long at[] = { 0, 9, 12, 32, 48, 56, 80, 88, 95, 96, 200, 287 };
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        flip(s, log_1, at[i], at[i] == 9 ? 0x80 : 0x25);
        if (at[i] != 9) assert_int_equal(check(s), ERR_CORRUPT); /* 9: of a newer format, it says */
        if (at[i] == 9) {
            flip(s, log_1, at[i], 0x80);
            continue;
        }
        repair(s);
        assert_int_equal(s->lost, 0);
        assert_true(s->mended > 0);
        assert_int_equal(letters(s), all_letters);
        shop_close(s);
    }
}

static void a_wrong_bit_in_a_record_is_mended(void **state)
{
    struct shop *s = *state;
    long at = record_with(s, S("number 5"));
    static const long around[] = { -60, 0, 5, 60, 130 };
    for (size_t i = 0; i < COUNT_OF(around); i++) {
        flip(s, log_1, at + around[i], 0x10);
        assert_int_equal(check(s), ERR_CORRUPT);
        repair(s);
        assert_int_equal(s->lost, 0);
        assert_int_equal(letters(s), all_letters);
        shop_close(s);
    }
}

static void any_page_of_the_index_may_be_damaged(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    shop_close(s);
    long size = file_size(s, "index/data.mdb");
    for (long page = 0; page < size; page += 4096) {
        blot(s, "index/data.mdb", page + 8, 9);
        blot(s, "index/data.mdb", page + 4060, 20);
        check(s); /* it may be a page that nobody needs; but nothing may end the process */
        repair(s);
        assert_int_equal(s->lost, 0);
        assert_int_equal(letters(s), all_letters);
        shop_close(s);
    }
}

static void one_bit_of_a_row_is_named(void **state)
{
    struct shop *s = *state;
    long at = find(s, "index/data.mdb", S("letter 3"));
    assert_true(at > 0);
    flip(s, "index/data.mdb", at, 1);
    assert_int_equal(check(s), ERR_CORRUPT);
    assert_true(s->faults > 0);
    repair(s);
    assert_int_equal(s->lost, 0);
    assert_int_equal(letters(s), all_letters);
}

struct long_row {
    struct shop *s;
    unsigned n;
};

static enum err long_row(struct txn *t, void *arg)
{
    const struct long_row *r = arg;
    struct key k = key_of('9'); /* nobody's */
    struct buf value = buf_make(1000);
    key_u32(&k, r->n);
    buf_fill(&value, 'x', 1000);
    txn_put(t, r->s->alice, key_str(&k), buf_str(&value));
    buf_free(&value);
    return OK;
}

static void put_it(struct place *p, void *arg)
{
    assert_int_equal(engine_commit(p->engine, long_row, arg), OK);
}

static void put_long_row(struct shop *s, unsigned n)
{
    struct long_row row = { s, n };
    place_run(&s->p, put_it, &row);
}

static void a_cut_index_is_refused_and_made_again(void **state)
{
    struct shop *s = *state;
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/index/data.mdb", s->p.folder);
    buf_addc(&path, 0);
    unsigned refused = 0;
    assert_int_equal(shop_open(s, NULL), OK);
    for (unsigned n = 0; n < 400; n++) /* one of a few pages is made anew without a word */
        put_long_row(s, n);
    shop_close(s);
    for (int part = 4; part > 0; part--) {
        assert_int_equal(truncate(path.p, file_size(s, "index/data.mdb") * part / 5), 0);
        /* What was cut may have been free: then nothing is wrong. */
        bool whole = shop_open(s, NULL) == OK;
        refused += !whole;
        if (whole) assert_int_equal(letters(s), all_letters);
        if (whole) shop_close(s);
        repair(s);
        assert_int_equal(s->lost, 0);
        assert_int_equal(letters(s), all_letters);
        shop_close(s);
    }
    assert_true(refused > 0);
    buf_free(&path);
}

/* --- what is lost is named -----------------------------------------------------------------------
 */

static void lost_bytes_cost_one_message(void **state)
{
    struct shop *s = *state;
    blot(s, log_1, record_with(s, S("number 5")), 6);
    assert_int_equal(check(s), ERR_CORRUPT);
    repair(s);
    assert_int_equal(s->lost, 2); /* the bytes in the journal, the message by name */
    assert_int_equal(letters(s), all_letters & ~(1u << 5));
    assert_true(uidnext(s) > MESSAGES + 1);
}

/* The commit of a message: its row is named, and its body kept for people to look at. */
static void a_lost_commit_costs_one_message(void **state)
{
    struct shop *s = *state;
    long body = record_with(s, S("number 5"));
    blot(s, log_1, body + 9 + 40 + 60, 8); /* into the commit that follows */
    assert_int_equal(check(s), ERR_CORRUPT);
    repair(s);
    assert_true(s->lost >= 2);
    assert_int_equal(letters(s), all_letters & ~(1u << 5));
    assert_true(find(s, log_1, S("number 5")) > 0);
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/lost", s->p.folder);
    buf_addc(&path, 0);
    DIR *lost = opendir(path.p);
    assert_non_null(lost);
    unsigned n = 0;
    for (struct dirent *d; (d = readdir(lost));)
        n += d->d_name[0] != '.';
    closedir(lost);
    buf_free(&path);
    assert_int_equal(n, 2); /* the message, and the bytes that were damaged */
}

/* The last commit of all: nobody remembers its UID but the gap that repair leaves. */
static void no_uid_is_given_out_twice(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    shop_close(s); /* a second log, so that the end of the first is known */
    assert_int_equal(shop_open(s, NULL), OK);
    shop_close(s);
    blot(s, log_1, record_with(s, S("number 12")) - 200, 1000);
    repair(s);
    assert_true(s->lost > 0);
    assert_true((letters(s) | 1u << 11 | 1u << 12) == all_letters);
    assert_true(uidnext(s) > MESSAGES);
}

static void a_large_message_is_lost_by_itself(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    shop_close(s);
    char name[40];
    for (int n = 2; n < 9; n++) {
        snprintf(name, sizeof name, "journal/%010d.seg", n);
        struct buf path = buf_make(300);
        buf_addf(&path, "%s/%s", s->p.folder, name);
        buf_addc(&path, 0);
        bool large = access(path.p, F_OK) == 0 && file_size(s, name) > 20000;
        buf_free(&path);
        if (large) break;
    }
    blot(s, name, 9000, 50);
    assert_int_equal(check(s), ERR_CORRUPT);
    repair(s);
    assert_int_equal(letters(s), all_letters & ~(1u << LARGE));
    assert_int_equal(s->lost, 1);
}

/* A log that is not there: how much it held is not known, and what was in it is gone. */
static void a_deleted_log_is_named(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    place_run(&s->p, add_more, s);
    shop_close(s);
    long at = find(s, log_2, S("number 21"));
    assert_true(at > 0);
    assert_int_equal(shop_open(s, NULL), OK);
    shop_close(s);
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/%s", s->p.folder, log_2);
    buf_addc(&path, 0);
    assert_int_equal(unlink(path.p), 0);
    buf_free(&path);
    assert_int_equal(check(s), ERR_CORRUPT);
    repair(s);
    assert_true(s->lost > 0);
    assert_int_equal(letters(s), all_letters);
    assert_true(uidnext(s) > MESSAGES + 1);
}

/* Deleted, and then its bytes are damaged: it is named once, and not offered any more. */
static void a_deleted_message_may_be_lost_too(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    place_run(&s->p, expunge_two, s);
    assert_int_equal(gone(s), 2);
    shop_close(s);
    blot(s, log_of_large, 9000, 50);
    blot(s, log_1, record_with(s, S("number 5")), 6);
    blot(s, log_1, record_with(s, S("number 6")), 6);
    assert_int_equal(check(s), ERR_CORRUPT);
    repair(s);
    assert_int_equal(s->lost, 4); /* two stretches, the large one, and 6, which was not deleted */
    assert_int_equal(gone(s), 0); /* nor is 6 offered, which repair expunged */
    assert_int_equal(letters(s), all_letters & ~(7u << 5));
}

/* --- crashes -------------------------------------------------------------------------------------
 */

/* Killed between the new index and the end of the mending, a repair is gone on with: no other way
 * is open, and it knows how much was lost. */
static void a_repair_cut_off_is_finished(void **state)
{
    struct shop *s = *state;
    struct repair_report report = { .lost = say_lost, .mended = say_mended, .arg = s };
    blot(s, log_1, record_with(s, S("number 5")), 6);
    assert_int_equal(shop_open(s, &report), OK);
    shop_close(s); /* and nothing was mended */
    assert_int_equal(shop_open(s, NULL), ERR_DENIED);
    assert_int_equal(check(s), ERR_DENIED);
    repair(s);
    assert_true(uidnext(s) > MESSAGES + 1);
    assert_int_equal(letters(s), all_letters & ~(1u << 5));
}

/* Killed at any moment, a repair leaves the old index or the new one. */
static void a_killed_repair_leaves_a_store(void **state)
{
    struct shop *s = *state;
    for (unsigned us = 0; us < 40000; us += 2500) {
        pid_t pid = fork();
        if (pid == 0) {
            struct repair_report report = { .lost = say_lost, .mended = say_mended, .arg = s };
            struct buf why = buf_make(1000);
            struct seam *seam = seam_real_new(s->p.folder);
            if (store_open_repair(seam, &settings, &report, &s->store, &why)) _exit(1);
            _exit(0);
        }
        usleep(us);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        enum err e = shop_open(s, NULL);
        if (e) assert_int_equal(e, ERR_DENIED); /* the index has its place, and not all is done */
        if (e) repair(s);
        assert_int_equal(letters(s), all_letters);
        shop_close(s);
    }
    assert_int_equal(check(s), OK);
}

static void a_store_in_use_is_not_repaired(void **state)
{
    struct shop *s = *state;
    assert_int_equal(shop_open(s, NULL), OK);
    struct repair_report report = { .lost = say_lost, .mended = say_mended, .arg = s };
    struct buf why = buf_make(1000);
    struct store *second;
    struct seam *seam = seam_real_new(s->p.folder);
    assert_int_equal(store_open_repair(seam, &settings, &report, &second, &why), ERR_EXISTS);
    assert_int_not_equal(str_find(buf_str(&why), S("in use")), STR_NPOS);
    seam_free(seam);
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_byte_in_a_header_is_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_bit_in_a_record_is_mended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_page_of_the_index_may_be_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bit_of_a_row_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_index_is_refused_and_made_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_bytes_cost_one_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_commit_costs_one_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_uid_is_given_out_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_message_is_lost_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_log_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_message_may_be_lost_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_repair_cut_off_is_finished, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_repair_leaves_a_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_in_use_is_not_repaired, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
