/* recovery_test.c - what survives: killed processes, torn tails, damage, failing disks, lost
 * indexes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/embedded/engine_test_int.h"

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    place_make(p);
    *state = p;
    return place_open(p) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    place_remove(*state);
    mem_free(*state);
    return 0;
}

static struct buf path_of(struct place *p, const char *name)
{
    struct buf path = buf_make(300);
    buf_addf(&path, "%s/%s", p->folder, name);
    buf_addc(&path, 0);
    return path;
}

static struct buf file_read(struct place *p, const char *name)
{
    struct buf path = path_of(p, name), bytes = buf_make(64 * 1024 * 1024);
    FILE *f = fopen(path.p, "r");
    assert_non_null(f);
    size_t n = 1;
    while (n) {
        char *room = buf_reserve(&bytes, 65536);
        n = fread(room, 1, 65536, f);
        buf_commit(&bytes, n);
    }
    fclose(f);
    buf_free(&path);
    return bytes;
}

static void file_write(struct place *p, const char *name, str bytes)
{
    struct buf path = path_of(p, name);
    FILE *f = fopen(path.p, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
    buf_free(&path);
}

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

static void three_puts(struct place *p, void *arg)
{
    (void)arg;
    assert_int_equal(put(p, 20, S("a"), S("first")), OK);
    assert_int_equal(put(p, 20, S("b"), S("second")), OK);
    assert_int_equal(put(p, 20, S("c"), S("third")), OK);
}

static const char segment_1[] = "journal/0000000001.seg";
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

/* --- disks that fail ------------------------------------------------------------------------ */

static void put_answers(struct place *p, void *arg)
{
    const struct put *put_this = arg;
    enum err e = put(p, put_this->a.n, put_this->key, put_this->value);
    assert_int_equal(e, put_this->value.n ? OK : ERR_LATER);
}

static void try_put(struct place *p, str key, str value)
{
    struct put put_this = { { 20 }, key, value };
    place_run(p, put_answers, &put_this);
}

static void reopen_without_index(struct place *p)
{
    place_close(p);
    place_erase(p, "index");
    assert_int_equal(place_open(p), OK);
}

static const struct seam_faults no_faults;
static const struct {
    struct seam_faults plan;
    const char *why;
} once[] = {
    { { .sync = { 1, 1, -EIO } }, "a sync fails" },
    { { .write = { 1, 1, -EIO } }, "a write fails" },
    { { .write = { 1, 1, 0 } }, "a write is short" },
    { { .write = { 1, 1, -ENOSPC } }, "the disk is full for once" },
};

static void one_failure_goes_unnoticed(void **state)
{
    struct place *p = *state;
    try_put(p, S("before"), S("x"));
    for (size_t i = 0; i < COUNT_OF(once); i++) {
        seam_faults(p->seam, &once[i].plan);
        try_put(p, S("k"), str_of(once[i].why));
        seam_faults(p->seam, &no_faults);
        assert_true(row_is(p, 20, S("k"), once[i].why));
        reopen_without_index(p);
        assert_true(row_is(p, 20, S("k"), once[i].why));
        assert_true(row_is(p, 20, S("before"), "x"));
    }
}

static const struct {
    struct seam_faults plan;
    const char *why;
} lasting[] = {
    { { .sync = { 1, 1000, -EIO } }, "every sync fails" },
    { { .write = { 1, 1000, -EIO } }, "every write fails" },
    { { .write = { 1, 1000, 0 } }, "every write is short" },
    { { .allocate = { 1, 1000, -ENOSPC }, .write = { 1, 1000, -ENOSPC } }, "the disk is full" },
};

static void a_failing_disk_means_later_and_it_goes_on_by_itself(void **state)
{
    struct place *p = *state;
    for (size_t i = 0; i < COUNT_OF(lasting); i++) {
        try_put(p, S("before"), str_of(lasting[i].why));
        seam_faults(p->seam, &lasting[i].plan);
        try_put(p, S("refused"), S(""));
        try_put(p, S("refused"), S(""));
        assert_true(row_is(p, 20, S("refused"), NULL));
        assert_true(row_is(p, 20, S("before"), lasting[i].why));
        assert_true(engine_stats(p->engine).failing);
        seam_faults(p->seam, &no_faults);
        try_put(p, S("after"), str_of(lasting[i].why));
        assert_false(engine_stats(p->engine).failing);
        reopen_without_index(p);
        assert_true(row_is(p, 20, S("refused"), NULL));
        assert_true(row_is(p, 20, S("before"), lasting[i].why));
        assert_true(row_is(p, 20, S("after"), lasting[i].why));
    }
}

/* --- a full disk ------------------------------------------------------------------------------ */

