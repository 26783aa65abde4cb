/* log.h - one line an event: `level event key=value …`, always with the session's id.
 *
 * Events are a documented list (log.c: name, what it says), each counted. Values are
 * quoted and escaped when they hold anything but printable ASCII without spaces: no line breaks,
 * no terminal escapes. Secrets are never passed here. base formats; where lines go is run's.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One field. Build with the macros: log_event(LOG_INFO, "smtp.accepted", id,
 * F_STR("from", from), F_NUM("size_bytes", n)). */
struct log_field { const char *key; str text; uint64_t number; bool is_number; };
#define F_STR(k, s)  ((struct log_field){ .key = (k), .text = (s) })
#define F_CSTR(k, s) ((struct log_field){ .key = (k), .text = str_of(s) })
#define F_NUM(k, v)  ((struct log_field){ .key = (k), .number = (v), .is_number = true })

void log_fields(enum log_level level, const char *event, str session, const struct log_field *fields,
                size_t n);
#define log_event(level, event, session, ...)                                                   \
    log_fields((level), (event), (session), (const struct log_field[]){ __VA_ARGS__ },          \
               sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

/* Set once at start, before threads: where whole lines (ending in LF) go, and the level. */
void log_to(void (*sink)(void *arg, enum log_level level, str line), void *arg);
void log_level_set(enum log_level level);
bool log_wants(enum log_level level);

/* The list of events with their meaning, and how often each happened since the start. */
struct log_event_row { const char *name, *meaning; };
extern const struct log_event_row log_events[];
extern const size_t log_events_count;
uint64_t log_event_total(size_t row);

#endif
