/* tls.c - what is agreed on in advance: certificates, versions, what a client verifies.
 *
 * TLS 1.2 and 1.3 (RFC 8996 retires the older ones), no renegotiation, no compression. Sessions are
 * resumed by stateless tickets only, so the server keeps nothing of a connection that has ended.
 */
#include "run/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "run/lock.h"
#include "run/parent.h"
#include "run/tls_ctx_int.h"

struct tls_server {
    struct lock lock; /* guards ctx, which a reload exchanges */
    SSL_CTX *ctx;
    char *cert_file, *key_file;
};

struct tls_client {
    SSL_CTX *ctx;
    enum tls_verify verify;
};

enum { ERROR_TEXT_BYTES = 256 }; /* what OpenSSL recommends */

/* --- why it went wrong ----------------------------------------------------------------------- */

str tls_error_text(struct arena *a)
{
    unsigned long code = ERR_peek_last_error();
    str reason = str_of(code ? ERR_reason_error_string(code) : "unknown error");
    char text[ERROR_TEXT_BYTES];

    /* What the system said (no such file) lies deeper than what OpenSSL made of it. */
    for (unsigned long e; (e = ERR_get_error()) != 0;) {
        if (!ERR_SYSTEM_ERROR(e)) continue;
        ERR_error_string_n(e, text,
                           sizeof(text)); /* "error:80000002:system library::No such file" */
        reason = str_from(str_of(text), str_rchr(str_of(text), ':') + 1);
    }
    return arena_copy(a, reason);
}

static enum err complain(struct arena *a, str *why, const char *file, const char *what)
{
    str text = tls_error_text(a);

    *why = arena_fmt(a, "%s: %s: %.*s", file, what, STR_ARG(text));
    return ERR_SYNTAX;
}

/* --- memory ---------------------------------------------------------------------------------- */

static void *crypto_new(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_secret_new(size);
}

static void *crypto_resize(void *p, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_secret_resize(p, size);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    mem_secret_free(p);
}

/* Reading a key leaves copies of it in memory that OpenSSL gives back as it is. */
void tls_wipe_freed(void)
{
    CRYPTO_set_mem_functions(crypto_new, crypto_resize, crypto_free);
}

