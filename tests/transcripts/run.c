/* run.c - plays the transcripts of one folder against a server: each whole, and byte by byte.
 *
 *   run FOLDER
 *
 * A transcript is the lines of one connection, against an account with nothing in it:
 *
 *   C: text     sent with CRLF. Lines that follow each other are sent in one piece.
 *   C- text     sent without an end; \r \n \0 \\ and \xNN are bytes
 *   C* N text   the same, N times
 *   S: text     the next line is exactly this
 *   S~ pattern  the next line matches the whole of this extended regular expression
 *   S* pattern  lines are read up to one that matches
 *   S!          the server ends the connection, and nothing more comes
 *   # text      a comment
 *
 * and at its head, where the folder's name does not say it already:
 *
 *   @listener NAME                      imap, pop3, submission (these take log-ins without TLS),
 * smtp (the one that strangers reach), lmtp, proxied (the
 * same behind a proxy), or with -starttls behind the first three, as they are
 * on a real server
 *   @tls implicit                       the same over TLS from the first byte
 *   @proxy HEADER                       this line is sent before anything else, TLS too
 *   @starttls                           (anywhere) the TLS handshake is made now
 *   @compress                           (anywhere) what follows is said and heard in DEFLATE
 *   @clear                              (anywhere) and no more from here on
 *   @mail FILE                          this message lies in the INBOX before the beginning
 *   @user ADDRESS                       (anywhere) one more user, with the same password
 *   @cli WORDS                          (anywhere) posthorn WORDS, which works or was done before
 *
 * The account is alice@a.test with the password "secret". After the last line nothing more may
 * have come. Prints TAP: a case for each file and way of playing.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/fail.h"
#include "support/wire.h"

enum { FILES_MAX = 100, PORT_CLEAR = 3000, WHY_MAX = 2048, PATIENCE_S = 20 };

/* Those with a protocol are added to the server's configuration: they take passwords in clear. */
static const struct listener {
    const char *name, *protocol;
    int port, tls_port;
} listeners[] = {
    { "imap", "imap", PORT_CLEAR, PORT_IMAPS },
    { "pop3", "pop3", PORT_CLEAR + 1, PORT_POP3S },
    { "submission", "submission", PORT_CLEAR + 2, PORT_SUBMISSIONS },
    { "lmtp", "lmtp", PORT_CLEAR + 3, 0 },
    { "proxied", NULL, PORT_CLEAR + 4, PORT_CLEAR + 5 },
    { "smtp", NULL, PORT_SMTP, 0 },
    { "imap-starttls", NULL, PORT_IMAP, PORT_IMAPS },
    { "pop3-starttls", NULL, PORT_POP3, PORT_POP3S },
    { "submission-starttls", NULL, PORT_SUBMISSION, PORT_SUBMISSIONS },
};
enum { LISTENERS = sizeof listeners / sizeof *listeners };

struct play {
    struct server *server;
    const char *ca, *folder, *path;
    struct wire *wire; /* NULL until the first line that needs it */
    const struct listener *at;
    bool bytewise, tls;
    char proxy[200]; /* a line before TLS; empty: none */
    char *turn;      /* what is to be sent before the next answer is awaited */
    size_t turn_n, turn_cap;
    int line_number;
    char why[WHY_MAX]; /* empty as long as all is well */
};

static void wrong(struct play *p, const char *expected, const char *got)
{
    snprintf(p->why, sizeof p->why, "%s:%d\n#   expected %s\n#   got      %s", p->path,
             p->line_number, expected, got ? got : "nothing");
}

/* --- the client's lines ----------------------------------------------------------------------- */

static void connect_now(struct play *p)
{
    if (p->wire) return;
    p->wire = wire_open(server_address(p->server), p->tls ? p->at->tls_port : p->at->port);
    if (p->proxy[0]) wire_say(p->wire, "%s", p->proxy);
    if (p->tls) wire_tls(p->wire, p->ca, "mail.a.test");
}

