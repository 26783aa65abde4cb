# APPEND, ENABLE, ID, EXPUNGE and LOGOUT with arguments that cannot be read.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a LOGIN alice@a.test secret
S~ a OK .* logged in
C: f1 APPEND INBOX
C: f2 APPEND INBOX "1-Feb-2026 00:00:00 +0000"
C: f3 APPEND INBOX ("seen") {3+}
C: abc
C: f4 APPEND INBOX (\Seen) "31-Foo-2026 00:00:00 +0000" {3+}
C: abc
C: f5 APPEND INBOX (\Seen) {3+}
C: a:bcd
C: f6 ENABLE
C: f7 ID
C: f8 ID ("odd")
C: f9 ID (bare "x")
C: f11 LOGOUT x
S: f1 BAD a space expected
S: f2 BAD a space expected
S: f3 BAD unexpected character
S: f4 BAD a date looks like 1-Feb-2026
S: f5 BAD a space expected
S: f6 BAD a space expected
S: f7 BAD a space expected
S: f8 BAD a space expected
S: f9 BAD a string expected
S: f11 BAD too many arguments or unexpected character
C: g SELECT INBOX
S* g OK \[READ-WRITE\] SELECT completed
C: g1 EXPUNGE 1
C: g2 UID EXPUNGE
C: g3 CLOSE x
C: g4 IDLE x
C: g5 NAMESPACE x
S: g1 BAD too many arguments or unexpected character
S: g2 BAD a space expected
S: g3 BAD too many arguments or unexpected character
S: g4 BAD too many arguments or unexpected character
S: g5 BAD too many arguments or unexpected character
C: h LOGOUT
S: * BYE until next time
S: h OK LOGOUT completed
S!