/* --- both sides ------------------------------------------------------------------------------ */

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (!ctx) return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* Passwords pass through here: what was decrypted is wiped as soon as it was read. */
    SSL_CTX_set_options(ctx,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    /* A quiet connection gives its record buffers back (34 KB); and what waits to be written may
     * have moved and grown when we try again. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_cipher_list(ctx, "HIGH:!aNULL:!eNULL:!PSK:!SRP:!DSS:!CAMELLIA:!ARIA");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

/* --- server ---------------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    str s = str_of(text);
    char *copy = mem_new(s.n + 1);

    bytes_copy(copy, s.n, s.p, s.n);
    return copy;
}

/* Through the parent, which may read what we may not. */
static BIO *file_open(const char *file)
{
    int fd = parent_open(file);
    if (fd >= 0) return BIO_new_fd(fd, BIO_CLOSE);
    ERR_new();
    ERR_set_error(ERR_LIB_SYS, -fd, NULL);
    return NULL;
}

/* The server's own certificate, then those above it. */
static bool chain_load(SSL_CTX *ctx, const char *file)
{
    BIO *in = file_open(file);
    X509 *own = in ? PEM_read_bio_X509_AUX(in, NULL, NULL, NULL) : NULL;
    bool good = own && SSL_CTX_use_certificate(ctx, own) == 1 && SSL_CTX_clear_chain_certs(ctx);
    X509_free(own);
    for (X509 *above; good && (above = PEM_read_bio_X509(in, NULL, NULL, NULL));)
        good = SSL_CTX_add0_chain_cert(ctx, above) == 1;
    if (good) ERR_clear_error(); /* the file's end is one, too */
    BIO_free(in);
    return good;
}

/* The key's text passes through memory of ours alone, which is wiped: what OpenSSL reads files with
 * leaves copies behind. */
static bool text_load(const char *file, struct buf *text)
{
    BIO *in = file_open(file);
    char *room = in ? buf_reserve(text, TLS_KEY_BYTES) : NULL;
    int n = 1;
    while (room && n > 0 && text->n < TLS_KEY_BYTES) {
        n = BIO_read(in, text->p + text->n, (int)(TLS_KEY_BYTES - text->n));
        if (n > 0) buf_commit(text, (size_t)n);
    }
    BIO_free(in);
    return n == 0;
}

static bool key_load(SSL_CTX *ctx, const char *file)
{
    struct buf text = buf_make(TLS_KEY_BYTES);
    BIO *in = text_load(file, &text) ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(in);
    buf_wipe(&text);
    return good;
}

static enum err pair_load(SSL_CTX *ctx, const struct tls_server *t, struct arena *a, str *why)
{
    ERR_clear_error();
    if (!chain_load(ctx, t->cert_file))
        return complain(a, why, t->cert_file, "not a certificate chain in PEM");
    if (!key_load(ctx, t->key_file))
        return complain(a, why, t->key_file, "not the private key of that certificate, in PEM");
    if (SSL_CTX_check_private_key(ctx) != 1)
        return complain(a, why, t->key_file, "not the private key of that certificate");
    return OK;
}

static enum err server_context(const struct tls_server *t, struct arena *a, SSL_CTX **out, str *why)
{
    SSL_CTX *ctx = context_new(TLS_server_method());

    if (!ctx) return complain(a, why, "OpenSSL", "no context");
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(ctx, 1); /* one resumption is enough, and half the bytes */
    enum err e = pair_load(ctx, t, a, why);
    if (e) {
        SSL_CTX_free(ctx);
        return e;
    }
    *out = ctx;
    return OK;
}

enum err tls_server_new(const char *cert_file, const char *key_file, struct arena *a,
                        struct tls_server **out, str *why)
{
    struct tls_server *t = MEM_NEW(struct tls_server);

    t->cert_file = copy_text(cert_file);
    t->key_file = copy_text(key_file);
    lock_init(&t->lock);
    enum err e = server_context(t, a, &t->ctx, why);
    if (e) {
        tls_server_free(t);
        return e;
    }
    *out = t;
    return OK;
}

enum err tls_server_reload(struct tls_server *t, struct arena *a, str *why)
{
    SSL_CTX *fresh;
    enum err e = server_context(t, a, &fresh, why);

    if (e) return e;
    lock_take(&t->lock);
    SSL_CTX *old = t->ctx;
    t->ctx = fresh;
    lock_drop(&t->lock);
    SSL_CTX_free(old); /* connections made with it have their own references */
    return OK;
}

void tls_server_free(struct tls_server *t)
{
    if (!t) return;
    SSL_CTX_free(t->ctx);
    lock_end(&t->lock);
    mem_free(t->cert_file);
    mem_free(t->key_file);
    mem_free(t);
}

SSL *tls_server_ssl(struct tls_server *t)
{
    lock_take(&t->lock);
    SSL_CTX *ctx = t->ctx;
    SSL_CTX_up_ref(ctx);
    lock_drop(&t->lock);

    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    return ssl;
}

/* --- client ---------------------------------------------------------------------------------- */

static bool trust(SSL_CTX *ctx, const char *ca_file)
{
    if (ca_file) return SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1;
    return SSL_CTX_set_default_verify_paths(ctx) == 1;
}

enum err tls_client_new(enum tls_verify verify, const char *ca_file, struct arena *a,
                        struct tls_client **out, str *why)
{
    SSL_CTX *ctx = context_new(TLS_client_method());

    ERR_clear_error();
    if (!ctx) return complain(a, why, "OpenSSL", "no context");
    if (!trust(ctx, ca_file)) {
        SSL_CTX_free(ctx);
        return complain(a, why, ca_file ? ca_file : "OpenSSL", "no certificates to trust");
    }
    SSL_CTX_set_verify(ctx, verify == TLS_VERIFY_NAME ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    /* RFC 7435: weak encryption is better than the clear text that would follow a refusal. */
    if (verify == TLS_OPPORTUNISTIC) SSL_CTX_set_security_level(ctx, 1);

    struct tls_client *t = MEM_NEW(struct tls_client);
    *t = (struct tls_client){ .ctx = ctx, .verify = verify };
    *out = t;
    return OK;
}

void tls_client_free(struct tls_client *t)
{
    if (!t) return;
    SSL_CTX_free(t->ctx);
    mem_free(t);
}

SSL *tls_client_ssl(struct tls_client *t)
{
    return SSL_new(t->ctx);
}