static void add(struct play *p, const char *bytes, size_t n)
{
    if (!n) return;
    if (p->turn_n + n > p->turn_cap) {
        p->turn_cap = 2 * (p->turn_n + n);
        p->turn = realloc(p->turn, p->turn_cap);
    }
    memcpy(p->turn + p->turn_n, bytes, n);
    p->turn_n += n;
}

static char unescaped(const char **at)
{
    const char *p = *at;
    char hex[3] = { 0 };
    *at += *p == 'x' ? 3 : 1;
    switch (*p) {
    case 'r': return '\r';
    case 'n': return '\n';
    case '0': return '\0';
    case 'x': return memcpy(hex, p + 1, 2), (char)strtol(hex, NULL, 16);
    default: return *p;
    }
}

static void add_raw(struct play *p, const char *text)
{
    while (*text) {
        char c = *text++;
        if (c == '\\') c = unescaped(&text);
        add(p, &c, 1);
    }
}

static void add_times(struct play *p, const char *text)
{
    char *rest;
    for (long n = strtol(text, &rest, 10); n > 0; n--)
        add_raw(p, rest + 1);
}

static void add_line(struct play *p, const char *text)
{
    add(p, text, strlen(text));
    add(p, "\r\n", 2);
}

/* A server that has ended the connection is found out by what it no longer answers. */
static void send_turn(struct play *p)
{
    connect_now(p);
    if (!p->bytewise) wire_send(p->wire, p->turn, p->turn_n);
    for (size_t i = 0; p->bytewise && i < p->turn_n; i++)
        wire_send(p->wire, p->turn + i, 1);
    p->turn_n = 0;
}

/* --- the server's lines ----------------------------------------------------------------------- */

static void exactly(struct play *p, const char *text)
{
    size_t n;
    const char *line = wire_line(p->wire, PATIENCE_S, &n);
    if (!line || n != strlen(text) || memcmp(line, text, n) != 0) wrong(p, text, line);
}

static void like(struct play *p, const char *pattern)
{
    const char *line = wire_line(p->wire, PATIENCE_S, NULL);
    if (!line || !text_matches(line, pattern)) wrong(p, pattern, line);
}

static void up_to(struct play *p, const char *pattern)
{
    char last[400] = "";
    for (const char *line; (line = wire_line(p->wire, PATIENCE_S, NULL));) {
        if (text_matches(line, pattern)) return;
        snprintf(last, sizeof last, "%s", line);
    }
    wrong(p, pattern, last);
}

static void end(struct play *p, const char *text)
{
    const char *line = wire_line(p->wire, PATIENCE_S, NULL);
    (void)text;
    if (line)
        wrong(p, "(the end)", line);
    else if (!wire_ended(p->wire, 0))
        wrong(p, "(the end)", "(a connection that stays open)");
}

/* --- directives ------------------------------------------------------------------------------- */

static const struct listener *listener_named(const char *name)
{
    for (int i = 0; i < LISTENERS; i++)
        if (strcmp(listeners[i].name, name) == 0) return &listeners[i];
    fail_now("no such listener: %s", name);
}

static void set_listener(struct play *p, const char *name)
{
    p->at = listener_named(name);
}

static void set_tls(struct play *p, const char *mode)
{
    (void)mode;
    p->tls = true;
}

static void set_proxy(struct play *p, const char *header)
{
    snprintf(p->proxy, sizeof p->proxy, "%s", header);
}

static void starttls(struct play *p, const char *text)
{
    (void)text;
    wire_tls(p->wire, p->ca, "mail.a.test");
}

static void compress(struct play *p, const char *text)
{
    (void)text;
    wire_compress(p->wire);
}

static void clear(struct play *p, const char *text)
{
    (void)text;
    wire_clear(p->wire);
}

