/* world_fixture.h - for relay_test and world_test: mail servers in a simulated world, each whole
 * (store, delivery, SMTP, relay), wired as the program wires them; and a person who submits a
 * letter. */
#ifndef RELAY_WORLD_FIXTURE_H
#define RELAY_WORLD_FIXTURE_H

#include "base/codec.h"
#include "base/mem.h"
#include "dns/resolve.h"
#include "relay/relay_int.h"
#include "smtp/smtp.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

enum { LETTERS_MAX = 16, LETTER_BYTES = 8192 };

struct machine {
    struct sim_world *world;
    struct seam *seam;
    const char *host, *domain, *user; /* mail.a.test, a.test, alice@a.test */
    struct config *config;
    struct loop *loop;
    struct store *store;
    struct auth *auth;
    struct deliver *deliver;
    struct relay *relay;
    struct smtp_server mx, submission;
    struct listener *listeners[2];
    bool made; /* the directory is there already: a restart */
    bool step_done;
};

static const struct settings_section *const world_sections[] = { &deliver_section, &auth_section,
                                                                 &smtp_section, &relay_section,
                                                                 &route_section, &store_section };

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
    assert_int_equal(fiber_start(m->loop, FIBER_SYSTEM, fn, arg), OK);
    for (int i = 0; i < 1000 && !m->step_done; i++)
        run_for(m, SECOND_US / 100);
    assert_true(m->step_done);
}

/* --- a server's life ----------------------------------------------------------------------------
 */

static inline void make_directory(void *arg)
{
    struct machine *m = arg;
    struct arena a = arena_make(64 * 1024);
    struct user u = { .address = str_of(m->user) };
    struct account account;
    const struct auth_settings *s = config_section(m->config, "auth");
    assert_int_equal(auth_hash_now(m->seam, s, S("secret"), &a, &u.password_hash), OK);
    assert_int_equal(store_domain_add(m->store, str_of(m->domain)), OK);
    assert_int_equal(store_user_add(m->store, &u, &account), OK);
    arena_free(&a);
    m->step_done = true;
}

static inline void machine_listen(struct machine *m, int which, const char *at,
                                  struct smtp_server *as)
{
    struct listener_config c = { .handler = &smtp_handler, .arg = as, .conns_max = 100 };
    assert_int_equal(netaddr_parse(str_of(at), 0, &c.at), OK);
    assert_int_equal(listener_open(m->seam, &c, &m->listeners[which]), OK);
    assert_int_equal(listener_attach(m->listeners[which], m->loop), OK);
}

static inline void machine_boot(struct machine *m)
{
    struct buf why = buf_make(1000);
    m->loop = loop_new(m->seam, 0);
    enum err e = store_open(m->seam, config_section(m->config, "store"), &m->store, &why);
    if (e) fail_msg("%s: %s: %.*s", m->host, err_text(e), STR_ARG(buf_str(&why)));
    assert_int_equal(auth_new(m->seam, m->store, config_section(m->config, "auth"), &m->auth), OK);
    assert_int_equal(
        deliver_new(m->seam, m->store, config_section(m->config, "deliver"), &m->deliver), OK);
    assert_int_equal(relay_new(m->seam, m->store, m->deliver, m->config, &m->relay, &why),
                     OK);
    if (!m->made) on_fiber(m, make_directory, m);
    m->made = true;
    m->mx = (struct smtp_server){ .role = SMTP_MX,
                                  .settings = config_section(m->config, "smtp"),
                                  .store = m->store,
                                  .auth = m->auth,
                                  .deliver = m->deliver };
    m->submission = m->mx;
    m->submission.role = SMTP_SUBMISSION;
    m->submission.auth_in_clear = true;
    machine_listen(m, 0, "0.0.0.0:25", &m->mx);
    machine_listen(m, 1, "0.0.0.0:587", &m->submission);
    assert_int_equal(relay_start(m->relay, m->loop), OK);
    buf_free(&why);
}

/* Also of a ghost. */
static inline void machine_halt(struct machine *m)
{
    loop_stop(m->loop, 5000);
    run_for(m, 6 * SECOND_US);
    listener_close(m->listeners[0]);
    listener_close(m->listeners[1]);
    relay_free(m->relay);
    deliver_free(m->deliver);
    auth_free(m->auth);
    store_close(m->store);
    loop_free(m->loop);
    m->loop = NULL;
}

/* settings: more lines of the configuration file. */
static inline void machine_make(struct machine *m, struct sim_world *w, const char *letter,
                                const char *ip, const char *settings)
{
    struct buf text = buf_make(4096), why = buf_make(1000);
    const char *host = letter[0] == 'a' ? "mail.a.test" : "mail.b.test";
    *m = (struct machine){ .world = w,
                           .host = host,
                           .domain = host + 5,
                           .user = letter[0] == 'a' ? "alice@a.test" : "bob@b.test" };
    m->seam = sim_machine_new(w, host, ip);
    buf_addf(&text, "[deliver]\nhostname = %s\n[auth]\nargon2_memory = 64K\nargon2_passes = 1\n%s",
             host, settings);
    if (config_parse(S("world"), buf_str(&text), world_sections, COUNT_OF(world_sections),
                     &m->config, &why))
        fail_msg("%.*s", STR_ARG(buf_str(&why)));
    buf_free(&text);
    buf_free(&why);
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
    assert_int_equal(netaddr_parse(str_of(ip), 0, &at), OK);
    sim_dns_add(w, str_of(host), RR_A, (str){ (const char *)at.ip, 4 });
}

/* --- what lies there ----------------------------------------------------------------------------
 */

