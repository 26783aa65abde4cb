# QRESYNC, RFC 7162 3.2: VANISHED, and what a SELECT tells who was away.
S~ \* OK \[CAPABILITY .* QRESYNC .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND INBOX {6+}
C: a: 1
C: 
S* b OK .*
C: b COPY 1 INBOX
S: b BAD this command is not for the present state
C: c SELECT INBOX
S* c OK .*
C: d COPY 1 INBOX
S: * 2 EXISTS
S* d OK .*
C: d COPY 1:2 INBOX
S: * 4 EXISTS
S* d OK .*
C: d COPY 1:4 INBOX
S: * 8 EXISTS
S* d OK .*
C: d COPY 1:2 INBOX
S: * 10 EXISTS
S* d OK .*
C: e ENABLE QRESYNC
S: * ENABLED QRESYNC
S~ \* OK \[HIGHESTMODSEQ [0-9]+\] .*
S: e OK ENABLE completed
# From here on VANISHED in place of EXPUNGE, and the state after it with the answer.
C: f STORE 2:3 +FLAGS.SILENT (\Deleted)
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\)\)
S~ \* 3 FETCH \(UID 3 MODSEQ \([0-9]+\)\)
S: f OK STORE completed
C: g EXPUNGE
S: * VANISHED 2:3
S~ g OK \[HIGHESTMODSEQ [0-9]+\] EXPUNGE completed
C: g EXPUNGE
S: g OK EXPUNGE completed
C: h MOVE 2 Trash
S~ \* OK \[COPYUID [0-9]+ 4 1\] moved
S: * VANISHED 4
S~ h OK \[HIGHESTMODSEQ [0-9]+\] MOVE completed
C: i UID STORE 10 +FLAGS.SILENT (\Deleted)
S~ \* 7 FETCH \(UID 10 MODSEQ \([0-9]+\)\)
S: i OK STORE completed
C: i UID EXPUNGE 10
S: * VANISHED 10
S~ i OK \[HIGHESTMODSEQ [0-9]+\] EXPUNGE completed
C: j STORE 2 +FLAGS (\Flagged)
S~ \* 2 FETCH \(UID 5 FLAGS \(\\Flagged\) MODSEQ \([0-9]+\)\)
S: j OK STORE completed
# VANISHED of a UID FETCH: of those that were named.
C: k UID FETCH 3:9 (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: * VANISHED (EARLIER) 3:4
S~ \* 2 FETCH \(UID 5 MODSEQ \([0-9]+\) FLAGS \(\\Flagged\)\)
S~ \* 3 FETCH \(UID 6 MODSEQ \([0-9]+\) FLAGS \(\)\)
S~ \* 4 FETCH \(UID 7 MODSEQ \([0-9]+\) FLAGS \(\)\)
S~ \* 5 FETCH \(UID 8 MODSEQ \([0-9]+\) FLAGS \(\)\)
S~ \* 6 FETCH \(UID 9 MODSEQ \([0-9]+\) FLAGS \(\)\)
S: k OK FETCH completed
C: k UID FETCH 3:9 (FLAGS) (CHANGEDSINCE 99999999 VANISHED)
S: k OK FETCH completed
C: k FETCH 3:5 (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: k BAD VANISHED goes with UID FETCH and CHANGEDSINCE
C: k UID FETCH 3:9 (FLAGS) (VANISHED)
S: k BAD VANISHED goes with UID FETCH and CHANGEDSINCE
# Coming back. The UIDVALIDITY is of another time: then it is a plain SELECT.
C: l SELECT INBOX (QRESYNC (1 1))
S~ \* OK \[CLOSED\] .*
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 6 EXISTS
S: * 0 RECENT
S~ \* OK \[UNSEEN 1\] .*
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 11\] .*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ l OK \[READ-WRITE\] .*
C: m SELECT INBOX (QRESYNC (1 1 1:*))
S: m BAD a known set names numbers, not *
C: n UNSELECT
S: n OK UNSELECT completed
# Nobody is told what CLOSE expunged, so its answer has no HIGHESTMODSEQ: RFC 7162 3.2.8.
C: o SELECT INBOX
S* o OK .*
C: p STORE 1 +FLAGS.SILENT (\Deleted)
S* p OK .*
C: q CLOSE
S: q OK CLOSE completed
C: r STATUS INBOX (MESSAGES)
S: * STATUS "INBOX" (MESSAGES 5)
S: r OK STATUS completed
