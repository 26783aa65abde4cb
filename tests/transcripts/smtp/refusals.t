# Who is refused, and with which words. RFC 5321 3.6, RFC 3463.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
S: 250 mail.a.test
C: RCPT TO:<alice@a.test>
S: 503 5.5.1 say MAIL first
C: MAIL TO:<bob@b.test>
S: 501 5.5.4 MAIL FROM:<address>
C: MAIL FROM:bob@b.test
S: 501 5.1.7 that is no address
C: MAIL FROM:<bob@b.test> FOO=bar
S: 555 5.5.4 a parameter that is not known here
C: MAIL FROM:<bob@b.test> SIZE=99999999999999
S~ 552 5\.3\.4 at most [0-9]+ bytes
C: MAIL FROM:<bob@b.test>
S: 250 2.1.0 sender ok
C: MAIL FROM:<bob@b.test>
S: 503 5.5.1 not within a transaction
C: RCPT TO:<nobody@a.test>
S: 550 5.1.1 no such user here
C: RCPT TO:<bob@b.test>
S: 550 5.7.1 relaying denied
C: RCPT TO:<bob%b.test@a.test>
S: 550 5.1.1 no such user here
C: RCPT TO:<@a.test:bob@b.test>
S: 550 5.7.1 relaying denied
C: RCPT TO:<"bob@b.test"@a.test>
S: 550 5.1.1 no such user here
C: RCPT TO:<alice@a.test> NOTIFY=NEVER,DELAY
S: 501 5.5.4 a parameter has a bad value
C: DATA
S: 554 5.5.1 no valid recipients
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: RSET
S: 250 2.0.0 forgotten
C: DATA
S: 503 5.5.1 say MAIL first
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
