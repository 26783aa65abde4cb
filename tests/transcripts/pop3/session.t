# Before log-in: what is offered, what is refused, and how one gets in. RFC 1939 4, RFC 2449, RFC 5034.
S: +OK Posthorn POP3 ready
C: CAPA
S: +OK this is what I can do
S: TOP
S: UIDL
S: RESP-CODES
S: AUTH-RESP-CODE
S: PIPELINING
S: EXPIRE NEVER
S: LOGIN-DELAY 0
S: IMPLEMENTATION Posthorn
S: STLS
S: USER
S: SASL PLAIN
S: .
C: STAT
S: -ERR log in first
C: RETR 1
S: -ERR log in first
C: FROBNICATE
S: -ERR no such command
C:
S: -ERR what?
C: USER
S: -ERR USER wants your mail address
C: PASS secret
S: -ERR USER comes first
C: user alice@a.test
S: +OK and the password?
C: pass wrong
S: -ERR [AUTH] wrong user name or password
C: PASS secret
S: -ERR USER comes first
C: USER nobody@a.test
S: +OK and the password?
C: PASS secret
S: -ERR [AUTH] wrong user name or password
C: USER alice@a.test
C: PASS secret
S: +OK and the password?
S: +OK 0 messages, 0 bytes
C: CAPA
S: +OK this is what I can do
S: TOP
S: UIDL
S: RESP-CODES
S: AUTH-RESP-CODE
S: PIPELINING
S: EXPIRE NEVER
S: LOGIN-DELAY 0
S: IMPLEMENTATION Posthorn
S: .
C: STAT
S: +OK 0 0
C: LIST
S: +OK 0 messages
S: .
C: USER alice@a.test
S: -ERR you are logged in
C: STLS
S: -ERR you are logged in
C: NOOP
S: +OK nothing done
C: QUIT
S: +OK goodbye, 0 deleted
S!
