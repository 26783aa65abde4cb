/* rules.h - the twenty-five rules of docs/security.md, a test each: what they share. */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fail.h"
#include "support/wire.h"

extern struct world *world;
extern struct server *server; /* a.test, with alice and bob, whose password is "secret" */

/* A stranger's connection behind its greeting, in clear. */
struct wire *stranger(int port);
/* As alice, over TLS: PORT_SUBMISSIONS, PORT_IMAPS, PORT_POP3S. */
struct wire *alice(int port);
/* Within so many seconds, everything that comes until the connection ends, lines joined by LF. */
const char *hear_all(struct wire *w);

/* One conversation: all is said at once, and all that comes back, to the end, must match. */
struct say {
    int port; /* a port of users: alice speaks; else a stranger */
    const char *say;
    size_t n;
    const char *want; /* a whole extended expression; lines end in LF */
};
#define SAY(literal) literal, sizeof(literal) - 1
void says(const struct say *rows, size_t n);
#define SAYS(rows) says(rows, sizeof rows / sizeof *rows)

/* How many messages are in somebody's INBOX. */
int messages_of(const char *user);
/* One more message for alice, whatever it is. */
void append(struct wire *imap, const char *bytes, size_t n);

/* What the processor did for the server so far, in nanoseconds of all its threads. */
uint64_t cpu_ns(void);
uint64_t memory_bytes(void); /* resident, of the server's own: no files */
/* The least of three tries of what the server's processor takes for it. */
uint64_t cost_of(void (*act)(void *arg), void *arg);
/* Linear: twice as much costs less than three times. */
void is_linear(const char *what, uint64_t once, uint64_t twice);

#define RULES(X)                                        \
    X(rule_01_only_crlf_dot_crlf_ends_data)             \
    X(rule_02_what_leaves_is_clean)                     \
    X(rule_03_long_lines_are_refused_whole)             \
    X(rule_04_starttls_forgets)                         \
    X(rule_05_the_end_of_tls_is_the_end)                \
    X(rule_06_sizes_are_digits)                         \
    X(rule_07_addresses_are_strict)                     \
    X(rule_08_no_relay_for_strangers)                   \
    X(rule_09_the_sender_is_who_logged_in)              \
    X(rule_10_unknown_recipients_loops_and_bounces)     \
    X(rule_11_errors_and_harvesting_are_limited)        \
    X(rule_12_too_big_is_said_before_the_plus)          \
    X(rule_13_one_budget_a_command)                     \
    X(rule_14_numbers_do_not_wrap)                      \
    X(rule_15_names_are_keys)                           \
    X(rule_16_patterns_and_programs_are_bounded)        \
    X(rule_17_sequence_sets_cost_what_they_match)       \
    X(rule_18_replies_are_always_valid)                 \
    X(rule_19_headers_and_mime_are_linear)              \
    X(rule_20_large_messages_stream)                    \
    X(rule_21_strangers_do_not_crowd_out)               \
    X(rule_22_failures_tell_nothing)                    \
    X(rule_23_one_transaction_an_acknowledgement)       \
    X(rule_24_readable_at_once_after_a_crash)           \
    X(rule_25_resources_end)
#define DECLARE(name) void name(void **state);
RULES(DECLARE)

#endif
