/* settings.h - the settings that belong to the program as a whole, and the list of all sections. */
#ifndef POSTHORN_SETTINGS_H
#define POSTHORN_SETTINGS_H

#include "run/config.h"

struct server_settings {
    str data_dir;
    str control;          /* the control socket; empty: "control" in the data folder */
    str user;             /* who root becomes; empty: the owner of the data folder */
    bool sandbox, cores;
    uint64_t watchdog_ms;
    str memory_max;       /* "70%", "2G", "0": server_memory_max reads it */
    uint64_t conns_max;   /* 0: nine tenths of the descriptors */
    uint64_t workers;     /* 0: one a core */
    uint64_t grace_ms;
    int log_level;        /* enum log_level */
};

struct tls_settings { str certificate, key; };

enum listener_protocol { PROTOCOL_MX, PROTOCOL_SUBMISSION, PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_LMTP };
enum listener_encryption { ENCRYPT_NONE, ENCRYPT_STARTTLS, ENCRYPT_IMPLICIT };
struct listener_settings {
    struct netaddr address;
    int protocol; /* enum listener_protocol */
    int tls;      /* enum listener_encryption */
    bool auth_in_clear;
    uint64_t conns_max, conns_per_address_max, handshake_ms;
    struct setting_nets proxies;
};

/* Every section of every directory, in the order of the printed file. */
extern const struct settings_section *const all_sections[];
extern const size_t all_sections_count;

/* The listeners of the configuration, or the seven standard ones on every address when it names
 * none. names[i] is the section's name. In the arena. */
size_t listeners_of(const struct config *c, struct arena *a, const struct listener_settings **items,
                    const str **names);

/* Where the control socket is: told to the server and to the command line alike. False if the path
 * does not fit a socket address. */
bool control_address(const struct config *c, struct netaddr *out);

/* server.memory_max in bytes, 0: none. ERR_SYNTAX: it is neither a share nor a size. */
enum err server_memory_max(str text, uint64_t machine_bytes, uint64_t *bytes) MUST_CHECK;

/* Can a server work with these values, each of which reads well? Otherwise why says which one
 * cannot be used, and what would be right. */
bool settings_usable(const struct config *c, struct buf *why);

#endif
