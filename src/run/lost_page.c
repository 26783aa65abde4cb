/* lost_page.c - a page of a mapped file that cannot be read any more: the file was cut under us, or
 * the disk fails. The kernel says so with SIGBUS in the middle of whatever reads it.
 *
 * Nothing can be saved then, but the person shall not be left with "Bus error": one line names the
 * file and what to do. The handler calls only what a signal handler may.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/str.h"
#include "run/process.h"

static const char before[] = "posthorn: ";
static const char after[] =
    " cannot be read any more: it was cut, or the disk fails; the process ends. If it is the "
    "store's index, posthorn check --repair makes it again from the journal\n";

/* A line of /proc/self/maps that is being read: FROM-TO MODE OFFSET DEVICE INODE   PATH. */
struct map_line {
    uintptr_t number, from;
    bool in_range; /* FROM-TO has been read */
    bool is_it;
    size_t n;
    char path[512];
};

static unsigned hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* True at the end of the line that is wanted. */
static bool map_step(struct map_line *l, char c, uintptr_t wanted)
{
    if (c == '\n') {
        bool found = l->is_it && l->n;
        if (!found) *l = (struct map_line){ 0 };
        return found;
    }
    if (!l->in_range && c == '-') {
        l->from = l->number;
        l->number = 0;
    } else if (!l->in_range && c == ' ') {
        l->in_range = true;
        l->is_it = l->from <= wanted && wanted < l->number;
    } else if (!l->in_range) {
        l->number = l->number << 4 | hex(c);
    } else if ((l->n || c == '/') && l->n < sizeof l->path) {
        l->path[l->n++] = c;
    }
    return false;
}

static void name_file(uintptr_t address)
{
    struct map_line line = { 0 };
    char piece[256];
    ssize_t n = 0;
    bool found = false;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (!found && file >= 0 && (n = read(file, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < n && !found; i++)
            found = map_step(&line, piece[i], address);
    if (!found) return;
    (void)!write(STDERR_FILENO, before, sizeof before - 1);
    (void)!write(STDERR_FILENO, line.path, line.n);
    (void)!write(STDERR_FILENO, after, sizeof after - 1);
}

/* When it returns the same read fails again, and the process ends as the system has it. */
static void on_lost_page(int number, siginfo_t *info, void *context)
{
    static int said;
    (void)context;
    if (__atomic_exchange_n(&said, 1, __ATOMIC_SEQ_CST))
        for (;;)
            pause(); /* another thread is about to end us */
    if (info->si_code == BUS_ADRERR || info->si_code == BUS_MCEERR_AR)
        name_file((uintptr_t)info->si_addr);
    signal(number, SIG_DFL);
    if (info->si_code <= 0) raise(number); /* somebody sent it */
}

void process_name_lost_pages(void)
{
    struct sigaction action = { .sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO };
    sigaction(SIGBUS, &action, NULL);
}
