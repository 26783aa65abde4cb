/* settings.c - the settings that belong to the program as a whole, and the list of all sections. */
#include "auth/auth.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "dns/unbound.h"
#include "imap/imap.h"
#include "mail/address.h"
#include "pop3/pop3.h"
#include "posthorn/settings.h"
#include "relay/relay.h"
#include "search/search.h"
#include "smtp/smtp.h"

/* clang-format off */
static const struct setting server_rows[] = {
    { "data_dir",  SET_PATH,     offsetof(struct server_settings, data_dir),  "/var/lib/posthorn", 0, 0,       NULL, "Where all mail, users and the queue are kept." },
    { "control",   SET_PATH,     offsetof(struct server_settings, control),   "",                  0, 0,       NULL, "The control socket; empty: the file \"control\" in the data folder." },
    { "user",      SET_TEXT,     offsetof(struct server_settings, user),      "",                  0, 0,       NULL, "Who the server becomes when root starts it; empty: the owner of the data folder." },
    { "sandbox",   SET_BOOL,     offsetof(struct server_settings, sandbox),   "yes",               0, 0,       NULL, "Allow the server only the system calls and files that it needs (seccomp, Landlock)." },
    { "core_dumps", SET_BOOL,    offsetof(struct server_settings, cores),     "no",                0, 0,       NULL, "Let the system keep the memory of a server that broke down: it holds mail and keys." },
    { "watchdog",  SET_DURATION, offsetof(struct server_settings, watchdog_ms), "30s",              0, 600000,  NULL, "A worker that is busy with one turn for so long has broken down: the process ends with a trace, to be started again; 0s: never." },
    { "memory_max", SET_TEXT,    offsetof(struct server_settings, memory_max), "70%",              0, 0,       NULL, "The process's memory, as a share of the machine's (or of the control group's) or a size; past it who connects is told to come back, who asks for much is told later, and who is there goes on; 0: no ceiling." },
    { "conns_max", SET_COUNT,    offsetof(struct server_settings, conns_max), "0",                 0, 10000000, NULL, "Connections open at once on all listeners together; 0: nine tenths of the file descriptors that the system allows." },
    { "workers",   SET_COUNT,    offsetof(struct server_settings, workers),   "0",                 0, 256,     NULL, "Worker threads; 0: one a core." },
    { "grace",     SET_DURATION, offsetof(struct server_settings, grace_ms),  "10s",               0, 600000,  NULL, "How long open sessions may finish after SIGTERM." },
    { "log_level", SET_CHOICE,   offsetof(struct server_settings, log_level), "info",              0, 0, "error|warn|info|debug", "What is logged, to standard error." },
};
static const struct setting tls_rows[] = {
    { "certificate", SET_PATH, offsetof(struct tls_settings, certificate), "", 0, 0, NULL, "PEM file with the certificate chain; empty: no TLS. Read again on SIGHUP." },
    { "key",         SET_PATH, offsetof(struct tls_settings, key),         "", 0, 0, NULL, "PEM file with its private key." },
};
static const struct setting listener_rows[] = {
    { "address",       SET_ADDRESS,  offsetof(struct listener_settings, address),               NULL,       0, 0,         NULL, "Address and port to listen on." },
    { "protocol",      SET_CHOICE,   offsetof(struct listener_settings, protocol),              NULL,       0, 0, "mx|submission|imap|pop3|lmtp", "What is spoken there; lmtp is for other mail systems that hand mail for our users over." },
    { "tls",           SET_CHOICE,   offsetof(struct listener_settings, tls),                   "starttls", 0, 0, "none|starttls|implicit", "Encryption: none, after STARTTLS, or from the first byte." },
    { "auth_in_clear", SET_BOOL,     offsetof(struct listener_settings, auth_in_clear),         "no",       0, 0,         NULL, "May people log in here without TLS? Their passwords cross in clear." },
    { "conns_max",     SET_COUNT,    offsetof(struct listener_settings, conns_max),             "10000",    1, 10000000,  NULL, "Connections open at once on this listener, a worker." },
    { "conns_per_address_max", SET_COUNT, offsetof(struct listener_settings, conns_per_address_max), "100", 0, 10000000, NULL, "Likewise from one address (IPv6: one /64), a worker; 0: no limit." },
    { "handshake",     SET_DURATION, offsetof(struct listener_settings, handshake_ms),          "10s",      100, 600000,  NULL, "A TLS handshake must be done by then, and a proxy's header have come." },
    { "proxies",       SET_NETWORKS, offsetof(struct listener_settings, proxies),               "",         0, 0,         NULL, "From these networks each connection must begin with a PROXY header (version 1 or 2, before TLS), and whom it names is the client. Nobody else is believed." },
};
/* clang-format on */

