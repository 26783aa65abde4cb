# SETQUOTA by an administrator. RFC 9208 4.1.3.
@user boss@a.test
@cli user admin boss@a.test yes
S~ \* OK .*
C: a LOGIN boss@a.test secret
S~ a OK .*
C: b1 GETQUOTA alice@a.test
S: * QUOTA "alice@a.test" ()
S: b1 OK GETQUOTA completed
C: b2 GETQUOTA nobody@a.test
S: b2 NO [NONEXISTENT] no such quota root
C: b3 SETQUOTA nobody@a.test (STORAGE 5)
S: b3 NO [NONEXISTENT] no such quota root
C: b4 SETQUOTA alice@a.test (STORAGE 512 MESSAGE 100)
S: * QUOTA "alice@a.test" (STORAGE 0 512 MESSAGE 0 100)
S: b4 OK SETQUOTA completed
C: b5 SETQUOTA alice@a.test (message 7)
S: * QUOTA "alice@a.test" (MESSAGE 0 7)
S: b5 OK SETQUOTA completed
C: b6 SETQUOTA alice@a.test (MAILBOX 7)
S: b6 NO [CANNOT] only STORAGE and MESSAGE are limited here
C: b7 SETQUOTA alice@a.test (STORAGE 0)
S: b7 NO [CANNOT] a limit is 1 or more; what is not named has none
C: b8 SETQUOTA alice@a.test (STORAGE 9223372036854775807)
S: b8 NO [CANNOT] a limit is 1 or more; what is not named has none
C: b9 GETQUOTA alice@a.test
S: * QUOTA "alice@a.test" (MESSAGE 0 7)
S: b9 OK GETQUOTA completed
C: b10 SETQUOTA alice@a.test ()
S: * QUOTA "alice@a.test" ()
S: b10 OK SETQUOTA completed
C: b11 LOGOUT
S* b11 OK .*
S!
