/* care.c - posthorn compact and posthorn import in a loop, until the server is killed under them.
 *
 * An import that is cut off has filed some of its letters and not others, each whole; the same
 * import is run again after the start, and brings those that are missing, and none twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crash/care.h"
#include "support/fail.h"

/* True when it was done; false when the server was killed meanwhile. */
static bool command(struct care *c, const char *const *words)
{
    const char *argv[16] = { program_posthorn(), "--config", server_config(c->server) };
    char output[4096];
    for (int i = 0; words[i]; i++)
        argv[3 + i] = words[i];
    int status = run_program(argv, NULL, output, sizeof output, 60);
    if (status && !c->killed) fail_now("posthorn %s: %d %s", words[0], status, output);
    return status == 0;
}

void *care_compact(void *arg)
{
    struct care *c = arg;
    while (!c->killed && command(c, (const char *const[]){ "compact", NULL }))
        c->compactions++;
    return NULL;
}

static void folder_of(const struct care *c, char *out, size_t n)
{
    snprintf(out, n, "%s/import-%u", world_dir(c->world), c->letters[0].token);
}

/* Its name is its own: a message is known again by name and mailbox. */
static void write_letter(const char *folder, struct letter t)
{
    char path[700];
    size_t n;
    char *bytes = letter_bytes(t, &n);
    snprintf(path, sizeof path, "%s/%u.eml", folder, t.token);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) fail_now("cannot write %s", path);
    free(bytes);
}

static void new_batch(struct care *c)
{
    char folder[600];
    for (int i = 0; i < IMPORT_LETTERS; i++) {
        c->letters[i] =
            ledger_letter(c->ledger, c->large && i % 8 == 3 ? 700000 : 900 + 111 * (size_t)i);
        c->came[i] = false;
    }
    folder_of(c, folder, sizeof folder);
    if (mkdir(folder, 0700)) fail_now("cannot make %s", folder);
    for (int i = 0; i < IMPORT_LETTERS; i++)
        write_letter(folder, c->letters[i]);
    c->pending = true;
}

static bool import(struct care *c)
{
    unsigned deeds[IMPORT_LETTERS] = { 0 };
    char folder[600], user[32];
    c->resumed += c->pending;
    if (!c->pending) new_batch(c);
    folder_of(c, folder, sizeof folder);
    snprintf(user, sizeof user, "u%d@b.test", IMPORT_USER);
    for (int i = 0; i < IMPORT_LETTERS; i++) {
        if (c->came[i]) continue;
        deeds[i] = deed_begin(c->ledger);
        deed_brings(c->ledger, deeds[i], c->letters[i], IMPORT_USER, WORK, 0);
    }
    const char *const words[] = { "import", user,        folder, "--format",
                                  "eml",    "--mailbox", "Work", NULL };
    if (!command(c, words)) return false;
    for (int i = 0; i < IMPORT_LETTERS; i++)
        if (deeds[i]) deed_done(c->ledger, deeds[i]);
    c->imports++;
    c->pending = false;
    return true;
}

/* One that began just before the kill may still be done: without a server it opens the store. */
void *care_import(void *arg)
{
    struct care *c = arg;
    while (!c->killed && import(c)) {}
    return NULL;
}

void care_settle(struct care *c)
{
    for (int i = 0; c->pending && i < IMPORT_LETTERS; i++)
        c->came[i] |= ledger_find(c->ledger, IMPORT_USER, WORK, c->letters[i].token) >= 0;
}
