/* server.c - Posthorn servers of a test's world: configured, started, killed, asked. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/fail.h"
#include "support/world_int.h"

struct server {
    struct world *world;
    struct server *next;
    struct peer *process; /* NULL: not running */
    char domain[128], address[16], dir[300], data[320], config[320], log[512];
    char cert[512], key[512];
    char name[160];
};

const char *program_posthorn(void)
{
    const char *set = getenv("POSTHORN");
    return set ? set : POSTHORN_PROGRAM;
}

/* --- configuration ---------------------------------------------------------------------------- */

static const struct {
    const char *name, *protocol, *tls;
    int port;
} listeners[] = {
    { "mx", "mx", "starttls", PORT_SMTP },
    { "submission", "submission", "starttls", PORT_SUBMISSION },
    { "submissions", "submission", "implicit", PORT_SUBMISSIONS },
    { "imap", "imap", "starttls", PORT_IMAP },
    { "imaps", "imap", "implicit", PORT_IMAPS },
    { "pop3", "pop3", "starttls", PORT_POP3 },
    { "pop3s", "pop3", "implicit", PORT_POP3S },
};

static void configure(struct server *s, const char *extra)
{
    FILE *f = file_create(s->config);
    char dns[16];
    fprintf(f, "[server]\ndata_dir = %s\nlog_level = debug\nworkers = 2\ngrace = 5s\n\n", s->data);
    fprintf(f, "[deliver]\nhostname = mail.%s\n\n[tls]\ncertificate = %s\nkey = %s\n\n", s->domain,
            s->cert, s->key);
    for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++)
        fprintf(f,
                "[listener %s]\naddress = %s:%d\nprotocol = %s\ntls = %s\nconns_per_address_max = "
                "0\n\n",
                listeners[i].name, s->address, listeners[i].port, listeners[i].protocol,
                listeners[i].tls);
    fprintf(f, "[dns]\nforward = %s:%d\ninsecure = test\n\n", world_address(s->world, 1, dns),
            PORT_DNS);
    /* Cheap hashes: the tests log in thousands of times. */
    if (!extra || !strstr(extra, "[auth]"))
        fprintf(f, "[auth]\nargon2_memory = 64K\nargon2_passes = 1\nfail_delay = 200ms\n"
                   "account_conns_max = 0\n\n");
    bool own_gaps = extra && strstr(extra, "retry_first");
    fprintf(f, "[relay]\nport = %d\n%sconnect = 3s\nca_file = %s\n%s\n", PORT_SMTP,
            own_gaps ? "" : "retry_first = 1s\nretry_max = 5s\n", world_ca(s->world),
            extra ? extra : "");
    fclose(f);
}

/* --- running ---------------------------------------------------------------------------------- */

static bool is_ready(void *arg)
{
    struct server *s = arg;
    return file_has(s->log, "server.started");
}

static void launch(struct server *s)
{
    remove(s->log);
    s->process =
        peer_start(s->world, s->name,
                   (const char *const[]){ program_posthorn(), "--config", s->config, "serve",
                                          s->world->supervise ? "--supervise" : NULL, NULL });
    if (wait_until(is_ready, s, 30)) return;
    char *log = file_read(s->log, NULL);
    fail_now("%s did not get ready; its log:\n%s", s->domain, log ? log : "(none)");
}

void world_supervise(struct world *w)
{
    w->supervise = true;
}

struct server *server_start(struct world *w, const char *domain, const char *extra)
{
    struct server *s = calloc(1, sizeof *s);
    char host[160];
    s->world = w;
    s->next = w->servers;
    w->servers = s;
    snprintf(s->domain, sizeof s->domain, "%s", domain);
    world_address(w, 2 + w->hosts++, s->address);
    snprintf(s->name, sizeof s->name, "server-%s", domain);
    snprintf(s->dir, sizeof s->dir, "%s/%s", w->dir, s->name);
    snprintf(s->data, sizeof s->data, "%s/data", s->dir);
    snprintf(s->config, sizeof s->config, "%s/posthorn.conf", s->dir);
    snprintf(s->log, sizeof s->log, "%s/%s.log", w->dir, s->name);
    mkdir(s->dir, 0700);
    snprintf(host, sizeof host, "mail.%s", domain);
    world_certificate(w, host, s->address, s->cert, s->key);
    configure(s, extra);
    launch(s);
    int status;
    const char *said = CLI(s, NULL, &status, "domain", "add", domain);
    if (status) fail_now("domain add: %s", said);
    return s;
}

/* A sanitizer's report may come from a moment that no client noticed. */
static void expect_no_report(const struct server *s)
{
    if (!file_has(s->log, "Sanitizer") && !file_has(s->log, "runtime error:")) return;
    char *log = file_read(s->log, NULL);
    fail_now("%s was reported:\n%s", s->domain, log);
}

void server_kill(struct server *s)
{
    if (s->process) peer_end(s->process, SIGKILL, 20);
    s->process = NULL;
    expect_no_report(s);
}

int server_stop(struct server *s)
{
    return server_end(s, SIGTERM, 20);
}

int server_end(struct server *s, int signal, int seconds)
{
    int status = s->process ? peer_end(s->process, signal, seconds) : -1;
    s->process = NULL;
    expect_no_report(s);
    return status;
}

void server_restart(struct server *s)
{
    if (s->process) fail_now("restart of a server that runs");
    launch(s);
}

void server_free(struct server *s)
{
    struct server **at = &s->world->servers;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (s->process) server_stop(s);
    free(s);
}

/* --- asking ----------------------------------------------------------------------------------- */

const char *server_cli(struct server *s, const char *input, int *status, const char *const *words)
{
    static char output[1 << 20];
    const char *argv[32] = { program_posthorn(), "--config", s->config };
    size_t n = 3;
    while (*words && n < 31)
        argv[n++] = *words++;
    *status = run_program(argv, input, output, sizeof output, 60);
    return output;
}

void server_user(struct server *s, const char *address, const char *password)
{
    char line[256];
    int status;
    snprintf(line, sizeof line, "%s\n", password);
    const char *said = CLI(s, line, &status, "user", "add", address);
    if (status) fail_now("user add %s: %s", address, said);
}

static bool has_child(void *arg)
{
    pid_t *pid = arg;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid[0], (int)pid[0]);
    char *text = file_read(path, NULL);
    pid[1] = text ? (pid_t)strtol(text, NULL, 10) : 0;
    free(text);
    return pid[1] > 0;
}

pid_t server_child(const struct server *s)
{
    pid_t pid[2] = { server_pid(s), 0 };
    if (!wait_until(has_child, pid, 20)) fail_now("%s has no server beneath it", s->domain);
    return pid[1];
}

const char *server_address(const struct server *s)
{
    return s->address;
}
const char *server_domain(const struct server *s)
{
    return s->domain;
}
const char *server_config(const struct server *s)
{
    return s->config;
}
const char *server_data_dir(const struct server *s)
{
    return s->data;
}
const char *server_log(const struct server *s)
{
    return s->log;
}
pid_t server_pid(const struct server *s)
{
    return s->process ? peer_pid(s->process) : -1;
}
