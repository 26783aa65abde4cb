/* damage.c - a server's files are damaged while it is stopped, or under it: it refuses or says so,
 * check names it, check --repair mends it or names the loss, and all other mail of all users is
 * read back byte for byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum {
    PORT_CLEAR = 3143,
    USERS = 3,
    LETTERS = 160, /* so many that half of the index is not taken for one that never began */
    SMALL = 900,
    MIDDLE = 40000,  /* kept as it is; a smaller one is compressed, for the sake of its header */
    LARGE = 1800000, /* has a segment of its own */
    KNOWN = USERS * LETTERS + 1,
};

struct known {
    int user;
    char subject[40];
    char *bytes; /* as it was first read */
    size_t n;
    bool missing;
};

struct scene {
    struct world *world;
    struct server *server;
    char data[600], copy[600], extra[600];
    struct known known[KNOWN];
    int known_n, missing;
};

static struct scene scene;

/* --- mail ------------------------------------------------------------------------------------- */

/* Nothing that could be compressed, so that it is found in the files. */
static char *letter(int number, int size, size_t *n)
{
    static char text[LARGE + 400];
    uint32_t x = (uint32_t)number * 2654435761u + 1;
    char *p = text + snprintf(text, 200,
                              "From: ann@c.test\r\nTo: all@b.test\r\nMessage-ID: <%d@c.test>\r\n"
                              "Subject: letter number %03d.\r\n\r\n",
                              number, number);
    for (char *end = text + size; p < end; p += 2) {
        for (int i = 0; i < 76; i++, x = x * 1664525 + 1013904223)
            *p++ = strchr("\r\n", (char)(x >> 24)) ? 'x' : (char)(x >> 24); /* NUL too */
        memcpy(p, "\r\n", 2);
    }
    *n = (size_t)(p - text);
    return text;
}

/* Every tenth is large, half of middling size; every third goes to all. */
static void send_letters(struct scene *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_SMTP);
    if (!c || chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250) fail_now("SMTP");
    for (int i = 0; i < LETTERS; i++) {
        size_t n;
        char *bytes = letter(i, i % 10 == 9 ? LARGE : i % 2 ? MIDDLE : SMALL, &n);
        if (chat_smtp(c, "MAIL FROM:<ann@c.test> BODY=8BITMIME") != 250)
            fail_now("MAIL: %s", c->text);
        for (int u = 0; u < USERS; u++)
            if ((i % 3 == 0 || i % USERS == u) && chat_smtp(c, "RCPT TO:<u%d@b.test>", u) != 250)
                fail_now("RCPT: %s", c->text);
        if (chat_smtp(c, "DATA") != 354 || chat_data(c, bytes, n) != 250)
            fail_now("DATA: %s", c->text);
    }
    chat_close(c);
}

