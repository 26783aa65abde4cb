/* pop3_fixture.h - for pop3_test and pop3_fuzz: a POP3 server over a store in memory, in a
 * simulated world, and a client that says what it likes. */
#ifndef POP3_POP3_FIXTURE_H
#define POP3_POP3_FIXTURE_H

#include <errno.h>

#include "base/mem.h"
#include "mail/card.h"
#include "pop3/session_int.h"
#include "store/memory.h"

#ifndef REQUIRE
#define REQUIRE(x) assert_true(x)
#endif

struct place {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct auth *auth;
    struct auth_settings auth_settings;
    struct store_settings store_settings;
    struct pop3_settings settings;
    struct pop3_server server;
    struct listener *listener;
    struct account alice;
    struct buf heard;
};

static inline void run_for(struct place *p, uint64_t ms)
{
    sim_world_run(p->world, seam_mono_us(p->seam) + ms * 1000);
}

static inline void place_append(struct place *p, str text)
{
    struct buf card = buf_make(CARD_BYTES);
    struct append item = { .account = p->alice, .mailbox = S("INBOX") };
    struct appended out;
    REQUIRE(card_build(&card, text));
    REQUIRE(!body_begin(p->engine, &item.body));
    REQUIRE(!body_write(item.body, text));
    REQUIRE(!body_seal(item.body, S("")));
    item.card = buf_str(&card);
    REQUIRE(!store_append(p->store, &item, 1, &out));
    body_free(item.body);
    buf_free(&card);
}

static inline void place_user(struct place *p)
{
    struct arena a = arena_make(4096);
    struct user u = { .address = S("alice@a.test") };
    REQUIRE(!auth_hash_now(p->seam, &p->auth_settings, S("secret"), &a, &u.password_hash));
    REQUIRE(!store_domain_add(p->store, S("a.test")));
    REQUIRE(!store_user_add(p->store, &u, &p->alice));
    arena_free(&a);
}

static inline void place_open(struct place *p)
{
    *p = (struct place){ .world = sim_world_new(3), .heard = buf_make(16 << 20) };
    p->auth_settings = (struct auth_settings){ .argon2_memory_bytes = 1 << 16,
                                               .argon2_passes = 1,
                                               .argon2_lanes = 1,
                                               .hash_threads = 1,
                                               .failures_max = 3,
                                               .cache_ms = 3600000 };
    p->store_settings = (struct store_settings){ .journey_ms = 1ull << 40,
                                                 .tombstone_ms = 1ull << 40,
                                                 .undelete_ms = 1ull << 40 };
    p->settings = (struct pop3_settings){
        .idle_ms = 600000, .login_ms = 60000, .command_ms = 300000, .errors_max = 5
    };
    p->seam = sim_machine_new(p->world, "machine", "10.0.0.1");
    p->loop = loop_new(p->seam, 0);
    REQUIRE(!engine_memory_open(p->seam, &p->engine));
    REQUIRE(!store_open_on(p->engine, p->seam, &p->store_settings, &p->store));
    REQUIRE(!auth_new(p->seam, p->store, &p->auth_settings, &p->auth));
    place_user(p);
    p->server = (struct pop3_server){ .auth_in_clear = true,
                                      .can_starttls = true,
                                      .settings = &p->settings,
                                      .store = p->store,
                                      .auth = p->auth };
    struct listener_config c = { .handler = &pop3_handler, .arg = &p->server, .conns_max = 10 };
    REQUIRE(!netaddr_parse(S("0.0.0.0:110"), 0, &c.at));
    REQUIRE(!listener_open(p->seam, &c, &p->listener));
    REQUIRE(!listener_attach(p->listener, p->loop));
}

static inline void place_end(struct place *p)
{
    loop_stop(p->loop, 1000);
    run_for(p, 2000);
    loop_free(p->loop);
    listener_close(p->listener);
    auth_free(p->auth);
    store_close(p->store);
    sim_world_free(p->world);
    buf_free(&p->heard);
}

static inline size_t place_messages(struct place *p)
{
    struct view *v = store_view(p->store);
    struct mailbox box;
    REQUIRE(!store_mailbox_find(v, p->alice, S("INBOX"), &box));
    view_end(v);
    return box.messages;
}

/* --- the client --------------------------------------------------------------------------------
 */

static inline int client_open(struct place *p)
{
    struct netaddr at;
    REQUIRE(!netaddr_parse(S("127.0.0.1:110"), 0, &at));
    int socket = seam_connect(p->seam, &at, NULL);
    REQUIRE(socket >= 0);
    run_for(p, 100);
    return socket;
}

/* What has come by now, added to p->heard; true at the end of the stream. */
static inline bool client_hear(struct place *p, int socket)
{
    for (int idle = 0; idle < 20;) {
        char *room = buf_reserve(&p->heard, 16384);
        REQUIRE(room);
        ssize_t n = seam_recv(p->seam, socket, room, 16384);
        if (n > 0) buf_commit(&p->heard, (size_t)n);
        if (n == 0 || (n < 0 && n != -EAGAIN)) return true;
        idle = n > 0 ? 0 : idle + 1;
        run_for(p, 10);
    }
    return false;
}

static inline void client_send(struct place *p, int socket, str bytes)
{
    for (int i = 0; bytes.n && i < 10000; i++) {
        ssize_t n = seam_send(p->seam, socket, bytes.p, bytes.n);
        if (n > 0) bytes = str_from(bytes, (size_t)n);
        if (n < 0 && n != -EAGAIN) return;
        run_for(p, 2);
    }
}

#endif
