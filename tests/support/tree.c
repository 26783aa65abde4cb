/* tree.c - processor time and memory of processes and their descendants, from /proc. */
#include "support/tree.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    pid_t pid, parent;
    double cpu_s;
    bool ours;
};

static size_t list_processes(struct process *out, size_t max)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *d; proc && (d = readdir(proc)) && n < max;) {
        char path[300], text[2000] = "";
        snprintf(path, sizeof path, "/proc/%s/stat", d->d_name);
        FILE *f = d->d_name[0] >= '1' && d->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (!f) continue;
        size_t got = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        text[got] = '\0';
        char *at = strrchr(text, ')');
        int parent;
        unsigned long own, system, children, children_system;
        if (!at || sscanf(at + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
                          &parent, &own, &system, &children, &children_system) != 5)
            continue;
        double ticks = (double)(own + system + children + children_system);
        out[n++] = (struct process){ (pid_t)strtol(d->d_name, NULL, 10), parent,
                                     ticks / (double)sysconf(_SC_CLK_TCK), false };
    }
    if (proc) closedir(proc);
    return n;
}

/* Marks the process and all that descend from it. */
static void mark(struct process *all, size_t n, pid_t root)
{
    bool more = true;
    for (size_t i = 0; i < n; i++)
        all[i].ours |= all[i].pid == root;
    while (more) {
        more = false;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n && !all[i].ours; k++)
                if (all[k].ours && all[i].parent == all[k].pid) all[i].ours = more = true;
    }
}

static size_t list_trees(const pid_t *roots, size_t roots_n, struct process *all, size_t max)
{
    size_t n = list_processes(all, max);
    for (size_t i = 0; i < roots_n; i++)
        mark(all, n, roots[i]);
    return n;
}

double tree_cpu_s(const pid_t *roots, size_t roots_n)
{
    static struct process all[4096];
    double sum = 0;
    size_t n = list_trees(roots, roots_n, all, sizeof all / sizeof *all);
    for (size_t i = 0; i < n; i++)
        if (all[i].ours) sum += all[i].cpu_s;
    return sum;
}

static double pss_kb(pid_t pid)
{
    char path[100], line[200];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Pss: %lf", &kb) == 1) break;
    if (f) fclose(f);
    return kb;
}

/* The shells that started it and hold its namespace are the test's, not the system's. */
static bool is_scaffold(pid_t pid)
{
    char path[100], name[100] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *f = fopen(path, "r");
    if (f && !fgets(name, sizeof name, f)) name[0] = '\0';
    if (f) fclose(f);
    return strcmp(name, "sh\n") == 0 || strcmp(name, "peers.sh\n") == 0 ||
           strcmp(name, "unshare\n") == 0 || strcmp(name, "peers_inside.sh\n") == 0;
}

double tree_pss_kb(const pid_t *roots, size_t roots_n)
{
    static struct process all[4096];
    double sum = 0;
    size_t n = list_trees(roots, roots_n, all, sizeof all / sizeof *all);
    for (size_t i = 0; i < n; i++)
        if (all[i].ours && !is_scaffold(all[i].pid)) sum += pss_kb(all[i].pid);
    return sum;
}
