/* open.c - the store as the configuration wants it: over the embedded engine. */
#include "run/config.h"
#include "store/store_int.h"

#include "base/mem.h"

#define AT(field) offsetof(struct store_settings, field)
#define DAY_MS    86400000ull
#define YEARS_10  (3650 * DAY_MS)

/* clang-format off */
static const struct setting rows[] = {
    { "journey", SET_DURATION, AT(journey_ms), "90d", DAY_MS, YEARS_10, NULL,
      "How long a message's journey can be asked for after its last event." },
    { "tombstones", SET_DURATION, AT(tombstone_ms), "90d", DAY_MS, YEARS_10, NULL,
      "How long a device may stay away and still learn what was deleted meanwhile." },
    { "undelete", SET_DURATION, AT(undelete_ms), "14d", 0, YEARS_10, NULL,
      "How long a deleted message is kept at least." },
    { "body_memory", SET_SIZE, AT(body_memory_bytes), "256M", 1 << 20, 1ull << 40, NULL,
      "Memory for messages on their way in, all sessions together; past it they wait." },
    { "segment", SET_SIZE, AT(segment_bytes), "256M", 1 << 20, 1ull << 34, NULL,
      "A journal segment is closed at this size." },
    { "lag", SET_SIZE, AT(lag_bytes), "64M", 1 << 20, 1ull << 34, NULL,
      "Commits wait when the index is this far behind the journal; it also bounds the replay at start." },
};
/* clang-format on */

const struct settings_section store_section = {
    .name = "store",
    .size = sizeof(struct store_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Where mail is kept, and for how long what is gone is remembered.",
};

static enum err open_embedded(struct seam *seam, const struct store_settings *settings,
                              const struct embedded_options *more, struct store **out,
                              struct buf *why)
{
    const struct embedded_options options = {
        .seam = seam,
        .body_memory_bytes = settings->body_memory_bytes,
        .segment_bytes = settings->segment_bytes,
        .lag_bytes = settings->lag_bytes,
        /* An expunge ends the reference at once, and undelete gives the body a new one. */
        .garbage_grace_ms = settings->undelete_ms,
        .verify = more->verify,
        .repair = more->repair,
    };
    struct engine *engine;
    enum err e = engine_embedded_open(&options, &engine, why);
    return e ? e : store_open_on(engine, seam, settings, out);
}

enum err store_open(struct seam *seam, const struct store_settings *settings, struct store **out,
                    struct buf *why)
{
    return open_embedded(seam, settings, &(struct embedded_options){ 0 }, out, why);
}

enum err store_open_repair(struct seam *seam, const struct store_settings *settings,
                           struct repair_report *report, struct store **out, struct buf *why)
{
    return open_embedded(seam, settings, &(struct embedded_options){ .repair = report }, out, why);
}

enum err store_open_verified(struct seam *seam, const struct store_settings *settings,
                             struct store **out, struct buf *why)
{
    return open_embedded(seam, settings, &(struct embedded_options){ .verify = true }, out, why);
}
