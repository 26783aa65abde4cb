# The session itself: what is offered, log-in, states, errors.
S~ \* OK \[CAPABILITY IMAP4rev1 .*LITERAL- .* AUTH=PLAIN\] .*
C: a1 NOOP
S: a1 OK NOOP completed
C: a2 capability
S~ \* CAPABILITY IMAP4rev1 .*
S: a2 OK CAPABILITY completed
C: a3 SELECT INBOX
S: a3 BAD this command is not for the present state
C: a4 LOGIN alice@a.test wrong
S: a4 NO [AUTHENTICATIONFAILED] wrong name or password
C: a5 LOGIN nobody@a.test secret
S: a5 NO [AUTHENTICATIONFAILED] wrong name or password
C: a6 LOGIN {5000}
S: a6 BAD [TOOBIG] literal too large
C: a7 AUTHENTICATE CRAM-MD5
S: a7 NO [CANNOT] this mechanism is not offered
C: a8 AUTHENTICATE PLAIN
S: + 
C: *
S: a8 BAD cancelled
C: a9 FOO
S: a9 BAD unknown command
C: a10 ID ("name" "t" "version" NIL)
S~ \* ID \("name" "Posthorn" "version" ".*"\)
S: a10 OK ID completed
C: a11 FOO {3+}
C: abc{2+}
C: xy
S: a11 BAD unknown command
C: 
S: * BAD argument missing
# alice@a.test NUL secret
C: a12 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ a12 OK \[CAPABILITY IMAP4rev1 .*LITERAL\+ .*\] logged in
C: a13 LOGIN alice@a.test secret
S: a13 BAD this command is not for the present state
C: a14 NAMESPACE
S: * NAMESPACE (("" "/")) (("Shared/" "/")) NIL
S: a14 OK NAMESPACE completed
C: a15 ENABLE CONDSTORE X-NONE
S: * ENABLED CONDSTORE
S: a15 OK ENABLE completed
C: a16 FETCH 1 UID
S: a16 BAD this command is not for the present state
C: a17 LOGOUT
S~ \* BYE .*
S: a17 OK LOGOUT completed
