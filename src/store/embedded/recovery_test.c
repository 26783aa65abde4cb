/* recovery_test.c - what survives: killed processes, torn tails, damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "store/embedded/recovery_fixture.h"

/* --- kill -9 -------------------------------------------------------------------------------- */

/* Each writer puts its number's successor, with a body that grows with it, and says so through the
 * pipe once that was answered. */
enum { WRITERS = 4 };
struct writer {
    unsigned index;
    uint32_t next;
    int pipe;
};
struct step {
    struct writer *w;
    struct body *body;
    struct blob blob;
};

static struct buf writer_key(unsigned index)
{
    struct buf key = buf_make(8);
    buf_be32(&key, index + 1);
    return key;
}

static size_t body_bytes(uint32_t n)
{
    return n % 7 == 0 ? 300000 + n : n % 5000;
}

static enum err step_fn(struct txn *t, void *arg)
{
    struct step *s = arg;
    struct buf key = writer_key(s->w->index), value = buf_make(16);
    txn_body(t, s->body, &s->blob);
    txn_blob_ref(t, s->blob, 1);
    buf_be32(&value, s->w->next);
    buf_be64(&value, s->blob.n);
    txn_put(t, (struct account){ 100 }, buf_str(&key), buf_str(&value));
    buf_be32(&key, s->w->next);
    txn_put(t, (struct account){ 100 }, buf_str(&key), buf_str(&value));
    buf_free(&key);
    buf_free(&value);
    return OK;
}

static void write_on(struct place *p, void *arg)
{
    struct writer *w = arg;
    for (;; w->next++) {
        struct step s = { .w = w };
        struct buf bytes = buf_make(1024 * 1024);
        buf_fill(&bytes, (char)('a' + w->next % 26), body_bytes(w->next));
        if (body_begin(p->engine, &s.body) || body_write(s.body, buf_str(&bytes)) ||
            body_seal(s.body, S("")) || engine_commit(p->engine, step_fn, &s))
            _exit(3);
        buf_free(&bytes);
        body_free(s.body);
        uint32_t said[2] = { w->index, w->next };
        if (write(w->pipe, said, sizeof said) != sizeof said) _exit(4);
    }
}

static void child(const char *folder, const uint32_t *answered, int pipe)
{
    struct place p = { 0 };
    struct writer writers[WRITERS];
    void *args[WRITERS];
    p.seam = seam_real_new(folder);
    p.loop = loop_new(p.seam, 0);
    /* Small, so that rotation and the index are killed too. */
    p.options = (struct embedded_options){ .seam = p.seam,
                                           .body_memory_bytes = PLACE_BODY_MEMORY_BYTES,
                                           .segment_bytes = 256 * 1024,
                                           .lag_bytes = 64 * 1024 };
    if (place_open(&p)) _exit(2);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ i, answered[i] + 1, pipe };
        args[i] = &writers[i];
    }
    place_run_many(&p, write_on, args, WRITERS);
}

static void verify_bodies(struct place *p, void *arg)
{
    const uint32_t *answered = arg;
    for (unsigned i = 0; i < WRITERS; i++) {
        for (uint32_t n = answered[i] > 12 ? answered[i] - 12 : 1; n <= answered[i]; n++) {
            struct buf key = writer_key(i);
            buf_be32(&key, n);
            struct view *v = engine_view(p->engine);
            str value, part;
            assert_int_equal(view_get(v, (struct account){ 100 }, buf_str(&key), &value), OK);
            struct blob blob = { get_be64(value.p + 4) };
            view_end(v);
            struct body_reader *r;
            assert_int_equal(body_open(p->engine, blob, &r), OK);
            assert_int_equal(body_reader_size(r), body_bytes(n));
            if (body_bytes(n)) {
                assert_int_equal(body_read(r, body_bytes(n) - 1, 1, &part), OK);
                assert_int_equal(part.p[0], 'a' + n % 26);
            }
            body_close(r);
            buf_free(&key);
        }
    }
}

/* The newest row may be one past what was answered: durable, and killed before it was said. */
static void verify(struct place *p, uint32_t *answered)
{
    for (unsigned i = 0; i < WRITERS; i++) {
        struct buf key = writer_key(i);
        struct view *v = engine_view(p->engine);
        str value;
        enum err e = view_get(v, (struct account){ 100 }, buf_str(&key), &value);
        uint32_t newest = e ? 0 : get_be32(value.p);
        assert_true(newest == answered[i] || newest == answered[i] + 1);
        answered[i] = newest;
        view_end(v);
        buf_free(&key);
    }
    place_run(p, verify_bodies, answered);
}

static void kill_after(pid_t pid, int from, unsigned ms, uint32_t *answered)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 1000000 }, NULL);
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status)); /* it did not give up by itself */
    uint32_t said[2];
    while (read(from, said, sizeof said) == sizeof said)
        answered[said[0]] = said[1];
}

