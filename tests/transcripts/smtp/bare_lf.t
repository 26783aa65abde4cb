# LF alone ends no line: none that follows would be believed. RFC 5321 2.3.8.
S: 220 mail.a.test ESMTP Posthorn
C- EHLO x\n
S: 500 5.5.2 lines end in CRLF, goodbye
S!