static const struct settings_section server_section = {
    .name = "server",
    .size = sizeof(struct server_settings),
    .rows = server_rows,
    .n = COUNT_OF(server_rows),
    .help = "The server as a whole.",
};
static const struct settings_section tls_section = {
    .name = "tls",
    .size = sizeof(struct tls_settings),
    .rows = tls_rows,
    .n = COUNT_OF(tls_rows),
    .help = "The server's certificate.",
};
static const struct settings_section listener_section = {
    .name = "listener",
    .named = true,
    .size = sizeof(struct listener_settings),
    .rows = listener_rows,
    .n = COUNT_OF(listener_rows),
    .help = "One port. Without any such section the standard ports are served on every address:\n"
            "25 (mx), 587 and 465 (submission), 143 and 993 (imap), 110 and 995 (pop3).",
    .example = "[listener submission]\n"
               "address = 127.0.0.1:2587\n"
               "protocol = submission\n"
               "tls = starttls\n",
};

const struct settings_section *const all_sections[] = {
    &server_section, &deliver_section, &tls_section,   &listener_section, &smtp_section,
    &relay_section,  &route_section,   &dns_section,   &imap_section,     &pop3_section,
    &search_section, &auth_section,    &guard_section, &store_section,
};
const size_t all_sections_count = COUNT_OF(all_sections);

/* --- listeners -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { str name; uint16_t port; enum listener_protocol protocol; enum listener_encryption tls; } standard[] = {
    { S_INIT("mx"),           25, PROTOCOL_MX,         ENCRYPT_STARTTLS },
    { S_INIT("submission"),  587, PROTOCOL_SUBMISSION, ENCRYPT_STARTTLS },
    { S_INIT("submissions"), 465, PROTOCOL_SUBMISSION, ENCRYPT_IMPLICIT },
    { S_INIT("imap"),        143, PROTOCOL_IMAP,       ENCRYPT_STARTTLS },
    { S_INIT("imaps"),       993, PROTOCOL_IMAP,       ENCRYPT_IMPLICIT },
    { S_INIT("pop3"),        110, PROTOCOL_POP3,       ENCRYPT_STARTTLS },
    { S_INIT("pop3s"),       995, PROTOCOL_POP3,       ENCRYPT_IMPLICIT },
};
/* clang-format on */

static const enum net_family families[] = { NET_IP4, NET_IP6 };

static size_t standard_listeners(struct arena *a, const struct listener_settings **items,
                                 const str **names)
{
    size_t n = COUNT_OF(standard) * COUNT_OF(families);
    struct listener_settings *list = ARENA_ARRAY(a, n, struct listener_settings);
    str *labels = ARENA_ARRAY(a, n, str);
    if (!list || !labels) return 0;
    for (size_t i = 0; i < n; i++) {
        size_t which = i / COUNT_OF(families);
        list[i] = (struct listener_settings){
            .address = { .family = families[i % COUNT_OF(families)], .port = standard[which].port },
            .protocol = (int)standard[which].protocol,
            .tls = (int)standard[which].tls,
            .conns_max = 10000,
            .conns_per_address_max = 100,
            .handshake_ms = 10000,
        };
        labels[i] = standard[which].name;
    }
    *items = list;
    *names = labels;
    return n;
}