static struct chat *device(struct scene *s, int user)
{
    char name[20];
    struct chat *c = chat_open(server_address(s->server), PORT_CLEAR);
    snprintf(name, sizeof name, "u%d@b.test", user);
    if (!c || !chat_imap_login(c, name, "sesame")) fail_now("log-in of %s", name);
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

static void learn(struct scene *s, int user, const char *literal)
{
    char *at;
    size_t n = strtoul(literal, &at, 10);
    struct known *k = &s->known[s->known_n++];
    if (s->known_n == KNOWN) fail_now("more letters than were sent");
    *k = (struct known){ .user = user, .bytes = malloc(n), .n = n };
    memcpy(k->bytes, strchr(at, '\n') + 1, n);
    const char *subject = strstr(strchr(at, '\n'), "letter number ");
    snprintf(k->subject, sizeof k->subject, "%.18s", subject);
}

static void learn_all(struct scene *s)
{
    for (int u = 0; u < USERS; u++) {
        struct chat *c = device(s, u);
        if (chat_imap(c, "FETCH 1:* (BODY.PEEK[])") != 'O') fail_now("FETCH: %s", c->text);
        for (const char *at = c->text; (at = strstr(at, "BODY[] {")); at++)
            learn(s, u, at + 8);
        chat_close(c);
    }
    if (s->known_n < LETTERS) fail_now("%d letters are there", s->known_n);
}

/* Which letters are there byte for byte; one that is there otherwise fails. */
static void read_all(struct scene *s)
{
    s->missing = 0;
    for (int u = 0; u < USERS; u++) {
        struct chat *c = device(s, u);
        int there = 0, found = 0;
        if (chat_imap(c, "FETCH 1:* (BODY.PEEK[])") != 'O') fail_now("FETCH: %.300s", c->text);
        for (const char *at = c->text; (at = strstr(at, "BODY[] {")); at++)
            there++;
        for (int i = 0; i < s->known_n; i++) {
            struct known *k = &s->known[i];
            if (k->user != u) continue;
            k->missing = !memmem(c->text, c->text_n, k->bytes, k->n);
            found += !k->missing;
            s->missing += k->missing;
        }
        if (there != found) fail_now("%d messages of user %d, %d as they were", there, u, found);
        chat_close(c);
    }
}

/* --- files ------------------------------------------------------------------------------------ */

static void run(const char *what, const char *const *argv)
{
    char out[2000];
    if (run_program(argv, NULL, out, sizeof out, 20)) fail_now("%s: %s", what, out);
}
#define PROGRAM(...) run(#__VA_ARGS__, (const char *const[]){ __VA_ARGS__, NULL })

static void as_it_was(struct scene *s)
{
    PROGRAM("rm", "-rf", s->data);
    PROGRAM("cp", "-a", s->copy, s->data);
}

static const char *path(struct scene *s, const char *name)
{
    static char text[1000];
    snprintf(text, sizeof text, "%s/%s", s->data, name);
    return text;
}

static void flip(const char *file, long at, int with)
{
    FILE *f = fopen(file, "r+");
    if (!f || fseek(f, at, SEEK_SET)) fail_now("%s: %m", file);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ with, f);
    fclose(f);
}

/* The first file of a folder, by name, that holds these bytes, and where; -1: none does. */
static long find(struct scene *s, const char *folder, const void *bytes, size_t n, char file[300])
{
    struct dirent **names;
    int count = scandir(path(s, folder), &names, NULL, alphasort);
    long found = -1;
    for (int i = 0; i < count; i++) {
        size_t size;
        char name[300];
        snprintf(name, sizeof name, "%s/%.200s", folder, names[i]->d_name);
        char *all =
            names[i]->d_name[0] == '.' || found >= 0 ? NULL : file_read(path(s, name), &size);
        char *at = all ? memmem(all, size, bytes, n) : NULL;
        if (at) found = at - all;
        if (at) snprintf(file, 300, "%s", name);
        free(all);
        free(names[i]);
    }
    free(names);
    return found;
}

/* A letter's own bytes in the journal: the last line of it. A small one may be nowhere (-1). */
static long find_letter(struct scene *s, const struct known *k, char file[300])
{
    long at = find(s, "journal", k->bytes + k->n - 70, 60, file);
    if (k->n < MIDDLE) return at;
    if (at < 0) fail_now("%s of user %d is not in the journal", k->subject, k->user);
    return at;
}

static struct known *known_of(struct scene *s, size_t at_least, size_t at_most)
{
    for (int i = s->known_n / 2; i < s->known_n; i++)
        if (s->known[i].n >= at_least && s->known[i].n <= at_most) return &s->known[i];
    fail_now("no letter of %zu bytes", at_least);
    return NULL;
}

/* --- commands --------------------------------------------------------------------------------- */

static const char *cli(struct scene *s, int wanted, const char *const *words)
{
    int status;
    const char *said = server_cli(s->server, NULL, &status, words);
    if (status != wanted)
        fail_now("%s %s: %d\n%s", words[0], words[1] ? words[1] : "", status, said);
    return said;
}
#define DO(s, wanted, ...) cli((s), (wanted), (const char *const[]){ __VA_ARGS__, NULL })

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_now("'%s' is not in: %s", part, text);
}

static void serve_refuses(struct scene *s)
{
    char out[8000];
    int status = RUN(out, sizeof out, 20, NULL, program_posthorn(), "--config",
                     server_config(s->server), "serve");
    if (status != 1) fail_now("serve on a damaged store: %d %s", status, out);
    expect(out, "posthorn check --repair");
}

