/* device.c - a device that speaks IMAP: commands, and listening with IDLE on a fiber beside. */
#include <stdio.h>
#include <string.h>

#include "demo/people.h"

enum { HEARD_BYTES = 8 << 20, IDLE_SLICE_MS = 1000 };

bool device_open(struct device *v, struct demo *d, struct server *s, const char *user,
                 const char *password, int port)
{
    char host[160];
    snprintf(host, sizeof host, "mail.%s", server_domain(s));
    struct client_options o = { .to = address_of(d, s, port),
                                .host = str_of(host),
                                .tls = port == PORT_IMAPS ? CLIENT_TLS : CLIENT_STARTTLS,
                                .tls_client = d->tls,
                                .connect_ms = DEMO_WAIT_MS,
                                .command_ms = DEMO_WAIT_MS,
                                .trace = wire_trace,
                                .trace_arg = &v->wire };
    v->demo = d;
    v->heard = buf_make(HEARD_BYTES);
    v->news = buf_make(HEARD_BYTES);
    if (imap_client_open(&o, &d->arena, &v->imap)) {
        v->imap = NULL;
        return false;
    }
    /* The host's name is gone with this function; the handshake is done. */
    str text;
    return !imap_client_login(v->imap, str_of(user), str_of(password), &text);
}

static void hear(void *arg, str response)
{
    struct device *v = arg;
    buf_add(&v->heard, response);
    buf_addc(&v->heard, '\n');
}

bool device_do(struct device *v, const char *command)
{
    if (!v->imap) return false;
    buf_reset(&v->heard);
    enum err e = imap_client_command(v->imap, str_of(command), hear, v, NULL);
    conn_write(imap_client_conn(v->imap), (str){ 0 }); /* shows the last line now */
    wire_end(&v->wire);
    return !e;
}

str device_literal(const struct device *v)
{
    str all = buf_str(&v->heard);
    size_t open = str_chr(all, '{'), line = str_find(all, S("}\r\n"));
    uint64_t n;
    if (open == STR_NPOS || line == STR_NPOS || open > line) return (str){ 0 };
    if (!str_u64(str_sub(all, open + 1, line - open - 1), all.n, &n)) return (str){ 0 };
    return str_sub(all, line + 3, n);
}

/* --- listening -------------------------------------------------------------------------------- */

static void note_news(void *arg, str response)
{
    struct device *v = arg;
    v->news_at_s = now_s();
    buf_add(&v->news, response);
    buf_addc(&v->news, '\n');
}

static void listen_run(void *arg)
{
    struct device *v = arg;
    enum err e = OK;
    while (!v->stop && (!e || e == ERR_LATER))
        e = imap_client_idle(v->imap, IDLE_SLICE_MS, note_news, v);
    v->listening = false;
}

bool device_listen(struct device *v)
{
    if (!v->imap) return false;
    v->wire.quiet = true;
    v->listening = true;
    if (fiber_start(loop_self(), FIBER_SYSTEM, listen_run, v)) v->listening = false;
    nap_ms(50); /* until IDLE has been said */
    return v->listening;
}

void device_news_reset(struct device *v)
{
    buf_reset(&v->news);
}

bool device_hears(struct device *v, const char *what, unsigned ms)
{
    for (double end = now_s() + ms / 1000.0;
         str_find(buf_str(&v->news), str_of(what)) == STR_NPOS;) {
        if (now_s() > end || !v->listening) return false;
        nap_ms(1);
    }
    return true;
}

void device_close(struct device *v)
{
    v->stop = true;
    while (v->listening)
        nap_ms(5);
    if (v->imap) imap_client_close(v->imap);
    wire_end(&v->wire);
    buf_free(&v->heard);
    buf_free(&v->news);
    v->imap = NULL;
}

unsigned messages_of(struct demo *d, struct server *s, const char *user)
{
    struct device v = { .wire = { .quiet = true } };
    bool bob = str_ends(str_of(user), S("@b.test"));
    uint64_t n = 0;
    if (device_open(&v, d, s, user, bob ? bob_password : alice_password, PORT_IMAPS) &&
        device_do(&v, "STATUS INBOX (MESSAGES)")) {
        str heard = buf_str(&v.heard);
        size_t at = str_find(heard, S("MESSAGES "));
        str number = str_from(heard, at == STR_NPOS ? heard.n : at + 9);
        if (!str_u64(str_take(number, str_chr(number, ')')), 1000000, &n)) n = 999999;
    }
    device_close(&v);
    return (unsigned)n;
}
