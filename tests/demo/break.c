/* break.c - --break NAME: the things that can go wrong, by name. */
#include <string.h>

#include "demo/journey.h"

/* clang-format off */
static const struct { const char *name, *what; void (*tell)(struct demo *d); } breaks[] = {
    { NULL, NULL, NULL },
};
/* clang-format on */

static void (*find(const char *name))(struct demo *d)
{
    for (size_t i = 0; breaks[i].name; i++)
        if (!strcmp(name, breaks[i].name)) return breaks[i].tell;
    return NULL;
}

bool break_known(const char *name)
{
    return find(name) != NULL;
}

bool break_tell(struct demo *d, const char *name)
{
    void (*tell)(struct demo *) = find(name);
    if (tell) tell(d);
    return tell != NULL;
}

void break_names(struct buf *out)
{
    for (size_t i = 0; breaks[i].name; i++)
        buf_addf(out, "  %-18s %s\n", breaks[i].name, breaks[i].what);
}
