# BDAT: chunks, refused chunks that are swallowed, and one whose size cannot be read. RFC 3030.
S: 220 mail.a.test ESMTP Posthorn
C: BDAT 6
C: QUIT
S: 503 5.5.1 say EHLO first
C: HELO mail.b.test
S: 250 mail.a.test
C: MAIL FROM:<bob@b.test>
S: 250 2.1.0 sender ok
C: BDAT 6 LAST
C: RSET
S: 554 5.5.1 no valid recipients
C: RCPT TO:<alice@a.test>
S: 250 2.1.5 recipient ok
C: BDAT 15
C: Subject: bdat
S: 250 2.0.0 15 bytes received
C: RCPT TO:<alice@a.test>
S: 503 5.5.1 BDAT goes on; or RSET
C: DATA
S: 503 5.5.1 BDAT goes on; or RSET
C: NOOP
S: 250 2.0.0 ok
C: BDAT 5
C: 
C: .
S: 250 2.0.0 5 bytes received
C: BDAT 0 LAST
S~ 250 2\.0\.0 ok, id [0-9a-z]{13}
C: BDAT 6
C: QUIT
S: 503 5.5.1 say MAIL first
C: BDAT 18446744073709551617
S: 501 5.5.4 BDAT size [LAST]
