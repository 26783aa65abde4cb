# Several messages in one APPEND: all of them or none. RFC 3502.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* MULTIAPPEND .*
C: b SELECT Drafts
S* b OK .*
C- c APPEND Drafts (\\Seen) {19+}\r\nSubject: one\r\n\r\n1\r\n (\\Flagged work) " 7-Feb-2026 21:52:25 -0800" {20+}\r\nSubject: two\r\n\r\n22\r\n\r\n
S* \* 2 EXISTS
S* c OK \[APPENDUID [0-9]+ 1:2\] APPEND completed
C: d FETCH 1:2 (UID FLAGS RFC822.SIZE)
S: * 1 FETCH (UID 1 FLAGS (\Seen) RFC822.SIZE 19)
S: * 2 FETCH (UID 2 FLAGS (\Flagged work) RFC822.SIZE 20)
S: d OK FETCH completed
C: e FETCH 2 INTERNALDATE
S: * 2 FETCH (INTERNALDATE " 7-Feb-2026 21:52:25 -0800")
S: e OK FETCH completed
# The client waits for each.
C: f APPEND Drafts {19}
S: + send it
C- Subject: one\r\n\r\n1\r\n {20}\r\n
S: + send it
C- Subject: two\r\n\r\n22\r\n\r\n
S: * 4 EXISTS
S~ f OK \[APPENDUID [0-9]+ 3:4\] APPEND completed
# One that cannot be taken, and none is; what follows it is passed over.
C- g APPEND Drafts {19+}\r\nSubject: one\r\n\r\n1\r\n {3+}\r\na\0b {3+}\r\nabc\r\n
S: g NO [CANNOT] a message holds no NUL
C- h APPEND Drafts {19+}\r\nSubject: one\r\n\r\n1\r\n {0+}\r\n\r\n
S: h NO [CANNOT] a message is not empty
C- i APPEND Drafts {19+}\r\nSubject: one\r\n\r\n1\r\n (\\Recent) {3+}\r\nabc {1+}\r\nx\r\n
S: i BAD no such system flag can be set
C- j APPEND Drafts {19}\r\n
S: + send it
C- Subject: one\r\n\r\n1\r\n {999999999999}\r\n
S: j NO [TOOBIG] message too large
C- k APPEND Drafts {19+}\r\nSubject: one\r\n\r\n1\r\n \r\n
S: k BAD unexpected character
C: l NOOP
S: l OK NOOP completed
C: m APPEND Nowhere {3+}
C: abc {4+}
C: abcd
S: m NO [TRYCREATE] no such mailbox
C: n APPEND Nowhere {3}
S: n NO [TRYCREATE] no such mailbox
C: o STATUS Drafts (MESSAGES)
S: * STATUS "Drafts" (MESSAGES 4)
S: o OK STATUS completed
