/* samples.c - how long things took, since the last look. */
#include <stdlib.h>
#include <string.h>

#include "soak/soak.h"

enum { EACH_MAX = 8192 };

const char *const sample_names[SAMPLES] = { "echo",     "NOOP", "EHLO",  "STAT",
                                            "delivery", "news", "log-in" };

struct taken {
    double took[EACH_MAX];
    unsigned n;
};
static struct taken now[SAMPLES], last[SAMPLES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void sample_add(enum sample what, double seconds)
{
    pthread_mutex_lock(&lock);
    struct taken *t = &now[what];
    if (t->n < EACH_MAX) t->took[t->n++] = seconds;
    pthread_mutex_unlock(&lock);
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void samples_take(void)
{
    pthread_mutex_lock(&lock);
    memcpy(last, now, sizeof last);
    for (int i = 0; i < SAMPLES; i++)
        now[i].n = 0;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < SAMPLES; i++)
        qsort(last[i].took, last[i].n, sizeof(double), by_time);
}

double sample_ms(enum sample what, double p)
{
    const struct taken *t = &last[what];
    if (!t->n) return 0;
    unsigned at = (unsigned)(p * t->n);
    return t->took[at < t->n ? at : t->n - 1] * 1000;
}

unsigned sample_count(enum sample what)
{
    return last[what].n;
}
