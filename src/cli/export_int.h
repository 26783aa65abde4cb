/* export_int.h - an export on its way: what the three formats share. */
#ifndef CLI_EXPORT_INT_H
#define CLI_EXPORT_INT_H

#include "cli/moving.h"

/* A file that is being written. Errors are sticky. */
struct outfile {
    struct seam *seam;
    int file; /* -1: none */
    int error;
    uint64_t size;
    struct buf gathered;
};

struct exporting {
    struct cli *cli;
    struct conn *conn;
    struct progress progress;
    str user, where, format_word;
    enum moving_format format;
    struct path path;
    const struct move_box *box; /* the one at hand */
    str *words;                 /* its keywords, by bit */
    size_t words_n;
    struct arena arena;         /* of the box at hand */
    struct outfile out;
    struct buf text;            /* converted bytes */
    uint64_t written, had, failed;
    bool ended;                 /* nothing more can be written, or the server has gone */
    struct buf reason;
};

void export_files(struct exporting *s); /* Maildir, .eml: s->box */
void export_mbox(struct exporting *s);

/* Names the mailbox (with its message, unless 0) and says why it is passed over. */
void export_fail(struct exporting *s, uint32_t uid, str why);
/* The end of it all: nothing can be written at the path. */
void export_stop(struct exporting *s, const char *why);
/* Makes the folder at the path, or finds it there; a symbolic link is none. False: stopped. */
bool export_folder(struct exporting *s);
/* A small file, whole, at the path; one that is there stays. False: it could not be written. */
bool export_side_file(struct exporting *s, str name, str content);
/* At most this many messages of the box, from *next on, which moves past them. 0: none are left. */
size_t export_list(struct exporting *s, uint32_t *next, struct move_listed *out);

bool out_create(struct outfile *o, struct seam *seam, const char *path, unsigned how);
void out_add(struct outfile *o, str bytes);
bool out_flush(struct outfile *o); /* false: o->error */
void out_close(struct outfile *o);

#endif
