# STARTTLS at the door for strangers: EHLO is said again, and STARTTLS is offered no more. RFC 3207 4.2.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S: 250-mail.a.test
S: 250-PIPELINING
S: 250-SIZE 102400
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-STARTTLS
S: 250-DSN
S: 250-CHUNKING
S: 250-BINARYMIME
S: 250-DELIVERBY
S: 250-MT-PRIORITY
S: 250-LIMITS RCPTMAX=100
S: 250 SMTPUTF8
C: MAIL FROM:<bob@b.test>
S: 250 2.1.0 sender ok
C: STARTTLS
S: 220 2.0.0 go ahead
@starttls
C: MAIL FROM:<bob@b.test>
S: 503 5.5.1 say EHLO first
C: EHLO mail.b.test
S: 250-mail.a.test
S: 250-PIPELINING
S: 250-SIZE 102400
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-DSN
S: 250-CHUNKING
S: 250-BINARYMIME
S: 250-REQUIRETLS
S: 250-DELIVERBY
S: 250-MT-PRIORITY
S: 250-LIMITS RCPTMAX=100
S: 250 SMTPUTF8
C: STARTTLS
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 503 5.5.1 TLS is on
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: over TLS
C:
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
