/* machine_fixture.h - for tests: mail servers in a simulated world, each whole (store, delivery, SMTP,
 * relay), wired as the program wires them; and their names. */
#ifndef RELAY_MACHINE_FIXTURE_H
#define RELAY_MACHINE_FIXTURE_H

#include <assert.h>

#include "base/mem.h"
#include "dns/resolve.h"
#include "relay/relay_int.h"
#include "smtp/smtp.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

struct machine {
    struct sim_world *world;
    struct seam *seam;
    const char *host, *domain, *user; /* mail.a.test, a.test, alice@a.test */
    void (*furnish)(struct machine *m); /* makes the directory: on a fiber, at the first boot. Waits. */
    struct config *config;
    struct loop *loop; /* NULL: it is down */
    struct store *store;
    struct auth *auth;
    struct deliver *deliver;
    struct relay *relay;
    struct smtp_server mx, submission;
    struct listener *listeners[4]; /* two more for a test's own ports */
    bool made; /* the directory is there already: a restart */
    bool step_done;
};

static const struct settings_section *const world_sections[] = { &deliver_section, &auth_section,
                                                                 &smtp_section, &relay_section,
                                                                 &route_section, &store_section };

static inline void must(bool ok)
{
    assert(ok);
    (void)ok;
}

/* --- running ------------------------------------------------------------------------------------
 */

static inline void run_for(struct machine *m, int64_t us)
{
    sim_world_run(m->world, seam_mono_us(m->seam) + (uint64_t)us);
}

/* Runs fn on a fiber of the machine until it has returned. */
static inline void on_fiber(struct machine *m, fiber_fn *fn, void *arg)
{
    m->step_done = false;
    must(fiber_start(m->loop, FIBER_SYSTEM, fn, arg) == OK);
    for (int i = 0; i < 1000 && !m->step_done; i++)
        run_for(m, SECOND_US / 100);
    must(m->step_done);
}

/* --- a server's life ----------------------------------------------------------------------------
 */

static inline void furnish_run(void *arg)
{
    struct machine *m = arg;
    m->furnish(m);
    m->step_done = true;
}

/* One domain, one user. */
static inline void furnish_one(struct machine *m)
{
    struct arena a = arena_make(64 * 1024);
    struct user u = { .address = str_of(m->user) };
    struct account account;
    const struct auth_settings *s = config_section(m->config, "auth");
    must(auth_hash_now(m->seam, s, S("secret"), &a, &u.password_hash) == OK);
    must(store_domain_add(m->store, str_of(m->domain)) == OK);
    must(store_user_add(m->store, &u, &account) == OK);
    arena_free(&a);
}

static inline bool machine_listen(struct machine *m, const char *at,
                                  const struct conn_handler *handler, void *as,
                                  struct listener **out)
{
    struct listener_config c = { .handler = handler, .arg = as, .conns_max = 100 };
    must(netaddr_parse(str_of(at), 0, &c.at) == OK);
    return !listener_open(m->seam, &c, out) && !listener_attach(*out, m->loop);
}

static inline bool machine_ports(struct machine *m)
{
    m->mx = (struct smtp_server){ .role = SMTP_MX,
                                  .settings = config_section(m->config, "smtp"),
                                  .store = m->store,
                                  .auth = m->auth,
                                  .deliver = m->deliver };
    m->submission = m->mx;
    m->submission.role = SMTP_SUBMISSION;
    m->submission.auth_in_clear = true;
    return machine_listen(m, "0.0.0.0:25", &smtp_handler, &m->mx, &m->listeners[0]) &&
           machine_listen(m, "0.0.0.0:587", &smtp_handler, &m->submission, &m->listeners[1]);
}

static inline enum err machine_parts(struct machine *m, struct buf *why)
{
    enum err e = store_open(m->seam, config_section(m->config, "store"), &m->store, why);
    if (!e) e = auth_new(m->seam, m->store, config_section(m->config, "auth"), &m->auth);
    if (!e) e = deliver_new(m->seam, m->store, config_section(m->config, "deliver"), &m->deliver);
    if (!e) e = relay_new(m->seam, m->store, m->deliver, m->config, &m->relay, why);
    return e;
}

