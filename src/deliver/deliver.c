/* deliver.c - the settings of delivery, and the handle that the others share. */
#include "base/mem.h"
#include "deliver/deliver_int.h"

/* clang-format off */
static const struct setting rows[] = {
    { "hostname",      SET_TEXT, offsetof(struct deliver_settings, hostname),      "localhost", 0, 0, NULL, "Our name in greetings, Received lines and reports: what the MX record points at." },
    { "tag_separator", SET_TEXT, offsetof(struct deliver_settings, tag_separator), "+",         0, 0, NULL, "alice+shop@ is alice's; empty: no tags." },
    { "postmaster",    SET_TEXT, offsetof(struct deliver_settings, postmaster),    "",          0, 0, NULL, "Where mail for postmaster goes; empty: the domain's first user." },
};
/* clang-format on */

const struct settings_section deliver_section = {
    .name = "deliver",
    .size = sizeof(struct deliver_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Where accepted mail goes.",
};

enum err deliver_new(struct seam *seam, struct store *store, const struct deliver_settings *s,
                     struct deliver **out)
{
    struct deliver *d = MEM_NEW(struct deliver);
    *d = (struct deliver){ .seam = seam, .store = store, .settings = s };
    *out = d;
    return OK;
}

void deliver_free(struct deliver *d)
{
    mem_free(d);
}

str deliver_hostname(const struct deliver *d)
{
    return d->settings->hostname;
}
