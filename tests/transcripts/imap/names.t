# Names beyond ASCII, names that only look like UTF-7, names that are none, names too long. RFC 9051 5.1.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test secret
S~ a OK .* logged in
C- b1 CREATE caf\xc3\xa9\r\n
S: b1 BAD too many arguments or unexpected character
C- b2 CREATE "caf\xc3\xa9"\r\n
S~ b2 OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C- b3 CREATE "caf\xe9"\r\n
S: b3 BAD quoted string is not UTF-8
C: b4 LIST "" "caf*"
S: * LIST (\HasNoChildren) "/" "caf&AOk-"
S: b4 OK LIST completed
C: b5 CREATE "&"
C: b6 CREATE "&AGE-"
C: b8 CREATE ""
C: b9 CREATE "/"
C- b10 CREATE "a\x01b"\r\n
C: b11 DELETE ""
C: b12 SELECT "&&&"
S: b5 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: b6 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
S: b8 BAD mailbox name is empty
S: b9 NO [CANNOT] mailbox name has an empty level
S: b10 BAD unexpected character
S: b11 BAD mailbox name is empty
S: b12 BAD mailbox name is neither modified UTF-7 nor UTF-8, or holds controls
C* 30 abcdefghij/
C- \r\n
S: * BAD [TOOBIG] tag too long
C- b14 CREATE 
C* 200 abcdefghij/
C- x\r\n
S: b14 BAD [TOOBIG] mailbox name too long
C- b15 CREATE 
C* 2000 a
C- \r\n
S: b15 BAD [TOOBIG] mailbox name too long
C: b16 LIST "" abc%
S: b16 OK LIST completed
C: c LOGOUT
S: * BYE until next time
S: c OK LOGOUT completed
S!
