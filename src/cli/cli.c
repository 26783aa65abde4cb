/* cli.c - the table of commands that are not requests of administration. */
#include "cli/cli.h"

/* clang-format off */
const struct cli_command cli_commands[] = {
    { "send",   "--server HOST:PORT --from A --to B …", "submit a message from a file or standard input", cli_send,   false },
    { "fetch",  "--server HOST:PORT --user A …",        "read a mailbox over IMAP or POP3",               cli_fetch,  false },
    { "import", "USER PATH …",                        "take in a Maildir, an mbox or a tree of .eml",   cli_import, true },
    { "export", "USER FOLDER …",                      "write a user's mail as files of such a kind",    cli_export, true },
    { "backup", "FOLDER …",                           "copy the store to a folder, or what is new",     cli_backup, true },
    { "check",  "[--repair]",                         "verify the whole store, or repair it",           cli_check,  true },
    { "restore", "FOLDER …",                          "the store, a user or a message from there",      cli_restore, true },
};
/* clang-format on */
const size_t cli_commands_count = COUNT_OF(cli_commands);
