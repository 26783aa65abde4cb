# Mail for later. RFC 4865; RFC 2852; RFC 6710.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO laptop
S* 250-FUTURERELEASE 2592000 [0-9T:-]{19}Z
S* 250 SMTPUTF8
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 235 2.7.0 welcome
C: MAIL FROM:<alice@a.test> HOLDFOR=2678400
S: 554 5.5.4 that is too far in the future
C: MAIL FROM:<alice@a.test> HOLDUNTIL=2001-02-03T04:05:06Z
S: 554 5.5.4 that moment has passed
C: MAIL FROM:<alice@a.test> HOLDUNTIL=soon
S: 501 5.5.4 a parameter has a bad value
C: MAIL FROM:<alice@a.test> HOLDFOR=60 HOLDUNTIL=2030-02-03T04:05:06Z
S: 501 5.5.4 a parameter has a bad value
C: MAIL FROM:<alice@a.test> HOLDFOR=3600 BY=60;R
S: 501 5.5.4 it would be late before it may leave
C: MAIL FROM:<alice@a.test> HOLDFOR=3600 MT-PRIORITY=9
C: RCPT TO:<nobody@a.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@b.test>
C: DATA
S: 250 2.1.0 sender ok
S: 550 5.1.1 no such user here
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: alice@a.test
C: 
C: tomorrow
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
