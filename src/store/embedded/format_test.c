/* format_test.c - who may open: one process, that knows the format of every file it finds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <xxhash.h>

#include "base/codec.h"
#include "base/limits.h"
#include "store/embedded/index_int.h"
#include "store/embedded/recovery_fixture.h"

/* --- who may open --------------------------------------------------------------------------- */

static void refused(struct place *p, enum err wanted, const char *word)
{
    struct buf why = buf_make(1000);
    struct engine *second;
    assert_int_equal(engine_embedded_open(&p->options, &second, &why), wanted);
    assert_int_not_equal(str_find(buf_str(&why), str_of(word)), STR_NPOS);
    buf_free(&why);
}

static void a_second_opener_is_refused(void **state)
{
    refused(*state, ERR_EXISTS, "in use");
}

static void a_newer_format_is_refused(void **state)
{
    struct place *p = *state;
    place_run(p, three_puts, NULL);
    place_close(p);
    struct buf whole = file_read(p, segment_1);
    whole.p[8]++; /* the format's number; the checksum may be of another kind then */
    file_write(p, segment_1, buf_str(&whole));
    refused(p, ERR_DENIED, "newer format");
    whole.p[8]--;
    file_write(p, segment_1, buf_str(&whole));
    assert_int_equal(place_open(p), OK);
    buf_free(&whole);
}

/* Nothing is guessed; the words say what helps, and it does. */
static void a_damaged_index_is_refused_with_its_remedy(void **state)
{
    struct place *p = *state;
    place_run(p, three_puts, NULL);
    place_close(p);
    struct buf bytes = buf_make(2 * STORE_INDEX_UNBEGUN_BYTES);
    buf_fill(&bytes, 'x', STORE_INDEX_UNBEGUN_BYTES + 1);
    file_write(p, "index/data.mdb", buf_str(&bytes));
    buf_free(&bytes);
    refused(p, ERR_CORRUPT, "posthorn check --repair");
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
    assert_true(row_is(p, 20, S("c"), "third"));
}

/* As a power cut leaves it: LMDB has sized the file, and not one of its sectors came through. */
static void an_index_that_was_never_begun_is_made_anew(void **state)
{
    struct place *p = *state;
    static const char zeros[8192];
    static const size_t sizes[] = { 0, 100, 4096, sizeof zeros };
    place_run(p, three_puts, NULL);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        place_close(p);
        place_erase(p, "index");
        assert_int_equal(seam_mkdir(p->seam, "index"), 0);
        file_write(p, "index/data.mdb", (str){ zeros, sizes[i] });
        assert_int_equal(place_open(p), OK);
        assert_true(row_is(p, 20, S("c"), "third"));
    }
}

/* --- segments and records of a newer program ------------------------------------------------- */

enum { HEADER = 288, FIRST = 4096, REQUIRED = 16, IGNORABLE = 24, CHECKSUM = 88, SECRET = 96 };
enum { RECORD_TYPE = 12, RECORD_VERSION = 13, RECORD_HEAD = 40 };

static void put_le64(char *p, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)(value >> (8 * i));
}

/* The sums as docs/storage-format.md has them. */
static void sum_header(char *segment)
{
    for (int i = 0; i < 8; i++)
        segment[CHECKSUM + i] = "PHSEGMNT"[i];
    put_le64(segment + CHECKSUM, XXH3_64bits(segment, HEADER));
}

static void sum_first_record(char *segment)
{
    char *record = segment + FIRST, in[24];
    size_t n = RECORD_HEAD + get_le32(record + 8);
    put_le64(in, 1);
    put_le64(in + 8, FIRST);
    put_le64(in + 16, XXH3_64bits_withSecret(record + 8, n - 8, segment + SECRET, 192));
    put_le64(record, XXH3_64bits_withSecret(in, sizeof in, segment + SECRET, 192));
}

