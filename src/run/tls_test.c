/* tls_test.c - TLS on both sides: STARTTLS, implicit, what is verified, injection, truncation,
 * reload. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/conn_fixture.h"
#include "run/tls_ctx_int.h"

/* --- certificates ---------------------------------------------------------------------------- */

static char dir[] = "/tmp/posthorn-tls-XXXXXX";
static char files[16][64]; /* paths handed out below, in turn */

static const char *path(const char *name)
{
    static int turn;
    char *p = files[turn++ % 16];
    snprintf(p, sizeof files[0], "%s/%s", dir, name);
    return p;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

static X509 *certify(const char *cn, const char *names, EVP_PKEY *key, X509 *issuer,
                     EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
    X509_set_pubkey(cert, key);
    if (!issuer) extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
    if (names) extend(cert, issuer, NID_subject_alt_name, names);
    assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
    return cert;
}

/* A CA in NAME.ca.pem, and a server's pair in NAME.pem and NAME.key. */
static void make_pair(const char *name, const char *names)
{
    char file[32];
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = certify(name, NULL, ca_key, NULL, ca_key);
    X509 *cert = certify("server", names, key, ca, ca_key);
    FILE *f;

    snprintf(file, sizeof file, "%s.ca.pem", name);
    f = fopen(path(file), "w");
    PEM_write_X509(f, ca);
    fclose(f);
    snprintf(file, sizeof file, "%s.pem", name);
    f = fopen(path(file), "w");
    PEM_write_X509(f, cert);
    fclose(f);
    snprintf(file, sizeof file, "%s.key", name);
    f = fopen(path(file), "w");
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(ca);
    X509_free(cert);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
}

/* --- a server with certificates, and a client's errand ---------------------------------------- */

static struct toy_server server;
static struct tls_server *certificates;
static struct arena arena;

static void start_with(enum listener_tls tls, unsigned handshake_ms)
{
    str why = S("");
    arena = arena_make(10000);
    make_pair("one", "DNS:mail.a.test,IP:127.0.0.1");
    assert_int_equal(tls_server_new(path("one.pem"), path("one.key"), &arena, &certificates, &why),
                     OK);
    server = (struct toy_server){ 0 };
    toy_start(&server, (struct listener_config){ .tls = tls,
                                                 .certificates = certificates,
                                                 .handshake_ms = handshake_ms });
}

static int start_plain(void **state)
{
    (void)state;
    start_with(LISTEN_PLAIN, 5000);
    return 0;
}

static int start_implicit(void **state)
{
    (void)state;
    start_with(LISTEN_TLS, 5000);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    toy_stop(&server);
    tls_server_free(certificates);
    arena_free(&arena);
    return 0;
}

struct errand {
    const char *ca; /* file; NULL: opportunistic */
    const char *host;
    const char *clear; /* said before TLS, its last answer is GO; NULL: TLS at once */
    const char *say;   /* said inside TLS */
    const char *until; /* read until this line */
    bool cut;          /* end without close_notify */
    struct buf got;
    enum err e;
    bool verified, done;
    str version;
};

static void read_until(struct errand *errand, struct conn *c, str last)
{
    str line;
    while (conn_line(c, 1000, &line) == OK) {
        buf_add(&errand->got, line);
        if (str_starts(line, last)) return;
    }
    buf_add(&errand->got, S("(end)"));
}

static void talk(struct errand *errand, struct conn *c, struct tls_client *t)
{
    if (errand->clear) {
        read_until(errand, c, S("HELLO"));
        conn_write(c, str_of(errand->clear));
        read_until(errand, c, S("GO"));
    }
    errand->e = conn_starttls_client(c, t, str_of(errand->host));
    if (errand->e) return;
    errand->verified = conn_tls_facts(c)->verified;
    errand->version = conn_tls_facts(c)->version;
    if (errand->say) {
        conn_write(c, str_of(errand->say));
        conn_flush(c);
    }
    if (errand->until) read_until(errand, c, str_of(errand->until));
}

static void errand_fiber(void *arg)
{
    struct errand *errand = arg;
    struct connect_options o = { .to = *listener_addr(server.listener), .connect_ms = 5000 };
    struct tls_client *t = NULL;
    struct conn *c = NULL;
    str why;

    errand->e = tls_client_new(errand->ca ? TLS_VERIFY_NAME : TLS_OPPORTUNISTIC, errand->ca, &arena,
                               &t, &why);
    if (!errand->e) errand->e = conn_connect(&o, &c, NULL);
    if (!errand->e) talk(errand, c, t);
    if (c && errand->cut)
        conn_free(c);
    else
        conn_close(c);
    tls_client_free(t);
    errand->done = true;
}

static void run(struct errand *errand)
{
    uint64_t until = seam_mono_us(server.seam) + PATIENCE_US;
    errand->got = buf_make(100000);
    if (!errand->host) errand->host = "mail.a.test";
    assert_int_equal(fiber_start(server.loop, FIBER_SYSTEM, errand_fiber, errand), OK);
    while (!errand->done && seam_mono_us(server.seam) < until)
        loop_run_once(server.loop, false);
    spin(&server, 20);
    assert_true(errand->done);
    buf_addc(&errand->got, '\0');
}

static void expect(struct errand *errand, enum err e, const char *got)
{
    run(errand);
    assert_int_equal(errand->e, e);
    assert_string_equal(errand->got.p, got);
    buf_free(&errand->got);
}

/* --- both kinds ------------------------------------------------------------------------------ */

static void test_starttls(void **state)
{
    (void)state;
    struct errand errand = { .ca = path("one.ca.pem"),
                             .clear = "TLS?\r\nSTARTTLS\r\n",
                             .say = "TLS?\r\nQUIT\r\n",
                             .until = "BYE" };
    expect(&errand, OK, "HELLO\r\nTLS no\r\nGO\r\nTLS yes\r\nBYE\r\n");
    assert_true(errand.verified);
    assert_true(str_eq(errand.version, S("TLSv1.3")));
}

static void test_implicit(void **state)
{
    (void)state;
    struct errand errand = { .ca = path("one.ca.pem"),
                             .say = "PING\r\nQUIT\r\nPING\r\n",
                             .until = "BYE" };
    expect(&errand, OK, "HELLO\r\nPONG\r\nBYE\r\n");
    assert_true(errand.verified);
}

static void test_end_is_the_end(void **state)
{
    (void)state;
    struct errand errand = { .say = "QUIT\r\n", .until = "never" };
    expect(&errand, OK, "HELLO\r\nBYE\r\n(end)");
}

/* A second STARTTLS is refused (the toy closes then), not a second layer. */
static void test_no_tls_in_tls(void **state)
{
    (void)state;
    struct errand errand = { .say = "STARTTLS\r\n", .until = "never" };
    expect(&errand, OK, "HELLO\r\nGO\r\n(end)");
}

/* --- what was said in clear ------------------------------------------------------------------- */

static void test_injection_is_seen(void **state)
{
    (void)state;
    int c = client_open(&server);
    client_send(&server, c, S("STARTTLS\r\nECHO injected\r\n"));
    client_expect(&server, c, "HELLO\r\nNO, YOU SAID MORE\r\n");
    client_send(&server, c, S("PING\r\n"));
    client_expect(&server, c, "PONG\r\n");
    client_close(&server, c);
}

/* Even when the protocol forgets to look. */
static void test_injection_is_discarded(void **state)
{
    (void)state;
    struct errand errand = { .clear = "CARELESS\r\nECHO injected\r\n",
                             .say = "PING\r\n",
                             .until = "PONG" };
    expect(&errand, OK, "HELLO\r\nGO\r\nPONG\r\n");
}

/* --- what a client verifies ------------------------------------------------------------------- */

static void test_verification(void **state)
{
    (void)state;
    make_pair("other", "DNS:mail.a.test");
    const char *ca = path("one.ca.pem"), *other = path("other.ca.pem");
    const struct {
        const char *ca, *host;
        enum err e;
        bool verified;
    } cases[] = {
        { ca, "mail.a.test", OK, true },
        { ca, "MAIL.A.TEST", OK, true },
        { ca, "127.0.0.1", OK, true },
        { ca, "127.0.0.2", ERR_DENIED, false },
        { ca, "a.test", ERR_DENIED, false },
        { ca, "evil.mail.a.test", ERR_DENIED, false },
        { other, "mail.a.test", ERR_DENIED, false },
        { NULL, "mail.a.test", OK, false }, /* opportunistic, and the system knows no such CA */
        { NULL, "", OK, false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct errand errand = { .ca = cases[i].ca, .host = cases[i].host };
        run(&errand);
        assert_int_equal(errand.e, cases[i].e);
        assert_int_equal(errand.verified, cases[i].verified);
        buf_free(&errand.got);
    }
}

static void test_not_tls(void **state)
{
    (void)state;
    struct errand errand = { .host = "mail.a.test" }; /* the listener is one in clear */
    run(&errand);
    assert_int_equal(errand.e, ERR_SYNTAX);
    buf_free(&errand.got);
}

static void test_settings(void **state)
{
    (void)state;
    SSL *ssl = tls_server_ssl(certificates);
    assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_2_VERSION);
    assert_true(SSL_get_options(ssl) & SSL_OP_NO_RENEGOTIATION);
    assert_true(SSL_get_mode(ssl) & SSL_MODE_RELEASE_BUFFERS);
    SSL_free(ssl);
}

/* --- cut off ---------------------------------------------------------------------------------- */

static void test_truncation(void **state)
{
    (void)state;
    struct errand errand = { .say = "PING\r\nREAD 10\r\nabc", .until = "PONG", .cut = true };
    expect(&errand, OK, "HELLO\r\nPONG\r\n");
    assert_int_equal(server.opened, server.closed);

    struct errand half = { .say = "PING\r\nECHO hal", .until = "PONG", .cut = true };
    expect(&half, OK, "HELLO\r\nPONG\r\n");
    assert_int_equal(server.opened, server.closed);
}

/* A handshake that does not go on holds no stack, and ends. */
static void test_stalled_handshake(void **state)
{
    (void)state;
    start_with(LISTEN_TLS, 60);
    static const char *const first_bytes[] = { "", "\x16", "\x16\x03\x01\x02", "EHLO a.test\r\n" };
    int clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = client_open(&server);
        client_send(&server, clients[i], str_of(first_bytes[i]));
    }
    spin(&server, 10);
    assert_int_equal(fiber_stats(server.loop).running, 0);
    assert_int_equal(server.opened, 0); /* no session either */
    for (int i = 0; i < 4; i++) {
        char rest[64]; /* an alert perhaps, then the end */
        assert_true(client_read(&server, clients[i], rest, sizeof(rest)) < sizeof(rest));
        client_close(&server, clients[i]);
    }
    assert_ptr_equal(server.loop->members.next, server.loop->members.prev); /* the listener alone */
    stop(NULL);
}

