/* server.c - the real program, for rows that measure all of it. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_int.h"

const char *bench_program(void)
{
    const char *set = getenv("POSTHORN");
    return set ? set : POSTHORN_PROGRAM;
}

static void configure(const char *path, const char *folder)
{
    FILE *f = fopen(path, "w");
    if (!f) bench_die("cannot write a configuration");
    fprintf(f, "[server]\ndata_dir = %s\n[deliver]\nhostname = mail.a.test\n", folder);
    fprintf(f, "[listener imap]\naddress = 127.0.0.1:31143\nprotocol = imap\ntls = none\n");
    fclose(f);
}

static void become_server(const char *config, int output)
{
    dup2(output, 1);
    dup2(output, 2);
    execl(bench_program(), bench_program(), "--config", config, "serve", (char *)NULL);
    _exit(127);
}

void bench_server_start(struct bench_server *s, const char *data_folder)
{
    int ends[2];
    char line[1000];
    snprintf(s->config, sizeof s->config, "%s/bench.conf", data_folder);
    configure(s->config, data_folder);
    if (pipe2(ends, O_CLOEXEC)) bench_die("pipe");
    s->pid = fork();
    if (s->pid < 0) bench_die("fork");
    if (s->pid == 0) become_server(s->config, ends[1]);
    close(ends[1]);
    s->log = fdopen(ends[0], "r");
    while (fgets(line, sizeof line, s->log))
        if (strstr(line, "server.started")) return;
    bench_die("the server did not start");
}

void bench_server_stop(struct bench_server *s)
{
    kill(s->pid, SIGTERM);
    waitpid(s->pid, NULL, 0);
    fclose(s->log);
}
