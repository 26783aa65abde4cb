# Twenty refused commands end the session.
S: 220 mail.a.test ESMTP Posthorn
C* 20 FROGS\r\n
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 500 5.5.1 command not known
S: 421 4.7.0 mail.a.test too many errors
S!
