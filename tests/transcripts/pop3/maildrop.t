# Counting, naming, reading, marking: every command of the TRANSACTION state. RFC 1939 5, 7.
@mail short.eml
@mail dots.eml
S: +OK Posthorn POP3 ready
C: USER alice@a.test
S: +OK and the password?
C: PASS secret
S: +OK 2 messages, 138 bytes
C: STAT
S: +OK 2 138
C: LIST
S: +OK 2 messages
S: 1 71
S: 2 67
S: .
C: LIST 2
S: +OK 2 67
C: LIST 3
S: -ERR no such message
C: LIST 0
S: -ERR that is no message number
C: LIST two
S: -ERR that is no message number
C: UIDL
S: +OK unique ids follow
S~ 1 [0-9]+\.1
S~ 2 [0-9]+\.2
S: .
C: UIDL 1
S~ \+OK 1 [0-9]+\.1
C: UIDL 9
S: -ERR no such message
C: RETR 1
S: +OK 71 bytes
S: From: bob@b.test
S: To: alice@a.test
S: Subject: short
S:
S: one
S: two
S: three
S: .
C: RETR 2
S: +OK 67 bytes
S: From: bob@b.test
S: Subject: dots
S:
S: ..
S: ...
S: ..quit
S: and an end without
S: .
C: TOP 1 0
S: +OK 71 bytes
S: From: bob@b.test
S: To: alice@a.test
S: Subject: short
S:
S: .
C: TOP 1 2
S: +OK 71 bytes
S: From: bob@b.test
S: To: alice@a.test
S: Subject: short
S:
S: one
S: two
S: .
C: TOP 2 1
S: +OK 67 bytes
S: From: bob@b.test
S: Subject: dots
S:
S: ..
S: .
C: TOP 1
S: -ERR TOP wants a message number and a number of lines
C: TOP 1 -1
S: -ERR TOP wants a message number and a number of lines
C: TOP 3 1
S: -ERR no such message
C: RETR
S: -ERR that is no message number
C: RETR 99999999999999999999
S: -ERR that is no message number
C: RETR 3
S: -ERR no such message
C: DELE 1
S: +OK goes at QUIT
C: DELE 1
S: -ERR no such message
C: RETR 1
S: -ERR no such message
C: STAT
S: +OK 1 67
C: LIST
S: +OK 1 messages
S: 2 67
S: .
C: RSET
S: +OK 2 messages stay
C: STAT
S: +OK 2 138
C: DELE 2
S: +OK goes at QUIT
C: QUIT
S: +OK goodbye, 1 deleted
S!
