/* netaddr.c - network addresses and networks: text, comparison, what limits count by. */
#include <arpa/inet.h>

#include "run/netaddr.h"

enum { IP_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN, its NUL included */

/* The bare address, without port and brackets. */
static bool parse_ip(str text, enum net_family family, uint8_t ip[16])
{
    char cstr[IP_TEXT_MAX] = { 0 };
    if (text.n == 0 || text.n >= sizeof(cstr) || str_has(text, '\0')) return false;
    bytes_copy(cstr, sizeof(cstr), text.p, text.n);
    return inet_pton(family == NET_IP4 ? AF_INET : AF_INET6, cstr, ip) == 1;
}

static enum err parse_unix(str path, struct netaddr *out)
{
    struct netaddr a = { .family = NET_UNIX };
    if (path.n == 0 || str_has(path, '\0')) return ERR_SYNTAX;
    if (path.n >= sizeof(a.path)) return ERR_LIMIT;
    bytes_copy(a.path, sizeof(a.path), path.p, path.n);
    *out = a;
    return OK;
}

/* ":25", or nothing for the default. */
static bool parse_port(str text, uint16_t *port)
{
    if (text.n == 0) return true;
    uint64_t value;
    if (text.p[0] != ':' || !str_u64(str_from(text, 1), UINT16_MAX, &value)) return false;
    *port = (uint16_t)value;
    return true;
}

enum err netaddr_parse(str text, uint16_t default_port, struct netaddr *out)
{
    if (str_istarts(text, S("unix:"))) return parse_unix(str_from(text, 5), out);

    struct netaddr a = { .family = NET_IP4, .port = default_port };
    str ip, port;
    if (str_starts(text, S("["))) {
        size_t close = str_chr(text, ']');
        if (close == STR_NPOS) return ERR_SYNTAX;
        a.family = NET_IP6;
        ip = str_sub(text, 1, close - 1);
        port = str_from(text, close + 1);
    } else {
        size_t colon = str_chr(text, ':');
        if (colon == STR_NPOS) colon = text.n;
        /* More than one colon: a bare IPv6 address, which has no room for a port. */
        if (str_has(str_from(text, colon + 1), ':')) {
            a.family = NET_IP6;
            colon = text.n;
        }
        ip = str_take(text, colon);
        port = str_from(text, colon);
    }
    if (!parse_ip(ip, a.family, a.ip) || !parse_port(port, &a.port)) return ERR_SYNTAX;
    *out = a;
    return OK;
}

void netaddr_ip_text(const struct netaddr *a, struct buf *out)
{
    char text[IP_TEXT_MAX];
    switch (a->family) {
    case NET_IP4: buf_add(out, str_of(inet_ntop(AF_INET, a->ip, text, sizeof(text)))); break;
    case NET_IP6: buf_add(out, str_of(inet_ntop(AF_INET6, a->ip, text, sizeof(text)))); break;
    case NET_UNIX:
        buf_add(out, S("unix:"));
        buf_add(out, str_of(a->path));
        break;
    case NET_NONE: buf_add(out, S("none")); break;
    }
}

void netaddr_text(const struct netaddr *a, struct buf *out)
{
    bool ip6 = a->family == NET_IP6;
    if (ip6) buf_addc(out, '[');
    netaddr_ip_text(a, out);
    if (ip6) buf_addc(out, ']');
    if (!ip6 && a->family != NET_IP4) return;
    buf_addc(out, ':');
    buf_u64(out, a->port);
}

static size_t ip_bytes(const struct netaddr *a)
{
    if (a->family == NET_IP4) return 4;
    return a->family == NET_IP6 ? 16 : 0;
}

static str ip_of(const struct netaddr *a)
{
    return (str){ (const char *)a->ip, ip_bytes(a) };
}

bool netaddr_eq(const struct netaddr *a, const struct netaddr *b)
{
    if (a->family != b->family) return false;
    if (a->family == NET_UNIX) return str_eq(str_of(a->path), str_of(b->path));
    return a->port == b->port && str_eq(ip_of(a), ip_of(b));
}

static bool is_mapped(const struct netaddr *a)
{
    static const char prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (char)0xff, (char)0xff };
    return a->family == NET_IP6 && str_starts(ip_of(a), (str){ prefix, sizeof(prefix) });
}

bool netaddr_is_loopback(const struct netaddr *a)
{
    static const char one[16] = { [15] = 1 };
    switch (a->family) {
    case NET_IP4: return a->ip[0] == 127;
    case NET_IP6: return str_eq(ip_of(a), (str){ one, 16 }) || (is_mapped(a) && a->ip[12] == 127);
    case NET_UNIX: return true;
    case NET_NONE: break;
    }
    return false;
}

bool netaddr_is_any(const struct netaddr *a)
{
    static const char zero[16];
    size_t n = ip_bytes(a);
    return n > 0 && str_eq(ip_of(a), (str){ zero, n });
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (!str_eq((str){ (const char *)a, whole }, (str){ (const char *)b, whole })) return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

enum err netblock_parse(str text, struct netblock *out)
{
    struct netblock net = { 0 };
    size_t slash = str_chr(text, '/');
    str ip = slash == STR_NPOS ? text : str_take(text, slash);
    net.base.family = str_has(ip, ':') ? NET_IP6 : NET_IP4;
    if (!parse_ip(ip, net.base.family, net.base.ip)) return ERR_SYNTAX;

    uint64_t bits = ip_bytes(&net.base) * 8;
    if (slash != STR_NPOS && !str_u64(str_from(text, slash + 1), bits, &bits)) return ERR_SYNTAX;
    net.bits = (uint8_t)bits;
    *out = net;
    return OK;
}

bool netblock_has(const struct netblock *net, const struct netaddr *a)
{
    return a->family == net->base.family && ip_bytes(a) > 0 &&
           same_bits(net->base.ip, a->ip, net->bits);
}

struct netaddr netaddr_limit_key(const struct netaddr *a)
{
    struct netaddr key = { .family = a->family };
    /* One customer commonly has a whole /64 to pick addresses from. */
    size_t n = a->family == NET_IP6 ? 8 : ip_bytes(a);
    bytes_copy(key.ip, sizeof(key.ip), a->ip, n);
    return key;
}
