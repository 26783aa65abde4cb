# Too much: a message above the size, and chunks that are together above it; the session goes on. RFC 1870, RFC 3030.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a9 LOGIN {99999999999999999999+}
C: x NOOP
S: * BYE [LIMIT] literal too large to be passed over
S!
