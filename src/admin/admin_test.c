/* admin_test.c - every request, good and bad, and the control socket with friends and strangers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "admin/admin_int.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mail/card.h"
#include "store/memory.h"

enum { WORDS_MAX = 6 };

struct place {
    struct sim_world *world;
    struct seam *seam;
    struct loop *loop;
    struct engine *engine;
    struct store *store;
    struct auth *auth;
    struct auth_settings settings;
    struct store_settings store_settings;
    struct admin admin;
    struct listener *control;
    struct netaddr at;
    struct buf out;
    const struct admin_request *request; /* of a caller's fiber */
    enum err called, result;
    bool done;
};

static int set_up(void **state)
{
    struct place *p = MEM_NEW(struct place);
    *p = (struct place){ .world = sim_world_new(8), .out = buf_make(1 << 20) };
    p->settings = (struct auth_settings){
        .argon2_memory_bytes = 1 << 16, .argon2_passes = 1, .argon2_lanes = 1, .hash_threads = 1
    };
    p->store_settings =
        (struct store_settings){ .journey_ms = 1ull << 40, .tombstone_ms = 1ull << 40 };
    p->seam = sim_machine_new(p->world, "machine", "10.0.0.1");
    p->loop = loop_new(p->seam, 0);
    assert_int_equal(engine_memory_open(p->seam, &p->engine), OK);
    assert_int_equal(store_open_on(p->engine, p->seam, &p->store_settings, &p->store), OK);
    p->admin = (struct admin){ .seam = p->seam, .store = p->store, .auth_settings = &p->settings };
    struct listener_config c = { .handler = &admin_handler, .arg = &p->admin, .conns_max = 16 };
    assert_int_equal(netaddr_parse(S("unix:/data/control"), 0, &p->at), OK);
    c.at = p->at;
    assert_int_equal(listener_open(p->seam, &c, &p->control), OK);
    assert_int_equal(listener_attach(p->control, p->loop), OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    loop_stop(p->loop, 1000);
    sim_world_run(p->world, seam_mono_us(p->seam) + 2000000);
    loop_free(p->loop);
    listener_close(p->control);
    store_close(p->store);
    sim_world_free(p->world);
    buf_free(&p->out);
    mem_free(p);
    return 0;
}

/* "user add alice@a.test" as words, split at spaces. */
static size_t words_of(const char *line, str *words)
{
    str rest = str_of(line), word;
    size_t n = 0;
    while (n < WORDS_MAX && str_split(&rest, ' ', &word))
        words[n++] = word;
    return n;
}

static enum err ask_with(struct place *p, const char *line, str secret)
{
    str words[WORDS_MAX];
    struct admin_request r = { .words = words, .n = words_of(line, words), .secret = secret };
    buf_reset(&p->out);
    return admin_run(&p->admin, &r, &p->out);
}

static void want_clean(const struct buf *out)
{
    for (size_t i = 0; i < out->n; i++)
        assert_true(out->p[i] == '\n' || !ascii_ctl(out->p[i]));
    assert_true(!out->n || out->p[out->n - 1] == '\n');
}

static void ask(struct place *p, const char *line, enum err wanted, const char *said)
{
    enum err e = ask_with(p, line, S("secret"));
    want_clean(&p->out);
    if (e == wanted && str_find(buf_str(&p->out), str_of(said)) != STR_NPOS) return;
    fail_msg("%s: %s: %.*s", line, err_text(e), STR_ARG(buf_str(&p->out)));
}

/* --- the directory ---------------------------------------------------------------------------- */

static void domains_users_and_aliases(void **state)
{
    static const struct {
        const char *line;
        enum err e;
        const char *said;
    } steps[] = {
        { "domain list", OK, "" },
        { "user add alice@a.test", ERR_NOTFOUND, "posthorn domain add a.test comes first" },
        { "domain add A.Test", OK, "domain a.test added" },
        { "domain add a.test", ERR_EXISTS, "there already" },
        { "domain add a..test", ERR_SYNTAX, "no domain name" },
        { "domain add -", ERR_SYNTAX, "usage:" },
        { "domain add x\x1b[31m.test", ERR_SYNTAX, "'x?[31m.test'" },
        { "domain remove b.test", ERR_NOTFOUND, "no domain" },
        { "domain list", OK, "a.test\n" },
        { "user add Alice@a.test 10M", OK, "user alice@a.test added" },
        { "user add alice@a.test", ERR_EXISTS, "there already" },
        { "user add alice", ERR_SYNTAX, "no mail address" },
        { "user add bob@a.test 10X", ERR_SYNTAX, "no size" },
        { "user add bob@a.test 99999999999T", ERR_SYNTAX, "no size" },
        { "user add bob@a.test -1", ERR_SYNTAX, "no size" },
        { "user list", OK, "alice@a.test" },
        { "user list", OK, "10.0 MiB" },
        { "user quota alice@a.test 0", OK, "user alice@a.test has a new quota" },
        { "user quota nobody@a.test 1G", ERR_NOTFOUND, "no user" },
        { "user admin alice@a.test yes", OK, "user alice@a.test is an administrator" },
        { "user list", OK, "administrator" },
        { "user admin alice@a.test maybe", ERR_SYNTAX, "yes or no" },
        { "user admin alice@a.test no", OK, "user alice@a.test is no administrator" },
        { "user admin nobody@a.test yes", ERR_NOTFOUND, "no user" },
        { "user suspend alice@a.test yes", OK, "user alice@a.test is suspended" },
        { "user suspend alice@a.test no", OK, "user alice@a.test is no longer suspended" },
        { "user passwd alice@a.test", OK, "user alice@a.test has a new password" },
        { "user passwd nobody@a.test", ERR_NOTFOUND, "no user" },
        { "domain remove a.test", ERR_CONFLICT, "still has users" },
        { "alias add sales@a.test alice@a.test", OK, "added" },
        { "alias add sales@a.test alice@a.test", ERR_EXISTS, "already" },
        { "alias add @a.test bob@b.test", OK, "added" },
        { "alias add x@b.test alice@a.test", ERR_NOTFOUND, "not one of ours" },
        { "alias add x@a.test nowhere", ERR_SYNTAX, "no mail address" },
        { "alias add @ alice@a.test", ERR_SYNTAX, "no domain name" },
        { "alias list", OK, "-> bob@b.test" },
        { "alias remove nix@a.test", ERR_NOTFOUND, "no such alias" },
        { "alias remove sales@a.test bob@b.test", ERR_NOTFOUND, "no such alias" },
        { "alias remove sales@a.test alice@a.test", OK, "removed" },
        { "alias remove @a.test", OK, "removed" },
        { "user remove alice@a.test", OK, "removed" },
        { "user remove alice@a.test", ERR_NOTFOUND, "no user" },
        { "domain remove a.test", OK, "removed" },
        { "compact", OK, "came back in" },
        { "ping", OK, "posthorn" },
    };
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        ask(*state, steps[i].line, steps[i].e, steps[i].said);
}

/* A target that leads nowhere is taken, since it may come later, and is told. */
static void aliases_that_lead_nowhere(void **state)
{
    static const struct {
        const char *line, *warning; /* NULL: none */
    } steps[] = {
        { "alias add one@a.test nobody@a.test", "nobody is nobody@a.test here" },
        { "alias add loop@a.test loop@a.test", "leads to itself alone" },
        { "alias add two@a.test alice@a.test", NULL },
        { "alias add two@a.test one@a.test", NULL },
        { "alias add two@a.test bob@b.test", NULL },
        { "alias add two@a.test two@a.test", NULL },
        { "alias add two@a.test postmaster@a.test", NULL },
        { "alias add two@a.test alice+shop@a.test", NULL },
        { "alias add two@a.test nobody+shop@a.test", "nobody is nobody+shop@a.test here" },
        { "alias add @a.test nobody@a.test", "nobody is nobody@a.test here" },
        { "alias add @a.test alice@a.test", NULL },
        { "alias add three@a.test nobody@a.test", NULL },
    };
    struct place *p = *state;
    ask(p, "domain add a.test", OK, "");
    ask(p, "user add alice@a.test", OK, "");
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        ask(p, steps[i].line, OK, steps[i].warning ? steps[i].warning : "added");
        bool warned = str_find(buf_str(&p->out), S("warning")) != STR_NPOS;
        if (warned != (steps[i].warning != NULL)) fail_msg("%s", steps[i].line);
    }
}

