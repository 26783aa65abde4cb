/* house.c - a whole server wired as the program wires it, on one simulated machine. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "dns/resolve.h"

static const char configuration[] = "[deliver]\nhostname = mail.a.test\n"
                                    "[auth]\nargon2_memory = 64K\nargon2_passes = 1\n"
                                    "fail_delay = 1ms\n"
                                    "[smtp]\nsize_max = 100000\nrcpts_max = 5\nhops_max = 5\n"
                                    "hold_max = 1d\nxclient = 10.0.0.0/8\n"
                                    "[imap]\nappend_max = 100000\n"
                                    "[store]\nlag = 1M\nsegment = 1M\n";

static const struct settings_section *const sections[] = {
    &deliver_section, &auth_section,  &smtp_section,   &imap_section,  &pop3_section,
    &relay_section,   &route_section, &search_section, &store_section,
};

static const char *const addresses[DOORS] = { "0.0.0.0:25",  "0.0.0.0:587", "0.0.0.0:24",
                                              "0.0.0.0:143", "0.0.0.0:110", "0.0.0.0:4190" };

void house_run(struct house *h, uint64_t us)
{
    sim_world_run(h->world, seam_mono_us(h->seam) + us);
}

static void on_fiber(struct house *h, fiber_fn *fn)
{
    h->done = false;
    REQUIRE(!fiber_start(h->loop, FIBER_SYSTEM, fn, h));
    for (int i = 0; i < 1000 && !h->done; i++)
        house_run(h, 100000);
    REQUIRE(h->done);
}

/* --- who lives here --------------------------------------------------------------------------- */

static void add_user(struct house *h, str address, bool administrator)
{
    struct arena a = arena_make(64 * 1024);
    struct user u = { .address = address, .administrator = administrator };
    struct account account;
    const struct auth_settings *s = config_section(h->config, "auth");
    REQUIRE(!auth_hash_now(h->seam, s, S("secret"), &a, &u.password_hash));
    REQUIRE(!store_user_add(h->store, &u, &account));
    arena_free(&a);
}

static void make_directory(void *arg)
{
    struct house *h = arg;
    REQUIRE(!store_domain_add(h->store, S("a.test")));
    add_user(h, S("alice@a.test"), true);
    add_user(h, S("bob@a.test"), false);
    REQUIRE(!store_alias_add(h->store, S("team@a.test"), S("alice@a.test")));
    REQUIRE(!store_alias_add(h->store, S("team@a.test"), S("bob@a.test")));
    REQUIRE(!store_alias_add(h->store, S("team@a.test"), S("far@b.test")));
    h->done = true;
}

/* --- the doors -------------------------------------------------------------------------------- */

static void open_door(struct house *h, enum door door, const struct conn_handler *handler,
                      void *arg)
{
    struct listener_config c = { .handler = handler, .arg = arg, .conns_max = 100 };
    REQUIRE(!netaddr_parse(str_of(addresses[door]), 0, &c.at));
    REQUIRE(!listener_open(h->seam, &c, &h->doors[door]));
    REQUIRE(!listener_attach(h->doors[door], h->loop));
}

