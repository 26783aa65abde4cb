/* server.c - a whole server of the world: its directory, its ports, up and down. */
#include <stdio.h>

#include "run/loop_int.h"
#include "simulate/simulate.h"

const char *const user_names[USERS_MAX] = { "alice", "bob", "carol", "full" };

enum { FULL_MESSAGES = 2 };

static const struct settings_section *const all_sections[] = {
    &deliver_section, &auth_section,  &smtp_section, &relay_section,
    &route_section,   &store_section, &imap_section, &pop3_section,
};

/* Hashed once for all users of a world: what it costs is not what is looked at. */
static str hash_of_secret(struct world *w, struct machine *m)
{
    if (w->hash[0]) return str_of(w->hash);
    struct arena a = arena_make(64 * 1024);
    str hash;
    must(!auth_hash_now(m->seam, config_section(m->config, "auth"), S("secret"), &a, &hash));
    snprintf(w->hash, sizeof w->hash, "%.*s", STR_ARG(hash));
    arena_free(&a);
    return str_of(w->hash);
}

static void alias(struct server *s, const char *local, const char *target_local,
                  const char *target_domain)
{
    char from[ADDRESS_MAX], to[ADDRESS_MAX];
    snprintf(from, sizeof from, "%s@%s", local, s->domain);
    snprintf(to, sizeof to, "%s@%s", target_local, target_domain);
    must(!store_alias_add(s->m.store, str_of(from), str_of(to)));
}

/* The users, and the aliases that aims.c knows. */
static void furnish(struct machine *m)
{
    struct server *s = CONTAINER_OF(m, struct server, m);
    const char *next = world_server(s->world, s->index + 1)->domain;
    must(!store_domain_add(m->store, str_of(s->domain)));
    for (unsigned i = 0; i < USERS_MAX; i++) {
        char address[ADDRESS_MAX];
        struct account account;
        snprintf(address, sizeof address, "%s@%s", user_names[i], s->domain);
        struct user u = { .address = str_of(address),
                          .password_hash = hash_of_secret(s->world, m),
                          .quota_messages = i == USER_FULL ? FULL_MESSAGES : 0 };
        must(!store_user_add(m->store, &u, &account));
    }
    alias(s, "team", "alice", s->domain);
    alias(s, "team", "bob", s->domain);
    alias(s, "postmaster", "alice", s->domain);
    alias(s, "away", "carol", next);
    alias(s, "lost", "ghost", next);
    alias(s, "round", "back", next);
    alias(s, "back", "bob", world_server(s->world, s->index + s->world->servers_n - 1)->domain);
}

void server_make(struct world *w, unsigned index)
{
    struct server *s = &w->servers[index];
    *s = (struct server){ .world = w, .index = index };
    snprintf(s->host, sizeof s->host, "mail.%c.test", 'a' + (int)index);
    snprintf(s->domain, sizeof s->domain, "%c.test", 'a' + (int)index);
    snprintf(s->ip, sizeof s->ip, "10.0.0.%u", index + 1);
    s->m = (struct machine){
        .world = w->sim, .host = s->host, .domain = s->domain, .furnish = furnish
    };
    s->m.seam = sim_machine_new(w->sim, s->host, s->ip);
    struct buf text = buf_make(4096);
    buf_addf(&text,
             "[deliver]\nhostname = %s\n"
             "[auth]\nargon2_memory = 64K\nargon2_passes = 1\n"
             "[store]\nlag = 1M\nsegment = 1M\n",
             s->host);
    machine_configure(&s->m, buf_str(&text), all_sections, COUNT_OF(all_sections));
    buf_free(&text);
    dns_add_a(w->sim, s->host, s->ip);
    dns_add_mx(w->sim, s->domain, 10, s->host);
    if (index % 2) { /* a better one, where nobody lives */
        dns_add_mx(w->sim, s->domain, 5, "gone.test");
        if (index == 1) dns_add_a(w->sim, "gone.test", "10.0.0.99");
    }
    s->state = SERVER_DOWN;
}

static bool more_ports(struct server *s)
{
    struct machine *m = &s->m;
    s->imap = (struct imap_server){ .auth_in_clear = true,
                                    .settings = config_section(m->config, "imap"),
                                    .store = m->store,
                                    .auth = m->auth };
    s->pop3 = (struct pop3_server){ .auth_in_clear = true,
                                    .settings = config_section(m->config, "pop3"),
                                    .store = m->store,
                                    .auth = m->auth };
    return machine_listen(m, "0.0.0.0:143", &imap_handler, &s->imap, &m->listeners[2]) &&
           machine_listen(m, "0.0.0.0:110", &pop3_handler, &s->pop3, &m->listeners[3]);
}

bool server_boot(struct server *s)
{
    struct buf why = buf_make(1000);
    bool up = machine_try_boot(&s->m, &why);
    if (up && !more_ports(s)) {
        server_halt(s);
        up = false;
    }
    tell(s->world, "%s comes up%s %.*s", s->host, up ? "" : ", but:", STR_ARG(buf_str(&why)));
    buf_free(&why);
    s->state = up ? SERVER_UP : SERVER_DOWN;
    return up;
}

struct server *server_of_turn(struct world *w)
{
    for (unsigned i = 0; i < w->servers_n; i++)
        if (w->servers[i].m.loop && w->servers[i].m.loop == loop_current()) return &w->servers[i];
    return NULL;
}

void server_halt(struct server *s)
{
    letters_uncertain(s->world, s);
    machine_halt(&s->m);
    s->state = SERVER_DOWN;
}
