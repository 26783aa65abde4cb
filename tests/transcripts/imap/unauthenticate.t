# One connection, two users after each other. RFC 8437.
@user bob@a.test
S~ \* OK .*
C: a UNAUTHENTICATE
S: a BAD this command is not for the present state
C: b LOGIN alice@a.test secret
S~ b OK \[CAPABILITY .* UNAUTHENTICATE.*
C: c ENABLE CONDSTORE
S: * ENABLED CONDSTORE
S: c OK ENABLE completed
C: d SELECT INBOX
S* d OK .*
C: e CREATE Mine
S~ e OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: f UNAUTHENTICATE now
S: f BAD too many arguments or unexpected character
# The next log-in may be sent along.
C: g UNAUTHENTICATE
C: h LOGIN bob@a.test secret
S: g OK UNAUTHENTICATE completed
S~ h OK \[CAPABILITY .*\] logged in
C: i FETCH 1 UID
S: i BAD this command is not for the present state
C: j LIST "" Mine
S: j OK LIST completed
# What was turned on is off again.
C: k ENABLE CONDSTORE
S: * ENABLED CONDSTORE
S: k OK ENABLE completed
C: l UNAUTHENTICATE
S: l OK UNAUTHENTICATE completed
C: m SELECT INBOX
S: m BAD this command is not for the present state
C: n CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*LITERAL- .* AUTH=PLAIN
S: n OK CAPABILITY completed
C: o LOGOUT
S~ \* BYE .*
S: o OK LOGOUT completed
S!
