/* moving.h - what import and export share: the server at the other end, names, paths, files. */
#ifndef CLI_MOVING_H
#define CLI_MOVING_H

#include "admin/move.h"
#include "cli/cli.h"
#include "cli/progress.h"

/* Runs job(arg, c) while a server is at the other end: the one that runs, or one that opens the store
 * beside us, as its owner, for so long. False after complaining. */
bool moving_with_server(struct cli *cli, str what, str user, void (*job)(void *arg, struct conn *c),
                        void *arg);

enum moving_format { FORMAT_UNKNOWN, FORMAT_MAILDIR, FORMAT_MBOX, FORMAT_EML };
/* By its name; false after complaining. An empty word is FORMAT_UNKNOWN. */
bool moving_format(str word, enum moving_format *out);

/* --- paths: one that grows and shrinks as folders are walked ----------------------------------- */
struct path {
    struct buf text; /* always ends in a NUL that is not counted */
};
enum { PATH_BYTES_MAX = 4000 };
struct path path_of(str start);
size_t path_push(struct path *p, str name); /* what to give to path_pop; a too long path names nothing */
void path_pop(struct path *p, size_t n);
const char *path_text(const struct path *p);

/* --- names of a folder, sorted by the number that they begin with, then by bytes --------------- */
struct names {
    struct buf bytes;
    struct name {
        uint64_t order;
        uint32_t at, n; /* in bytes */
        uint8_t kind;   /* the caller's */
    } *items;
    size_t count, cap;
};
void names_make(struct names *all);
void names_free(struct names *all);
void names_clear(struct names *all);
/* Adds those of a folder; what seam_list says, or -EOVERFLOW. */
int names_add(struct names *all, struct seam *seam, const char *path, uint8_t kind);
void names_sort(struct names *all);
str names_at(const struct names *all, size_t i);

/* --- flags as files say them ------------------------------------------------------------------- */
/* MAILDIR_… to FLAG_…; MAILDIR_PASSED is the keyword of the name below. And back. */
uint8_t moving_flags(unsigned maildir);
unsigned moving_letters(uint8_t flags);
extern const str moving_passed; /* "$Forwarded" */

/* --- levels of a mailbox's name as file names, for mbox and .eml ------------------------------- */
/* '%' and two hex digits stand for what a file's name cannot hold or would mean something else. */
void level_to_file(str level, struct buf *out);
bool level_from_file(str name, struct buf *out); /* false: no mailbox can have it */

#endif
