/* trouble.c - the test's side of the shim: the file, and the environment that servers get. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crash/trouble.h"
#include "support/fail.h"
#include "support/server.h"

struct trouble *trouble_begin(struct world *w)
{
    char path[600];
    snprintf(path, sizeof path, "%s/trouble", world_dir(w));
    int f = open(path, O_RDWR | O_CREAT, 0666);
    if (f < 0 || ftruncate(f, sizeof(struct trouble))) fail_now("%s: %m", path);
    void *at = mmap(NULL, sizeof(struct trouble), PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    if (at == MAP_FAILED) fail_now("mapping %s: %m", path);
    close(f);
    setenv(TROUBLE_FILE, path, 1);
    setenv("LD_PRELOAD", TROUBLE_SHIM, 1);
    return at;
}

void trouble_end(struct trouble *t)
{
    unsetenv("LD_PRELOAD");
    munmap(t, sizeof *t);
}
