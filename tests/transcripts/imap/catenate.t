# A message made of parts of others and of text that comes. RFC 4469, RFC 5092.
S~ \* OK \[CAPABILITY .*CATENATE .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: a1 CREATE "a;b &- c"
S~ a1 OK .*CREATE completed
C- b APPEND INBOX {172+}\r\nFrom: a@a.test\r\nTo: b@b.test\r\nSubject: base\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n--b\r\nContent-Type: text/x\r\n\r\nsecond part\r\n--b--\r\n\r\n
S~ b OK \[APPENDUID [0-9]+ 1\] .*
C: c SELECT Drafts
S* c OK .*
# Each kind of part; some wait for the server and some do not.
C- d APPEND Drafts (\\Draft) CATENATE (TEXT {12}\r\n
S: + send it
C- X-New: yes\r\n URL "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(From%20To)" URL {28+}\r\n/inbox/;UID=1/;section=2.%32 TEXT {11+}\r\n\r\n-- \r\nme\r\n)\r\n
S: d NO [BADURL "/inbox/;UID=1/;section=2.%32"] no such message or part
C- e APPEND Drafts (\\Draft) CATENATE (TEXT {12}\r\n
S: + send it
C- X-New: yes\r\n URL "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(From%20To)" URL {26+}\r\n/inbox/;UID=1/;section=%32 TEXT {11+}\r\n\r\n-- \r\nme\r\n)\r\n
S: * 1 EXISTS
S~ e OK \[APPENDUID [0-9]+ 1\] APPEND completed
C: f FETCH 1 (FLAGS BODY.PEEK[])
S: * 1 FETCH (FLAGS (\Draft) BODY[] {66}
S: X-New: yes
S: From: a@a.test
S: To: b@b.test
S: 
S: second part
S: -- 
S: me
S: )
S: f OK FETCH completed
# The whole message, a piece of it, and of the selected mailbox; in several messages and in REPLACE.
C- g APPEND Drafts CATENATE (URL "/INBOX/;UID=1") {3+}\r\na:b CATENATE (URL "/INBOX/;UID=1/;PARTIAL=0.109" TEXT {1+}\r\n!)\r\n
S: * 4 EXISTS
S~ g OK \[APPENDUID [0-9]+ 2:4\] APPEND completed
C: h FETCH 2:4 RFC822.SIZE
S: * 2 FETCH (RFC822.SIZE 172)
S: * 3 FETCH (RFC822.SIZE 3)
S: * 4 FETCH (RFC822.SIZE 110)
S: h OK FETCH completed
C- i UID REPLACE 3 "a;b &- c" CATENATE (URL ";UID=1/;SECTION=HEADER" TEXT {2+}\r\n\r\n)\r\n
S~ \* OK \[APPENDUID [0-9]+ 1\] it takes the other's place
S: * 3 EXPUNGE
S: i OK REPLACE completed
C: j APPEND Drafts CATENATE (URL "/a%3Bb%20%26%20c/;UID=1")
S: * 4 EXISTS
S~ j OK \[APPENDUID [0-9]+ 5\] .*
# What is not there, or not ours: RFC 4469 4.1.
C: k APPEND Drafts CATENATE (URL "/INBOX/;UID=9")
S: k NO [BADURL "/INBOX/;UID=9"] no such message or part
C: l APPEND Drafts CATENATE (URL "/INBOX;UIDVALIDITY=1/;UID=1")
S: l NO [BADURL "/INBOX;UIDVALIDITY=1/;UID=1"] no such message or part
C: m APPEND Drafts CATENATE (URL "imap://other.test/INBOX/;UID=1" TEXT {3+}
C: abc)
S: m NO [BADURL "imap://other.test/INBOX/;UID=1"] no such message or part
C: n APPEND Drafts CATENATE (URL "/None/;UID=1")
S: n NO [BADURL "/None/;UID=1"] no such message or part
C: o APPEND Drafts CATENATE (URL "a]b\\c" TEXT {1}
S: o NO [BADURL "a?b?c"] no such message or part
C: p APPEND Drafts CATENATE (URL "/INBOX/;UID=1/;SECTION=MIME")
S: p NO [BADURL "/INBOX/;UID=1/;SECTION=MIME"] no such message or part
C: q APPEND Drafts CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20({1+})")
S: q NO [BADURL "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20({1+})"] no such message or part
C: r APPEND Drafts CATENATE ()
S: r BAD TEXT or URL expected
C: s APPEND Drafts CATENATE (TEXT {0+}
C: )
S: s NO [CANNOT] a message is not empty
C: t APPEND Drafts CATENATE (TEXT {999999999}
S: t NO [TOOBIG] message too large
C: u APPEND Nowhere CATENATE (TEXT {3+}
C: abc URL "/INBOX/;UID=1")
S: u NO [TRYCREATE] no such mailbox
C: v NOOP
S: v OK NOOP completed
