# Many commands in one piece are answered in their order. RFC 2449 6.6.
@mail short.eml
S: +OK Posthorn POP3 ready
C: USER alice@a.test
C: PASS secret
C: STAT
C: UIDL 1
C: DELE 1
C: LIST
C: RSET
C: NOOP
C: QUIT
S: +OK and the password?
S: +OK 1 messages, 71 bytes
S: +OK 1 71
S~ \+OK 1 [0-9]+\.1
S: +OK goes at QUIT
S: +OK 0 messages
S: .
S: +OK 1 messages stay
S: +OK nothing done
S: +OK goodbye, 0 deleted
S!
