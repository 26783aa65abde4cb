/* system.c - the mail systems that are measured, each set up for speed without losing durability.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtp_int.h"
#include "support/fail.h"
#include "support/tree.h"
#include "support/wire.h"
#include "support/world_int.h"

enum { START_S = 120, HOST_POSTHORN = 20, HOST_POSTFIX = 21 };

static const char script[] = SOURCE_DIR "/tools/peers.sh";

_Noreturn void bench_die(const char *format, ...)
{
    va_list args;
    fprintf(stderr, "bench/smtp: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

struct door {
    const char *address;
    int port;
};

static bool opens(void *arg)
{
    struct door *d = arg;
    struct wire *w = wire_try(d->address, d->port);
    if (!w) return false;
    bool up = wire_line(w, 5, NULL) != NULL;
    wire_close(w);
    return up;
}

static void wait_for(const struct system *s, int port, const struct peer *p)
{
    struct door d = { s->address, port };
    if (wait_until(opens, &d, START_S)) return;
    char *text = file_read(peer_log(p), NULL);
    bench_die("%s does not answer on port %d:\n%s", s->name, port, text);
}

/* --- Posthorn --------------------------------------------------------------------------------- */

static void cli(const char *config, const char *input, const char *a, const char *b, const char *c)
{
    char output[2000];
    if (RUN(output, sizeof output, 30, input, program_posthorn(), "--config", config, a, b, c))
        bench_die("posthorn %s %s %s: %s", a, b, c, output);
}

void posthorn_start(struct world *w, struct system *s, int out_port)
{
    char dir[400], config[420], cert[512], key[512];
    *s = (struct system){ .name = "Posthorn",
                          .port_mx = 2525,
                          .port_submission = 2587,
                          .port_imap = 2143,
                          .parts_n = 1 };
    world_address(w, HOST_POSTHORN, s->address);
    world_certificate(w, "mail.bench.test", s->address, cert, key);
    snprintf(dir, sizeof dir, "%s/posthorn", world_dir(w));
    snprintf(config, sizeof config, "%s.conf", dir);
    FILE *f = file_create(config);
    fprintf(f, "[server]\ndata_dir = %s\nlog_level = warn\n[deliver]\nhostname = mail.bench.test\n",
            dir);
    fprintf(f, "[tls]\ncertificate = %s\nkey = %s\n", cert, key);
    fprintf(f, "[relay]\nper_destination = 20\n[route out]\ndomains = *\nvia = 127.0.0.1:%d\n",
            out_port);
    static const struct {
        const char *name, *protocol;
        int port;
    } ports[] = { { "mx", "mx", 2525 },
                  { "submission", "submission", 2587 },
                  { "imap", "imap", 2143 } };
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        fprintf(
            f,
            "[listener %s]\naddress = %s:%d\nprotocol = %s\ntls = starttls\nauth_in_clear = yes\n"
            "conns_per_address_max = 0\n",
            ports[i].name, s->address, ports[i].port, ports[i].protocol);
    fclose(f);
    mkdir(dir, 0700);
    s->parts[0] =
        peer_start(w, "posthorn",
                   (const char *const[]){ program_posthorn(), "--config", config, "serve", NULL });
    wait_for(s, s->port_mx, s->parts[0]);
    cli(config, NULL, "domain", "add", "bench.test");
    for (int i = 0; i < USERS; i++) {
        char user[40];
        snprintf(user, sizeof user, "u%d@bench.test", i);
        cli(config, "secret\n", "user", "add", user);
    }
}

/* --- Postfix and Dovecot ---------------------------------------------------------------------- */

/* Mail goes to Dovecot by LMTP over one machine's loopback; mail_fsync is as Dovecot ships it, and
 * Postfix syncs its queue as it ships: both keep what they take. No delay, no limit below the load.
 */
