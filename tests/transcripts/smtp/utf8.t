# Addresses beyond ASCII want SMTPUTF8. RFC 6531 3.4.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
S: 250 mail.a.test
C: MAIL FROM:<josé@b.test>
S: 553 5.6.7 that address needs SMTPUTF8
C: MAIL FROM:<josé@b.test> SMTPUTF8 BODY=8BITMIME
S: 250 2.1.0 sender ok
C: RCPT TO:<zoë@a.test>
S: 550 5.1.1 no such user here
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: José <josé@b.test>
C: 
C: grüße
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: MAIL FROM:<bob@b.test>
S: 250 2.1.0 sender ok
C: RCPT TO:<zoë@a.test>
S: 553 5.6.7 that address needs SMTPUTF8
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
