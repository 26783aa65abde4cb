/* storm.c - one account's storm does not slow another's.
 *
 *   storm [SECONDS]     of each storm (1)
 *
 * Account A storms on fifty connections, one way after the other; account B works as ever on a few,
 * and how long it is made to wait is compared with how long it waits when there is no storm. The
 * storm's own threads have the lowest priority: what they take from the machine is not the
 * server's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, PORT_CLEAR_SUBMISSION = 3587 };
enum {
    CONNECTIONS = 50,
    LETTERS = 1000,
    LETTER_BYTES = 6000,
    LARGE_BYTES = 25 << 20,
    SUBMITTED_BYTES = 256 * 78
};
enum { SAMPLES = 20000 };
static const double P99_MAX_S = 0.2, LOGIN_P99_MAX_S = 2.0;

static double seconds = 1;
static struct world *world;
static struct server *server;
static atomic_bool over;
static atomic_uint done; /* commands of the storm */
static char *large;

/* --- the storms ---------------------------------------------------------------------------------
 */

static struct chat *imap_as(const char *user)
{
    struct chat *c = chat_open(server_address(server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, user, "sesame")) fail_now("log-in: %s", c ? c->text : "refused");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

/* Reads and throws away until the answer's end: its last line ends in "done". */
static bool skim(struct chat *c)
{
    static __thread char bytes[65536];
    char tail[64] = "";
    for (;;) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        size_t keep = (size_t)n < sizeof tail - 1 ? (size_t)n : sizeof tail - 1;
        memmove(tail, tail + keep, sizeof tail - keep);
        memcpy(tail + sizeof tail - 1 - keep, bytes + (size_t)n - keep, keep);
        if (memmem(tail, sizeof tail, "\nend OK", 7) || memmem(tail, sizeof tail, "\nend NO", 7))
            return true;
    }
}

static void fetch_all(struct chat *c, int i)
{
    (void)i;
    chat_say(c, "end FETCH 1:* BODY.PEEK[]");
    if (!skim(c) && !atomic_load(&over)) fail_now("FETCH: the end");
}

static void search_body(struct chat *c, int i)
{
    chat_imap(c, "SEARCH BODY \"no such text %d\"", i + (int)atomic_load(&done));
}

static void store_all(struct chat *c, int i)
{
    chat_imap(c, "STORE 1:* %cFLAGS.SILENT (k%d)", atomic_load(&done) % 2 ? '+' : '-', i % 8);
}

static void sort_all(struct chat *c, int i)
{
    (void)i;
    chat_imap(c, "SORT (SUBJECT REVERSE DATE FROM) UTF-8 ALL");
}

static void copy_all(struct chat *c, int i)
{
    (void)i;
    chat_imap(c, "COPY 1:200 Trash");
}

static void append_large(struct chat *c, int i)
{
    if (i < 8) chat_append(c, "Drafts", large, LARGE_BYTES);
    if (i >= 8) usleep(50000);
}

static void submit_many(struct chat *c, int i)
{
    (void)i;
    bool good = chat_smtp(c, "MAIL FROM:<alice@a.test>") == 250 &&
                chat_smtp(c, "RCPT TO:<sink@a.test>") == 250 && chat_smtp(c, "DATA") == 354 &&
                chat_data(c, large, SUBMITTED_BYTES) == 250;
    if (!good && !atomic_load(&over)) fail_now("submission: %s", c->text);
}

static void log_in(struct chat *c, int i)
{
    (void)c;
    struct chat *one = chat_open(server_address(server), PORT_CLEAR);
    if (!one || !chat_line(one)) fail_now("log-in: nobody answers");
    chat_imap(one, "LOGIN alice@a.test %s", i % 2 ? "sesame" : "guess");
    chat_close(one);
}

static struct chat *submission(void)
{
    struct chat *c = chat_open(server_address(server), PORT_CLEAR_SUBMISSION);
    if (!c || chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250 ||
        chat_smtp(c, "AUTH PLAIN AGFsaWNlQGEudGVzdABzZXNhbWU=") != 235)
        fail_now("submission: %s", c ? c->text : "refused");
    return c;
}

