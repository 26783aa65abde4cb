/* cli.h - the commands of the program but serve: one file each, one table.
 *
 * Exit status: 0 done; 1 refused or failed, the reason on standard error; 2 wrong usage.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "admin/admin.h"

/* What main read from the configuration before it called the command; for send and fetch, which
 * are clients of any server, only the seam. */
struct cli {
    struct seam *seam;      /* with the data folder of the configuration */
    const char *missing;    /* that folder, when it is not there; NULL: it is */
    struct netaddr control; /* the control socket */
    const struct store_settings *store;
    const struct auth_settings *auth;
};

struct cli_command {
    const char *name, *args, *help;
    int (*run)(struct cli *cli, const str *args, size_t n);
    bool configured; /* works on the store of the configuration; else a client of any server */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_commands_count;

int cli_send(struct cli *cli, const str *args, size_t n);   /* send.c */
int cli_fetch(struct cli *cli, const str *args, size_t n);  /* fetch.c */
int cli_import(struct cli *cli, const str *args, size_t n); /* import.c */
int cli_export(struct cli *cli, const str *args, size_t n); /* export.c */
int cli_backup(struct cli *cli, const str *args, size_t n);  /* backup.c */
int cli_check(struct cli *cli, const str *args, size_t n);   /* check.c */
int cli_restore(struct cli *cli, const str *args, size_t n); /* restore.c */
int cli_admin(struct cli *cli, const str *words, size_t n); /* request.c: words from the group on */

/* One line from standard input, or from the terminal without echo after the prompt. False: none. */
bool cli_secret(const char *prompt, struct buf *out);
/* All of standard input; false past the buffer's limit. */
bool cli_read_input(struct buf *out);
/* A relative path is taken from where the person stands, not from the data folder. NULL: too long. */
const char *cli_full_path(str path, struct arena *a);
/* A whole file; false if it cannot be read or is larger than the buffer takes. */
bool cli_read_file(struct seam *seam, str path, struct buf *out);
void cli_print(str text); /* to standard output, as it is */
/* The same for lines that somebody else wrote: what a terminal would obey is shown as '?'. */
void cli_show(str text);
bool cli_is_terminal(void); /* is standard output one? */
bool cli_is_watched(void);  /* is standard error one? */
/* The line that the cursor stands in, on standard error, drawn anew; empty: cleared. */
void cli_draw(str line);
void cli_note(str text);    /* as cli_show, to standard error */
void cli_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2))); /* "posthorn: …" to standard error */

#endif
