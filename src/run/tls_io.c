/* tls_io.c - one connection's TLS: OpenSSL over a BIO that sends and receives through the seam.
 *
 * Nothing here waits: every call says what it wants, and conn.c waits for it, parked or on a fiber.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "base/mem.h"
#include "run/tls_ctx_int.h"
#include "run/tls_int.h"

struct tls {
    SSL *ssl;
    struct seam *seam;
    int socket;
    bool done;
    bool named; /* client: a host name was expected */
    struct tls_facts facts;
    const char *why; /* OpenSSL's own text, static */
};

/* --- the BIO --------------------------------------------------------------------------------- */

static int bio_result(BIO *b, ssize_t r, int retry)
{
    BIO_clear_retry_flags(b);
    if (r == -EAGAIN || r == -EINTR) {
        BIO_set_flags(b, retry | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    return r < 0 ? -1 : (int)r;
}

static int bio_write(BIO *b, const char *p, int n)
{
    struct tls *t = BIO_get_data(b);
    return bio_result(b, seam_send(t->seam, t->socket, p, (size_t)n), BIO_FLAGS_WRITE);
}

static int bio_read(BIO *b, char *p, int n)
{
    struct tls *t = BIO_get_data(b);
    ssize_t r = seam_recv(t->seam, t->socket, p, (size_t)n);
    int result = bio_result(b, r, BIO_FLAGS_READ);
    if (r == 0) BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return result;
}

static long bio_ctrl(BIO *b, int command, long number, void *p)
{
    (void)number;
    (void)p;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

static int bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

/* The table of calls is the same for every connection of the process and is made by the first. */
static BIO_METHOD *method;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

static void method_make(void)
{
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "seam");
    if (!method) return;
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_ctrl);
    BIO_meth_set_create(method, bio_create);
}

static struct tls *tls_over(SSL *ssl, struct seam *seam, int socket)
{
    if (!ssl) return NULL;
    CRYPTO_THREAD_run_once(&method_once, method_make);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        return NULL;
    }
    struct tls *t = MEM_NEW(struct tls);
    *t = (struct tls){ .ssl = ssl, .seam = seam, .socket = socket };
    BIO_set_data(bio, t);
    SSL_set_bio(ssl, bio, bio);
    return t;
}

/* --- beginning and end ----------------------------------------------------------------------- */

struct tls *tls_accept(struct tls_server *server, struct seam *seam, int socket)
{
    struct tls *t = tls_over(tls_server_ssl(server), seam, socket);

    if (t) SSL_set_accept_state(t->ssl);
    return t;
}

/* Whom we want to talk to: the name in the certificate, and the name sent ahead (RFC 6066 3: only
 * names, never addresses). */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1) return true;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl, host) != 1) return false;
    return SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls *tls_connect(struct tls_client *client, struct seam *seam, int socket, str host)
{
    struct arena a = arena_make(2 * DOMAIN_BYTES);
    const char *name = host.n ? arena_cstr(&a, host) : NULL;
    struct tls *t = tls_over(tls_client_ssl(client), seam, socket);

    if (t && host.n && (!name || !expect_host(t->ssl, name))) {
        tls_free(t);
        t = NULL;
    }
    if (t) SSL_set_connect_state(t->ssl);
    if (t) t->named = host.n > 0;
    arena_free(&a);
    return t;
}

void tls_free(struct tls *t)
{
    if (!t) return;
    SSL_free(t->ssl);
    mem_free(t);
}

void tls_goodbye(struct tls *t)
{
    ERR_clear_error();
    if (t->done) SSL_shutdown(t->ssl);
    ERR_clear_error();
}

/* --- handshake, bytes ------------------------------------------------------------------------ */

/* What OpenSSL's answer means; its error queue belongs to the thread and is left empty. */
static enum io io_of(struct tls *t, int result)
{
    int e = SSL_get_error(t->ssl, result);

    switch (e) {
    case SSL_ERROR_WANT_READ: return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return IO_END; /* close_notify: a proper end */
    default: break;
    }
    unsigned long code = ERR_peek_error();
    t->why = code ? ERR_reason_error_string(code) : NULL;
    if (!t->why) t->why = "the connection was cut";
    ERR_clear_error();
    return IO_FAILED;
}

static void note_facts(struct tls *t)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);

    t->done = true;
    t->facts = (struct tls_facts){
        .version = str_of(SSL_get_version(t->ssl)),
        .cipher = str_of(SSL_CIPHER_get_name(cipher)),
        .bits = SSL_CIPHER_get_bits(cipher, NULL),
    };
    if (SSL_is_server(t->ssl)) {
        t->facts.sni = str_of(SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name));
        return;
    }
    t->facts.verified =
        t->named && SSL_get0_peer_certificate(t->ssl) && SSL_get_verify_result(t->ssl) == X509_V_OK;
}

enum io tls_handshake(struct tls *t)
{
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r != 1) return io_of(t, r);
    note_facts(t);
    return IO_DONE;
}

bool tls_certificate_bad(const struct tls *t)
{
    return SSL_get_verify_result(t->ssl) != X509_V_OK;
}

enum io tls_read(struct tls *t, char *p, size_t n, size_t *got)
{
    assert(n);
    ERR_clear_error();
    int r = SSL_read_ex(t->ssl, p, n, got);
    if (r == 1) return IO_DONE;
    *got = 0;
    return io_of(t, r);
}

enum io tls_write(struct tls *t, const char *p, size_t n, size_t *sent)
{
    assert(n);
    ERR_clear_error();
    int r = SSL_write_ex(t->ssl, p, n, sent);
    if (r == 1) return IO_DONE;
    *sent = 0;
    return io_of(t, r);
}

bool tls_pending(const struct tls *t)
{
    return t->done && SSL_pending(t->ssl) > 0;
}

const struct tls_facts *tls_facts(const struct tls *t)
{
    return t->done ? &t->facts : NULL;
}

str tls_error(const struct tls *t)
{
    return str_of(t->why);
}
