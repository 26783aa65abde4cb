/* kill_test.c - kill -9 while messages are accepted and moved: what was answered is there, once.
 *
 * A child serves itself with several fibers and tells its parent of each OK through a pipe; the
 * parent kills it at a random moment, opens the store again, checks it, and looks for every
 * message.
 */
#include "store/testing_int.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/fiber.h"

enum { KILLS = 8, SENDERS = 6, IDS = 200000 };

struct place {
    char folder[64];
    struct seam *seam;
    struct loop *loop;
    struct world world;
    int pipe;
    bool done;
};

static void open_place(struct place *p)
{
    struct embedded_options options = { .seam = NULL };
    struct buf why = buf_make(1000);
    p->seam = seam_real_new(p->folder);
    p->loop = loop_new(p->seam, 0);
    p->world.arena = arena_make(64 << 20);
    options.seam = p->seam;
    enum err e = engine_embedded_open(&options, &p->world.engine, &why);
    if (e) fail_msg("open: %s %.*s", err_text(e), STR_ARG(buf_str(&why)));
    buf_free(&why);
    e = store_open_on(p->world.engine, p->seam, &test_settings, &p->world.store);
    assert_int_equal(e, OK);
}

static void close_place(struct place *p)
{
    store_close(p->world.store);
    arena_free(&p->world.arena);
    loop_free(p->loop);
    seam_free(p->seam);
}

static void in_fiber(struct place *p, fiber_fn *fn)
{
    p->done = false;
    assert_int_equal(fiber_start(p->loop, FIBER_KNOWN, fn, p), OK);
    while (!p->done)
        loop_run_once(p->loop, true);
}

static void set_up_place(void *arg)
{
    struct place *p = arg;
    assert_int_equal(store_domain_add(p->world.store, S("a.test")), OK);
    p->world.alice = add_user(&p->world, S("alice@a.test"));
    p->done = true;
}

/* --- the child: it only ever ends by the kill ------------------------------------------------ */

static void send_for_ever(void *arg)
{
    struct place *p = arg;
    struct local_rcpt to = { p->world.alice, S("INBOX"), S("alice@a.test"), 0 };
    struct queue_rcpt far = { .address = S("bob@b.test") };
    for (;;) {
        struct accept a = { .local = &to, .local_n = 1, .queue = &far, .queue_n = 1 };
        a.id = store_msgid_new(p->world.store);
        a.body = make_body(&p->world, S("Subject: to be found again\r\n\r\nbody\r\n"));
        if (store_accept(p->world.store, &a)) abort();
        body_free(a.body);
        if (write(p->pipe, &a.id.n, sizeof a.id.n) != sizeof a.id.n) abort();
    }
}

static void move_for_ever(void *arg)
{
    struct place *p = arg;
    struct mailbox inbox = box_of(&p->world, S("INBOX"));
    struct copy c = {
        .account = p->world.alice, .from = inbox.id, .to = S("Archive"), .move = true
    };
    for (;;) {
        struct arena arena = arena_make(1 << 20);
        struct copied out = { .from = uidset_make(&arena), .to = uidset_make(&arena) };
        if (store_copy(p->world.store, &c, &out)) abort();
        arena_free(&arena);
    }
}

static void child(struct place *p)
{
    open_place(p);
    struct view *v = store_view(p->world.store);
    struct user u;
    if (store_user_find(v, S("alice@a.test"), &u)) abort();
    p->world.alice = u.account;
    view_end(v);
    for (int i = 0; i < SENDERS; i++)
        if (fiber_start(p->loop, FIBER_KNOWN, send_for_ever, p)) abort();
    if (fiber_start(p->loop, FIBER_KNOWN, move_for_ever, p)) abort();
    for (;;)
        loop_run_once(p->loop, true);
}

/* --- the parent ------------------------------------------------------------------------------ */

static uint64_t answered[IDS];
static size_t answered_n;
static uint64_t found[IDS];
static size_t found_n;

static void read_answers(int fd)
{
    uint64_t id;
    while (read(fd, &id, sizeof id) == sizeof id) {
        assert_true(answered_n < IDS);
        answered[answered_n++] = id;
    }
}

static void run_and_kill(struct place *p, unsigned after_ms)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        p->pipe = ends[1];
        child(p);
    }
    close(ends[1]);
    usleep(after_ms * 1000);
    kill(pid, SIGKILL);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    read_answers(ends[0]);
    close(ends[0]);
}

static bool note_found(void *arg, const struct message *m)
{
    (void)arg;
    assert_true(found_n < IDS);
    found[found_n++] = m->journey.n;
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void look_for_all(void *arg)
{
    struct place *p = arg;
    struct uid_range all = { 1, UINT32_MAX };
    assert_clean(&p->world);
    found_n = 0;
    struct mailbox boxes[] = { box_of(&p->world, S("INBOX")), box_of(&p->world, S("Archive")) };
    struct view *v = store_view(p->world.store);
    for (size_t i = 0; i < COUNT_OF(boxes); i++)
        assert_int_equal(store_messages(v, &boxes[i], all, WANT_CARD, note_found, NULL), OK);
    assert_int_equal(store_queue_count(v), found_n); /* each has an entry in the queue too */
    view_end(v);
    qsort(found, found_n, sizeof *found, by_number);
    for (size_t i = 1; i < found_n; i++)
        assert_true(found[i] != found[i - 1]);
    for (size_t i = 0; i < answered_n; i++)
        if (!bsearch(&answered[i], found, found_n, sizeof *found, by_number))
            fail_msg("message %zu of %zu was answered and is gone", i, answered_n);
    p->done = true;
}

static int erase_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static void what_was_answered_is_there_once(void **state)
{
    (void)state;
    static struct place p = { .folder = "/tmp/ph-kill-XXXXXX" };
    assert_non_null(mkdtemp(p.folder));
    open_place(&p);
    in_fiber(&p, set_up_place);
    close_place(&p);
    for (unsigned i = 0; i < KILLS; i++) {
        run_and_kill(&p, 60 + i * 37 % 100);
        open_place(&p);
        in_fiber(&p, look_for_all);
        close_place(&p);
    }
    print_message("%zu answered, %zu found\n", answered_n, found_n);
    assert_true(answered_n > 0);
    assert_int_equal(nftw(p.folder, erase_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_answered_is_there_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
