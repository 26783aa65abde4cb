/* guarded.c - the server in its sandbox: what it may touch, who is above it, and when.
 *
 * Ports are opened first, with the privileges that they need; then, if root is to become somebody
 * else or the server is to be started again when it dies, a small parent stays behind; then the
 * child enters the sandbox, and only then makes threads and reads mail.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "posthorn/serve.h"
#include "posthorn/settings.h"
#include "run/parent.h"
#include "run/sandbox.h"
#include "run/watchdog.h"

enum { PATHS_MAX = 128 };

struct paths {
    struct arena arena;
    const char *list[PATHS_MAX + 1]; /* NULL ends */
    size_t n;
};

static void add(void *arg, str path)
{
    struct paths *p = arg;
    const char *text = p->n < PATHS_MAX ? arena_cstr(&p->arena, path) : NULL;
    if (text) p->list[p->n++] = text;
}

/* What libraries and the system's own settings need: names, time, certificates, character sets. */
static const char *const system_reads[] = {
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/localtime",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ld.so.cache",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/share",
    "/dev/urandom",
    "/dev/null",
    "/proc/self",
    "/proc/sys/net",
    "/sys/devices/system/cpu",
};

/* A file that is replaced gets another inode, which a rule for the old one does not cover: so the
 * rule is for its folder, and for the one that a link in it leads to. */
static void add_folder(void *arg, str file)
{
    struct paths *p = arg;
    size_t slash = str_rchr(file, '/');
    if (slash == STR_NPOS || slash == 0) return;
    add(p, str_take(file, slash));
}

/* What the server may touch, and as whom. */
struct guarded {
    struct seam *seam;
    const struct config *config;
    struct paths reads, writes;
    struct sandbox box;
};

static void add_setting(void *arg, str path)
{
    struct guarded *g = arg;
    const struct server_settings *settings = config_section(g->config, "server");
    if (str_eq(path, settings->data_dir)) return;
    add_folder(str_eq(path, settings->control) ? &g->writes : &g->reads, path);
}

/* A sanitizer makes calls of its own, and reads what it wants. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CAN_FILTER = false };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { CAN_FILTER = false };
#else
enum { CAN_FILTER = true };
#endif
#else
enum { CAN_FILTER = true };
#endif

static struct guarded *guarded_new(struct seam *seam, const struct config *config)
{
    const struct server_settings *settings = config_section(config, "server");
    struct guarded *g = MEM_NEW(struct guarded);
    g->seam = seam;
    g->config = config;
    g->reads.arena = arena_make(PATHS_ARENA_BYTES);
    g->writes.arena = arena_make(PATHS_ARENA_BYTES);
    for (size_t i = 0; i < COUNT_OF(system_reads); i++)
        add(&g->reads, str_of(system_reads[i]));
    add(&g->writes, str_of(seam_data_dir(seam)));
    config_paths(config, add_setting, g);
    g->box = (struct sandbox){
        .user = settings->user.n ? arena_cstr(&g->reads.arena, settings->user) : NULL,
        .folder = seam_data_dir(seam),
        .writes = g->writes.list,
        .reads = g->reads.list,
        .cores = settings->cores,
        .filters = settings->sandbox && CAN_FILTER,
    };
    return g;
}

static void guarded_free(struct guarded *g)
{
    arena_free(&g->reads.arena);
    arena_free(&g->writes.arena);
    mem_free(g);
}

enum err guarded_enter(struct seam *seam, const struct config *config, struct buf *why)
{
    struct guarded *g = guarded_new(seam, config);
    enum err e = sandbox_enter(&g->box, why);
    guarded_free(g);
    if (!e) parent_bind();
    return e;
}

/* --- ports and the parent --------------------------------------------------------------------- */

/* What cannot be opened now is asked for again by the server, which says why it cannot be had. */
static void open_ports_ahead(const struct guarded *g)
{
    struct arena a = arena_make(PATHS_ARENA_BYTES);
    const struct listener_settings *list;
    const str *names;
    size_t n = listeners_of(g->config, &a, &list, &names);
    for (size_t i = 0; i < n; i++)
        if (list[i].address.family != NET_UNIX)
            (void)inherit_listen(&list[i].address, LISTEN_BACKLOG);
    arena_free(&a);
}

static int child(void *arg)
{
    const struct guarded *g = arg;
    return serve(g->seam, g->config);
}

/* The files that a reload reads again. */
static const char *const *reloaded(struct guarded *g)
{
    static const char *files[3];
    const struct tls_settings *t = config_section(g->config, "tls");
    if (t->certificate.n) files[0] = arena_cstr(&g->reads.arena, t->certificate);
    if (files[0] && t->key.n) files[1] = arena_cstr(&g->reads.arena, t->key);
    return files;
}

int guarded_serve(struct seam *seam, const struct config *config, bool supervise)
{
    struct guarded *g = guarded_new(seam, config);
    bool above = supervise || sandbox_changes_user(&g->box);
    (void)inherit_activated();
    manager_open();
    if (above || sandbox_is_privileged()) open_ports_ahead(g);
    struct parent parent = { .files = reloaded(g), .child = child, .arg = g };
    int status = above ? parent_run(&parent) : serve(seam, config);
    guarded_free(g);
    return status;
}
