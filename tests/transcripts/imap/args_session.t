# LOGIN, SELECT, STATUS, LIST and their like with arguments that cannot be read. RFC 9051 6.2, 6.3, 9.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test
S: a BAD a space expected
C: a0 LOGIN "alice@a.test" "sec
S: a0 BAD argument missing
C: a1 LOGIN alice@a.test secret more
S: a1 BAD too many arguments or unexpected character
C: a2 LOGIN "alice@a.test" "secret"
S~ a2 OK .* logged in
C: b1 NOOP x
C: b2 CAPABILITY x
C: b3 SELECT
C: b4 SELECT INBOX (UNKNOWN)
C: b5 SELECT "a
C: b6 SELECT "a\b"
C: b7 CREATE
C: b8 RENAME x
C: b9 STATUS INBOX
C: b10 STATUS INBOX ()
C: b11 STATUS INBOX (FROGS)
C: b12 LIST ""
C: b13 LSUB ""
C: b14 SUBSCRIBE
C: b15 DELETE
C: b16 UID
C: b17 UID NOOP
S: b1 BAD too many arguments or unexpected character
S: b2 BAD too many arguments or unexpected character
S: b3 BAD a space expected
S: b4 BAD unknown parameter
S: b5 BAD argument missing
S: b6 BAD only " and \ may follow a backslash
S: b7 BAD a space expected
S: b8 BAD a space expected
S: b9 BAD a space expected
S: b10 BAD unexpected character
S: b11 BAD unknown status item
S: b12 BAD a space expected
S: b13 BAD a space expected
S: b14 BAD a space expected
S: b15 BAD a space expected
S: b16 BAD a space expected
S: b17 BAD unknown command
C: c LOGOUT
S: * BYE until next time
S: c OK LOGOUT completed
S!
