/* full_disk.c - the disk fills up: mail is put off, reading and deleting go on, room brings it
 * back.
 *
 *   full_disk [--rounds N] [--seed S]    the second test: so many times under mixed load
 *
 * The data folder is a small tmpfs in a mount namespace of this process: as root, or in a user
 * namespace of its own. A machine that allows neither fails the test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crash/options.h"
#include "crash/scene.h"
#include "support/chat.h"
#include "support/fail.h"
#include "support/server.h"

enum { PORT_CLEAR = PORT_IMAP_CLEAR, LETTER = 300000, LEFT = 6 * 1024 * 1024 };
/* Without the filler there are more than twice STORE_RESERVE_BYTES free: new mail waits for that.
 */
#define DISK "size=256m"

struct disk {
    struct world *world;
    struct server *server;
    char data[600], filler[700];
    int accepted; /* answered with 250 or OK, and not deleted */
};

static int rounds = 2;
static unsigned seed;

static void own_mounts(void)
{
    static bool done;
    if (done) return;
    done = true;
    char map[64];
    int uid = (int)getuid(), gid = (int)getgid();
    if (uid == 0 && unshare(CLONE_NEWNS) == 0) goto own;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) fail_now("neither root nor a user namespace: %m");
    file_write("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %d 1", uid);
    file_write("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %d 1", gid);
    file_write("/proc/self/gid_map", map);
own:
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail_now("private mounts: %m");
}

static void mount_data(struct disk *s)
{
    char dir[500];
    own_mounts();
    s->world = world_new();
    snprintf(dir, sizeof dir, "%s/server-b.test", world_dir(s->world));
    snprintf(s->data, sizeof s->data, "%s/data", dir);
    snprintf(s->filler, sizeof s->filler, "%s/filler", s->data);
    mkdir(dir, 0700);
    mkdir(s->data, 0700);
    if (mount("none", s->data, "tmpfs", 0, DISK ",mode=0700")) fail_now("tmpfs: %m");
}

static void set_scene(struct disk *s)
{
    char extra[512], address[16];
    mount_data(s);
    snprintf(extra, sizeof extra,
             "[listener clear]\naddress = %s:%d\nprotocol = imap\ntls = none\nauth_in_clear = yes\n"
             "[store]\nsegment = 4M\n",
             world_address(s->world, 2, address), PORT_CLEAR);
    s->server = server_start(s->world, "b.test", extra);
    server_user(s->server, "bob@b.test", "sesame");
}

/* Where the server takes room meanwhile nothing is filled at all (ENOSPC): then once more. */
static void fill(struct disk *s, size_t left)
{
    enum { TRIES = 100 };
    struct statvfs v;
    int f = open(s->filler, O_WRONLY | O_CREAT, 0600), e = ENOSPC;
    for (int i = 0; i < TRIES && e == ENOSPC; i++) {
        statvfs(s->data, &v);
        off_t room = (off_t)(v.f_bavail * v.f_bsize) - (off_t)left;
        e = room > 0 ? posix_fallocate(f, 0, room) : 0;
    }
    if (e) fail_now("filling the disk: %s", strerror(e));
    close(f);
}

static char *letter(size_t *n)
{
    static char text[LETTER + 100];
    static uint32_t letters;
    uint32_t x = ++letters * 2654435761u;
    char *p = text + snprintf(text, 100, "From: ann@c.test\r\nSubject: large\r\n\r\n");
    while (p < text + LETTER) { /* nothing that could be compressed */
        for (int i = 0; i < 76; i++, x = x * 1664525 + 1013904223)
            *p++ = (char)('A' + (x >> 16) % 58);
        *p++ = '\r';
        *p++ = '\n';
    }
    *n = (size_t)(p - text);
    return text;
}

static int deliver(struct disk *s, const char *bytes, size_t n)
{
    struct chat *c = chat_open(server_address(s->server), PORT_SMTP);
    if (!c) fail_now("the server is gone");
    int code = chat_smtp_reply(c);
    if (code == 220) code = chat_smtp(c, "EHLO c.test");
    if (code == 250) code = chat_smtp(c, "MAIL FROM:<ann@c.test> SIZE=%zu", n);
    if (code == 250) code = chat_smtp(c, "RCPT TO:<bob@b.test>");
    if (code == 250) code = chat_smtp(c, "DATA");
    if (code == 354) code = chat_data(c, bytes, n);
    if (code != 250 && code != 452) fail_now("a delivery was answered with %d: %s", code, c->text);
    chat_close(c);
    s->accepted += code == 250;
    return code;
}

static struct chat *device(struct disk *s)
{
    struct chat *c = chat_open(server_address(s->server), PORT_CLEAR);
    if (!c || !chat_imap_login(c, "bob@b.test", "sesame"))
        fail_now("log-in: %s", c ? c->text : "refused");
    if (chat_imap(c, "SELECT INBOX") != 'O') fail_now("SELECT: %s", c->text);
    return c;
}

