/* lacking.c - a server on a kernel that lacks a layer of the sandbox says which, and runs on; and
 * under the system calls that its systemd unit leaves it none is lacking.
 *
 * A filter of system calls, put on before the server is started, stands for the kernel and for
 * systemd: "--without NAMES -- PROGRAM…" is this program in that part.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/server.h"
#include "support/world_int.h"

#define LANDLOCK "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
/* @privileged and @resources of systemd 252, which the unit takes away, but for what it gives back.
 */
#define UNIT                                                                                    \
    "chown fchown fchownat lchown settimeofday clock_settime init_module ioperm reboot swapon " \
    "acct bpf chroot fanotify_init pivot_root quotactl setdomainname setfsuid setgroups "       \
    "sethostname setresuid setreuid setuid vhangup ioprio_set mbind migrate_pages move_pages "  \
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler set_mempolicy "          \
    "setpriority setrlimit"

enum { NOBODY = 65534 };

/* --- a kernel that lacks something ------------------------------------------------------------ */

static int start_without(char *names, char **program)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    for (char *name = names; *name;) {
        size_t n = strcspn(name, " ");
        bool last = !name[n];
        name[n] = '\0';
        if (seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name(name), 0))
            fail_now("%s cannot be taken away", name);
        name += last ? n : n + 1;
    }
    if (getuid() == 0 && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))) return 1;
    if (seccomp_load(f)) fail_now("no filter: %m");
    execv(program[0], program);
    return 1;
}

/* --- the server in it ------------------------------------------------------------------------- */

static bool has_ended_or_started(void *log)
{
    return file_has(log, "server.started") || file_has(log, "posthorn: ");
}

static char *log_without(const char *names, int *status)
{
    struct world *w = world_new();
    char data[250], certificate[512], key[512], config[300], text[2500], address[16];
    world_address(w, 2, address);
    chmod(world_dir(w), 0711);
    world_certificate(w, "mail.b.test", address, certificate, key);
    snprintf(data, sizeof data, "%s/data", world_dir(w));
    mkdir(data, 0700);
    if (getuid() == 0 && (chown(data, NOBODY, NOBODY) || chown(key, NOBODY, NOBODY)))
        fail_now("%m");
    snprintf(config, sizeof config, "%s/posthorn.conf", world_dir(w));
    snprintf(text, sizeof text,
             "[server]\ndata_dir = %s\n[deliver]\nhostname = mail.b.test\n"
             "[tls]\ncertificate = %s\nkey = %s\n"
             "[listener imap]\naddress = %s:%d\nprotocol = imap\n",
             data, certificate, key, address, PORT_IMAP);
    file_write(config, text);
    struct peer *p =
        peer_start(w, "posthorn",
                   (const char *const[]){ "/proc/self/exe", "--without", names, program_posthorn(),
                                          "--config", config, "serve", NULL });
    char *path = strdup(peer_log(p));
    if (!wait_until(has_ended_or_started, path, 20)) fail_now("neither started nor ended");
    *status = peer_end(p, SIGTERM, 15);
    char *log = file_read(path, NULL);
    free(path);
    world_free(w);
    return log;
}

static void expect(const char *log, const char *line)
{
    if (!strstr(log, line)) fail_now("no '%s' in:\n%s", line, log);
}

static void a_kernel_without_landlock(void **state)
{
    int status;
    (void)state;
    char *log = log_without(LANDLOCK, &status);
    assert_int_equal(status, 0);
    expect(log, "sandbox.off session=- layer=files why=");
    expect(log, "sandbox.on session=- layer=calls ");
    expect(log, "server.started");
    free(log);
}

static void a_kernel_without_filters(void **state)
{
    int status;
    (void)state;
    char *log = log_without("seccomp", &status);
    assert_int_equal(status, 0);
    expect(log, "sandbox.on session=- layer=no_new_privileges ");
    free(log);
}

static void what_the_unit_leaves(void **state)
{
    static const char *const needed[] = { "capset", "seccomp", "landlock_create_ruleset",
                                          "landlock_add_rule", "landlock_restrict_self" };
    int status;
    (void)state;
    char *log = log_without(UNIT, &status);
    assert_int_equal(status, 0);
    if (strstr(log, "sandbox.off")) fail_now("a layer is off:\n%s", log);
    free(log);

    char *unit = file_read(SOURCE_DIR "/packaging/systemd/posthorn.service.in", NULL);
    char *given = strstr(unit, "\nSystemCallFilter=capset");
    assert_non_null(given);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        expect(given, needed[i]);
    free(unit);
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "--without") == 0) return start_without(argv[2], argv + 3);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_without_landlock),
        cmocka_unit_test(a_kernel_without_filters),
        cmocka_unit_test(what_the_unit_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
