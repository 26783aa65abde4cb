# QUOTA: what a user keeps and may keep; setting it is for administrators. RFC 9208.
@user boss@a.test
@cli user admin boss@a.test yes
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE .*QUOTASET.*\] logged in
C: b1 GETQUOTAROOT INBOX
S: * QUOTAROOT "INBOX" "alice@a.test"
S: * QUOTA "alice@a.test" ()
S: b1 OK GETQUOTAROOT completed
C: b2 GETQUOTA boss@a.test
S: b2 NO [NOPERM] only administrators may do this
C: b3 GETQUOTA nobody@a.test
S: b3 NO [NOPERM] only administrators may do this
C: b4 SETQUOTA alice@a.test ()
S: b4 NO [NOPERM] only administrators may do this
C: b5 SETQUOTA
S: b5 BAD a space expected
C: b6 SETQUOTA "" (STORAGE -1)
S: b6 BAD unexpected character
C: b7 GETQUOTA
S: b7 BAD a space expected
@cli user quota alice@a.test 1500
C: c1 GETQUOTA "alice@a.test"
S: * QUOTA "alice@a.test" (STORAGE 0 2)
S: c1 OK GETQUOTA completed
C: c2 APPEND INBOX (\Deleted) {1030+}
C- Subject: big\r\n\r\n
C* 101 0123456789
C- 12\r\n\r\n
S~ c2 OK \[APPENDUID .*\] APPEND completed
C: c3 APPEND INBOX {500}
S: c3 NO [OVERQUOTA] no room for it
C: c4 APPEND INBOX {19+}
C: Subject: small
C:
C: x
S~ c4 OK \[APPENDUID .*
C: c5 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
S: * STATUS "INBOX" (MESSAGES 2 DELETED 1 DELETED-STORAGE 1030)
S: c5 OK STATUS completed
C: c6 SELECT INBOX
S* c6 OK .*
C: c7 COPY 1 Trash
S: c7 NO [OVERQUOTA] no room for them
@cli user quota alice@a.test 1000
C: c8 SELECT INBOX
S* \* NO \[OVERQUOTA\] more is kept here than may be
S: c8 OK [READ-WRITE] SELECT completed
C: c9 GETQUOTAROOT No/Such
S: * QUOTAROOT "No/Such" "alice@a.test"
S: * QUOTA "alice@a.test" (STORAGE 2 1)
S: c9 OK GETQUOTAROOT completed
C: c10 LOGOUT
S* c10 OK .*
S!
