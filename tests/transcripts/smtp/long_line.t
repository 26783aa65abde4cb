# A line of a message that is longer than any reader's patience: the message is refused, the session goes on.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 mail.a.test
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C: Subject: long
C:
C* 66000 x
C- \r\n.\r\n
S: 550 5.6.0 message holds a line that is too long
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
