# Too much: a message above the size, and chunks that are together above it; the session goes on. RFC 1870, RFC 3030.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
C: MAIL FROM:<bob@b.test> SIZE=110000
S: 552 5.3.4 at most 102400 bytes
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: big
C:
C* 1500 seventy bytes and two for the line's end, that is what this line holds now\r\n
C: .
S: 552 5.3.4 message too big
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: BDAT 110000 LAST
C* 11000 ten bytes.
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 552 5.3.4 message too big
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: BDAT 60000
C* 6000 8 bytes.\r\n
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.0.0 60000 bytes received
C: BDAT 60000 LAST
C* 6000 8 bytes.\r\n
S: 552 5.3.4 message too big
C: NOOP
S: 250 2.0.0 ok
