/* system.c - the two servers, each on one core, set up for speed without losing durability. */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap_int.h"
#include "support/fail.h"
#include "support/tree.h"
#include "support/wire.h"

enum { START_S = 120, HOST_POSTHORN = 20, HOST_DOVECOT = 21 };

static const char script[] = SOURCE_DIR "/tools/peers.sh";

_Noreturn void bench_die(const char *format, ...)
{
    va_list args;
    fprintf(stderr, "bench/imap: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void run_on_core(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1) (void)!sched_setaffinity(0, sizeof set, &set);
}

static bool opens(void *arg)
{
    struct system *s = arg;
    struct wire *w = wire_try(s->address, s->port_imap);
    if (!w) return false;
    bool up = wire_line(w, 5, NULL) != NULL;
    wire_close(w);
    return up;
}

/* What is started has the core of who starts it. */
static void begin(struct world *w, struct system *s, const char *const *argv)
{
    run_on_core(CORE_SERVER);
    s->peer = peer_start(w, s->name, argv);
    run_on_core(CORE_CLIENT);
    if (wait_until(opens, s, START_S)) return;
    bench_die("%s does not answer:\n%s", s->name, file_read(peer_log(s->peer), NULL));
}

static void cli(const char *config, const char *input, const char *a, const char *b, const char *c)
{
    char output[2000];
    if (RUN(output, sizeof output, 30, input, program_posthorn(), "--config", config, a, b, c))
        bench_die("posthorn %s %s %s: %s", a, b, c, output);
}

void posthorn_start(struct world *w, struct system *s)
{
    char dir[400], config[420];
    *s = (struct system){ .name = "Posthorn", .port_imap = 2143, .port_pop3 = 2110 };
    world_address(w, HOST_POSTHORN, s->address);
    snprintf(dir, sizeof dir, "%s/posthorn", world_dir(w));
    snprintf(config, sizeof config, "%s.conf", dir);
    FILE *f = file_create(config);
    fprintf(f, "[server]\ndata_dir = %s\nlog_level = warn\n[deliver]\nhostname = mail.bench.test\n",
            dir);
    static const char *const protocols[] = { "imap", "pop3" };
    for (int i = 0; i < 2; i++)
        fprintf(f,
                "[listener %s]\naddress = %s:%d\nprotocol = %s\ntls = none\nauth_in_clear = yes\n"
                "conns_per_address_max = 0\n",
                protocols[i], s->address, i ? s->port_pop3 : s->port_imap, protocols[i]);
    fclose(f);
    mkdir(dir, 0700);
    begin(w, s, (const char *const[]){ program_posthorn(), "--config", config, "serve", NULL });
    cli(config, NULL, "domain", "add", "bench.test");
    cli(config, "secret\n", "user", "add", "u0@bench.test");
}

/* As few processes as serve the load, none started anew for a log-in, passwords cached. */
static const char dovecot_extra[] =
    "mail_location = sdbox:/mnt/mail/%n\n"
    "auth_cache_size = 10M\nauth_cache_verify_password_with_worker = no\n"
    "mail_max_userip_connections = 0\n"
    "service imap-login {\n  service_count = 0\n  process_min_avail = 2\n  client_limit = 1000\n}\n"
    "service pop3-login {\n  service_count = 0\n  process_min_avail = 1\n}\n"
    "service imap {\n  process_limit = 500\n  service_count = 0\n}\n";

void dovecot_start(struct world *w, struct system *s)
{
    char dir[400], path[420], output[8192], listen[40];
    *s = (struct system){ .name = "Dovecot", .port_imap = 1143, .port_pop3 = 1110 };
    world_address(w, HOST_DOVECOT, s->address);
    if (RUN(output, sizeof output, 600, NULL, script, "unpack", "dovecot"))
        bench_die("unpacking dovecot: %s", output);
    snprintf(dir, sizeof dir, "%s/dovecot", world_dir(w));
    mkdir(dir, 0755);
    snprintf(path, sizeof path, "%s/extra.cf", dir);
    file_write(path, dovecot_extra);
    snprintf(listen, sizeof listen, "listen=%s", s->address);
    begin(w, s,
          (const char *const[]){ script, "run", "dovecot", dir, listen, "domain=bench.test",
                                 "users=u0", NULL });
}

void system_stop(struct system *s)
{
    peer_stop(s->peer, SIGTERM);
}

double system_pss_kb(const struct system *s)
{
    pid_t root = peer_pid(s->peer);
    return tree_pss_kb(&root, 1);
}

double system_cpu_s(const struct system *s)
{
    pid_t root = peer_pid(s->peer);
    return tree_cpu_s(&root, 1);
}
