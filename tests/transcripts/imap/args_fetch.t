# FETCH with arguments that cannot be read. RFC 9051 6.4.5, 9.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test secret
S~ a OK .* logged in
C: c SELECT INBOX
S* c OK \[READ-WRITE\] SELECT completed
C: d1 FETCH
C: d2 FETCH 1
C: d3 FETCH 0 FLAGS
C: d4 FETCH 1: FLAGS
C: d5 FETCH 4294967296 FLAGS
C: d6 FETCH 1 (FLAGS
C: d7 FETCH 1 FROGS
C: d8 FETCH 1 BODY[
C: d9 FETCH 1 BODY[HEADER.FIELDS]
C: d10 FETCH 1 BODY[HEADER.FIELDS ()]
C: d11 FETCH 1 BODY[TEXT]<1>
C: d12 FETCH 1 BODY[]<1.0>
C: d13 FETCH 1 BODY[MIME]
C: d14 FETCH 1 BODY[0]
C: d15 FETCH 1 ()
C: d16 FETCH 1 (FLAGS  UID)
C: d17 FETCH 1 BINARY[TEXT]
C: d18 FETCH 1 FLAGS (CHANGEDSINCE x)
S: d1 BAD a space expected
S: d2 BAD a space expected
S: d3 BAD numbers start at 1
S: d4 BAD unexpected character
S: d5 BAD number too large
S: d6 BAD a closing parenthesis expected
S: d7 BAD unknown data item
S: d8 BAD argument missing
S: d9 BAD a space expected
S: d10 BAD unexpected character
S: d11 BAD unexpected character
S: d12 BAD a partial fetch asks for at least 1 byte
S: d13 BAD MIME needs a part number
S: d14 BAD numbers start at 1
S: d15 BAD unexpected character
S: d16 BAD unexpected character
S: d17 BAD BINARY takes a part number
S: d18 BAD unexpected character
C: e LOGOUT
S: * BYE until next time
S: e OK LOGOUT completed
S!