static void test_stalled_starttls(void **state)
{
    (void)state;
    int c = client_open(&server);
    client_send(&server, c, S("STARTTLS\r\n"));
    client_expect(&server, c, "HELLO\r\nGO\r\n");
    spin(&server, 10);
    assert_int_equal(server.newest->c->state, CONN_STATE_HANDSHAKE);
    assert_int_equal(fiber_stats(server.loop).running, 0);
    conn_wake(server.newest->c); /* nothing is said in clear meanwhile */
    spin(&server, 10);
    assert_int_equal(server.newest->c->state, CONN_STATE_HANDSHAKE);
    client_send(&server, c, S("PING\r\n")); /* not a handshake */
    char rest[64];
    assert_true(client_read(&server, c, rest, sizeof(rest)) < sizeof(rest));
    client_close(&server, c);
    assert_int_equal(server.closed, 1);
}

/* --- much ------------------------------------------------------------------------------------- */

static void test_much(void **state)
{
    (void)state;
    struct errand errand = { .say = "BIG 90000\r\nMAX 70000\r\nPING\r\n", .until = "PONG" };
    run(&errand);
    assert_int_equal(errand.e, OK);
    /* 90,000 bytes are no line of at most 1000: the client swallowed it and said so by its end. */
    assert_string_equal(errand.got.p, "HELLO\r\n(end)");
    buf_free(&errand.got);

    struct buf skip = buf_make(400000);
    buf_add(&skip, S("SKIP 300000\r\n"));
    buf_fill(&skip, 'x', 300000);
    buf_add(&skip, S("PING\r\n"));
    buf_addc(&skip, '\0');
    struct errand up = { .say = skip.p, .until = "PONG" };
    expect(&up, OK, "HELLO\r\nSKIPPED\r\nPONG\r\n");
    buf_free(&skip);
}

