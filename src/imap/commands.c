/* commands.c - the table of commands: where each is allowed, who answers it, what it announces. */
#include "imap/session_int.h"

/* clang-format off */
const struct command_row imap_commands[VERBS] = {
    [VERB_CAPABILITY]   = { S_INIT("CAPABILITY"), ANY, 0, imap_capability, S_INIT(""), S_INIT("RFC 9051 6.1.1") },
    [VERB_NOOP]         = { S_INIT("NOOP"), ANY, 0, imap_noop, S_INIT(""), S_INIT("RFC 9051 6.1.2") },
    [VERB_LOGOUT]       = { S_INIT("LOGOUT"), ANY, 0, imap_logout, S_INIT(""), S_INIT("RFC 9051 6.1.3") },
    [VERB_ID]           = { S_INIT("ID"), ANY, 0, imap_id, S_INIT("ID"), S_INIT("RFC 2971 3.1") },
    [VERB_STARTTLS]     = { S_INIT("STARTTLS"), NOT_AUTHENTICATED, 0, imap_starttls, S_INIT(""), S_INIT("RFC 9051 6.2.1") },
    [VERB_AUTHENTICATE] = { S_INIT("AUTHENTICATE"), NOT_AUTHENTICATED, 0, imap_authenticate, S_INIT("SASL-IR"), S_INIT("RFC 9051 6.2.2") },
    [VERB_LOGIN]        = { S_INIT("LOGIN"), NOT_AUTHENTICATED, 0, imap_login, S_INIT(""), S_INIT("RFC 9051 6.2.3") },
    [VERB_COMPRESS]     = { S_INIT("COMPRESS"), LOGGED_IN, 0, imap_compress, S_INIT("COMPRESS=DEFLATE"), S_INIT("RFC 4978 3") },
    [VERB_ENABLE]       = { S_INIT("ENABLE"), LOGGED_IN, 0, imap_enable, S_INIT("ENABLE"), S_INIT("RFC 9051 6.3.1") },
    [VERB_SELECT]       = { S_INIT("SELECT"), LOGGED_IN, MOVES_MAILBOXES, imap_select, S_INIT(""), S_INIT("RFC 9051 6.3.2") },
    [VERB_EXAMINE]      = { S_INIT("EXAMINE"), LOGGED_IN, MOVES_MAILBOXES, imap_select, S_INIT(""), S_INIT("RFC 9051 6.3.3") },
    [VERB_CREATE]       = { S_INIT("CREATE"), LOGGED_IN, MOVES_MAILBOXES, imap_create, S_INIT("CREATE-SPECIAL-USE"), S_INIT("RFC 9051 6.3.4") },
    [VERB_DELETE]       = { S_INIT("DELETE"), LOGGED_IN, MOVES_MAILBOXES, imap_delete, S_INIT(""), S_INIT("RFC 9051 6.3.5") },
    [VERB_RENAME]       = { S_INIT("RENAME"), LOGGED_IN, MOVES_MAILBOXES, imap_rename, S_INIT(""), S_INIT("RFC 9051 6.3.6") },
    [VERB_SUBSCRIBE]    = { S_INIT("SUBSCRIBE"), LOGGED_IN, MOVES_MAILBOXES, imap_subscribe, S_INIT(""), S_INIT("RFC 9051 6.3.7") },
    [VERB_UNSUBSCRIBE]  = { S_INIT("UNSUBSCRIBE"), LOGGED_IN, MOVES_MAILBOXES, imap_subscribe, S_INIT(""), S_INIT("RFC 9051 6.3.8") },
    [VERB_LIST]         = { S_INIT("LIST"), LOGGED_IN, 0, imap_list, S_INIT("CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE"), S_INIT("RFC 9051 6.3.9") },
    [VERB_LSUB]         = { S_INIT("LSUB"), LOGGED_IN, 0, imap_lsub, S_INIT(""), S_INIT("RFC 3501 6.3.9") },
    [VERB_NAMESPACE]    = { S_INIT("NAMESPACE"), LOGGED_IN, 0, imap_namespace, S_INIT("NAMESPACE"), S_INIT("RFC 9051 6.3.10") },
    [VERB_STATUS]       = { S_INIT("STATUS"), LOGGED_IN, 0, imap_status, S_INIT("STATUS=SIZE"), S_INIT("RFC 9051 6.3.11") },
    [VERB_APPEND]       = { S_INIT("APPEND"), LOGGED_IN, 0, imap_append, S_INIT("MULTIAPPEND"), S_INIT("RFC 9051 6.3.12") },
    [VERB_IDLE]         = { S_INIT("IDLE"), LOGGED_IN, 0, imap_idle, S_INIT("IDLE"), S_INIT("RFC 9051 6.3.13") },
    [VERB_UNAUTHENTICATE] = { S_INIT("UNAUTHENTICATE"), LOGGED_IN, 0, imap_unauthenticate, S_INIT(""), S_INIT("RFC 8437 3") },
    [VERB_NOTIFY]       = { S_INIT("NOTIFY"), LOGGED_IN, 0, imap_notify, S_INIT("NOTIFY"), S_INIT("RFC 5465 3.1") },
    [VERB_CLOSE]        = { S_INIT("CLOSE"), SELECTED, MOVES_MAILBOXES, imap_close, S_INIT(""), S_INIT("RFC 9051 6.4.1") },
    [VERB_UNSELECT]     = { S_INIT("UNSELECT"), SELECTED, MOVES_MAILBOXES, imap_close, S_INIT("UNSELECT"), S_INIT("RFC 9051 6.4.2") },
    [VERB_CHECK]        = { S_INIT("CHECK"), SELECTED, 0, imap_noop, S_INIT(""), S_INIT("RFC 3501 6.4.1") },
    [VERB_EXPUNGE]      = { S_INIT("EXPUNGE"), SELECTED, TELLS_MODSEQ, imap_expunge, S_INIT("UIDPLUS"), S_INIT("RFC 9051 6.4.3") },
    [VERB_SEARCH]       = { S_INIT("SEARCH"), SELECTED, USES_SEQ, imap_search, S_INIT("ESEARCH SEARCHRES WITHIN SEARCH=FUZZY I18NLEVEL=1"), S_INIT("RFC 9051 6.4.4") },
    [VERB_FETCH]        = { S_INIT("FETCH"), SELECTED, USES_SEQ, imap_fetch, S_INIT(""), S_INIT("RFC 9051 6.4.5") },
    [VERB_STORE]        = { S_INIT("STORE"), SELECTED, USES_SEQ, imap_store, S_INIT("CONDSTORE"), S_INIT("RFC 9051 6.4.6") },
    [VERB_COPY]         = { S_INIT("COPY"), SELECTED, 0, imap_copy, S_INIT(""), S_INIT("RFC 9051 6.4.7") },
    [VERB_MOVE]         = { S_INIT("MOVE"), SELECTED, TELLS_MODSEQ, imap_copy, S_INIT("MOVE"), S_INIT("RFC 9051 6.4.8") },
    [VERB_SETACL]       = { S_INIT("SETACL"), LOGGED_IN, 0, imap_setacl, S_INIT("ACL RIGHTS=texk"), S_INIT("RFC 4314 3.1") },
    [VERB_DELETEACL]    = { S_INIT("DELETEACL"), LOGGED_IN, 0, imap_setacl, S_INIT(""), S_INIT("RFC 4314 3.2") },
    [VERB_GETACL]       = { S_INIT("GETACL"), LOGGED_IN, 0, imap_getacl, S_INIT(""), S_INIT("RFC 4314 3.3") },
    [VERB_LISTRIGHTS]   = { S_INIT("LISTRIGHTS"), LOGGED_IN, 0, imap_listrights, S_INIT(""), S_INIT("RFC 4314 3.4") },
    [VERB_MYRIGHTS]     = { S_INIT("MYRIGHTS"), LOGGED_IN, 0, imap_myrights, S_INIT(""), S_INIT("RFC 4314 3.5") },
    [VERB_GETQUOTA]     = { S_INIT("GETQUOTA"), LOGGED_IN, 0, imap_getquota, S_INIT("QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"), S_INIT("RFC 9208 4.1.1") },
    [VERB_GETQUOTAROOT] = { S_INIT("GETQUOTAROOT"), LOGGED_IN, 0, imap_getquotaroot, S_INIT(""), S_INIT("RFC 9208 4.1.2") },
    [VERB_SETQUOTA]     = { S_INIT("SETQUOTA"), LOGGED_IN, 0, imap_setquota, S_INIT("QUOTASET"), S_INIT("RFC 9208 4.1.3") },
    [VERB_REPLACE]      = { S_INIT("REPLACE"), SELECTED, 0, imap_replace, S_INIT("REPLACE"), S_INIT("RFC 8508 3") },
};

const struct capability_row imap_extensions[] = {
    { S_INIT("UTF8=ACCEPT"), ANY, S_INIT("RFC 9755") },
    { S_INIT("CATENATE"), ANY, S_INIT("RFC 4469") },
    { S_INIT("URL-PARTIAL"), ANY, S_INIT("RFC 5550 5.7.1") },
    { S_INIT("BINARY"), ANY, S_INIT("RFC 3516") },
    { S_INIT("LIST-MYRIGHTS"), LOGGED_IN, S_INIT("RFC 8440") },
    { S_INIT("LITERAL+"), LOGGED_IN, S_INIT("RFC 7888") },
    { S_INIT("LITERAL-"), NOT_AUTHENTICATED, S_INIT("RFC 7888 5") }, /* 4 KiB, which is what a stranger may send */
    { S_INIT("QRESYNC"), ANY, S_INIT("RFC 7162 3.2") },
    { S_INIT("OBJECTID"), ANY, S_INIT("RFC 8474") },
    { S_INIT("SAVEDATE"), ANY, S_INIT("RFC 8514") },
    { S_INIT("PREVIEW"), ANY, S_INIT("RFC 8970") },
};
/* clang-format on */
const size_t imap_extensions_n = COUNT_OF(imap_extensions);
