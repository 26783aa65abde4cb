# A message whose declared size has no room in the mailbox is refused before it comes. RFC 1870 6.1.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
@user narrow@a.test
@cli user quota narrow@a.test 1000
@cli alias add both@a.test alice@a.test
@cli alias add both@a.test narrow@a.test
C: MAIL FROM:<bob@b.test> SIZE=1001
C: RCPT TO:<narrow@a.test>
C: RCPT TO:<both@a.test>
C: RSET
C: MAIL FROM:<bob@b.test> SIZE=1000
C: RCPT TO:<narrow+x@a.test>
C: RSET
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<narrow@a.test>
C: QUIT
S: 250 2.1.0 sender ok
S: 452 4.2.2 that mailbox is full
S: 250 2.1.5 recipient ok
S: 250 2.0.0 forgotten
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.0.0 forgotten
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 221 2.0.0 mail.a.test goodbye
S!
