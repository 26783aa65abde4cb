/* tls_ctx_int.h - between tls.c and tls_io.c, the only two that see OpenSSL. Private to run/. */
#ifndef RUN_TLS_CTX_INT_H
#define RUN_TLS_CTX_INT_H

#include <openssl/ssl.h>

#include "run/tls.h"

/* A fresh SSL of the certificates in force now; NULL without memory. The caller frees it. */
SSL *tls_server_ssl(struct tls_server *t);
SSL *tls_client_ssl(struct tls_client *t);
/* The first reason in this thread's error queue, which is emptied. */
str tls_error_text(struct arena *a);

#endif
