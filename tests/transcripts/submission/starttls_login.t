# No password in clear where people submit for real; after STARTTLS it may come. RFC 4954 4.
@listener submission-starttls
S: 220 mail.a.test ESMTP Posthorn
C: EHLO laptop
S: 250-mail.a.test
S: 250-PIPELINING
S: 250-SIZE 102400
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-STARTTLS
S: 250-DSN
S: 250-CHUNKING
S: 250-LIMITS RCPTMAX=100
S: 250 SMTPUTF8
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
C: AUTH LOGIN
C: MAIL FROM:<alice@a.test>
S: 538 5.7.11 not without TLS: say STARTTLS first
S: 538 5.7.11 not without TLS: say STARTTLS first
S: 530 5.7.0 log in first
C: STARTTLS
S: 220 2.0.0 go ahead
@starttls
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 503 5.5.1 say EHLO first
C: EHLO laptop
S: 250-mail.a.test
S: 250-PIPELINING
S: 250-SIZE 102400
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-AUTH PLAIN LOGIN
S: 250-DSN
S: 250-CHUNKING
S: 250-LIMITS RCPTMAX=100
S: 250 SMTPUTF8
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 235 2.7.0 welcome
C: MAIL FROM:<alice@a.test>
S: 250 2.1.0 sender ok
C: RCPT TO:<nobody@a.test>
C: RCPT TO:<bob@>
C: QUIT
S: 550 5.1.1 no such user here
S: 501 5.1.3 that is no address
S: 221 2.0.0 mail.a.test goodbye
S!
