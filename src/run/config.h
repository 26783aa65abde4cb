/* config.h - the configuration file, under typed tables of settings, one table a directory.
 *
 *     # comment
 *     [smtp]
 *     hostname = mail.a.test
 *     size_max = 50M
 *     [listener submission]
 *     address = 127.0.0.1:587
 *
 * A row makes the parser, the printed default file, the man page, and errors such as
 * "posthorn.conf:12: queue.retry wants a duration, like 15m".
 */
#ifndef RUN_CONFIG_H
#define RUN_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "run/netaddr.h"
#include "run/seam.h"

enum setting_type {
    SET_BOOL,     /* bool:      yes no on off true false */
    SET_COUNT,    /* uint64_t:  plain digits */
    SET_SIZE,     /* uint64_t:  bytes, with K M G T (1024) */
    SET_DURATION, /* uint64_t:  milliseconds; written 250ms 30s 15m 4h 5d */
    SET_TEXT,     /* str */
    SET_PATH,     /* str: relative ones are taken from the configuration file's folder */
    SET_ADDRESS,  /* struct netaddr: 127.0.0.1:25, [::1]:25, unix:/path */
    SET_LIST,     /* struct setting_list of str, separated by commas or spaces */
    SET_NETWORKS, /* struct setting_nets */
    SET_CHOICE,   /* int: index into the words of .choices, separated by | */
};
struct setting_list { const str *items; size_t n; };
struct setting_nets { const struct netblock *items; size_t n; };

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;         /* offsetof the field in the section's struct */
    const char *value;     /* default, as it would be written in the file; NULL: must be given */
    uint64_t min, max;     /* COUNT, SIZE, DURATION (ms); both 0: any */
    const char *choices;   /* "may|encrypt|verify" for SET_CHOICE */
    const char *help;      /* one sentence; printed above the default */
};

struct settings_section {
    const char *name;           /* "smtp"; a named section is written [listener NAME] */
    bool named;                 /* may appear many times, each with a name */
    size_t size;                /* of the struct */
    const struct setting *rows;
    size_t n;
    const char *help;
    const char *example;        /* for named ones: what --print-config shows, commented */
};

struct config; /* the parsed file; all values live in its arena */

/* text is the whole file. On failure *why is "FILE:LINE: what would be right". Unknown sections and
 * names, doubles, and values out of range are errors. */
enum err config_parse(str file_name, str text, const struct settings_section *const *sections,
                      size_t n, struct config **out, struct buf *why) MUST_CHECK;
/* Reads the file first; path NULL gives the defaults. */
enum err config_load(struct seam *seam, const char *path, const struct settings_section *const *sections,
                     size_t n, struct config **out, struct buf *why) MUST_CHECK;
void config_free(struct config *c);

/* The struct of a section, filled (defaults if it is not in the file). Never NULL. */
const void *config_section(const struct config *c, const char *name);
/* Each instance of a named section, in file order. */
size_t config_named_count(const struct config *c, const char *section);
const void *config_named(const struct config *c, const char *section, size_t i, str *name);

/* Every path that some setting names, in the order of the tables; empty ones are left out. */
void config_paths(const struct config *c, void (*each)(void *arg, str path), void *arg);

/* The commented default file. */
void config_print_defaults(const struct settings_section *const *sections, size_t n, struct buf *out);
/* The same as a man page body (mdoc), for docs. */
void config_print_man(const struct settings_section *const *sections, size_t n, struct buf *out);

/* A duration as the configuration writes it, "15m", for words of a command line too. ERR_SYNTAX,
 * ERR_LIMIT. */
enum err config_duration(str text, uint64_t *ms) MUST_CHECK;
/* Likewise a size, "50M". */
enum err config_size(str text, uint64_t *bytes) MUST_CHECK;

#endif
