/* settings.c - the [search] section of the configuration. */
#include "search/search.h"

#include "base/mem.h"

#define ROW(field) offsetof(struct search_settings, field)

/* clang-format off */
static const struct setting rows[] = {
    { "enabled", SET_BOOL, ROW(enabled), "yes", 0, 0, NULL,
      "Keep an index of texts for accounts that search in bodies; without it each search reads the messages." },
    { "message_max", SET_SIZE, ROW(message_bytes_max), "4M", 4096, 64 * 1024 * 1024, NULL,
      "So much of one message's text is kept in the index; where it is longer, a search reads the message." },
    { "free_min", SET_SIZE, ROW(free_bytes_min), "512M", 0, 1024ull * 1024 * 1024 * 1024, NULL,
      "With less room than this on the disk the index does not grow: mail comes first." },
};
/* clang-format on */

const struct settings_section search_section = {
    .name = "search",
    .size = sizeof(struct search_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "The text index behind searches in bodies.",
};
