/* options.h - `--name value` words of the commands that are clients, under a table. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "client/imap_client.h"

struct cli_option {
    const char *name;                   /* "--server" */
    const char *help;                   /* "HOST:PORT  where the server is" */
    str *value;                         /* the last one given; NULL when each is set */
    bool *flag;                         /* an option without a value */
    bool (*each)(void *arg, str value); /* an option that may come many times */
    void *arg;
};

/* Reads all words; what is no option goes to rest (at most one word). False after complaining. */
bool cli_options(const struct cli_option *options, size_t n, const str *words, size_t words_n,
                 str *rest);
void cli_options_usage(const char *command, const struct cli_option *options, size_t n);

/* A server as the words say it: its address with a port, TLS by word, and whom to trust. A name is
 * never looked up; the one in the certificate is host's. */
struct cli_server {
    str server, tls, ca_file, host; /* as given; host: the server's address if none was */
    struct netaddr at;
    enum client_tls encryption;
    struct tls_client *tls_client;
};
/* Fills in what follows from the words. False after complaining. */
bool cli_server_resolve(struct cli_server *s, struct arena *a);

/* Prints the conversation to standard error, one line a protocol line: "< " received, "> " sent. */
void cli_trace(void *arg, char direction, str bytes);

/* What a person can do about a certificate that was refused, for standard error. */
extern const str cli_trust_hint;
/* Complains that there is none in the file, or without one on standard input. */
void cli_no_password(str file);

#endif
