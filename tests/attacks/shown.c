/* shown.c - judges what people see: output of commands and the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks/shown.h"

/* What of UTF-8 is no text: C1, ends of lines and paragraphs, embeddings, overrides, isolates. */
static const char *const obeyed[] = {
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad",
    "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
};

static bool is_obeyed(const char *p)
{
    unsigned char c = (unsigned char)p[0];
    if ((c < ' ' && c != '\n') || c == 0x7f) return true;
    if (c == 0xc2 && (unsigned char)p[1] < 0xa0) return true;
    if (c >= 0x80 && c < 0xa0) return (unsigned char)p[-1] < 0x80; /* alone, not within UTF-8 */
    for (size_t i = 0; i < sizeof obeyed / sizeof *obeyed; i++)
        if (strncmp(p, obeyed[i], 3) == 0) return true;
    return false;
}

void shown_judge(struct field *f, const char *what, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!is_obeyed(p)) continue;
        int before = p - text > 60 ? 60 : (int)(p - text);
        attack_fail(f, "%s shows byte %02x behind \"%.*s\"", what, (unsigned char)*p, before,
                    p - before);
        return;
    }
}

void shown_log(struct field *f)
{
    size_t n;
    char *log = file_read(server_log(field_server(f)), &n);
    if (strlen(log) != n) attack_fail(f, "a NUL in the log");
    shown_judge(f, "the log", log);
    for (char *line = log, *end; (end = strchr(line, '\n')); line = end + 1)
        if (strncmp(line, "20", 2) != 0) attack_fail(f, "a line of the log: %.60s", line);
    free(log);
}

const char *shown_command(struct field *f, const char *const *words, const char *id)
{
    const char *argv[8];
    size_t n = 0;
    for (; words[n]; n++)
        argv[n] = strcmp(words[n], "ID") == 0 ? id : words[n];
    argv[n] = NULL;
    int status;
    const char *output = server_cli(field_server(f), NULL, &status, argv);
    if (getenv("ATTACKS_SHOW")) printf("# %s %s: %s\n", argv[0], n > 1 ? argv[1] : "", output);
    if (status < 0 || status > 2) attack_fail(f, "%s: exit status %d", argv[0], status);
    shown_judge(f, argv[0], output);
    return output;
}