static void words_that_make_no_request(void **state)
{
    static const char *const lines[] = { "",         "user",           "user fly",      "USER add",
                                         "user add", "user add a b c", "domain list x", "queue",
                                         "trace",    "check it",       "ping pong",     "\x1b[2J" };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        ask(*state, lines[i], ERR_SYNTAX, "posthorn ");
}

static void passwords_have_limits(void **state)
{
    struct place *p = *state;
    struct buf b = buf_make(AUTH_PASSWORD_BYTES + 1);
    buf_fill(&b, 'x', AUTH_PASSWORD_BYTES + 1);
    ask(p, "domain add a.test", OK, "");
    assert_int_equal(ask_with(p, "user add alice@a.test", (str){ 0 }), ERR_SYNTAX);
    assert_int_equal(ask_with(p, "user add alice@a.test", buf_str(&b)), ERR_LIMIT);
    assert_int_equal(ask_with(p, "user add alice@a.test", str_from(buf_str(&b), 1)), OK);
    assert_int_equal(ask_with(p, "user passwd alice@a.test", S("se\0cret")), ERR_SYNTAX);
    assert_true(str_find(buf_str(&p->out), S("NUL")) != STR_NPOS);
    assert_int_equal(ask_with(p, "user add bob@a.test", S("\0")), ERR_SYNTAX);
    ask(p, "user passwd bob@a.test", ERR_NOTFOUND, "no user");
    str add[] = { S("user"), S("add"), S("x@a.test") }, list[] = { S("user"), S("list") };
    assert_true(admin_wants_secret(&(struct admin_request){ .words = add, .n = 3 }));
    assert_false(admin_wants_secret(&(struct admin_request){ .words = list, .n = 2 }));
    assert_false(admin_wants_secret(&(struct admin_request){ .words = list, .n = 0 }));
    buf_free(&b);
}

