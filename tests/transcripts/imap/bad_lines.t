# Lines that are none, tags that are none, and literals beyond all measure. RFC 9051 2.2, 4.3.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C- a2 NO\0OP\r\n
S: a2 BAD unknown command
C- a3 NOOP\rx\r\n
S: a3 BAD too many arguments or unexpected character
C:
C: a4
C: +a5 NOOP
C: a6  NOOP
C:  NOOP
C: (x NOOP
C: \ NOOP
S: * BAD argument missing
S: a4 BAD a space expected
S: * BAD a tag may not hold a plus sign
S: a6 BAD unexpected character
S: * BAD unexpected character
S: * BAD unexpected character
S: * BAD unexpected character
C: a7 LOGIN {4294967296}
S: a7 BAD [TOOBIG] literal too large
C: a8 LOGIN {99999999999999999999}
S: a8 BAD number too large
C: a9 LOGIN {-1}
S: a9 BAD unexpected character
C: a10 LOGIN {}
C: a11 LOGIN {3
C: a12 LOGIN {3}x
S: a10 BAD unexpected character
S: a11 BAD unexpected character
S: a12 BAD a line end must follow a literal's length
C- a13 LOGIN {3+}\r\na\0b secret\r\n
S: a13 BAD a literal may not hold NUL
C* 70000 x
C-  NOOP\r\n
S: * BYE line too long
S!
