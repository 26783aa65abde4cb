/* above.c - the process above the server: who the server is, its certificate read again by a parent
 * that may, and a server that is killed or loses its parent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/server.h"
#include "support/world_int.h"

struct scene {
    struct world *world;
    struct peer *parent;
    char config[300], address[16], status[8000];
};

static char *file_text(const char *path)
{
    size_t n;
    return file_read(path, &n);
}

static void set_scene(struct scene *s)
{
    char dir[200], data[250], certificate[512], key[512], text[2500];
    s->world = world_new();
    snprintf(dir, sizeof dir, "%s", world_dir(s->world));
    chmod(dir, 0711); /* the server's user passes through */
    world_address(s->world, 2, s->address);
    world_certificate(s->world, "mail.b.test", s->address, certificate, key);
    chmod(key, 0600);
    snprintf(data, sizeof data, "%s/data", dir);
    snprintf(s->config, sizeof s->config, "%s/posthorn.conf", dir);
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s\n%s\n[deliver]\nhostname = mail.b.test\n"
             "[tls]\ncertificate = %s\nkey = %s\n"
             "[listener imap]\naddress = %s:%d\nprotocol = imap\n",
             data, getuid() == 0 ? "user = nobody" : "", certificate, key, s->address, PORT_IMAP);
    file_write(s->config, text);
    s->parent = peer_start(s->world, "posthorn",
                           (const char *const[]){ program_posthorn(), "--config", s->config,
                                                  "serve", "--supervise", NULL });
}

static void end_scene(struct scene *s)
{
    world_free(s->world);
}

/* --- what can be seen ------------------------------------------------------------------------- */

static pid_t child_of(pid_t parent)
{
    char number[20], output[64];
    snprintf(number, sizeof number, "%d", (int)parent);
    return RUN(output, sizeof output, 5, NULL, "pgrep", "-P", number)
               ? 0
               : (pid_t)strtol(output, NULL, 10);
}

static bool started_times(const struct scene *s, int times)
{
    int n = 0;
    char *log = file_text(peer_log(s->parent));
    for (const char *at = log; at && (at = strstr(at, " server.started ")); at++)
        n++;
    free(log);
    return n >= times;
}
static bool started(void *s)
{
    return started_times(s, 1);
}
static bool started_again(void *s)
{
    return started_times(s, 2);
}
static bool reloaded(void *s)
{
    return file_has(peer_log(((struct scene *)s)->parent),
                    " server.reloaded session=- certificate=1");
}
static bool gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0;
}

static void ready(struct scene *s)
{
    if (wait_until(started, s, 20)) return;
    fail_now("the server did not start: %s", file_text(peer_log(s->parent)));
}

/* A line of the child's /proc status. */
static void expect(struct scene *s, const char *line)
{
    if (!strstr(s->status, line)) fail_now("no '%s' in: %s", line, s->status);
}

static void test_who_it_is(void **state)
{
    struct scene s = { 0 };
    char path[64];
    (void)state;
    set_scene(&s);
    ready(&s);
    pid_t child = child_of(peer_pid(s.parent));
    assert_true(child > 0);
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    char *status = file_text(path);
    snprintf(s.status, sizeof s.status, "%s", status);
    free(status);
    if (getuid() == 0) expect(&s, "Uid:\t65534\t65534\t65534\t65534");
    expect(&s, "CapEff:\t0000000000000000");
    expect(&s, "CapPrm:\t0000000000000000");
    expect(&s, "NoNewPrivs:\t1");
    expect(&s, "Seccomp:\t2");
    assert_true(file_has(peer_log(s.parent), "sandbox.on session=- layer=files landlock="));

    /* The key is root's alone: only the parent can read it again. */
    kill(peer_pid(s.parent), SIGHUP);
    assert_true(wait_until(reloaded, &s, 5));
    assert_int_equal(peer_end(s.parent, SIGTERM, 15), 0);
    end_scene(&s);
}

static void test_killed(void **state)
{
    struct scene s = { 0 };
    char url[64], greeting[1000], output[1000];
    (void)state;
    set_scene(&s);
    ready(&s);
#define ADMIN(...)                                                                       \
    RUN(output, sizeof output, 20, "sesame\n", program_posthorn(), "--config", s.config, \
        __VA_ARGS__)
    assert_int_equal(ADMIN("domain", "add", "b.test"), 0);
    assert_int_equal(ADMIN("user", "add", "bob@b.test"), 0);

    /* The port never closes: who comes right then waits, and is served. */
    pid_t child = child_of(peer_pid(s.parent));
    snprintf(url, sizeof url, "imap://%s:%d/", s.address, PORT_IMAP);
    kill(child, SIGKILL);
    int status = RUN(greeting, sizeof greeting, 20, NULL, "curl", "-s", "--max-time", "15",
                     "--ssl-reqd", "--cacert", world_ca(s.world), "-u", "bob@b.test:sesame", url);
    if (status) fail_now("curl after the kill: %d %s", status, greeting);
    assert_non_null(strstr(greeting, "INBOX"));
    assert_true(wait_until(started_again, &s, 5));
    assert_true(file_has(peer_log(s.parent), " server.died session=- signal=9 "));
    assert_int_equal(peer_end(s.parent, SIGTERM, 15), 0);
    end_scene(&s);
}

static void test_orphaned(void **state)
{
    struct scene s = { 0 };
    (void)state;
    set_scene(&s);
    ready(&s);
    pid_t child = child_of(peer_pid(s.parent));
    peer_stop(s.parent, SIGKILL);
    if (!wait_until(gone, &child, 15)) fail_now("the server lives on without its parent");
    end_scene(&s);
}

/* What is wrong from the beginning is said once, and not tried for ever. */
static void test_cannot_start(void **state)
{
    struct world *world = world_new();
    char config[300], text[600], output[2000];
    (void)state;
    snprintf(config, sizeof config, "%s/posthorn.conf", world_dir(world));
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s/data\n[deliver]\nhostname = mail.b.test\n"
             "[tls]\ncertificate = /nowhere/cert.pem\nkey = /nowhere/key.pem\n",
             world_dir(world));
    file_write(config, text);
    int status = RUN(output, sizeof output, 10, NULL, program_posthorn(), "--config", config,
                     "serve", "--supervise");
    assert_int_equal(status, 1);
    assert_non_null(
        strstr(output, "/nowhere/cert.pem: not a certificate chain in PEM: No such file"));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_it_is),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_orphaned),
        cmocka_unit_test(test_cannot_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
