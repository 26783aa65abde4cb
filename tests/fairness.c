/* fairness.c - a healthy client among crowds that mean harm, or just do not care.
 *
 *   fairness [SECONDS]
 *
 * On every port CROWD connections that dribble bytes, say nothing, stop in the middle of a TLS
 * handshake or pipeline commands and read no reply, and beside them a flood that connects and
 * drops. Meanwhile one person's IMAP NOOP, SMTP EHLO and POP3 STAT are timed, and logging in.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { CROWD = 500, PORT_CLEAR = 3143, PORT_CLEAR_POP3 = 3110, ADDRESSES = 50, SAMPLES = 20000 };
static const double P99_MAX_S = 0.2, LOGIN_MAX_S = 2.0;
static const int ports[] = { PORT_SMTP,  PORT_SUBMISSION, PORT_SUBMISSIONS, PORT_IMAP,
                             PORT_IMAPS, PORT_POP3,       PORT_POP3S };
enum { PORTS = sizeof ports / sizeof *ports };

enum habit { DRIBBLE, SILENT, HALF_TLS, READ_NOTHING, HABITS };

static int seconds = 8;
static struct world *world;
static struct server *server;
static atomic_bool over;
static int crowd[PORTS * CROWD];
static atomic_int refused, flooded;

/* --- those who mean harm ---------------------------------------------------------------------- */

/* From one of many addresses of the world's network, so that no limit of one address is all. */
static int connect_from(int n, int port)
{
    char host[16];
    struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
    inet_pton(AF_INET, world_address(world, 100 + n % ADDRESSES, host), &from.sin_addr);
    inet_pton(AF_INET, server_address(server), &to.sin_addr);
    to.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from)) fail_now("a source address: %m");
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void say(int i, const char *bytes, size_t n)
{
    if (crowd[i] < 0 || send(crowd[i], bytes, n, MSG_NOSIGNAL) >= 0 || errno == EAGAIN) return;
    atomic_fetch_add(&refused, 1);
    close(crowd[i]);
    crowd[i] = -1;
}

static void begin_harm(int i)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 half of a hello";
    static const char *const words[] = { "NOOP\r\n", "a NOOP\r\n" };
    crowd[i] = connect_from(i, ports[i / CROWD]);
    if (i % HABITS == HALF_TLS) say(i, hello, sizeof hello - 1);
    for (int n = 0; n < 200 && i % HABITS == READ_NOTHING; n++)
        say(i, words[i / CROWD == 3], strlen(words[i / CROWD == 3]));
}

static void *crowd_thread(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        for (int i = 0; i < PORTS * CROWD && !atomic_load(&over); i++)
            if (i % HABITS == DRIBBLE) say(i, "x", 1);
        usleep(500000);
    }
    return NULL;
}

static void *flood_thread(void *arg)
{
    (void)arg;
    for (int n = 0; !atomic_load(&over); n++) {
        int fd = connect_from(n, ports[n % PORTS]);
        if (fd >= 0) close(fd);
        atomic_fetch_add(&flooded, 1);
        usleep(2000);
    }
    return NULL;
}

/* --- the healthy client ----------------------------------------------------------------------- */

struct timed {
    const char *what;
    double took[SAMPLES];
    int n;
};

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void judge(struct timed *t)
{
    qsort(t->took, (size_t)t->n, sizeof *t->took, by_time);
    double p50 = t->took[t->n / 2], p99 = t->took[t->n * 99 / 100];
    printf("# %s: %d times, p50 %.1f ms, p99 %.1f ms, longest %.1f ms\n", t->what, t->n, p50 * 1000,
           p99 * 1000, t->took[t->n - 1] * 1000);
    if (p99 > P99_MAX_S) fail_now("%s took %.0f ms in the 99th percentile", t->what, p99 * 1000);
}

static void sample(struct timed *t, double began, bool good, const struct chat *c)
{
    if (!good) fail_now("%s was not answered: %s", t->what, c->text ? c->text : "");
    if (t->n < SAMPLES) t->took[t->n++] = now_s() - began;
}

static void log_in(void)
{
    double began = now_s();
    struct chat *c = chat_open(server_address(server), PORT_IMAPS);
    if (!c || !chat_tls(c, world_ca(world), "mail.b.test") ||
        !chat_imap_login(c, "bob@b.test", "sesame"))
        fail_now("a new log-in over TLS: %s", c && c->text ? c->text : "refused");
    printf("# a new log-in over TLS: %.0f ms\n", (now_s() - began) * 1000);
    assert_true(now_s() - began < LOGIN_MAX_S);
    chat_close(c);
}

static struct timed noop = { .what = "IMAP NOOP" }, ehlo = { .what = "SMTP EHLO" },
                    stat_ = { .what = "POP3 STAT" };

static void live(void)
{
    struct chat *imap = chat_open(server_address(server), PORT_CLEAR),
                *smtp = chat_open(server_address(server), PORT_SMTP),
                *pop3 = chat_open(server_address(server), PORT_CLEAR_POP3);
    if (!imap || !chat_imap_login(imap, "bob@b.test", "sesame")) fail_now("IMAP log-in");
    if (!pop3 || !chat_pop3_login(pop3, "bob@b.test", "sesame")) fail_now("POP3 log-in");
    if (!smtp || chat_smtp_reply(smtp) != 220) fail_now("SMTP greeting");
    for (double end = now_s() + seconds; now_s() < end; usleep(5000)) {
        double began = now_s();
        sample(&noop, began, chat_imap(imap, "NOOP") == 'O', imap);
        began = now_s();
        sample(&ehlo, began, chat_smtp(smtp, "EHLO c.test") == 250, smtp);
        began = now_s();
        sample(&stat_, began, chat_pop3(pop3, "STAT") == '+', pop3);
    }
    chat_close(imap);
    chat_close(smtp);
    chat_close(pop3);
}

static void test_fairness(void **state)
{
    pthread_t dribbling, flooding;
    (void)state;
    for (int i = 0; i < PORTS * CROWD; i++)
        begin_harm(i);
    pthread_create(&dribbling, NULL, crowd_thread, NULL);
    pthread_create(&flooding, NULL, flood_thread, NULL);
    log_in();
    live();
    log_in();
    atomic_store(&over, true);
    pthread_join(dribbling, NULL);
    pthread_join(flooding, NULL);
    printf("# beside %d connections on %d ports (%d were sent away meanwhile) and %d that came and "
           "went\n",
           PORTS * CROWD, PORTS, atomic_load(&refused), atomic_load(&flooded));
    judge(&noop);
    judge(&ehlo);
    judge(&stat_);
}

static int set_up(void **state)
{
    char extra[600], address[16];
    struct rlimit limit;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    world = world_new();
    world_address(world, 2, address);
    snprintf(
        extra, sizeof extra,
        "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
        "[listener clear3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n",
        address, PORT_CLEAR, address, PORT_CLEAR_POP3);
    server = server_start(world, "b.test", extra);
    server_user(server, "bob@b.test", "sesame");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < PORTS * CROWD; i++)
        if (crowd[i] >= 0) close(crowd[i]);
    assert_int_equal(server_stop(server), 0);
    world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fairness) };
    if (argc > 1) seconds = (int)strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
