/* engine.c - plays an attack and judges it: the answer, the process, another client, memory.
 *
 * Memory is what the serving process holds of its own (RssAnon): after each attack, once its
 * connections are closed, it must come back to where the class began, but for KEPT_KB_MAX. With
 * sanitizers, which keep what is freed, memory is not judged; descriptors are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attacks/engine.h"
#include "support/fail.h"

enum {
    ANSWER_BYTES = 1 << 19,
    KEPT_KB_MAX = 4096,          /* of a class: caches, and what an allocator keeps in pieces */
    KEPT_ALL_KB_MAX = 16 * 1024, /* of all classes together */
    SETTLE_S = 5,
    OTHER_S = 5,   /* another client waits so long at most, on a busy machine, with sanitizers */
    ATTACK_S = 15, /* and so long takes an attack */
    CAROLS_MESSAGES = 3,
    SHOWN_BYTES = 2000, /* of an answer that was not wanted */
};

/* --- what the process holds ------------------------------------------------------------------- */

/* The parent, or its only child if it has one: that is who serves. */
static pid_t serving(pid_t parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    char *text = file_read(path, NULL);
    long child = text ? strtol(text, NULL, 10) : 0;
    free(text);
    return child > 0 ? (pid_t)child : parent;
}

static long memory_kb(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    char *text = file_read(path, NULL), *at = text ? strstr(text, "RssAnon:") : NULL;
    long kb = at ? strtol(at + 8, NULL, 10) : -1;
    free(text);
    return kb;
}

static long descriptors(pid_t pid)
{
    char path[64];
    long n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    while (d && readdir(d))
        n++;
    if (d) closedir(d);
    return n;
}

static bool is_back(void *arg)
{
    const struct field *f = arg;
    bool memory = f->sanitized || memory_kb(f->pid) - f->class_kb <= KEPT_KB_MAX;
    return memory && descriptors(f->pid) <= f->class_files + FILES_MORE;
}

/* --- judging ---------------------------------------------------------------------------------- */

void attack_fail(struct field *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("# %s: %s: ", f->class->name, f->name);
    vprintf(format, ap);
    printf("\n");
    va_end(ap);
    f->failed = true;
}

void attack_others(struct field *f)
{
    double began = now_s();
    if (!wire_say(f->bob, "o NOOP")) attack_fail(f, "another client lost its connection");
    const char *line;
    while ((line = wire_line(f->bob, OTHER_S, NULL)) && strncmp(line, "o ", 2) != 0)
        ;
    if (!line || strncmp(line, "o OK", 4) != 0)
        attack_fail(f, "another client was answered %s", line ? line : "nothing");
    if (now_s() - began > f->slowest_s) f->slowest_s = now_s() - began;
}

/* A new one, who may see what was not meant for him. */
static void bob_has_nothing(struct field *f)
{
    struct wire *w = imap_open(f->server, f->ca, "bob@a.test", "secret");
    int count = imap_count(w, "INBOX");
    if (count != f->bobs) attack_fail(f, "a message came to another mailbox");
    f->bobs = count;
    wire_close(w);
}

void attack_begin(struct field *f, const char *name)
{
    snprintf(f->name, sizeof f->name, "%s", name);
    f->played++;
    f->began_s = now_s();
}

void attack_end(struct field *f)
{
    double took = now_s() - f->began_s;
    if (took > ATTACK_S) attack_fail(f, "took %.1f s", took);
    if (getenv("ATTACKS_SHOW")) printf("# %s: took %.3f s\n", f->name, took);
    if (server_pid(f->server) != f->parent || kill(f->parent, 0) || serving(f->parent) != f->pid)
        fail_now("%s: %s: the server did not live", f->class->name, f->name);
    attack_others(f);
    bob_has_nothing(f);
    if (!wait_until(is_back, f, SETTLE_S))
        attack_fail(f, "left %ld KB and %ld descriptors behind", memory_kb(f->pid) - f->class_kb,
                    descriptors(f->pid) - f->class_files);
}

/* --- playing ---------------------------------------------------------------------------------- */

struct server *field_server(const struct field *f)
{
    return f->server;
}

struct world *field_world(const struct field *f)
{
    return f->world;
}

const char *field_ca(const struct field *f)
{
    return f->ca;
}

static struct wire *greeted(struct field *f, int port, bool tls)
{
    char host[160];
    struct wire *w = wire_open(server_address(f->server), port);
    snprintf(host, sizeof host, "mail.%s", server_domain(f->server));
    if (tls) wire_tls(w, f->ca, host);
    wire_expect(w, "(220|\\* OK|\\+OK) .*");
    return w;
}

struct wire *attack_open(struct field *f, enum door door)
{
    switch (door) {
    case MX: return greeted(f, PORT_SMTP, false);
    case SUBMIT: return greeted(f, PORT_SUBMISSION, false);
    case SUBMITS: return greeted(f, PORT_SUBMISSIONS, true);
    case SUBMITS_USER: return submit_open(f->server, f->ca, "alice@a.test", "secret");
    case IMAP: return greeted(f, PORT_IMAP, false);
    case IMAPS: return greeted(f, PORT_IMAPS, true);
    case IMAPS_USER: return imap_open(f->server, f->ca, "carol@a.test", "secret");
    case POP3: return greeted(f, PORT_POP3, false);
    case POP3S: return greeted(f, PORT_POP3S, true);
    case PROXIED: return wire_open(server_address(f->server), PORT_PROXIED);
    case POP3S_USER: return pop3_open(f->server, f->ca, "carol@a.test", "secret");
    }
    fail_now("no such door");
}

