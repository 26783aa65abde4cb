/* smtp_fixture.h - for smtp_test and session_fuzz: a whole server on loopback over a store in memory,
 * and a client that runs the server's loop while it waits. */
#ifndef SMTP_SMTP_FIXTURE_H
#define SMTP_SMTP_FIXTURE_H

#include <errno.h>

#include "base/mem.h"
#include "smtp/smtp_int.h"
#include "store/memory.h"

struct world {
    struct seam *seam;
    struct loop *loop;
    struct config *config;
    struct engine *engine;
    struct store *store;
    struct auth *auth;
    struct deliver *deliver;
    struct smtp_server mx, submission, lmtp;
    struct listener *listeners[3];
    struct arena arena;
};
enum { MX, SUBMISSION, LMTP };

static const char configuration[] = "[deliver]\n"
                                    "hostname = mail.a.test\n"
                                    "[auth]\n"
                                    "argon2_memory = 64K\n"
                                    "argon2_passes = 1\n"
                                    "fail_delay = 0ms\n"
                                    "[smtp]\n"
                                    "size_max = 200000\n"
                                    "errors_max = 8\n"
                                    "rcpts_max = 3\n"
                                    "hops_max = 5\n"
                                    "xclient = 127.0.0.0/8\n";

static const struct settings_section *const sections[] = { &deliver_section, &auth_section,
                                                           &smtp_section, &store_section };

static void world_listen(struct world *w, int which, struct smtp_server *server)
{
    struct listener_config c = { .handler = &smtp_handler, .arg = server, .conns_max = 100 };
    assert_int_equal(netaddr_parse(S("127.0.0.1:0"), 0, &c.at), OK);
    assert_int_equal(listener_open(w->seam, &c, &w->listeners[which]), OK);
    assert_int_equal(listener_attach(w->listeners[which], w->loop), OK);
}

static struct account world_user(struct world *w, str address, str password)
{
    struct user u = { .address = address };
    struct account account;
    const struct auth_settings *s = config_section(w->config, "auth");
    assert_int_equal(auth_hash_now(w->seam, s, password, &w->arena, &u.password_hash), OK);
    assert_int_equal(store_user_add(w->store, &u, &account), OK);
    return account;
}

static struct world *world_new(void)
{
    struct world *w = MEM_NEW(struct world);
    struct buf why = buf_make(1000);
    w->arena = arena_make(16 << 20);
    w->seam = seam_real_new("/tmp");
    w->loop = loop_new(w->seam, 0);
    if (config_parse(S("test"), str_of(configuration), sections, COUNT_OF(sections), &w->config, &why))
        fail_msg("%.*s", STR_ARG(buf_str(&why)));
    assert_int_equal(engine_memory_open(w->seam, &w->engine), OK);
    const struct store_settings *ss = config_section(w->config, "store");
    assert_int_equal(store_open_on(w->engine, w->seam, ss, &w->store), OK);
    assert_int_equal(auth_new(w->seam, w->store, config_section(w->config, "auth"), &w->auth), OK);
    assert_int_equal(
        deliver_new(w->seam, w->store, config_section(w->config, "deliver"), &w->deliver), OK);
    w->mx = (struct smtp_server){ .role = SMTP_MX, .can_starttls = true, .store = w->store,
                                  .settings = config_section(w->config, "smtp"), .auth = w->auth,
                                  .deliver = w->deliver };
    w->submission = w->mx;
    w->submission.role = SMTP_SUBMISSION;
    w->submission.auth_in_clear = true;
    world_listen(w, MX, &w->mx);
    world_listen(w, SUBMISSION, &w->submission);
    w->lmtp = w->mx;
    w->lmtp.role = SMTP_LMTP;
    world_listen(w, LMTP, &w->lmtp);
    buf_free(&why);
    return w;
}

static void world_free(struct world *w)
{
    loop_stop(w->loop, 3000);
    loop_run(w->loop);
    loop_free(w->loop);
    listener_close(w->listeners[MX]);
    listener_close(w->listeners[SUBMISSION]);
    listener_close(w->listeners[LMTP]);
    deliver_free(w->deliver);
    auth_free(w->auth);
    store_close(w->store);
    config_free(w->config);
    arena_free(&w->arena);
    seam_free(w->seam);
    mem_free(w);
}

/* --- the client ------------------------------------------------------------------------------- */

enum { PATIENCE_US = 20 * 1000 * 1000 };

static int client_open(struct world *w, int which)
{
    int socket = seam_connect(w->seam, listener_addr(w->listeners[which]), NULL);
    assert_true(socket >= 0);
    return socket;
}

static inline void client_send(struct world *w, int socket, str bytes)
{
    uint64_t until = seam_mono_us(w->seam) + PATIENCE_US;
    while (bytes.n) {
        ssize_t r = seam_send(w->seam, socket, bytes.p, bytes.n);
        if (r > 0) bytes = str_from(bytes, (size_t)r);
        if (r == -EPIPE || r == -ECONNRESET) return;
        assert_true(r > 0 || r == -EAGAIN || r == -ENOTCONN);
        loop_run_once(w->loop, false);
        assert_true(seam_mono_us(w->seam) < until);
    }
}

/* One reply, all its lines; empty at the end. */
static inline str client_reply(struct world *w, int socket)
{
    uint64_t until = seam_mono_us(w->seam) + PATIENCE_US;
    struct buf b = buf_make(64 * 1024);
    size_t line = 0;
    for (;;) {
        char c;
        ssize_t r = seam_recv(w->seam, socket, &c, 1);
        if (r == 0 || r == -ECONNRESET) break;
        if (r == 1) buf_addc(&b, c);
        if (r == 1 && c == '\n') {
            if (b.p[line + 3] == ' ') break;
            line = b.n;
        }
        if (r < 0) loop_run_once(w->loop, false);
        assert_true(seam_mono_us(w->seam) < until);
    }
    str text = arena_copy(&w->arena, buf_str(&b));
    buf_free(&b);
    return text;
}

#endif
