# Lines that are none: bare CR, NUL, too long, nothing. RFC 5321 2.3.8, 4.5.3.1.4.
S: 220 mail.a.test ESMTP Posthorn
C- NO\0OP\r\n
S: 500 5.5.2 lines are text and end in CRLF
C- NOOP\rx\r\n
S: 500 5.5.2 lines are text and end in CRLF
C:
C:  NOOP
C: NOOP   
C: HELO
C: HELO two words
C: EHLO mail b
S: 500 5.5.1 command not known
S: 250 2.0.0 ok
S: 250 2.0.0 ok
S: 501 5.5.4 say who you are
S: 250 mail.a.test
S* 250 SMTPUTF8
C* 5000 x
C-  y\r\n
S: 500 5.5.2 line too long
C- MAIL FROM:<
C* 300 a
C- @b.test>\r\n
S: 501 5.1.7 that is no address
C: EHLO [127.0.0.1]
S* 250 SMTPUTF8
C- MAIL FROM:<
C* 300 a
C- @b.test>\r\n
S: 501 5.1.7 that is no address
C: QUIT now
C: QUIT
S: 501 5.5.4 QUIT takes no argument
S: 221 2.0.0 mail.a.test goodbye
S!
