/* other.c - another program's mail server in a test's world. */
#include "support/other.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/fail.h"
#include "support/wire.h"
#include "support/world_int.h"

static const char script[] = SOURCE_DIR "/tools/peers.sh";

const char *other_shell(struct other *o, const char *code)
{
    static char output[1 << 18];
    RUN(output, sizeof output, 60, NULL, script, "owner", "sh", "-c", code, "sh", o->dir);
    return output;
}

const char *other_log(struct other *o)
{
    static char text[1 << 18];
    snprintf(text, sizeof text, "%s", other_shell(o, "cat \"$1\"/log/mainlog 2>&1 | tail -n 30"));
    char *printed = o->peer ? file_read(peer_log(o->peer), NULL) : NULL;
    snprintf(text + strlen(text), sizeof text - strlen(text), "\n%s", printed ? printed : "");
    free(printed);
    return text;
}

void other_set(struct other *o, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(o->words[o->n], sizeof o->words[0], format, ap);
    va_end(ap);
    o->n++;
}

void other_make(struct other *o, struct world *w, const char *name)
{
    char output[8192];
    if (RUN(output, sizeof output, 300, NULL, script, "unpack", name))
        fail_now("unpacking %s: %s", name, output);
    *o = (struct other){ .name = name, .world = w };
    world_address(w, OTHER_HOST, o->address);
    snprintf(o->dir, sizeof o->dir, "%s/%s", world_dir(w), name);
    mkdir(o->dir, 0755);
    other_set(o, "listen=%s", o->address);
    other_set(o, "port=%d", PORT_SMTP);
    other_set(o, "domain=peer.test");
    other_set(o, "users=dora");
}

void other_tls(struct other *o)
{
    char cert[512], key[512];
    world_certificate(o->world, "mail.peer.test", o->address, cert, key);
    other_set(o, "cert=%s", cert);
    other_set(o, "key=%s", key);
}

static bool greets(void *arg)
{
    struct other *o = arg;
    struct wire *w = wire_try(o->address, PORT_SMTP);
    if (!w) return false;
    const char *line = wire_line(w, 5, NULL);
    bool up = line && strncmp(line, "220", 3) == 0;
    wire_close(w);
    return up;
}

void other_start(struct other *o)
{
    const char *argv[24] = { script, "run", o->name, o->dir };
    for (int i = 0; i < o->n; i++)
        argv[4 + i] = o->words[i];
    o->peer = peer_start(o->world, o->name, argv);
    if (!wait_until(greets, o, OTHER_START_S))
        fail_now("%s does not answer: %s", o->name, other_log(o));
}

static bool is_deaf(void *arg)
{
    struct other *o = arg;
    struct wire *w = wire_try(o->address, PORT_SMTP);
    if (w) wire_close(w);
    return !w;
}

void other_kill(struct other *o, int signal)
{
    peer_stop(o->peer, signal);
    o->peer = NULL;
    if (!wait_until(is_deaf, o, 20)) fail_now("%s outlives its end", o->name);
}

void other_stop(struct other *o)
{
    other_kill(o, SIGTERM);
    other_shell(o, "rm -rf \"$1\"");
}

/* Children, and theirs. */
static void signal_below(pid_t pid, int signal)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    char *text = file_read(path, NULL);
    for (char *at = text; at && *at;) {
        char *end;
        long child = strtol(at, &end, 10);
        if (end == at) break;
        kill((pid_t)child, signal);
        signal_below((pid_t)child, signal);
        at = end;
    }
    free(text);
}

void other_freeze(struct other *o, bool frozen)
{
    signal_below(peer_pid(o->peer), frozen ? SIGSTOP : SIGCONT);
}
