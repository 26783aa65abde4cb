# The header comes before TLS, in clear.
@listener proxied
@tls implicit
@proxy PROXY TCP6 2001:db8::7 ::1 40000 25
S: 220 mail.a.test ESMTP Posthorn
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
S!
