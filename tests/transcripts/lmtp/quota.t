# A mailbox without room for this message is refused when its size is known, and it alone; a full one
# is refused at RCPT. RFC 2033 4.2.
S: 220 mail.a.test LMTP Posthorn
C: LHLO relay.a.test
S* 250 SMTPUTF8
@user tight@a.test
@cli user quota tight@a.test 1000
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<tight@a.test>
C: RCPT TO:<alice+shop@a.test> NOTIFY=SUCCESS
C: RCPT TO:<tight+shop@a.test> NOTIFY=SUCCESS
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: a long one
C: 
C* 20 ..................................................................\r\n
C: .
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S: 452 4.2.2 that mailbox is full
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S: 452 4.2.2 that mailbox is full
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<tight@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: a long one, for nobody
C: 
C* 20 ..................................................................\r\n
C: .
S: 452 4.2.2 that mailbox is full
@cli user quota tight@a.test 1
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<tight@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: a: b
C: .
S: 452 4.2.2 that mailbox is full
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