/* --- the queue -------------------------------------------------------------------------------- */

static str queue_letter(struct place *p, struct arena *a)
{
    str text = S("Subject: x\r\n\r\ny\r\n");
    struct buf card = buf_make(CARD_BYTES), id = buf_make(64);
    struct queue_rcpt to[] = { { .address = S("bob@b.test") }, { .address = S("carol@c.test") } };
    struct accept m = { .id = store_msgid_new(p->store),
                        .sender = S("alice@a.test"),
                        .queue = to,
                        .queue_n = 2,
                        .received = S("from a \x1b[31mtest") };
    assert_true(card_build(&card, text));
    assert_int_equal(body_begin(p->engine, &m.body), OK);
    assert_int_equal(body_write(m.body, text), OK);
    assert_int_equal(body_seal(m.body, S("")), OK);
    m.card = buf_str(&card);
    assert_int_equal(store_accept(p->store, &m), OK);
    body_free(m.body);
    msgid_text(m.id, &id);
    buf_free(&card);
    str copy = arena_copy(a, buf_str(&id));
    buf_free(&id);
    return copy;
}

static void the_queue_and_a_journey(void **state)
{
    struct place *p = *state;
    struct arena a = arena_make(10000);
    ask(p, "queue list", OK, "the queue is empty");
    str id = queue_letter(p, &a);
    static const struct {
        const char *words;
        enum err e;
        const char *said;
    } steps[] = {
        { "queue list", OK, "<alice@a.test> -> <bob@b.test>" },
        { "queue show %.*s", OK, "not tried yet" },
        { "queue show %.*s", OK, "received" },
        { "trace %.*s", OK, "queued" },
        { "queue hold %.*s", OK, "is held" },
        { "queue show %.*s", OK, "held by the administrator" },
        { "queue release %.*s", OK, "goes on" },
        { "queue retry %.*s", OK, "will be tried now" },
        { "queue drop %.*s", OK, "dropped for 2 recipients" },
        { "queue drop %.*s", ERR_NOTFOUND, "not in the queue" },
        { "queue show %.*s", ERR_NOTFOUND, "not in the queue" },
        { "queue retry %.*s", ERR_NOTFOUND, "not in the queue" },
        { "trace %.*s", OK, "removed by the administrator" },
        { "trace %.*sx", ERR_SYNTAX, "no message id" },
        { "queue show ../../etc", ERR_SYNTAX, "no message id" },
        { "queue drop \x9b", ERR_SYNTAX, "'?' is no message id" },
    };
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct buf line = buf_make(200);
        str rest = str_of(steps[i].words);
        size_t at = str_find(rest, S("%.*s"));
        buf_add(&line, str_take(rest, at));
        if (at != STR_NPOS) buf_add(&line, id);
        if (at != STR_NPOS) buf_add(&line, str_from(rest, at + 4));
        buf_addc(&line, '\0');
        ask(p, line.p, steps[i].e, steps[i].said);
        buf_free(&line);
    }
    arena_free(&a);
}

static void sizes_in_words(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 bytes" },    { 1023, "1023 bytes" },    { 1024, "1.0 KiB" },
        { 1536, "1.5 KiB" }, { 1ull << 20, "1.0 MiB" }, { UINT64_MAX, "16777216.0 TiB" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf b = buf_make(100);
        admin_size_text(cases[i].bytes, &b);
        buf_addc(&b, '\0');
        assert_string_equal(b.p, cases[i].text);
        buf_free(&b);
    }
}

/* --- the control socket ----------------------------------------------------------------------- */