size_t listeners_of(const struct config *c, struct arena *a, const struct listener_settings **items,
                    const str **names)
{
    size_t n = config_named_count(c, "listener");
    if (!n) return standard_listeners(a, items, names);
    struct listener_settings *list = ARENA_ARRAY(a, n, struct listener_settings);
    str *labels = ARENA_ARRAY(a, n, str);
    if (!list || !labels) return 0;
    for (size_t i = 0; i < n; i++)
        list[i] = *(const struct listener_settings *)config_named(c, "listener", i, &labels[i]);
    *items = list;
    *names = labels;
    return n;
}

/* --- the control socket ----------------------------------------------------------------------- */

bool control_address(const struct config *c, struct netaddr *out)
{
    const struct server_settings *s = config_section(c, "server");
    struct buf path = buf_make(sizeof out->path);
    buf_add(&path, S("unix:"));
    if (s->control.n)
        buf_add(&path, s->control);
    else
        buf_addf(&path, "%.*s/control", STR_ARG(s->data_dir));
    enum err e = path.full ? ERR_LIMIT : netaddr_parse(buf_str(&path), 0, out);
    buf_free(&path);
    return !e;
}

/* --- values that read well but cannot be used ---------------------------------------------------
 */

/* One character, and none that would make another address of what stands around it. */
static bool separator_ok(str separator)
{
    return !separator.n || (separator.n == 1 && !str_has(S("@.\""), *separator.p));
}

enum err server_memory_max(str text, uint64_t machine_bytes, uint64_t *bytes)
{
    uint64_t percent;
    if (!str_ends(text, S("%"))) return config_size(text, bytes);
    if (!str_u64(str_take(text, text.n - 1), 100, &percent)) return ERR_SYNTAX;
    *bytes = machine_bytes / 100 * percent;
    return OK;
}

/* Two listeners of one address would each get some of its connections. */
static bool listeners_apart(const struct config *c, struct buf *why)
{
    size_t n = config_named_count(c, "listener");
    for (size_t i = 0; i < n; i++) {
        str name, other;
        const struct listener_settings *l = config_named(c, "listener", i, &name);
        for (size_t j = 0; j < i; j++) {
            const struct listener_settings *earlier = config_named(c, "listener", j, &other);
            if (!netaddr_eq(&l->address, &earlier->address)) continue;
            buf_addf(why, "listener %.*s: its address is that of listener %.*s", STR_ARG(name),
                     STR_ARG(other));
            return false;
        }
    }
    return true;
}

bool settings_usable(const struct config *c, struct buf *why)
{
    uint64_t bytes;
    const struct tls_settings *tls = config_section(c, "tls");
    const struct server_settings *server = config_section(c, "server");
    const struct deliver_settings *deliver = config_section(c, "deliver");
    struct netaddr control;
    if (!str_starts(server->data_dir, S("/")))
        buf_addf(why, "server.data_dir: '%.*s' is no full path of a folder, like /var/lib/posthorn",
                 STR_ARG(server->data_dir));
    else if (!control_address(c, &control))
        buf_add(why, S("server.control: the path is too long for a socket; name a shorter one"));
    else if (server_memory_max(server->memory_max, 0, &bytes))
        buf_addf(why, "server.memory_max: '%.*s' is neither a share nor a size, like 70%% or 2G",
                 STR_ARG(server->memory_max));
    else if (!address_domain_ok(deliver->hostname, 0))
        buf_addf(why, "deliver.hostname: '%.*s' is no domain name, like mail.example.org",
                 STR_ARG(deliver->hostname));
    else if (!separator_ok(deliver->tag_separator))
        buf_addf(why,
                 "deliver.tag_separator: '%.*s' is not one character other than @ . and \", like +",
                 STR_ARG(deliver->tag_separator));
    else if (!tls->certificate.n != !tls->key.n)
        buf_addf(why, "tls: certificate and key come together, and %s is not given",
                 tls->key.n ? "certificate" : "key");
    else if (listeners_apart(c, why) && !dns_check(config_section(c, "dns"), why))
        return true;
    return false;
}
