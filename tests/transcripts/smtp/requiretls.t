# REQUIRETLS is offered and taken within TLS. RFC 8689 4.1.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
C: STARTTLS
S: 220 2.0.0 go ahead
@starttls
C: EHLO mail.b.test
S* 250-REQUIRETLS
S* 250 SMTPUTF8
C: MAIL FROM:<bob@b.test> REQUIRETLS
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: TLS-Required: No
C: Subject: the parameter wins
C: 
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
