# What may be asked of a message, by whom. RFC 2852, RFC 3030 3, RFC 4865, RFC 6710, RFC 8689.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO mail.b.test
S* 250 SMTPUTF8
C: MAIL FROM:<bob@b.test> REQUIRETLS
S: 530 5.7.10 REQUIRETLS only within TLS
C: MAIL FROM:<bob@b.test> HOLDFOR=60
S: 555 5.5.4 nothing is held for later here
C: MAIL FROM:<bob@b.test> BY=0;R
S: 501 5.5.4 a parameter has a bad value
C: MAIL FROM:<bob@b.test> BODY=BINARYMIME BODY=8BITMIME
S: 501 5.5.4 a parameter has a bad value
C: MAIL FROM:<bob@b.test> MT-PRIORITY=5
S: 250 2.3.6 0 is the priority that this message has here
C: RSET
S: 250 2.0.0 forgotten
C: MAIL FROM:<bob@b.test> BY=120;RT MT-PRIORITY=-2 BODY=BINARYMIME
S: 250 2.1.0 sender ok
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: DATA
S: 503 5.5.1 BODY=BINARYMIME comes by BDAT
C- BDAT 6\r\nA: b\r\n
S: 250 2.0.0 6 bytes received
C- BDAT 5\r\n\r\n\0\n\r
S: 250 2.0.0 5 bytes received
C- BDAT 7 LAST\r\n\r\n.\r\n\xff\xfe
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
# Its header is text all the same.
C: MAIL FROM:<bob@b.test> BODY=BINARYMIME
C: RCPT TO:<alice@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
C- BDAT 12 LAST\r\nA: \0\nb\r\n\r\nxx
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
# Without the parameter it is text throughout.
C: MAIL FROM:<bob@b.test> BODY=8BITMIME
C: RCPT TO:<alice@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
C- BDAT 9 LAST\r\nA: b\r\n\r\n\0
S: 550 5.6.0 message holds a NUL byte
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
