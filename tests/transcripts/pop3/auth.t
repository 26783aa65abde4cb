# AUTH PLAIN: with its response, without, cancelled, wrong. RFC 5034 4.
S: +OK Posthorn POP3 ready
C: AUTH
S: -ERR only PLAIN is known here
C: AUTH CRAM-MD5
S: -ERR only PLAIN is known here
C: AUTH PLAIN
S: + 
C: *
S: -ERR cancelled
C: AUTH PLAIN =
S: -ERR that is no PLAIN response
C: AUTH PLAIN not-base64!
S: -ERR that is no PLAIN response
# alice@a.test and a wrong password
C: AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==
S: -ERR [AUTH] wrong user name or password
C: AUTH PLAIN
S: + 
C: AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: +OK 0 messages, 0 bytes
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: -ERR you are logged in
C: QUIT
S: +OK goodbye, 0 deleted
S!
