# Two letters in one session, the second with a null sender. RFC 5321 3.3, 4.5.2, 4.5.5.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
S: 250 mail.a.test
C: MAIL FROM:<bob@b.test>
S: 250 2.1.0 sender ok
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: bob@b.test
C: Subject: a dot
C: 
C: ..
C: ..quit
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: MAIL FROM:<>
S: 250 2.1.0 sender ok
C: RCPT TO:<ALICE+tag@A.TEST>
S: 250 2.1.5 recipient ok
C: RCPT TO:<postmaster>
S: 250 2.1.5 recipient ok
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: DATA
S: 503 5.5.1 say MAIL first
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