static const char postfix_extra[] =
    "virtual_transport = lmtp:inet:%s:1124\n"
    "virtual_mailbox_maps = static:all\n"
    "relay_domains = static:all\n"
    "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject\n"
    "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:%s:1125\n"
    "smtpd_sasl_security_options = noanonymous\nbroken_sasl_auth_clients = no\n"
    "default_process_limit = 250\nsmtpd_client_connection_count_limit = 0\n"
    "smtpd_client_connection_rate_limit = 0\nin_flow_delay = 0\nsmtpd_peername_lookup = no\n"
    "lmtp_destination_concurrency_limit = 50\nlmtp_destination_recipient_limit = 1\n"
    "smtp_destination_concurrency_limit = 20\ninitial_destination_concurrency = 20\n"
    "qmgr_message_active_limit = 100000\nmessage_size_limit = 60000000\nvirtual_mailbox_limit = 0\n"
    "smtp_connection_cache_on_demand = yes\nsmtp_tls_security_level = none\n"
    "anvil_status_update_time = 3600s\n";

static const char dovecot_extra[] =
    "mail_location = sdbox:/mnt/mail/%%n\n"
    "auth_cache_size = 10M\nauth_cache_verify_password_with_worker = no\n"
    "service imap-login {\n  service_count = 0\n  process_min_avail = 2\n  client_limit = 1000\n}\n"
    "service imap {\n  process_limit = 500\n  service_count = 0\n}\n"
    "service lmtp {\n  process_min_avail = 10\n  process_limit = 100\n  service_count = 0\n}\n"
    "service auth {\n  inet_listener {\n    address = %s\n    port = 1125\n  }\n}\n"
    "protocol lmtp {\n  auth_username_format = %%n\n}\n";

static struct peer *part_start(struct world *w, const struct system *s, const char *name,
                               const char *extra, const char *const pairs[3])
{
    char dir[400], path[420], output[8192], listen[40], users[400] = "users=";
    if (RUN(output, sizeof output, 600, NULL, script, "unpack", name))
        bench_die("unpacking %s: %s", name, output);
    for (int i = 0; i < USERS; i++)
        snprintf(users + strlen(users), sizeof users - strlen(users), "%su%d", i ? " " : "", i);
    snprintf(dir, sizeof dir, "%s/%s", world_dir(w), name);
    mkdir(dir, 0755);
    snprintf(path, sizeof path, "%s/extra.cf", dir);
    file_write(path, extra);
    snprintf(listen, sizeof listen, "listen=%s", s->address);
    return peer_start(w, name,
                      (const char *const[]){ script, "run", name, dir, listen, "domain=bench.test",
                                             users, pairs[0], pairs[1], pairs[2], NULL });
}

void postfix_start(struct world *w, struct system *s, int out_port)
{
    char cert[512], key[512], cert_is[600], key_is[600], relay[60], extra[4000];
    *s = (struct system){ .name = "Postfix+Dovecot",
                          .port_mx = 2525,
                          .port_submission = 2525,
                          .port_imap = 1143,
                          .relays_unasked = true,
                          .parts_n = 2 };
    world_address(w, HOST_POSTFIX, s->address);
    world_certificate(w, "mail.bench.test", s->address, cert, key);
    snprintf(cert_is, sizeof cert_is, "cert=%s", cert);
    snprintf(key_is, sizeof key_is, "key=%s", key);
    snprintf(relay, sizeof relay, "relay=127.0.0.1:%d", out_port);
    snprintf(extra, sizeof extra, dovecot_extra, s->address);
    s->parts[1] =
        part_start(w, s, "dovecot", extra, (const char *const[3]){ "port=0", cert_is, key_is });
    snprintf(extra, sizeof extra, postfix_extra, s->address, s->address);
    s->parts[0] =
        part_start(w, s, "postfix", extra, (const char *const[3]){ relay, cert_is, key_is });
    wait_for(s, s->port_mx, s->parts[0]);
    wait_for(s, s->port_imap, s->parts[1]);
}

void system_stop(struct system *s)
{
    for (size_t i = 0; i < s->parts_n; i++)
        peer_stop(s->parts[i], SIGTERM);
}

/* --- what they cost --------------------------------------------------------------------------- */

static size_t roots_of(const struct system *s, pid_t roots[2])
{
    for (size_t i = 0; i < s->parts_n; i++)
        roots[i] = peer_pid(s->parts[i]);
    return s->parts_n;
}

double system_cpu_s(const struct system *s)
{
    pid_t roots[2];
    return tree_cpu_s(roots, roots_of(s, roots));
}

double system_pss_mb(const struct system *s)
{
    pid_t roots[2];
    return tree_pss_kb(roots, roots_of(s, roots)) / 1024;
}
