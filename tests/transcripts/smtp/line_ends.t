# Only CRLF.CRLF ends a message. A message with bare LF or CR is refused whole, at its true end, and nothing
# in it is taken for a command. RFC 5321 2.3.8, 4.1.1.4.
S: 220 mail.a.test ESMTP Posthorn
C: HELO mail.b.test
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 mail.a.test
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\nhello\n.\nMAIL FROM:<evil@b.test>\r\n.\r\n
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\nhello\r\n.\nMAIL FROM:<evil@b.test>\r\n.\r\n
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\nhello\n.\r\nMAIL FROM:<evil@b.test>\r\n.\r\n
S: 550 5.6.0 message holds an LF without CR; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\nhello\r.\rMAIL FROM:<evil@b.test>\r\n.\r\n
S: 550 5.6.0 message holds a CR without LF; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\nhello\r\n.\rMAIL FROM:<evil@b.test>\r\n.\r\n
S: 550 5.6.0 message holds a CR without LF; lines end in CRLF (RFC 5321 2.3.8)
C: MAIL FROM:<bob@b.test>
C: RCPT TO:<alice@a.test>
C: DATA
S: 250 2.1.0 sender ok
S: 250 2.1.5 recipient ok
S: 354 send it, and end with <CRLF>.<CRLF>
C- Subject: x\r\n\r\na\0b\r\n.\r\n
S: 550 5.6.0 message holds a NUL byte
C: NOOP
S: 250 2.0.0 ok
