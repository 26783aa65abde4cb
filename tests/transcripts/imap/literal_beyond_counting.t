# What is sent along with a literal of uncountable length would be taken for commands: goodbye.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C: a9 LOGIN {99999999999999999999+}
C: x NOOP
S: * BYE [LIMIT] literal too large to be passed over
S!
