# A search that is kept up to date, RFC 5267 4.3.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* CONTEXT=SEARCH.*\] .*
C: b1 APPEND INBOX {19+}
C: Subject: one
C: 
C: x
C: 
S~ b1 OK .*
C: b2 APPEND INBOX {19+}
C: Subject: two
C: 
C: x
C: 
S~ b2 OK .*
C: c SELECT INBOX
S* c OK .*
C: d1 SEARCH RETURN (UPDATE CONTEXT COUNT) UNSEEN
S: * ESEARCH (TAG "d1") COUNT 2
S: d1 OK SEARCH completed
C: d2 UID SEARCH RETURN (UPDATE ALL) SUBJECT two
S: * ESEARCH (TAG "d2") UID ALL 2
S: d2 OK SEARCH completed
C: e1 STORE 1 +FLAGS (\Seen)
S: * 1 FETCH (FLAGS (\Seen))
S: * ESEARCH (TAG "d1") REMOVEFROM (0 1)
S: e1 OK STORE completed
C: e2 STORE 1 -FLAGS (\Seen)
S: * 1 FETCH (FLAGS ())
S: * ESEARCH (TAG "d1") ADDTO (0 1)
S: e2 OK STORE completed
C: e3 STORE 2 +FLAGS (\Deleted)
S: * 2 FETCH (FLAGS (\Deleted))
S: e3 OK STORE completed
C: e4 EXPUNGE
S: * ESEARCH (TAG "d2") UID REMOVEFROM (0 2)
S: * ESEARCH (TAG "d1") REMOVEFROM (0 2)
S: * 2 EXPUNGE
S: e4 OK EXPUNGE completed
C: f1 APPEND INBOX {16+}
C: Subject: two
C: 
C: 
S: * 2 EXISTS
S* \* ESEARCH \(TAG "d2"\) UID ADDTO \(0 3\)
S: * ESEARCH (TAG "d1") ADDTO (0 2)
S~ f1 OK .*
C: g1 SEARCH RETURN (UPDATE) 1
S: * ESEARCH (TAG "g1")
S: g1 OK SEARCH completed
C: d1 SEARCH RETURN (UPDATE) ALL
S~ d1 BAD .*
C: g2 CANCELUPDATE "d1" "nosuch"
S~ g2 NO .*
C: g3 CANCELUPDATE "d1" "g1"
S: g3 OK CANCELUPDATE completed
C: g4 STORE 1 +FLAGS.SILENT (\Seen)
S: g4 OK STORE completed
# The order of a SORT is not kept.
C: h1 SORT RETURN (UPDATE COUNT) (DATE) UTF-8 ALL
S: * ESEARCH (TAG "h1") COUNT 2
S: * NO [NOUPDATE "h1"] this search is not kept up to date
S: h1 OK SORT completed
# RFC 9586 3: once numbers are given up, a search that told numbers goes on with UIDs.
C: i1 SEARCH RETURN (UPDATE COUNT) SEEN
S: * ESEARCH (TAG "i1") COUNT 1
S: i1 OK SEARCH completed
C: i2 ENABLE UIDONLY
S: * ENABLED UIDONLY
S: i2 OK ENABLE completed
C: i3 UID STORE 2:3 +FLAGS.SILENT (\Seen)
S~ \* ESEARCH \(TAG "i1"\) UID ADDTO \(0 3\)
S: i3 OK STORE completed
C: h2 CLOSE
S: h2 OK CLOSE completed