/* Files have LF, letters CRLF. The result is to be freed. */
static char *letter(const char *path, size_t *n)
{
    char *file = file_read(path, n);
    if (!file) fail_now("cannot read %s", path);
    char *text = malloc(2 * *n + 1), *to = text;
    for (size_t i = 0; i < *n; i++) {
        if (file[i] == '\n') *to++ = '\r';
        *to++ = file[i];
    }
    free(file);
    *n = (size_t)(to - text);
    return text;
}

static void put_mail(struct play *p, const char *name)
{
    char path[600];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    char *message = letter(path, &n);
    struct wire *w = imap_open(p->server, p->ca, "alice@a.test", "secret");
    wire_say(w, "a APPEND INBOX {%zu}", n);
    wire_expect(w, "\\+ .*");
    wire_send(w, message, n);
    wire_say(w, "%s", "");
    wire_expect(w, "a OK .*");
    wire_close(w);
    free(message);
}

/* Both are there still when the transcript is played the second time. */
static void admit(struct play *p, const char *words, const char *said, int status)
{
    if (status && !strstr(said, "already")) wrong(p, words, said);
}

static void add_user(struct play *p, const char *address)
{
    int status;
    const char *said = CLI(p->server, "secret\n", &status, "user", "add", address);
    admit(p, address, said, status);
}

static void run_cli(struct play *p, const char *words)
{
    char line[600], *at = line, *word[4] = { NULL };
    int status;
    snprintf(line, sizeof line, "%s", words);
    for (int i = 0; i < 4 && (word[i] = strsep(&at, " ")); i++)
        ;
    const char *said = CLI(p->server, NULL, &status, word[0], word[1], word[2], word[3]);
    admit(p, words, said, status);
}

static const struct verb {
    const char *word;
    void (*run)(struct play *p, const char *rest);
    bool heard; /* the server's: what is to be sent is sent first */
} verbs[] = {
    { "C: ", add_line, false },
    { "C- ", add_raw, false },
    { "C* ", add_times, false },
    { "S: ", exactly, true },
    { "S~ ", like, true },
    { "S* ", up_to, true },
    { "S!", end, true },
    { "@starttls", starttls, true },
    { "@compress", compress, true },
    { "@clear", clear, true },
    { "@listener ", set_listener, false },
    { "@tls ", set_tls, false },
    { "@proxy ", set_proxy, false },
    { "@mail ", put_mail, false },
    { "@user ", add_user, true },
    { "@cli ", run_cli, true },
};

static void play_line(struct play *p, const char *line)
{
    if (!*line || *line == '#') return;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        size_t n = strlen(verbs[i].word);
        if (strncmp(line, verbs[i].word, n) != 0) continue;
        if (verbs[i].heard) send_turn(p);
        verbs[i].run(p, line + n);
        return;
    }
    wrong(p, "a line of a transcript", line);
}

/* "C:" alone is an empty line. */
static const char *next_line(FILE *f)
{
    static char line[20000];
    if (!fgets(line, sizeof line - 2, f)) return NULL;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "C:") == 0) return "C: ";
    return strcmp(line, "S:") == 0 ? "S: " : line;
}

/* --- playing ---------------------------------------------------------------------------------- */

static void fresh_account(struct server *s)
{
    int status;
    const char *said = CLI(s, NULL, &status, "user", "remove", "alice@a.test");
    if (status) fail_now("user remove: %s", said);
    server_user(s, "alice@a.test", "secret");
}

