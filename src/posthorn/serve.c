/* serve.c - the server: everything wired together, from the configuration to the last goodbye.
 *
 * Parts are made in the order in which they use each other and ended in the reverse one. A part
 * that cannot start says why in one line, and nothing is left half-started.
 */
#include "admin/admin.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "cli/cli.h"
#include "dns/unbound.h"
#include "imap/imap.h"
#include "pop3/pop3.h"
#include "posthorn/serve.h"
#include "posthorn/settings.h"
#include "run/memory.h"
#include "run/process.h"
#include "run/watchdog.h"
#include "search/search.h"
#include "smtp/smtp.h"

enum { SERVE_ARENA_BYTES = 4 * 1024 * 1024 };

/* One open port and what its sessions need. */
struct port {
    struct listener *listener;
    union {
        struct smtp_server smtp;
        struct imap_server imap;
        struct pop3_server pop3;
    } as;
};

struct server {
    struct seam *seam;
    const struct config *config;
    struct arena arena; /* lives as long as the server */
    struct store *store;
    struct search *search;
    struct auth *auth;
    struct guard *guard;
    struct deliver *deliver;
    struct dns *dns;
    struct relay *relay;
    struct smtp_rates *rates;
    struct tls_server *tls; /* NULL: no certificate */
    struct admin admin;
    struct listener *control;
    struct memory_watch *memory;
    struct conns_total conns;
    struct port *ports;
    size_t ports_n;
};

#define SECTION(s, type, name) ((const struct type *)config_section((s)->config, name))

static bool failed(const char *what, str why)
{
    cli_complain("%s: %.*s", what, STR_ARG(why));
    return false;
}

/* --- making the parts ------------------------------------------------------------------------- */

static bool make_tls(struct server *s)
{
    const struct tls_settings *t = SECTION(s, tls_settings, "tls");
    if (!t->certificate.n) return true;
    str why = { 0 };
    const char *certificate = arena_cstr(&s->arena, t->certificate),
               *key = arena_cstr(&s->arena, t->key);
    if (!certificate || !key) return failed("tls", S("the file names are too long"));
    return !tls_server_new(certificate, key, &s->arena, &s->tls, &why) || failed("tls", why);
}

/* A command that began while no server ran, or the server before us that says its goodbyes, has the
 * folder for a moment. */
static enum err open_store(struct server *s, struct buf *why)
{
    const struct store_settings *settings = SECTION(s, store_settings, "store");
    uint64_t until_us = seam_mono_us(s->seam) + SERVE_FOLDER_WAIT_MS * UINT64_C(1000);
    enum err e = store_open(s->seam, settings, &s->store, why);
    if (e == ERR_EXISTS)
        log_event(LOG_WARN, "server.waits", (str){ 0 }, F_STR("why", buf_str(why)));
    while (e == ERR_EXISTS && seam_mono_us(s->seam) < until_us) {
        process_pause(PROCESS_LOOK_MS);
        buf_reset(why);
        e = store_open(s->seam, settings, &s->store, why);
    }
    return e;
}

static bool make_parts(struct server *s)
{
    struct buf why = buf_make(4096);
    const char *what = "store";
    enum err e = open_store(s, &why);
    if (!e) {
        what = "search";
        e = search_open(s->seam, s->store, SECTION(s, search_settings, "search"), &s->search, &why);
    }
    if (!e) {
        what = "auth";
        e = auth_new(s->seam, s->store, SECTION(s, auth_settings, "auth"), &s->auth);
        s->guard = guard_new(s->seam, SECTION(s, guard_settings, "guard"));
        if (!e) auth_use_guard(s->auth, s->guard);
    }
    if (!e) {
        what = "deliver";
        e = deliver_new(s->seam, s->store, SECTION(s, deliver_settings, "deliver"), &s->deliver);
    }
    if (!e) {
        what = "dns";
        e = dns_new(s->seam, SECTION(s, dns_settings, "dns"), &s->dns, &why);
    }
    if (!e) {
        what = "relay";
        e = relay_new(s->seam, s->store, s->deliver, s->config, &s->relay, &why);
    }
    s->rates = smtp_rates_new(s->seam, SECTION(s, smtp_settings, "smtp"));
    if (e) failed(what, why.n ? buf_str(&why) : str_of(err_text(e)));
    buf_free(&why);
    return !e;
}

/* --- opening the ports ------------------------------------------------------------------------ */

static enum smtp_role smtp_role_of(enum listener_protocol protocol)
{
    if (protocol == PROTOCOL_LMTP) return SMTP_LMTP;
    return protocol == PROTOCOL_MX ? SMTP_MX : SMTP_SUBMISSION;
}

