# BDAT in LMTP: one answer a chunk, and for the last one an answer a recipient. RFC 2033 4.3.
S: 220 mail.a.test LMTP Posthorn
C: LHLO relay.a.test
S* 250 SMTPUTF8
@user bob@a.test
C: MAIL FROM:<bob@b.test> BODY=BINARYMIME
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
S: 503 5.5.1 BODY=BINARYMIME comes by BDAT
C- BDAT 8\r\nA: b\r\n\r\n
S: 250 2.0.0 8 bytes received
C- BDAT 5 LAST\r\n\0\n\r.\xff
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
C- BDAT 3 LAST\r\na\nb
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
C- BDAT 3\r\na\nb
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
