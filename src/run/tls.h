/* tls.h - TLS 1.2 and 1.3 over OpenSSL, for connections (conn.c) and for those who configure it.
 *
 * OpenSSL reads and writes through a BIO of ours, so that the simulated network carries TLS too.
 */
#ifndef RUN_TLS_H
#define RUN_TLS_H

#include "base/arena.h"
#include "base/err.h"

struct tls_server;
struct tls_client;

/* From here on OpenSSL wipes whatever memory it gives back: keys and what was decrypted. Before its
 * first use in the process. */
void tls_wipe_freed(void);

/* Certificate chain and key, PEM files. *why (in the arena) says what is wrong with which file. */
enum err tls_server_new(const char *cert_file, const char *key_file, struct arena *a,
                        struct tls_server **out, str *why) MUST_CHECK;
/* Reads the files again; new connections use the new pair, the old stays if the new is bad. */
enum err tls_server_reload(struct tls_server *t, struct arena *a, str *why) MUST_CHECK;
void tls_server_free(struct tls_server *t);

enum tls_verify {
    TLS_OPPORTUNISTIC, /* any certificate: better than clear text (RFC 7435) */
    TLS_VERIFY_NAME,   /* chain and host name must hold */
};
/* ca_file NULL: the system's. */
enum err tls_client_new(enum tls_verify verify, const char *ca_file, struct arena *a,
                        struct tls_client **out, str *why) MUST_CHECK;
void tls_client_free(struct tls_client *t);

/* What a finished handshake says of itself; text lives as long as the connection. */
struct tls_facts {
    str version;  /* "TLSv1.3" */
    str cipher;   /* "TLS_AES_256_GCM_SHA384" */
    int bits;
    bool verified; /* client side: chain and name hold, whether demanded or not */
    str sni;       /* server side: the name asked for */
};

#endif
