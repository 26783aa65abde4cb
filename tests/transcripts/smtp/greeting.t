# The greeting, EHLO and what it offers, HELO, and the small commands. RFC 5321 4.1.1.
S: 220 mail.a.test ESMTP Posthorn
C: NOOP
S: 250 2.0.0 ok
C: EHLO
S: 501 5.5.4 say who you are
C: MAIL FROM:<bob@b.test>
S: 503 5.5.1 say EHLO first
C: EHLO mail.b.test
S: 250-mail.a.test
S: 250-PIPELINING
S~ 250-SIZE [0-9]+
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-STARTTLS
S: 250-DSN
S: 250-CHUNKING
S: 250-BINARYMIME
S: 250-DELIVERBY
S: 250-MT-PRIORITY
S~ 250-LIMITS RCPTMAX=[0-9]+
S: 250 SMTPUTF8
C: helo mail.b.test
S: 250 mail.a.test
C: VRFY alice
S: 252 2.1.5 RCPT will tell
C: EXPN team
S: 502 5.5.1 lists are not shown
C: HELP
S: 214-2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP
S: 214 2.0.0 see RFC 5321
C: NOOP with an argument
S: 250 2.0.0 ok
C: RSET
S: 250 2.0.0 forgotten
C: FROBNICATE
S: 500 5.5.1 command not known
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 502 5.5.1 no log-ins on this port
C: quit
S: 221 2.0.0 mail.a.test goodbye
