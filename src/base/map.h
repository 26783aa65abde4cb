/* map.h - a hash map from bytes to a pointer, for tables that live longer than a command.
 *
 * SipHash-1-3 with a key from randomness: strangers choose some of our keys. The map copies its
 * keys and never owns the values. At most `limit` entries; past it map_put says so.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/err.h"
#include "base/str.h"

struct map;
struct map *map_new(size_t limit, const uint8_t seed[16]);
void map_free(struct map *m);
size_t map_count(const struct map *m);
void *map_get(const struct map *m, str key);                 /* NULL if absent */
enum err map_put(struct map *m, str key, void *value) MUST_CHECK; /* replaces; ERR_LIMIT */
void *map_take(struct map *m, str key);                      /* removes and returns, or NULL */
/* Visits all in no order; the callback may not change the map. Stops when it returns false. */
void map_each(const struct map *m, bool (*visit)(void *arg, str key, void *value), void *arg);

uint64_t siphash13(const uint8_t key[16], str data);

#endif
