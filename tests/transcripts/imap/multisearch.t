# ESEARCH: several mailboxes with one command, RFC 7377.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* MULTISEARCH .*\] .*
C: b1 APPEND INBOX {23+}
C: Subject: find me
C: 
C: x
C: 
S~ b1 OK .*
C: b2 CREATE Work/2026
S~ b2 OK .*
C: b3 CREATE Work/2026/Deep
S~ b3 OK .*
C: b4 SELECT INBOX
S* b4 OK .*
C: b5 COPY 1 Work/2026
S~ b5 OK .*
C: b6 COPY 1 Work/2026/Deep
S~ b6 OK .*
C: b7 COPY 1 Archive
S~ b7 OK .*
C: b8 SUBSCRIBE Archive
S~ b8 OK .*
C: c1 ESEARCH SUBJECT find
S~ \* ESEARCH \(TAG "c1" MAILBOX "?INBOX"? UIDVALIDITY [0-9]+\) UID ALL 1
S: c1 OK ESEARCH completed
C: c2 ESEARCH IN (personal) RETURN (COUNT) SUBJECT find
S~ \* ESEARCH \(TAG "c2" MAILBOX "?Archive"? UIDVALIDITY [0-9]+\) UID COUNT 1
S~ \* ESEARCH \(TAG "c2" MAILBOX "?INBOX"? UIDVALIDITY [0-9]+\) UID COUNT 1
S~ \* ESEARCH \(TAG "c2" MAILBOX "?Work/2026"? UIDVALIDITY [0-9]+\) UID COUNT 1
S~ \* ESEARCH \(TAG "c2" MAILBOX "?Work/2026/Deep"? UIDVALIDITY [0-9]+\) UID COUNT 1
S: c2 OK ESEARCH completed
C: c3 ESEARCH IN (subtree-one Work) RETURN (COUNT) ALL
S~ \* ESEARCH \(TAG "c3" MAILBOX "?Work/2026"? UIDVALIDITY [0-9]+\) UID COUNT 1
S: c3 OK ESEARCH completed
C: c4 ESEARCH IN (subtree Work mailboxes (Nowhere Archive) subtree Work) RETURN (MIN) ALL
S~ \* ESEARCH \(TAG "c4" MAILBOX "?Archive"? UIDVALIDITY [0-9]+\) UID MIN 1
S~ \* ESEARCH \(TAG "c4" MAILBOX "?Work/2026"? UIDVALIDITY [0-9]+\) UID MIN 1
S~ \* ESEARCH \(TAG "c4" MAILBOX "?Work/2026/Deep"? UIDVALIDITY [0-9]+\) UID MIN 1
S: c4 OK ESEARCH completed
C: c5 ESEARCH IN (selected inboxes) RETURN (COUNT) ALL
S~ \* ESEARCH \(TAG "c5" MAILBOX "?INBOX"? UIDVALIDITY [0-9]+\) UID COUNT 1
S: c5 OK ESEARCH completed
C: c6 ESEARCH IN (personal) SUBJECT nothing
S: c6 OK ESEARCH completed
# What only the selected mailbox has.
C: d1 ESEARCH IN (personal) 1
S: d1 BAD only in the selected mailbox
C: d2 ESEARCH IN (selected) RETURN (SAVE) ALL
S: d2 OK ESEARCH completed
C: d3 FETCH $ UID
S: * 1 FETCH (UID 1)
S: d3 OK FETCH completed
C: d4 ESEARCH IN (personal) RETURN (SAVE) ALL
S: d4 BAD only in the selected mailbox
C: d5 UNSELECT
S: d5 OK UNSELECT completed
C: d6 ESEARCH ALL
S: d6 BAD no mailbox is selected
C: d7 ESEARCH IN (mailboxes INBOX) RETURN (ALL) ALL
S~ \* ESEARCH \(TAG "d7" MAILBOX "?INBOX"? UIDVALIDITY [0-9]+\) UID ALL 1
S: d7 OK ESEARCH completed
C: d8 ESEARCH IN (nowhere) ALL
S: d8 BAD unknown source
