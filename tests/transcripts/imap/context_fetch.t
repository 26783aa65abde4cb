# A search that is kept up to date, and fetches what it newly finds: RFC 5465 7.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b SELECT INBOX
S* b OK .*
C: c SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])) SUBJECT one
S: * ESEARCH (TAG "c") COUNT 0
S: c OK SEARCH completed
C: d1 APPEND INBOX {16+}
C: Subject: one
C: 
C: 
S: * 1 EXISTS
S: * 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {16}
S: Subject: one
S: 
S: )
S: * ESEARCH (TAG "c") ADDTO (0 1)
S~ d1 OK .*
C: d2 APPEND INBOX {16+}
C: Subject: two
C: 
C: 
S: * 2 EXISTS
S~ d2 OK .*
C: e LOGOUT
S* e OK .*
