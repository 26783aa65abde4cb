/* gauge.c - memory, descriptors and threads of the process that serves, from /proc; the store's
 * size on disk. */
#include <dirent.h>
#include <float.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/fail.h"

enum { LOOKS_A_METRIC = 10 }; /* the command is a process */

static pid_t serving;
static struct gauge lowest;

static const struct gauge nothing = {
    .anon_mb = DBL_MAX, .rss_mb = DBL_MAX, .heap_mb = DBL_MAX, .fds = 1 << 30
};

/* The child of a parent that only watches (run/parent.c), or the process itself. */
static pid_t child_of(pid_t pid)
{
    char path[80];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%d", &child) != 1) child = 0;
    if (f) fclose(f);
    return child ? child : pid;
}

void gauge_begin(void)
{
    serving = child_of(server_pid(soak.a));
    lowest = nothing;
}

/* Each descriptor's number and what it is; of the journal's segments, as many as mail needs. */
static int each_fd(void (*tell)(const char *number, const char *what))
{
    char path[80], file[400], what[300];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", serving);
    DIR *d = opendir(path);
    if (!d) fail_now("the server is gone: %m");
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        ssize_t size = readlink(file, what, sizeof what - 1);
        what[size > 0 ? size : 0] = '\0';
        if (size <= 0 || strstr(what, ".seg")) continue;
        if (tell) tell(e->d_name, what);
        n++;
    }
    closedir(d);
    return n;
}

static void name_fd(const char *number, const char *what)
{
    printf("#      %s: %s\n", number, what);
}

void gauge_name_fds(void)
{
    each_fd(name_fd);
}

static void lower(double *kept, double seen)
{
    if (seen < *kept) *kept = seen;
}

static double metric(const char *all, const char *name)
{
    const char *at = strstr(all, name);
    return at ? strtod(at + strlen(name), NULL) : 0;
}

static void ask_metrics(void)
{
    static char said[1 << 18];
    int status = RUN(said, sizeof said, 60, NULL, program_posthorn(), "--config",
                     server_config(soak.a), "metrics");
    if (status) fail_now("posthorn metrics: %d %.500s", status, said);
    lower(&lowest.heap_mb,
          metric(said, "\nposthorn_memory_heap_bytes{state=\"used\"} ") / (1 << 20));
    lowest.fibers = (int)metric(said, "\nposthorn_fibers{state=\"lent\"} ");
    lowest.stacks = (int)metric(said, "\nposthorn_fibers{state=\"mapped\"} ");
}

void gauge_look(void)
{
    char path[80], line[200];
    double kb;
    snprintf(path, sizeof path, "/proc/%d/status", serving);
    FILE *f = fopen(path, "r");
    if (!f) fail_now("the server is gone: %m");
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "RssAnon: %lf", &kb) == 1) lower(&lowest.anon_mb, kb / 1024);
        if (sscanf(line, "VmRSS: %lf", &kb) == 1) lower(&lowest.rss_mb, kb / 1024);
        if (sscanf(line, "Threads: %lf", &kb) == 1) lowest.threads = (int)kb;
    }
    fclose(f);
    int fds = each_fd(NULL);
    if (fds < lowest.fds) lowest.fds = fds;
    static unsigned looks;
    if (++looks % LOOKS_A_METRIC == 0) ask_metrics();
}

static double bytes_seen;

static int add_file(const char *path, const struct stat *s, int what, struct FTW *place)
{
    (void)path;
    (void)place;
    if (what == FTW_F) bytes_seen += (double)s->st_blocks * 512;
    return 0;
}

struct gauge gauge_take(void)
{
    gauge_look();
    ask_metrics();
    struct gauge g = lowest;
    lowest = nothing;
    bytes_seen = 0;
    nftw(server_data_dir(soak.a), add_file, 32, FTW_PHYS);
    g.store_mb = bytes_seen / (1 << 20);
    return g;
}