/* --- certificates change -----------------------------------------------------------------------
 */

static void copy_over(const char *from, const char *to)
{
    assert_int_equal(rename(path(from), path(to)), 0);
}

static void test_reload(void **state)
{
    (void)state;
    str why = S("");
    make_pair("two", "DNS:mail.a.test");
    struct errand before = { .ca = path("two.ca.pem") };
    expect(&before, ERR_DENIED, "");

    copy_over("two.pem", "one.pem");
    copy_over("two.key", "one.key");
    assert_int_equal(tls_server_reload(certificates, &arena, &why), OK);
    struct errand after = { .ca = path("two.ca.pem"), .say = "QUIT\r\n", .until = "BYE" };
    expect(&after, OK, "HELLO\r\nBYE\r\n");

    FILE *f = fopen(path("one.key"), "w"); /* a bad key: the old pair stays in force */
    fputs("not a key\n", f);
    fclose(f);
    assert_int_equal(tls_server_reload(certificates, &arena, &why), ERR_SYNTAX);
    assert_true(str_find(why, S("one.key: ")) != STR_NPOS);
    struct errand still = { .ca = path("two.ca.pem"), .say = "QUIT\r\n", .until = "BYE" };
    expect(&still, OK, "HELLO\r\nBYE\r\n");
}

