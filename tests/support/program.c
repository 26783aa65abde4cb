/* program.c - running programs: once with input and output, or beside the test until stopped. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/server.h"

double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(int ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
    nanosleep(&t, NULL);
}

bool wait_until(bool (*ready)(void *arg), void *arg, int seconds)
{
    double end = now_s() + seconds;
    while (!ready(arg)) {
        if (now_s() > end) return false;
        pause_ms(5);
    }
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

char *file_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "r");
    if (!f) return NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *m = open_memstream(&text, &n);
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, f)) > 0)
        fwrite(piece, 1, got, m);
    fclose(m);
    fclose(f);
    if (size) *size = n;
    return text;
}

bool file_has(const char *path, const char *text)
{
    size_t n;
    char *all = file_read(path, &n);
    bool has = all && memmem(all, n, text, strlen(text));
    free(all);
    return has;
}

FILE *file_create(const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f) fail_now("cannot write %s: %m", path);
    return f;
}

void file_write(const char *path, const char *text)
{
    FILE *f = file_create(path);
    if (fputs(text, f) < 0 || fclose(f)) fail_now("cannot write %s: %m", path);
}

/* --- once ------------------------------------------------------------------------------------- */

struct running {
    pid_t pid;
    int in, out;
};

static struct running start(const char *const *argv)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) fail_now("pipe: %m");
    pid_t pid = fork();
    if (pid < 0) fail_now("fork: %m");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execvp(argv[0], (char *const *)argv);
        dprintf(2, "%s: %m\n", argv[0]);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    return (struct running){ .pid = pid, .in = in[1], .out = out[0] };
}

/* Feeds and listens until the program closes its output. False when the time is over. */
static bool converse(struct running *r, const char *input, char *output, size_t size, double end)
{
    size_t left = input ? strlen(input) : 0, n = 0;
    for (;;) {
        if (!left && r->in >= 0) {
            close(r->in);
            r->in = -1;
        }
        struct pollfd fds[2] = { { .fd = r->out, .events = POLLIN },
                                 { .fd = r->in, .events = POLLOUT } };
        double wait = end - now_s();
        if (wait <= 0) return false;
        if (poll(fds, 2, (int)(wait * 1000) + 1) < 0 && errno != EINTR) return false;
        if (fds[1].revents) {
            ssize_t put = write(r->in, input, left);
            if (put > 0) input += put;
            left = put > 0 ? left - (size_t)put : 0;
        }
        if (!fds[0].revents) continue;
        char piece[4096];
        ssize_t got = read(r->out, piece, sizeof piece);
        if (got <= 0) return true;
        size_t keep = (size_t)got < size - 1 - n ? (size_t)got : size - 1 - n;
        memcpy(output + n, piece, keep);
        n += keep;
        output[n] = '\0';
    }
}

int run_program(const char *const *argv, const char *input, char *output, size_t size, int seconds)
{
    int status;
    struct running r = start(argv);
    output[0] = '\0';
    signal(SIGPIPE, SIG_IGN);
    bool done = converse(&r, input, output, size, now_s() + seconds);
    if (!done) kill(r.pid, SIGKILL);
    if (r.in >= 0) close(r.in);
    close(r.out);
    waitpid(r.pid, &status, 0);
    if (!done) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- beside the test -------------------------------------------------------------------------- */

struct peer {
    pid_t pid;
    char log[512];
};

struct peer *peer_start(struct world *w, const char *name, const char *const *argv)
{
    struct peer *p = calloc(1, sizeof *p);
    snprintf(p->log, sizeof p->log, "%s/%s.log", world_dir(w), name);
    p->pid = fork();
    if (p->pid < 0) fail_now("fork: %m");
    if (p->pid == 0) {
        int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND, 0600),
            null = open("/dev/null", O_RDONLY);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a test that crashed */
        dup2(null, 0);
        dup2(log, 1);
        dup2(log, 2);
        execvp(argv[0], (char *const *)argv);
        dprintf(2, "%s: %m\n", argv[0]);
        _exit(127);
    }
    return p;
}

static int reap(pid_t pid, int seconds)
{
    int status;
    for (double end = now_s() + seconds; waitpid(pid, &status, WNOHANG) == 0; pause_ms(5))
        if (now_s() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int peer_end(struct peer *p, int signal, int seconds)
{
    kill(p->pid, signal);
    int status = reap(p->pid, seconds);
    free(p);
    return status;
}

void peer_stop(struct peer *p, int signal)
{
    if (p) peer_end(p, signal, 20);
}

const char *peer_log(const struct peer *p)
{
    return p->log;
}

pid_t peer_pid(const struct peer *p)
{
    return p->pid;
}
