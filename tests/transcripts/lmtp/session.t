# LMTP: LHLO instead of EHLO, and an answer for each recipient. RFC 2033 4.1, 4.2.
S: 220 mail.a.test LMTP Posthorn
C: EHLO relay.a.test
S: 500 5.5.1 command not known
C: HELO relay.a.test
S: 500 5.5.1 command not known
C: MAIL FROM:<bob@b.test>
S: 503 5.5.1 say LHLO first
C: BDAT 3
C- abc
S: 503 5.5.1 say LHLO first
C: LHLO
S: 501 5.5.4 say who you are
C: LHLO relay.a.test
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
@user bob@a.test
C: MAIL FROM:<bob@b.test> MT-PRIORITY=3
C: RCPT TO:<nobody@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 550 5.1.1 no such user here
S: 503 5.5.1 no valid recipients
C: RCPT TO:<x@far.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
C: RCPT TO:<alice+again@a.test>
C: DATA
S: 550 5.7.1 relaying denied
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: one letter, three answers
C: 
C: hello
C: .
C: NOOP
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S: 250 2.0.0 ok
C: MAIL FROM:<>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\n\r\n.\r\n
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: HELP
S: 214-2.0.0 LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP
S: 214 2.0.0 see RFC 2033
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
