# Submission: log-in first, then only one's own addresses. The listener is set to allow log-ins in
# clear. RFC 4954, RFC 6409 4.3, 6.1.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO laptop
S: 250-mail.a.test
S: 250-PIPELINING
S~ 250-SIZE [0-9]+
S: 250-8BITMIME
S: 250-ENHANCEDSTATUSCODES
S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250-DSN
S: 250-CHUNKING
S: 250-BINARYMIME
S: 250-DELIVERBY
S~ 250-FUTURERELEASE 2592000 [0-9T:-]{19}Z
S: 250-MT-PRIORITY
S~ 250-LIMITS RCPTMAX=[0-9]+
S: 250 SMTPUTF8
C: MAIL FROM:<alice@a.test>
S: 530 5.7.0 log in first
C: AUTH CRAM-MD5
S: 504 5.5.4 that mechanism is not offered
C: AUTH PLAIN
S: 334 
C: *
S: 501 5.7.0 cancelled
C: AUTH PLAIN not-base64!
S: 501 5.5.2 that is not base64
C: AUTH PLAIN =
S: 501 5.5.2 that is no user and password
C: AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==
S: 535 5.7.8 wrong name or password
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: YWxpY2VAYS50ZXN0
S: 334 UGFzc3dvcmQ6
C: c2VjcmV0
S: 235 2.7.0 welcome
C: AUTH PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S: 503 5.5.1 logged in already
C: MAIL FROM:<nobody@a.test>
S: 550 5.7.1 that sender address is not yours
C: MAIL FROM:<bob@b.test>
S: 550 5.7.1 that sender address is not yours
C: MAIL FROM:<alice@a.test> RET=HDRS ENVID=e+2B1 AUTH=<>
S: 250 2.1.0 sender ok
C: RCPT TO:<alice@a.test> NOTIFY=NEVER ORCPT=rfc822;alice@a.test
S: 250 2.1.5 recipient ok
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: Alice <alice@a.test>
C: Bcc: carol@a.test
C: Subject: to myself
C: 
C: hello
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: MAIL FROM:<alice+tag@a.test>
S: 250 2.1.0 sender ok
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: DATA
S: 354 send it, and end with <CRLF>.<CRLF>
C: From: The Boss <boss@a.test>
C: 
C: .
S: 550 5.7.1 the From address is not yours
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
