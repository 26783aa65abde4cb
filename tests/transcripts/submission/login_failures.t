# Three wrong passwords end the session.
S: 220 mail.a.test ESMTP Posthorn
C: EHLO laptop
S* 250 SMTPUTF8
C: AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==
S: 535 5.7.8 wrong name or password
C: AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==
S: 535 5.7.8 wrong name or password
C: AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==
S: 535 5.7.8 wrong name or password
S: 421 4.7.0 mail.a.test too many failed log-ins
S!
