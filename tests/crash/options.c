/* options.c - the number of rounds, and the seed of an earlier run. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash/options.h"

void options_read(int argc, char **argv, int *rounds, unsigned *seed)
{
    *seed = (unsigned)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0) *rounds = (int)strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) *seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
}
