# PARTIAL, RFC 9394: a part of what a FETCH is about, from the first or from the last.
S~ \* OK \[CAPABILITY .* PARTIAL .*
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
C: d COPY 1:4 INBOX
S* d OK .*
C: d MOVE 3 Trash
S* d OK .*
# UIDs 1, 2 and 4 to 8 are there.
C: e UID FETCH 1:* (FLAGS) (PARTIAL 2:3)
S: * 2 FETCH (UID 2 FLAGS ())
S: * 3 FETCH (UID 4 FLAGS ())
S: e OK FETCH completed
C: f UID FETCH 1:* (FLAGS) (PARTIAL -1:-2)
S: * 6 FETCH (UID 7 FLAGS ())
S: * 7 FETCH (UID 8 FLAGS ())
S: f OK FETCH completed
C: g UID FETCH 1:3,5:6,99 (FLAGS) (PARTIAL 3:9)
S: * 4 FETCH (UID 5 FLAGS ())
S: * 5 FETCH (UID 6 FLAGS ())
S: g OK FETCH completed
C: h UID FETCH 1:3,5:6,99 (FLAGS) (PARTIAL -4:-3)
S: * 1 FETCH (UID 1 FLAGS ())
S: * 2 FETCH (UID 2 FLAGS ())
S: h OK FETCH completed
C: i UID FETCH 1:* (FLAGS) (PARTIAL 8:9)
S: i OK FETCH completed
C: i UID FETCH 1:* (FLAGS) (PARTIAL -8:-9)
S: i OK FETCH completed
C: j FETCH 2:5 UID (PARTIAL -1:-1)
S: * 5 FETCH (UID 6)
S: j OK FETCH completed
# Of those that changed.
C: k STORE 2:4 +FLAGS.SILENT (\Seen)
S: k OK STORE completed
C: l UID FETCH 1:* (UID) (CHANGEDSINCE 1 PARTIAL 7:7)
S~ \* OK \[HIGHESTMODSEQ .*
S~ \* 7 FETCH \(MODSEQ \([0-9]+\) UID 8\)
S: l OK FETCH completed
C: n UID SEARCH RETURN (PARTIAL 2:4) ALL
S: * ESEARCH (TAG "n") UID PARTIAL (2:4 2,4:5)
S: n OK SEARCH completed
C: n UID SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL
S: * ESEARCH (TAG "n") UID COUNT 7 PARTIAL (-1:-2 7:8)
S: n OK SEARCH completed
C: n UID SEARCH RETURN (PARTIAL 8:9) ALL
S: * ESEARCH (TAG "n") UID PARTIAL (8:9 NIL)
S: n OK SEARCH completed
C: n UID SEARCH RETURN (PARTIAL 1:9 ALL) ALL
S: n BAD either ALL or PARTIAL
C: m UID FETCH 1:* (UID) (PARTIAL 1:-1)
S: m BAD unexpected character
C: m UID FETCH 1:* (UID) (PARTIAL 0:1)
S~ m BAD .*
