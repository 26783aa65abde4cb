# IMAP4rev2 once it is enabled: RFC 9051 6.3.1, appendix A.
S~ \* OK \[CAPABILITY IMAP4rev1 IMAP4rev2 .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: a1 CREATE "&AOk-t&AOk-"
S~ a1 OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C- b APPEND INBOX {17+}\r\nSubject: x\r\n\r\n.\r\n\r\n
S~ b OK .*
# Before: rev1.
C: c SELECT INBOX
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 1 EXISTS
S: * 0 RECENT
S: * OK [UNSEEN 1] first unseen message
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT .*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S: c OK [READ-WRITE] SELECT completed
C: d SEARCH ALL
S: * SEARCH 1
S: d OK SEARCH completed
C: e LIST "" "&AOk-*"
S: * LIST (\HasNoChildren) "/" "&AOk-t&AOk-"
S: e OK LIST completed
C: f UNSELECT
S: f OK UNSELECT completed
C: g ENABLE IMAP4rev2
S: * ENABLED IMAP4rev2
S: g OK ENABLE completed
# After: no RECENT, no UNSEEN, the name as the server has it.
C: h SELECT inbox
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 1 EXISTS
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT .*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S: * LIST () "/" "INBOX" ("OLDNAME" ("inbox"))
S: h OK [READ-WRITE] SELECT completed
C: i SEARCH UNSEEN
S: * ESEARCH (TAG "i") ALL 1
S: i OK SEARCH completed
C: j UID SEARCH SEEN
S: * ESEARCH (TAG "j") UID
S: j OK SEARCH completed
C: k SEARCH RETURN (COUNT) ALL
S: * ESEARCH (TAG "k") COUNT 1
S: k OK SEARCH completed
C- l LIST "" \xc3\xa9*\r\n
S: l BAD unexpected character
C- m LIST "" "\xc3\xa9*"\r\n
S: * LIST (\HasNoChildren) "/" "été"
S: m OK LIST completed
# "&" is a letter like others now.
C: n CREATE "R&D"
S~ n OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: o LIST "" "R*"
S: * LIST (\HasNoChildren) "/" "R&D"
S: o OK LIST completed
C: p LIST "" "&AOk-*"
S: p OK LIST completed
# Letters are composed; what was sent is told back as the old name.
C- q CREATE "cafe\xcc\x81"\r\n
S: * LIST () "/" "café" ("OLDNAME" ("café"))
S~ q OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C- r RENAME "caf\xc3\xa9" "th\xc3\xa9"\r\n
S: * LIST () "/" "thé" ("OLDNAME" ("café"))
S: r OK RENAME completed
C- s DELETE "the\xcc\x81"\r\n
S: * LIST (\NonExistent) "/" "thé" ("OLDNAME" ("thé"))
S: s OK DELETE completed
C: t STATUS INBOX (MESSAGES DELETED SIZE)
S: * STATUS "INBOX" (MESSAGES 1 DELETED 0 SIZE 17)
S: t OK STATUS completed
C: u CREATE a/b
S~ u OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: v DELETE a
S: v OK DELETE completed
C: w LIST "" a
S: * LIST (\NonExistent \Noselect \HasChildren) "/" "a"
S: w OK LIST completed
C: x SELECT Drafts
S: * OK [CLOSED] the previous mailbox is closed
S* \* LIST \(\) "/" "Drafts"
S: x OK [READ-WRITE] SELECT completed
C: y ENABLE IMAP4rev2
S: * ENABLED
S: y OK ENABLE completed
# What rev2 has no more is still answered.
C: z LSUB "" none
S: z OK LSUB completed
C: z1 CHECK
S: z1 OK CHECK completed
