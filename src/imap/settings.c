/* settings.c - the [imap] section of the configuration. */
#include "imap/imap.h"

#include "base/mem.h"

#define ROW(field) offsetof(struct imap_settings, field)

/* clang-format off */
static const struct setting rows[] = {
    { "idle", SET_DURATION, ROW(idle_ms), "30m", 60 * 1000, 7 * 86400 * 1000ull, NULL,
      "A client that has logged in may be silent this long (RFC 9051 5.4 wants at least 30m)." },
    { "login", SET_DURATION, ROW(login_ms), "1m", 1000, 3600 * 1000, NULL,
      "A client must have logged in by then." },
    { "command", SET_DURATION, ROW(command_ms), "10m", 1000, 86400 * 1000, NULL,
      "A command must be answered by then; each piece of a message that the client sends or takes begins the time anew." },
    { "progress", SET_DURATION, ROW(progress_ms), "10s", 1000, 3600 * 1000, NULL,
      "A command that takes long tells this often how far it is (INPROGRESS)." },
    { "errors_max", SET_COUNT, ROW(errors_max), "20", 1, 1000000, NULL,
      "After so many commands that could not be understood the connection is closed." },
    { "append_max", SET_SIZE, ROW(append_bytes_max), "100M", 1024, 1024ull * 1024 * 1024 * 1024, NULL,
      "The largest message that a client may store with APPEND." },
    { "messages_max", SET_COUNT, ROW(messages_max), "1000000", 0, UINT32_MAX, NULL,
      "A command reads, finds or changes at most so many messages, the newest; the client asks for the others by further commands (MESSAGELIMIT, which wants at least 1000). 0: any number." },
    { "unauthenticate", SET_BOOL, ROW(unauthenticate), "yes", 0, 0, NULL,
      "A client may log out and keep its connection, to log in as somebody else (UNAUTHENTICATE)." },
};
/* clang-format on */

const struct settings_section imap_section = {
    .name = "imap",
    .size = sizeof(struct imap_settings),
    .rows = rows,
    .n = COUNT_OF(rows),
    .help = "Mailboxes for mail clients: IMAP.",
};
