# Each command that wants a selected mailbox, without one; and what is over once one has logged in.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test secret
S~ a OK .* logged in
C: b1 CLOSE
C: b2 UNSELECT
C: b3 EXPUNGE
C: b4 SEARCH ALL
C: b5 FETCH 1 FLAGS
C: b6 STORE 1 FLAGS (\Seen)
C: b7 COPY 1 Trash
C: b8 MOVE 1 Trash
C: b9 UID FETCH 1 FLAGS
C: b10 UID SEARCH ALL
C: b11 UID STORE 1 FLAGS (\Seen)
C: b12 UID COPY 1 Trash
C: b13 UID MOVE 1 Trash
C: b14 UID EXPUNGE 1
C: b15 CHECK
C: b16 STARTTLS
C: b17 AUTHENTICATE PLAIN
C: b18 LOGIN alice@a.test secret
S: b1 BAD this command is not for the present state
S: b2 BAD this command is not for the present state
S: b3 BAD this command is not for the present state
S: b4 BAD this command is not for the present state
S: b5 BAD this command is not for the present state
S: b6 BAD this command is not for the present state
S: b7 BAD this command is not for the present state
S: b8 BAD this command is not for the present state
S: b9 BAD this command is not for the present state
S: b10 BAD this command is not for the present state
S: b11 BAD this command is not for the present state
S: b12 BAD this command is not for the present state
S: b13 BAD this command is not for the present state
S: b14 BAD this command is not for the present state
S: b15 BAD this command is not for the present state
S: b16 BAD this command is not for the present state
S: b17 BAD this command is not for the present state
S: b18 BAD this command is not for the present state
C: c LOGOUT
S: * BYE until next time
S: c OK LOGOUT completed
S!