static void open_doors(struct house *h)
{
    h->mx = (struct smtp_server){ .role = SMTP_MX,
                                  .settings = config_section(h->config, "smtp"),
                                  .store = h->store,
                                  .auth = h->auth,
                                  .deliver = h->deliver };
    h->submission = h->lmtp = h->mx;
    h->submission.role = SMTP_SUBMISSION;
    h->submission.auth_in_clear = true;
    h->lmtp.role = SMTP_LMTP;
    h->imap = (struct imap_server){ .auth_in_clear = true,
                                    .settings = config_section(h->config, "imap"),
                                    .store = h->store,
                                    .auth = h->auth,
                                    .search = h->search };
    h->pop3 = (struct pop3_server){ .auth_in_clear = true,
                                    .settings = config_section(h->config, "pop3"),
                                    .store = h->store,
                                    .auth = h->auth };
    h->admin = (struct admin){ .seam = h->seam,
                               .store = h->store,
                               .auth_settings = config_section(h->config, "auth"),
                               .relay = h->relay,
                               .auth = h->auth };
    open_door(h, DOOR_MX, &smtp_handler, &h->mx);
    open_door(h, DOOR_SUBMISSION, &smtp_handler, &h->submission);
    open_door(h, DOOR_LMTP, &smtp_handler, &h->lmtp);
    open_door(h, DOOR_IMAP, &imap_handler, &h->imap);
    open_door(h, DOOR_POP3, &pop3_handler, &h->pop3);
    open_door(h, DOOR_CONTROL, &admin_handler, &h->admin);
}

static void boot(struct house *h)
{
    struct buf why = buf_make(1000);
    h->loop = loop_new(h->seam, 0);
    REQUIRE(!store_open(h->seam, config_section(h->config, "store"), &h->store, &why));
    REQUIRE(!search_open(h->seam, h->store, config_section(h->config, "search"), &h->search, &why));
    REQUIRE(!auth_new(h->seam, h->store, config_section(h->config, "auth"), &h->auth));
    REQUIRE(!deliver_new(h->seam, h->store, config_section(h->config, "deliver"), &h->deliver));
    REQUIRE(!relay_new(h->seam, h->store, h->deliver, h->config, &h->relay, &why));
    buf_free(&why);
    open_doors(h);
    REQUIRE(!relay_start(h->relay, h->loop));
    house_run(h, 1000);
    h->fibers = fiber_stats(h->loop).running;
}

static void halt(struct house *h)
{
    loop_stop(h->loop, 1000);
    house_run(h, 2000000);
    for (int i = 0; i < DOORS; i++)
        listener_close(h->doors[i]);
    relay_free(h->relay);
    deliver_free(h->deliver);
    auth_free(h->auth);
    search_close(h->search);
    store_close(h->store);
    loop_free(h->loop);
}

/* --- the far end ------------------------------------------------------------------------------ */

static void far_away(struct house *h)
{
    struct netaddr at;
    h->far = sim_machine_new(h->world, "mail.b.test", "10.0.0.2");
    REQUIRE(!netaddr_parse(S("10.0.0.2:25"), 0, &at));
    h->far_listener = seam_listen(h->far, &at, 10);
    REQUIRE(h->far_listener >= 0);
    sim_dns_add(h->world, S("b.test"), RR_A, S("\x0a\0\0\x02"));
}

int house_knock(struct house *h, enum door door)
{
    struct netaddr peer;
    if (door == DOOR_FAR) return seam_accept(h->far, h->far_listener, &peer);
    struct netaddr at = *listener_addr(h->doors[door]);
    REQUIRE(!netaddr_parse(S("127.0.0.1"), at.port, &at));
    return seam_connect(h->seam, &at, NULL);
}

/* --- its life --------------------------------------------------------------------------------- */

struct house *house_open(uint64_t seed)
{
    struct house *h = MEM_NEW(struct house);
    struct buf why = buf_make(1000);
    setenv("SSL_CERT_FILE", "/dev/null", 1); /* the system's take a tenth of a second to read */
    h->world = sim_world_new(seed);
    h->seam = sim_machine_new(h->world, "mail.a.test", "10.0.0.1");
    REQUIRE(!config_parse(S("house"), str_of(configuration), sections, COUNT_OF(sections),
                          &h->config, &why));
    far_away(h);
    boot(h);
    on_fiber(h, make_directory);
    buf_free(&why);
    return h;
}

void house_close(struct house *h)
{
    halt(h);
    config_free(h->config);
    sim_world_free(h->world);
    mem_free(h);
}

