# UIDONLY, RFC 9586: no message numbers, neither sent nor taken.
S~ \* OK \[CAPABILITY .* UIDONLY.*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND INBOX {6+}
C: a: 1
C: 
S* b OK .*
C: c SELECT INBOX
S* c OK .*
C: d COPY 1 INBOX
S* d OK .*
C: d COPY 1:2 INBOX
S* d OK .*
C: e ENABLE UIDONLY
S: * ENABLED UIDONLY
S: e OK ENABLE completed
C: f FETCH 1 FLAGS
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f STORE 1 +FLAGS (\Seen)
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f SEARCH ALL
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f COPY 1 Trash
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f MOVE 1 Trash
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f UID SEARCH OR 1:2 SEEN
S: f BAD [UIDREQUIRED] message numbers were given up for UIDs
C: f UID SEARCH RETURN (SAVE) UID 1
S: f OK SEARCH completed
C: f UID SEARCH $
S: * SEARCH 1
S: f OK SEARCH completed
C: f UID SEARCH UID 1:2
S: * SEARCH 1 2
S: f OK SEARCH completed
C: g UID FETCH 2:3 (FLAGS RFC822.SIZE)
S: * 2 UIDFETCH (FLAGS () RFC822.SIZE 6)
S: * 3 UIDFETCH (FLAGS () RFC822.SIZE 6)
S: g OK FETCH completed
C: h UID STORE 3 +FLAGS (\Deleted)
S: * 3 UIDFETCH (FLAGS (\Deleted))
S: h OK STORE completed
C: i EXPUNGE
S: * VANISHED 3
S: i OK EXPUNGE completed
C: j UID FETCH 4 BODY[HEADER]
S~ \* 4 UIDFETCH \(BODY\[HEADER\] \{6\}
S: a: 1
S: )
S: * 4 UIDFETCH (FLAGS (\Seen))
S: j OK FETCH completed
C: k UID FETCH 4 (FLAGS) (CHANGEDSINCE 1)
S~ \* OK \[HIGHESTMODSEQ .*
S~ \* 4 UIDFETCH \(MODSEQ \([0-9]+\) FLAGS \(\\Seen\)\)
S: k OK FETCH completed
# The first unseen message is told by its number: so it is not.
C: l SELECT INBOX
S: * OK [CLOSED] the previous mailbox is closed
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 3 EXISTS
S: * 0 RECENT
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 5\] .*
S~ \* OK \[MAILBOXID .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ l OK .*
C: m ENABLE QRESYNC
S: * ENABLED QRESYNC
S: m OK ENABLE completed
C: n SELECT INBOX (QRESYNC (1 1 1:3 (1 1)))
S: n BAD [UIDREQUIRED] message numbers were given up for UIDs
C: o UNSELECT
S: o OK UNSELECT completed