static struct chat *imap_of_alice(void)
{
    return imap_as("alice@a.test");
}

static struct chat *nobody(void)
{
    return NULL;
}

static const struct storm {
    const char *what;
    struct chat *(*open)(void);
    void (*act)(struct chat *c, int i);
} storms[] = {
    { "no storm", NULL, NULL },
    { "FETCH 1:* BODY.PEEK[]", imap_of_alice, fetch_all },
    { "SEARCH BODY", imap_of_alice, search_body },
    { "STORE 1:* FLAGS", imap_of_alice, store_all },
    { "SORT", imap_of_alice, sort_all },
    { "COPY of 200", imap_of_alice, copy_all },
    { "APPEND of 25 MB", imap_of_alice, append_large },
    { "submission", submission, submit_many },
    { "log-ins, half of them wrong", nobody, log_in },
};
enum { STORMS = sizeof storms / sizeof *storms };

struct stormer {
    pthread_t thread;
    const struct storm *storm;
    struct chat *c;
    int i;
};

static void *stormer(void *arg)
{
    struct stormer *s = arg;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
    while (!atomic_load(&over)) {
        s->storm->act(s->c, s->i);
        atomic_fetch_add(&done, 1);
    }
    return NULL;
}

/* --- account B ----------------------------------------------------------------------------------
 */

enum deed { NOOP, SELECT, FETCH, APPEND, DELIVERY, LOG_IN, DEEDS };
static const char *const deed_names[DEEDS] = { "NOOP",   "SELECT",   "FETCH one",
                                               "APPEND", "delivery", "log-in" };

struct timed {
    double took[SAMPLES];
    int n;
};
static struct timed times[DEEDS];

static void sample(enum deed d, double began, bool good, const struct chat *c)
{
    struct timed *t = &times[d];
    if (!good) fail_now("%s: %s", deed_names[d], c->text);
    if (t->n < SAMPLES) t->took[t->n++] = now_s() - began;
}

static const char letter[] = "From: ann@c.test\r\nSubject: one\r\n\r\nHello.\r\n";

static void log_in_once(void)
{
    double began = now_s();
    struct chat *c = chat_open(server_address(server), PORT_CLEAR);
    sample(LOG_IN, began, c && chat_imap_login(c, "bob@a.test", "sesame"), c);
    chat_close(c);
}

/* Two sessions, so that both workers are seen. */
static void live(struct chat *const imap[2], struct chat *smtp)
{
    int round = 0;
    for (double end = now_s() + seconds; now_s() < end; usleep(2000), round++) {
        struct chat *c = imap[round % 2];
        double began = now_s();
        sample(NOOP, began, chat_imap(c, "NOOP") == 'O', c);
        began = now_s();
        sample(SELECT, began, chat_imap(c, "SELECT INBOX") == 'O', c);
        began = now_s();
        sample(FETCH, began, chat_imap(c, "FETCH 1 (FLAGS BODY.PEEK[])") == 'O', c);
        began = now_s();
        sample(APPEND, began, chat_append(c, "Drafts", letter, sizeof letter - 1) == 'O', c);
        chat_smtp(smtp, "MAIL FROM:<ann@c.test>");
        chat_smtp(smtp, "RCPT TO:<bob@a.test>");
        chat_smtp(smtp, "DATA");
        began = now_s();
        sample(DELIVERY, began, chat_data(smtp, letter, sizeof letter - 1) == 250, smtp);
        if (round % 8 == 0) log_in_once();
    }
}

/* --- the comparison -----------------------------------------------------------------------------
 */

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double calm[DEEDS], calm_p99[DEEDS]; /* without a storm */
static bool slowed;

