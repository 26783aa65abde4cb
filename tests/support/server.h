/* server.h - start, stop, kill and inspect Posthorn servers and peers from a test.
 *
 * A test's world is a temporary folder, removed when the world is freed, and a loopback network of
 * its own (127.x.y.0/24, from the process id), so that many tests run at once with fixed ports and
 * without root. A program that is missing fails the test; nothing is skipped. Whatever goes wrong
 * in here ends the test with its reason.
 */
#ifndef SUPPORT_SERVER_H
#define SUPPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The same on every server of a world: the addresses differ. */
enum {
    PORT_SMTP = 2525,
    PORT_SUBMISSION = 2587,
    PORT_SUBMISSIONS = 2465,
    PORT_IMAP = 2143,
    PORT_IMAPS = 2993,
    PORT_POP3 = 2110,
    PORT_POP3S = 2995,
    PORT_LMTP = 2424,
    PORT_PROXIED = 2526,
    PORT_DNS = 5353
};

struct world;
struct world *world_new(void);    /* folder and CA */
void world_free(struct world *w); /* stops everything, removes the folder */
void world_keep(struct world *w); /* leave the folder: for looking at a failure */
const char *world_dir(const struct world *w);
const char *world_ca(const struct world *w);                               /* PEM file to trust */
const char *world_address(const struct world *w, int host, char text[16]); /* 127.x.y.HOST */

/* A program that runs beside the test, in a session of its own; its output goes to a file. */
struct peer;
struct peer *peer_start(struct world *w, const char *name, const char *const *argv);
void peer_stop(struct peer *p, int signal); /* and waits */
const char *peer_log(const struct peer *p); /* the file */
pid_t peer_pid(const struct peer *p);

/* nsd for a.test and b.test (each: MX 10 mail.DOMAIN, which is server 2 and 3) and c.test (null
 * MX), d.test (MX to an address where nobody listens), and whatever else zone text is given for. */
void world_dns_start(struct world *w);
/* Before it: another zone, or other text for one of these; SOA and NS are there already. */
void world_zone(struct world *w, const char *domain, const char *text);
void world_dns_stop(struct world *w);

struct server;
/* A Posthorn server for a domain, host number 2, 3, … of the world: mail.DOMAIN. extra: further
 * lines of configuration, or NULL; they follow the sections "[relay]" last, so they may begin with
 * relay's settings or open other sections; an [auth] of their own replaces the cheap hashes. Returns when the server says it is ready. */
struct server *server_start(struct world *w, const char *domain, const char *extra);
/* From now on the servers of this world have the parent of `serve --supervise` above them. */
void world_supervise(struct world *w);
pid_t server_child(const struct server *s); /* of one beneath a parent; waits until there is one */
const char *server_address(const struct server *s);
const char *server_domain(const struct server *s);
const char *server_config(const struct server *s); /* the file */
const char *server_data_dir(const struct server *s);
const char *server_log(const struct server *s); /* the file */
pid_t server_pid(const struct server *s);
void server_kill(struct server *s);    /* SIGKILL, and waits */
int server_stop(struct server *s);     /* SIGTERM; its exit status */
/* A signal (0: none, it was sent before), and waits so long at most; its exit status, 128+signal, or
 * -1 when it had to be killed. */
int server_end(struct server *s, int signal, int seconds);
void server_restart(struct server *s); /* after kill or stop: same data, same ports */
void server_user(struct server *s, const char *address, const char *password);
/* Runs `posthorn --config … WORDS…`; the output (standard output and error) lives until the next
 * call. */
const char *server_cli(struct server *s, const char *input, int *status, const char *const *words);
#define CLI(s, input, status, ...) \
    server_cli((s), (input), (status), (const char *const[]){ __VA_ARGS__, NULL })

/* A program with its input (may be NULL); captures both outputs. Its exit status, 128+signal, or -1
 * when it took longer than the seconds given (it is killed then). */
int run_program(const char *const *argv, const char *input, char *output, size_t size, int seconds);
#define RUN(output, size, seconds, input, ...) \
    run_program((const char *const[]){ __VA_ARGS__, NULL }, (input), (output), (size), (seconds))

/* Wait until ready(arg) is true, asking every few milliseconds; false after the seconds given. */
bool wait_until(bool (*ready)(void *arg), void *arg, int seconds);
bool file_has(const char *path, const char *text);
char *file_read(const char *path, size_t *size); /* with a NUL behind; free() it */
void file_write(const char *path, const char *text);
double now_s(void); /* monotonic, seconds */
const char *program_posthorn(void);

#endif
