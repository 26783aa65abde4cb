# A chunk that is too big: swallowed, and answered for each when it is the last.
S: 220 mail.a.test LMTP Posthorn
C: LHLO relay.a.test
S* 250 SMTPUTF8
@user bob@a.test
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
C: BDAT 102401 LAST
C* 102401 x
S: 552 5.3.4 message too big
S: 552 5.3.4 message too big
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: RCPT TO:<bob@a.test>
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 250 2.1.5 recipient ok
C: BDAT 102401
C* 102401 x
S: 552 5.3.4 message too big
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