static const struct conn_handler *port_handler(struct server *s, const struct listener_settings *l,
                                               struct port *p)
{
    bool starttls = l->tls == ENCRYPT_STARTTLS && s->tls;
    switch ((enum listener_protocol)l->protocol) {
    case PROTOCOL_MX:
    case PROTOCOL_SUBMISSION:
    case PROTOCOL_LMTP:
        p->as.smtp = (struct smtp_server){
            .role = smtp_role_of((enum listener_protocol)l->protocol),
            .auth_in_clear = l->auth_in_clear,
            .can_starttls = starttls,
            .settings = SECTION(s, smtp_settings, "smtp"),
            .store = s->store,
            .auth = s->auth,
            .deliver = s->deliver,
            .rates = s->rates,
        };
        return &smtp_handler;
    case PROTOCOL_IMAP:
        p->as.imap = (struct imap_server){
            .auth_in_clear = l->auth_in_clear,
            .can_starttls = starttls,
            .settings = SECTION(s, imap_settings, "imap"),
            .store = s->store,
            .auth = s->auth,
            .search = s->search,
        };
        return &imap_handler;
    case PROTOCOL_POP3:
        p->as.pop3 = (struct pop3_server){
            .auth_in_clear = l->auth_in_clear,
            .can_starttls = starttls,
            .settings = SECTION(s, pop3_settings, "pop3"),
            .store = s->store,
            .auth = s->auth,
        };
        return &pop3_handler;
    }
    return NULL;
}

static bool port_has_certificate(const struct server *s, const struct listener_settings *l,
                                 str name)
{
    if (l->tls != ENCRYPT_IMPLICIT || s->tls) return true;
    cli_complain("listener %.*s: tls = implicit needs certificate and key under [tls]",
                 STR_ARG(name));
    return false;
}

static bool port_open(struct server *s, const struct listener_settings *l, str name, struct port *p)
{
    if (!port_has_certificate(s, l, name)) return false;
    struct buf at = buf_make(256);
    netaddr_text(&l->address, &at);
    struct listener_config c = {
        .at = l->address,
        .tls = l->tls == ENCRYPT_IMPLICIT ? LISTEN_TLS : LISTEN_PLAIN,
        .certificates = s->tls,
        .handler = port_handler(s, l, p),
        .arg = &p->as,
        .conns_max = (unsigned)l->conns_max,
        .conns_per_address_max = (unsigned)l->conns_per_address_max,
        .handshake_ms = (unsigned)l->handshake_ms,
        .total = &s->conns,
        .proxies = l->proxies.items,
        .proxies_n = l->proxies.n,
    };
    enum err e = listener_open(s->seam, &c, &p->listener);
    if (e) {
        cli_complain(
            "listener %.*s: cannot listen on %.*s: %s", STR_ARG(name), STR_ARG(buf_str(&at)),
            e == ERR_EXISTS   ? "another program has the port"
            : e == ERR_DENIED ? "not allowed (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
                              : err_text(e));
    } else {
        log_event(LOG_INFO, "listener.opened", (str){ 0 }, F_STR("name", name),
                  F_STR("at", buf_str(&at)));
    }
    buf_free(&at);
    return !e;
}

static bool open_ports(struct server *s)
{
    const struct listener_settings *list;
    const str *names;
    size_t n = listeners_of(s->config, &s->arena, &list, &names);
    s->ports = ARENA_ARRAY(&s->arena, n ? n : 1, struct port);
    for (size_t i = 0; i < n; i++) {
        if (!port_open(s, &list[i], names[i], &s->ports[i])) return false;
        s->ports_n++;
    }
    return true;
}

static bool open_control(struct server *s)
{
    s->admin = (struct admin){ .seam = s->seam,
                               .store = s->store,
                               .relay = s->relay,
                               .auth = s->auth,
                               .auth_settings = SECTION(s, auth_settings, "auth") };
    struct listener_config c = { .handler = &admin_handler, .arg = &s->admin, .conns_max = 16 };
    if (!control_address(s->config, &c.at))
        return failed("server.control", S("the path is too long for a socket"));
    enum err e = listener_open(s->seam, &c, &s->control);
    return !e || failed("server.control", str_of(err_text(e)));
}

/* --- running ---------------------------------------------------------------------------------- */

/* Housekeeping: what the settings let expire, and removals that a crash cut off. */
static void tidy(void *arg)
{
    struct server *s = arg;
    enum err e = OK;
    while (e != ERR_GONE) {
        e = store_tidy(s->store);
        if (e) log_event(LOG_WARN, "store.tidy_failed", (str){ 0 }, F_CSTR("why", err_text(e)));
        e = fiber_sleep_until(seam_mono_us(s->seam) + STORE_TIDY_GAP_US);
    }
}

