/* server.h - start, stop, kill and inspect Posthorn servers and peers from a test.
 *
 * A test's world is a temporary folder, removed when the test passed. Every server runs on a
 * loopback address of its own (127.0.0.2 …) at ports that the kernel chose, without root. A peer or
 * client program that is missing fails the test; nothing is skipped.
 */
#ifndef SUPPORT_SERVER_H
#define SUPPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct world;
struct world *world_new(void);              /* folder, CA and certificates made on the spot */
void world_free(struct world *w);           /* stops everything */
const char *world_dir(const struct world *w);
const char *world_ca(const struct world *w); /* PEM file to trust */

/* nsd serving zones for a.test, b.test … with an MX each to the server's own address. */
void world_dns_start(struct world *w, const char *const *zone_files, size_t n);

struct server_ports { int smtp, submission, submissions, imap, imaps, pop3, pop3s; };
struct server;
/* A Posthorn server for a domain: mail.DOMAIN on its own loopback address. extra: further lines of
 * configuration, or NULL. Waits until it says it is ready; a failure prints its log and fails. */
struct server *server_start(struct world *w, const char *domain, const char *extra);
const char *server_address(const struct server *s);      /* "127.0.0.2" */
const struct server_ports *server_ports(const struct server *s);
pid_t server_pid(const struct server *s);
void server_kill(struct server *s);                      /* SIGKILL */
int server_stop(struct server *s);                       /* SIGTERM; its exit status */
void server_restart(struct server *s);                   /* same data, same ports */
void server_user(struct server *s, const char *address, const char *password);
/* Runs `posthorn WORDS…` against this server's configuration; returns its output (static buffer). */
const char *server_cli(struct server *s, const char *const *words, const char *input, int *status);
const char *server_data_dir(const struct server *s);

/* A program with its input; captures output. Time limit in seconds; the exit status, or -1. */
int run_program(const char *const *argv, const char *input, char *output, size_t size, int seconds);

#endif