void house_restart(struct house *h, bool power_cut)
{
    if (power_cut) sim_machine_power_cut(h->seam);
    halt(h);
    if (power_cut) sim_machine_power_on(h->seam);
    boot(h);
}

static void found_fault(void *arg, str what)
{
    (void)arg;
    fprintf(stderr, "fault: %.*s\n", STR_ARG(what));
}

static void check(void *arg)
{
    struct house *h = arg;
    struct check_report report = { .fault = found_fault };
    REQUIRE(!store_check(h->store, &report));
    h->done = true;
}

void house_check(struct house *h)
{
    on_fiber(h, check);
}

/* --- damage ----------------------------------------------------------------------------------- */

enum { ACCOUNTS_MAX = 16 };

struct damage {
    struct house *house;
    struct account accounts[ACCOUNTS_MAX];
    size_t accounts_n, at_account;
    unsigned which, at, with, rows;
    struct account account; /* the row's */
    struct buf key, value;
};
static struct damage *doing; /* a fiber's argument is the house */

static bool note_account(void *arg, struct account a)
{
    struct damage *d = arg;
    if (d->accounts_n < ACCOUNTS_MAX) d->accounts[d->accounts_n++] = a;
    return true;
}

static bool count_row(void *arg, str key, str value)
{
    struct damage *d = arg;
    if (d->rows++ != d->which) return true;
    d->account = d->accounts[d->at_account];
    buf_add(&d->key, key);
    buf_add(&d->value, value);
    return false;
}

static void walk_rows(struct damage *d, struct view *v)
{
    d->rows = 0;
    for (d->at_account = 0; d->at_account < d->accounts_n && !d->key.n; d->at_account++)
        REQUIRE(!view_scan(v, d->accounts[d->at_account], S(""), S(""), count_row, d));
}

static enum err put_damaged(struct txn *t, void *arg)
{
    struct damage *d = arg;
    txn_put(t, d->account, buf_str(&d->key), buf_str(&d->value));
    return OK;
}

static void find_row(struct damage *d)
{
    struct view *v = store_view(d->house->store);
    unsigned which = d->which;
    REQUIRE(!view_accounts(v, note_account, d));
    d->which = UINT32_MAX;
    walk_rows(d, v);
    d->which = which % d->rows;
    walk_rows(d, v);
    view_end(v);
}

static void damage(void *arg)
{
    struct damage *d = doing;
    (void)arg;
    find_row(d);
    if (!d->with && d->value.n) buf_truncate(&d->value, d->at % d->value.n);
    if (d->with && d->value.n) d->value.p[d->at % d->value.n] ^= (char)d->with;
    REQUIRE(!engine_commit(store_engine(d->house->store), put_damaged, d));
    d->house->done = d->house->damaged = true;
}

void house_damage(struct house *h, unsigned which, unsigned at, unsigned with)
{
    struct damage d = { .house = h,
                        .which = which,
                        .at = at,
                        .with = with,
                        .key = buf_make(STORE_KEY_BYTES),
                        .value = buf_make(STORE_VALUE_BYTES) };
    doing = &d;
    on_fiber(h, damage);
    buf_free(&d.key);
    buf_free(&d.value);
}

static void hear_of(void *arg, str what)
{
    (void)arg;
    REQUIRE(!utf8_has_control(what));
}

static void mend(void *arg)
{
    struct house *h = arg;
    struct check_report report = { .fault = hear_of };
    struct repair_report repair = { .lost = hear_of, .mended = hear_of };
    (void)!store_check(h->store, &report);
    REQUIRE(!store_mend(h->store, &repair));
    struct check_report again = { .fault = found_fault };
    REQUIRE(!store_check(h->store, &again));
    h->done = true;
}

void house_mend(struct house *h)
{
    on_fiber(h, mend);
}

uint64_t house_queue(struct house *h)
{
    struct view *v = store_view(h->store);
    uint64_t n = store_queue_count(v);
    view_end(v);
    return n;
}
