/* story.c - what happens, line by line: printed at once if asked for, else when something is
 * broken. */
#include <stdarg.h>
#include <stdio.h>

#include "simulate/simulate.h"

bool story_shown;
const char *story_program;

void story_show(bool on)
{
    story_shown = on;
}

__attribute__((format(printf, 3, 0))) static void line(const struct world *w, const char *mark,
                                                       const char *format, va_list args)
{
    struct buf text = buf_make(4096);
    buf_addv(&text, format, args);
    uint64_t us = w->people ? seam_mono_us(w->people) : 0;
    printf("%s%10.3f s  %.*s\n", mark, (double)us / 1e6, STR_ARG(buf_str(&text)));
    fflush(stdout);
    buf_free(&text);
}

void tell(struct world *w, const char *format, ...)
{
    if (!story_shown) return;
    va_list args;
    va_start(args, format);
    line(w, "", format, args);
    va_end(args);
}

void world_broken(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!w->broken++ && !story_shown)
        printf("BROKEN in seed %llu: %s --seed %llu\n", (unsigned long long)w->seed, story_program,
               (unsigned long long)w->seed);
    line(w, "BROKEN ", format, args);
    va_end(args);
}
