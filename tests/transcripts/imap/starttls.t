# STARTTLS: no password before it, what was offered before is asked again, and it comes once. RFC 9051 6.2.1.
@listener imap-starttls
S~ \* OK \[CAPABILITY IMAP4rev1 .* STARTTLS LOGINDISABLED\] Posthorn is ready
C: a1 LOGIN alice@a.test secret
C: a2 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: a1 NO [PRIVACYREQUIRED] use TLS first
S: a2 NO [PRIVACYREQUIRED] use TLS first
C: a3 STARTTLS now
S: a3 BAD too many arguments or unexpected character
C: a4 STARTTLS
S: a4 OK begin TLS now
@starttls
C: a5 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .* AUTH=PLAIN
S: a5 OK CAPABILITY completed
C: a6 STARTTLS
S: a6 BAD TLS is already there
C: a7 AUTHENTICATE PLAIN
S: + 
C: AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ a7 OK .* logged in
C: a8 LOGOUT
S: * BYE until next time
S: a8 OK LOGOUT completed
S!
