# "$": what a search saved is named by every command that takes messages, RFC 5182.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* SEARCHRES .*\] .*
C: b1 APPEND INBOX (\Seen) {19+}
C: Subject: one
C: 
C: 1
C: 
S~ b1 OK .*
C: b2 APPEND INBOX (\Flagged) {19+}
C: Subject: two
C: 
C: 2
C: 
S~ b2 OK .*
C: b3 APPEND INBOX (\Flagged) {21+}
C: Subject: three
C: 
C: 3
C: 
S~ b3 OK .*
C: b4 APPEND INBOX {20+}
C: Subject: four
C: 
C: 4
C: 
S~ b4 OK .*
C: c SELECT INBOX
S* c OK .*
# Nothing is saved yet.
C: d1 SEARCH RETURN (COUNT) $
S: * ESEARCH (TAG "d1") COUNT 0
S: d1 OK SEARCH completed
C: d2 SEARCH RETURN (SAVE) FLAGGED
S: d2 OK SEARCH completed
C: d3 FETCH $ UID
S: * 2 FETCH (UID 2)
S: * 3 FETCH (UID 3)
S: d3 OK FETCH completed
C: d4 UID SEARCH $ SUBJECT two
S: * SEARCH 2
S: d4 OK SEARCH completed
C: d5 SEARCH UID $ NOT SUBJECT two
S: * SEARCH 3
S: d5 OK SEARCH completed
C: d6 SEARCH NOT $
S: * SEARCH 1 4
S: d6 OK SEARCH completed
# With MIN or MAX alone only those are saved; with ALL or COUNT all are.
C: e1 SEARCH RETURN (SAVE MIN) ALL
S: * ESEARCH (TAG "e1") MIN 1
S: e1 OK SEARCH completed
C: e2 SEARCH $
S: * SEARCH 1
S: e2 OK SEARCH completed
C: e3 UID SEARCH RETURN (SAVE MIN MAX) ALL
S: * ESEARCH (TAG "e3") UID MIN 1 MAX 4
S: e3 OK SEARCH completed
C: e4 SEARCH $
S: * SEARCH 1 4
S: e4 OK SEARCH completed
C: e5 SEARCH RETURN (SAVE MIN COUNT) UNSEEN
S: * ESEARCH (TAG "e5") MIN 2 COUNT 3
S: e5 OK SEARCH completed
C: e6 SEARCH $
S: * SEARCH 2 3 4
S: e6 OK SEARCH completed
C: e7 SEARCH RETURN (SAVE PARTIAL -1:-2) ALL
S: * ESEARCH (TAG "e7") PARTIAL (-1:-2 3:4)
S: e7 OK SEARCH completed
C: e8 SEARCH $
S: * SEARCH 3 4
S: e8 OK SEARCH completed
# BAD leaves it, NO empties it.
C: f1 SEARCH RETURN (SAVE) NOSUCH
S~ f1 BAD .*
C: f2 SEARCH $
S: * SEARCH 3 4
S: f2 OK SEARCH completed
C: f3 SEARCH RETURN (SAVE) CHARSET X-NONE ALL
S~ f3 NO \[BADCHARSET .*
C: f4 SEARCH $
S: * SEARCH
S: f4 OK SEARCH completed
# What is expunged leaves it.
C: g1 SEARCH RETURN (SAVE) FLAGGED
S: g1 OK SEARCH completed
C: g2 STORE $ +FLAGS (\Deleted)
S: * 2 FETCH (FLAGS (\Flagged \Deleted))
S: * 3 FETCH (FLAGS (\Flagged \Deleted))
S: g2 OK STORE completed
C: g3 COPY $ Archive
S~ g3 OK \[COPYUID [0-9]+ 2:3 1:2\] COPY completed
C: g4 UID STORE 2 -FLAGS.SILENT (\Deleted)
S: g4 OK STORE completed
C: g5 UID EXPUNGE $
S: * 3 EXPUNGE
S: g5 OK EXPUNGE completed
C: g6 UID SEARCH $
S: * SEARCH 2
S: g6 OK SEARCH completed
C: g7 MOVE $ Trash
S~ \* OK \[COPYUID [0-9]+ 2 1\] .*
S: * 2 EXPUNGE
S: g7 OK MOVE completed
C: g8 SEARCH $
S: * SEARCH
S: g8 OK SEARCH completed
# Another mailbox knows nothing of it.
C: h1 SEARCH RETURN (SAVE) ALL
S: h1 OK SEARCH completed
C: h2 SELECT INBOX
S* h2 OK .*
C: h3 SEARCH $
S: * SEARCH
S: h3 OK SEARCH completed
C: h4 SEARCH $,1
S~ h4 BAD .*
