/* grammar_imap.c - IMAP with its extensions. */
#include "grammar.h"

#include "base/mem.h"

/* clang-format off */
static const struct rule rules[] = {
    { "opening", FORMS("a LOGIN alice@a.test secret\r\nb SELECT INBOX\r\n", "a LOGIN alice@a.test secret\r\nb SELECT INBOX\r\n`append``append``append`", "a LOGIN bob@a.test secret\r\n", "a AUTHENTICATE PLAIN `base64 plain`\r\nb SELECT INBOX (CONDSTORE)\r\n",
        "a AUTHENTICATE PLAIN\r\n`base64 plain`\r\n", "a LOGIN alice@a.test secret\r\nb ENABLE IMAP4rev2 UTF8=ACCEPT\r\nc SELECT INBOX\r\n", "a LOGIN alice@a.test secret\r\nb ENABLE QRESYNC\r\nc SELECT INBOX (QRESYNC (1 1))\r\n",
        "a LOGIN alice@a.test secret\r\nb ENABLE UIDONLY\r\nc SELECT INBOX\r\n", "a `login`\r\n", "") },
    { "command", FORMS("`tag` `any`\r\n", "`tag` `selected`\r\n", "`tag` `selected`\r\n", "`tag` `selected`\r\n", "`tag` `selected`\r\n", "`tag` `folders`\r\n", "`tag` `folders`\r\n", "`append`", "`append`", "`tag` UID `selected`\r\n", "`tag` IDLE\r\nDONE\r\n", "`tag` IDLE\r\n",
        "DONE\r\n", "`tag` `sharing`\r\n", "`tag` `words`\r\n", "`tag` `selected`\n", "+ `words`\r\n") },
    { "tag", FORMS("a", "b", "A001", "t.9", "`n`", "]", "x-`big`", "\"q\"", "*") },
    { "any", FORMS("NOOP", "CAPABILITY", "LOGOUT", "CHECK", "ID NIL", "ID (\"name\" `text subject`)", "ID ()", "STARTTLS", "`login`", "ENABLE `many extension`", "COMPRESS DEFLATE", "UNAUTHENTICATE", "NAMESPACE", "NOTIFY `notify`", "CANCELUPDATE \"a\"") },
    { "plain", FORMS("`nul`alice@a.test`nul`secret", "`nul`bob@a.test`nul`secret", "alice@a.test`nul`alice@a.test`nul`secret", "`nul``mailbox``nul`x") },
    { "login", FORMS("LOGIN alice@a.test secret", "LOGIN `text mailbox` `text subject`", "LOGIN \"bob@a.test\" \"secret\"", "AUTHENTICATE PLAIN =", "AUTHENTICATE PLAIN\r\n*", "AUTHENTICATE LOGIN\r\nYWxpY2U=\r\nc2VjcmV0", "AUTHENTICATE X") },
    { "extension", FORMS("IMAP4rev2", "UTF8=ACCEPT", "CONDSTORE", "QRESYNC", "UIDONLY", "X-`words`") },
    /* names */
    { "name", FORMS("INBOX", "INBOX", "inbox", "Archive", "Trash", "Sent", "Drafts", "Junk", "a", "a/b", "a/b/c", "x", "Other", "Shared/alice@a.test/INBOX", "Shared/alice@a.test", "Shared/bob@a.test/INBOX", "\"\"", "\"a b\"", "Entw&APw-rfe", "\"Entw\xc3\xbcrfe\"", "`text subject`", "../x", "a//b", "/a", "a/",
        "\"a*%\"", "`long`", "\"&\"", "\"\\\\\\\"\"", "a/`name`") },
    { "pattern", FORMS("*", "%", "\"\"", "a/%", "*%*%*%*", "%/%", "`name`", "INBOX", "Shared/*", "(* %)", "(`name` `name`)") },
    { "listselect", FORMS("", "(SUBSCRIBED) ", "(SUBSCRIBED RECURSIVEMATCH) ", "(REMOTE) ", "(SPECIAL-USE) ", "() ", "(RECURSIVEMATCH) ") },
    { "listreturn", FORMS("", " RETURN (CHILDREN)", " RETURN (STATUS (`many status`))", " RETURN (SUBSCRIBED SPECIAL-USE)", " RETURN (MYRIGHTS)", " RETURN (METADATA (/shared/comment))", " RETURN ()") },
    { "status", FORMS("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "HIGHESTMODSEQ", "RECENT", "MAILBOXID", "DELETED-STORAGE", "APPENDLIMIT", "X") },
    { "selectparam", FORMS("", "", " (CONDSTORE)", " (QRESYNC (1 `n`))", " (QRESYNC (1 `big` `set`))", " (QRESYNC (1 `n` 1:* (1:2 1:2)))", " (CONDSTORE QRESYNC (1 1))", " ()") },
    { "folders", FORMS("SELECT `name``selectparam`", "SELECT INBOX", "EXAMINE `name``selectparam`", "CREATE `name`", "CREATE `name` (USE (`use`))", "DELETE `name`", "RENAME `name` `name`", "SUBSCRIBE `name`", "UNSUBSCRIBE `name`", "LIST `listselect`\"\" `pattern``listreturn`", "LIST `listselect``name` `pattern``listreturn`",
        "LSUB \"\" `pattern`", "STATUS `name` (`many status`)", "CLOSE", "UNSELECT") },
    { "use", FORMS("\\Archive", "\\Drafts", "\\Sent", "\\Trash", "\\Junk", "\\All", "\\Flagged", "\\Nothing", "") },
    /* messages */
    { "number", FORMS("1", "2", "3", "*", "`n`", "`big`") },
    { "range", FORMS("`number`", "`number`:`number`", "1:*") },
    { "set", FORMS("1:*", "`list range`", "`list range`", "1", "$", "*") },
    { "flag", FORMS("\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded", "work", "k`n`", "\\Recent", "\\*", "`long`") },
    { "flags", FORMS("()", "(`many flag`)", "`many flag`") },
    { "section", FORMS("", "HEADER", "TEXT", "1", "1.MIME", "2", "1.1", "2.HEADER", "2.TEXT", "1.2.3", "HEADER.FIELDS (`many headername`)", "HEADER.FIELDS.NOT (`many headername`)", "2.HEADER.FIELDS (Subject)", "0", "`big`", "1.1.1.1.1.1.1.1") },
    { "headername", FORMS("Subject", "From", "\"To\"", "Received", "X-Long", "{4+}\r\nDate", "\"\"") },
    { "partial", FORMS("", "", "<0.10>", "<`n`.`n`>", "<`big`.`big`>", "<0.0>") },
    { "item", FORMS("FLAGS", "UID", "ENVELOPE", "BODYSTRUCTURE", "BODY", "INTERNALDATE", "RFC822.SIZE", "RFC822", "RFC822.HEADER", "RFC822.TEXT", "BODY[`section`]`partial`", "BODY.PEEK[`section`]`partial`", "BODY.PEEK[`section`]`partial`", "BINARY[`bin`]`partial`", "BINARY.PEEK[`bin`]`partial`", "BINARY.SIZE[`bin`]",
        "MODSEQ", "EMAILID", "THREADID", "SAVEDATE", "PREVIEW", "PREVIEW (LAZY)") },
    { "bin", FORMS("", "1", "2", "1.1", "2.1") },
    { "items", FORMS("(`many item`)", "`item`", "FULL", "ALL", "FAST", "(`many item` `many item`)") },
    { "fetchmod", FORMS("", "", "", " (CHANGEDSINCE `n`)", " (CHANGEDSINCE 1 VANISHED)", " (PARTIAL 1:`n`)", " (PARTIAL -1:-`n`)", " (CHANGEDSINCE `big`)") },
    { "storemod", FORMS("", "", " (UNCHANGEDSINCE `n`)", " (UNCHANGEDSINCE `big`)") },
    { "how", FORMS("FLAGS", "+FLAGS", "-FLAGS", "FLAGS.SILENT", "+FLAGS.SILENT", "-FLAGS.SILENT") },
    { "selected", FORMS("FETCH `set` `items``fetchmod`", "FETCH `set` `items``fetchmod`", "FETCH 1:* `items`", "FETCH 1:* `items`", "STORE `set``storemod` `how` `flags`", "STORE `set``storemod` `how` `flags`", "COPY `set` `name`", "MOVE `set` `name`", "EXPUNGE", "EXPUNGE `set`", "SEARCH `search`", "SEARCH `search`", "SORT `sort`",
        "THREAD `threading` `charset` `many key`", "ESEARCH `esearch`", "REPLACE `number` `name` `lit letter`", "UIDBATCHES `n`", "UIDBATCHES `n` `n`:`n`", "CLOSE", "UNSELECT", "NOOP", "CANCELUPDATE \"a\"") },
    /* searching */
    { "charset", FORMS("UTF-8", "US-ASCII", "\"utf-8\"", "ISO-8859-1", "X") },
    { "return", FORMS("", "", "RETURN () ", "RETURN (`many result`) ", "RETURN (SAVE) ", "RETURN (UPDATE ALL) ") },
    { "result", FORMS("MIN", "MAX", "ALL", "COUNT", "SAVE", "UPDATE", "CONTEXT", "RELEVANCY", "PARTIAL 1:`n`", "PARTIAL -1:-10") },
    { "search", FORMS("`return``many key`", "`return``many key`", "`return`CHARSET `charset` `many key`", "`return`FUZZY `key`", "RETURN (ALL RELEVANCY) FUZZY TEXT `text words`") },
    { "sort", FORMS("(`many order`) `charset` `many key`", "`return`(`many order`) `charset` `many key`", "(SUBJECT) UTF-8 ALL") },
    { "order", FORMS("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "REVERSE DATE", "REVERSE REVERSE TO", "DISPLAYFROM", "DISPLAYTO", "RELEVANCY") },
    { "threading", FORMS("REFERENCES", "ORDEREDSUBJECT", "REFS", "X") },
    { "esearch", FORMS("IN (`many where`) `return``many key`", "`return``many key`", "IN (personal) RETURN (COUNT) ALL") },
    { "where", FORMS("personal", "inboxes", "subscribed", "selected", "mailboxes `name`", "mailboxes (`many name`)", "subtree `name`", "subtree-one `name`") },
    { "day", FORMS("1-Feb-2026", "1-Jan-2026", "\"31-Dec-1999\"", "32-Feb-2026", "1-Jan-9999", "01-Jan-1970") },
    { "key", FORMS("ALL", "`flagkey`", "BODY `text words`", "TEXT `text words`", "SUBJECT `text subject`", "FROM `text mailbox`", "TO \"\"", "CC a", "BCC a", "HEADER Subject `text subject`", "HEADER X-Long \"\"", "BEFORE `day`", "ON `day`", "SINCE `day`", "SENTBEFORE `day`", "SENTON `day`", "SENTSINCE `day`", "SAVEDBEFORE `day`", "SAVEDON `day`", "SAVEDSINCE `day`",
        "LARGER `n`", "LARGER `big`", "SMALLER `big`", "KEYWORD work", "UNKEYWORD `flag`", "UID `set`", "`set`", "NOT `key`", "OR `key` `key`", "(`many key`)", "MODSEQ `n`", "MODSEQ \"/flags/\\\\Seen\" all `n`", "OLDER `n`", "YOUNGER `big`", "EMAILID M1", "THREADID T1", "FUZZY `key`", "UIDAFTER `n`", "UIDBEFORE `n`", "SAVEDATESUPPORTED") },
    { "flagkey", FORMS("SEEN", "UNSEEN", "DELETED", "UNDELETED", "FLAGGED", "UNFLAGGED", "ANSWERED", "UNANSWERED", "DRAFT", "UNDRAFT", "NEW", "OLD", "RECENT") },
    /* messages that come */
    { "moment", FORMS("", "", " \" 1-Feb-2026 00:00:00 +0000\"", " \"31-Dec-1969 23:59:59 -1200\"", " \"99-Foo-2026 00:00:00 +0000\"") },
    { "appendflags", FORMS("", "", " `flags`") },
    { "message", FORMS("`appendflags``moment` `lit letter`", "`appendflags``moment` `lit letter`", " `lit8 letter`", " UTF8 (`lit8 letter`)", " CATENATE (`many piece`)", " {`big`}\r\n") },
    { "piece", FORMS("TEXT `lit letter`", "TEXT `lit lines`", "URL \"/INBOX/;UID=`n`\"", "URL \"/INBOX/;UID=1/;SECTION=HEADER\"", "URL `text url`", "TEXT {3}\r\nabc") },
    { "url", FORMS("/INBOX/;UID=1/;SECTION=1.MIME", "imap://alice@a.test/INBOX/;UID=1", "/INBOX;UIDVALIDITY=1/;UID=1/;PARTIAL=0.10", ";UID=1/;SECTION=TEXT", "/%49NBOX/;UID=`big`", "imap://`long`/", "/a%00b/;UID=1", ";SECTION=1") },
    { "append", FORMS("`tag` APPEND INBOX`message`\r\n", "`tag` APPEND INBOX`message`\r\n", "`tag` APPEND `name``message`\r\n", "`tag` APPEND INBOX`message``message`\r\n") },
    /* others */
    { "event", FORMS("MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange", "MailboxMetadataChange", "ServerMetadataChange", "MessageNew (`many item`)", "X") },
    { "hearing", FORMS("selected", "selected-delayed", "inboxes", "personal", "subscribed", "subtree `name`", "mailboxes `name`") },
    { "notify", FORMS("NONE", "SET (`hearing` (`many event`))", "SET STATUS (selected (MessageNew MessageExpunge FlagChange)) (`hearing` (`many event`))", "SET (`hearing` NONE)", "SET (personal (MessageNew MessageExpunge))") },
    { "rights", FORMS("lrswipkxteacd", "lr", "+x", "-a", "`words`", "\"\"", "c", "lrs") },
    { "who", FORMS("bob@a.test", "alice@a.test", "anyone", "authuser", "-bob@a.test", "`text mailbox`") },
    { "entry", FORMS("/shared/comment", "/private/comment", "/shared/admin", "/private/vendor/x/`n`", "/shared/`long`", "\"/x\"", "/private/*") },
    { "value", FORMS("`text words`", "NIL", "`lit8 words`", "\"\"") },
    { "quota", FORMS("STORAGE `n`", "MESSAGE `n`", "STORAGE `big`", "X 1") },
    { "sharing", FORMS("SETACL `name` `who` `rights`", "DELETEACL `name` `who`", "GETACL `name`", "LISTRIGHTS `name` `who`", "MYRIGHTS `name`", "GETQUOTA `text mailbox`", "GETQUOTA \"\"", "GETQUOTAROOT `name`", "SETQUOTA \"\" (`many quota`)", "SETQUOTA alice@a.test (STORAGE `n`)", "GETMETADATA `name` `entry`",
        "GETMETADATA (MAXSIZE `n` DEPTH infinity) `name` (`many entry`)", "GETMETADATA \"\" `entry`", "SETMETADATA `name` (`entry` `value`)", "SETMETADATA \"\" (`entry` `value` `entry` `value`)") },
};
/* clang-format on */

const struct grammar grammar_imap = { rules, COUNT_OF(rules) };
