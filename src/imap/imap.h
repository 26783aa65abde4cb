/* imap.h - the IMAP server: what main wires. */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include "auth/auth.h"
#include "run/conn.h"
#include "search/search.h"

struct imap_settings {
    uint64_t idle_ms;         /* a logged-in client may be silent this long */
    uint64_t login_ms;        /* a stranger must have logged in by then */
    uint64_t command_ms;      /* for one command with its literals and replies */
    uint64_t progress_ms;     /* a command that takes long says so this often */
    uint64_t errors_max;      /* bad commands, then goodbye */
    uint64_t append_bytes_max; /* one message of APPEND */
    uint64_t messages_max;    /* one command is about so many; 0: any, RFC 9738 */
    bool unauthenticate;      /* a logged-in client may become a stranger again, RFC 8437 */
};
extern const struct settings_section imap_section;

/* One a listener; lives as long as it. */
struct imap_server {
    bool auth_in_clear;       /* the listener is set to allow log-ins without TLS */
    bool can_starttls;
    const struct imap_settings *settings;
    struct store *store;
    struct auth *auth;
    struct search *search;    /* NULL: bodies are searched by reading them */
};
extern const struct conn_handler imap_handler; /* listener_config.arg is a struct imap_server */

#endif