char *say_bytes(const struct say *say, size_t *n)
{
    size_t again = say->again ? strlen(say->again) : 0, last = say->last ? strlen(say->last) : 0;
    *n = say->first_n + again * say->times + last;
    char *all = malloc(*n + 1), *to = all;
    memcpy(to, say->first, say->first_n);
    to += say->first_n;
    for (unsigned i = 0; i < say->times; i++, to += again)
        memcpy(to, say->again, again);
    if (last) memcpy(to, say->last, last);
    return all;
}

void attack_send(struct wire *w, const struct say *say)
{
    size_t n;
    char *all = say_bytes(say, &n);
    wire_send(w, all, n); /* it may be cut short: that is an answer too */
    if (say->leaves) shutdown(wire_fd(w), SHUT_WR);
    free(all);
}

/* Lines end in CRLF and hold nothing that a terminal or a parser takes for more than text. */
static const char *fault(const char *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)all[i];
        if (c == '\r' && i + 1 < n && all[i + 1] == '\n') continue;
        if (c == '\n' && i > 0 && all[i - 1] == '\r') continue;
        if (c < ' ' || c == 0x7f) return all + i;
    }
    return NULL;
}

/* Joined by LF, for the expression. */
static void drop_returns(char *all)
{
    char *to = all;
    for (const char *p = all; *p; p++)
        if (*p != '\r') *to++ = *p;
    *to = '\0';
}

void attack_hear(struct field *f, struct wire *w, const char *want)
{
    static char all[ANSWER_BYTES];
    size_t n = 0;
    for (const char *byte; n + 1 < ANSWER_BYTES && (byte = wire_bytes(w, 1, OTHER_S));)
        all[n++] = *byte;
    all[n] = '\0';
    const char *bad = fault(all, n);
    if (bad) attack_fail(f, "byte %02x in the answer", (unsigned char)*bad);
    if (!wire_ended(w, OTHER_S)) attack_fail(f, "still open");
    wire_close(w);
    drop_returns(all);
    if (getenv("ATTACKS_SHOW")) printf("# %s: %.400s\n", f->name, all);
    if (!text_matches(all, want))
        attack_fail(f, "was answered\n%.*s\ninstead of\n%s", SHOWN_BYTES, all, want);
}

static void play(struct field *f, const struct attack *a)
{
    attack_begin(f, a->name);
    struct wire *w = attack_open(f, a->door);
    attack_send(w, &a->say);
    attack_others(f);
    attack_hear(f, w, a->want);
    attack_end(f);
}

void field_play(struct field *f, const struct class *class)
{
    size_t before = f->played;
    double began = now_s();
    f->class = class;
    f->failed = false;
    f->class_kb = memory_kb(f->pid);
    f->class_files = descriptors(f->pid);
    for (size_t i = 0; i < class->n; i++)
        play(f, &class->attacks[i]);
    if (class->play) class->play(f);
    printf("# %-16s %3zu attacks, %5.1f s, %+ld KB\n", class->name, f->played - before,
           now_s() - began, memory_kb(f->pid) - f->class_kb);
    if (f->failed) fail_msg("%s", class->name);
}

/* --- the field -------------------------------------------------------------------------------- */

/* Each door once: what is made at its first use is not an attack's. */
static void warm_up(struct field *f)
{
    for (enum door door = MX; door <= POP3S_USER; door++)
        wire_close(attack_open(f, door));
    struct wire *w = attack_open(f, MX);
    assert_int_equal(wire_smtp(w, "EHLO e.test"), 250);
    for (int i = 0; i < CAROLS_MESSAGES; i++)
        assert_int_equal(smtp_message(w, "x@b.test", "carol@a.test", "Subject: one\r\n\r\nx\r\n"),
                         250);
    wire_close(w);
}

void field_open(struct field *f)
{
    char extra[300], address[16];
    *f = (struct field){ .world = world_new() };
    snprintf(extra, sizeof extra, "* IN A %s\n", world_address(f->world, 9, address));
    world_zone(f->world, "hostile.test", extra); /* each name there is the recorder */
    world_dns_start(f->world);
    snprintf(extra, sizeof extra,
             "\n[listener proxied]\naddress = %s:%d\nprotocol = mx\nproxies = 127.0.0.1\n",
             world_address(f->world, 2, address), PORT_PROXIED);
    f->ca = world_ca(f->world);
    f->server = server_start(f->world, "a.test", extra);
    f->sanitized = file_has(program_posthorn(), "__asan_init");
    server_user(f->server, "alice@a.test", "secret");
    server_user(f->server, "bob@a.test", "secret");
    server_user(f->server, "carol@a.test", "secret");
    f->parent = server_pid(f->server);
    f->pid = serving(f->parent);
    f->bob = imap_open(f->server, f->ca, "bob@a.test", "secret");
    warm_up(f);
    f->kb = memory_kb(f->pid);
}

void field_close(struct field *f)
{
    long kept = memory_kb(f->pid) - f->kb;
    printf("# another client waited %.0f ms at most; %ld KB were kept\n", f->slowest_s * 1e3, kept);
    if (!f->sanitized) assert_true(kept <= KEPT_ALL_KB_MAX);
    wire_close(f->bob);
    assert_int_equal(server_stop(f->server), 0); /* with sanitizers: also that nothing leaked */
    world_free(f->world);
}
