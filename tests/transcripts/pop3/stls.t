# No password in clear where people log in for real; STLS, and what was said before is forgotten.
@listener pop3-starttls
S: +OK Posthorn POP3 ready
C: CAPA
S: +OK this is what I can do
S* STLS
S: .
C: USER alice@a.test
S: -ERR [AUTH] no password in clear: STLS first
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: -ERR [AUTH] no password in clear: STLS first
C: STLS now
S: -ERR STLS is not possible now
C: STLS
S: +OK begin TLS
@starttls
C: CAPA
S: +OK this is what I can do
S* IMPLEMENTATION Posthorn
S: USER
S: SASL PLAIN
S: .
C: STLS
S: -ERR STLS is not possible now
C: PASS secret
S: -ERR USER comes first
C: USER alice@a.test
S: +OK and the password?
C: PASS secret
S: +OK 0 messages, 0 bytes
C: QUIT
S: +OK goodbye, 0 deleted
S!