/* Also of a ghost, and of one that did not come up. */
static inline void machine_halt(struct machine *m)
{
    loop_stop(m->loop, 5000);
    run_for(m, 6 * SECOND_US);
    for (size_t i = 0; i < COUNT_OF(m->listeners); i++) {
        if (m->listeners[i]) listener_close(m->listeners[i]);
        m->listeners[i] = NULL;
    }
    if (m->relay) relay_free(m->relay);
    if (m->deliver) deliver_free(m->deliver);
    if (m->auth) auth_free(m->auth);
    store_close(m->store);
    loop_free(m->loop);
    m->relay = NULL;
    m->deliver = NULL;
    m->auth = NULL;
    m->store = NULL;
    m->loop = NULL;
}

/* False, and *why: it did not come up, and is down again. */
static inline bool machine_try_boot(struct machine *m, struct buf *why)
{
    m->loop = loop_new(m->seam, 0);
    enum err e = machine_parts(m, why);
    if (!e && !m->made) {
        on_fiber(m, furnish_run, m);
        m->made = true;
    }
    if (!e && machine_ports(m) && !relay_start(m->relay, m->loop)) return true;
    if (!why->n) buf_add(why, str_of(e ? err_text(e) : "its ports"));
    machine_halt(m);
    return false;
}

static inline void machine_boot(struct machine *m)
{
    struct buf why = buf_make(1000);
    must(machine_try_boot(m, &why));
    buf_free(&why);
}

/* host, domain and user live as long as the machine; text: its configuration file. */
static inline void machine_configure(struct machine *m, str text,
                                     const struct settings_section *const *sections, size_t n)
{
    struct buf why = buf_make(1000);
    must(!config_parse(S("world"), text, sections, n, &m->config, &why));
    buf_free(&why);
}

/* One of the two that most tests need. settings: more lines of the configuration file. */
static inline void machine_make(struct machine *m, struct sim_world *w, const char *letter,
                                const char *ip, const char *settings)
{
    struct buf text = buf_make(4096);
    const char *host = letter[0] == 'a' ? "mail.a.test" : "mail.b.test";
    *m = (struct machine){ .world = w,
                           .host = host,
                           .domain = host + 5,
                           .user = letter[0] == 'a' ? "alice@a.test" : "bob@b.test",
                           .furnish = furnish_one };
    m->seam = sim_machine_new(w, host, ip);
    buf_addf(&text, "[deliver]\nhostname = %s\n[auth]\nargon2_memory = 64K\nargon2_passes = 1\n%s",
             host, settings);
    machine_configure(m, buf_str(&text), world_sections, COUNT_OF(world_sections));
    buf_free(&text);
}

/* Power lost and, much later or at once, back: machine_boot follows. */
static inline void machine_lose_power(struct machine *m)
{
    if (sim_machine_has_power(m->seam)) sim_machine_power_cut(m->seam);
    sim_machine_power_cut_at(m->seam, 0);
    machine_halt(m);
}

static inline void machine_power_back(struct machine *m)
{
    sim_machine_power_on(m->seam);
    machine_boot(m);
}

static inline void machine_end(struct machine *m)
{
    if (m->loop) machine_halt(m);
    config_free(m->config);
}

/* --- names --------------------------------------------------------------------------------------
 */

static inline void wire_name(struct buf *b, str name)
{
    str label;
    while (str_split(&name, '.', &label)) {
        buf_addc(b, (char)label.n);
        buf_add(b, label);
    }
    buf_addc(b, '\0');
}

static inline void dns_add_mx(struct sim_world *w, const char *domain, uint16_t preference,
                              const char *host)
{
    struct buf b = buf_make(512);
    buf_addc(&b, (char)(preference >> 8));
    buf_addc(&b, (char)preference);
    wire_name(&b, str_of(host));
    sim_dns_add(w, str_of(domain), RR_MX, buf_str(&b));
    buf_free(&b);
}

static inline void dns_add_a(struct sim_world *w, const char *host, const char *ip)
{
    struct netaddr at;
    must(netaddr_parse(str_of(ip), 0, &at) == OK);
    sim_dns_add(w, str_of(host), RR_A, (str){ (const char *)at.ip, 4 });
}

#endif