/* It is named, then mended or named as lost; then the store is served and read, and is well. */
static void mend(struct scene *s, const char *fault, const char *told)
{
    expect(DO(s, 1, "check"), fault);
    const char *said = DO(s, 0, "check", "--repair");
    printf("# %.*s\n", (int)strcspn(said, "\n"), said);
    expect(said, told);
    expect(said, "all is well");
    server_restart(s->server);
    read_all(s);
    expect(DO(s, 0, "check"), "all is well");
    assert_int_equal(server_stop(s->server), 0);
    expect(DO(s, 0, "check"), "all is well");
}

static void only_missing(struct scene *s, const struct known *lost)
{
    for (int i = 0; i < s->known_n; i++) {
        const struct known *k = &s->known[i];
        bool same = lost && !strcmp(k->subject, lost->subject);
        if (k->missing != same)
            fail_now("%s of user %d is %s", k->subject, k->user, same ? "there" : "gone");
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    struct scene *s = &scene;
    char address[16], user[20];
    s->world = world_new();
    snprintf(s->extra, sizeof s->extra,
             "[store]\nsegment = 1M\n[listener clear]\naddress = %s:%d\nprotocol = imap\n"
             "tls = none\nauth_in_clear = yes\n",
             world_address(s->world, 2, address), PORT_CLEAR);
    s->server = server_start(s->world, "b.test", s->extra);
    snprintf(s->data, sizeof s->data, "%s", server_data_dir(s->server));
    snprintf(s->copy, sizeof s->copy, "%s.copy", s->data);
    for (int u = 0; u < USERS; u++) {
        snprintf(user, sizeof user, "u%d@b.test", u);
        server_user(s->server, user, "sesame");
    }
    send_letters(s);
    learn_all(s);
    assert_int_equal(server_stop(s->server), 0);
    PROGRAM("cp", "-a", s->data, s->copy);
    *state = s;
    return 0;
}

static int fresh(void **state)
{
    server_kill(scene.server); /* of a test that failed */
    as_it_was(*state);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < s->known_n; i++)
        free(s->known[i].bytes);
    world_free(s->world);
    return 0;
}

static void a_byte_of_a_record(void **state)
{
    struct scene *s = *state;
    struct known *k = known_of(s, MIDDLE, 2 * MIDDLE);
    char file[300];
    long at = find_letter(s, k, file);
    flip(path(s, file), at + 9, 0xff);
    server_restart(
        s->server); /* all that can be read is served; what cannot is refused and logged */
    struct chat *c = device(s, k->user);
    assert_int_equal(chat_imap(c, "FETCH 1:* (BODY.PEEK[])"), 'N');
    chat_close(c);
    assert_true(file_has(server_log(s->server), "posthorn check"));
    assert_int_equal(server_stop(s->server), 0);
    mend(s, "its bytes are gone", "it is expunged");
    only_missing(s, k);
}

static void a_bit_of_a_record(void **state)
{
    struct scene *s = *state;
    char file[300];
    long at = find_letter(s, known_of(s, MIDDLE, 2 * MIDDLE), file);
    flip(path(s, file), at + 9, 0x08);
    mend(s, "damaged", "nothing lost");
    assert_int_equal(s->missing, 0);
}

static void a_byte_of_a_large_letter(void **state)
{
    struct scene *s = *state;
    struct known *k = known_of(s, LARGE, 2 * LARGE);
    char file[300];
    long at = find_letter(s, k, file);
    flip(path(s, file), at + 9, 0xff);
    mend(s, "its bytes are gone", "it is expunged");
    only_missing(s, k);
}

static void a_byte_of_a_header(void **state)
{
    struct scene *s = *state;
    flip(path(s, "journal/0000000001.seg"), 200, 0xff);
    mend(s, "header", "its header");
    assert_int_equal(s->missing, 0);
}

static void a_byte_of_a_row(void **state)
{
    struct scene *s = *state;
    char file[300];
    const struct known *k = known_of(s, MIDDLE, 2 * MIDDLE);
    long at = find(s, "index", k->subject, strlen(k->subject), file);
    if (at < 0) fail_now("%s is not in the index", k->subject);
    flip(path(s, file), at, 1);
    mend(s, "fails its checksum", "nothing lost");
    assert_int_equal(s->missing, 0);
}

