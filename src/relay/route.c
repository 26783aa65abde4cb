/* route.c - which way the mail for a domain goes, and how it is protected on that way. */
#include "relay/route_int.h"

#include "base/limits.h"
#include "base/mem.h"

enum { SMTP_PORT = 25, LMTP_PORT = 24 };

/* clang-format off */
static const struct setting rows[] = {
    { "domains",       SET_LIST,   offsetof(struct route_settings, domains),       NULL,   0, 0, NULL, "Domains that go this way: b.test, .b.test (all below it), * (all that no other route names)." },
    { "via",           SET_LIST,   offsetof(struct route_settings, via),           "",     0, 0, NULL, "Hosts to try in this order: name, name:port, address:port, unix:/path; empty: the domain's own (MX)." },
    { "protocol",      SET_CHOICE, offsetof(struct route_settings, protocol),      "smtp", 0, 0, "smtp|lmtp", "What is spoken there; lmtp hands over to another mail store." },
    { "tls",           SET_CHOICE, offsetof(struct route_settings, tls),           "may",  0, 0, "may|encrypt|verify|implicit|never", "Encrypt when offered, always, always with a valid certificate, likewise from the first byte (port 465), or never." },
    { "ca_file",       SET_PATH,   offsetof(struct route_settings, ca_file),       "",     0, 0, NULL, "Certificate authorities for verify and implicit; empty: as in [relay]." },
    { "user",          SET_TEXT,   offsetof(struct route_settings, user),          "",     0, 0, NULL, "Log in as; needs tls = encrypt, verify or implicit." },
    { "password_file", SET_PATH,   offsetof(struct route_settings, password_file), "",     0, 0, NULL, "Its first line is the password." },
    { "source",        SET_LIST,   offsetof(struct route_settings, source),        "",     0, 0, NULL, "Connect from these addresses, one IPv4, one IPv6; empty: as in [relay]." },
    { "conversations", SET_COUNT,  offsetof(struct route_settings, conversations_max), "0", 0, 500, NULL, "At once on this way; 0: per_destination of [relay]." },
};
/* clang-format on */
const struct settings_section route_section = {
    .name = "route",
    .named = true,
    .size = sizeof(struct route_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Another way than the domain's own mail servers, or other terms, for some domains.",
    .example = "[route smarthost]\n"
               "domains = *\n"
               "via = smtp.isp.example:587\n"
               "tls = verify\n"
               "user = me@isp.example\n"
               "password_file = smarthost.password\n",
};

/* --- reading the configuration ---------------------------------------------------------------- */

static enum err sources_read(const struct setting_list *list, struct relay_route *r,
                             struct buf *why)
{
    for (size_t i = 0; i < list->n; i++) {
        struct netaddr at;
        if (netaddr_parse(list->items[i], 0, &at) || at.family == NET_UNIX) {
            buf_addf(why, "source: '%.*s' is no address", STR_ARG(list->items[i]));
            return ERR_SYNTAX;
        }
        r->source[at.family == NET_IP6] = at;
    }
    return OK;
}

/* "smtp.isp.test:587", "[::1]:25", "unix:/path". */
static enum err hop_read(str text, uint16_t port, struct hop *out)
{
    *out = (struct hop){ .name = text, .port = port, .secure = true };
    if (!netaddr_parse(text, port, &out->literal)) {
        out->port = out->literal.port;
        return OK;
    }
    out->literal = (struct netaddr){ 0 };
    size_t colon = str_rchr(text, ':');
    uint64_t n = port;
    if (colon != STR_NPOS && !str_u64(str_from(text, colon + 1), UINT16_MAX, &n)) return ERR_SYNTAX;
    if (colon != STR_NPOS) out->name = str_take(text, colon);
    out->port = (uint16_t)n;
    return out->name.n && n ? OK : ERR_SYNTAX;
}

static enum err via_read(struct relay_routes *all, const struct route_settings *s,
                         struct relay_route *r, struct buf *why)
{
    r->via.items = ARENA_ARRAY(&all->arena, s->via.n, struct hop);
    if (!r->via.items) return ERR_LIMIT;
    for (; r->via.n < s->via.n; r->via.n++)
        if (hop_read(s->via.items[r->via.n], r->lmtp ? LMTP_PORT : SMTP_PORT,
                     &r->via.items[r->via.n])) {
            buf_addf(why, "via: '%.*s' is no host", STR_ARG(s->via.items[r->via.n]));
            return ERR_SYNTAX;
        }
    return OK;
}

static enum err password_read(struct relay_routes *all, struct seam *seam,
                              const struct route_settings *s, struct relay_route *r,
                              struct buf *why)
{
    char bytes[AUTH_PASSWORD_BYTES];
    const char *path = arena_cstr(&all->arena, s->password_file);
    int file = path ? seam_open(seam, path, SEAM_READ) : -1;
    ssize_t n = file < 0 ? -1 : seam_pread(seam, file, bytes, sizeof bytes, 0);
    if (file >= 0) seam_close(seam, file);
    if (n <= 0 || n == sizeof bytes) {
        buf_addf(why,
                 n > 0 ? "the password is too long in '%.*s'"
                       : "cannot read the password from '%.*s'",
                 STR_ARG(s->password_file));
        return ERR_DENIED;
    }
    str rest = { bytes, (size_t)n }, line;
    if (str_split(&rest, '\n', &line))
        r->password =
            arena_copy(&all->arena, str_ends(line, S("\r")) ? str_take(line, line.n - 1) : line);
    bytes_wipe(bytes, sizeof bytes);
    return OK;
}

static const enum smtp_tls tls_by_setting[] = { SMTP_TLS_MAY, SMTP_TLS_MUST, SMTP_TLS_VERIFY,
                                                SMTP_TLS_IMPLICIT, SMTP_TLS_NONE };

static enum err login_read(struct relay_routes *all, struct seam *seam,
                           const struct route_settings *s, struct relay_route *r, struct buf *why)
{
    if (!s->user.n) return OK;
    if (r->tls == SMTP_TLS_MAY || r->tls == SMTP_TLS_NONE) {
        buf_add(why, S("user: a password is not sent without TLS; set tls to encrypt or verify"));
        return ERR_SYNTAX;
    }
    r->user = s->user;
    return password_read(all, seam, s, r, why);
}

static enum err authorities_read(struct relay_routes *all, str file, struct relay_route *r,
                                 struct buf *why)
{
    const char *ca = file.n ? arena_cstr(&all->arena, file) : NULL;
    str reason = { 0 };
    enum err e = tls_client_new(TLS_VERIFY_NAME, ca, &all->arena, &r->tls_verified, &reason);
    if (e) buf_add(why, reason);
    return e;
}

static enum err route_read(struct relay_routes *all, struct seam *seam,
                           const struct route_settings *s, struct relay_route *r, struct buf *why)
{
    const struct relay_route *usual = &all->items[all->n - 1];
    r->domains = s->domains;
    r->lmtp = s->protocol == 1;
    r->tls = tls_by_setting[s->tls];
    r->conversations_max = s->conversations_max ? s->conversations_max : usual->conversations_max;
    r->source[0] = usual->source[0];
    r->source[1] = usual->source[1];
    enum err e = via_read(all, s, r, why);
    if (!e) e = sources_read(&s->source, r, why);
    if (!e) e = login_read(all, seam, s, r, why);
    r->tls_verified = usual->tls_verified; /* the system's authorities take a megabyte: shared */
    if (!e && s->ca_file.n) e = authorities_read(all, s->ca_file, r, why);
    if (!e && r->lmtp && !r->via.n) {
        buf_add(why, S("via: lmtp needs a host"));
        e = ERR_SYNTAX;
    }
    return e;
}

static enum err usual_read(struct relay_routes *all, const struct relay_settings *s,
                           struct buf *why)
{
    struct relay_route *r = &all->items[all->n - 1];
    r->tls = tls_by_setting[s->tls];
    r->conversations_max = s->per_destination_max;
    enum err e = sources_read(&s->source, r, why);
    if (!e) e = authorities_read(all, s->ca_file, r, why);
    return e;
}

enum err routes_read(struct relay_routes *all, struct seam *seam, const struct config *config,
                     struct buf *why)
{
    str reason = { 0 };
    size_t named = config_named_count(config, "route");
    *all = (struct relay_routes){ .arena = arena_make(RELAY_ROUTES_BYTES), .n = named + 1 };
    all->items = ARENA_ARRAY(&all->arena, all->n, struct relay_route);
    if (!all->items) return ERR_LIMIT;
    enum err e = usual_read(all, config_section(config, "relay"), why);
    if (!e) e = tls_client_new(TLS_OPPORTUNISTIC, NULL, &all->arena, &all->tls_any, &reason);
    buf_add(why, reason);
    for (size_t i = 0; i < named && !e; i++) {
        struct relay_route *r = &all->items[i];
        struct buf text = buf_make(1000);
        const struct route_settings *s = config_named(config, "route", i, &r->name);
        e = route_read(all, seam, s, r, &text);
        if (e) buf_addf(why, "[route %.*s] %.*s", STR_ARG(r->name), STR_ARG(buf_str(&text)));
        buf_free(&text);
    }
    return e ? e : all->arena.full ? ERR_LIMIT : OK;
}

void routes_free(struct relay_routes *r)
{
    const struct tls_client *shared = r->items ? r->items[r->n - 1].tls_verified : NULL;
    for (size_t i = 0; r->items && i < r->n; i++) {
        bool own = i + 1 == r->n || r->items[i].tls_verified != shared;
        if (own) tls_client_free(r->items[i].tls_verified);
        bytes_wipe((char *)(uintptr_t)r->items[i].password.p, r->items[i].password.n);
    }
    tls_client_free(r->tls_any);
    arena_free(&r->arena);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* How well a pattern fits: the longest that fits wins. 0: not at all. */
static size_t fit(str pattern, str domain)
{
    if (str_eq(pattern, S("*"))) return 1;
    if (str_starts(pattern, S("."))) return str_iends(domain, pattern) ? 1 + pattern.n : 0;
    return str_ieq(pattern, domain) ? 2 + pattern.n : 0;
}

const struct relay_route *route_of(const struct relay_routes *r, str domain)
{
    const struct relay_route *best = &r->items[r->n - 1];
    size_t best_fit = 0;
    for (size_t i = 0; i + 1 < r->n; i++)
        for (size_t k = 0; k < r->items[i].domains.n; k++) {
            size_t n = fit(r->items[i].domains.items[k], domain);
            if (n <= best_fit) continue;
            best = &r->items[i];
            best_fit = n;
        }
    return best;
}

const struct netaddr *route_source(const struct relay_route *r, const struct netaddr *to)
{
    const struct netaddr *from = &r->source[to->family == NET_IP6];
    return from->family != NET_NONE && from->family == to->family ? from : NULL;
}

static enum err hops_from_mx(const struct relay_settings *s, const struct mx *mx, struct arena *a,
                             struct hops *out)
{
    *out = (struct hops){ .items = ARENA_ARRAY(a, mx->n, struct hop), .n = mx->n };
    if (!out->items) return ERR_LIMIT;
    for (size_t i = 0; i < mx->n; i++)
        out->items[i] = (struct hop){ .name = mx->hosts[i].name,
                                      .port = (uint16_t)s->port,
                                      .preference = mx->hosts[i].preference,
                                      .secure = mx->secure };
    return OK;
}

enum err route_hops(const struct relay_route *route, const struct relay_settings *s, str domain,
                    struct arena *a, struct hops *out)
{
    if (route->via.n) {
        *out = route->via;
        return OK;
    }
    struct mx mx;
    enum err e = mx_find(domain, RELAY_DNS_MS, a, &mx);
    return e ? e : hops_from_mx(s, &mx, a, out);
}

enum smtp_tls route_tls(const struct relay_route *route, const struct hop *hop,
                        const struct queue_entry *e)
{
    (void)hop;
    if (route->tls == SMTP_TLS_IMPLICIT) return SMTP_TLS_IMPLICIT;
    if (e->require_tls) return SMTP_TLS_VERIFY;
    return e->tls_optional && !route->user.n ? SMTP_TLS_MAY : route->tls;
}
