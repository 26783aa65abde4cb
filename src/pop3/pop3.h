/* pop3.h - the POP3 server: what main wires. */
#ifndef POP3_POP3_H
#define POP3_POP3_H

#include "auth/auth.h"
#include "run/conn.h"

struct pop3_settings {
    uint64_t idle_ms;         /* a logged-in client may be silent this long */
    uint64_t login_ms;        /* a stranger must have logged in by then */
    uint64_t command_ms;      /* for one command with its literals and replies */
    uint64_t errors_max;      /* bad commands, then goodbye */
};
extern const struct settings_section pop3_section;

/* One a listener; lives as long as it. */
struct pop3_server {
    bool auth_in_clear;       /* the listener is set to allow log-ins without TLS */
    bool can_starttls;
    const struct pop3_settings *settings;
    struct store *store;
    struct auth *auth;
};
extern const struct conn_handler pop3_handler; /* listener_config.arg is a struct pop3_server */

#endif
