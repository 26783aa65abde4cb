# A proxy's header, then the session as usual; STARTTLS behind it.
@listener proxied
@proxy PROXY TCP4 192.0.2.7 127.0.0.1 40000 25
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
C: PROXY TCP4 192.0.2.8 127.0.0.1 40000 25
S: 500 5.5.1 command not known
C: STARTTLS
S: 220 2.0.0 go ahead
@starttls
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
