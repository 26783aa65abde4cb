# TLS from the first byte: STLS is not offered.
@tls implicit
S: +OK Posthorn POP3 ready
C: STLS
S: -ERR STLS is not possible now
C: USER alice@a.test
C: PASS secret
C: QUIT
S: +OK and the password?
S: +OK 0 messages, 0 bytes
S: +OK goodbye, 0 deleted
S!
