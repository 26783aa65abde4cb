# With which addresses alice may send: what reaches her is hers. RFC 6409 6.1.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO laptop
S* 250 SMTPUTF8
@cli alias add sales@a.test shop@a.test
@cli alias add shop@a.test alice@a.test
@user carol@a.test
@cli alias add books@a.test carol@a.test
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 235 2.7.0 welcome
C: MAIL FROM:<sales+spring@a.test>
S: 250 2.1.0 sender ok
C: RSET
S: 250 2.0.0 forgotten
C: MAIL FROM:<books@a.test>
S: 550 5.7.1 that sender address is not yours
C: MAIL FROM:<carol+alice@a.test>
S: 550 5.7.1 that sender address is not yours
C: MAIL FROM:<>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: Sales <Sales@A.test>, alice@a.test
C: 
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: MAIL FROM:<sales@a.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: sales@a.test, books@a.test
C: 
C: .
S: 550 5.7.1 the From address is not yours
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
