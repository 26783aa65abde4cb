/* options.c - `--name value` words of the commands that are clients, under a table. */
#include "cli/cli.h"
#include "cli/options.h"

static const struct cli_option *find(const struct cli_option *options, size_t n, str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, str_of(options[i].name))) return &options[i];
    return NULL;
}

static bool take(const struct cli_option *o, str value)
{
    if (o->each) return o->each(o->arg, value);
    *o->value = value;
    return true;
}

bool cli_options(const struct cli_option *options, size_t n, const str *words, size_t words_n,
                 str *rest)
{
    for (size_t i = 0; i < words_n; i++) {
        const struct cli_option *o = find(options, n, words[i]);
        if (o && o->flag) {
            *o->flag = true;
        } else if (o && i + 1 < words_n) {
            if (!take(o, words[++i])) return false;
        } else if (!o && !str_starts(words[i], S("--")) && !rest->n) {
            *rest = words[i];
        } else {
            cli_complain("%.*s: %s", STR_ARG(words[i]),
                         o                               ? "wants a value"
                         : str_starts(words[i], S("--")) ? "no such option"
                                                         : "one word too many");
            return false;
        }
    }
    return true;
}

void cli_options_usage(const char *command, const struct cli_option *options, size_t n)
{
    struct buf b = buf_make(16 * 1024);
    buf_addf(&b, "usage: posthorn %s\n", command);
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "  %-12s %s\n", options[i].name, options[i].help);
    cli_print(buf_str(&b));
    buf_free(&b);
}

/* --- a server --------------------------------------------------------------------------------- */

static const struct {
    str word;
    enum client_tls tls;
} encryptions[] = {
    { S_INIT("starttls"), CLIENT_STARTTLS },
    { S_INIT("implicit"), CLIENT_TLS },
    { S_INIT("none"), CLIENT_CLEAR },
};

static bool pick_encryption(struct cli_server *s)
{
    str word = s->tls.n ? s->tls : S("starttls");
    for (size_t i = 0; i < COUNT_OF(encryptions); i++)
        if (str_eq(word, encryptions[i].word)) {
            s->encryption = encryptions[i].tls;
            return true;
        }
    cli_complain("--tls is starttls, implicit or none");
    return false;
}

/* The certificate is checked, unless there is none to check against: --ca insecure says so aloud.
 */
static bool make_trust(struct cli_server *s, struct arena *a)
{
    if (s->encryption == CLIENT_CLEAR) return true;
    bool insecure = str_eq(s->ca_file, S("insecure"));
    const char *ca = s->ca_file.n && !insecure ? arena_cstr(a, s->ca_file) : NULL;
    str why = { 0 };
    if (!tls_client_new(insecure ? TLS_OPPORTUNISTIC : TLS_VERIFY_NAME, ca, a, &s->tls_client,
                        &why))
        return true;
    cli_complain("TLS: %.*s", STR_ARG(why));
    return false;
}

bool cli_server_resolve(struct cli_server *s, struct arena *a)
{
    if (!s->server.n) {
        cli_complain("--server HOST:PORT is needed");
        return false;
    }
    if (netaddr_parse(s->server, 0, &s->at) || (s->at.family != NET_UNIX && !s->at.port)) {
        cli_complain("--server '%.*s' is no address with a port, like 127.0.0.1:587 (the name goes "
                     "to --host)",
                     STR_ARG(s->server));
        return false;
    }
    if (!s->host.n) s->host = str_take(s->server, str_rchr(s->server, ':'));
    if (str_starts(s->host, S("[")) && str_ends(s->host, S("]"))) /* as a certificate names it */
        s->host = str_sub(s->host, 1, s->host.n - 2);
    return pick_encryption(s) && make_trust(s, a);
}

void cli_trace(void *arg, char direction, str bytes)
{
    (void)arg;
    struct buf b = buf_make(256 * 1024);
    str line;
    while (str_split(&bytes, '\n', &line)) {
        buf_addf(&b, "%c ", direction);
        buf_add(&b, line);
        buf_addc(&b, '\n');
    }
    cli_note(buf_str(&b));
    buf_free(&b);
}

const str cli_trust_hint = S_INIT("  --host NAME   the name in the server's certificate\n"
                                  "  --ca FILE     who signed it; --ca insecure takes any\n");

void cli_no_password(str file)
{
    if (file.n)
        cli_complain("--password: no password can be read from %.*s", STR_ARG(file));
    else
        cli_complain("no password on standard input");
}
