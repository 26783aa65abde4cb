# STARTTLS takes no argument, and RCPT may not come before MAIL. RFC 3207 4.
S: 220 mail.a.test ESMTP Posthorn
C: STARTTLS
S: 503 5.5.1 say EHLO first
C: HELO laptop
S: 250 mail.a.test
C: STARTTLS now
S: 501 5.5.4 STARTTLS takes no argument
C: QUIT
S: 221 2.0.0 mail.a.test goodbye
