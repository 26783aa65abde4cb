/* tls.c - what is no TLS where TLS is wanted, and TLS that is meant badly.
 *
 * OpenSSL, 2014, CVE-2014-0160 (Heartbleed): a heartbeat whose length was a lie was answered with
 * 64 KiB of memory. 2009, CVE-2009-3555: renegotiation let another's bytes stand before the
 * client's own. Exim, 2019, CVE-2019-15846: a backslash at the end of the server's name (SNI) gave
 * root; 2020, CVE-2020-28018: TLS that ended amid a transfer used freed memory. Rule 5: the end of
 * TLS is the end of the connection.
 */
#include <string.h>

#include <sys/socket.h>

#include <openssl/ssl.h>

#include "attacks/attack.h"
#include "support/wire_int.h"

/* --- no TLS ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    int port;
    struct say say;
} clear[] = {
    { "IMAP in clear to port 993",     PORT_IMAPS,       SAY("a LOGIN carol@a.test secret\r\n") },
    { "SMTP in clear to port 465",     PORT_SUBMISSIONS, SAY("EHLO evil.test\r\nMAIL FROM:<x@evil.test>\r\n") },
    { "POP3 in clear to port 995",     PORT_POP3S,       SAY("USER carol@a.test\r\nPASS secret\r\n") },
    { "a web browser to port 993",     PORT_IMAPS,       SAY("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n") },
    { "a PROXY header to port 993",    PORT_IMAPS,       SAY("PROXY TCP4 10.0.0.1 10.0.0.2 1 993\r\n") },
    { "an SSLv2 greeting",             PORT_IMAPS,       SAY("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80\x06\x00\x40\x07\x00\xc0xxxxxxxxxxxxxxxx") },
    { "a record of 65,535 bytes",      PORT_IMAPS,       FLOOD("\x16\x03\x01\xff\xff", "x", 65535, "") },
    { "a greeting whose length is a lie", PORT_IMAPS,    SAY("\x16\x03\x01\x00\x05\x01\xff\xff\xff\x03") },
    { "an empty record again and again", PORT_IMAPS,     FLOOD("\x16\x03\x01", "x", 4000, "") },
    { "CVE-2014-0160: a heartbeat",    PORT_IMAPS,       SAY("\x18\x03\x02\x00\x03\x01\x40\x00") },
    { "an alert for a greeting",       PORT_IMAPS,       SAY("\x15\x03\x01\x00\x02\x02\x28") },
    { "data before a handshake",       PORT_IMAPS,       SAY("\x17\x03\x03\x00\x08" "a NOOP\r\n") },
};
/* clang-format on */

/* All that may come is one alert. */
static void in_clear(struct field *f, size_t i)
{
    size_t n = 0;
    char said[8] = { 0 };
    attack_begin(f, clear[i].name);
    struct wire *w = wire_open(server_address(field_server(f)), clear[i].port);
    attack_send(w, &clear[i].say);
    attack_others(f);
    for (const char *byte; n < sizeof said && (byte = wire_bytes(w, 1, 5));)
        said[n++] = *byte;
    if (n > 7 || (n && memcmp(said, "\x15\x03", 2) != 0)) attack_fail(f, "%zu bytes came", n);
    if (!wire_ended(w, 5)) attack_fail(f, "still open");
    wire_close(w);
    attack_end(f);
}

/* --- a handshake ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *name, *host;
    int newest;  /* 0: whatever is newest */
    bool served; /* does the handshake end well? */
} greetings[] = {
    { "CVE-2019-15846: a name that ends in a backslash", "mail.a.test\\", 0, true },
    { "a name with an escape sequence",  "\x1b]0;x\x07.a.test", 0, true },
    { "a name that walks",               "../../../etc/passwd", 0, true },
    { "a name of another server",        "mail.b.test", 0, true },
    { "a name of 255 bytes",             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0, true },
    { "TLS 1.1",                         "mail.a.test", TLS1_1_VERSION, false },
    { "TLS 1.0",                         "mail.a.test", TLS1_VERSION, false },
};
/* clang-format on */

