/* budget.h - what one peer, one account or all together may use up: every budget by name, and how
 * often it struck.
 *
 * The limits themselves are names in limits.h or settings; whoever enforces one calls budget_struck
 * where it refuses. docs/budgets.md has a line for each row (tools/lint_text.py).
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

enum budget {
    BUDGET_ACCOUNT_CONNS,
    BUDGET_ACCOUNT_FAILURES,
    BUDGET_ACCOUNT_MEMORY,
    BUDGET_ACCOUNT_MESSAGES,
    BUDGET_ACCOUNT_RCPTS,
    BUDGET_ADDRESS_CONNS,
    BUDGET_ADDRESS_CONNS_HOUR,
    BUDGET_ADDRESS_ERRORS,
    BUDGET_ADDRESS_FAILURES,
    BUDGET_ADDRESS_MESSAGES,
    BUDGET_ADDRESS_RCPTS,
    BUDGET_CONN_COMPRESSION,
    BUDGET_CONN_HANDSHAKE,
    BUDGET_CONN_SEND,
    BUDGET_IMAP_COMMAND,
    BUDGET_IMAP_ERRORS,
    BUDGET_IMAP_IDLE,
    BUDGET_IMAP_LINE,
    BUDGET_IMAP_LOGIN,
    BUDGET_IMAP_STRANGER_BYTES,
    BUDGET_IMAP_STRANGER_COMMANDS,
    BUDGET_IMAP_STRANGER_LINE,
    BUDGET_IMAP_SWALLOWED,
    BUDGET_LISTENER_CONNS,
    BUDGET_POP3_ERRORS,
    BUDGET_POP3_IDLE,
    BUDGET_POP3_LINE,
    BUDGET_POP3_LOGIN,
    BUDGET_POP3_STRANGER_BYTES,
    BUDGET_POP3_STRANGER_COMMANDS,
    BUDGET_PROCESS_CONNS,
    BUDGET_PROCESS_DESCRIPTORS,
    BUDGET_PROCESS_MEMORY,
    BUDGET_PROCESS_STACKS,
    BUDGET_SMTP_ERRORS,
    BUDGET_SMTP_FRUITLESS,
    BUDGET_SMTP_IDLE,
    BUDGET_SMTP_LINE,
    BUDGET_SMTP_LOGIN,
    BUDGET_SMTP_RCPTS,
    BUDGET_SMTP_SIZE,
    BUDGET_SMTP_STRANGER_COMMANDS,
    BUDGETS
};

/* scope.what, in order of their names; what bounds it: a setting ("imap.errors_max") or a name in
 * limits.h; and what the peer is told. */
struct budget_row { const char *name, *bound, *reply; };
extern const struct budget_row budgets[BUDGETS];

/* Any thread, no locks. */
void budget_struck(enum budget b);
uint64_t budget_struck_total(enum budget b);

#endif