static void every_page_of_the_index(void **state)
{
    struct scene *s = *state;
    struct stat file;
    assert_int_equal(stat(path(s, "index/data.mdb"), &file), 0);
    for (long page = 2 * 4096; page < file.st_size; page += 4096)
        flip(path(s, "index/data.mdb"), page + 10, 0x5a);
    serve_refuses(s);
    mend(s, "damaged page", "nothing lost");
    assert_int_equal(s->missing, 0);
}

static void half_of_the_index(void **state)
{
    struct scene *s = *state;
    struct stat file;
    assert_int_equal(stat(path(s, "index/data.mdb"), &file), 0);
    assert_int_equal(truncate(path(s, "index/data.mdb"), file.st_size / 2), 0);
    serve_refuses(s);
    mend(s, "index", "nothing lost");
    assert_int_equal(s->missing, 0);
}

static void a_large_letters_segment(void **state)
{
    struct scene *s = *state;
    struct known *k = known_of(s, LARGE, 2 * LARGE);
    char file[300];
    find_letter(s, k, file);
    assert_int_equal(unlink(path(s, file)), 0);
    mend(s, "its bytes are missing", "it is expunged");
    only_missing(s, k);
}

/* Not the first, which has the users, nor the last. All that lies in others is still there; of a
 * large letter the commit may have been in it. */
static void a_log_in_the_middle(void **state)
{
    struct scene *s = *state;
    struct known *k = known_of(s, MIDDLE, 2 * MIDDLE);
    char file[300], other[300];
    bool may[KNOWN];
    find_letter(s, k, file);
    assert_string_not_equal(file, "journal/0000000001.seg");
    for (int i = 0; i < s->known_n; i++) {
        bool known = find_letter(s, &s->known[i], other) >= 0;
        may[i] = !known || s->known[i].n >= LARGE || !strcmp(file, other);
    }
    assert_int_equal(unlink(path(s, file)), 0);
    mend(s, "its bytes are missing", "it is gone, and with it");
    assert_true(s->missing > 0);
    for (int i = 0; i < s->known_n; i++)
        if (s->known[i].missing && !may[i])
            fail_now("%s of user %d is gone", s->known[i].subject, s->known[i].user);
}

/* Under the server: it ends, and its last words are what to do. */
static void the_index_of_a_running_server(void **state)
{
    struct scene *s = *state;
    server_restart(s->server);
    struct chat *c = device(s, 0);
    assert_int_equal(truncate(path(s, "index/data.mdb"), 8192), 0);
    chat_imap(c, "FETCH 1:* (ENVELOPE)");
    chat_close(c);
    pid_t pid = server_pid(s->server);
    siginfo_t info = { 0 };
    for (double end = now_s() + 10; now_s() < end && !info.si_pid; usleep(5000))
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    assert_int_equal(info.si_pid, pid);
    assert_int_equal(info.si_status, SIGBUS);
    char *log = file_read(server_log(s->server), NULL);
    expect(log, "index/data.mdb cannot be read any more");
    expect(log, "posthorn check --repair");
    free(log);
    server_kill(s->server);
    expect(DO(s, 0, "check", "--repair"), "nothing lost");
    server_restart(s->server);
    read_all(s);
    assert_int_equal(s->missing, 0);
    assert_int_equal(server_stop(s->server), 0);
}

static void not_while_it_serves(void **state)
{
    struct scene *s = *state;
    server_restart(s->server);
    expect(DO(s, 1, "check", "--repair"), "stop it, run posthorn check --repair");
    expect(DO(s, 0, "check"), "all is well");
    read_all(s);
    assert_int_equal(s->missing, 0);
    assert_int_equal(server_stop(s->server), 0);
}

#define ONE(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_byte_of_a_record),       ONE(a_bit_of_a_record),
        ONE(a_byte_of_a_large_letter), ONE(a_byte_of_a_header),
        ONE(a_byte_of_a_row),          ONE(every_page_of_the_index),
        ONE(half_of_the_index),        ONE(a_large_letters_segment),
        ONE(a_log_in_the_middle),      ONE(the_index_of_a_running_server),
        ONE(not_while_it_serves),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