static void full_disk(struct place *p, void *arg)
{
    struct body *b;
    (void)arg;
    /* The first group needs room: the reserve is given up for it. */
    seam_faults(p->seam, &(struct seam_faults){ .allocate = { 1, 1, -ENOSPC } });
    assert_int_equal(put(p, 20, S("k"), S("kept")), OK);
    assert_true(row_is(p, 20, S("k"), "kept"));
    assert_int_equal(body_begin(p->engine, &b), ERR_LATER); /* rows go on, new mail does not */
    assert_int_equal(put(p, 20, S("k"), S("changed")), OK);
    seam_faults(p->seam, &no_faults);
    enum err e = ERR_LATER;
    for (int i = 0; i < 60 && e; i++) {
        assert_int_equal(fiber_sleep_until(seam_mono_us(p->seam) + 100000), OK);
        e = body_begin(p->engine, &b);
    }
    assert_int_equal(e, OK); /* there is room: it noticed by itself */
    body_free(b);
}

static void a_full_disk_refuses_mail_and_keeps_rows(void **state)
{
    struct place *p = *state;
    struct buf path = path_of(p, "reserve");
    assert_int_equal(access(path.p, F_OK), 0);
    place_run(p, full_disk, NULL);
    assert_int_equal(access(path.p, F_OK), 0); /* made again */
    buf_free(&path);
}

static size_t files_in_journal(struct place *p)
{
    struct buf path = path_of(p, "journal");
    DIR *d = opendir(path.p);
    assert_non_null(d);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    buf_free(&path);
    return n;
}

/* Room for a header and none for an extent: each try would else leave one more file behind. */
static void a_full_disk_costs_no_segments(void **state)
{
    struct place *p = *state;
    seam_faults(p->seam, &(struct seam_faults){ .allocate = { 1, 1000, -ENOSPC } });
    for (int i = 0; i < 10; i++)
        try_put(p, S("refused"), S(""));
    assert_int_equal(files_in_journal(p), 1);
    seam_faults(p->seam, &no_faults);
    try_put(p, S("after"), S("x"));
    assert_int_equal(files_in_journal(p), 1);
    reopen_without_index(p);
    assert_true(row_is(p, 20, S("refused"), NULL));
    assert_true(row_is(p, 20, S("after"), "x"));
}

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

/* --- what was refused ------------------------------------------------------------------------ */

static enum err change_nothing(struct txn *t, void *arg)
{
    (void)t, (void)arg;
    return OK;
}

static void commit_nothing(struct place *p, void *arg)
{
    *(enum err *)arg = engine_commit(p->engine, change_nothing, NULL);
}

static void copy_file(int from, int to, const char *name)
{
    struct stat st;
    int in = openat(from, name, O_RDONLY);
    if (in < 0) return;
    int out = openat(to, name, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(fstat(in, &st), 0);
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        assert_true(n > 0);
        left -= n;
    }
    close(in);
    close(out);
}

/* What a crash now would leave: is the row there after it? */
static bool row_after_crash(struct place *p, str key)
{
    struct place after = { .folder = "/tmp/ph-engine-XXXXXX" };
    if (!mkdtemp(after.folder)) abort();
    int from = open(p->folder, O_RDONLY | O_DIRECTORY);
    int to = open(after.folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(to, "journal", 0700), 0);
    for (unsigned n = 1; n < 9; n++) {
        char name[40];
        snprintf(name, sizeof name, "journal/%010u.seg", n);
        copy_file(from, to, name);
    }
    close(from);
    close(to);
    after.seam = seam_real_new(after.folder);
    after.loop = loop_new(after.seam, 0);
    after.options = (struct embedded_options){ .seam = after.seam };
    assert_int_equal(place_open(&after), OK);
    bool there = !row_is(&after, 20, key, NULL);
    place_remove(&after);
    return there;
}

/* A group that reached the file and was not synced may come back. So nobody is told that all is
 * well without it before a new segment says that it does not count. */
static void what_was_refused_does_not_come_back_once_others_were_answered(void **state)
{
    static const struct seam_faults dead = { .sync = { 1, 1, -EIO }, .open = { 1, 1000, -EIO } };
    struct place *p = *state;
    enum err e;
    try_put(p, S("a"), S("first"));
    seam_faults(p->seam, &dead);
    try_put(p, S("b"), S("")); /* and is refused */
    assert_true(row_is(p, 20, S("b"), NULL));
    place_run(p, commit_nothing, &e);
    assert_int_equal(e, ERR_LATER);
    assert_true(row_after_crash(p, S("b"))); /* for it can come back */
    seam_faults(p->seam, &no_faults);
    place_run(p, commit_nothing, &e);
    assert_int_equal(e, OK);
    assert_false(row_after_crash(p, S("b")));
    assert_true(row_after_crash(p, S("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_answered_survives_kill_9, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_tail_ends_the_segment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_record_is_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_group_loses_its_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_failure_goes_unnoticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_disk_means_later_and_it_goes_on_by_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_mail_and_keeps_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_costs_no_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_opener_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_format_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_index_is_refused_with_its_remedy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_refused_does_not_come_back_once_others_were_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_index_that_was_never_begun_is_made_anew, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
