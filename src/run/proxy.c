/* proxy.c - the PROXY protocol's header, versions 1 and 2: who is really there.
 *
 * Strict: a header that is not exactly as the specification has it is no header, and whoever sent
 * it is not the proxy that it is taken for.
 */
#include "run/proxy_int.h"

#include "base/limits.h"
#include "base/scan.h"

enum {
    V1_MAX = 107,  /* of the whole line, with its CRLF */
    V1_MIN = 15,   /* "PROXY UNKNOWN\r\n" */
    FIRST = 12,    /* bytes that tell the versions apart; the shortest header has more */
    V2_FIXED = 16, /* signature, version, family, length */
    V2_IP4 = 12,   /* two addresses and two ports */
    V2_IP6 = 36,
    V2_UNIX = 216,
};
static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";

/* --- version 1: a line of text ---------------------------------------------------------------- */

static bool v1_port(str text, uint16_t *port)
{
    uint64_t value;
    if (text.n > 1 && text.p[0] == '0') return false;
    if (!str_u64(text, UINT16_MAX, &value)) return false;
    *port = (uint16_t)value;
    return true;
}

static bool v1_address(str text, enum net_family family, struct netaddr *out)
{
    if (family == NET_IP4 && str_has(text, ':')) return false;
    if (family == NET_IP6 && str_has(text, '[')) return false;
    return !netaddr_parse(text, 0, out) && out->family == family;
}

/* What stands between "PROXY " and CRLF. */
static bool v1_line(str rest, struct netaddr *peer)
{
    struct netaddr source, destination;
    str words[5];
    size_t n = 0;
    if (str_starts(rest, S("UNKNOWN"))) return rest.n == 7 || rest.p[7] == ' ';
    if (str_ends(rest, S(" "))) return false;
    while (n < 5 && str_split(&rest, ' ', &words[n]))
        n++;
    if (n != 5 || rest.n) return false;
    bool ip4 = str_eq(words[0], S("TCP4"));
    if (!ip4 && !str_eq(words[0], S("TCP6"))) return false;
    enum net_family family = ip4 ? NET_IP4 : NET_IP6;
    if (!v1_address(words[1], family, &source) || !v1_address(words[2], family, &destination))
        return false;
    if (!v1_port(words[3], &source.port) || !v1_port(words[4], &destination.port)) return false;
    *peer = source;
    return true;
}

static enum proxy_step v1(str bytes, size_t *more, struct netaddr *peer)
{
    size_t lf = str_chr(bytes, '\n');
    if (lf == STR_NPOS) {
        /* A line that does not end in CR lacks that, too. */
        *more = str_ends(bytes, S("\r")) ? 1 : 2;
        if (bytes.n < V1_MIN) *more = V1_MIN - bytes.n;
        return bytes.n + *more <= V1_MAX ? PROXY_MORE : PROXY_BAD;
    }
    if (lf + 1 != bytes.n || !str_ends(bytes, S("\r\n"))) return PROXY_BAD;
    str rest = str_sub(bytes, 6, bytes.n - 8);
    if (str_has(rest, '\r') || str_has(rest, '\0')) return PROXY_BAD;
    return v1_line(rest, peer) ? PROXY_DONE : PROXY_BAD;
}

/* --- version 2: binary ------------------------------------------------------------------------ */

static uint16_t be16(const char *p)
{
    return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

/* Of none do we ask what it says, but each must be one. */
static bool v2_extras_ok(str rest)
{
    while (rest.n) {
        if (rest.n < 3) return false;
        size_t n = be16(rest.p + 1);
        if (n > rest.n - 3) return false;
        rest = str_from(rest, 3 + n);
    }
    return true;
}

static bool v2_addresses(uint8_t family, str rest, struct netaddr *peer)
{
    size_t n = family == 0x11 ? V2_IP4 : family == 0x21 ? V2_IP6 : family == 0x31 ? V2_UNIX : 0;
    if (!n) return family == 0x00;
    if (rest.n < n || !v2_extras_ok(str_from(rest, n))) return false;
    if (n == V2_UNIX) return true;
    struct netaddr source = { .family = n == V2_IP4 ? NET_IP4 : NET_IP6 };
    bytes_copy(source.ip, sizeof(source.ip), rest.p, n == V2_IP4 ? 4 : 16);
    source.port = be16(rest.p + n - 4);
    *peer = source;
    return true;
}

static enum proxy_step v2(str bytes, size_t *more, struct netaddr *peer)
{
    if (bytes.n < V2_FIXED) {
        *more = V2_FIXED - bytes.n;
        return PROXY_MORE;
    }
    uint8_t command = (uint8_t)bytes.p[12];
    size_t whole = V2_FIXED + be16(bytes.p + 14);
    if ((command != 0x20 && command != 0x21) || whole > PROXY_BYTES || bytes.n > whole)
        return PROXY_BAD;
    if (bytes.n < whole) {
        *more = whole - bytes.n;
        return PROXY_MORE;
    }
    if (command == 0x20) return PROXY_DONE; /* the proxy's own: a health check */
    bool ok = v2_addresses((uint8_t)bytes.p[13], str_from(bytes, V2_FIXED), peer);
    return ok ? PROXY_DONE : PROXY_BAD;
}

/* --- either ----------------------------------------------------------------------------------- */

enum proxy_step proxy_parse(str bytes, size_t *more, struct netaddr *peer)
{
    str signature = { v2_signature, FIRST }, word = S("PROXY ");
    if (str_starts(bytes, signature)) return v2(bytes, more, peer);
    if (str_starts(bytes, word)) return v1(bytes, more, peer);
    *more = FIRST - bytes.n;
    bool may_be = bytes.n < FIRST && (str_starts(signature, bytes) || str_starts(word, bytes));
    return may_be ? PROXY_MORE : PROXY_BAD;
}