struct mailbox_text {
    size_t n;
    size_t bytes[LETTERS_MAX];
    char text[LETTERS_MAX][LETTER_BYTES];
};

struct reading {
    struct machine *machine;
    struct mailbox_text *out;
    struct blob blobs[LETTERS_MAX];
};

static inline bool note_blob(void *arg, const struct message *message)
{
    struct reading *r = arg;
    assert_true(r->out->n < LETTERS_MAX);
    r->blobs[r->out->n++] = message->blob;
    return true;
}

static inline void read_bodies(void *arg)
{
    struct reading *r = arg;
    for (size_t i = 0; i < r->out->n; i++) {
        struct body_reader *body;
        assert_int_equal(body_open(store_engine(r->machine->store), r->blobs[i], &body), OK);
        uint64_t size = body_reader_size(body);
        assert_true(size < LETTER_BYTES);
        for (uint64_t at = 0; at < size;) {
            str bytes;
            assert_int_equal(body_read(body, at, size - at, &bytes), OK);
            bytes_copy(r->out->text[i] + at, LETTER_BYTES - at, bytes.p, bytes.n);
            at += bytes.n;
        }
        r->out->bytes[i] = size;
        body_close(body);
    }
    r->machine->step_done = true;
}

/* The whole INBOX of the machine's one user. Free it with mem_free. */
static inline struct mailbox_text *inbox(struct machine *m)
{
    struct mailbox_text *out = MEM_NEW(struct mailbox_text);
    struct reading r = { .machine = m, .out = out };
    struct view *v = store_view(m->store);
    struct user u;
    struct mailbox box;
    assert_int_equal(store_user_find(v, str_of(m->user), &u), OK);
    assert_int_equal(store_mailbox_find(v, u.account, S("INBOX"), &box), OK);
    assert_int_equal(
        store_messages(v, &box, (struct uid_range){ 1, UINT32_MAX }, WANT_CARD, note_blob, &r), OK);
    view_end(v);
    on_fiber(m, read_bodies, &r);
    return out;
}

/* Letters in the INBOX that hold this text. */
static inline size_t count_letters(struct machine *m, const char *text)
{
    struct mailbox_text *box = inbox(m);
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += str_find((str){ box->text[i], box->bytes[i] }, str_of(text)) != STR_NPOS;
    mem_free(box);
    return n;
}

static inline uint64_t queue_count(struct machine *m)
{
    struct view *v = store_view(m->store);
    uint64_t n = store_queue_count(v);
    view_end(v);
    return n;
}

/* --- a person who sends a letter -------------------------------------------------------------- */

struct person {
    struct machine *at;   /* whose submission port is used */
    const char *mail;     /* the whole line; NULL: the usual one */
    const char *rcpts[4]; /* whole lines; none: the usual one */
    const char *letter;   /* CRLF lines */
    bool acked;           /* the 250 after the letter was read */
    struct buf last;      /* the last reply */
};

static inline bool hear(struct person *p, struct conn *c, char class)
{
    str line;
    do {
        if (conn_line(c, 1000, &line)) return false;
        buf_reset(&p->last);
        buf_add(&p->last, line);
    } while (line.n > 3 && line.p[3] == '-');
    return line.n && line.p[0] == class;
}

static inline bool say(struct person *p, struct conn *c, const char *line, char class)
{
    conn_write(c, str_of(line));
    conn_write(c, S("\r\n"));
    return hear(p, c, class);
}

static inline bool say_rcpts(struct person *p, struct conn *c)
{
    if (!p->rcpts[0]) return say(p, c, "RCPT TO:<bob@b.test>", '2');
    for (size_t i = 0; i < COUNT_OF(p->rcpts) && p->rcpts[i]; i++)
        if (!say(p, c, p->rcpts[i], '2')) return false;
    return true;
}

static inline bool submission(struct person *p, struct conn *c)
{
    struct buf plain = buf_make(200);
    buf_add(&plain, S("AUTH PLAIN "));
    struct buf secret = buf_make(200);
    buf_addc(&secret, '\0');
    buf_add(&secret, str_of(p->at->user));
    buf_add(&secret, (str){ "\0secret", 7 });
    base64_encode(&plain, buf_str(&secret));
    buf_addc(&plain, '\0');
    bool ok = hear(p, c, '2') && say(p, c, "EHLO there", '2') && say(p, c, plain.p, '2') &&
              say(p, c, p->mail ? p->mail : "MAIL FROM:<alice@a.test>", '2') && say_rcpts(p, c) &&
              say(p, c, "DATA", '3');
    if (ok) {
        conn_write(c, str_of(p->letter));
        ok = say(p, c, ".", '2');
    }
    buf_free(&plain);
    buf_free(&secret);
    return ok;
}

/* On the server's own machine, over loopback: a webmail. */
static inline void submit_run(void *arg)
{
    struct person *p = arg;
    struct connect_options to = { .connect_ms = 10000 };
    struct conn *c;
    assert_int_equal(netaddr_parse(S("127.0.0.1:587"), 0, &to.to), OK);
    if (!conn_connect(&to, &c, NULL)) {
        conn_deadline(c, 30000);
        p->acked = submission(p, c);
        conn_close(c);
    }
    p->at->step_done = true;
}

static inline void submit(struct person *p)
{
    p->last = buf_make(2000);
    on_fiber(p->at, submit_run, p);
    if (sim_machine_has_power(p->at->seam) && !p->acked)
        print_error("%.*s\n", STR_ARG(buf_str(&p->last)));
    buf_free(&p->last);
}

#endif