static struct wire *handshake(struct field *f, const char *host, int newest, bool *good)
{
    struct wire *w = wire_open(server_address(field_server(f)), PORT_IMAPS);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0); /* or this side refuses what is old */
    if (newest) SSL_CTX_set_min_proto_version(context, newest < TLS1_2_VERSION ? newest : 0);
    if (newest) SSL_CTX_set_max_proto_version(context, newest);
    w->tls = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_tlsext_host_name(w->tls, host);
    SSL_set_fd(w->tls, w->fd);
    *good = SSL_connect(w->tls) == 1;
    return w;
}

static void greeting(struct field *f, size_t i)
{
    bool good;
    attack_begin(f, greetings[i].name);
    struct wire *w = handshake(f, greetings[i].host, greetings[i].newest, &good);
    if (good != greetings[i].served) attack_fail(f, "TLS %s", good ? "was made" : "was not made");
    static const struct say logout = SAY(LOGOUT);
    if (good) attack_send(w, &logout);
    if (good)
        attack_hear(f, w, LINE("\\* OK") IMAP_BYE);
    else
        wire_close(w);
    attack_end(f);
}

/* --- inside ----------------------------------------------------------------------------------- */

static void renegotiation(struct field *f)
{
    bool good;
    attack_begin(f, "CVE-2009-3555: renegotiation");
    struct wire *w = handshake(f, "mail.a.test", TLS1_2_VERSION, &good);
    if (!good) attack_fail(f, "no TLS 1.2");
    wire_expect(w, "\\* OK .*");
    if (SSL_renegotiate(w->tls) == 1 && SSL_do_handshake(w->tls) == 1 &&
        !SSL_renegotiate_pending(w->tls))
        attack_fail(f, "was done");
    wire_close(w);
    attack_end(f);
}

/* Thousands of requests for new keys, each of which wants an answer. */
static void new_keys(struct field *f)
{
    attack_begin(f, "a thousand new keys");
    struct wire *w = attack_open(f, IMAPS);
    for (int i = 0; i < 1000 && SSL_key_update(w->tls, SSL_KEY_UPDATE_REQUESTED) == 1; i++)
        if (SSL_do_handshake(w->tls) != 1) break;
    attack_others(f);
    wire_close(w);
    attack_end(f);
}

/* TLS ends in words, or in the middle of a record; what comes behind it in clear is nothing. */
static void end(struct field *f, const char *name, const char *said, bool politely)
{
    attack_begin(f, name);
    struct wire *w = attack_open(f, SUBMITS_USER);
    wire_send(w, said, strlen(said));
    if (politely) SSL_shutdown(w->tls);
    static const char more[] = "\x17\x03\x03\x40\x00QUIT\r\n";
    static const char clear_text[] = "EHLO evil.test\r\nQUIT\r\n";
    const char *rest = politely ? clear_text : more;
    if (send(w->fd, rest, strlen(rest), MSG_NOSIGNAL) < 0) attack_fail(f, "nothing was sent");
    if (!politely) shutdown(w->fd, SHUT_WR);
    bool quiet = true;
    for (const char *line; (line = wire_line(w, 5, NULL));)
        quiet &= strncmp(line, "221", 3) != 0;
    if (!quiet) attack_fail(f, "what came after TLS was executed");
    if (!wire_ended(w, 5)) attack_fail(f, "still open");
    wire_close(w);
    attack_end(f);
}

static void play(struct field *f)
{
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++)
        in_clear(f, i);
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        greeting(f, i);
    renegotiation(f);
    new_keys(f);
    end(f, "rule 5: TLS ends, and clear text follows", "NOOP\r\n", true);
    end(f, "rule 5: TLS is cut amid a record", "NOOP\r\n", false);
    end(f, "CVE-2020-28018: TLS ends amid a chunk",
        "MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\nBDAT 100 LAST\r\nSubject: x", true);
    end(f, "CVE-2020-28018: TLS is cut amid a chunk",
        "MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\nBDAT 100 LAST\r\nSubject: x", false);
    end(f, "TLS ends amid a letter",
        "MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@a.test>\r\nDATA\r\nSubject: x\r\n", true);
}

const struct class tls_class = { "tls", NULL, 0, play };
