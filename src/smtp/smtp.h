/* smtp.h - the SMTP server: what main wires. One handler for the listeners of every role. */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include "auth/auth.h"
#include "deliver/deliver.h"
#include "run/conn.h"

struct smtp_settings {
    uint64_t size_max_bytes, rcpts_max, errors_max, hops_max;
    uint64_t idle_ms, command_ms, data_ms;
    uint64_t login_ms;                   /* on submission; 0: any time */
    struct setting_nets repair_networks; /* bare LF is made CRLF for these; DATA's end never changes */
    bool hide_client;                    /* Received on submission without the client's address */
    uint64_t hold_ms_max;                /* the longest that FUTURERELEASE may ask for; 0: not offered */
    int verify;                          /* enum smtp_verify */
    uint64_t user_messages, user_rcpts;  /* of one user, an hour; 0: any */
    struct setting_nets xclient;         /* they may say whom they stand for */
};
enum smtp_verify { VERIFY_NOBODY, VERIFY_USERS }; /* who is told by VRFY and EXPN */
extern const struct settings_section smtp_section;

/* SMTP_LMTP: RFC 2033, the same session with LHLO and an answer for each recipient. */
enum smtp_role { SMTP_MX, SMTP_SUBMISSION, SMTP_LMTP };

/* How much each user has sent within the last hour; for all listeners and workers together. */
struct smtp_rates;
struct smtp_rates *smtp_rates_new(struct seam *seam, const struct smtp_settings *settings);
void smtp_rates_free(struct smtp_rates *r); /* NULL is fine */

/* One a listener; lives as long as it. */
struct smtp_server {
    enum smtp_role role;
    bool auth_in_clear;     /* the listener is set to allow log-ins without TLS */
    bool can_starttls;
    const struct smtp_settings *settings;
    struct store *store;
    struct auth *auth;
    struct deliver *deliver;
    struct smtp_rates *rates; /* NULL: no limits */
};
extern const struct conn_handler smtp_handler; /* listener_config.arg is a struct smtp_server */

#endif