static void call_run(void *arg)
{
    struct place *p = arg;
    p->called = admin_call(&p->at, p->request, &p->out, &p->result);
    p->done = true;
}

static void call(struct place *p, const struct admin_request *r)
{
    p->request = r;
    p->done = false;
    buf_reset(&p->out);
    assert_int_equal(fiber_start(p->loop, FIBER_SYSTEM, call_run, p), OK);
    for (int i = 0; i < 1000 && !p->done; i++)
        sim_world_run(p->world, seam_mono_us(p->seam) + 10000);
    assert_true(p->done);
}

static void requests_through_the_socket(void **state)
{
    struct place *p = *state;
    str words[] = { S("domain"), S("add"), S("a.test") };
    struct admin_request r = { .words = words, .n = 3 };
    call(p, &r);
    assert_int_equal(p->called, OK);
    assert_int_equal(p->result, OK);
    assert_true(str_eq(buf_str(&p->out), S("domain a.test added\n")));
    call(p, &r);
    assert_int_equal(p->result, ERR_EXISTS);
    words[2] = (str){ "a\0b\n\r", 5 }; /* counted: no byte is special */
    call(p, &r);
    assert_int_equal(p->result, ERR_SYNTAX);
    assert_true(str_starts(buf_str(&p->out), S("'a' is no domain name")));
    str user[] = { S("user"), S("add"), S("alice@a.test") };
    call(p, &(struct admin_request){ .words = user, .n = 3, .secret = S("se\ncret") });
    assert_int_equal(p->result, OK);
    call(p, &(struct admin_request){ .words = user, .n = 0 });
    assert_int_equal(p->result, ERR_SYNTAX);
    assert_int_equal(netaddr_parse(S("unix:/data/elsewhere"), 0, &p->at), OK);
    call(p, &r);
    assert_int_equal(p->called, ERR_NOTFOUND);
}

/* Says the bytes and gives what comes until the end, which must come. */
static str talk(struct place *p, str bytes, bool shut)
{
    int s = seam_connect(p->seam, &p->at, NULL);
    assert_true(s >= 0);
    buf_reset(&p->out);
    while (bytes.n) {
        ssize_t n = seam_send(p->seam, s, bytes.p, bytes.n);
        if (n < 0 && n != -EAGAIN && n != -ENOTCONN) break;
        if (n > 0) bytes = str_from(bytes, (size_t)n);
        sim_world_run(p->world, seam_mono_us(p->seam) + 1000);
    }
    if (shut) seam_shutdown_write(p->seam, s);
    for (int i = 0; i < 100000; i++) {
        char c[500];
        ssize_t n = seam_recv(p->seam, s, c, sizeof c);
        if (n == 0 || (n < 0 && n != -EAGAIN)) break;
        if (n > 0) buf_add(&p->out, (str){ c, (size_t)n });
        sim_world_run(p->world, seam_mono_us(p->seam) + 10000);
        assert_true(i < 99999);
    }
    seam_socket_close(p->seam, s);
    return buf_str(&p->out);
}

static void strangers_at_the_socket(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = { "",
                                       "\n",
                                       "x\n",
                                       "-1\n",
                                       "17\n",
                                       "18446744073709551617\n",
                                       "1\n4097\n",
                                       "1\n-1\n",
                                       "1\n5\nab",
                                       "2\n4\nping",
                                       "1\n4\nping\n99999\n",
                                       "GET / HTTP/1.1\r\n\r\n",
                                       "1\n4\npingx\n" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (talk(p, str_of(bad[i]), true).n) fail_msg("case %zu", i);
        if (talk(p, str_of(bad[i]), false).n) fail_msg("case %zu, left open", i);
    }
    struct buf flood = buf_make(1 << 20);
    buf_fill(&flood, '7', 500000);
    assert_int_equal(talk(p, buf_str(&flood), true).n, 0);
    buf_free(&flood);
    str good = talk(p, S("1\n4\nping0\n"), false);
    assert_true(str_starts(good, S("0 ")) && str_find(good, S("posthorn ")) != STR_NPOS);
    str late = talk(p, S("1\r\n4\r\nping0\r\nmore that nobody reads"), true);
    assert_true(str_starts(late, S("0 ")));
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(domains_users_and_aliases),   IN_PLACE(aliases_that_lead_nowhere),
        IN_PLACE(words_that_make_no_request),  IN_PLACE(passwords_have_limits),
        IN_PLACE(the_queue_and_a_journey),     cmocka_unit_test(sizes_in_words),
        IN_PLACE(requests_through_the_socket), IN_PLACE(strangers_at_the_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