static void tend_search(void *arg)
{
    struct server *s = arg;
    search_tend(s->search);
}

static enum err worker_start(void *arg, struct loop *loop, unsigned index)
{
    struct server *s = arg;
    enum err e = dns_attach(s->dns, loop);
    for (size_t i = 0; i < s->ports_n && !e; i++)
        e = listener_attach(s->ports[i].listener, loop);
    if (!e && index == 0) e = listener_attach(s->control, loop);
    if (!e && index == 0) e = relay_start(s->relay, loop);
    if (!e && index == 0) e = fiber_start(loop, FIBER_SYSTEM, tidy, s);
    if (!e && index == 0) e = fiber_start(loop, FIBER_SYSTEM, tend_search, s);
    return e;
}

static void worker_end(void *arg, struct loop *loop, unsigned index)
{
    (void)index;
    struct server *s = arg;
    dns_detach(s->dns, loop);
}

static void reload(void *arg)
{
    struct server *s = arg;
    struct arena a = arena_make(64 * 1024);
    str why = { 0 };
    enum err e = s->tls ? tls_server_reload(s->tls, &a, &why) : OK;
    if (e)
        log_event(LOG_ERROR, "config.error", (str){ 0 }, F_STR("why", why));
    else
        log_event(LOG_INFO, "server.reloaded", (str){ 0 }, F_NUM("certificate", s->tls != NULL));
    arena_free(&a);
}

static void ready(void *arg)
{
    struct server *s = arg;
    metric_set(METRIC_STARTED, (uint64_t)(seam_wall_us(s->seam) / 1000000));
    log_event(LOG_INFO, "server.started", (str){ 0 }, F_CSTR("version", PH_VERSION),
              F_STR("hostname", deliver_hostname(s->deliver)), F_NUM("ports", s->ports_n));
    manager_tell("READY=1");
}

static void end(struct server *s)
{
    for (size_t i = 0; i < s->ports_n; i++)
        listener_close(s->ports[i].listener);
    if (s->control) listener_close(s->control);
    smtp_rates_free(s->rates);
    relay_free(s->relay);
    dns_free(s->dns);
    deliver_free(s->deliver);
    auth_free(s->auth);
    guard_free(s->guard);
    search_close(s->search);
    store_close(s->store);
    tls_server_free(s->tls);
    arena_free(&s->arena);
}

/* The key has been read, and there is no other thread. */
static bool enter_sandbox(struct server *s)
{
    struct buf why = buf_make(1024);
    enum err e = guarded_enter(s->seam, s->config, &why);
    if (e) failed("sandbox", buf_str(&why));
    buf_free(&why);
    return !e;
}

int serve(struct seam *seam, const struct config *config)
{
    struct server s = { .seam = seam, .config = config, .arena = arena_make(SERVE_ARENA_BYTES) };
    const struct server_settings *settings = SECTION(&s, server_settings, "server");
    log_level_set((enum log_level)settings->log_level);
    unsigned descriptors = process_raise_fd_limit();
    s.conns.max = settings->conns_max ? (unsigned)settings->conns_max : descriptors / 10 * 9;
    memory_open();

    struct process_hooks hooks = { .worker_start = worker_start,
                                   .worker_end = worker_end,
                                   .reload = reload,
                                   .ready = ready,
                                   .turn_ms = (unsigned)settings->watchdog_ms };
    uint64_t memory_max = 0;
    bool usable = !server_memory_max(settings->memory_max, memory_of_machine(), &memory_max);
    int status = 1;
    if (usable && make_tls(&s) && enter_sandbox(&s) && make_parts(&s) && open_ports(&s) &&
        open_control(&s)) {
        s.memory = memory_watch_start(seam, memory_max);
        status = process_run(seam, (unsigned)settings->workers, (unsigned)settings->grace_ms,
                             &hooks, &s);
        memory_watch_end(s.memory);
    }
    end(&s);
    if (!status) log_fields(LOG_INFO, "server.stopped", (str){ 0 }, NULL, 0);
    return status;
}

static bool routes_are_right(struct server *s)
{
    struct buf why = buf_make(4096);
    enum err e = relay_check(s->seam, s->config, &why);
    if (e) failed("relay", buf_str(&why));
    buf_free(&why);
    return !e;
}

bool serve_check(struct seam *seam, const struct config *config)
{
    struct server s = { .seam = seam, .config = config, .arena = arena_make(SERVE_ARENA_BYTES) };
    const struct listener_settings *list;
    const str *names;
    bool right = make_tls(&s) && routes_are_right(&s);
    size_t n = right ? listeners_of(config, &s.arena, &list, &names) : 0;
    for (size_t i = 0; i < n && right; i++)
        right = port_has_certificate(&s, &list[i], names[i]);
    end(&s);
    return right;
}