static void what_was_answered_survives_kill_9(void **state)
{
    struct place *p = *state;
    uint32_t answered[WRITERS] = { 0 };
    place_close(p);
    for (unsigned round = 0; round < 20; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) child(p->folder, answered, pipes[1]);
        close(pipes[1]);
        kill_after(pid, pipes[0], 20 + round * 37 % 150, answered);
        close(pipes[0]);
        if (round % 7 == 6) place_erase(p, "index");
        assert_int_equal(place_open(p), OK);
        verify(p, answered);
        place_close(p);
    }
    assert_true(answered[0] > 20); /* it was at work */
    assert_int_equal(place_open(p), OK);
}

/* --- torn and damaged segments -------------------------------------------------------------- */

/* A record of such a put: header 40, head 16, row 4 + 8 + 1 + 5, 6 or 5; padded to 8. */
enum {
    FIRST = 4096,
    SECOND = FIRST + 80,
    THIRD = SECOND + 80,
    END = THIRD + 80,
    THIRD_BYTES = 40 + 16 + 13 + 5
};

static void open_with(struct place *p, str segment)
{
    place_erase(p, "index");
    place_erase(p, "journal");
    struct buf path = path_of(p, "journal");
    assert_int_equal(seam_mkdir(p->seam, "journal"), 0);
    buf_free(&path);
    file_write(p, segment_1, segment);
    assert_int_equal(place_open(p), OK);
}

static void put_fourth(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("d"), S("fourth")), OK);
}

static void a_torn_tail_ends_the_segment(void **state)
{
    struct place *p = *state;
    place_run(p, three_puts, NULL);
    place_close(p);
    struct buf whole = file_read(p, segment_1);
    assert_int_equal(whole.n, END);
    for (size_t cut = THIRD; cut < THIRD + THIRD_BYTES; cut++) {
        open_with(p, str_take(buf_str(&whole), cut));
        assert_true(row_is(p, 20, S("b"), "second"));
        assert_true(row_is(p, 20, S("c"), NULL));
        place_close(p);
        whole.p[cut] ^= 0x40; /* the same with every byte wrong instead of missing */
        open_with(p, buf_str(&whole));
        whole.p[cut] ^= 0x40;
        assert_true(row_is(p, 20, S("b"), "second"));
        assert_true(row_is(p, 20, S("c"), NULL));
        if (cut % 16 == 0) { /* and life goes on, in a segment that names the end of this one */
            place_run(p, put_fourth, NULL);
            place_close(p);
            place_erase(p, "index");
            assert_int_equal(place_open(p), OK);
            assert_true(row_is(p, 20, S("b"), "second"));
            assert_true(row_is(p, 20, S("c"), NULL));
            assert_true(row_is(p, 20, S("d"), "fourth"));
        }
        place_close(p);
    }
    open_with(p, buf_str(&whole));
    assert_true(row_is(p, 20, S("c"), "third"));
    buf_free(&whole);
}

static void a_damaged_record_is_passed_over(void **state)
{
    struct place *p = *state;
    place_run(p, three_puts, NULL);
    place_close(p);
    struct buf whole = file_read(p, segment_1);
    for (size_t at = SECOND; at < SECOND + 40; at++) {
        whole.p[at] ^= 0x40;
        open_with(p, buf_str(&whole));
        whole.p[at] ^= 0x40;
        assert_true(row_is(p, 20, S("a"), "first"));
        assert_true(row_is(p, 20, S("b"), NULL));
        assert_true(row_is(p, 20, S("c"), "third"));
        place_close(p);
    }
    assert_int_equal(place_open(p), OK);
    buf_free(&whole);
}

/* A group whose middle did not reach the disk: nobody was answered, and what follows the gap may
 * rest on it, so it must not come to be. */
static void put_one(struct place *p, void *arg)
{
    const struct put *put_this = arg;
    assert_int_equal(put(p, put_this->a.n, put_this->key, put_this->value), OK);
}

static bool one_group_of_three(struct place *p)
{
    static struct put puts[3] = { { { 20 }, S_INIT("a"), S_INIT("first") },
                                  { { 20 }, S_INIT("b"), S_INIT("second") },
                                  { { 20 }, S_INIT("c"), S_INIT("third") } };
    void *args[3] = { &puts[0], &puts[1], &puts[2] };
    uint64_t before = engine_stats(p->engine).groups;
    place_run_many(p, put_one, args, 3);
    return engine_stats(p->engine).groups == before + 1;
}

static void a_torn_group_loses_its_rest(void **state)
{
    struct place *p = *state;
    bool one_group = false;
    for (int tries = 0; tries < 100 && !one_group; tries++) {
        place_close(p);
        place_erase(p, "journal");
        place_erase(p, "index");
        assert_int_equal(place_open(p), OK);
        one_group = one_group_of_three(p);
    }
    assert_true(one_group);
    place_close(p);
    struct buf whole = file_read(p, segment_1);
    assert_int_equal(get_le64(whole.p + THIRD + 24), FIRST);
    whole.p[SECOND + 50] ^= 0x40;
    open_with(p, buf_str(&whole));
    assert_true(row_is(p, 20, S("a"), "first"));
    assert_true(row_is(p, 20, S("b"), NULL));
    assert_true(row_is(p, 20, S("c"), NULL));
    buf_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_answered_survives_kill_9, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_tail_ends_the_segment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_record_is_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_group_loses_its_rest, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
