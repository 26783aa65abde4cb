# Whom mail reaches: each recipient is judged alone. RFC 5321 2.4, 3.9, 4.5.1.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
@cli alias add team@a.test alice@a.test
@cli alias add team@a.test far@b.test
@cli alias add gone@a.test far@b.test
@cli domain add all.test
@cli alias add @all.test alice@a.test
@cli alias add ring@a.test gnir@a.test
@cli alias add gnir@a.test ring@a.test
C: MAIL FROM:<>
C: RCPT TO:<Postmaster>
C: RCPT TO:<postMASTER@a.test>
C: RCPT TO:<postmaster@mail.a.test>
C: RCPT TO:<postmaster@all.test>
C: RCPT TO:<ALICE@A.TEST>
C: RCPT TO:<alice+shop@a.test>
C: RCPT TO:<alice+@a.test>
C: RCPT TO:<+alice@a.test>
C: RCPT TO:<team@a.test>
C: RCPT TO:<team+2026@a.test>
C: RCPT TO:<gone@a.test>
C: RCPT TO:<whoever@all.test>
C: RCPT TO:<ring@a.test>
C: RCPT TO:<nobody@a.test>
C: RCPT TO:<nobody+alice@a.test>
C: RCPT TO:<alice@far.test>
C: RCPT TO:<postmaster@far.test>
C: RCPT TO:<alice>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 550 5.1.1 no such user here
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 550 5.4.6 that alias goes in circles, or too far
S: 550 5.1.1 no such user here
S: 550 5.1.1 no such user here
S: 550 5.7.1 relaying denied
S: 550 5.7.1 relaying denied
S: 501 5.1.3 that is no address
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: one copy for alice
C: 
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
