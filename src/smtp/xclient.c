/* xclient.c - XCLIENT: a test says which client it stands for. As Postfix has it (XCLIENT_README).
 *
 * Only from networks of the setting, and only the address: what it says it may send, it must still
 * prove by a log-in.
 */
#include "base/limits.h"
#include "smtp/smtp_int.h"

static bool is_unavailable(str value)
{
    return str_ieq(value, S("[UNAVAILABLE]")) || str_ieq(value, S("[TEMPUNAVAIL]"));
}

static bool take_name(struct netaddr *peer, str value)
{
    (void)peer;
    return value.n > 0;
}

static bool take_addr(struct netaddr *peer, str value)
{
    struct netaddr at;
    if (is_unavailable(value)) return true;
    bool ip6 = str_istarts(value, S("IPV6:"));
    if (netaddr_parse(ip6 ? str_from(value, 5) : value, peer->port, &at)) return false;
    if (at.family != (ip6 ? NET_IP6 : NET_IP4) || at.port != peer->port) return false;
    *peer = at;
    return true;
}

static bool take_port(struct netaddr *peer, str value)
{
    uint64_t port;
    if (is_unavailable(value)) return true;
    if (!str_u64(value, UINT16_MAX, &port)) return false;
    peer->port = (uint16_t)port;
    return true;
}

static const struct {
    str name;
    bool (*take)(struct netaddr *peer, str value);
} attributes[] = {
    { S_INIT("NAME"), take_name },
    { S_INIT("ADDR"), take_addr },
    { S_INIT("PORT"), take_port },
};

static bool take(struct netaddr *peer, str word)
{
    size_t equals = str_chr(word, '=');
    if (equals == STR_NPOS) return false;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (str_ieq(str_take(word, equals), attributes[i].name))
            return attributes[i].take(peer, str_from(word, equals + 1));
    return false;
}

enum err smtp_xclient(struct smtp *s, str args)
{
    struct netaddr peer = *conn_peer(s->conn);
    str word;
    if (!args.n) return smtp_reply(s, 501, "5.5.4", S("XCLIENT attribute=value"));
    while (str_split(&args, ' ', &word))
        if (word.n && !take(&peer, word))
            return smtp_reply(s, 501, "5.5.4", S("that attribute cannot be taken"));
    smtp_forget_all(s);
    conn_peer_set(s->conn, &peer);
    smtp_log_peer(s);
    return smtp_greet(s);
}
