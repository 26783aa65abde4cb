/* seam_real_temp.c - a private real folder for what a simulated machine's libraries map themselves.
 * It lies in $TMPDIR: on a file system in memory a world costs a third less. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "run/seam_sim_int.h"

char *real_temp_new(void)
{
    const char *where = getenv("TMPDIR");
    struct buf name = buf_make(PATH_MAX);
    buf_addf(&name, "%s/posthorn-sim-XXXXXX%c", where && *where ? where : "/tmp", '\0');
    char *path = mem_new(name.n);
    bytes_copy(path, name.n, name.p, name.n);
    buf_free(&name);
    if (mkdtemp(path)) return path;
    mem_free(path);
    return NULL;
}

const char *real_temp_folder(const char *temp, const char *name, struct arena *a)
{
    str last = str_from(str_of(name), str_rchr(str_of(name), '/') + 1); /* NPOS + 1 is 0 */
    const char *path = arena_cstr(a, arena_fmt(a, "%s/%.*s", temp, STR_ARG(last)));
    if (!path) return NULL;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? path : NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void real_temp_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