/* Rows in the journal, closed; the index gone, so that all of it is read again. */
static struct buf filled(struct place *p)
{
    place_run(p, three_puts, NULL);
    place_close(p);
    place_erase(p, "index");
    return file_read(p, segment_1);
}

static void opens(struct place *p)
{
    assert_int_equal(place_open(p), OK);
    assert_true(row_is(p, 20, S("a"), "first"));
    assert_true(row_is(p, 20, S("c"), "third"));
}

static void features_that_must_be_known_are_refused(void **state)
{
    struct place *p = *state;
    struct buf whole = filled(p);
    whole.p[REQUIRED + 5] = 1;
    sum_header(whole.p);
    file_write(p, segment_1, buf_str(&whole));
    refused(p, ERR_DENIED, "newer format");
    whole.p[REQUIRED + 5] = 0;
    sum_header(whole.p);
    file_write(p, segment_1, buf_str(&whole));
    opens(p);
    buf_free(&whole);
}

static void features_that_may_be_ignored_are(void **state)
{
    struct place *p = *state;
    struct buf whole = filled(p);
    put_le64(whole.p + IGNORABLE, UINT64_MAX);
    sum_header(whole.p);
    file_write(p, segment_1, buf_str(&whole));
    opens(p);
    buf_free(&whole);
}

/* It is whole, so nothing is torn, and nothing is cut away: the file stays as it was. */
static void a_record_of_a_newer_program_is_refused(void **state)
{
    struct place *p = *state;
    static const struct {
        size_t at;
        char value;
    } newer[] = { { RECORD_TYPE, 5 }, { RECORD_VERSION, 2 } };
    struct buf whole = filled(p);
    for (size_t i = 0; i < COUNT_OF(newer); i++) {
        char was = whole.p[FIRST + newer[i].at];
        whole.p[FIRST + newer[i].at] = newer[i].value;
        sum_first_record(whole.p);
        file_write(p, segment_1, buf_str(&whole));
        refused(p, ERR_DENIED, "newer program");
        struct buf after = file_read(p, segment_1);
        assert_true(str_eq(buf_str(&after), buf_str(&whole)));
        buf_free(&after);
        whole.p[FIRST + newer[i].at] = was;
    }
    sum_first_record(whole.p);
    file_write(p, segment_1, buf_str(&whole));
    opens(p);
    buf_free(&whole);
}

/* --- an index of a newer program -------------------------------------------------------------- */

/* Applies nothing but its mark, whose last field is the format. */
static void write_index_mark(struct place *p, uint64_t format)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi rows;
    struct buf path = path_of(p, "index");
    static const char key[] = "\0\0\0\0\0\0\0\0m";
    char value[44] = { 0 };
    MDB_val k = { 9, (void *)(uintptr_t)key }, v = { sizeof value, value };
    put_le64(value + 32, format);
    uint32_t sum = (uint32_t)(XXH3_64bits(value, 40) ^ XXH3_64bits_withSeed(key, 9, 1));
    for (int i = 0; i < 4; i++)
        value[40 + i] = (char)(sum >> (8 * i));
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 1 << 28), 0);
    assert_int_equal(mdb_env_open(env, path.p, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &rows), 0);
    assert_int_equal(mdb_put(txn, rows, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    buf_free(&path);
}

static void a_newer_index_is_refused_with_its_remedy(void **state)
{
    struct place *p = *state;
    place_run(p, three_puts, NULL);
    place_close(p);
    write_index_mark(p, 3);
    refused(p, ERR_DENIED, "the index is of a newer format");
    refused(p, ERR_DENIED, "posthorn check --repair");
    write_index_mark(p, 2); /* a mark of the beginning: all is read again */
    opens(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_opener_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_format_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_index_is_refused_with_its_remedy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_index_that_was_never_begun_is_made_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(features_that_must_be_known_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(features_that_may_be_ignored_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_of_a_newer_program_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_index_is_refused_with_its_remedy, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
