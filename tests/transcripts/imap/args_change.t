# STORE, SEARCH, COPY and MOVE with arguments that cannot be read. RFC 9051 6.4, 9.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test secret
S~ a OK .* logged in
C: c SELECT INBOX
S* c OK \[READ-WRITE\] SELECT completed
C: e1 STORE 1
C: e2 STORE 1 FLAGS
C: e3 STORE 1 FLAGS (\Recent)
C: e4 STORE 1 FLAGS (\Unknown)
C: e5 STORE 1 FROGS (\Seen)
C: e6 STORE 1 +FLAGS ((\Seen))
C: e7 SEARCH
C: e8 SEARCH FROGS
C: e9 SEARCH SINCE yesterday
C: e10 SEARCH SINCE 31-Feb-2026
C: e11 SEARCH (ALL
C: e12 SEARCH OR ALL
C: e13 SEARCH CHARSET FROGS SUBJECT x
C: e14 SEARCH NOT
C: e15 COPY 1
C: e16 COPY x Trash
C: e17 MOVE 1:* 
S: e1 BAD a space expected
S: e2 BAD a space expected
S: e3 BAD no such system flag can be set
S: e4 BAD no such system flag can be set
S: e5 BAD FLAGS expected
S: e6 BAD unexpected character
S: e7 BAD a space expected
S: e8 BAD unknown search key
S: e9 BAD unexpected character
S: e10 BAD no such day
S: e11 BAD a closing parenthesis expected
S: e12 BAD a space expected
S~ e13 NO \[BADCHARSET \(UTF-8 US-ASCII ISO-8859-1 .*\)\] charset not known
S: e14 BAD a space expected
S: e15 BAD a space expected
S: e16 BAD unexpected character
S: e17 BAD argument missing
C: f LOGOUT
S: * BYE until next time
S: f OK LOGOUT completed
S!
