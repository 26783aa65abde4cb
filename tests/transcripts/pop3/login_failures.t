# Three wrong passwords end the session.
S: +OK Posthorn POP3 ready
C: USER alice@a.test
C: PASS one
S: +OK and the password?
S: -ERR [AUTH] wrong user name or password
C: USER alice@a.test
C: PASS two
S: +OK and the password?
S: -ERR [AUTH] wrong user name or password
C: USER alice@a.test
C: PASS three
S: +OK and the password?
S: -ERR [AUTH] wrong user name or password
S!
