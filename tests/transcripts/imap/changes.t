# Flags, copies, moves and expunges, with their UIDPLUS codes.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b1 APPEND INBOX {6+}
C: a: 1
C: 
S~ b1 OK \[APPENDUID [0-9]+ 1\] .*
C: b2 APPEND INBOX {6+}
C: a: 2
C: 
S~ b2 OK \[APPENDUID [0-9]+ 2\] .*
C: b3 APPEND INBOX {6+}
C: a: 3
C: 
S~ b3 OK \[APPENDUID [0-9]+ 3\] .*
C: c SELECT INBOX
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 3 EXISTS
S: * 0 RECENT
S~ \* OK \[UNSEEN 1\].*
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 4.*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ c OK .*
C: d STORE 1:2 FLAGS (\Seen)
S: * 1 FETCH (FLAGS (\Seen))
S: * 2 FETCH (FLAGS (\Seen))
S: d OK STORE completed
C: e UID STORE 2:3 +FLAGS (\Flagged)
S: * 2 FETCH (UID 2 FLAGS (\Flagged \Seen))
S: * 3 FETCH (UID 3 FLAGS (\Flagged))
S: e OK STORE completed
C: f STORE 2 -FLAGS.SILENT (\Seen)
S: f OK STORE completed
C: g FETCH 2 FLAGS
S: * 2 FETCH (FLAGS (\Flagged))
S: g OK FETCH completed
C: h STORE 9 +FLAGS (\Seen)
S: h BAD no message has this number
C: i UID STORE 9 +FLAGS (\Seen)
S: i OK STORE completed
C: j COPY 1,3 Archive
S~ j OK \[COPYUID [0-9]+ 1,3 1:2\] COPY completed
C: k COPY 1 Nowhere
S: k NO [TRYCREATE] no such mailbox
C: l UID COPY 99 Archive
S: l OK COPY completed
C: m STATUS Archive (MESSAGES UIDNEXT)
S: * STATUS "Archive" (MESSAGES 2 UIDNEXT 3)
S: m OK STATUS completed
C: n MOVE 2 Trash
S~ \* OK \[COPYUID [0-9]+ 2 1\] moved
S: * 2 EXPUNGE
S: n OK MOVE completed
C: o STORE 1 +FLAGS.SILENT (\Deleted)
S: o OK STORE completed
C: p UID EXPUNGE 3
S: p OK EXPUNGE completed
C: q UID EXPUNGE 1
S: * 1 EXPUNGE
S: q OK EXPUNGE completed
C: r UID FETCH 1:* FLAGS
S: * 1 FETCH (UID 3 FLAGS (\Flagged))
S: r OK FETCH completed
C: s CHECK
S: s OK CHECK completed
C: t STORE 1 +FLAGS (\Deleted)
S: * 1 FETCH (FLAGS (\Flagged \Deleted))
S: t OK STORE completed
C: u UNSELECT
S: u OK UNSELECT completed
C: v STATUS INBOX (MESSAGES DELETED)
S: * STATUS "INBOX" (MESSAGES 1 DELETED 1)
S: v OK STATUS completed
C: w SELECT INBOX
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 1 EXISTS
S: * 0 RECENT
S~ \* OK \[UNSEEN 1\].*
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 4.*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ w OK .*
C: x CLOSE
S: x OK CLOSE completed
C: y STATUS INBOX (MESSAGES)
S: * STATUS "INBOX" (MESSAGES 0)
S: y OK STATUS completed
C: z SELECT Archive (CONDSTORE)
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 2 EXISTS
S: * 0 RECENT
S~ \* OK \[UNSEEN 2\].*
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 3.*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ z OK .*
C: A STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\Answered)
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Seen\) MODSEQ \([0-9]+\)\)
S: A OK [MODIFIED 1] some were changed by others meanwhile
C: B FETCH 1:* (FLAGS) (CHANGEDSINCE 999999999)
S: B OK FETCH completed
C: C FETCH 1 (MODSEQ)
S~ \* 1 FETCH \(MODSEQ \([0-9]+\)\)
S: C OK FETCH completed
C: D IDLE
S~ \+ .*
C: DONE
S: D OK IDLE completed
C: E IDLE
S~ \+ .*
C: E2 NOOP
S: E BAD DONE expected
C: F NOOP
S: F OK NOOP completed
C: G RENAME INBOX Old
S: G OK RENAME completed
C: H DELETE Archive
S: * OK [CLOSED] the selected mailbox was deleted
S: H OK DELETE completed
C: I FETCH 1 UID
S: I BAD this command is not for the present state
