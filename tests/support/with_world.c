/* with_world.c - runs a command in a world: a name server, a.test, b.test, and people with
 * accounts.
 *
 *   with_world COMMAND [ARG...]
 *
 * The command finds in its environment: WORLD_DIR (its own, removed at the end), CA (the file to
 * trust), A_ADDRESS, B_ADDRESS (the servers'), A_CONFIG, B_CONFIG, POSTHORN (the program),
 * SOURCE_DIR, and the ports, as PORT_SMTP and so on (PORT_LMTP and PORT_PROXIED are a.test's
 * alone). alice@a.test, carol@a.test and bob@b.test have the password "secret". Its exit status is
 * the command's, or 1 if a server did not end cleanly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/server.h"

static const struct {
    const char *name;
    int port;
} ports[] = {
    { "PORT_SMTP", PORT_SMTP },       { "PORT_SUBMISSION", PORT_SUBMISSION },
    { "PORT_IMAP", PORT_IMAP },       { "PORT_SUBMISSIONS", PORT_SUBMISSIONS },
    { "PORT_IMAPS", PORT_IMAPS },     { "PORT_POP3", PORT_POP3 },
    { "PORT_POP3S", PORT_POP3S },     { "PORT_LMTP", PORT_LMTP },
    { "PORT_PROXIED", PORT_PROXIED },
};

/* What only some clients ask for: LMTP, a port behind a proxy, and XCLIENT. */
static struct server *start_a(struct world *w)
{
    char extra[600], address[16];
    world_address(w, 2, address);
    snprintf(extra, sizeof extra,
             "\n[smtp]\nxclient = 127.0.0.0/8\n"
             "\n[listener lmtp]\naddress = %s:%d\nprotocol = lmtp\n"
             "\n[listener proxied]\naddress = %s:%d\nprotocol = mx\nproxies = 127.0.0.0/8\n"
             "handshake = 1s\n",
             address, PORT_LMTP, address, PORT_PROXIED);
    return server_start(w, "a.test", extra);
}

static void tell(struct world *w, struct server *a, struct server *b)
{
    char number[16];
    setenv("WORLD_DIR", world_dir(w), 1);
    setenv("CA", world_ca(w), 1);
    setenv("A_ADDRESS", server_address(a), 1);
    setenv("B_ADDRESS", server_address(b), 1);
    setenv("A_CONFIG", server_config(a), 1);
    setenv("B_CONFIG", server_config(b), 1);
    setenv("POSTHORN", program_posthorn(), 1);
    setenv("SOURCE_DIR", SOURCE_DIR, 1);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        snprintf(number, sizeof number, "%d", ports[i].port);
        setenv(ports[i].name, number, 1);
    }
}

static int run(char **argv)
{
    int status;
    pid_t pid = fork();
    if (pid < 0) fail_now("fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool ends_well(struct server *s)
{
    int status = server_stop(s);
    if (status == 0 && !file_has(server_log(s), "Sanitizer")) return true;
    char *log = file_read(server_log(s), NULL);
    fprintf(stderr, "%s ended with %d; its log:\n%s\n", server_domain(s), status, log ? log : "");
    free(log);
    return false;
}

int main(int argc, char **argv)
{
    if (argc < 2) fail_now("usage: with_world COMMAND [ARG...]");
    struct world *w = world_new();
    world_dns_start(w);
    struct server *a = start_a(w), *b = server_start(w, "b.test", NULL);
    server_user(a, "alice@a.test", "secret");
    server_user(a, "carol@a.test", "secret");
    server_user(b, "bob@b.test", "secret");
    tell(w, a, b);
    int status = run(argv + 1);
    if (getenv("KEEP_WORLD")) world_keep(w);
    bool well = ends_well(a);
    well = ends_well(b) && well;
    world_free(w);
    return status ? status : !well;
}
