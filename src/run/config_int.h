/* config_int.h - between the parts of the configuration: reading a file, its values, printing. */
#ifndef RUN_CONFIG_INT_H
#define RUN_CONFIG_INT_H

#include "run/config.h"

/* What a value may need besides its text. */
struct setting_place {
    struct arena *arena; /* texts and lists are copied here */
    str folder;          /* what relative paths are taken from; empty: left as they are */
};

/* Read a value into its field of the section's struct. On failure the rest of the sentence
 * "SECTION.NAME …" is appended to why: "wants a duration, like 15m". */
enum err setting_read(const struct setting *row, str value, const struct setting_place *place,
                      void *values, struct buf *why) MUST_CHECK;

/* "a duration, like 15m": also for the printed file and the man page. */
void setting_wants(const struct setting *row, struct buf *out);
/* " (from 1s to 5d)", or nothing if any value will do. */
void setting_range(const struct setting *row, struct buf *out);

#endif
