# A whole transaction in one go, one recipient of two refused. RFC 2920.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<nobody@a.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 mail.a.test
S: 250 2.1.0 sender ok
S: 550 5.1.1 no such user here
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: one go
C: 
C: hello
C: .
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<nobody@a.test>
C: DATA
C: QUIT
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S: 250 2.1.0 sender ok
S: 550 5.1.1 no such user here
S: 554 5.5.1 no valid recipients
S: 221 2.0.0 mail.a.test goodbye
