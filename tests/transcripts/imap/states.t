# Each command where it has no place: before log-in. RFC 9051 3.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a1 SELECT INBOX
C: a2 EXAMINE INBOX
C: a3 CREATE x
C: a4 DELETE x
C: a5 RENAME x y
C: a6 SUBSCRIBE x
C: a7 UNSUBSCRIBE x
C: a8 LIST "" *
C: a9 LSUB "" *
C: a10 NAMESPACE
C: a11 STATUS INBOX (MESSAGES)
C: a12 APPEND INBOX {3+}
C: abc
C: a13 IDLE
C: a14 ENABLE CONDSTORE
S: a1 BAD this command is not for the present state
S: a2 BAD this command is not for the present state
S: a3 BAD this command is not for the present state
S: a4 BAD this command is not for the present state
S: a5 BAD this command is not for the present state
S: a6 BAD this command is not for the present state
S: a7 BAD this command is not for the present state
S: a8 BAD this command is not for the present state
S: a9 BAD this command is not for the present state
S: a10 BAD this command is not for the present state
S: a11 BAD this command is not for the present state
S: a12 BAD this command is not for the present state
S: a13 BAD this command is not for the present state
S: a14 BAD this command is not for the present state
C: b1 FETCH 1 FLAGS
C: b2 UID FETCH 1 FLAGS
C: b3 LOGOUT
S: b1 BAD this command is not for the present state
S: b2 BAD this command is not for the present state
S: * BYE until next time
S: b3 OK LOGOUT completed
S!
