# ACL: who else may use a mailbox, and the same mailbox from his side. RFC 4314, RFC 8440.
@user bob@a.test
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* LIST-MYRIGHTS .* ACL RIGHTS=texk .*\] logged in
C: b1 CREATE Team/2026
S~ b1 OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: b2 GETACL Team
S: * ACL "Team" alice@a.test lrswipkxteacd
S: b2 OK GETACL completed
C: b3 SETACL Team bob@a.test lrsd
S: b3 OK SETACL completed
C: b4 SETACL Team bob@a.test +i
S: b4 OK SETACL completed
C: b5 SETACL Team bob@a.test -e
S: b5 OK SETACL completed
C: b6 SETACL Team anyone l
S: b6 OK SETACL completed
C: b7 SETACL Team "-bob@a.test" p
S: b7 OK SETACL completed
C: b8 GETACL Team
S: * ACL "Team" alice@a.test lrswipkxteacd anyone l bob@a.test lrsitd -bob@a.test p
S: b8 OK GETACL completed
C: b9 DELETEACL Team -bob@a.test
S: b9 OK DELETEACL completed
C: b10 LISTRIGHTS Team bob@a.test
S: * LISTRIGHTS "Team" bob@a.test "" l r s w i p k x t e a c d
S: b10 OK LISTRIGHTS completed
C: b11 LISTRIGHTS Team alice@a.test
S: * LISTRIGHTS "Team" alice@a.test lrswipkxteacd
S: b11 OK LISTRIGHTS completed
C: b12 MYRIGHTS Team
S: * MYRIGHTS "Team" lrswipkxteacd
S: b12 OK MYRIGHTS completed
C: b13 SETACL Team bob@a.test lQ
S: b13 BAD an unknown right; there are lrswipkxteacd
C: b14 SETACL Team bob@a.test
S: b14 BAD a space expected
C: b15 SETACL Team who@a.test l
S: b15 NO [NONEXISTENT] no such user
C: b16 SETACL Team alice@a.test lr
S: b16 NO [CANNOT] the owner has all rights
C: b17 GETACL Nowhere
S: b17 NO [NONEXISTENT] no such mailbox
C: b18 LIST "" Team* RETURN (MYRIGHTS)
S: * LIST (\HasChildren) "/" "Team"
S: * MYRIGHTS "Team" lrswipkxteacd
S: * LIST (\HasNoChildren) "/" "Team/2026"
S: * MYRIGHTS "Team/2026" lrswipkxteacd
S: b18 OK LIST completed
C: b19 CREATE Team/2026/May
S~ b19 OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: b20 SETACL Team/2026 bob@a.test lr
S: b20 OK SETACL completed
C: b21 CREATE Shared/bob@a.test/Mine
S: b21 NO [NOPERM] no mailbox may be made there
C: b22 CREATE Shared
S: b22 NO [NOPERM] no mailbox may be made there
C: b23 SELECT Shared/bob@a.test/INBOX
S: b23 NO [NONEXISTENT] no such mailbox
C: c UNAUTHENTICATE
S: c OK UNAUTHENTICATE completed
C: d1 LOGIN bob@a.test secret
S~ d1 OK .*
C: d2 NAMESPACE
S: * NAMESPACE (("" "/")) (("Shared/" "/")) NIL
S: d2 OK NAMESPACE completed
C: d3 LIST "" Shared/* RETURN (MYRIGHTS)
S: * LIST (\NonExistent \Noselect \HasChildren) "/" "Shared/alice@a.test"
S: * LIST (\HasChildren) "/" "Shared/alice@a.test/Team"
S: * MYRIGHTS "Shared/alice@a.test/Team" lrsitd
S: * LIST (\HasNoChildren) "/" "Shared/alice@a.test/Team/2026"
S: * MYRIGHTS "Shared/alice@a.test/Team/2026" lr
S: d3 OK LIST completed
C: d4 SELECT Shared/alice@a.test/Team
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
S: * OK [PERMANENTFLAGS (\Deleted \Seen)] kept
S* d4 OK \[READ-WRITE\] SELECT completed
C: d5 EXPUNGE
S: d5 NO [NOPERM] its owner has not granted this
C: d6 SELECT Shared/alice@a.test/Team/2026
S* d6 OK \[READ-ONLY\] SELECT completed
C: d7 SELECT Shared/alice@a.test/Team/2026/May
S: * OK [CLOSED] the previous mailbox is closed
S: d7 NO [NONEXISTENT] no such mailbox
C: d8 SUBSCRIBE Shared/alice@a.test/Team
S: d8 OK SUBSCRIBE completed
C: d9 LSUB "" Shared/*
S: * LSUB () "/" "Shared/alice@a.test/Team"
S: d9 OK LSUB completed
C: d10 LOGOUT
S* d10 OK .*
S!
