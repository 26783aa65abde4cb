/* beside.c - a process beside this one: a fork, a pipe that says ready, and one that says enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/beside.h"

void beside_ready(struct beside_self *self)
{
    (void)!write(self->ready, "1", 1);
    close(self->ready);
    self->ready = -1;
}

/* Ctrl-C at the terminal reaches both: this one ends in good order when the other has. */
static int run(beside_fn *fn, void *arg, struct beside_self *self)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return fn(arg, self);
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static bool wait_ready(int ready)
{
    char byte;
    ssize_t n;
    do {
        n = read(ready, &byte, 1);
    } while (n < 0 && errno == EINTR);
    close(ready);
    return n == 1;
}

bool beside_start(struct beside *b, beside_fn *fn, void *arg)
{
    int ready[2], until[2];
    if (pipe2(ready, O_CLOEXEC)) return false;
    if (pipe2(until, O_CLOEXEC)) {
        close(ready[0]);
        close(ready[1]);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct beside_self self = { .ready = ready[1], .until = until[0] };
        close(ready[0]);
        close(until[1]);
        _exit(run(fn, arg, &self));
    }
    close(ready[1]);
    close(until[0]);
    bool good = wait_ready(ready[0]) && pid > 0;
    *b = (struct beside){ .pid = pid, .until = until[1] };
    if (!good) beside_end(b);
    return good;
}

void beside_end(struct beside *b)
{
    close(b->until);
    if (b->pid > 0) reap(b->pid);
    b->pid = 0;
}
