# CONDSTORE, RFC 7162 3.1: what turns it on, MODSEQ in answers, STORE that only wins unchanged.
S~ \* OK \[CAPABILITY .* CONDSTORE .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b1 APPEND INBOX {6+}
C: a: 1
C: 
S~ b1 OK .*
C: b2 APPEND INBOX {6+}
C: a: 2
C: 
S~ b2 OK .*
C: b3 APPEND INBOX {6+}
C: a: 3
C: 
S~ b3 OK .*
# Without it a STORE tells no MODSEQ; asking for HIGHESTMODSEQ turns it on.
C: c SELECT INBOX
S* c OK .*
C: d STORE 1 +FLAGS (\Seen)
S: * 1 FETCH (FLAGS (\Seen))
S: d OK STORE completed
C: e STATUS Archive (HIGHESTMODSEQ)
S~ \* OK \[HIGHESTMODSEQ [0-9]+\] .*
S~ \* STATUS "Archive" \(HIGHESTMODSEQ [0-9]+\)
S: e OK STATUS completed
C: f STORE 1 +FLAGS (\Flagged)
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Flagged \\Seen\) MODSEQ \([0-9]+\)\)
S: f OK STORE completed
# Silent, and the MODSEQ is told all the same; also of a body that was read.
C: g STORE 1:2 +FLAGS.SILENT (\Draft)
S~ \* 1 FETCH \(UID 1 MODSEQ \([0-9]+\)\)
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\)\)
S: g OK STORE completed
C: h FETCH 2 BODY[HEADER]
S~ \* 2 FETCH \(BODY\[HEADER\] \{6\}
S: a: 2
S: )
S~ \* 2 FETCH \(UID 2 FLAGS \(\\Seen \\Draft\) MODSEQ \([0-9]+\)\)
S: h OK FETCH completed
# A FETCH tells what it was asked for.
C: i FETCH 2 FLAGS
S: * 2 FETCH (FLAGS (\Seen \Draft))
S: i OK FETCH completed
# No message has modification sequence 0; those that failed are named as the command named them.
C: j STORE 1,3 (UNCHANGEDSINCE 0) +FLAGS.SILENT (\Deleted)
S: j OK [MODIFIED 1,3] some were changed by others meanwhile
C: k UID STORE 2:3 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\Deleted)
S: k OK [MODIFIED 2:3] some were changed by others meanwhile
C: l STORE 1:3 (UNCHANGEDSINCE 9999999) +FLAGS.SILENT (\Answered)
S~ \* 1 FETCH \(UID 1 MODSEQ \([0-9]+\)\)
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\)\)
S~ \* 3 FETCH \(UID 3 MODSEQ \([0-9]+\)\)
S: l OK STORE completed
C: m FETCH 1:3 (UID) (CHANGEDSINCE 1)
S~ \* 1 FETCH \(MODSEQ \([0-9]+\) UID 1\)
S~ \* 2 FETCH \(MODSEQ \([0-9]+\) UID 2\)
S~ \* 3 FETCH \(MODSEQ \([0-9]+\) UID 3\)
S: m OK FETCH completed
C: n FETCH 1:3 (FLAGS) (CHANGEDSINCE 9999999)
S: n OK FETCH completed
C: o SEARCH MODSEQ 1
S~ \* SEARCH 1 2 3 \(MODSEQ [0-9]+\)
S: o OK SEARCH completed
C: p SEARCH MODSEQ "/flags/\\draft" all 9999999
S: * SEARCH
S: p OK SEARCH completed
C: q SEARCH MODSEQ "/flags/\\draft" shared 1 UID 2
S~ \* SEARCH 2 \(MODSEQ [0-9]+\)
S: q OK SEARCH completed
C: r SEARCH MODSEQ "/flags/\\draft" some 1
S: r BAD all, priv or shared expected
C: s UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
S: s BAD QRESYNC is not enabled
C: t SELECT INBOX (QRESYNC (1 1))
S: t BAD QRESYNC is not enabled
