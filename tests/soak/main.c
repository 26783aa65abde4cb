/* main.c - mixed clients on a server for a long time: nothing may grow, get slower or get lost.
 *
 *   soak [--seconds N] [--idlers N]
 *
 * The server runs as people start it, with its parent and in its sandbox. Beside a crowd that idles
 * there are senders, a relay to a second server, devices that file and expunge, POP3, log-ins that
 * come and go, slow readers and clients that mean harm; compaction runs again and again. A row an
 * interval; at the end every acknowledged letter was read exactly once, all descriptors have come
 * back, and `posthorn check` finds nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak/judge.h"
#include "soak/soak.h"
#include "support/crowd.h"
#include "support/fail.h"

enum { ROWS_LEAST = 8, DRAIN_S = 60, THREADS = 24 };
enum { LONG_S = 600 };
enum { NAMES_FDS = 10 }; /* what libunbound keeps from its first question on */

struct soak soak;
static double seconds = 30 * 60;
static pthread_t threads[THREADS];
static int threads_n;

static void begin(void *(*actor)(void *arg), void *arg)
{
    if (threads_n == THREADS) fail_now("more than %d actors", THREADS);
    pthread_create(&threads[threads_n++], NULL, actor, arg);
}

/* --- the servers --------------------------------------------------------------------------------
 */

static const char settings[] =
    "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
    "conns_per_address_max = 0\n"
    "[listener clear3]\naddress = %s:%d\nprotocol = pop3\ntls = none\nauth_in_clear = yes\n"
    "conns_per_address_max = 0\n"
    "[imap]\nidle = 3h\n" /* the crowd over TLS cannot say DONE */
    "[store]\nundelete = 0s\nsegment = 16M\nlag = 8M\n";

/* A long soak has hashes as they are by default. */
static const char auth[] = "[auth]\nfail_delay = 2s\n";

static struct server *start(const char *domain, int host)
{
    char extra[1024], address[16];
    world_address(soak.world, host, address);
    int n = snprintf(extra, sizeof extra, settings, address, PORT_CLEAR, address, PORT_CLEAR_POP3);
    if (seconds >= LONG_S) snprintf(extra + n, sizeof extra - (size_t)n, "%s", auth);
    return server_start(soak.world, domain, extra);
}

static void user(const char *address)
{
    server_user(soak.a, address, "sesame");
}

static void users(void)
{
    char address[32];
    for (int i = 0; i < DEVICES; i++) {
        snprintf(address, sizeof address, "d%d@a.test", i);
        user(address);
    }
    for (int i = 0; i < IDLE_USERS; i++) {
        snprintf(address, sizeof address, "i%d@a.test", i);
        user(address);
    }
    user("p0@a.test");
    user("ear@a.test");
    user("big@a.test");
    server_user(soak.b, "sink@b.test", "sesame");
}

static void big_letters(void)
{
    unsigned id;
    size_t size;
    char *text =
        letter_new(4 << 20, &id, &size); /* never acknowledged: nobody reads it to its end */
    struct chat *c = imap_as("big@a.test", false);
    for (int i = 0; i < BIG_LETTERS; i++)
        if (chat_append(c, "INBOX", text, size) != 'O') fail_now("APPEND: %s", c->text);
    chat_close(c);
    free(text);
}

static void set_up(void)
{
    crowd_raise_files();
    soak.world = world_new();
    world_dns_start(soak.world);
    world_supervise(soak.world);
    soak.a = start("a.test", 2);
    soak.b = start("b.test", 3);
    users();
    big_letters();
    gauge_begin();
}

/* --- beside the clients -------------------------------------------------------------------------
 */

static void *compactor(void *arg)
{
    char output[4096];
    (void)arg;
    for (nap_ms(5000); !atomic_load(&soak.over); nap_ms(20000)) {
        int status = RUN(output, sizeof output, 60, NULL, program_posthorn(), "--config",
                         server_config(soak.a), "compact");
        if (status) fail_now("posthorn compact: %d %s", status, output);
    }
    return NULL;
}

static void begin_all(void)
{
    static int numbers[DEVICES];
    static struct drop here = { &soak.a, PORT_CLEAR_POP3, "p0@a.test" },
                       there = { &soak.b, PORT_CLEAR_POP3, "sink@b.test" };
    for (int i = 0; i < DEVICES; i++) {
        numbers[i] = i;
        begin(imap_device, &numbers[i]);
    }
    begin(pop3_device, &here);
    begin(pop3_device, &there);
    void *(*const actors[])(void *) = { mx_sender, submitter, churner, slow_readers, bad_client,
                                        notified,  compactor, pulse,   ear };
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        begin(actors[i], NULL);
}

static void run(void)
{
    double began = now_s(), interval = seconds / ROWS_LEAST < 60 ? seconds / ROWS_LEAST : 60;
    for (double next = interval; next < seconds + interval / 2; next += interval) {
        while (now_s() - began < next) {
            gauge_look();
            usleep(500000);
        }
        row_take((now_s() - began) / 60, idlers_hear());
    }
}

/* --- the end ------------------------------------------------------------------------------------
 */

static bool all_read(void *arg)
{
    (void)arg;
    return letters_missing() == 0;
}

static bool told(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool told(bool good, const char *format, ...)
{
    va_list ap;
    printf("# %-4s ", good ? "good" : "BAD");
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    return good;
}

static bool came_back(void *arg)
{
    return gauge_take().fds <= *(int *)arg;
}

static bool end_all(struct gauge before)
{
    atomic_store(&soak.over, true);
    wait_until(all_read, NULL, DRAIN_S);
    atomic_store(&soak.drained, true);
    for (int i = 0; i < threads_n; i++)
        pthread_join(threads[i], NULL);
    idlers_leave();
    bool good = told(letters_acknowledged() > 0 && letters_missing() == 0,
                     "letters acknowledged and never read: %u of %u", letters_missing(),
                     letters_acknowledged());
    good &= told(letters_twice() == 0, "letters read twice: %u", letters_twice());
    int most = before.fds + NAMES_FDS;
    bool back = wait_until(came_back, &most, 20);
    struct gauge after = gauge_take();
    good &= told(back, "descriptors when all have left: %d, before anybody came %d", after.fds,
                 before.fds);
    if (!back) gauge_name_fds();
    printf("# memory when all have left: %.1f MB, before anybody came %.1f MB\n", after.anon_mb,
           before.anon_mb);
    return good;
}

static bool checked(struct server *s)
{
    int status;
    bool stopped = server_stop(s) == 0;
    const char *said = CLI(s, NULL, &status, "check");
    return told(stopped && status == 0 && strstr(said, "all is well"), "check of %s: %s",
                server_domain(s), status ? said : "all is well");
}

int main(int argc, char **argv)
{
    soak.idlers = 1000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0) seconds = strtod(argv[i + 1], NULL);
        if (strcmp(argv[i], "--idlers") == 0) soak.idlers = (int)strtol(argv[i + 1], NULL, 10);
    }
    set_up();
    struct gauge before = gauge_take();
    idlers_join();
    begin_all();
    run();
    bool good = end_all(before);
    good &= rows_judged(seconds);
    good &= checked(soak.a);
    good &= checked(soak.b);
    printf("# %s: %d idling, %.0f minutes, %u letters\n", good ? "flat" : "NOT FLAT", soak.idlers,
           seconds / 60, letters_sent());
    if (!good) world_keep(soak.world);
    world_free(soak.world);
    return !good;
}
