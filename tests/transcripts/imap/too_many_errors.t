# Twenty commands that mean nothing, and one more, end the session.
S~ \* OK \[CAPABILITY IMAP4rev1 .* AUTH=PLAIN\] Posthorn is ready
C* 21 x FROGS\r\n
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: x BAD unknown command
S: * BYE too many errors
S!
