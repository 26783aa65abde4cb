# Parameters of MAIL and RCPT that cannot be. RFC 1870, RFC 3461, RFC 6152, RFC 6531.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
C: MAIL FROM:<bob@b.test> SIZE=1000
C: EHLO mail.b.test
S: 250 mail.a.test
S: 250 2.1.0 sender ok
S* 250 SMTPUTF8
C: MAIL
C: MAIL FROM:
C: MAIL FROM:<bob@b.test
C: MAIL FROM:<bob@b.test>x
C: MAIL FROM:<bob@>
C: MAIL FROM:<bob@b..test>
C: MAIL FROM:<bob@b.test> SIZE=x
C: MAIL FROM:<bob@b.test> BODY=9BIT
C: MAIL FROM:<bob@b.test> RET=SOME
C: MAIL FROM:<bob@b.test> SIZE=1 SIZE=1
C: MAIL FROM:<bob@b.test> ENVID=a=b
C: MAIL FROM:<bob@b.test> SMTPUTF8=yes
S: 501 5.5.4 MAIL FROM:<address>
S: 501 5.1.7 that is no address
S: 501 5.1.7 that is no address
S: 501 5.1.7 that is no address
S: 501 5.1.7 that is no address
S: 501 5.1.7 that is no address
S: 501 5.5.4 a parameter has a bad value
S: 501 5.5.4 a parameter has a bad value
S: 501 5.5.4 a parameter has a bad value
S: 501 5.5.4 a parameter has a bad value
S: 501 5.5.4 a parameter has a bad value
S: 501 5.5.4 a parameter has a bad value
C: MAIL FROM:<bob@b.test> SIZE=100 BODY=8BITMIME RET=FULL ENVID=x+2By
C: RCPT
C: RCPT TO:
C: RCPT TO:<>
C: RCPT TO:<alice>
C: RCPT TO:<alice@a.test> FROG=1
S: 250 2.1.0 sender ok
S: 501 5.5.4 RCPT TO:<address>
S: 501 5.1.3 that is no address
S: 501 5.1.3 that is no address
S: 501 5.1.3 that is no address
S: 555 5.5.4 a parameter that is not known here
C: RCPT TO:<alice@a.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;alice@a.test
C: RSET x
C: QUIT
S: 250 2.1.5 recipient ok
S: 501 5.5.4 RSET takes no argument
S: 221 2.0.0 mail.a.test goodbye
S!
