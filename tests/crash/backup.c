/* backup.c - posthorn backup while mail comes in, killed at random moments; then the store is lost,
 * and what was answered before the last backup began is there again, byte for byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = 3143, LETTER_MAX = 400000, LETTERS_MAX = 100000, KILLS = 8 };

struct scene {
    struct world *world;
    struct server *server;
    char folder[600];
    _Atomic int accepted; /* answered with 250, in order */
    _Atomic bool enough;
    pthread_t loader;
};

/* --- letters ---------------------------------------------------------------------------------- */

/* The n-th: no two alike, now and then a large one, none to be compressed away. */
static size_t letter(int n, char *text)
{
    uint32_t x = (uint32_t)n * 2654435761u + 1;
    size_t size = n % 25 == 7 ? 300000 : 500 + (size_t)n * 97 % 6000;
    char *p = text + snprintf(text, 100, "From: ann@c.test\r\nSubject: letter %d\r\n\r\n", n);
    while (p < text + size) {
        for (int i = 0; i < 76; i++, x = x * 1664525 + 1013904223)
            *p++ = (char)('A' + (x >> 16) % 26);
        *p++ = '\r';
        *p++ = '\n';
    }
    return (size_t)(p - text);
}

static void deliver(struct scene *s, struct chat *c, int n)
{
    static char text[LETTER_MAX];
    size_t size = letter(n, text);
    int code = chat_smtp(c, "MAIL FROM:<ann@c.test>");
    if (code == 250) code = chat_smtp(c, "RCPT TO:<bob@b.test>");
    if (code == 250) code = chat_smtp(c, "DATA");
    if (code == 354) code = chat_data(c, text, size);
    if (code != 250) fail_now("letter %d was answered with %d: %s", n, code, c->text);
    atomic_store(&s->accepted, n + 1);
}

static void *load(void *arg)
{
    struct scene *s = arg;
    struct chat *c = chat_open(server_address(s->server), PORT_SMTP);
    if (!c || chat_smtp_reply(c) != 220 || chat_smtp(c, "EHLO c.test") != 250)
        fail_now("no greeting");
    for (int n = 0; !atomic_load(&s->enough) && n < LETTERS_MAX; n++)
        deliver(s, c, n);
    chat_close(c);
    return NULL;
}

static bool has_some(void *arg)
{
    struct scene *s = arg;
    return atomic_load(&s->accepted) > 60;
}

/* --- backups ---------------------------------------------------------------------------------- */

static void backup(struct scene *s)
{
    int status;
    const char *said = CLI(s->server, NULL, &status, "backup", s->folder, "--rate", "0");
    if (status) fail_now("backup: %d %s", status, said);
}

static void verify(struct scene *s)
{
    int status;
    const char *said = CLI(s->server, NULL, &status, "backup", "--verify", s->folder);
    if (status || !strstr(said, "all is well")) fail_now("backup --verify: %d %s", status, said);
}

static void backup_killed(struct scene *s, unsigned after_us)
{
    const char *const argv[] = { program_posthorn(), "--config", server_config(s->server),
                                 "backup",           "--rate",   "20M",
                                 s->folder,          NULL };
    struct peer *p = peer_start(s->world, "backup", argv);
    usleep(after_us);
    peer_stop(p, SIGKILL);
}

/* --- what came back --------------------------------------------------------------------------- */

/* Every letter before `count` once, and its bytes; of later ones as many as the copy had. */
static int read_letters(struct scene *s, int count)
{
    static char text[LETTER_MAX];
    char *seen = calloc(LETTERS_MAX, 1);
    struct chat *c = chat_open(server_address(s->server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "sesame")) fail_now("log-in");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    if (chat_imap(c, "FETCH 1:* (BODY.PEEK[])") != 'O') fail_now("FETCH: %s", c->text);
    int n = 0, found = 0;
    for (const char *at = c->text; (at = strstr(at, "From: ann@c.test\r\nSubject: letter "));
         at++) {
        n = (int)strtol(strstr(at, "letter ") + 7, NULL, 10);
        size_t size = letter(n, text);
        if (n < 0 || n >= LETTERS_MAX || seen[n]) fail_now("letter %d twice", n);
        if (memcmp(at, text, size)) fail_now("letter %d is not what it was", n);
        seen[n] = 1;
        found++;
    }
    for (n = 0; n < count; n++)
        if (!seen[n]) fail_now("letter %d was answered with 250 before the backup, and is lost", n);
    chat_close(c);
    free(seen);
    return found;
}

static void lose_and_restore(struct scene *s)
{
    char away[700];
    int status;
    server_kill(s->server);
    snprintf(away, sizeof away, "%s.lost", server_data_dir(s->server));
    if (rename(server_data_dir(s->server), away)) fail_now("rename: %m");
    const char *said = CLI(s->server, NULL, &status, "restore", s->folder);
    if (status) fail_now("restore: %d %s", status, said);
    printf("# %s", said);
    said = CLI(s->server, NULL, &status, "restore", s->folder);
    if (status != 1 || !strstr(said, "is not empty")) fail_now("a second restore: %s", said);
    said = CLI(s->server, NULL, &status, "check");
    if (status) fail_now("check: %s", said);
    server_restart(s->server);
}

static void set_scene(struct scene *s)
{
    char extra[512], address[16];
    s->world = world_new();
    snprintf(s->folder, sizeof s->folder, "%s/backup", world_dir(s->world));
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "[store]\nsegment = 1M\n",
             world_address(s->world, 2, address), PORT_CLEAR);
    s->server = server_start(s->world, "b.test", extra);
    server_user(s->server, "bob@b.test", "sesame");
    if (pthread_create(&s->loader, NULL, load, s)) fail_now("thread: %m");
    if (!wait_until(has_some, s, 30)) fail_now("no mail comes in");
}

static void test_backup_under_load(void **state)
{
    static struct scene s;
    (void)state;
    set_scene(&s);
    backup(&s);
    verify(&s);
    uint32_t moment = (uint32_t)getpid();
    for (int i = 0; i < KILLS; i++) {
        moment = moment * 1664525 + 1013904223;
        backup_killed(&s, (moment >> 8) % 60000);
        verify(&s);
    }
    int count = atomic_load(&s.accepted);
    backup(&s);
    verify(&s);
    int after = atomic_load(&s.accepted);
    atomic_store(&s.enough, true);
    pthread_join(s.loader, NULL);
    lose_and_restore(&s);
    int found = read_letters(&s, count);
    printf("# %d letters before the last backup began, %d when it ended, %d in it\n", count, after,
           found);
    assert_true(found >= count && found <= after + 1);

    /* The restored store's own backup, without a server: nothing of what is there is copied again.
     */
    assert_int_equal(server_stop(s.server), 0);
    int status;
    const char *said = CLI(s.server, NULL, &status, "backup", s.folder);
    if (status) fail_now("backup without a server: %s", said);
    printf("# %s", strchr(said, '\n') + 1);
    verify(&s);
    world_free(s.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_backup_under_load) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
