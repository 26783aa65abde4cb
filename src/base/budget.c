/* budget.c - the table of budgets, and how often each struck. */
#include "base/budget.h"

#include <assert.h>
#include <stdatomic.h>

/* clang-format off */
const struct budget_row budgets[BUDGETS] = {
    [BUDGET_ACCOUNT_CONNS]       = { "account.connections", "auth.account_conns_max", "NO [LIMIT], -ERR [SYS/TEMP], 454 4.7.0" },
    [BUDGET_ACCOUNT_FAILURES]    = { "account.failures",    "guard.account_failures", "as a wrong password, or later" },
    [BUDGET_ACCOUNT_MEMORY]      = { "account.memory",      "auth.account_memory_max", "NO [UNAVAILABLE]" },
    [BUDGET_ACCOUNT_MESSAGES]    = { "account.messages",    "smtp.user_messages",   "450 4.7.1" },
    [BUDGET_ACCOUNT_RCPTS]       = { "account.recipients",  "smtp.user_recipients", "450 4.7.1" },
    [BUDGET_ADDRESS_CONNS]       = { "address.connections", "listener.conns_per_address_max", "421 4.3.2, BYE [UNAVAILABLE], -ERR [SYS/TEMP]" },
    [BUDGET_ADDRESS_CONNS_HOUR]  = { "address.connections_hour", "guard.connections", "421 4.7.0, BYE [LIMIT], -ERR [SYS/TEMP]" },
    [BUDGET_ADDRESS_ERRORS]      = { "address.errors",      "guard.errors",         "421 4.7.0" },
    [BUDGET_ADDRESS_FAILURES]    = { "address.failures",    "guard.failures",       "as a wrong password, or later" },
    [BUDGET_ADDRESS_MESSAGES]    = { "address.messages",    "guard.messages",       "450 4.7.1" },
    [BUDGET_ADDRESS_RCPTS]       = { "address.recipients",  "guard.recipients",     "450 4.7.1" },
    [BUDGET_CONN_COMPRESSION]    = { "conn.compression",    "COMPRESS_GROWTH",      "BYE" },
    [BUDGET_CONN_HANDSHAKE]      = { "conn.handshake",      "listener.handshake",   "the connection ends" },
    [BUDGET_CONN_SEND]           = { "conn.send",           "CONN_SEND_MS",         "the connection ends" },
    [BUDGET_IMAP_COMMAND]        = { "imap.command",        "IMAP_COMMAND_BYTES",   "BAD [TOOBIG]" },
    [BUDGET_IMAP_ERRORS]         = { "imap.errors",         "imap.errors_max",      "BYE" },
    [BUDGET_IMAP_IDLE]           = { "imap.idle",           "imap.idle",            "BYE" },
    [BUDGET_IMAP_LINE]           = { "imap.line",           "IMAP_LINE_BYTES",      "BYE" },
    [BUDGET_IMAP_LOGIN]          = { "imap.login",          "imap.login",           "BYE" },
    [BUDGET_IMAP_STRANGER_BYTES] = { "imap.stranger_bytes", "auth.stranger_bytes",        "BYE [LIMIT]" },
    [BUDGET_IMAP_STRANGER_COMMANDS] = { "imap.stranger_commands", "auth.stranger_commands", "BYE [LIMIT]" },
    [BUDGET_IMAP_STRANGER_LINE]  = { "imap.stranger_line",  "IMAP_LINE_UNAUTH_BYTES", "BYE" },
    [BUDGET_IMAP_SWALLOWED]      = { "imap.swallowed",      "IMAP_SWALLOW_BYTES",   "BYE [LIMIT]" },
    [BUDGET_LISTENER_CONNS]      = { "listener.connections", "listener.conns_max",  "421 4.3.2, BYE [UNAVAILABLE], -ERR [SYS/TEMP]" },
    [BUDGET_POP3_ERRORS]         = { "pop3.errors",         "pop3.errors_max",      "-ERR" },
    [BUDGET_POP3_IDLE]           = { "pop3.idle",           "pop3.idle",            "-ERR" },
    [BUDGET_POP3_LINE]           = { "pop3.line",           "POP3_LINE_BYTES",      "-ERR" },
    [BUDGET_POP3_LOGIN]          = { "pop3.login",          "pop3.login",           "-ERR" },
    [BUDGET_POP3_STRANGER_BYTES] = { "pop3.stranger_bytes", "auth.stranger_bytes",       "-ERR [SYS/TEMP]" },
    [BUDGET_POP3_STRANGER_COMMANDS] = { "pop3.stranger_commands", "auth.stranger_commands", "-ERR [SYS/TEMP]" },
    [BUDGET_PROCESS_CONNS]       = { "process.connections", "server.conns_max",     "421 4.3.2, BYE [UNAVAILABLE], -ERR [SYS/TEMP]" },
    [BUDGET_PROCESS_DESCRIPTORS] = { "process.descriptors", "RLIMIT_NOFILE",        "421 4.3.2, BYE [UNAVAILABLE], -ERR [SYS/TEMP]" },
    [BUDGET_PROCESS_MEMORY]      = { "process.memory",      "server.memory_max",    "421 4.3.2, BYE [UNAVAILABLE], -ERR [SYS/TEMP]; NO [UNAVAILABLE]" },
    [BUDGET_PROCESS_STACKS]      = { "process.stacks",      "FIBERS_PER_WORKER",    "waits" },
    [BUDGET_SMTP_ERRORS]         = { "smtp.errors",         "smtp.errors_max",      "421 4.7.0" },
    [BUDGET_SMTP_FRUITLESS]      = { "smtp.fruitless_commands", "SMTP_FRUITLESS_COMMANDS", "421 4.7.0" },
    [BUDGET_SMTP_IDLE]           = { "smtp.idle",           "smtp.idle",            "421 4.4.2" },
    [BUDGET_SMTP_LINE]           = { "smtp.line",           "SMTP_LINE_BYTES",      "500 5.5.2" },
    [BUDGET_SMTP_LOGIN]          = { "smtp.login",          "smtp.login",           "421 4.7.0" },
    [BUDGET_SMTP_RCPTS]          = { "smtp.recipients",     "smtp.rcpts_max",       "452 4.5.3" },
    [BUDGET_SMTP_SIZE]           = { "smtp.size",           "smtp.size_max",        "552 5.3.4" },
    [BUDGET_SMTP_STRANGER_COMMANDS] = { "smtp.stranger_commands", "auth.stranger_commands", "421 4.7.0" },
};
/* clang-format on */

static _Atomic uint64_t struck[BUDGETS];

void budget_struck(enum budget b)
{
    assert(b < BUDGETS);
    atomic_fetch_add_explicit(&struck[b], 1, memory_order_relaxed);
}

uint64_t budget_struck_total(enum budget b)
{
    assert(b < BUDGETS);
    return atomic_load_explicit(&struck[b], memory_order_relaxed);
}
