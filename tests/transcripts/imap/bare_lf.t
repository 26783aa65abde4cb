# LF alone ends no line: none that follows would be believed. RFC 9051 2.2.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C- a1 NOOP\n
S: * BYE lines end in CR LF
S!