static void judge(const struct storm *s)
{
    bool late = false;
    printf("# %s (%u times):", s->what, atomic_load(&done));
    for (int d = 0; d < DEEDS; d++) {
        struct timed *t = &times[d];
        if (!t->n) fail_now("%s was never done", deed_names[d]);
        qsort(t->took, (size_t)t->n, sizeof *t->took, by_time);
        double p50 = t->took[t->n / 2], p99 = t->took[t->n * 99 / 100];
        if (!s->act) calm[d] = p50, calm_p99[d] = p99;
        printf("%s %s %.1f/%.1f ms (x%.1f)", d ? "," : "", deed_names[d], p50 * 1000, p99 * 1000,
               p50 / calm[d]);
        double max = d == LOG_IN ? LOGIN_P99_MAX_S : P99_MAX_S;
        /* What the machine does beside is in the calm figures too. */
        if (p50 > max || p99 > max + 10 * calm_p99[d]) late = true;
        t->n = 0;
    }
    printf("%s\n", late ? "  TOO SLOW" : "");
    slowed |= late;
    fflush(stdout);
}

static void blow(const struct storm *s, struct chat *const imap[2], struct chat *smtp)
{
    static struct stormer all[CONNECTIONS];
    atomic_store(&over, false);
    atomic_store(&done, 0);
    for (int i = 0; i < CONNECTIONS && s->act; i++) {
        all[i] = (struct stormer){ .storm = s, .c = s->open(), .i = i };
        pthread_create(&all[i].thread, NULL, stormer, &all[i]);
    }
    if (s->act) usleep(100000);
    live(imap, smtp);
    judge(s);
    atomic_store(&over, true);
    for (int i = 0; i < CONNECTIONS && s->act; i++) {
        if (all[i].c) shutdown(all[i].c->fd, SHUT_RDWR); /* whatever it waits for */
        pthread_join(all[i].thread, NULL);
        chat_close(all[i].c);
    }
}

static void test_storms(void **state)
{
    struct chat *imap[2] = { imap_as("bob@a.test"), imap_as("bob@a.test") },
                *smtp = chat_open(server_address(server), PORT_SMTP);
    (void)state;
    if (!smtp || chat_smtp_reply(smtp) != 220 || chat_smtp(smtp, "EHLO c.test") != 250)
        fail_now("SMTP");
    printf("# median/p99 of another account beside %d connections of one that\n", CONNECTIONS);
    for (int i = 0; i < STORMS; i++)
        blow(&storms[i], imap, smtp);
    chat_close(imap[0]);
    chat_close(imap[1]);
    chat_close(smtp);
    assert_false(slowed);
}

/* --- the world ----------------------------------------------------------------------------------
 */

static void *fill(void *arg)
{
    struct chat *c = imap_as("alice@a.test");
    (void)arg;
    for (int i = 0; i < LETTERS / 8; i++)
        if (chat_append(c, "INBOX", large, LETTER_BYTES) != 'O') fail_now("APPEND: %s", c->text);
    chat_close(c);
    return NULL;
}

static void make_large(void)
{
    static const char head[] = "From: <alice@a.test>\r\nSubject: large\r\n\r\n";
    large = malloc(LARGE_BYTES);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (char)(i % 78 == 76   ? '\r'
                          : i % 78 == 77 ? '\n'
                                         : 'a' + i * 7 % 26 % (i % 13 + 1));
    memcpy(large, head, sizeof head - 1);
}

static int set_up(void **state)
{
    char extra[1000], at[16];
    pthread_t fillers[8];
    (void)state;
    world = world_new();
    world_address(world, 2, at);
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "[listener clear5]\naddress = %s:%d\nprotocol = submission\ntls = none\n"
             "auth_in_clear = yes\n[auth]\nremember = 0s\nfail_delay = 100ms\n"
             "argon2_memory = 2M\nargon2_passes = 1\n",
             at, PORT_CLEAR, at, PORT_CLEAR_SUBMISSION);
    server = server_start(world, "a.test", extra);
    server_user(server, "alice@a.test", "sesame");
    server_user(server, "bob@a.test", "sesame");
    server_user(server, "sink@a.test", "sesame");
    make_large();
    for (int i = 0; i < 8; i++)
        pthread_create(&fillers[i], NULL, fill, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(fillers[i], NULL);
    struct chat *c = imap_as("bob@a.test");
    for (int i = 0; i < 10; i++)
        if (chat_append(c, "INBOX", large, LETTER_BYTES) != 'O') fail_now("APPEND: %s", c->text);
    chat_close(c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(large);
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_storms) };
    if (argc > 1) seconds = strtod(argv[1], NULL);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
