# Commands before EHLO, and EHLO within a transaction, which forgets it. RFC 5321 4.1.4.
S: 220 mail.a.test ESMTP Posthorn
C: RCPT TO:<alice@a.test>
C: DATA
C: STARTTLS
C: RSET
C: VRFY
C: EXPN
C: HELP me
C: EHLO one.b.test
S: 503 5.5.1 say EHLO first
S: 503 5.5.1 say EHLO first
S: 503 5.5.1 say EHLO first
S: 250 2.0.0 forgotten
S: 501 5.5.4 VRFY whom?
S: 502 5.5.1 lists are not shown
S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP
S: 214 2.0.0 see RFC 5321
S* 250 SMTPUTF8
C: DATA x
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA x
C: EHLO two.b.test
S: 503 5.5.1 say MAIL first
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 501 5.5.4 DATA takes no argument
S* 250 SMTPUTF8
C: RCPT TO:<alice@a.test>
C: QUIT
S: 503 5.5.1 say MAIL first
S: 221 2.0.0 mail.a.test goodbye
S!
