/* server_fixture.h - an IMAP server over a store in memory, on loopback, run by who tests it.
 *
 * For server_test and session_fuzz: the loop turns only while a client here sends or waits.
 */
#ifndef IMAP_SERVER_FIXTURE_H
#define IMAP_SERVER_FIXTURE_H

#include <errno.h>

#include "base/mem.h"
#include "imap/imap.h"
#include "store/memory.h"

enum { CLIENTS = 3, REPLY_MAX = 1 << 20 };

struct client {
    int socket;
    char got[REPLY_MAX];
    size_t at, n; /* what was read ends, what has come ends */
};

static struct {
    struct seam *seam;
    struct loop *loop;
    struct store *store;
    struct engine *engine;
    struct auth *auth;
    struct listener *listener;
    struct imap_server server;
    struct imap_settings settings;
    struct client clients[CLIENTS];
    const char *playing;
} w;

/* --- the world ---------------------------------------------------------------------------- */
static inline void add_user(const char *address, const char *password)
{
    static const struct auth_settings cheap = {
        .argon2_memory_bytes = 64 * 1024,
        .argon2_passes = 1,
        .argon2_lanes = 1,
        .hash_threads = 1,
        .fail_delay_ms = 1,
        .failures_max = 5,
        .cache_ms = 60000,
    };
    struct arena a = arena_make(1 << 20);
    struct user user = { .address = str_of(address) };
    struct account account;
    assert_int_equal(auth_hash_now(w.seam, &cheap, str_of(password), &a, &user.password_hash), OK);
    assert_int_equal(store_user_add(w.store, &user, &account), OK);
    if (!w.auth) assert_int_equal(auth_new(w.seam, w.store, &cheap, &w.auth), OK);
    arena_free(&a);
}

static const struct store_settings keep_a_day = {
    .journey_ms = 86400000,
    .tombstone_ms = 86400000,
    .undelete_ms = 86400000,
};

static inline void world_begin_keeping(const struct store_settings *keep)
{
    w.seam = seam_real_new("/tmp");
    w.loop = loop_new(w.seam, 0);
    assert_non_null(w.loop);
    assert_int_equal(engine_memory_open(w.seam, &w.engine), OK);
    assert_int_equal(store_open_on(w.engine, w.seam, keep, &w.store), OK);
    assert_int_equal(store_domain_add(w.store, S("a.test")), OK);
    add_user("alice@a.test", "secret");
    w.settings = (struct imap_settings){ .idle_ms = 60000,
                                         .login_ms = 60000,
                                         .command_ms = 60000,
                                         .progress_ms = 60000,
                                         .errors_max = 20,
                                         .append_bytes_max = 1000000,
                                         .unauthenticate = true };
    w.server = (struct imap_server){
        .auth_in_clear = true, .settings = &w.settings, .store = w.store, .auth = w.auth
    };
    struct listener_config config = { .handler = &imap_handler,
                                      .arg = &w.server,
                                      .conns_max = 100 };
    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &config.at), OK);
    assert_int_equal(listener_open(w.seam, &config, &w.listener), OK);
    assert_int_equal(listener_attach(w.listener, w.loop), OK);
    for (int i = 0; i < CLIENTS; i++)
        w.clients[i].socket = -1;
}

static inline void world_begin(void)
{
    world_begin_keeping(&keep_a_day);
}

static inline void world_end(void)
{
    for (int i = 0; i < CLIENTS; i++)
        if (w.clients[i].socket >= 0) seam_socket_close(w.seam, w.clients[i].socket);
    loop_stop(w.loop, 3000);
    loop_run(w.loop);
    loop_free(w.loop);
    listener_close(w.listener);
    auth_free(w.auth);
    w.auth = NULL;
    store_close(w.store);
    seam_free(w.seam);
}

static inline void spin(void)
{
    for (int i = 0; i < 3; i++)
        loop_run_once(w.loop, false);
}

/* --- a client ----------------------------------------------------------------------------- */
static inline void client_open(int i)
{
    w.clients[i].socket = seam_connect(w.seam, listener_addr(w.listener), NULL);
    w.clients[i].at = w.clients[i].n = 0;
    assert_true(w.clients[i].socket >= 0);
}

static inline void send_piece(int i, str bytes)
{
    while (bytes.n) {
        ssize_t r = seam_send(w.seam, w.clients[i].socket, bytes.p, bytes.n);
        if (r > 0)
            bytes = str_from(bytes, (size_t)r);
        else if (r != -EAGAIN && r != -ENOTCONN)
            return; /* it was told goodbye */
        spin();
    }
}

static inline void client_send(int i, str line, bool dribble)
{
    for (size_t at = 0; dribble && at < line.n; at++)
        send_piece(i, str_sub(line, at, 1));
    if (!dribble) send_piece(i, line);
    send_piece(i, S("\r\n"));
}

/* The next line without its CRLF; NULL after a second without one, or at the end. */
static inline const char *client_line(int i, int patience_ms)
{
    static char line[REPLY_MAX];
    struct client *c = &w.clients[i];
    uint64_t until = seam_mono_us(w.seam) + (uint64_t)patience_ms * 1000;
    for (;;) {
        str rest = { c->got + c->at, c->n - c->at };
        size_t n = str_chr(rest, '\n');
        if (n != STR_NPOS) {
            str text = str_chomp(str_take(rest, n + 1));
            bytes_copy(line, sizeof(line) - 1, text.p, text.n);
            line[text.n] = '\0';
            c->at += n + 1;
            if (c->at == c->n) c->at = c->n = 0;
            return line;
        }
        if (c->n == REPLY_MAX) {
            c->n -= c->at;
            for (size_t k = 0; k < c->n; k++)
                c->got[k] = c->got[c->at + k];
            c->at = 0;
        }
        ssize_t r = seam_recv(w.seam, c->socket, c->got + c->n, REPLY_MAX - c->n);
        if (r > 0) c->n += (size_t)r;
        if (r == 0 || seam_mono_us(w.seam) > until) return NULL;
        if (r < 0) spin();
    }
}

#endif