/* Everything that was answered can be read whole. */
static void read_all(struct disk *s)
{
    struct chat *c = device(s);
    int messages = 0, whole = 0;
    char size[64];
    assert_int_equal(chat_imap(c, "FETCH 1:* (RFC822.SIZE BODY.PEEK[])"), 'O');
    for (const char *at = c->text; (at = strstr(at, "RFC822.SIZE ")); at++, messages++) {
        snprintf(size, sizeof size, "BODY[] {%ld}\r\n", strtol(at + 12, NULL, 10));
        whole += strstr(at, size) && strstr(at, size) < at + 40;
    }
    assert_int_equal(messages, s->accepted);
    assert_int_equal(whole, messages);
    chat_close(c);
}

static void delete_one(struct disk *s)
{
    struct chat *c = device(s);
    if (chat_imap(c, "STORE 1 +FLAGS (\\Deleted)") != 'O')
        fail_now("STORE on a full disk: %s", c->text);
    if (chat_imap(c, "EXPUNGE") != 'O') fail_now("EXPUNGE on a full disk: %s", c->text);
    s->accepted--;
    chat_close(c);
}

static bool takes_mail(void *arg)
{
    size_t n;
    char *bytes = letter(&n);
    return deliver(arg, bytes, n) == 250;
}

static void test_full_disk(void **state)
{
    struct disk s = { 0 };
    size_t n;
    int status;
    (void)state;
    set_scene(&s);
    assert_int_equal(takes_mail(&s), true);
    fill(&s, LEFT);
    int before = s.accepted;
    for (char *bytes = letter(&n); deliver(&s, bytes, n) == 250; bytes = letter(&n))
        if (s.accepted > 1000) fail_now("the disk does not get full");
    printf("# 452 after %d more letters\n", s.accepted - before);

    struct chat *c = device(&s);
    char *bytes = letter(&n);
    assert_int_equal(chat_append(c, "INBOX", bytes, n), 'N');
    printf("# APPEND: %s", c->text);
    chat_close(c);
    read_all(&s);
    for (int i = 0; i < 5; i++)
        delete_one(&s);
    read_all(&s);
    const char *said = CLI(s.server, NULL, &status, "check");
    if (status) fail_now("posthorn check on a full disk: %s", said);

    /* Nor is a restart the end. */
    server_kill(s.server);
    server_restart(s.server);
    read_all(&s);
    delete_one(&s);
    /* What the killed server had reserved ahead is room again; then it is full as before. */
    before = s.accepted;
    for (bytes = letter(&n); deliver(&s, bytes, n) == 250; bytes = letter(&n))
        if (s.accepted > before + 200) fail_now("after the restart the disk does not get full");
    printf("# 452 after %d more letters\n", s.accepted - before);

    unlink(s.filler);
    double began = now_s();
    if (!wait_until(takes_mail, &s, 20)) fail_now("there is room again, and no mail is taken");
    printf("# mail is taken %.1f s after there was room again\n", now_s() - began);
    read_all(&s);
    server_kill(s.server);
    server_restart(s.server);
    read_all(&s);
    said = CLI(s.server, NULL, &status, "check");
    if (status) fail_now("posthorn check: %s", said);
    assert_int_equal(server_stop(s.server), 0);
    umount2(s.data, MNT_DETACH);
    world_free(s.world);
}

/* --- again and again, while everybody works --------------------------------------------------- */

static bool refuses(void *arg)
{
    struct scene *s = arg;
    int refused = ledger_refused(s->ledger);
    scene_pause(100);
    return ledger_refused(s->ledger) > refused + 3;
}

static bool goes_on(void *arg)
{
    struct scene *s = arg;
    int done = ledger_count(s->ledger), refused = ledger_refused(s->ledger);
    scene_pause(100);
    return ledger_count(s->ledger) > done + 5 && ledger_refused(s->ledger) == refused;
}

static void one_round(struct scene *s, struct disk *d, int round)
{
    scene_work(s, true);
    scene_pause(scene_chance(s, 150));
    fill(d, scene_chance(s, LEFT));
    if (!wait_until(refuses, s, 30)) fail_now("the disk is full, and nobody is refused");
    scene_pause(scene_chance(s, 200));
    if (round % 4 == 3) server_kill(s->server); /* nor is a restart the end */
    if (round % 4 == 3) server_restart(s->server);
    unlink(d->filler);
    if (!wait_until(goes_on, s, 30))
        fail_now("there is room again, and mail is refused: %s",
                 file_read(server_log(s->server), NULL));
    scene_rest(s);
    scene_compare(s);
    scene_check(s);
    scene_tidy(s);
}

static void test_full_under_load(void **state)
{
    struct disk d = { 0 };
    struct scene s = { .random = seed, .relays = true };
    (void)state;
    printf("# seed %u, %d rounds\n", seed, rounds);
    fflush(stdout);
    mount_data(&d);
    s.world = d.world;
    scene_begin(&s);
    for (int i = 0; i < rounds; i++)
        one_round(&s, &d, i);
    scene_end(&s, "disk full", rounds);
    umount2(d.data, MNT_DETACH);
}

int main(int argc, char **argv)
{
    options_read(argc, argv, &rounds, &seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_full_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