static void test_bad_files(void **state)
{
    (void)state;
    struct arena a = arena_make(4000);
    struct tls_server *t = NULL;
    str why = S("");
    make_pair("three", "DNS:x.test");
    make_pair("four", "DNS:x.test");
    assert_int_equal(tls_server_new(path("none.pem"), path("three.key"), &a, &t, &why), ERR_SYNTAX);
    assert_true(str_find(why, S("none.pem: ")) != STR_NPOS);
    assert_true(str_find(why, S("No such file")) != STR_NPOS);
    assert_int_equal(tls_server_new(path("three.pem"), path("four.key"), &a, &t, &why), ERR_SYNTAX);
    assert_true(str_find(why, S("four.key: not the private key of that certificate")) != STR_NPOS);
    assert_null(t);
    arena_free(&a);
}

/* --- cost --------------------------------------------------------------------------------------
 */

enum { IDLE_CONNS = 100 };

/* Another process, so that only the server's side is measured: ends when it is killed. */
static void idle_clients(uint16_t port)
{
    char where[32];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    snprintf(where, sizeof where, "127.0.0.1:%d", port);
    for (int i = 0; i < IDLE_CONNS; i++) {
        char hello[7];
        BIO *b = BIO_new_ssl_connect(ctx);
        BIO_set_conn_hostname(b, where);
        for (int n = 0; n < 7;) {
            int r = BIO_read(b, hello + n, 7 - n);
            if (r <= 0) _exit(1);
            n += r;
        }
    }
    for (;;)
        pause();
}

static void test_idle_cost(void **state)
{
    (void)state;
    size_t first = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) idle_clients(listener_addr(server.listener)->port);
    while (server.served < IDLE_CONNS) {
        loop_run_once(server.loop, true);
        if (server.served == 1 && !first) first = mallinfo2().uordblks; /* made once: not counted */
    }
    spin(&server, 10);
    size_t each = (mallinfo2().uordblks - first) / (IDLE_CONNS - 1);
    print_message("idle TLS connection: %zu bytes on the heap\n", each);
    assert_in_range(each, 1000, 20000);
    assert_int_equal(fiber_stats(server.loop).running, 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int i = 0; i < 10000 && server.closed < server.opened; i++)
        loop_run_once(server.loop, true);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
    static const char *const names[] = { "one", "two", "three", "four", "other" };
    char file[32];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        static const char *const kinds[] = { "ca.pem", "pem", "key" };
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            snprintf(file, sizeof file, "%s.%s", names[i], kinds[k]);
            unlink(path(file));
        }
    }
    return rmdir(dir);
}

int main(void)
{
#define PLAIN(test)    cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define IMPLICIT(test) cmocka_unit_test_setup_teardown(test, start_implicit, stop)
    const struct CMUnitTest tests[] = {
        PLAIN(test_starttls),
        IMPLICIT(test_implicit),
        IMPLICIT(test_end_is_the_end),
        IMPLICIT(test_no_tls_in_tls),
        PLAIN(test_injection_is_seen),
        PLAIN(test_injection_is_discarded),
        IMPLICIT(test_verification),
        PLAIN(test_not_tls),
        PLAIN(test_settings),
        IMPLICIT(test_truncation),
        cmocka_unit_test(test_stalled_handshake),
        PLAIN(test_stalled_starttls),
        IMPLICIT(test_much),
        IMPLICIT(test_reload),
        cmocka_unit_test(test_bad_files),
        IMPLICIT(test_idle_cost),
    };
    size_t n = COUNT_OF(tests) - (measurable() ? 0 : 1); /* the last one, of the cost */
    return _cmocka_run_group_tests("tls", tests, n, begin, end);
}