static void play(struct play *p)
{
    FILE *f = fopen(p->path, "r");
    if (!f) fail_now("cannot read %s", p->path);
    p->line_number = 0;
    p->why[0] = '\0';
    for (const char *line; !p->why[0] && (line = next_line(f));) {
        p->line_number++;
        play_line(p, line);
    }
    fclose(f);
    if (!p->why[0]) send_turn(p);
    if (!p->why[0] && !wire_silent(p->wire))
        wrong(p, "(nothing more)", wire_line(p->wire, 0, NULL));
    wire_close(p->wire);
    free(p->turn);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int transcripts(const char *folder, char *names[FILES_MAX])
{
    int n = 0;
    DIR *d = opendir(folder);
    if (!d) fail_now("cannot read %s", folder);
    for (struct dirent *e; (e = readdir(d)) && n < FILES_MAX;) {
        size_t size = strlen(e->d_name);
        if (size > 2 && strcmp(e->d_name + size - 2, ".t") == 0) names[n++] = strdup(e->d_name);
    }
    closedir(d);
    qsort(names, (size_t)n, sizeof *names, compare);
    return n;
}

static struct server *server_for_transcripts(struct world *w)
{
    static char extra[2000];
    char address[16];
    size_t n = 0;
    world_address(w, 2, address);
    n += (size_t)snprintf(
        extra, sizeof extra,
        "\n[imap]\nappend_max = 1000000\nmessages_max = 1000\n\n[smtp]\nsize_max = 100K\n");
    for (int i = 0; i < LISTENERS; i++)
        if (listeners[i].protocol)
            n += (size_t)snprintf(extra + n, sizeof extra - n,
                                  "\n[listener clear-%s]\naddress = %s:%d\nprotocol = %s\n"
                                  "auth_in_clear = yes\nconns_per_address_max = 0\n",
                                  listeners[i].name, address, listeners[i].port,
                                  listeners[i].protocol);
    for (int tls = 0; tls < 2; tls++)
        n += (size_t)snprintf(extra + n, sizeof extra - n,
                              "\n[listener proxied-%d]\naddress = %s:%d\nprotocol = mx\n"
                              "tls = %s\nproxies = 127.0.0.0/8\n",
                              tls, address, PORT_CLEAR + 4 + tls, tls ? "implicit" : "starttls");
    struct server *s = server_start(w, "a.test", extra);
    server_user(s, "alice@a.test", "secret");
    return s;
}

/* Plays one file in one way, and prints its case. */
static bool case_of(struct play p, const char *name, int number)
{
    static bool used; /* the account */
    if (used) fresh_account(p.server);
    used = true;
    double began = now_s();
    play(&p);
    printf("%s %d - %s/%s %s (%.1f s)\n", p.why[0] ? "not ok" : "ok", number, p.at->name, name,
           p.bytewise ? "byte by byte" : "whole", now_s() - began);
    if (p.why[0]) printf("# %s\n", p.why);
    fflush(stdout);
    return !p.why[0];
}

/* No transcript may leave the server unwell: it ends when asked, without a sanitizer's report. */
static bool ends_well(struct server *s, int number)
{
    int status = server_stop(s);
    bool well = status == 0 && !file_has(server_log(s), "Sanitizer");
    printf("%s %d - the server ends cleanly\n", well ? "ok" : "not ok", number);
    if (!well) printf("# exit status %d; its log:\n%s\n", status, file_read(server_log(s), NULL));
    return well;
}

int main(int argc, char **argv)
{
    char *names[FILES_MAX], path[600];
    if (argc != 2) fail_now("usage: run FOLDER");
    const char *slash = strrchr(argv[1], '/'), *listener = slash ? slash + 1 : argv[1];
    struct world *w = world_new();
    struct server *s = server_for_transcripts(w);
    int n = transcripts(argv[1], names);
    bool good = n > 0;
    printf("1..%d\n", 2 * n + 1);
    for (int i = 0; i < 2 * n; i++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], names[i / 2]);
        good &= case_of((struct play){ .server = s,
                                       .ca = world_ca(w),
                                       .folder = argv[1],
                                       .path = path,
                                       .at = listener_named(listener),
                                       .bytewise = i % 2 },
                        names[i / 2], i + 1);
    }
    good &= ends_well(s, 2 * n + 1);
    for (int i = 0; i < n; i++)
        free(names[i]);
    world_free(w);
    return !good;
}
