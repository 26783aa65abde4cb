# SEARCH: every key, in the letters that APPEND made.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND INBOX (\Seen \Answered) "01-Feb-2026 12:00:00 +0000" {236+}
C: Date: Sun, 1 Feb 2026 12:00:00 +0000
C: From: Smith <smith@c.test>
C: To: alice@a.test
C: Subject: =?ISO-8859-1?Q?caf=E9?= menu
C: Content-Type: text/plain; charset=iso-8859-1
C: Content-Transfer-Encoding: quoted-printable
C: 
C: Cr=E8me br=FBl=E9e
C: 
S~ b OK .*
C: c APPEND INBOX (\Flagged $Work) "10-Feb-2026 23:30:00 -0500" {130+}
C: Date: Tue, 10 Feb 2026 23:30:00 -0500
C: From: Bob <bob@b.test>
C: To: alice@a.test
C: Cc: carol@c.test
C: Subject: Hello
C: 
C: plain words
C: 
S~ c OK .*
C: d APPEND INBOX (\Deleted \Draft) "03-Mar-2026 00:00:00 +0000" {37+}
C: From: x@b.test
C: X-Empty:
C: 
C: no date
C: 
S~ d OK .*
C: e SELECT INBOX
S~ \* FLAGS .*
S~ \* OK \[PERMANENTFLAGS .*
S: * 3 EXISTS
S: * 0 RECENT
S: * OK [UNSEEN 2] first unseen message
S~ \* OK \[UIDVALIDITY .*
S~ \* OK \[UIDNEXT 4.*
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ .*
S~ e OK .*
C: s1 SEARCH ALL
S: * SEARCH 1 2 3
S: s1 OK SEARCH completed
C: s2 SEARCH 1:2
S: * SEARCH 1 2
S: s2 OK SEARCH completed
C: s3 SEARCH 2,*
S: * SEARCH 2 3
S: s3 OK SEARCH completed
C: s4 SEARCH UID 3:9
S: * SEARCH 3
S: s4 OK SEARCH completed
C: s5 SEARCH SEEN
S: * SEARCH 1
S: s5 OK SEARCH completed
C: s6 SEARCH UNSEEN
S: * SEARCH 2 3
S: s6 OK SEARCH completed
C: s7 SEARCH ANSWERED
S: * SEARCH 1
S: s7 OK SEARCH completed
C: s8 SEARCH UNANSWERED
S: * SEARCH 2 3
S: s8 OK SEARCH completed
C: s9 SEARCH FLAGGED
S: * SEARCH 2
S: s9 OK SEARCH completed
C: s10 SEARCH UNFLAGGED
S: * SEARCH 1 3
S: s10 OK SEARCH completed
C: s11 SEARCH DELETED
S: * SEARCH 3
S: s11 OK SEARCH completed
C: s12 SEARCH UNDELETED
S: * SEARCH 1 2
S: s12 OK SEARCH completed
C: s13 SEARCH DRAFT
S: * SEARCH 3
S: s13 OK SEARCH completed
C: s14 SEARCH UNDRAFT
S: * SEARCH 1 2
S: s14 OK SEARCH completed
C: s15 SEARCH KEYWORD $work
S: * SEARCH 2
S: s15 OK SEARCH completed
C: s16 SEARCH UNKEYWORD $Work
S: * SEARCH 1 3
S: s16 OK SEARCH completed
C: s17 SEARCH RECENT
S: * SEARCH
S: s17 OK SEARCH completed
C: s18 SEARCH NEW
S: * SEARCH
S: s18 OK SEARCH completed
C: s19 SEARCH OLD
S: * SEARCH 1 2 3
S: s19 OK SEARCH completed
C: s20 SEARCH BEFORE 10-Feb-2026
S: * SEARCH 1
S: s20 OK SEARCH completed
C: s21 SEARCH ON 10-Feb-2026
S: * SEARCH 2
S: s21 OK SEARCH completed
C: s22 SEARCH SINCE 10-Feb-2026
S: * SEARCH 2 3
S: s22 OK SEARCH completed
C: s23 SEARCH SENTON 10-Feb-2026
S: * SEARCH 2
S: s23 OK SEARCH completed
C: s24 SEARCH SENTBEFORE 10-Feb-2026
S: * SEARCH 1
S: s24 OK SEARCH completed
C: s25 SEARCH SENTSINCE 1-Feb-2026
S: * SEARCH 1 2
S: s25 OK SEARCH completed
C: s26 SEARCH LARGER 100
S: * SEARCH 1 2
S: s26 OK SEARCH completed
C: s27 SEARCH SMALLER 100
S: * SEARCH 3
S: s27 OK SEARCH completed
C: s28 SEARCH FROM SMITH
S: * SEARCH 1
S: s28 OK SEARCH completed
C: s29 SEARCH FROM "b.test"
S: * SEARCH 2 3
S: s29 OK SEARCH completed
C: s30 SEARCH CC carol
S: * SEARCH 2
S: s30 OK SEARCH completed
C: s31 SEARCH BCC x
S: * SEARCH
S: s31 OK SEARCH completed
C: s32 SEARCH TO alice
S: * SEARCH 1 2
S: s32 OK SEARCH completed
C: s33 SEARCH SUBJECT hello
S: * SEARCH 2
S: s33 OK SEARCH completed
C: s34 SEARCH SUBJECT "CAF"
S: * SEARCH 1
S: s34 OK SEARCH completed
C: s35 SEARCH HEADER X-Empty ""
S: * SEARCH 3
S: s35 OK SEARCH completed
C: s36 SEARCH HEADER Subject ""
S: * SEARCH 1 2
S: s36 OK SEARCH completed
C: s37 SEARCH HEADER "cc" carol
S: * SEARCH 2
S: s37 OK SEARCH completed
C: s38 SEARCH BODY words
S: * SEARCH 2
S: s38 OK SEARCH completed
C: s39 SEARCH BODY hello
S: * SEARCH
S: s39 OK SEARCH completed
C: s40 SEARCH TEXT HELLO
S: * SEARCH 2
S: s40 OK SEARCH completed
C: s41 SEARCH TEXT nothing
S: * SEARCH
S: s41 OK SEARCH completed
C: s42 SEARCH NOT FROM smith
S: * SEARCH 2 3
S: s42 OK SEARCH completed
C: s43 SEARCH OR FROM smith FROM bob
S: * SEARCH 1 2
S: s43 OK SEARCH completed
C: s44 SEARCH OR (SEEN ANSWERED) (DRAFT NOT FLAGGED)
S: * SEARCH 1 3
S: s44 OK SEARCH completed
C: s45 SEARCH UNSEEN SUBJECT hello LARGER 1
S: * SEARCH 2
S: s45 OK SEARCH completed
C: s46 SEARCH OLDER 1
S: * SEARCH 1 2 3
S: s46 OK SEARCH completed
C: s47 SEARCH YOUNGER 60
S: * SEARCH
S: s47 OK SEARCH completed
C: s48 SEARCH NOT (NOT (ALL))
S: * SEARCH 1 2 3
S: s48 OK SEARCH completed
C: t1 SEARCH CHARSET UTF-8 SUBJECT {5+}
C: CAFÉ
S: * SEARCH 1
S: t1 OK SEARCH completed
C: t2 SEARCH CHARSET UTF-8 BODY {9+}
C: CRÈME BR
S: * SEARCH 1
S: t2 OK SEARCH completed
C: t3 SEARCH CHARSET X-NONE ALL
S~ t3 NO \[BADCHARSET \(UTF-8 .*
C: t4 UID SEARCH RETURN (MIN MAX COUNT ALL) 1:3 UNDELETED
S: * ESEARCH (TAG "t4") UID MIN 1 MAX 2 COUNT 2 ALL 1:2
S: t4 OK SEARCH completed
C: t5 SEARCH RETURN (MIN COUNT) RECENT
S: * ESEARCH (TAG "t5") COUNT 0
S: t5 OK SEARCH completed
C: t6 SEARCH RETURN () FLAGGED
S: * ESEARCH (TAG "t6") ALL 2
S: t6 OK SEARCH completed
C: t7 SEARCH 4
S: t7 BAD no message has this number
C: t8 SEARCH MODSEQ 1 SEEN
S~ \* OK \[HIGHESTMODSEQ [0-9]+\] .*
S~ \* SEARCH 1 \(MODSEQ [0-9]+\)
S: t8 OK SEARCH completed
C: t9 UID SEARCH UID 2:1
S: * SEARCH 1 2
S: t9 OK SEARCH completed
